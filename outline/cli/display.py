# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job runs on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from ..backend.local.dispatch import Watcher
from ..scheduler import FrameState, JobState
from .job_table import JobTable
from .progress_rows import RunningFrames, progress_rows
from .summary import why
from .text import duration

if TYPE_CHECKING:
    from ..backend.local.dispatch import Observer, Run
    from ..frame_end import FrameEnd

__all__ = ["LiveDisplay", "PlainDisplay", "close_display", "make_display"]

S = FrameState
_STOPPING = "stopping: the running frames are asked to end; Ctrl-C again kills them at once"
_KILLING = "killing the running frames"


def make_display(quiet: bool, stream: TextIO | None = None) -> Observer:
    """Return what shows a run: nothing, a live table on a terminal, or a line per change."""
    stream = stream or sys.stdout
    if quiet:
        return Watcher()
    return LiveDisplay(stream) if stream.isatty() else PlainDisplay(stream)


def close_display(display: Observer) -> None:
    """Take a live table away, so that other text can be printed."""
    if isinstance(display, LiveDisplay):
        display.close()


class PlainDisplay(Watcher):
    """Prints one line per change, for logs and pipes; made for one run."""

    def __init__(self, stream: TextIO) -> None:
        self.__stream = stream
        self.__job: JobState | None = None
        self.__over = 0

    def begins(self, run: Run) -> None:
        """Say what is going to run."""
        self.__job = run.job
        counts = run.job.counts()
        self.__over = counts.get(S.SUCCEEDED, 0) + counts.get(S.EATEN, 0) + counts.get(S.DEAD, 0)
        left = len(run.job) - self.__over
        self.__print(f"{run.job.plan.name}: {left} of {len(run.job)} frames to run, {run.limits.cores:g} cores")

    def started(self, ref: int) -> None:
        """Print the frame."""
        assert self.__job is not None
        attempt = self.__job.tries(ref)
        self.__print(f"{self.__job.frame_name(ref)} RUNNING{f', attempt {attempt}' if attempt > 1 else ''}")

    def ended(self, ref: int, state: FrameState, end: FrameEnd) -> None:
        """Print the frame, its new state, how many are over, and why it failed."""
        assert self.__job is not None
        self.__over += state in (S.SUCCEEDED, S.EATEN, S.DEAD)
        reason = f": {why(end)}" if end.status else ""
        self.__print(
            f"[{self.__over}/{len(self.__job)}] {self.__job.frame_name(ref)} {_state_word(state)}"
            f" {duration(end.seconds)}{reason}"
        )

    def stopping(self, hard: bool) -> None:
        """Say that frames are being ended."""
        self.__print(_KILLING if hard else _STOPPING)

    def __print(self, line: str) -> None:
        self.__stream.write(f"{line}\n")
        self.__stream.flush()


class LiveDisplay(Watcher):
    """A table that is redrawn in place, one row per layer and one for the job: bar, counts, rate, time left.

    Below it is a row for each running frame that tells how far it is.

    Made for one run and closed after it. Layers that do not fit on the terminal share a row; those that run stay.
    """

    SECONDS = 0.2

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.__stream = stream
        self.__clock = clock
        self.__live: Any = None  # rich, which is imported only when there is something to draw, is not typed here
        self.__job: JobState | None = None
        self.__rows: JobTable | None = None
        self.__next = 0.0
        self.__note = ""
        self.__running = RunningFrames()
        self.__log_path: Callable[[int], str] = str

    def begins(self, run: Run) -> None:
        """Draw the table for the first time."""
        from rich.console import Console
        from rich.live import Live

        self.__job = run.job
        self.__log_path = run.log_path
        self.__rows = JobTable(run.job.plan.name, self.__counts(), self.__clock())
        console = Console(file=self.__stream, highlight=False)
        self.__live = Live(self.__table(console), console=console, auto_refresh=False, transient=True)
        self.__live.start(refresh=True)

    def started(self, ref: int) -> None:
        """Note when a layer begins, for its rate; drawing is left to ``tick``."""
        if self.__job is not None and self.__rows is not None:
            now = self.__clock()
            self.__running.started(ref, now)
            self.__rows.layer_begins(self.__job.layer(ref).name, now)

    def ended(self, ref: int, state: FrameState, end: FrameEnd) -> None:
        """Print dead frames above the table."""
        self.__running.ended(ref)
        if state is not S.DEAD or self.__job is None or self.__live is None:
            return
        from rich.text import Text

        line = Text.assemble(("DEAD", "bold red"), f" {self.__job.frame_name(ref)}: {why(end)}")
        self.__live.console.print(line, soft_wrap=True)

    def stopping(self, hard: bool) -> None:
        """Say below the table that frames are being ended."""
        self.__note = _KILLING if hard else _STOPPING
        self.__next = 0.0

    def tick(self) -> float | None:
        """Redraw when it is time."""
        now = self.__clock()
        if now >= self.__next and self.__live is not None:
            self.__live.update(self.__table(self.__live.console), refresh=True)
            self.__next = self.__clock() + self.SECONDS
        return max(0.0, self.__next - now)

    def close(self) -> None:
        """Remove the table."""
        if self.__live is not None:
            self.__live.stop()
            self.__live = None

    # -- drawing -----------------------------------------------------------------------------------------------

    def __table(self, console: Any) -> Any:
        from rich.console import Group
        from rich.padding import Padding
        from rich.text import Text

        assert self.__job is not None
        assert self.__rows is not None
        now = self.__clock()
        found = [(self.__job.frame_name(ref), told) for ref, told in self.__running.look(now, self.__log_path)]
        below = progress_rows(found, console.size.width)
        height = max(3, console.size.height - 6 - (len(found) + 2 if found else 0))
        parts = [*self.__rows.parts(self.__counts(), now, console.size.width, height), *below]
        if self.__note:
            parts.append(Text(self.__note, style="yellow", overflow="ellipsis", no_wrap=True))
        return Padding(Group(*parts), (1, 0, 0, 0))

    def __counts(self) -> dict[str, dict[FrameState, int]]:
        assert self.__job is not None
        return {layer.name: self.__job.counts(layer.name) for layer in self.__job.plan.layers}


def _state_word(state: FrameState) -> str:
    return "failed, is tried again," if state in (S.WAITING, S.DEPEND) else state.value
