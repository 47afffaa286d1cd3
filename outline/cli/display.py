# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job runs on this machine, and when it is over."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from ..backend.local.dispatch import Watcher
from ..backend.local.job import LocalJob
from ..scheduler import FrameState, JobState

if TYPE_CHECKING:
    from ..backend.local.dispatch import Run
    from ..backend.local.log import FrameEnd

__all__ = ["LiveDisplay", "PlainDisplay", "make_display", "summary"]

S = FrameState


def make_display(quiet: bool, stream: TextIO = sys.stdout) -> Watcher:
    """Return what shows a run: nothing, a live table on a terminal, or a line per change."""
    if quiet:
        return Watcher()
    return LiveDisplay(stream) if stream.isatty() else PlainDisplay(stream)


class PlainDisplay(Watcher):
    """Prints one line per change."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.__run: Run | None = None
        self.__over = 0

    def begins(self, run: Run) -> None:
        """Say what is going to run."""
        self.__run = run
        job = run.job
        self.__over = sum(job.counts()[state] for state in (S.SUCCEEDED, S.EATEN))
        left = len(job) - self.__over
        print(f"{job.plan.name}: {left} of {len(job)} frames to run, {run.limits.cores:g} cores", file=self.stream, flush=True)

    def started(self, ref: int) -> None:
        """Print the frame."""
        assert self.__run is not None
        attempt = self.__run.job.tries(ref)
        again = f", attempt {attempt}" if attempt > 1 else ""
        print(f"{self.__run.job.frame_name(ref)} RUNNING{again}", file=self.stream, flush=True)

    def ended(self, ref: int, state: FrameState, end: FrameEnd) -> None:
        """Print the frame, its new state, and why it failed."""
        assert self.__run is not None
        job = self.__run.job
        self.__over += state in (S.SUCCEEDED, S.EATEN, S.DEAD)
        why = f": {_why(end)}" if end.status else ""
        count = f"[{self.__over}/{len(job)}] "
        print(f"{count}{job.frame_name(ref)} {state.value} {end.seconds:.1f} s{why}", file=self.stream, flush=True)

    def stopping(self, hard: bool) -> None:
        """Say that frames are being ended."""
        print("killing the running frames" if hard else _STOPPING, file=self.stream, flush=True)


_STOPPING = "stopping: the running frames are being ended; Ctrl-C again kills them at once"


class LiveDisplay(PlainDisplay):
    """A table that is redrawn in place: per layer a bar, counts, the rate, and the time that is left."""

    SECONDS = 0.2

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.__live: Any = None  # rich is imported only when there is something to draw
        self.__next = 0.0
        self.__begun = time.monotonic()
        self.__job: JobState | None = None
        self.__done_before: dict[str, int] = {}
        self.__note = ""

    def begins(self, run: Run) -> None:
        """Draw the table for the first time."""
        from rich.console import Console
        from rich.live import Live

        self.__job = run.job
        self.__begun = time.monotonic()
        self.__done_before = {layer.name: _done(run.job.counts(layer.name)) for layer in run.job.plan.layers}
        console = Console(file=self.stream)
        self.__live = Live(self.__table(), console=console, auto_refresh=False, transient=True)
        self.__live.start()

    def started(self, ref: int) -> None:
        """Leave it to the next redraw."""

    def ended(self, ref: int, state: FrameState, end: FrameEnd) -> None:
        """Print dead frames above the table."""
        if state is S.DEAD and self.__job is not None:
            self.__live.console.print(f"[red]DEAD[/red] {self.__job.frame_name(ref)}: {_why(end)}", highlight=False)

    def stopping(self, hard: bool) -> None:
        """Say below the table that frames are being ended."""
        self.__note = "killing the running frames" if hard else _STOPPING

    def tick(self) -> float | None:
        """Redraw when it is time."""
        now = time.monotonic()
        if now >= self.__next and self.__live is not None:
            self.__live.update(self.__table(), refresh=True)
            self.__next = time.monotonic() + self.SECONDS
        return max(0.0, self.__next - now)

    def close(self) -> None:
        """Remove the table."""
        if self.__live is not None:
            self.__live.stop()
            self.__live = None

    def __table(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        assert self.__job is not None
        elapsed = max(1e-6, time.monotonic() - self.__begun)
        table = Table(title=self.__job.plan.name, caption=self.__note or None, title_justify="left", box=None, padding=(0, 1))
        for head in ("layer", "", "done", "run", "dead", "total", "rate", "left"):
            table.add_column(head, justify="left" if head in ("layer", "") else "right", no_wrap=True)
        for layer in self.__job.plan.layers:
            counts = self.__job.counts(layer.name)
            done, total = _done(counts), sum(counts.values())
            rate = (done - self.__done_before[layer.name]) / elapsed
            left = (total - done - counts[S.DEAD]) / rate if rate else None
            table.add_row(
                layer.name,
                ProgressBar(total=total or 1, completed=done, width=24),
                str(done),
                str(counts[S.RUNNING] or ""),
                f"[red]{counts[S.DEAD]}[/red]" if counts[S.DEAD] else "",
                str(total),
                _rate(rate),
                _duration(left) if left is not None and done < total else "",
            )
        return table


def _done(counts: dict[FrameState, int]) -> int:
    return counts[S.SUCCEEDED] + counts[S.EATEN]


def _rate(per_second: float) -> str:
    if not per_second:
        return ""
    return f"{per_second:.1f}/s" if per_second >= 1 else f"{per_second * 60:.1f}/min"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 100 else f"{minutes // 60}:{minutes % 60:02d} h"


def _why(end: FrameEnd) -> str:
    if end.reason:
        return end.reason
    return f"signal {end.signal}" if end.signal else f"exit status {end.status}"


def summary(job: LocalJob, seconds: float, tail: int = 8) -> str:
    """Return the end of a run as text: a table of layers, the dead frames with their last lines, how to go on."""
    state = job.record.job
    lines = ["", f"{job.name}  {job.state} in {_duration(seconds)}", ""]
    width = max([5, *(len(layer.name) for layer in state.plan.layers)])
    columns = (S.SUCCEEDED, S.DEAD, S.EATEN, S.DEPEND, S.WAITING)
    lines.append(f"  {'layer':<{width}}  " + "  ".join(f"{column.value.lower():>9}" for column in columns) + f"  {'total':>7}")
    for layer in state.plan.layers:
        counts = state.counts(layer.name)
        cells = "  ".join(f"{counts[column] or '-':>9}" for column in columns)
        lines.append(f"  {layer.name:<{width}}  {cells}  {sum(counts.values()):>7}")
    lines.append("")
    lines += _dead_lines(job, tail)
    lines.append(f"session  {job.path}")
    if not state.succeeded:
        lines.append(f"resume   pycuerun --resume {_quoted(job.path)}")
    return "\n".join(lines)


_SHOWN = 5


def _dead_lines(job: LocalJob, tail: int) -> list[str]:
    lines = []
    dead = job.dead_frames()
    for frame in dead[:_SHOWN]:
        end = frame.record.end
        attempts = f"{frame.record.attempt} attempts" if frame.record.attempt > 1 else "1 attempt"
        lines.append(f"DEAD {frame.name} after {attempts}: {_why(end) if end else 'unknown'}")
        lines += [f"    | {line}" for line in frame.last_lines(tail)]
        lines.append(f"    log     {frame.log}")
        lines.append(f"    run it  pycuerun {_quoted(job.path + '/outline.yaml')} -e {frame.name}")
        lines.append("")
    if len(dead) > _SHOWN:
        lines += [f"and {len(dead) - _SHOWN} more dead frames: outline status {_quoted(job.path)}", ""]
    return lines


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
