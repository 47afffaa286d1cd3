# SPDX-License-Identifier: Apache-2.0
"""The launcher's end of the workers of a dask cluster: the run loop asks for frames here as it asks a local runner."""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from ...exception import LaunchException
from ...frame_end import EndedBy, FrameEnd
from ...names import frame_name
from ...session_paths import SessionPaths
from ..local.log import read_end
from ..local.watch import Request
from ..local.wire import RUN, Lines, send
from . import remote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from distributed import Client, Future

    from .cluster import Capacity

__all__ = ["DaskRunner"]

logger = logging.getLogger("outline.backend.dask")

_STOPPED = "ended by the launcher"
_LOOK_SECONDS = 0.2
_TAG_AMOUNT = 1e-9  # dask counts what is used of a resource; a tag is only there or not


class DaskRunner:
    """Gives the run loop sockets behind which dask runs frames, one thread for each frame that runs at a time.

    Made by the backend for one job; the run loop's caller closes it when the job is over.
    """

    def __init__(
        self,
        client: Client,
        capacity: Capacity,
        *,
        job: str,
        tags: Mapping[str, Sequence[str]],
        grace_seconds: float,
    ) -> None:
        """Take frames to a cluster.

        Args:
            client: The connection to its scheduler.
            capacity: What the cluster has.
            job: The job's name.
            tags: Those of each layer. One that a worker declares as a resource chooses among the workers.
            grace_seconds: How long a frame has to end after SIGTERM.
        """
        self.__client = client
        self.__capacity = capacity
        self.__job = job
        self.__tags = tags
        self.__grace = grace_seconds
        self.__outline_path = self.__folder = ""
        self.__broken: set[str] = set()
        self.__lock = threading.Lock()
        self.__attempts = 0

    def load(self, outline_path: str, folder: str) -> str:
        """Load a session in all workers of the cluster.

        Args:
            outline_path: The session's outline.yaml, absolute.
            folder: The working directory of the frames.

        Returns:
            An empty text, or why none of the workers can run its frames.
        """
        self.__outline_path, self.__folder = outline_path, folder
        self.__tell_missing_tags()
        answers = self.__client.run(remote.probe, outline_path, folder, on_error="return")
        for address, answer in answers.items():
            if answer and not isinstance(answer, OSError):  # it has gone meanwhile, as those of an idle cluster do
                self.__leave_out(address, _text(answer))
        if answers and len(self.__broken) == len(answers):
            return f"no dask worker can run it: {_text(next(iter(answers.values())))}"
        return ""

    def __tell_missing_tags(self) -> None:
        missing = {tag for tags in self.__tags.values() for tag in tags} - self.__capacity.resources
        if self.__capacity.resources - {"cores", "memory"} and missing:
            logger.warning(
                "no dask worker declares the resource %s, so these tags choose no worker", " or ".join(sorted(missing))
            )

    def __leave_out(self, address: str, why: str) -> None:
        with self.__lock:
            is_new = address not in self.__broken
            self.__broken.add(address)
        if is_new:
            logger.error("the dask worker %s gets no frames of this job: %s", address, why)

    def new_worker(self) -> socket.socket:
        """A socket to send a frame to, and to read its end from."""
        ours, theirs = socket.socketpair()
        threading.Thread(target=self.__serve, args=(theirs,), name="dask frame", daemon=True).start()
        return ours

    def close(self) -> None:
        """Let the workers forget the session."""
        try:
            self.__client.run(remote.forget, self.__outline_path, on_error="ignore")
        except Exception as error:  # foreign code; the job is over, and its result stands
            logger.debug("the workers of dask could not be told that the job is over: %s", error)

    def __serve(self, sock: socket.socket) -> None:
        """Run frames for the run loop until it closes the socket; then nobody wants the one that runs."""
        lines = Lines(sock)
        done, tell_done = socket.socketpair()
        future: Future[Any] | None = None
        request: Request | None = None
        with sock, done, tell_done:
            while True:
                ready = [sock] if lines.is_waiting else select.select([sock, done], [], [])[0]
                if done in ready and future is not None and request is not None:
                    done.recv(1)
                    end = self.__end_of(request, future)
                    future = None
                    try:
                        send(sock, end.to_dict())
                    except OSError:
                        return
                if sock not in ready:
                    continue
                message = lines.read()
                if message is not None and message[0] == RUN:
                    request = Request(*message[1:])
                    future = self.__submit(request)
                    future.add_done_callback(lambda _: tell_done.send(b"1"))
                elif future is not None:
                    future.cancel()
                if message is None:
                    return

    def __submit(self, request: Request) -> Future[Any]:
        with self.__lock:
            self.__attempts += 1
            key = f"{self.__job}-{frame_name(request.frame, request.layer)}-{self.__attempts}"
            broken = set(self.__broken)
        return self.__client.submit(
            remote.run_frame,
            *(self.__outline_path, self.__folder, key, list(request), self.__grace),
            key=key,
            pure=False,
            resources=self.__needs(request),
            workers=self.__usable(broken) if broken else None,
        )

    def __usable(self, broken: set[str]) -> list[str]:
        found = [address for address in self.__client.scheduler_info(n_workers=-1)["workers"] if address not in broken]
        if not found:
            raise LaunchException("no dask worker is left that can run frames of this job")
        return found

    def __needs(self, request: Request) -> dict[str, float]:
        """What a frame needs of the resources that the workers declare."""
        needs: dict[str, float] = {}
        if self.__capacity.counts_cores:
            needs["cores"] = request.cores
        if self.__capacity.counts_memory and request.memory_kb < self.__capacity.most_memory_kb:
            needs["memory"] = request.memory_kb * 1024.0
        for tag in self.__tags.get(request.layer, ()):
            if tag in self.__capacity.resources:
                needs[tag] = _TAG_AMOUNT
        return needs

    def __end_of(self, request: Request, future: Future[Any]) -> FrameEnd:
        if future.status == "cancelled":
            return self.__end_in_log(request)
        if future.status == "error":
            return _not_run(future.exception())
        report = future.result()
        if remote.BROKEN in report:
            address, why = report[remote.BROKEN]
            self.__leave_out(address, why)
            return FrameEnd(1, ended_by=EndedBy.LOST_HOST, reason=f"{address}: {why}")
        return FrameEnd.from_dict(report)

    def __end_in_log(self, request: Request) -> FrameEnd:
        """How a frame ended that was cancelled: its worker writes that into the log, and gives it time to end."""
        log = SessionPaths.holding(self.__outline_path).log(self.__job, frame_name(request.frame, request.layer))
        give_up = time.monotonic() + self.__grace + 1.0
        while time.monotonic() < give_up:
            found = read_end(log)
            if found is not None and found[0] == request.attempt:
                return found[1]
            time.sleep(_LOOK_SECONDS)
        return FrameEnd(143, 15, EndedBy.LAUNCHER, reason=_STOPPED)


def _not_run(error: BaseException | None) -> FrameEnd:
    """The end of a frame whose task has failed by itself: its workers died, or could not import what runs it."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):  # dask has tried it on several workers, and each of them died
        return FrameEnd(137, 9, EndedBy.NOTHING_TO_RUN, reason=f"killed every dask worker that ran it: {error}")
    return FrameEnd(1, ended_by=EndedBy.LOST_HOST, reason=f"dask: {_text(error)}")


def _text(answer: object) -> str:
    return f"{type(answer).__name__}: {answer}" if isinstance(answer, BaseException) else str(answer)
