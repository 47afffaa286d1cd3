# SPDX-License-Identifier: Apache-2.0
"""Finds frames of a job: by name, layer, number, state, memory, duration and change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from outline.frames import FrameRangeError, FrameSet

from .errors import CannotDo

if TYPE_CHECKING:
    from .farm import Farm
    from .jobs import Job

__all__ = ["FrameSearch", "changed_frames", "find_frames", "page_of"]

MAX_PAGE = 1000
_SPAN = re.compile(r"(\d+)-(\d+)\Z")
_NUMBERS = re.compile(r"([\d.]+)(?:-([\d.]+))?\Z")
_KB_OF_GB, _SECONDS_OF_HOUR = 1048576, 3600

Test = Callable[[int], bool]


class FrameSearch(NamedTuple):
    """What frames must be like; an empty field asks for nothing.

    Attributes:
        ids: One of these ids.
        names: One of these names, like ``0012-beauty``.
        layers: In a layer of one of these names.
        states: In one of these states.
        frames: Of one of these numbers: ``12``, ``1-10`` or any range.
        memory: Used at most so many GB so far, ``2-4``, or at least so many, ``2``.
        duration: Ran for so many hours, likewise.
        changed_since: Changed after that time, in seconds since the epoch.
    """

    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    layers: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    frames: str = ""
    memory: str = ""
    duration: str = ""
    changed_since: int = 0


def find_frames(farm: Farm, job: Job, search: FrameSearch) -> Iterator[int]:
    """Return the frames that match, in the order in which they start: first frames of all layers, then second ones.

    Raises:
        CannotDo: A range or a number cannot be read.
    """
    tests = _tests(farm, job, search)
    refs = _in_order(job, search.layers)
    return (ref for ref in refs if all(test(ref) for test in tests)) if tests else refs


def page_of(refs: Iterable[int], page: int, limit: int, offset: int = 0) -> list[int]:
    """Return a part of what was found.

    Args:
        refs: The frames.
        page: Its number, from 1 on.
        limit: Frames of a page; 0 and below, and more than 1000, stand for 1000.
        offset: How many to leave out before the first page.
    """
    size = limit if 0 < limit <= MAX_PAGE else MAX_PAGE
    begin = max(0, offset) + (max(1, page) - 1) * size
    return list(islice(refs, begin, begin + size))


def changed_frames(farm: Farm, job: Job, since: float) -> list[int]:
    """Return the frames that have changed since a time, also those that only wait for something else now.

    What a frame waits for is worked out, not noted, so its changes are seen when somebody looks.
    """
    codes, before = job.state.state_codes(), job.codes_seen
    if codes != before:
        now = farm.now()
        for ref, code in enumerate(codes):
            if ref >= len(before) or before[ref] != code:
                job.codes_changed[ref] = now
        job.codes_seen = codes
    found = {ref for ref, changed in job.codes_changed.items() if changed >= since}
    found.update(ref for ref, facts in job.frames.items() if facts.updated >= since)
    found.update(job.running)
    return sorted(found)


# -- order -----------------------------------------------------------------------------------------------------


def _in_order(job: Job, names: frozenset[str]) -> Iterator[int]:
    orders = [job.state.order(layer.name) for layer in job.layers if not names or layer.name in names]
    if len(orders) == 1:
        yield from orders[0]
        return
    for place in range(max(map(len, orders), default=0)):
        for order in orders:
            if place < len(order):
                yield order[place]


# -- tests -----------------------------------------------------------------------------------------------------


def _tests(farm: Farm, job: Job, search: FrameSearch) -> list[Test]:
    state = job.state
    tests: list[Test] = []
    if search.ids:
        tests.append(lambda ref: job.frame_id(ref) in search.ids)
    if search.names:
        tests.append(lambda ref: state.frame_name(ref) in search.names)
    if search.states:
        tests.append(lambda ref: state.state(ref).value in search.states)
    if search.frames:
        has = _number_test(search.frames)
        tests.append(lambda ref: has(state.number(ref)))
    if search.memory:
        fits = _amount_test(search.memory, "memory", _KB_OF_GB)
        tests.append(lambda ref: fits(_memory(farm, job, ref)))
    if search.duration:
        tests.append(_duration_test(farm, job, search.duration))
    if search.changed_since > 0:
        changed = set(changed_frames(farm, job, search.changed_since))
        tests.append(lambda ref: ref in changed)
    return tests


def _number_test(text: str) -> Test:
    span = _SPAN.match(text.strip())
    if span:
        first, last = sorted(map(int, span.groups()))
        return lambda number: first <= number <= last
    try:
        return FrameSet(text).__contains__  # never spelled out: it may be a range of millions
    except FrameRangeError as error:
        raise CannotDo(f"the frame range {text!r} cannot be read: {error}") from error


def _duration_test(farm: Farm, job: Job, text: str) -> Test:
    fits = _amount_test(text, "duration", _SECONDS_OF_HOUR)

    def test(ref: int) -> bool:
        if job.state.state(ref).value == "WAITING" and not farm.useful:
            return False
        return fits(_seconds(farm, job, ref))

    return test


def _amount_test(text: str, what: str, unit: int) -> Callable[[float], bool]:
    match = _NUMBERS.match(text.strip())
    try:
        numbers = [float(number) for number in match.groups() if number] if match else []
    except ValueError:
        numbers = []
    if not numbers:
        raise CannotDo(f"the {what} {text!r} cannot be read; it is one number, or two with '-' between them")
    least, largest = numbers[0] * unit, numbers[1] * unit if len(numbers) > 1 else float("inf")
    return lambda amount: least <= amount <= largest


def _memory(farm: Farm, job: Job, ref: int) -> int:
    facts, proc = job.frames.get(ref), job.running.get(ref)
    used = facts.max_rss if facts else 0
    return max(used, farm.procs[proc].max_rss) if proc else used


def _seconds(farm: Farm, job: Job, ref: int) -> float:
    facts = job.frames.get(ref)
    if facts is None or not facts.started:
        return 0
    return max(0.0, (facts.stopped or farm.now()) - facts.started)
