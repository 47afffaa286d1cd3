# SPDX-License-Identifier: Apache-2.0
"""Launches to a farm, and waits for the job in front of a person: a display, a summary, an exit code."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from .. import config
from ..backend.cue import JOB_WAIT_PERIOD_SEC, end_test
from ..backend.cue.client import farm_errors
from ..backend.cue.jobs import post_job_of, why_post_waits
from ..backend.cue.snapshot import Outcome, PyCueJob, frames_of, layers_of
from ..backend.cue.status import frame_status
from ..backend.cue.watch import FarmObserver, FarmResult, watch
from ..backend.status import JobStatus
from ..exception import OutlineException
from ..scheduler import FrameState
from .display import Display
from .ending import EXIT_DEAD, EXIT_INTERRUPTED, EXIT_KILLED
from .running import make_display
from .summary import summary
from .text import quoted, server_option

if TYPE_CHECKING:
    from types import SimpleNamespace

    from ..loader import Outline
    from .launch_tool import PyCuerun

__all__ = ["WaitObserver", "follow_jobs", "launch_on_farm"]

S = FrameState
_MOST_DEAD = 500
_WORDS = {
    Outcome.DONE: "FINISHED",
    Outcome.DEAD: "FAILED",
    Outcome.STUCK: "STUCK",
    Outcome.KILLED: "KILLED",
    Outcome.LOST: "LOST",
}
_EXIT_CODES = {
    Outcome.DONE: 0,
    Outcome.DEAD: EXIT_DEAD,
    Outcome.STUCK: EXIT_DEAD,
    Outcome.KILLED: EXIT_KILLED,
    Outcome.LOST: EXIT_KILLED,
}


def launch_on_farm(tool: PyCuerun, options: SimpleNamespace, args: dict[str, Any], load: Callable[[], Outline]) -> int:
    """Launch the outline of a command line to the farm, wait if that is asked for, and return the exit code.

    Args:
        tool: Tells plug-ins of the launch.
        options: The command line.
        args: The flags of the launch.
        load: Returns the outline.

    Raises:
        OutlineException: The job cannot be launched.
    """
    from ..backend.cue import check_flags
    from ..script import noted_jobs

    config.set("outline", "backend", "cue")  # also for what the script launches by itself
    if not options.script or os.path.isfile(options.script):
        _find_server(lambda: check_flags(args), load)  # before the script runs, which may take its time
    with noted_jobs() as launched:
        ol = load()
    if launched and not ol.get_layers():
        jobs = list(launched)
    else:
        if options.qc:
            from ..modules.qc import WaitForArtist

            WaitForArtist.hold(ol, str(args.get("server") or os.environ.get("CUEBOT_HOSTS") or ""))
        jobs = tool.launch_outline(ol, **{**args, "wait": False, "test": False}) or []
    if not options.quiet:
        for job in jobs:
            print(f"launched {job.data.name}", flush=True)
    if not options.wait and not options.test:
        return 0
    on_farm = [job for job in jobs if hasattr(job, "getLayers")]  # a script may also have launched jobs elsewhere
    return follow_jobs(on_farm, args.get("server"), test=options.test, quiet=options.quiet)


def _find_server(check: Callable[[], object], load: Callable[[], Outline]) -> None:
    """Check that a server answers; where none does, a mistake in the outline is told first.

    Raises:
        OutlineException: None answers, or the outline cannot be read.
    """
    from .reading import look_at

    try:
        check()
    except OutlineException:
        look_at(load)
        raise


def follow_jobs(jobs: Sequence[Any], server: Any = None, *, test: bool = False, quiet: bool = False) -> int:
    """Wait for jobs under a display, each with its Post layers, print how each ended, and return the worst exit code.

    Args:
        jobs: PyCue's jobs.
        server: The server that the command line named, for the commands in messages.
        test: End a job as soon as a frame of it is dead or eaten.
        quiet: Print nothing, unless something failed.
    """
    if test:
        for job in jobs:
            with farm_errors(f"resume {job.data.name}"):
                job.resume()
    worst = 0
    waiting = list(jobs)
    while waiting:
        job = waiting.pop(0)
        begun = time.monotonic()
        try:
            with _signals_interrupt() as check_signals, closing(make_display(quiet)) as display:
                result = _watch(job, display, test, check_signals)
                post = post_job_of(job) if result.outcome is Outcome.DONE else None
        except KeyboardInterrupt:
            print(_farewell(job.data.name, server), file=sys.stderr)
            return EXIT_INTERRUPTED
        waiting[:0] = [post] if post else []
        worst = max(worst, _report(job, result, time.monotonic() - begun, server, test=test, quiet=quiet))
    return worst


@contextmanager
def _signals_interrupt() -> Iterator[Callable[[], None]]:
    """Let TERM and HUP do what Ctrl-C does: end the wait, and say what can be done with the job.

    Yields:
        Raises KeyboardInterrupt when a signal came at a moment in which Python raises nothing, such as in a destructor.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    came: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        came.append(number)
        if len(came) == 1:  # whoever sends a second one is being obeyed already
            raise KeyboardInterrupt

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield check
    finally:
        for number, handler in () if came else before.items():  # this process ends, and must not be disturbed
            signal.signal(number, handler)


