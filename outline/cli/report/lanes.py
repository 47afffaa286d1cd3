# SPDX-License-Identifier: Apache-2.0
"""Where the bars of a timeline go: attempts in lanes, times on an axis from which long idle times are cut out."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...backend.status import FrameAttempt

__all__ = ["WIDTH", "Axis", "Bar", "Lane", "Span", "Tick", "axis_of", "lay_out"]

WIDTH = 10_000
_OVERLAP_SECONDS = 0.05  # by which an attempt may seem to begin before the one before it in its slot was over
_IDLE_PART = 0.15  # of the busy time; a longer idle time is cut out
_IDLE_SECONDS = 2.0
_GAP = WIDTH // 50  # the width that is left of an idle time
_MOST_TICKS = 7
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


class Lane(NamedTuple):
    """A row of the timeline: one slot of a host."""

    host: str
    slot: int


class Bar(NamedTuple):
    """An attempt and the lane that it is drawn in."""

    attempt: FrameAttempt
    lane: int


class Span(NamedTuple):
    """A time in which something ran, and where it is on the axis."""

    start: float
    stop: float
    left: float
    right: float


class Tick(NamedTuple):
    """A time that is written below the timeline."""

    place: float
    text: str


class Axis(NamedTuple):
    """From times to places, 0 to ``WIDTH``."""

    spans: tuple[Span, ...]

    def place(self, when: float) -> float:
        """The place of a time; one within an idle time is at its end."""
        for span in self.spans:
            if when <= span.stop:
                part = max(0.0, when - span.start) / (span.stop - span.start)
                return span.left + part * (span.right - span.left)
        return float(WIDTH)

    def ticks(self) -> list[Tick]:
        """Round times of the clock here, as many as can be read."""
        busy = sum(span.stop - span.start for span in self.spans)
        step = next((step for step in _STEPS if busy / step <= _MOST_TICKS), float(_STEPS[-1]))
        while busy / step > _MOST_TICKS:
            step *= 2
        form = "%H:%M:%S" if step < 60 else "%H:%M" if step < _STEPS[-1] else "%d %b"
        found: list[Tick] = []
        for span in self.spans:
            zone = time.localtime(span.start).tm_gmtoff
            first = -int(-(span.start + zone) // step)
            last = int((span.stop + zone) // step)
            for number in range(first, last + 1):
                when = number * step - zone
                found.append(Tick(self.place(when), time.strftime(form, time.localtime(when))))
        return found


def axis_of(attempts: Sequence[FrameAttempt]) -> Axis:
    """An axis that shows all attempts, which are in the order of their starts; long idle times are cut out of it."""
    busy: list[list[float]] = []
    total = sum(stop - start for start, stop in _merged(attempts, 0.0))
    for start, stop in _merged(attempts, max(_IDLE_SECONDS, _IDLE_PART * total)):
        busy.append([start, max(stop, start + 0.001)])
    width = WIDTH - _GAP * max(0, len(busy) - 1)
    if width < WIDTH / 2:  # so many that there would be more idle time than anything else
        busy, width = [[busy[0][0], busy[-1][1]]], WIDTH
    seconds = sum(stop - start for start, stop in busy)
    spans, left = [], 0.0
    for start, stop in busy:
        right = left + width * (stop - start) / seconds
        spans.append(Span(start, stop, left, right))
        left = right + _GAP
    return Axis(tuple(spans))


def _merged(attempts: Iterable[FrameAttempt], idle: float) -> list[tuple[float, float]]:
    """The times in which something ran, where shorter idle times are none."""
    found: list[tuple[float, float]] = []
    for one in attempts:
        stop = one.started + one.seconds
        if found and one.started - found[-1][1] <= idle:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((one.started, stop))
    return found


def lay_out(attempts: Sequence[FrameAttempt]) -> tuple[list[Lane], list[Bar]]:
    """Put attempts, which are in the order of their starts, into as few lanes of each host as can be."""
    slots: dict[str, _Slots] = {}
    chosen = []
    for one in attempts:
        mine = slots.setdefault(one.host, _Slots())
        chosen.append((one, mine.take(one.started, one.started + one.seconds)))
    lanes: list[Lane] = []
    first: dict[str, int] = {}
    for host in sorted(slots):
        first[host] = len(lanes)
        lanes += [Lane(host, slot + 1) for slot in range(slots[host].count)]
    return lanes, [Bar(one, first[one.host] + slot) for one, slot in chosen]


class _Slots:
    """The slots of a host; the lowest one that is free is taken next."""

    def __init__(self) -> None:
        self.count = 0
        self.__busy: list[tuple[float, int]] = []
        self.__free: list[int] = []

    def take(self, start: float, stop: float) -> int:
        while self.__busy and self.__busy[0][0] <= start + _OVERLAP_SECONDS:
            heapq.heappush(self.__free, heapq.heappop(self.__busy)[1])
        if self.__free:
            slot = heapq.heappop(self.__free)
        else:
            slot, self.count = self.count, self.count + 1
        heapq.heappush(self.__busy, (stop, slot))
        return slot
