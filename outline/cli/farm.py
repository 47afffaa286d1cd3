# SPDX-License-Identifier: Apache-2.0
"""Launches to a farm, and waits for the job in front of a person: a display, a summary, an exit code."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from .. import config
from ..backend.cue import JOB_WAIT_PERIOD_SEC, end_test
from ..backend.cue.client import farm_errors
from ..backend.cue.jobs import log_path, post_job_of
from ..backend.cue.logs import last_lines
from ..backend.cue.snapshot import Outcome, PyCueJob, frames_of
from ..backend.cue.watch import FarmResult, watch
from ..exception import OutlineException
from . import EXIT_DEAD, EXIT_INTERRUPTED, EXIT_KILLED
from .farm_display import FarmDisplay, make_farm_display
from .summary import state_table
from .text import duration, plural, quoted, server_option

if TYPE_CHECKING:
    from types import SimpleNamespace

    from ..loader import Outline
    from .pycuerun import PyCuerun

__all__ = ["exit_reason", "follow_jobs", "launch_on_farm"]

_SHOWN_DEAD = 5
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
# What the numbers that stand for an exit status on a farm mean.
_REASONS = {
    33: "out of memory",
    137: "killed, perhaps out of memory",
    256: "its host could not start it",
    286: "its host was taken back",
    287: "its log grew too large",
    299: "its host could not start it",
    301: "its host went away",
    302: "it could not be killed",
    399: "its host is down",
}


def launch_on_farm(tool: PyCuerun, options: SimpleNamespace, args: dict[str, Any]) -> int:
    """Launch the outline of a command line to the farm, wait if that is asked for, and return the exit code.

    Args:
        tool: Tells plug-ins of the launch.
        options: The command line.
        args: The flags of the launch.

    Raises:
        OutlineException: The job cannot be launched.
    """
    from ..backend.cue import check_flags
    from ..loader import load_outline
    from ..script import noted_jobs

    config.set("outline", "backend", "cue")  # also for what the script launches by itself
    if os.path.isfile(options.script):
        check_flags(args)  # before the script runs, which may take its time
    with noted_jobs() as launched:
        ol = load_outline(options.script)
    if launched and not ol.get_layers():
        jobs = list(launched)
    else:
        if options.qc:
            _add_qc_layer(ol, args)
        jobs = tool.launch_outline(ol, **{**args, "wait": False, "test": False}) or []
    if not options.quiet:
        for job in jobs:
            print(f"launched {job.data.name}", flush=True)
    if not options.wait and not options.test:
        return 0
    on_farm = [job for job in jobs if hasattr(job, "getLayers")]  # a script may also have launched jobs elsewhere
    return follow_jobs(on_farm, args.get("server"), test=options.test, quiet=options.quiet)


def _add_qc_layer(ol: Outline, args: dict[str, Any]) -> None:
    from ..modules.qc import WaitForArtist

    WaitForArtist.hold(ol, str(args.get("server") or os.environ.get("CUEBOT_HOSTS") or ""))


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
            with _signals_interrupt(), closing(make_farm_display(quiet)) as display:
                result = _watch(job, display, test)
                post = post_job_of(job) if result.outcome is Outcome.DONE else None
        except KeyboardInterrupt:
            print(_farewell(job.data.name, server), file=sys.stderr)
            return EXIT_INTERRUPTED
        waiting[:0] = [post] if post else []
        worst = max(worst, _report(job, result, time.monotonic() - begun, server, test=test, quiet=quiet))
    return worst


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Let TERM and HUP do what Ctrl-C does: end the wait, and say what can be done with the job."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(job: Any, result: FarmResult, seconds: float, server: Any, *, test: bool, quiet: bool) -> int:
    """Print how a job ended, end it if it failed a test, and return the exit code."""
    problem = end_test(job, result.outcome, result.job) if test else ""
    code = _EXIT_CODES[result.outcome] or (EXIT_DEAD if problem else 0)
    if not quiet or code:
        lines = _summary(job, result, seconds)
        lines += [] if problem else _next_steps(job.data.name, result.outcome, server)
        print("\n".join(lines).rstrip("\n"), file=sys.stderr if quiet else sys.stdout)
    if problem:
        print(f"pycuerun: {problem}", file=sys.stderr)
    return code


def _watch(job: Any, display: FarmDisplay, test: bool) -> FarmResult:
    return watch(
        PyCueJob(job.data.id),
        period_seconds=JOB_WAIT_PERIOD_SEC,
        observer=display,
        until_failed=test,
        sleep=display.sleep,
    )


def _farewell(name: str, server: Any) -> str:
    """Return what to do with a job that runs on when nobody waits for it any more."""
    to = f" -server {quoted(server)}" if server else ""
    ours = server_option(server)
    return (
        "\ninterrupted; the job runs on:"
        f"\n  look at it  outline status {quoted(name)}{ours}"
        f"\n              cueman{to} -lf {quoted(name)}"
        f"\n  end it      cueadmin{to} -kill {quoted(name)}"
    )


# -- how it ended ----------------------------------------------------------------------------------------------


def _summary(job: Any, result: FarmResult, seconds: float) -> list[str]:
    lines = ["", f"{job.data.name}  {_WORDS[result.outcome]} in {duration(seconds)}", ""]
    if result.job is not None:
        lines += [f"  {line}" for line in state_table({layer.name: layer.counts for layer in result.job.layers})]
        lines.append("")
    if result.outcome is not Outcome.DONE:
        with suppress(OutlineException):  # a job or server that is gone tells nothing more
            lines += _dead_lines(job)
    return lines


def _dead_lines(job: Any) -> list[str]:
    lines = []
    dead = [frame.data for frame in islice(frames_of(job, ["DEAD"]), _SHOWN_DEAD + 1)]
    for data in dead[:_SHOWN_DEAD]:
        log = log_path(job, data.name)
        lines.append(f"DEAD {data.name} after {plural(data.retry_count + 1, 'attempt')}: {exit_reason(data)}")
        lines += [f"    | {line}" for line in last_lines(log, 8)]
        lines += [f"    log  {log}", ""]
    if len(dead) > _SHOWN_DEAD:
        lines += [f"and more: outline status {quoted(job.data.name)}", ""]
    return lines


def exit_reason(data: Any) -> str:
    """Return why a frame of the farm ended as it did, in a few words."""
    status = data.exit_status
    return _REASONS.get(status, "stopped by hand" if status >= 500 else f"exit status {status}")


def _next_steps(name: str, outcome: Outcome, server: Any) -> list[str]:
    ours = server_option(server)
    if outcome in (Outcome.DEAD, Outcome.STUCK):
        return [
            f"look at it  outline status {quoted(name)}{ours}",
            f"try again   outline retry {quoted(name)}{ours}",
        ]
    if outcome is Outcome.KILLED:
        return ["somebody has ended the job before its frames were done"]
    return ["the farm server does not know the job any more"] if outcome is Outcome.LOST else []