def _report(job: Any, result: FarmResult, seconds: float, server: Any, *, test: bool, quiet: bool) -> int:
    """Print how a job ended, end it if it failed a test, and return the exit code."""
    problem = end_test(job, result.outcome, result.job) if test else ""
    code = _EXIT_CODES[result.outcome] or (EXIT_DEAD if problem else 0)
    if not quiet or code:
        lines = _summary(job, result, seconds)
        lines += [] if problem else _next_steps(job, result.outcome, server)
        print("\n".join(lines).rstrip("\n"), file=sys.stderr if quiet else sys.stdout)
    if problem:
        print(f"pycuerun: {problem}", file=sys.stderr)
    return code


def _watch(job: Any, display: Display, test: bool, check_signals: Callable[[], None]) -> FarmResult:
    observer = WaitObserver(display)

    def sleep(seconds: float) -> None:
        check_signals()
        observer.sleep(seconds)

    return watch(
        PyCueJob(job.data.id),
        period_seconds=JOB_WAIT_PERIOD_SEC,
        observer=observer,
        until_failed=test,
        sleep=sleep,
    )


def _farewell(name: str, server: Any) -> str:
    """What to do with a job that runs on when nobody waits for it any more."""
    ours = server_option(server)
    return (
        "\ninterrupted; the job runs on:"
        f"\n  look at it  outline status {quoted(name)}{ours}"
        f"\n  end it      outline kill {quoted(name)}{ours}"
    )


def _paused(job: JobStatus) -> str:
    from ..modules.qc import QC_LAYER

    if job.state != "PAUSED":
        return ""
    if any(layer.name == QC_LAYER and layer.counts.get(S.WAITING) for layer in job.layers):
        return f"the job waits for the artist; outline eat {job.name} --layer {QC_LAYER} lets it finish"
    return f"the job is paused; cueadmin -unpause {job.name} lets it go on"


class WaitObserver(FarmObserver):
    """Tells a display what a wait for a job on a farm sees."""

    def __init__(
        self,
        display: Display,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.__display = display
        self.__clock = clock
        self.__sleep = sleep
        self.__last = ""

    def counted(self, job: JobStatus) -> None:
        """Show the numbers."""
        counts = job.counts
        shown = [f"{counts[state]} {state.value}" for state in (S.RUNNING, S.DEAD, S.EATEN) if counts[state]]
        line = f"[{job.done}/{job.total}] {job.name}{': ' if shown else ''}{', '.join(shown)}"
        if line != self.__last:
            self.__display.event(line)
        self.__last = line
        self.__display.note("paused", _paused(job))
        self.__display.draw(job)

    def away(self, reason: str) -> None:
        """Tell why nothing comes for a while."""
        self.__display.note("away", f"{reason}; waiting on")
        self.__display.redraw()

    def back(self) -> None:
        """Tell that it goes on."""
        self.__display.note("away", "")
        self.__display.event("the farm server answers again")

    def waits(self, reason: str) -> None:
        """Tell what the job waits for, or take that back."""
        self.__display.note("waits", reason)

    def held_up(self, reason: str) -> None:
        """Tell why nothing runs, or take that back."""
        self.__display.note("held up", f"nothing runs: {reason}" if reason else "")

    def sleep(self, seconds: float) -> None:
        """Wait until the server is asked again; a live table goes on with its times."""
        end = self.__clock() + seconds
        while (left := end - self.__clock()) > 0:
            self.__sleep(min(self.__display.period_seconds or left, left))
            self.__display.redraw()


# -- how it ended ----------------------------------------------------------------------------------------------


def _summary(job: Any, result: FarmResult, seconds: float) -> list[str]:
    status = result.job or JobStatus(job.data.name, job.data.id, "", ())
    if result.outcome is not Outcome.DONE:
        with suppress(OutlineException):  # a job or server that is gone tells nothing more
            layers = {layer.data.name: layer.data for layer in layers_of(job)}
            dead = (frame_status(job, frame.data, layers) for frame in islice(frames_of(job, ["DEAD"]), _MOST_DEAD))
            status = status._replace(dead=tuple(dead))
    return summary(status, seconds, word=_WORDS[result.outcome])


def _next_steps(job: Any, outcome: Outcome, server: Any) -> list[str]:
    name, ours = quoted(job.data.name), server_option(server)
    if outcome in (Outcome.DEAD, Outcome.STUCK):
        post = why_post_waits(job)
        return [
            *([post] if post else []),
            f"look at it  outline status {name}{ours}",
            f"try again   outline retry {name}{' --state eaten' if outcome is Outcome.STUCK else ''}{ours}",
        ]
    if outcome is Outcome.KILLED:
        return ["somebody ended the job before its frames were done"]
    return ["the farm server does not know the job any more"] if outcome is Outcome.LOST else []
