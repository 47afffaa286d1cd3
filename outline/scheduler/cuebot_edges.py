# SPDX-License-Identifier: Apache-2.0
"""How Cuebot expands a dependency between two layers: which chunks wait for which, or a refusal.

``edges`` has the meaning of an outline. Cuebot's own rules differ when chunk sizes differ: it compares only first
frames and ignores all others. The code that sends a job asks here what Cuebot will do with it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ..frames import chunk_heads
from .plan import LayerPlan

__all__ = ["CuebotRefuses", "cuebot_pairs"]


class CuebotRefuses(ValueError):
    """Cuebot cannot make a dependency. It refuses the whole launch and gives no reason."""


def cuebot_pairs(type: str, er: LayerPlan, on: LayerPlan, *, across_jobs: bool = False) -> list[tuple[int, int]] | None:
    """The pairs of chunks that wait for each other, both counted from 0 within their layer.

    Args:
        type: ``FRAME_BY_FRAME`` or ``PREVIOUS_FRAME``.
        er: The layer that waits. Of a layer, name, frames and chunk count; frames may be repeated, as in a range that
            Cuebot is sent. Within a job, two layers of one name are one layer.
        on: The layer that ``er`` waits for.
        across_jobs: ``on`` is in another job. Then Cuebot ignores layers with ``_tile_`` in their names.

    Returns:
        Pairs (chunk of ``on``, chunk of ``er`` that waits for it), sorted. None when all of one layer waits for all of
        the other, as in LAYER_ON_LAYER.

    Raises:
        CuebotRefuses: Cuebot would refuse the dependency.
    """
    if type == "PREVIOUS_FRAME":
        return sorted(_previous_pairs(er, on, is_same=er.name == on.name and not across_jobs))
    if across_jobs and "_tile_" in on.name:
        return []
    er_heads, on_heads = (list(chunk_heads(layer.frames, layer.chunk)) for layer in (er, on))
    if er.name == on.name and not across_jobs:
        raise CuebotRefuses(f"the layer {er.name} would wait for itself, frame by frame")
    if (len(on_heads) == 1 and on.chunk > 1) or (len(er_heads) == 1 and er.chunk > 1):
        return None
    if er.chunk == on.chunk:
        places = {head: place for place, head in enumerate(on_heads)}
        return sorted((places[head], place) for place, head in enumerate(er_heads) if head in places)
    find = _Finder(on_heads, on.name)
    more = max(0, er.chunk - on.chunk)
    return sorted(
        (other, place)
        for place, head in enumerate(er_heads)
        for first in [find(head)]
        for other in range(first, min(first + more + 1, len(on_heads)))
    )


class _Finder:
    """Finds the chunk to which Cuebot assigns a frame: the last one before the first chunk that begins later."""

    def __init__(self, heads: Sequence[int], layer: str) -> None:
        self._places = {head: place for place, head in reversed(list(enumerate(heads)))}
        self._highest = list(accumulate(heads, max))
        self._heads, self._layer = heads, layer

    def __call__(self, frame: int) -> int:
        if frame in self._places:
            return self._places[frame]
        later = bisect_right(self._highest, frame)
        if later == 0 or frame == -1:
            begin = f"begins with frame {self._heads[0]}" if self._heads else "has no frame"
            raise CuebotRefuses(f"the layer {self._layer} {begin}, so frame {frame} is in none of its chunks")
        return self._places[self._heads[later - 1]]


def _previous_pairs(er: LayerPlan, on: LayerPlan, *, is_same: bool) -> set[tuple[int, int]]:
    """The pairs of PREVIOUS_FRAME: by position in the unchunked ranges, where both are first frames."""
    er_places, on_places = (
        {head: place for place, head in enumerate(chunk_heads(layer.frames, layer.chunk))} for layer in (er, on)
    )
    pairs: set[tuple[int, int]] = set()
    before = list(on.frames)
    for position, frame in enumerate(er.frames):
        if position == 0 or frame not in er_places:
            continue
        if position > len(before):
            raise CuebotRefuses(f"the layer {er.name} has at least two frames more than {on.name}")
        target = before[position - 1]
        if target not in on_places:
            continue
        pair = on_places[target], er_places[frame]
        if pair in pairs or (is_same and target == frame):
            raise CuebotRefuses(f"frame {frame} of the layer {er.name} occurs twice in its range")
        pairs.add(pair)
    return pairs
