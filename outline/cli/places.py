# SPDX-License-Identifier: Apache-2.0
"""Where the job is that ``outline status``, ``log`` and ``retry`` are asked about: a session folder, or the farm."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ..exception import LaunchException, OutlineException
from ..session_paths import SessionPaths
from .sessions import find_session, no_session, session_folder

if TYPE_CHECKING:
    from ..backend.local import LocalJob
    from ..backend.status import FrameAttempt, JobStatus
    from ..frames import FrameSet
    from ..scheduler.job import JobState
    from .farm_place import FarmPlace

__all__ = ["SessionPlace", "job_place", "place_on_farm"]


class SessionPlace:
    """A job of the local backend, in its session folder; a ``FarmPlace`` does the same for one on the farm."""

    def __init__(self, folder: str) -> None:
        self.__folder = folder

    def __read(self) -> LocalJob:
        from ..backend.local import LocalJob

        return LocalJob(self.__folder)

    @property
    def runner(self) -> tuple[str, int] | None:
        """Host and process id of who runs it."""
        return self.__read().record.runner

    def status(self) -> JobStatus:
        """Read the journal."""
        from ..backend.local.status import job_status

        return job_status(self.__read())

    def attempts(self) -> list[FrameAttempt]:
        """Read every attempt at its frames from the journal, in the order of their starts."""
        from ..backend.local.status import job_attempts

        return job_attempts(self.__read())

    def print_log(self, frame: str, attempt: int | None) -> int:
        """Print the log of a frame, any of its chunk."""
        from .log_view import find_frame, print_log_file

        job = self.__read()
        return print_log_file(job.log_path(job.record.job.frames.name(find_frame(job, frame))), frame, attempt)

    def follow_log(self, frame: str) -> int:
        """Print the log of a frame as it grows, until the frame is over or no process runs the job."""
        from ..scheduler import FrameState
        from .log_view import find_frame, follow_log_file

        job = self.__read()
        ref = find_frame(job, frame)

        def is_over() -> bool:
            job.refresh()
            ended = (FrameState.SUCCEEDED, FrameState.DEAD, FrameState.EATEN)
            return job.record.runner is None or job.record.job.state(ref) in ended

        return follow_log_file(job.log_path(job.record.job.frames.name(ref)), is_over)

    def act(self, what: str, *, layer: str | None, frames: str | None, quiet: bool = False) -> int:
        """Refuse.

        Raises:
            OutlineException: Always: only a farm goes on without a process that one can talk to.
        """
        raise OutlineException(f"outline {what} is for jobs on a farm; this one ran on this machine: {self.__folder}")

    def kill(self, *, quiet: bool = False) -> int:
        """Refuse, and say how the job is ended.

        Raises:
            OutlineException: Always.
        """
        runner = self.runner
        how = f"press Ctrl-C where it runs, or: kill {runner[1]} on {runner[0]}" if runner else "nobody runs it"
        raise OutlineException(f"outline kill is for jobs on a farm, and this one is on this machine; {how}")

    def retry(self, *, quiet: bool, no_run: bool, states: tuple[str, ...], **options: Any) -> int:
        """Run frames again, here and now.

        Raises:
            OutlineException: There is no such layer or frame, or another process runs the job.
        """
        from ..backend.local import choose_frames, retry
        from .running import early_runner, show_run
        from .streams import keep_running_without_output
        from .text import plural

        wanted = tuple(state.upper() for state in states)
        layer, frames = options.pop("layer"), options.pop("frames")

        chosen: list[int] = []

        def choose(job: JobState) -> list[int]:
            chosen.extend(choose_frames(job, layer, frames, wanted))
            lacking = _frames_not_there(job, layer, frames)
            if lacking:
                owner = f"layer {layer!r}" if layer else "this job"
                print(f"outline: {owner} has no frames {lacking}; they are left out", file=sys.stderr)
            if not chosen and not quiet:
                print(f"nothing to retry, none of these frames is {' or '.join(wanted)}; see outline status")
            return chosen

        if no_run:
            retry(self.__folder, choose, run=False)
            if chosen and not quiet:
                print(f"{plural(len(chosen), 'frame')} will run again with pycuerun --resume")
            return 0
        keep_running_without_output()
        with early_runner() as runner:
            return show_run(
                lambda display: retry(self.__folder, choose, observer=display, runner=runner, **options), quiet=quiet
            )


def job_place(text: str, server: str | None = None) -> SessionPlace | FarmPlace:
    """Find a job.

    Args:
        text: A session as ``session_folder`` takes it; or the name or id of a job on the farm.
        server: The farm server, if the job is on the farm; else PyCue's configuration names it.

    Raises:
        OutlineException: There is no such session or job, several jobs fit, or no server answers.
    """
    if os.path.exists(text) or (server is None and (os.sep in text or not text)):
        return _place_of_session(session_folder(text), server)
    found = find_session(text) if server is None else None
    if found is None or (found.name == text and not _ran_here(found.session)):
        return _farm_place(text, server)  # also when somebody else has launched the last job of that name
    return _place_of_session(found.session, None)


def place_on_farm(text: str, server: str | None = None) -> SessionPlace | FarmPlace:
    """Find a job for what only a farm can do, where a session of this machine hides no job of its name.

    Raises:
        OutlineException: There is no such session or job, several jobs fit, or no server answers.
    """
    place = job_place(text, server)
    if not isinstance(place, SessionPlace) or place.runner is not None or os.path.exists(text):
        return place
    try:
        return _farm_place(text, None)
    except OutlineException:
        return place


def _ran_here(folder: str) -> bool:
    return os.path.exists(SessionPaths(folder).journal)


def _place_of_session(folder: str, server: str | None) -> SessionPlace | FarmPlace:
    if _ran_here(folder):
        return SessionPlace(folder)
    from .farm_place import farm_job_of

    try:
        return farm_job_of(folder, server)
    except LaunchException as error:
        raise OutlineException(f"no job of the local backend ran in {folder}, and the farm says: {error}") from error


def _farm_place(text: str, server: str | None) -> SessionPlace | FarmPlace:
    from ..backend.cue.client import connect
    from ..backend.cue.jobs import find_job
    from .farm_place import FarmPlace

    try:
        connect(server)
        return FarmPlace(find_job(text), server)
    except LaunchException as error:
        if server is not None:
            raise
        if isinstance(error.__cause__, ModuleNotFoundError):
            hint = '; to look at jobs on a farm: pip install "outline-farm[cue]"'
            raise OutlineException(f"{no_session(text)}{hint}") from error
        raise OutlineException(f"no session {text} on this machine, and the farm says: {error}") from error


def _frames_not_there(job: JobState, layer: str | None, frames: str | None) -> FrameSet | None:
    """Those of some frames that a job, or one layer of it, does not have; None when it has all."""
    from ..frames import FrameSet

    names = [one.name for one in job.plan.layers if layer in (None, one.name)]
    there = (
        {frame for name in names for ref in job.frames.refs(name) for frame in job.frames.members(ref)}
        if frames
        else set()
    )
    lacking = [frame for frame in FrameSet(frames) if frame not in there] if frames else []
    return FrameSet(lacking) if lacking else None
