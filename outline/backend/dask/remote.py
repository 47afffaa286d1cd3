# SPDX-License-Identifier: Apache-2.0
"""What runs in a dask worker: frames, by the processes that run frames on the machine of a launcher.

A dask worker keeps a runner for the session whose frames it gets, see ``outline.backend.local.runner``. The runner has
loaded the session once, starts each frame in a process group of its own, and ends what it has started when the dask
worker ends, however that happens.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from typing import Any

from distributed import Worker, get_worker

from ...frame_end import LOST_WORKER, EndedBy
from ...names import frame_name, second_log
from ...process import host_name
from ...session_paths import SessionPaths
from ..local.leftovers import end_leftovers
from ..local.runner import Runner, spawn_runner
from ..local.watch import Request
from ..local.wire import KILL, RUN, Lines, send

__all__ = ["forget", "probe", "run_frames"]

_LOOK_SECONDS = 0.2


class _Session:
    """The runner of a session, and the connections to those of its workers that have nothing to do."""

    def __init__(self, outline_path: str, folder: str, host: str) -> None:
        """Load a session.

        Raises:
            OSError: It cannot be loaded here.
        """
        self.outline_path = outline_path
        self.host = host
        self.idle: list[tuple[socket.socket, Lines]] = []
        self.frames = 0
        self.__folder = folder
        self.__runner = self.__load()

    def begin(self, request: Request) -> tuple[socket.socket, Lines]:
        """Hand a frame to a process; those that somebody has killed meanwhile are replaced.

        Raises:
            OSError: The session cannot be loaded any more.
        """
        while self.idle:
            sock, lines = self.idle.pop()
            try:
                send(sock, [RUN, [request]])
                return sock, lines
            except OSError:
                sock.close()
        try:
            return self.__begin_in_new_process(request)
        except OSError:
            self.__runner.close()
            self.__runner = self.__load()
            return self.__begin_in_new_process(request)

    def __begin_in_new_process(self, request: Request) -> tuple[socket.socket, Lines]:
        sock = self.__runner.new_worker()
        lines = Lines(sock)
        if lines.read() is None:  # else its process id
            sock.close()
            raise ConnectionError("the process that runs frames has ended")
        send(sock, [RUN, [request]])
        return sock, lines

    def __load(self) -> Runner:
        if not os.path.exists(self.outline_path):
            raise OSError(f"{self.outline_path} is not there; sessions must lie in a folder that all hosts see")
        if not os.path.isdir(self.__folder):
            raise OSError(f"the folder {self.__folder}, in which the job was launched, is not there")
        runner = spawn_runner()
        problem = runner.load(self.outline_path, self.__folder, self.host)
        if problem:
            runner.close()
            raise OSError(problem)
        return runner

    def close(self) -> None:
        for sock, _ in self.idle:
            sock.close()
        self.__runner.close()


_sessions: dict[str, _Session] = {}
_lock = threading.Lock()


def probe(outline_path: str, folder: str, dask_worker: Worker) -> str:
    """Load a session in this dask worker; gives an empty text, or why its frames cannot run here."""
    try:
        with _lock:
            _session_of(outline_path, folder, dask_worker)
    except OSError as error:
        return str(error)
    return ""


def run_frames(
    outline_path: str, folder: str, job: str, key: str, requests: list[list[Any]], grace_seconds: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """Run frames, one after the other; a dask task calls it.

    Args:
        outline_path: The session's outline.yaml.
        folder: Where frames run.
        job: The job's name.
        key: The task's own key. When the task is cancelled, or its client is gone, the frame that runs is ended, and no
            other one begins.
        requests: What ``outline.backend.local.watch.Request`` holds.
        grace_seconds: How long a frame has to end after SIGTERM.

    Returns:
        The ``FrameEnd`` of each frame that ran, as data. When no frame of this session can run here, also the address
        of the worker and why.
    """
    worker = get_worker()
    ends: list[tuple[float, dict[str, Any]]] = []
    broken: list[str] = []
    try:
        with _lock:
            session = _session_of(outline_path, folder, worker)
            session.frames += 1
        try:
            for request in map(Request._make, requests):
                if ends and not _is_wanted(worker, key):
                    break
                end = _run_frame(session, worker, job, key, request, grace_seconds)
                ends.append((time.monotonic(), end))
        finally:
            with _lock:
                session.frames -= 1
    except OSError as error:
        broken = [worker.address, str(error)]
    now = time.monotonic()
    return [{**end, "told_after": round(now - ended, 4)} for ended, end in ends], broken


def _run_frame(
    session: _Session, worker: Worker, job: str, key: str, request: Request, grace_seconds: float
) -> dict[str, Any]:
    """Run one frame, and give its ``FrameEnd`` as data.

    Raises:
        OSError: The session cannot be loaded any more.
    """
    with _lock:
        sock, lines = session.begin(request)
    try:
        report = _wait(worker, sock, lines, key, grace_seconds)
    except OSError:
        report = None
    if report is not None and report.get("ended_by") != EndedBy.FULL_DISK.value:  # such a worker takes no more frames
        with _lock:
            session.idle.append((sock, lines))
        return report
    sock.close()
    if report is not None:
        return report
    name = frame_name(request.frame, request.layer)
    paths = SessionPaths.holding(session.outline_path)  # the frame may have outlived the process that watched it
    log = paths.log(job, name)
    variables = {"CUE_LOG_PATH": paths.logs, "CUE_FRAME": name}
    end_leftovers(second_log(log) if request.is_second else log, variables)
    return LOST_WORKER._replace(host=session.host).to_dict()


def forget(outline_path: str) -> None:
    """End the runner of a session whose job is over."""
    with _lock:
        session = _sessions.pop(outline_path, None)
    if session is not None:
        session.close()


def _session_of(outline_path: str, folder: str, worker: Worker) -> _Session:
    """The session, loaded when it is not yet; one of another job, of which nothing runs here, is given up.

    Raises:
        OSError: It cannot be loaded here.
    """
    found = _sessions.get(outline_path)
    if found is not None:
        return found
    for other in [other for other in _sessions.values() if not other.frames]:
        _sessions.pop(other.outline_path).close()
    _sessions[outline_path] = _Session(outline_path, folder, f"{host_name()} {worker.address}")
    return _sessions[outline_path]


def _wait(worker: Worker, sock: socket.socket, lines: Lines, key: str, grace_seconds: float) -> dict[str, Any] | None:
    """How the frame ended; None when the process that ran it has died. The frame is ended when nobody wants it."""
    is_told = False
    while not select.select([sock], [], [], _LOOK_SECONDS)[0]:
        if not is_told and not _is_wanted(worker, key):
            send(sock, [KILL, "TERM", grace_seconds])
            is_told = True
    message = lines.read()
    return None if message is None else dict(message[1][0])


def _is_wanted(worker: Worker, key: str) -> bool:
    """Tell whether the launcher still wants a task, and is still there."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state == "executing"
