# SPDX-License-Identifier: Apache-2.0
"""Runs jobs on an OpenCue farm.

The outline goes to the server as a job spec; frames run on the farm's hosts as ``pycuerun SESSION/outline.yaml -e
FRAME``. PyCue is the client, and jobs are its job objects. It is imported when something is launched or waited for, so
a job spec can be written without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...constants import OUTLINE_MODE_SETUP
from ...exception import LaunchException
from ...logs import get_logger
from ...scheduler import FrameState
from ..status import JobStatus
from .actions import kill_whole_job
from .checks import check_job
from .client import JobPending, ServerAway, connect, farm_errors, get_opencue
from .command import build_command
from .job import asked_retries, farm_job
from .jobs import find_session_job, post_job_of, why_post_waits
from .known_names import check_known_names
from .snapshot import Outcome, PyCueJob
from .spec.document import spec_text
from .spec.values import truth
from .watch import JobTestFailed, LogObserver, watch

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher

__all__ = [
    "JOB_WAIT_PERIOD_SEC",
    "JobTestFailed",
    "build_command",
    "check_flags",
    "end_test",
    "launch",
    "serialize",
    "serialize_simple",
    "test",
    "wait",
]

logger = get_logger("outline.backend.cue")

# How often the server is asked for a job that is waited for.
JOB_WAIT_PERIOD_SEC = 5


def check_flags(flags: Mapping[str, Any]) -> None:
    """Check that a farm server answers, before anything is made.

    Args:
        flags: ``server``, as for ``launch``.

    Raises:
        LaunchException: PyCue is missing, or no server answers.
    """
    connect(flags.get("server"))


# Any: PyCue's job objects have no types.


def launch(launcher: OutlineLauncher, use_pycuerun: bool = True) -> list[Any]:
    """Launch a job on the farm.

    Args:
        launcher: Holds the outline and the flags: ``server`` (``host`` or ``host:port``, several with commas; else
            PyCue's configuration decides), ``wait`` (until the job can make no more progress by itself), ``test``
            (wait, and raise when a frame is dead or eaten), ``pause``, ``priority``, ``maxretries`` and so on.
        use_pycuerun: False sends the layers' own commands, without hooks and checks.

    Returns:
        PyCue's job objects.

    Raises:
        LaunchException: The job breaks a limit of the farm, no server answers, or it refuses the job.
        JobTestFailed: With ``test``.
    """
    jobs = _send(launcher, use_pycuerun)
    for job in jobs[:1]:  # none where something stands in for the server, as in the tests of studios
        _set_retries(launcher, job)
        if launcher.get_flag("wait"):
            wait(job)
        elif launcher.get_flag("test"):
            test(job)
    return jobs


def _send(launcher: OutlineLauncher, use_pycuerun: bool) -> list[Any]:
    opencue = get_opencue()
    is_away = False
    try:
        try:
            check_known_names(connect(launcher.get_flag("server")), launcher)
        except ServerAway:
            is_away = True  # the launch says so, unless something stands in for it, as in the tests of studios
        spec = launcher.serialize(use_pycuerun=use_pycuerun)
        with farm_errors("launch the job"):
            return list(opencue.api.launchSpecAndWait(spec))
    except JobPending as error:
        return [_launched_before(launcher, error)]
    except LaunchException as error:
        if is_away or not isinstance(error, ServerAway):  # else the job may be launched all the same
            launcher.discard_session()
        raise


def _set_retries(launcher: OutlineLauncher, job: Any) -> None:
    """Tell the server how often to try frames of a job and of its Post layers; it was launched paused for that."""
    count = asked_retries(launcher)
    if count is None:
        return
    for one in filter(None, (job if count > 1 else None, post_job_of(job))):
        with farm_errors(f"set the retries of {one.data.name} to {count}; the job is paused"):
            one.setMaxRetries(count)
    if count > 1 and truth(launcher.get_flag("pause")) == "False":
        with farm_errors(f"resume {job.data.name}"):
            job.resume()


def _launched_before(launcher: OutlineLauncher, error: JobPending) -> Any:
    """The job that is there already, if it is this one: PyCue sends a job again when it has lost the answer.

    Raises:
        JobPending: It is another one.
    """
    try:
        return find_session_job(error.name, launcher.get_outline().get_path() or "")
    except LaunchException:
        launcher.discard_session()
        raise error from None


def serialize(launcher: OutlineLauncher) -> str:
    """The job spec of a launcher's outline, whose frames run in pycuerun.

    Raises:
        LaunchException: The job breaks a limit of the farm, or a value cannot be sent to it.
    """
    return _serialize(launcher, use_pycuerun=True)


def serialize_simple(launcher: OutlineLauncher) -> str:
    """The job spec of a launcher's outline, whose frames are the layers' commands and nothing else."""
    return _serialize(launcher, use_pycuerun=False)


def _serialize(launcher: OutlineLauncher, use_pycuerun: bool) -> str:
    if launcher.get_outline().get_mode() < OUTLINE_MODE_SETUP:
        launcher.setup()  # the command of every frame names the session
    job = farm_job(launcher, use_pycuerun)
    check_job(job)
    spec = spec_text(job)
    logger.debug("job spec:\n%s", spec)
    return spec


def is_running(job_id: str, server: Any) -> bool:
    """Tell whether frames of a job run on a farm, or may; dead ones and those that wait for them do not.

    Raises:
        LaunchException: The server does not answer.
    """
    stats = [job.data.job_stats for job in _jobs_not_over(job_id, server)]
    return any(one.running_frames or one.waiting_frames for one in stats)


def end_superseded(job_id: str, server: Any, reason: str) -> None:
    """End what is left of a job whose work another one goes on with, so that it can have the same name.

    Args:
        job_id: The id of the job; one that is over, or not known, is ended already.
        server: As the flag of ``launch``.
        reason: Why, for people who look at the job.

    Raises:
        LaunchException: The server does not answer, or refuses.
    """
    for job in _jobs_not_over(job_id, server):
        logger.warning("%s is ended: %s", job.data.name, reason)
        kill_whole_job(job, reason)


def _jobs_not_over(job_id: str, server: Any) -> list[Any]:
    opencue = connect(server)
    with farm_errors("look for a job"):
        return list(opencue.api.getJobs(id=[job_id]))  # only those that are not over


def wait(job: Any) -> None:
    """Wait until a job can make no more progress by itself: all is done, frames are dead, or it was killed.

    Its Post layers, which the farm runs afterwards, are waited for too. A server that does not answer is waited for.

    Args:
        job: PyCue's job.
    """
    while job is not None:
        result = watch(PyCueJob(job.data.id), period_seconds=JOB_WAIT_PERIOD_SEC, observer=LogObserver())
        post = why_post_waits(job) if result.outcome in (Outcome.DEAD, Outcome.STUCK) else ""
        if post:
            logger.warning("%s: %s", job.data.name, post)
        job = post_job_of(job) if result.outcome is Outcome.DONE else None


def test(job: Any) -> None:
    """Let a job and its Post layers run until all has succeeded; it is killed as soon as a frame is dead or eaten.

    Args:
        job: PyCue's job.

    Raises:
        JobTestFailed: A frame is dead or eaten, or somebody has killed the job.
    """
    with farm_errors(f"resume {job.data.name}"):
        job.resume()
    while job is not None:
        result = watch(
            PyCueJob(job.data.id), period_seconds=JOB_WAIT_PERIOD_SEC, observer=LogObserver(), until_failed=True
        )
        problem = end_test(job, result.outcome, result.job)
        if problem:
            raise JobTestFailed(problem)
        job = post_job_of(job)


def end_test(job: Any, outcome: Outcome, last: JobStatus | None) -> str:
    """Why a test has failed, for which its job is killed; an empty text when all of it has succeeded."""
    counts = last.counts if last is not None else dict.fromkeys(FrameState, 0)
    dead, eaten = counts[FrameState.DEAD], counts[FrameState.EATEN]
    if outcome is Outcome.DONE and not eaten:
        return ""
    name = job.data.name
    if outcome in (Outcome.KILLED, Outcome.LOST):
        words = "was killed" if outcome is Outcome.KILLED else "is not known to the farm any more"
        return f"the test of job {name} failed: it {words}"
    frames = f"{dead} dead and {eaten} eaten frames"
    if outcome is not Outcome.DONE:
        kill_whole_job(job, f"its test failed: {frames}")
    return f"the test of job {name} failed: {frames}"
