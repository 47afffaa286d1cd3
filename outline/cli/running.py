# SPDX-License-Identifier: Apache-2.0
"""Runs a job of the local backend in front of a person: a display while it runs, a summary, an exit code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from .. import config
from ..exception import ScriptException
from .ending import EXIT_DEAD, EXIT_INTERRUPTED, wait_for_no_thread
from .streams import why_output_is_lost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..backend.local import LocalJob
    from ..backend.local.observer import Observer
    from ..backend.local.runner import Runner
    from ..loader import Outline
    from .display import Display

__all__ = ["early_runner", "load_and_show_jobs", "make_display", "show_run"]

_DUMB = ("", "dumb", "unknown")


@contextmanager
def early_runner() -> Iterator[Runner | None]:
    """Fork the process that will run frames while this one is still clean of the user's code; None: not possible."""
    from ..backend.local.interpreter import forks_frames
    from ..backend.local.runner import fork_runner

    runner = fork_runner() if forks_frames() else None
    try:
        yield runner
    finally:
        if runner is not None:
            runner.close()


def load_and_show_jobs(load: Callable[[], Outline], backend: str, *, quiet: bool) -> tuple[Outline | None, int]:
    """Read an outline to run it from this process; the jobs that a script launches by itself run under a display.

    Returns:
        The outline, or None when the script has launched all that it has; and the worst exit code of those jobs.
    """
    from ..backend.local import LocalFrameError
    from ..script import noted_jobs

    config.set("outline", "backend", backend)  # for what the script launches
    codes = [0]

    def show(launcher: Any, launch: Callable[[], list[Any]]) -> list[Any]:
        if launcher.get("backend") != backend:
            return launch()
        jobs: list[Any] = []

        def run(observer: Observer) -> LocalJob:
            launcher.set_flag("observer", observer)
            jobs.extend(launch())
            return jobs[0]  # type: ignore[no-any-return]  # a list of LocalJob

        codes.append(show_run(run, quiet=quiet, paused=bool(launcher.get_flag("pause"))))
        if codes[-1] == EXIT_INTERRUPTED:
            raise KeyboardInterrupt
        return jobs

    try:
        with noted_jobs(show) as jobs:
            ol = load()
    except ScriptException as error:
        if not isinstance(error.__cause__, LocalFrameError):
            raise
        print(f"pycuerun: {error}", file=sys.stderr)
        return None, EXIT_DEAD
    return None if jobs and not ol.get_layers() else ol, max(codes)


def make_display(quiet: bool, stream: TextIO | None = None) -> Display:
    """Choose a display: nothing, a live table on a terminal, or a line per change."""
    from .display import Display, PlainDisplay

    stream = stream or sys.stdout
    if quiet:
        return Display()
    if stream.isatty() and os.environ.get("TERM", "") not in _DUMB:
        from .live import LiveDisplay  # imports rich

        return LiveDisplay(stream)
    return PlainDisplay(stream)


def show_run(run: Callable[[Observer], LocalJob | None], *, quiet: bool, paused: bool = False) -> int:
    """Run a job under a display, print its summary, and return the exit code.

    Args:
        run: Runs the job and returns it, None when there is nothing to run; gets what shows it.
        quiet: Print nothing, unless something failed.
        paused: The job is only prepared, and has not to succeed.
    """
    begun = time.monotonic()
    wait_for_no_thread()
    display = make_display(quiet)
    try:
        job, is_interrupted = run(_observer(display, quiet)), False
    except KeyboardInterrupt as stop:
        if not stop.args:
            raise
        job, is_interrupted = stop.args[0], True
    finally:
        display.close()
    if job is None:
        return 0
    is_fine = paused or job.record.job.succeeded
    if not (quiet and is_fine):
        _print_summary(_summary(job, time.monotonic() - begun), is_fine, quiet)
    return EXIT_INTERRUPTED if is_interrupted else 0 if is_fine else EXIT_DEAD


def _observer(display: Display, quiet: bool) -> Observer:
    from ..backend.local.observer import Observer

    if quiet:
        return Observer()
    from .run_observer import RunObserver  # slow to import

    return RunObserver(display)


def _summary(job: LocalJob, seconds: float) -> str:
    from ..backend.local.status import job_status
    from .summary import is_stuck, summary
    from .text import quoted

    status = job_status(job)
    lines, path = summary(status, seconds), quoted(job.path)
    if job.record.reason:
        lines.append(f"stopped  a disk is full: {job.record.reason}")
    lines.append(f"session  {job.path}")
    if not job.record.job.succeeded:
        go_on = f"outline retry {path} --state eaten" if is_stuck(status) else f"pycuerun --resume {path}"
        lines.append(f"go on    {go_on}")
    return "\n".join(lines)


def _print_summary(text: str, is_fine: bool, quiet: bool) -> None:
    """Print it; of a quiet run, and where nobody sees the output, only that of a job that failed, as an error."""
    if not quiet:
        print(text, flush=True)
    if not is_fine and (quiet or why_output_is_lost()):
        print(text, file=sys.stderr)
