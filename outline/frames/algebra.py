# SPDX-License-Identifier: Apache-2.0
"""Set operations on frames (unique, intersection, sorting), computed on whole runs where possible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from math import lcm

from .parts import Interleaved, Inverse, Listed, Part, pack

__all__ = ["ascending", "common_frames", "common_run", "without_repeats"]

_FEW_PARTS = 16  # up to here, comparing each part with each other one is cheaper than listing frames
_FEW_HOLES = 16  # up to here, a run that loses single frames becomes the pieces between them

Parts = tuple[Part, ...]


def common_run(run: range, other: range) -> range:
    """The frames of ``run`` that ``other`` has too, in the order of ``run``; no part of a set is empty."""
    fine, coarse = sorted((_upward(run), _upward(other)), key=lambda one: one.step)
    begin = coarse[max(0, -((coarse.start - fine.start) // coarse.step)) :]
    # One of so many neighbours is in both, or none ever is.
    first = next((frame for frame in begin[: fine.step] if frame in fine), None)
    if first is None:
        return range(0)
    shared = range(first, min(fine[-1], coarse[-1]) + 1, lcm(fine.step, coarse.step))
    return shared if run.step > 0 else shared[::-1]


def without_repeats(parts: Parts) -> Parts:
    """The frames of all parts without repeats, or ``parts`` itself when none repeats."""
    if _cannot_repeat(parts):
        return parts
    if len(parts) <= _FEW_PARTS:
        runs = [part for part in parts if isinstance(part, range)]
        distinct = _subtract_earlier(runs) if len(runs) == len(parts) else None
        if distinct is not None:
            return parts if distinct == runs else pack(distinct)
    frames = list(dict.fromkeys(chain.from_iterable(parts)))
    return parts if len(frames) == sum(map(len, parts)) else pack([Listed(frames)])


def common_frames(parts: Parts, others: Parts) -> Parts:
    """The frames of ``parts`` that ``others`` have too, in the order of ``parts``.

    Args:
        parts: Parts without repeated frames.
        others: Parts without repeated frames.
    """
    theirs = _as_runs(others)
    shared: list[Part] = []
    for part in parts:
        runs = _common_runs(part, theirs) if theirs is not None else None
        shared += runs if runs is not None else [Listed(_filter(part, others))]
    return pack(shared)


def ascending(parts: Parts) -> Parts:
    """The frames of all parts sorted, each once."""
    distinct = without_repeats(parts)
    if any(isinstance(part, Inverse) for part in distinct) or not _are_apart(distinct):
        return pack([Listed(sorted(chain.from_iterable(distinct)))])
    return pack(sorted(map(_upward_part, distinct), key=lambda part: part[0]))


def _upward(run: range) -> range:
    return run if run.step > 0 else run[::-1]


def _upward_part(part: Part) -> Part:
    if isinstance(part, range):
        return _upward(part)
    if isinstance(part, Interleaved):
        return _upward(part.full)
    return Listed(sorted(part))


def _bounds(part: Part) -> tuple[int, int]:
    if isinstance(part, Listed) and not isinstance(part, Interleaved):
        return min(part.frames), max(part.frames)
    full = part if isinstance(part, range) else part.full
    return min(full[0], full[-1]), max(full[0], full[-1])


def _are_apart(parts: Parts) -> bool:
    bounds = sorted(map(_bounds, parts))
    return all(before[1] < after[0] for before, after in pairwise(bounds))


def _cannot_repeat(parts: Parts) -> bool:
    literal = [part for part in parts if isinstance(part, Listed) and not isinstance(part, Interleaved)]
    return _are_apart(parts) and all(len(set(part.frames)) == len(part) for part in literal)


def _subtract_earlier(runs: Sequence[range]) -> list[range] | None:
    """Each run without the frames of earlier runs, or None when runs cannot express that."""
    distinct: list[range] = []
    for place, run in enumerate(runs):
        pieces = [run]
        for earlier in runs[:place]:
            remaining: list[range] = []
            for piece in pieces:
                left = _subtract(piece, earlier)
                if left is None:
                    return None
                remaining += left
            pieces = remaining
        distinct += pieces
    return distinct


def _subtract(run: range, other: range) -> list[range] | None:
    shared = common_run(run, other)
    if not shared:
        return [run]
    first, last = run.index(shared[0]), run.index(shared[-1])
    if last - first + 1 == len(shared):
        return [piece for piece in (run[:first], run[last + 1 :]) if piece]
    if len(shared) > _FEW_HOLES:
        return None
    edges = [-1, *(run.index(frame) for frame in shared), len(run)]
    pieces = (run[before + 1 : after] for before, after in pairwise(edges))
    return [piece for piece in pieces if piece]


def _as_runs(parts: Parts) -> list[range] | None:
    """The same members as runs in any order, or None when that takes too many runs."""
    runs: list[range] = []
    for part in parts[: _FEW_PARTS + 1]:
        if isinstance(part, range):
            runs.append(part)
        elif isinstance(part, Interleaved):
            runs.append(part.full)
    return runs if len(runs) == len(parts) <= _FEW_PARTS else None


def _common_runs(part: Part, others: Sequence[range]) -> Sequence[Part] | None:
    if not isinstance(part, range):
        low, high = _bounds(part)
        return [part] if any(abs(run.step) == 1 and low in run and high in run for run in others) else None
    shared = sorted(filter(None, (common_run(part, run) for run in others)), key=lambda run: part.index(run[0]))
    for before, after in pairwise(shared):
        if part.index(before[-1]) > part.index(after[0]):
            return None  # they interlock, so neither comes first as a whole
    return shared


def _filter(part: Part, others: Parts) -> list[int]:
    if isinstance(part, range) and sum(map(len, others)) < len(part):
        return sorted((frame for frame in chain.from_iterable(others) if frame in part), key=part.index)
    members = others[0] if len(others) == 1 else frozenset(chain.from_iterable(others))
    return [frame for frame in part if frame in members]
