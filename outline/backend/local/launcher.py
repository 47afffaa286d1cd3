# SPDX-License-Identifier: Apache-2.0
"""Launches jobs on this machine, and goes on with them. What happens is recorded as it happens, see ``journal``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from ...constants import OUTLINE_MODE_SETUP
from ...exception import LaunchException, OutlineException, SessionException, known_names
from ...files import check_current_folder
from ...frames import FrameSet, chunk_heads
from ...logs import get_logger
from ...names import frame_name
from ...scheduler import FrameState, JobPlan, JobState, plan_job
from ...session_paths import SessionPaths
from .. import local  # its names are called there, so that those who replace them replace them for ``launch``
from .claim import take_claim
from .dispatch import RunLoop
from .interpreter import forks_frames
from .job import LocalJob
from .journal import JobRecord, Journal, RunEnd, check_journal, read_record
from .limits import Limits, limits_of, read_max_retries
from .log import put_aside
from .runner import Runner, spawn_runner

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher
    from ...layer import Layer
    from ...loader import Outline

__all__ = [
    "Dispatcher",
    "LocalFrameError",
    "build_command",
    "build_frame_range",
    "check_flags",
    "choose_frames",
    "launch",
    "resume",
    "retry",
    "serialize",
    "serialize_simple",
]


logger = get_logger("outline.backend.local")


class LocalFrameError(OutlineException):
    """A frame died in a job that was launched with ``test=True``."""


def build_command(ol: Outline, layer: Layer, frame: int) -> list[str]:
    """The command that runs a single frame again, with hooks and checks, as argv."""
    return [sys.executable, "-m", "outline", str(ol.get_path()), "-e", frame_name(frame, layer.get_name())]


def build_frame_range(frame_range: Any, chunk_size: int) -> list[int]:
    """The first frame of every chunk, in render order, without duplicates."""
    return list(chunk_heads(FrameSet(frame_range), chunk_size))


def launch(launcher: OutlineLauncher, use_pycuerun: bool | None = None) -> list[LocalJob]:
    """Run a job on this machine until nothing of it can run any more.

    Args:
        launcher: Holds the outline and the flags ``maxretries``, ``autoeat``, ``pause``, ``test``, and of this backend
            ``cores``, ``memory``, ``fail_fast``, ``observer`` and ``runner``.
        use_pycuerun: False runs the layers' commands in a shell, without hooks and checks; the launcher has noted it.

    Returns:
        A list with the job. With the flag ``pause`` nothing has run yet; ``resume`` runs it.

    Raises:
        LocalFrameError: The flag ``test`` is set and a frame is DEAD.
        KeyboardInterrupt: Somebody pressed Ctrl-C, and the frames were ended; its argument is the job.
        LaunchException: The job cannot be run.
    """
    if launcher.get_outline().get_mode() < OUTLINE_MODE_SETUP:
        launcher.setup()
    job = local.serialize(launcher).dispatch()
    if launcher.get_flag("test") and not job.record.job.succeeded:
        names = ", ".join(dead.name for dead in job.dead_frames()[:5])
        raise LocalFrameError(f"job {job.name} failed, dead frames: {names or 'none'}; logs in {job.data.log_dir}")
    return [job]


def serialize(launcher: OutlineLauncher) -> Dispatcher:
    """What runs the job, without running it."""
    dispatcher = local.Dispatcher(launcher.get_outline())
    dispatcher.set_flags({key: launcher.get_flag(key) for key in _FLAGS})
    return dispatcher


def serialize_simple(launcher: OutlineLauncher) -> Dispatcher:
    """The same as ``serialize``."""
    return local.serialize(launcher)


_FLAGS = ("maxretries", "autoeat", "pause", "cores", "memory", "fail_fast", "observer", "runner", "settled", "limits")


class Dispatcher:
    """Runs an outline that is set up."""

    def __init__(self, ol: Outline) -> None:
        self.__ol = ol
        self.__flags: dict[str, Any] = {}

    def set_flags(self, flags: dict[str, Any]) -> None:
        """Set launch flags; see ``launch``."""
        self.__flags.update(flags)

    def dispatch(self) -> LocalJob:
        """Run the job and return it.

        Raises:
            LaunchException: It cannot be run.
        """
        limits = _limits_here(self.__flags)
        plan = plan_job(
            self.__ol,
            max_retries=read_max_retries(self.__flags.get("maxretries")),
            autoeat=bool(self.__flags.get("autoeat")),
        )
        session = self.__ol.get_session()
        session.get_log_path()
        paths = SessionPaths(session.get_path())
        with take_claim(paths), closing(Journal(paths)) as journal:
            journal.plan(plan, session.get_job_id())
            if self.__flags.get("pause"):
                return LocalJob(session.get_path())
            record = JobRecord(JobState(limits.fit(plan)), session.get_job_id(), os.getcwd())
            _settle(record.job, journal, self.__flags.get("settled") or {})
            return _run(record, journal, limits, self.__flags)


def resume(session_path: str, **flags: Any) -> LocalJob:
    """Go on with a job: run what has not succeeded, and only that.

    Args:
        session_path: The session folder.
        flags: As for ``launch``.

    Returns:
        The job, when nothing of it can run any more.

    Raises:
        SessionException: The folder holds no job of this backend.
        LaunchException: Another process is running the job.
    """
    limits = _limits_here(flags)
    with _taken_over(session_path, limits) as (record, journal):
        _mark(record.job, journal, choose_frames(record.job))
        return LocalJob(session_path, record) if record.job.succeeded else _run(record, journal, limits, flags)


def retry(
    session_path: str, choose: Callable[[JobState], Collection[int]], *, run: bool = True, **flags: Any
) -> LocalJob | None:
    """Let frames that are over run again, and what waits for them with them.

    Args:
        session_path: The session folder.
        choose: Gives the numbers of these frames; see ``choose_frames``.
        run: False only marks them, for a later ``resume``.
        flags: As for ``launch``.

    Returns:
        The job, when nothing of it can run any more; None when no frames were chosen.

    Raises:
        SessionException: The folder holds no job of this backend.
        LaunchException: Another process is running the job.
    """
    limits = _limits_here(flags)
    with _taken_over(session_path, limits) as (record, journal):
        chosen = choose(record.job)
        if not chosen:
            return None
        _mark(record.job, journal, chosen)
        return _run(record, journal, limits, flags) if run else LocalJob(session_path, record)


def choose_frames(
    job: JobState, layer: str | None = None, frames: Any = None, states: Iterable[str] = ("DEAD",)
) -> list[int]:
    """The numbers of frames that are over.

    Args:
        job: The job.
        layer: Only frames of this layer.
        frames: Only frames in this range; of a chunk, any of its frames counts.
        states: Only frames in these states, of DEAD, EATEN and SUCCEEDED.

    Raises:
        LaunchException: There is no such layer.
        FrameRangeError: The range cannot be read.
    """
    names = [one.name for one in job.plan.layers]
    if layer is not None and layer not in names:
        raise LaunchException(f"no layer {layer!r} in this job{known_names(layer, names)}")
    wanted = None if frames is None else FrameSet(frames)
    found = []
    for name in names if layer is None else [layer]:
        if not any(count and state.value in states for state, count in job.counts(name).items()):
            continue
        for ref in job.frames.refs(name):
            if job.state(ref).value in states and (wanted is None or wanted.intersection(job.frames.members(ref))):
                found.append(ref)
    return found


def _settle(job: JobState, journal: Journal, settled: Mapping[str, Mapping[str, list[int]]]) -> None:
    """Give frames that an earlier launch has run their states."""
    for layer, states in settled.items():
        for state, heads in ((FrameState(name), heads) for name, heads in states.items()):
            if heads:
                journal.settled(layer, str(FrameSet(heads)), state)
                for head in heads:
                    job.restore(job.frames.ref(layer, head), state, 0)
    if settled:
        job.settle()


@contextmanager
def _taken_over(session_path: str, limits: Limits) -> Iterator[tuple[JobRecord, Journal]]:
    """Go on with a job that has run before."""
    paths = SessionPaths(session_path)
    check_journal(paths)
    with take_claim(paths), closing(Journal(paths)) as journal:
        try:
            record = read_record(paths, None, limits.fit)
        except SessionException as error:
            journal.plan(*_plan_again(paths, error))
            record = read_record(paths, None, limits.fit)
        if not record.over:  # else whoever ran it has ended all its frames
            from .leftovers import end_leftovers

            end_leftovers(os.path.join(paths.logs, f"{record.job.plan.name}."), {"CUE_JOB_ID": record.job_id})
        for ref, end in record.found.items():
            place = record.job.frames.layer_and_number(ref)
            journal.end(*place, record.frames[ref].attempt, record.job.state(ref), end)
        yield record, journal


def _plan_again(paths: SessionPaths, error: SessionException) -> tuple[JobPlan, str]:
    """Plan and id of a job whose journal has lost them."""
    from ...loader import load_outline

    logger.warning("%s; it is made again from %s, with %s retries", error, paths.outline, read_max_retries(None))
    ol = load_outline(paths.outline)
    return plan_job(ol, max_retries=read_max_retries(None)), ol.get_session().get_job_id()


def _mark(job: JobState, journal: Journal, refs: Iterable[int]) -> None:
    """Note that frames shall run again."""
    for ref in refs:
        if job.state(ref) is FrameState.SUCCEEDED:
            # Were the launcher killed right after its start, this log would say that the new attempt had succeeded.
            put_aside(journal.paths.log(job.plan.name, job.frames.name(ref)))
        job.retry(ref)
        journal.retry(*job.frames.layer_and_number(ref))


def _run(record: JobRecord, journal: Journal, limits: Limits, flags: dict[str, Any]) -> LocalJob:
    paths = journal.paths
    runner: Runner = flags.get("runner") or spawn_runner()
    journal.save_each_second(*paths.existing_files())  # first, while the runner loads
    problem = runner.load(os.path.abspath(paths.outline), _folder_of(record))
    if problem:
        runner.close()
        raise LaunchException(f"the job cannot be loaded where its frames run: {problem}")
    fail_fast = bool(flags.get("fail_fast"))
    why = RunLoop(record, journal, runner, limits, observer=flags.get("observer"), fail_fast=fail_fast)()
    job = LocalJob(paths.folder, record)
    if why is RunEnd.INTERRUPTED:
        raise KeyboardInterrupt(job)  # no class of our own: an interpreter gives only this one the status of a signal
    return job


def _folder_of(record: JobRecord) -> str:
    """Where the frames of a job run: where it was launched, as long as that folder is there."""
    if os.path.isdir(record.cwd):
        return record.cwd
    here = os.getcwd()
    logger.warning("the job was launched in %s, which does not exist any more; its frames run in %s", record.cwd, here)
    return here


def check_flags(flags: dict[str, Any]) -> None:
    """Check the launch flags of this backend before anything is made.

    Args:
        flags: Any of ``maxretries``, ``cores`` and ``memory``.

    Raises:
        OutlineException: One cannot be used, or the folder in which frames would run is not there.
    """
    read_max_retries(flags.get("maxretries"))
    _limits_here(flags)


def _limits_here(flags: Mapping[str, Any]) -> Limits:
    """How much may run at a time, as ``limits_of`` says, where nothing else keeps frames from running here."""
    check_current_folder()
    forks_frames()
    return limits_of(flags)
