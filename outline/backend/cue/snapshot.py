# SPDX-License-Identifier: Apache-2.0
"""A job on the farm as the server tells of it: numbers by layer and state, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, NamedTuple, Protocol

from ...exception import LaunchException
from ...scheduler import FrameState
from .client import connect, farm_errors
from .waiting import ask_why_nothing_starts

__all__ = [
    "FarmSnapshot",
    "JobSource",
    "LayerNumbers",
    "Outcome",
    "PyCueJob",
    "frames_of",
    "layers_of",
    "outcome_of",
    "snapshot_of",
    "state_name",
]

S = FrameState
_PAGE = 500  # what PyCue asks for; it cannot ask for another number


class LayerNumbers(NamedTuple):
    """How many frames of a layer are in each state; states without frames are there too."""

    name: str
    counts: Mapping[FrameState, int]


class FarmSnapshot(NamedTuple):
    """A job at one moment.

    Attributes:
        id: The server's id of the job.
        name: Its name.
        state: ``PENDING``, ``FINISHED`` and so on.
        is_paused: Nothing new is started.
        log_dir: The folder of its frames' logs, as the hosts see it.
        layers: Its layers in their order.
    """

    id: str
    name: str
    state: str
    is_paused: bool
    log_dir: str
    layers: tuple[LayerNumbers, ...]

    def counts(self, layer: str | None = None) -> dict[FrameState, int]:
        """Return how many frames are in each state, of one layer or of all."""
        totals = dict.fromkeys(FrameState, 0)
        for numbers in self.layers:
            if layer in (None, numbers.name):
                for state, count in numbers.counts.items():
                    totals[state] += count
        return totals

    @property
    def is_held_up(self) -> bool:
        """Frames could run, and none does."""
        counts = self.counts()
        return bool(self.state == "PENDING" and not self.is_paused and counts[S.WAITING] and not counts[S.RUNNING])

    def __len__(self) -> int:
        return sum(sum(numbers.counts.values()) for numbers in self.layers)


class Outcome(Enum):
    """How a job that makes no more progress by itself has ended."""

    DONE = "done"  #: Every frame SUCCEEDED or EATEN.
    DEAD = "dead"  #: Dead frames, and all others are done or wait for those.
    STUCK = "stuck"  #: Frames wait for eaten ones, which release nobody.
    KILLED = "killed"  #: The job was ended before its frames were done.
    LOST = "lost"  #: The server does not know the job any more.

    @property
    def may_change(self) -> bool:
        """Whether a server that is still busy with what has just happened may go on after all."""
        return self in (Outcome.DEAD, Outcome.STUCK)


def outcome_of(job: FarmSnapshot) -> Outcome | None:
    """Return how a job has ended, or None while it can go on; a paused one can."""
    counts = job.counts()
    over = counts[S.SUCCEEDED] + counts[S.EATEN]
    if job.state == "FINISHED":
        return Outcome.DONE if over == sum(counts.values()) else Outcome.KILLED
    if job.state not in ("PENDING", "SHUTDOWN") or counts[S.RUNNING] or counts[S.WAITING]:
        return None
    if counts[S.DEAD]:
        return Outcome.DEAD
    return Outcome.STUCK if counts[S.DEPEND] else None


class JobSource(Protocol):
    """Where the numbers of one job come from."""

    def read(self) -> FarmSnapshot:
        """Return the job as it is now.

        Raises:
            ServerAway: No server answers.
            UnknownToServer: It does not know the job.
            LaunchException: It refuses.
        """

    def waits_for_other_jobs(self) -> bool:
        """Tell whether something of the job waits for another job, which may go on."""

    def why_nothing_starts(self) -> str:
        """Return why no host starts a frame of the job, or nothing when the hosts are no reason."""

    def reconnect(self) -> None:
        """Look for another server, if there is more than one."""


class PyCueJob:
    """A job at the server that PyCue is connected to; see ``JobSource``."""

    def __init__(self, job_id: str) -> None:
        self.__id = job_id

    def read(self) -> FarmSnapshot:
        """Ask the server for the job and its layers."""
        opencue = connect()
        with farm_errors(f"find the job {self.__id}"):
            job = opencue.api.getJob(self.__id)
        return snapshot_of(job, layers_of(job))

    def waits_for_other_jobs(self) -> bool:
        """Ask the server for the dependencies of the job and its layers."""
        opencue = connect()
        with farm_errors(f"list the dependencies of {self.__id}"):
            depends = opencue.api.getJob(self.__id).getDepends()
        external = opencue.api.depend_pb2.EXTERNAL
        return any(depend.data.active and depend.data.target == external for depend in depends)

    def why_nothing_starts(self) -> str:
        """Ask the server for its hosts, and hold them against what the layers of the job ask for."""
        opencue = connect()
        with farm_errors(f"find the job {self.__id}"):
            job = opencue.api.getJob(self.__id)
        return ask_why_nothing_starts(job)

    def reconnect(self) -> None:
        """Connect anew; PyCue by itself stays with the server that it has found first."""
        opencue = connect()
        if len(opencue.Cuebot.Hosts or ()) > 1:
            with suppress(LaunchException), farm_errors():
                opencue.Cuebot.resetChannel()


# Any: PyCue's objects.


def layers_of(job: Any) -> list[Any]:
    """Return PyCue's layers of a job in their order; the server is asked for them."""
    with farm_errors(f"list the layers of {job.data.name}"):
        return sorted(job.getLayers(), key=lambda layer: int(layer.data.dispatch_order))


def snapshot_of(job: Any, layers: Sequence[Any]) -> FarmSnapshot:
    """Return what PyCue's job and its layers say."""
    data = job.data
    numbers = tuple(LayerNumbers(layer.data.name, _counts(layer.data.layer_stats)) for layer in layers)
    return FarmSnapshot(data.id, data.name, state_name(data.state), data.is_paused, data.log_dir, numbers)


def frames_of(job: Any, states: Sequence[str] = (), **criteria: Any) -> Iterator[Any]:
    """Give PyCue's frames of a job, page by page.

    Args:
        job: PyCue's job.
        states: Only frames in these states; all when empty.
        criteria: PyCue's other criteria, such as ``layer`` (a list of names) and ``range``.
    """
    from opencue_proto import job_pb2

    if states:
        criteria["state"] = [job_pb2.FrameState.Value(state) for state in states]
    page = 1
    while True:
        with farm_errors(f"list the frames of {job.data.name}"):
            found = job.getFrames(page=page, **criteria)
        yield from found
        if len(found) < _PAGE:
            return
        page += 1


def _counts(stats: Any) -> dict[FrameState, int]:
    counts = {
        S.SUCCEEDED: stats.succeeded_frames,
        S.RUNNING: stats.running_frames,
        S.DEAD: stats.dead_frames,
        S.EATEN: stats.eaten_frames,
        S.DEPEND: stats.depend_frames,
    }
    # The rest: those that wait, and the few that are set up or held at a checkpoint, which will go on too.
    counts[S.WAITING] = max(0, stats.total_frames - sum(counts.values()))
    return {state: counts[state] for state in FrameState}


def state_name(number: int) -> str:
    """Return the name of a job's state."""
    from opencue_proto import job_pb2

    return str(job_pb2.JobState.Name(number))
