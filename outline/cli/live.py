# SPDX-License-Identifier: Apache-2.0
"""The live table on a terminal: a line for the job, a row for each layer, a row for each frame that runs a while.

This is the one module that imports rich; it is imported when there is something to draw.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, Group, RenderableType
from rich.control import Control
from rich.file_proxy import FileProxy
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segment
from rich.table import Table
from rich.text import Text

from ..scheduler import FrameState
from .display import Display
from .text import duration, progress_words, rate, shorten, shorten_middle

if TYPE_CHECKING:
    from ..backend.status import FrameStatus, JobStatus, LayerStatus

__all__ = ["JobTable", "LiveDisplay"]

S = FrameState
_MOST_FRAMES = 8
_DEAD_KEPT = 5
_NARROW = 64  # such a terminal has no room for rate and time left
# The columns of numbers and how wide they are, so that the table stands still while numbers grow.
_NUMBERS = {"done": 5, "run": 3, "dead": 4, "total": 5, "rate": 8, "left": 8}
_GAP = 2
_SHORTEST_BAR, _LONGEST_BAR = 10, 40
_SECONDS, _PERCENT = 8, 5


class LiveDisplay(Display):
    """Draws the table anew over itself; whatever else is printed meanwhile goes above it.

    A terminal that is resized wraps and moves what it shows, and some do so before they tell the new size. Nobody can
    know then where the table is, so that all that is visible is erased, and the table begins anew at the top. What a
    terminal such as tmux has moved into its scrollback by then stays there, since no program can reach it.
    """

    period_seconds = 0.2

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.__console = Console(file=stream, highlight=False)
        self.__clock = clock
        self.__job: JobStatus | None = None
        self.__table: JobTable | None = None
        self.__notes: dict[str, str] = {}
        self.__rows = 0
        self.__size: tuple[int, int] | None = None
        self.__dead: deque[Text] = deque(maxlen=_DEAD_KEPT)
        self.__is_open = False
        self.__streams: tuple[Any, Any] | None = None  # whatever sys.stdout and sys.stderr were

    def draw(self, job: JobStatus) -> None:
        """Draw the table with new numbers."""
        self.__job = job
        if self.__table is None:
            self.__table = JobTable(job, self.__clock())
        self.redraw()

    def redraw(self) -> None:
        """Draw the table again."""
        if not self.__is_open:
            self.__open()
        self.__console.print(Control())

    def dead(self, name: str, reason: str) -> None:
        """Print the frame above the table."""
        line = Text.assemble(("DEAD", "bold red"), f" {name}: {reason}")
        self.__console.print(line, soft_wrap=True)
        self.__dead.append(line)

    def note(self, topic: str, text: str) -> None:
        """Show the text below the table for as long as it holds."""
        self.__notes[topic] = text

    def close(self) -> None:
        """Take the table away."""
        if self.__is_open:
            self.__is_open = False
            self.__console.pop_render_hook()
            self.__console.print(self.__erase())
            self.__console.show_cursor(True)
            if self.__streams is not None:
                sys.stdout, sys.stderr = self.__streams

    # -- what rich calls -----------------------------------------------------------------------------------------

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Put the table below whatever is printed."""
        size = (self.__console.width, self.__console.height)
        if self.__size not in (None, size):
            renderables = [_erase_screen(size[1]), *self.__dead, *renderables]
        else:
            renderables = [self.__erase(), *renderables]
        self.__size = size
        return [*renderables, self]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Draw the table, and note how many rows it has."""
        lines = console.render_lines(self.__content(console), options, pad=False)[: max(1, console.height - 1)]
        self.__rows = len(lines)
        for number, line in enumerate(lines):
            yield from [Segment.line()] * bool(number)
            yield from line

    def __open(self) -> None:
        self.__is_open = True
        if self.__console.file is sys.stdout:
            self.__streams = (sys.stdout, sys.stderr)
            sys.stdout = FileProxy(self.__console, sys.stdout)
            if sys.stderr.isatty():
                sys.stderr = FileProxy(self.__console, sys.stderr)
        self.__console.show_cursor(False)
        self.__console.push_render_hook(self)  # type: ignore[arg-type]  # it needs no more than the method

    def __erase(self) -> Control:
        """Go to where the table begins, and remove it."""
        up = [(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * (self.__rows - 1)
        self.__rows = 0
        return Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), *up)

    def __content(self, console: Console) -> RenderableType:
        notes = [
            Text(note, style="yellow", no_wrap=True, overflow="ellipsis") for note in self.__notes.values() if note
        ]
        if self.__job is None or self.__table is None:
            return Group(Text(""), *notes)
        frames = _frame_rows(self.__job.running, console.width)
        height = max(
            3, console.height - 5 - len(notes) - (min(len(self.__job.running), _MOST_FRAMES) + 2) * bool(frames)
        )
        return Group(Text(""), *self.__table.parts(self.__job, self.__clock(), console.width, height), *frames, *notes)


def _erase_screen(height: int) -> Control:
    """Erase row by row: a terminal that is told to erase all at once may keep it for whoever scrolls back."""
    rows = [(ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_DOWN, 1)] * height
    return Control(ControlType.HOME, *rows, ControlType.HOME)


# -- the rows of layers -------------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """What the table shows of a layer, or of several."""

    name: str
    done: int
    running: int
    dead: int
    total: int
    can_run: bool = True
    per_second: float = 0.0

    @property
    def left(self) -> int:
        return self.total - self.done - self.dead

    @property
    def seconds_left(self) -> float | None:
        return self.left / self.per_second if self.per_second and self.left and self.can_run else None


class JobTable:
    """The rows of one job; remembers what was done before, and when each layer began, for the rates."""

    def __init__(self, job: JobStatus, now: float) -> None:
        """Take what there is when the display begins.

        Args:
            now: Seconds of any clock; later ones are of the same.
        """
        self.__begun = self.__last = now
        self.__done_before = {layer.name: layer.done for layer in job.layers}
        self.__first_start: dict[str, float] = {}

    def parts(self, job: JobStatus, now: float, width: int, height: int) -> list[RenderableType]:
        """Make the line of the job and the table of its layers.

        Args:
            now: Seconds.
            width: Columns that there are.
            height: Rows that layers may have; those that do not fit share one, those that run stay.
        """
        is_blocked = bool(job.counts[S.DEAD])
        rows = [self.__row(layer, is_blocked, now) for layer in job.layers]
        self.__last = now
        done = sum(row.done for row in rows) - sum(self.__done_before.values())
        per_second = done / max(1e-3, now - self.__begun)
        left = sum(row.left for row in rows) if all(row.can_run for row in rows if row.left) else 0
        return [
            _head(_together(job.name, rows), now - self.__begun, left / per_second if per_second else 0.0, width),
            _rich_table(_fitting(rows, height), width),
        ]

    def __row(self, layer: LayerStatus, is_blocked: bool, now: float) -> _Row:
        running, before = layer.counts.get(S.RUNNING, 0), self.__done_before.get(layer.name, 0)
        if running or layer.done > before:
            self.__first_start.setdefault(layer.name, self.__last)
        elapsed = max(1e-3, now - self.__first_start.get(layer.name, now))
        # Once a frame is dead, a layer of which nothing can start waits perhaps for that frame, and for ever.
        can_run = not is_blocked or bool(running or layer.counts.get(S.WAITING, 0))
        dead = layer.counts.get(S.DEAD, 0)
        return _Row(layer.name, layer.done, running, dead, layer.total, can_run, (layer.done - before) / elapsed)


def _head(whole: _Row, seconds: float, left: float, width: int) -> Text:
    words = [f"{whole.done}/{whole.total} done", f"{whole.running} running"]
    if whole.dead:
        words.append(f"{whole.dead} dead")
    words.append(duration(seconds))
    if left:
        words.append(f"about {duration(left)} left")
    facts = ", ".join(words)
    name = shorten_middle(whole.name, max(10, width - len(facts) - 2))
    return Text.assemble((name, "bold"), "  ", facts, no_wrap=True, overflow="ellipsis")


def _together(name: str, rows: Sequence[_Row]) -> _Row:
    done, running, dead, total = (sum(numbers) for numbers in zip(*(row[1:5] for row in rows), strict=True))
    return _Row(name, done, running, dead, total)


def _fitting(rows: list[_Row], height: int) -> list[_Row]:
    """Choose so many rows: running layers stay, then those with dead frames, then those that come next."""
    if len(rows) <= height:
        return rows
    order = sorted(range(len(rows)), key=lambda place: (-_urgency(rows[place]), place))
    kept = set(order[: height - 1])
    others = [row for place, row in enumerate(rows) if place not in kept]
    return [*(rows[place] for place in sorted(kept)), _together(f"{len(others)} other layers", others)]


def _urgency(row: _Row) -> int:
    if row.running:
        return 3
    if row.dead:
        return 2
    return 1 if row.left else 0


def _rich_table(rows: list[_Row], width: int) -> Table:
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
        cells = _numbers(row)[: len(numbers)]
        bars = [_bar(row.total, row.done, is_bad=bool(row.dead))] * (bar > 0)
        table.add_row(Text(shorten_middle(row.name, names)), *bars, *cells, style="" if row.left or row.dead else "dim")
    return table


def _bar(total: float, done: float, *, is_bad: bool = False) -> ProgressBar:
    style = "red" if is_bad else "cyan"
    return ProgressBar(total=total, completed=done, complete_style=style, finished_style="red" if is_bad else "green")


def _numbers(row: _Row) -> list[Text]:
    return [
        Text(str(row.done)),
        Text(str(row.running or "")),
        Text(str(row.dead or ""), style="bold red"),
        Text(str(row.total)),
        Text(rate(row.per_second) if row.left and row.can_run else ""),
        Text("" if row.seconds_left is None else duration(row.seconds_left)),
    ]


# -- the rows of frames -------------------------------------------------------------------------------------------


def _frame_rows(running: Sequence[FrameStatus], width: int) -> list[RenderableType]:
    """Make a row for each of some running frames, and say how many more there are."""
    if not running:
        return []
    shown, more = running[:_MOST_FRAMES], len(running) - _MOST_FRAMES
    names = min(max(len(frame.name) for frame in shown), max(12, width // 3))
    columns = [names, _SECONDS]
    if any(frame.progress and frame.progress.percent is not None for frame in shown):
        columns += [20 if width > 100 else 12 if width >= _NARROW else 8, _PERCENT]
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=False)
    for number, column in enumerate(columns):
        table.add_column(no_wrap=True, width=column, justify="right" if number % 2 else "left")
    rest = max(1, width - sum(columns) - _GAP * len(columns))
    table.add_column(no_wrap=True, width=rest)
    for frame in shown:
        percent = frame.progress.percent if frame.progress else None
        bar = ["", ""] if percent is None else [_bar(100, percent), Text(f"{percent:.0f} %")]
        table.add_row(
            Text(shorten(frame.name, names)),
            Text(duration(frame.seconds or 0.0), style="dim"),
            *bar[: len(columns) - 2],
            Text(shorten(progress_words(frame.progress) if frame.progress else "", rest), style="dim"),
        )
    return [Text(""), table, *([Text(f"and {more} more", style="dim")] if more > 0 else [])]
