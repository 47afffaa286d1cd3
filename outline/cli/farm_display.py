# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job on the farm is waited for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from ..backend.cue.snapshot import FarmSnapshot
from ..backend.cue.watch import FarmObserver
from ..scheduler import FrameState
from .job_table import JobTable

__all__ = ["FarmDisplay", "LiveFarmDisplay", "PlainFarmDisplay", "make_farm_display"]

S = FrameState
_PAUSED = "the job is paused; cueadmin -unpause {name} lets it go on"
_EXTERNAL = "what is left waits for another job"
_HELD_UP = "nothing runs: {reason}"


def make_farm_display(quiet: bool, stream: TextIO | None = None) -> FarmDisplay:
    """Return what shows a wait: nothing, a live table on a terminal, or a line per change."""
    stream = stream or sys.stdout
    if quiet:
        return FarmDisplay()
    return LiveFarmDisplay(stream) if stream.isatty() else PlainFarmDisplay(stream)


class FarmDisplay(FarmObserver):
    """Shows nothing; made for one wait, and closed after it."""

    def sleep(self, seconds: float) -> None:
        """Wait until the server is asked again."""
        time.sleep(seconds)

    def close(self) -> None:
        """Take away what is drawn, so that other text can be printed."""


class PlainFarmDisplay(FarmDisplay):
    """Prints one line per change, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self.__stream = stream
        self.__last = ""
        self.__is_paused = False

    def counted(self, job: FarmSnapshot) -> None:
        """Print the numbers when they have changed."""
        counts = job.counts()
        line = f"[{counts[S.SUCCEEDED] + counts[S.EATEN]}/{len(job)}] {job.name}"
        shown = [f"{counts[state]} {state.value}" for state in (S.RUNNING, S.DEAD, S.EATEN) if counts[state]]
        line = ": ".join([line, ", ".join(shown)]) if shown else line
        if line != self.__last:
            self.__print(line)
        self.__last = line
        if job.is_paused and not self.__is_paused:
            self.__print(_PAUSED.format(name=job.name))
        self.__is_paused = job.is_paused

    def away(self, reason: str) -> None:
        """Print why nothing comes for a while."""
        self.__print(f"{reason.partition('; ')[0]}; waiting on")

    def back(self) -> None:
        """Print that it goes on."""
        self.__print("the farm server answers again")

    def external(self) -> None:
        """Print what the job waits for."""
        self.__print(_EXTERNAL)

    def held_up(self, reason: str) -> None:
        """Print why nothing runs."""
        if reason:
            self.__print(_HELD_UP.format(reason=reason))

    def __print(self, line: str) -> None:
        self.__stream.write(f"{line}\n")
        self.__stream.flush()


class LiveFarmDisplay(FarmDisplay):
    """A table that is redrawn in place, with a line below it for what is unusual."""

    SECONDS = 0.5

    def __init__(
        self,
        stream: TextIO,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.__stream = stream
        self.__clock = clock
        self.__sleep = sleep
        self.__live: Any = None  # rich, which is imported only when there is something to draw, is not typed here
        self.__rows: JobTable | None = None
        self.__job: FarmSnapshot | None = None
        self.__away = ""
        self.__note = ""
        self.__held_up = ""

    def counted(self, job: FarmSnapshot) -> None:
        """Draw the new numbers."""
        now = self.__clock()
        self.__job = job
        if self.__rows is None:
            self.__rows = JobTable(job.name, _by_layer(job), now)
        for layer in job.layers:
            if layer.counts[S.RUNNING] or layer.counts[S.SUCCEEDED]:
                self.__rows.layer_begins(layer.name, now)
        self.__draw()

    def away(self, reason: str) -> None:
        """Say below the table that the numbers are old."""
        self.__away = f"{reason.partition('; ')[0]}; waiting on"
        self.__draw()

    def back(self) -> None:
        """Take that away."""
        self.__away = ""

    def external(self) -> None:
        """Say below the table what the job waits for."""
        self.__note = _EXTERNAL

    def held_up(self, reason: str) -> None:
        """Say below the table why nothing runs, or take that away."""
        self.__held_up = _HELD_UP.format(reason=reason) if reason else ""

    def sleep(self, seconds: float) -> None:
        """Wait, and redraw now and then, for the times in the table."""
        end = self.__clock() + seconds
        while (left := end - self.__clock()) > 0:
            self.__sleep(min(self.SECONDS, left))
            self.__draw()

    def close(self) -> None:
        """Remove the table."""
        if self.__live is not None:
            self.__live.stop()
            self.__live = None

    def __draw(self) -> None:
        from rich.console import Console
        from rich.live import Live

        if self.__live is None:
            console = Console(file=self.__stream, highlight=False)
            self.__live = Live(self.__table(console), console=console, auto_refresh=False, transient=True)
            self.__live.start(refresh=True)
        self.__live.update(self.__table(self.__live.console), refresh=True)

    def __table(self, console: Any) -> Any:
        from rich.console import Group
        from rich.padding import Padding
        from rich.text import Text

        parts: list[Any] = []
        job = self.__job
        if job is not None and self.__rows is not None:
            height = max(3, console.size.height - 7)
            parts += self.__rows.parts(_by_layer(job), self.__clock(), console.size.width, height)
        paused = _PAUSED.format(name=job.name) if job is not None and job.is_paused else ""
        parts += [
            Text(note, style="yellow", overflow="ellipsis", no_wrap=True)
            for note in (self.__away, paused, self.__held_up, self.__note)
            if note
        ]
        return Padding(Group(*parts), (1, 0, 0, 0))


def _by_layer(job: FarmSnapshot) -> dict[str, Mapping[FrameState, int]]:
    return {layer.name: layer.counts for layer in job.layers}
