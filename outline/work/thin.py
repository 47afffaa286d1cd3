# SPDX-License-Identifier: Apache-2.0
"""Which frames of a layer a farm gets: those that run, and those that may follow. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..frames import FrameSet

__all__ = ["thin_ranges"]

_LONGEST = 4000  # of the text of a range on a farm


def thin_ranges(
    frames: Mapping[str, FrameSet],
    running: Mapping[str, Collection[int]],
    never: Mapping[str, Collection[int]],
    previous: Iterable[tuple[str, str]],
) -> dict[str, str]:
    """The range of each layer as a farm gets it; an empty text for a layer of which nothing runs.

    Args:
        frames: All frames of each layer, in their order.
        running: Those that run, or may have to.
        never: Those that must not run.
        previous: Pairs of layers of which one waits for the frame before in the other; these get all of their frames,
            since a farm pairs them by their places in the range.
    """
    whole: set[str] = set()
    pairs = list(previous)
    while (
        more := {name for pair in pairs if any(running.get(one) or one in whole for one in pair) for name in pair}
        - whole
    ):
        whole |= more
    return {
        name: str(every if name in whole else _thinned(every, set(running.get(name, ())), set(never.get(name, ()))))
        for name, every in frames.items()
    }


def _thinned(every: FrameSet, running: set[int], never: set[int]) -> FrameSet:
    """The frames that run, with small gaps between them filled until the text fits."""
    gap = 0
    while True:
        found = FrameSet(_with_small_gaps(list(every), running, never, gap))
        if len(str(found)) <= _LONGEST or gap >= len(every):
            return found
        gap = max(1, 2 * gap)


def _with_small_gaps(every: list[int], running: set[int], never: set[int], most: int) -> list[int]:
    found: list[int] = []
    gap: list[int] = []
    for frame in every:
        if frame not in running:
            gap.append(frame)
            continue
        if found and len(gap) <= most and never.isdisjoint(gap):
            found += gap
        found.append(frame)
        gap = []
    return found
