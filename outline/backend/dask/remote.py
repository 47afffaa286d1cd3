# SPDX-License-Identifier: Apache-2.0
"""What runs in a dask worker: one frame, by the processes that run frames on the machine of a launcher.

A dask worker keeps a runner for the session whose frames it gets, see ``outline.backend.local.runner``. The runner has
loaded the session once, starts each frame in a process group of its own, and ends what it has started when the dask
worker ends, however that happens.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from typing import Any

from distributed import get_worker

from ...frame_end import EndedBy, FrameEnd
from ..local.runner import Runner, spawn_runner
from ..local.wire import KILL, RUN, Lines, send

__all__ = ["BROKEN", "forget", "probe", "run_frame"]

BROKEN = "broken"
"""The key of an answer that says why a dask worker cannot run frames of this session."""

_LOOK_SECONDS = 0.2


class _Session:
    """The runner of a session, and the connections to those of its workers that have nothing to do."""

    def __init__(self, outline_path: str, runner: Runner) -> None:
        self.outline_path = outline_path
        self.runner = runner
        self.idle: list[tuple[socket.socket, Lines]] = []
        self.frames = 0

    def close(self) -> None:
        for sock, _ in self.idle:
            sock.close()
        self.runner.close()


_sessions: dict[str, _Session] = {}
_lock = threading.Lock()


def probe(outline_path: str, folder: str) -> str:
    """Load a session in this dask worker; gives an empty text, or why its frames cannot run here."""
    try:
        with _lock:
            _session_of(outline_path, folder)
    except OSError as error:
        return str(error)
    return ""


def run_frame(outline_path: str, folder: str, key: str, request: list[Any], grace_seconds: float) -> dict[str, Any]:
    """Run one frame and give its ``FrameEnd`` as data; a dask task calls it.

    Args:
        outline_path: The session's outline.yaml.
        folder: Where frames run.
        key: The task's own key. When the task is cancelled, or its client is gone, the frame is ended.
        request: What ``outline.backend.local.watch.Request`` holds.
        grace_seconds: How long a frame has to end after SIGTERM.

    Returns:
        The end, or ``{"broken": [worker, why]}`` when no frame of this session can run here.
    """
    try:
        with _lock:
            session = _session_of(outline_path, folder)
            sock, lines = session.idle.pop() if session.idle else _connect(session.runner)
            session.frames += 1
    except OSError as error:
        return {BROKEN: [get_worker().address, str(error)]}
    try:
        send(sock, [RUN, *request])
        report = _wait(sock, lines, key, grace_seconds)
    except OSError:
        report = None
    with _lock:
        session.frames -= 1
        if report is not None:
            session.idle.append((sock, lines))
    if report is None:
        sock.close()
        return FrameEnd(137, 9, EndedBy.LOST_HOST, reason="the process that ran it was killed").to_dict()
    return report


def forget(outline_path: str) -> None:
    """End the runner of a session whose job is over."""
    with _lock:
        session = _sessions.pop(outline_path, None)
    if session is not None:
        session.close()


def _session_of(outline_path: str, folder: str) -> _Session:
    """The session, loaded when it is not yet; one of another job, of which nothing runs here, is given up.

    Raises:
        OSError: It cannot be loaded here.
    """
    found = _sessions.get(outline_path)
    if found is not None:
        return found
    for other in [other for other in _sessions.values() if not other.frames]:
        _sessions.pop(other.outline_path).close()
    if not os.path.exists(outline_path):
        raise OSError(f"{outline_path} is not there; sessions must lie in a folder that all hosts see")
    if not os.path.isdir(folder):
        raise OSError(f"the folder {folder}, in which the job was launched, is not there")
    runner = spawn_runner()
    problem = runner.load(outline_path, folder)
    if problem:
        runner.close()
        raise OSError(problem)
    _sessions[outline_path] = _Session(outline_path, runner)
    return _sessions[outline_path]


def _connect(runner: Runner) -> tuple[socket.socket, Lines]:
    sock = runner.new_worker()
    lines = Lines(sock)
    lines.read()  # its process id
    return sock, lines


def _wait(sock: socket.socket, lines: Lines, key: str, grace_seconds: float) -> dict[str, Any] | None:
    """How the frame ended; None when the process that ran it has died. The frame is ended when nobody wants it."""
    worker = get_worker()
    is_told = False
    while not select.select([sock], [], [], _LOOK_SECONDS)[0]:
        task = worker.state.tasks.get(key)
        if not is_told and (task is None or task.state != "executing"):
            send(sock, [KILL, "TERM", grace_seconds])
            is_told = True
    report: dict[str, Any] | None = lines.read()
    return report
