# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job runs on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from ..backend.local.dispatch import Watcher
from ..scheduler import FrameState, JobState
from .progress_rows import RunningFrames, progress_rows
from .summary import why
from .text import duration, rate, shorten_middle

if TYPE_CHECKING:
    from ..backend.local.dispatch import Observer, Run
    from ..backend.local.log import FrameEnd

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


class _Row(NamedTuple):
    """What the live table shows of a layer, or of several."""

    name: str
    done: int
    running: int
    dead: int
    total: int
    per_second: float

    @property
    def left(self) -> int:
        return self.total - self.done - self.dead

    @property
    def seconds_left(self) -> float | None:
        return self.left / self.per_second if self.per_second and self.left else None


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
        self.__begun = 0.0
        self.__next = 0.0
        self.__done_before: dict[str, int] = {}
        self.__first_start: dict[str, float] = {}
        self.__note = ""
        self.__running = RunningFrames()
        self.__log_path: Callable[[int], str] = str

    def begins(self, run: Run) -> None:
        """Draw the table for the first time."""
        from rich.console import Console
        from rich.live import Live

        self.__job = run.job
        self.__log_path = run.log_path
        self.__begun = self.__clock()
        self.__done_before = {layer.name: _done(run.job.counts(layer.name)) for layer in run.job.plan.layers}
        console = Console(file=self.__stream, highlight=False)
        self.__live = Live(self.__table(console), console=console, auto_refresh=False, transient=True)
        self.__live.start(refresh=True)

    def started(self, ref: int) -> None:
        """Note when a layer begins, for its rate; drawing is left to ``tick``."""
        if self.__job is not None:
            now = self.__clock()
            self.__running.started(ref, now)
            self.__first_start.setdefault(self.__job.layer(ref).name, now)

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
        now = self.__clock()
        rows = [self.__row(layer.name, now) for layer in self.__job.plan.layers]
        whole = _together(self.__job.plan.name, rows, now - self.__begun, sum(self.__done_before.values()))
        found = [(self.__job.frame_name(ref), told) for ref, told in self.__running.look(now, self.__log_path)]
        below = progress_rows(found, console.size.width)
        shown = _fitting(rows, max(3, console.size.height - 6 - (len(found) + 2 if found else 0)))
        parts = [self.__head(whole, now, console.size.width), _rich_table(shown, console.size.width), *below]
        if self.__note:
            parts.append(Text(self.__note, style="yellow", overflow="ellipsis", no_wrap=True))
        return Padding(Group(*parts), (1, 0, 0, 0))

    def __row(self, name: str, now: float) -> _Row:
        assert self.__job is not None
        counts = self.__job.counts(name)
        done = _done(counts)
        elapsed = max(1e-3, now - self.__first_start.get(name, now))
        per_second = (done - self.__done_before[name]) / elapsed
        return _Row(name, done, counts[S.RUNNING], counts[S.DEAD], sum(counts.values()), per_second)

    def __head(self, whole: _Row, now: float, width: int) -> Any:
        from rich.text import Text

        words = [f"{whole.done}/{whole.total} done", f"{whole.running} running"]
        if whole.dead:
            words.append(f"{whole.dead} dead")
        words.append(duration(now - self.__begun))
        if whole.seconds_left is not None:
            words.append(f"about {duration(whole.seconds_left)} left")
        facts = ", ".join(words)
        name = Text(whole.name, style="bold", no_wrap=True, overflow="ellipsis")
        name.truncate(max(10, width - len(facts) - 2), overflow="ellipsis")
        return Text.assemble(name, "  ", facts, no_wrap=True, overflow="ellipsis")


def _state_word(state: FrameState) -> str:
    return "failed, is tried again," if state in (S.WAITING, S.DEPEND) else state.value


def _done(counts: dict[FrameState, int]) -> int:
    return counts[S.SUCCEEDED] + counts[S.EATEN]


def _together(name: str, rows: list[_Row], elapsed: float, done_before: int) -> _Row:
    done = sum(row.done for row in rows)
    return _Row(
        name,
        done,
        sum(row.running for row in rows),
        sum(row.dead for row in rows),
        sum(row.total for row in rows),
        (done - done_before) / max(1e-3, elapsed),
    )


def _fitting(rows: list[_Row], height: int) -> list[_Row]:
    """Return at most so many rows: running layers stay, then those with dead frames, then those that come next."""
    if len(rows) <= height:
        return rows
    order = sorted(range(len(rows)), key=lambda place: (-_urgency(rows[place]), place))
    kept = sorted(order[: height - 1])
    others = [row for place, row in enumerate(rows) if place not in set(kept)]
    return [*(rows[place] for place in kept), _together(f"{len(others)} other layers", others, 1.0, 0)._replace(
        per_second=0.0
    )]  # fmt: skip


def _urgency(row: _Row) -> int:
    if row.running:
        return 3
    if row.dead:
        return 2
    return 1 if row.left else 0


# The columns of numbers and how wide they are, so that the table stands still while numbers grow.
_NUMBERS = {"done": 5, "run": 3, "dead": 4, "total": 5, "rate": 8, "left": 8}
_GAP = 2
_SHORTEST_BAR, _LONGEST_BAR = 10, 40
_NARROW = 64  # such a terminal has no room for rate and time left


def _rich_table(rows: list[_Row], width: int) -> Any:
    from rich.table import Table

    numbers = dict(list(_NUMBERS.items())[: 4 if width < _NARROW else None])
    room = width - sum(numbers.values()) - _GAP * (len(numbers) + 2)
    names = min(max(len(row.name) for row in rows), max(12, room - _SHORTEST_BAR))
    bar = min(_LONGEST_BAR, room - names)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False)
    table.add_column("layer", no_wrap=True, width=max(5, names), header_style="dim")
    if bar > 0:
        table.add_column("", width=bar)
    for head, column in numbers.items():
        table.add_column(head, justify="right", no_wrap=True, width=column, header_style="dim")
    for row in rows:
        cells = _cells(row, names)
        shown = [*cells[: 2 if bar > 0 else 1], *cells[2 : 2 + len(numbers)]]
        table.add_row(*shown, style="" if row.left or row.dead else "dim")
    return table


def _cells(row: _Row, names: int) -> list[Any]:
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    style = "red" if row.dead else "bar.complete"
    return [
        Text(shorten_middle(row.name, names)),
        ProgressBar(total=row.total, completed=row.done, complete_style=style, finished_style="green"),
        Text(str(row.done)),
        Text(str(row.running or "")),
        Text(str(row.dead or ""), style="bold red"),
        Text(str(row.total)),
        Text(rate(row.per_second) if row.left else ""),
        Text("" if row.seconds_left is None else duration(row.seconds_left)),
    ]
