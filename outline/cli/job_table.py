# SPDX-License-Identifier: Apache-2.0
"""The table of a job that runs: a row per layer with bar, counts, rate and time left, and a line for the whole job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..scheduler import FrameState
from .text import duration, rate, shorten_middle

__all__ = ["JobTable"]

S = FrameState
Counts = Mapping[str, Mapping[FrameState, int]]


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


class JobTable:
    """The rows of one run; it remembers what was done before, and when each layer began, for the rates."""

    def __init__(self, name: str, counts: Counts, now: float) -> None:
        """Take what there is when the run begins.

        Args:
            name: The job's name.
            counts: The states of the frames, by layer.
            now: Seconds of any clock; later ones are of the same.
        """
        self.__name = name
        self.__begun = now
        self.__done_before = {layer: _done(states) for layer, states in counts.items()}
        self.__first_start: dict[str, float] = {}

    def layer_begins(self, layer: str, now: float) -> None:
        """Note when the first frame of a layer starts."""
        self.__first_start.setdefault(layer, now)

    # Any: what rich draws is not typed here, since rich is imported only when there is something to draw.
    def parts(self, counts: Counts, now: float, width: int, height: int) -> list[Any]:
        """Return the line of the job and the table of its layers, for rich to draw.

        Args:
            counts: The states of the frames, by layer, in the order of the rows.
            now: Seconds.
            width: Columns that there are.
            height: Rows that layers may have; those that do not fit share one, those that run stay.
        """
        rows = [self.__row(layer, states, now) for layer, states in counts.items()]
        whole = _together(self.__name, rows, now - self.__begun, sum(self.__done_before.values()))
        return [self.__head(whole, now, width), _rich_table(_fitting(rows, height), width)]

    def __row(self, name: str, counts: Mapping[FrameState, int], now: float) -> _Row:
        done = _done(counts)
        elapsed = max(1e-3, now - self.__first_start.get(name, now))
        per_second = (done - self.__done_before.get(name, 0)) / elapsed
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


def _done(counts: Mapping[FrameState, int]) -> int:
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
