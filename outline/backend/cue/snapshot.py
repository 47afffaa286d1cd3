# SPDX-License-Identifier: Apache-2.0
"""A job on the farm as the server tells of it: numbers by layer and state, and what they mean."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, TypeVar

from ...exception import LaunchException
from ...scheduler import FrameState
from ..status import JobStatus, LayerStatus, add_counts
from .client import connect, farm_errors, patience, server_names
from .waiting import ask_why_nothing_starts

__all__ = [
    "Outcome",
    "PyCueJob",
    "frame_state",
    "frames_of",
    "job_by_id",
    "job_state",
    "jobs_waited_for",
    "layers_of",
    "outcome_of",
    "snapshot_of",
    "state_name",
]

S = FrameState
T = TypeVar("T")
PATIENCE_SECONDS = 15.0
_PAGE = 500  # what PyCue asks for; it cannot ask for another number
_TRIES = 5


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


def outcome_of(job: JobStatus) -> Outcome | None:
    """Say how a job has ended; None while it can go on, as a paused one can."""
    if job.state == "FAILED":
        return Outcome.DEAD if job.counts[S.DEAD] else Outcome.STUCK
    return {"FINISHED": Outcome.DONE, "STOPPED": Outcome.KILLED}.get(job.state)


def job_state(state: str, is_paused: bool, counts: Mapping[FrameState, int]) -> str:
    """Say what a job does in the words of ``JobStatus``.

    Args:
        state: The server's word: ``PENDING``, ``FINISHED`` and so on.
        is_paused: Nothing new is started.
        counts: How many of its frames are in each state.
    """
    if state == "POSTED":  # its job is not over
        return "WAITING"
    if state == "FINISHED":
        return "FINISHED" if counts[S.SUCCEEDED] + counts[S.EATEN] == sum(counts.values()) else "STOPPED"
    is_stuck = state in ("PENDING", "SHUTDOWN") and not counts[S.RUNNING] and not counts[S.WAITING]
    if is_stuck and (counts[S.DEAD] or counts[S.DEPEND]):
        return "FAILED"
    return "PAUSED" if is_paused else "RUNNING"


class PyCueJob:
    """A job at the server that PyCue is connected to."""

    def __init__(self, job_id: str) -> None:
        self.__id = job_id

    def read(self) -> JobStatus:
        """The job as it is now, with its numbers alone.

        Raises:
            ServerAway: No server answers.
            UnknownToServer: It does not know the job.
            LaunchException: It refuses.
        """
        with patience(PATIENCE_SECONDS):
            job = job_by_id(self.__id)
            return snapshot_of(job, layers_of(job))

    def jobs_waited_for(self) -> list[str]:
        """The names of other jobs, which may go on, that something of the job waits for."""
        with patience(PATIENCE_SECONDS):
            return jobs_waited_for(job_by_id(self.__id))

    def why_nothing_starts(self) -> str:
        """Why no host starts a frame of the job, or nothing when the hosts are no reason."""
        with patience(PATIENCE_SECONDS):
            return ask_why_nothing_starts(job_by_id(self.__id))

    def reconnect(self) -> None:
        """Connect anew; PyCue by itself stays with the server that it has found first."""
        opencue = connect()
        if len(opencue.Cuebot.Hosts or ()) > 1:
            with suppress(LaunchException), farm_errors():
                opencue.Cuebot.resetChannel()


# Any: PyCue's objects.


def job_by_id(job_id: str) -> Any:
    """PyCue's job with an id.

    Raises:
        UnknownToServer: There is none.
    """
    opencue = connect()
    with farm_errors(f"find the job {job_id}"):
        return _asked_for(lambda: opencue.api.getJob(job_id), lambda job: job.data.id == job_id)


def layers_of(job: Any) -> list[Any]:
    """PyCue's layers of a job in their order; the server is asked for them."""
    with farm_errors(f"list the layers of {job.data.name}"):
        layers = _asked_for(
            lambda: list(job.getLayers()), lambda found: all(one.data.parent_id == job.data.id for one in found)
        )
    return sorted(layers, key=lambda layer: int(layer.data.dispatch_order))


def jobs_waited_for(job: Any) -> list[str]:
    """The names of other jobs that a job or something in it waits for."""
    opencue = connect()
    with farm_errors(f"list the dependencies of {job.data.name}"):
        depends = [depend.data for depend in job.getDepends()]
    external = opencue.api.depend_pb2.EXTERNAL
    return sorted({one.depend_on_job for one in depends if one.active and one.target == external})


def _asked_for(ask: Callable[[], T], is_answer: Callable[[T], bool]) -> T:
    """The answer to a question; a Cuebot mixes those of several clients now and then, so it is asked again.

    Raises:
        LaunchException: It goes on giving others.
    """
    for _ in range(_TRIES):
        answer = ask()
        if is_answer(answer):
            return answer
    raise LaunchException(f"the farm server {server_names()} answers with what belongs to another job; try again")


def snapshot_of(job: Any, layers: Sequence[Any]) -> JobStatus:
    """Take the numbers out of PyCue's job and its layers; single frames are not looked at."""
    data = job.data
    numbers = tuple(
        LayerStatus(one.data.name, _counts(one.data.layer_stats), one.data.range, one.data.chunk_size) for one in layers
    )
    state = job_state(state_name(data.state), data.is_paused, add_counts(one.counts for one in numbers))
    return JobStatus(data.name, data.id, state, numbers, log_dir=data.log_dir)


def frames_of(job: Any, states: Sequence[str] = (), **criteria: Any) -> Iterator[Any]:
    """PyCue's frames of a job, page by page.

    Args:
        job: PyCue's job.
        states: Only frames in these states; all when empty.
        criteria: PyCue's other criteria, such as ``layer`` (a list of names) and ``range``.
    """
    from opencue_proto import job_pb2

    numbers = [job_pb2.FrameState.Value(state) for state in states] or list(job_pb2.FrameState.values())
    if states:
        criteria["state"] = numbers
    layers = criteria.get("layer") or [layer.data.name for layer in layers_of(job)]

    def is_answer(frames: list[Any]) -> bool:
        return all(one.data.layer_name in layers and one.data.state in numbers for one in frames)

    for page in itertools.count(1):
        with farm_errors(f"list the frames of {job.data.name}"):
            found = _asked_for(lambda: list(job.getFrames(page=page, **criteria)), is_answer)  # noqa: B023 - called here
        yield from found
        if len(found) < _PAGE:
            return


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


def frame_state(data: Any) -> FrameState:
    """Read the state of a frame; one that is set up or held at a checkpoint waits, as far as anybody can tell."""
    from opencue_proto import job_pb2

    name = job_pb2.FrameState.Name(data.state)
    return FrameState(name) if name in FrameState.__members__ else S.WAITING


def state_name(number: int) -> str:
    """The name of a job's state."""
    from opencue_proto import job_pb2

    return str(job_pb2.JobState.Name(number))
