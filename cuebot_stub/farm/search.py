# SPDX-License-Identifier: Apache-2.0
"""Finds frames of a job: by name, layer, number, state, memory, duration and change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import NamedTuple

from outline.frames import FrameRangeError, FrameSet
from outline.scheduler import FrameState

from .errors import CannotDo
from .facts import NEVER_RAN
from .job import Job
from .procs import Procs
from .state import FarmState

__all__ = ["FrameSearch", "changed_frames", "find_frames", "page_of", "read_range"]

_SPAN = re.compile(r"(\d+)-(\d+)\Z")
_NUMBERS = re.compile(r"([\d.]+)(?:-([\d.]+))?\Z")
_KB_OF_GB, _SECONDS_OF_HOUR = 1048576, 3600

Test = Callable[[int], bool]


class FrameSearch(NamedTuple):
    """The criteria of a search. An empty field matches every frame.

    Attributes:
        ids: One of these ids.
        names: One of these names, like ``0012-beauty``.
        layers: In a layer of one of these names.
        states: In one of these states.
        frames: Of one of these numbers: ``12``, ``1-10`` or any range.
        memory: The highest memory in GB, as a range ``2-4``, or at least ``2``.
        duration: The run time in hours, in the same form.
        changed_since: Changed after this time, in seconds since the epoch.
    """

    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    layers: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    frames: str = ""
    memory: str = ""
    duration: str = ""
    changed_since: int = 0


def find_frames(farm: FarmState, job: Job, search: FrameSearch) -> Iterator[int]:
    """The matching frames in the order of their start: the first frames of all layers, then the second ones.

    Raises:
        CannotDo: A range or a number cannot be read.
    """
    tests = _tests(farm, job, search)
    refs = _in_order(job, search.layers)
    return (ref for ref in refs if all(test(ref) for test in tests)) if tests else refs


def page_of(refs: Iterable[int], page: int, limit: int) -> list[int]:
    """One page of frames.

    Args:
        page: The number of the page, from 1.
        limit: The frames of a page. Without a limit the page is empty, as on Cuebot.
    """
    size = max(0, limit)
    begin = (max(1, page) - 1) * size
    return list(islice(refs, begin, begin + size))


def changed_frames(job: Job, since: float) -> list[int]:
    """The frames that changed since a time. Running frames always count, and so does the launch."""
    if job.facts.launched >= since:
        return list(job.state.frames)
    return sorted({ref for ref, moved in enumerate(job.moved) if moved >= since}.union(job.running))


def _in_order(job: Job, names: frozenset[str]) -> Iterator[int]:
    orders = [job.state.ready.order(layer.name) for layer in job.layers if not names or layer.name in names]
    for place in count():
        orders = [order for order in orders if place < len(order)]
        if len(orders) < 2:
            break
        for order in orders:
            yield order[place]
    for order in orders:  # perhaps one that is longer than all others
        yield from order[place:]


def _tests(farm: FarmState, job: Job, search: FrameSearch) -> list[Test]:
    state = job.state
    tests: list[Test] = []
    if search.ids:
        tests.append(lambda ref: job.frame_id(ref) in search.ids)
    if search.names:
        tests.append(lambda ref: job.frame_name(ref) in search.names)
    if search.states:
        tests.append(lambda ref: state.state(ref).value in search.states)
    if search.frames:
        has = _number_test(search.frames)
        tests.append(lambda ref: has(state.frames.number(ref)))
    if search.memory:
        fits = _amount_test(search.memory, "memory", _KB_OF_GB)
        tests.append(lambda ref: fits(_memory(farm.procs, job, ref)))
    if search.duration:
        tests.append(_duration_test(farm, job, search.duration))
    if search.changed_since > 0:
        changed = set(changed_frames(job, search.changed_since))
        tests.append(lambda ref: ref in changed)
    return tests


def _number_test(text: str) -> Test:
    span = _SPAN.match(text.strip())
    if span:
        first, last = map(int, span.groups())
        return lambda number: first <= number <= last  # none for 3-1, as on Cuebot
    return read_range(text).__contains__  # never spelled out: it may be a range of millions


def read_range(text: str) -> FrameSet:
    """The frames of a range that a client has written.

    Raises:
        CannotDo: It cannot be read.
    """
    try:
        return FrameSet(text)
    except FrameRangeError as error:
        raise CannotDo(f"the frame range {text!r} cannot be read: {error}") from error


def _duration_test(farm: FarmState, job: Job, text: str) -> Test:
    fits = _amount_test(text, "duration", _SECONDS_OF_HOUR)

    def test(ref: int) -> bool:
        facts = job.frames.get(ref, NEVER_RAN)
        if not facts.started or job.state.state(ref) is FrameState.WAITING:
            return False  # also of 0 hours: Cuebot finds only what has run
        return fits(max(0.0, (facts.stopped or farm.now()) - facts.started))

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


def _memory(procs: Procs, job: Job, ref: int) -> int:
    used, proc = job.frames.get(ref, NEVER_RAN).max_rss, job.running.get(ref)
    return max(used, procs[proc].max_rss) if proc else used
