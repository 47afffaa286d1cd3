# SPDX-License-Identifier: Apache-2.0
"""The launcher's end of the workers of a dask cluster: the run loop asks for frames here as it asks a local runner."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from ...frame_end import STOPPED, EndedBy, FrameEnd
from ...logs import get_logger
from ...names import frame_name, second_log
from ...session_paths import SessionPaths
from ..local.log import read_end
from ..local.watch import Request
from ..local.wire import END, KILL, RUN, Lines, send
from . import remote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from distributed import Client, Future

    from .cluster import Capacity

__all__ = ["DaskRunner", "Spare"]

logger = get_logger("outline.backend.dask")

_LOOK_SECONDS = 0.2
_ENOUGH = 3  # frames of a layer, before any is called late
_SHORTEST_SECONDS = 1.0
_BATCH_SECONDS = 0.2
_TAG_AMOUNT = 1e-9  # dask counts what is used of a resource; a tag is only there or not


class Spare:
    """Tells which frames take so much longer than others of their layer that a second attempt is worth spare cores."""

    def __init__(self, factor: float, cores: float) -> None:
        """Know nothing of any layer yet.

        Args:
            factor: A frame is late when it has run so many times as long as the median of its layer; 0 for never.
            cores: How many cores frames may use together.
        """
        self.factor = factor
        self.__cores = cores
        self.__seconds: dict[str, list[float]] = {}
        self.__lock = threading.Lock()

    def takes(self, cores: float) -> None:
        """Note that a frame uses cores from now on; a negative number gives them back."""
        with self.__lock:
            self.__cores -= cores

    def ended(self, layer: str, seconds: float) -> None:
        """Note how long a frame took that has succeeded."""
        with self.__lock:
            self.__seconds.setdefault(layer, []).append(seconds)

    def is_for(self, request: Request, seconds: float) -> bool:
        """Tell whether a frame that has run so long is late, and there are cores for a second attempt."""
        with self.__lock:
            known = self.__seconds.get(request.layer, ())
            if self.__cores < request.cores or len(known) < _ENOUGH or seconds < _SHORTEST_SECONDS:
                return False
            return seconds > self.factor * median(known)


class _Attempt(NamedTuple):
    """Frames that dask runs, or is about to, one after the other."""

    requests: list[Request]
    future: Future[Any]


class _Slot:
    """Hands over one message of the run loop at a time, in a thread of its own, until that closes its socket."""

    def __init__(self, sock: socket.socket, runner: DaskRunner, spare: Spare) -> None:
        self.__sock = sock
        self.__lines = Lines(sock)
        self.__runner = runner
        self.__spare = spare
        self.__done, self.__tell_done = socket.socketpair()
        self.__attempts: list[_Attempt] = []
        self.__begun = 0.0

    def serve(self) -> None:
        """Run frames until the run loop closes the socket; then nobody wants the one that runs."""
        with self.__sock, self.__done, self.__tell_done:
            while True:
                ready = [self.__sock]
                if not self.__lines.is_waiting:
                    seconds = _LOOK_SECONDS if self.__spare.factor and len(self.__attempts) == 1 else None
                    ready = select.select([self.__sock, self.__done], [], [], seconds)[0]
                if self.__done in ready:
                    self.__done.recv(1)
                    self.__look_at_ends()
                elif not ready:
                    self.__try_twice()
                if self.__sock in ready and not self.__obey(self.__lines.read()):
                    return

    def __obey(self, message: Any) -> bool:  # Any: a line of JSON
        """Do what the run loop says; False when it is gone."""
        if message is not None and message[0] == RUN:
            self.__begin([Request(*one) for one in message[1]])
        elif message is None or message[0] == KILL:
            for attempt in self.__attempts:
                attempt.future.cancel()
        return message is not None

    def __begin(self, requests: list[Request]) -> None:
        self.__begun = time.monotonic()
        if not self.__start(requests):
            reason = "no dask worker is left that can run frames of this job"
            self.__report([FrameEnd(1, ended_by=EndedBy.LOST_HOST, reason=reason) for _ in requests])

    def __start(self, requests: list[Request], avoid: Future[Any] | None = None) -> bool:
        future = self.__runner.submit(requests, avoid=avoid)
        if future is not None:
            self.__spare.takes(requests[0].cores)
            self.__attempts.append(_Attempt(requests, future))
            future.add_done_callback(self.__tell)
        return future is not None

    def __tell(self, future: Future[Any]) -> None:
        """Wake the slot; dask calls this in a thread of its own."""
        try:
            self.__tell_done.send(b"1")
        except OSError:
            pass  # the run loop is over

    def __try_twice(self) -> None:
        ((request, *_), future), *_ = self.__attempts
        if not self.__spare.is_for(request, time.monotonic() - self.__begun):
            return
        if self.__start([request._replace(is_second=True)], avoid=future):
            logger.warning("%s is late, and starts a second time", frame_name(request.frame, request.layer))

    def __look_at_ends(self) -> None:
        """Report the first attempt that has succeeded, or the last one that has failed."""
        for attempt in [attempt for attempt in self.__attempts if attempt.future.done()]:
            request = attempt.requests[0]
            self.__drop(attempt)
            ends = self.__runner.ends_of(attempt.requests, attempt.future)
            if all(end.is_good for end in ends):
                self.__spare.ended(request.layer, ends[0].seconds)
            elif self.__attempts:
                continue  # the other one may yet succeed
            for other in list(self.__attempts):
                other.future.cancel()
                self.__drop(other)
            if request.is_second:
                self.__runner.keep_second_log(request)
            self.__report(ends)

    def __report(self, ends: list[FrameEnd]) -> None:
        try:
            send(self.__sock, [END, [end.to_dict() for end in ends]])
        except OSError:
            pass  # the run loop is over

    def __drop(self, attempt: _Attempt) -> None:
        self.__attempts.remove(attempt)
        self.__spare.takes(-attempt.requests[0].cores)


class DaskRunner:
    """Gives the run loop sockets behind which dask runs frames, one thread for each frame that runs at a time.

    Made by the backend for one job; the run loop's caller closes it when the job is over.

    Attributes:
        runs_ahead: It takes no frame while it runs another one: dask has a queue of its own.
        batch_seconds: As of ``outline.backend.local.runner``. A task costs dask some milliseconds, and the way to a
            worker and back some more.
    """

    runs_ahead = False

    def __init__(
        self,
        client: Client,
        capacity: Capacity,
        *,
        job: str,
        tags: Mapping[str, Collection[str]],
        grace_seconds: float,
        spare: Spare,
    ) -> None:
        """Take frames to a cluster.

        Args:
            client: The connection to its scheduler.
            capacity: What the cluster has.
            job: The job's name.
            tags: Those of each layer. One that a worker declares as a resource chooses among the workers.
            grace_seconds: How long a frame has to end after SIGTERM.
            spare: Tells when a frame gets a second attempt beside the first.
        """
        self.batch_seconds = 0.0 if spare.factor else _BATCH_SECONDS
        self.__spare = spare
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
        slot = _Slot(theirs, self, self.__spare)
        threading.Thread(target=slot.serve, name="dask frame", daemon=True).start()
        return ours

    def close(self) -> None:
        """Let the workers forget the session."""
        try:
            self.__client.run(remote.forget, self.__outline_path, on_error="ignore")
        except Exception as error:  # foreign code; the job is over, and its result stands
            logger.debug("cannot tell the dask workers that the job is over: %s", error)

    def submit(self, requests: list[Request], *, avoid: Future[Any] | None = None) -> Future[Any] | None:
        """Hand frames to dask; None where no worker is left for them.

        Args:
            requests: The frames, of one layer.
            avoid: A task that runs somewhere; the frames then go to another worker. If it runs no more: to none.
        """
        request = requests[0]
        with self.__lock:
            self.__attempts += 1
            key = f"{self.__job}-{frame_name(request.frame, request.layer)}-{self.__attempts}"
            unwanted = set(self.__broken)
        if avoid is not None:
            there = {worker for worker, keys in self.__client.processing().items() if avoid.key in keys}
            if not there:
                return None  # it has just ended
            unwanted |= there
        usable = None
        if unwanted:
            usable = [one for one in self.__client.scheduler_info(n_workers=-1)["workers"] if one not in unwanted]
            if not usable:
                return None
        return self.__client.submit(
            remote.run_frames,
            *(self.__outline_path, self.__folder, self.__job, key, [list(one) for one in requests], self.__grace),
            key=key,
            pure=False,
            resources=self.__needs(request),
            workers=usable,
        )

    def __needs(self, request: Request) -> dict[str, float]:
        """What a frame needs of the resources that the workers declare."""
        needs: dict[str, float] = {}
        if "cores" in self.__capacity.resources:
            needs["cores"] = request.cores
        if "memory" in self.__capacity.resources and request.memory_kb < self.__capacity.most_memory_kb:
            needs["memory"] = request.memory_kb * 1024.0
        for tag in self.__tags.get(request.layer, ()):
            if tag in self.__capacity.resources:
                needs[tag] = _TAG_AMOUNT
        return needs

    def ends_of(self, requests: list[Request], future: Future[Any]) -> list[FrameEnd]:
        """How the frames ended whose task is over."""
        if future.status == "cancelled":
            return self.__ends_in_logs(requests)
        if future.status == "error":
            return [_not_run(future.exception(), len(requests))] * len(requests)
        ends, broken = future.result()
        if broken:
            address, why = broken
            self.__leave_out(address, why)
            lost = FrameEnd(1, ended_by=EndedBy.LOST_HOST, reason=why, host=address).to_dict()
            ends = [*ends, *[lost] * (len(requests) - len(ends))]
        return [FrameEnd.from_dict(end) for end in ends]

    def __ends_in_logs(self, requests: list[Request]) -> list[FrameEnd]:
        """How frames ended whose task was cancelled: the worker writes that into the log of the one that ran then."""
        give_up = time.monotonic() + self.__grace + 1.0
        ends: list[FrameEnd] = []
        while len(ends) < len(requests) and time.monotonic() < give_up:
            request = requests[len(ends)]
            found = read_end(self.__log_of(request))
            if found is None or found[0] != request.attempt:
                time.sleep(_LOOK_SECONDS)
                continue
            ends.append(found[1])
            if found[1].ended_by is EndedBy.LAUNCHER:
                break  # none has begun after it
        return [*ends, *[STOPPED] * (len(requests) - len(ends))]

    def keep_second_log(self, request: Request) -> None:
        """Put the log of a second attempt, which has succeeded before the first, in the place of the first one's."""
        try:
            os.replace(self.__log_of(request), self.__log_of(request._replace(is_second=False)))
        except OSError as error:
            logger.warning("the log of the second attempt stays beside the first one's: %s", error)

    def __log_of(self, request: Request) -> str:
        log = SessionPaths.holding(self.__outline_path).log(self.__job, frame_name(request.frame, request.layer))
        return second_log(log) if request.is_second else log


def _not_run(error: BaseException | None, frames: int) -> FrameEnd:
    """The end of frames whose task has failed by itself: its workers died, or could not import what runs it."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):  # dask has tried it on several workers, and each of them died
        reason, host = f"killed every dask worker that ran it: {error}", error.last_worker.address
        # Of several frames nobody knows which one did it. Each runs alone then.
        ended_by = EndedBy.NOTHING_TO_RUN if frames == 1 else EndedBy.LOST_HOST
        return FrameEnd(137, 9, ended_by, reason=reason, host=host)
    return FrameEnd(1, ended_by=EndedBy.LOST_HOST, reason=f"dask: {_text(error)}")


def _text(answer: object) -> str:
    return f"{type(answer).__name__}: {answer}" if isinstance(answer, BaseException) else str(answer)
