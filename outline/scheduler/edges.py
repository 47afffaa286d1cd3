# SPDX-License-Identifier: Apache-2.0
"""Which chunks wait for which. Each dependency between two layers is one object.

Chunk numbers count from 0 within their layer. A frame-by-frame dependency between two layers with the same frames and
chunks needs no memory. Every other one needs two flat arrays.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from .plan import DependPlan, LayerPlan

__all__ = ["FrameEdges", "LayerEdge", "LayerNeed", "frame_edges", "layer_edge"]


class LayerNeed(IntEnum):
    """What others may wait for in a layer."""

    ALL_DONE = 0  #: Every frame SUCCEEDED or EATEN.
    ALL_SUCCEEDED = 1  #: Every frame SUCCEEDED.
    ANY = 2  #: One frame SUCCEEDED, or none ever will because all are EATEN.


class LayerEdge(NamedTuple):
    """All chunks of layer ``er`` wait for something of layer ``on``."""

    er: int
    on: int
    need: LayerNeed


class FrameEdges:
    """Single chunks of layer ``er`` wait for single chunks of layer ``on``."""

    __slots__ = ("_starts", "_targets", "er", "on")

    def __init__(self, er: int, on: int, pairs: Iterable[tuple[int, int]] | None, on_count: int) -> None:
        """Take pairs (chunk of ``on``, chunk of ``er`` that waits for it), sorted. None: each for its number."""
        self.er, self.on = er, on
        self._starts: array[int] | None = None
        self._targets: array[int] = array("l")
        if pairs is not None:
            counts = array("l", bytes(array("l").itemsize * (on_count + 1)))
            for on_chunk, er_chunk in pairs:
                counts[on_chunk + 1] += 1
                self._targets.append(er_chunk)
            for index in range(on_count):
                counts[index + 1] += counts[index]
            self._starts = counts

    def waiting_for(self, on_chunk: int) -> Sequence[int]:
        """The chunks of ``er`` that wait for a chunk of ``on``."""
        if self._starts is None:
            return (on_chunk,)
        return self._targets[self._starts[on_chunk] : self._starts[on_chunk + 1]]


def layer_edge(depend: DependPlan, er: int, on: int) -> LayerEdge | None:
    """The edge of a dependency on a whole layer, or None for one between single frames.

    To the farm, a simulation frame is an ordinary frame, so an eaten one does not satisfy a dependency.
    """
    if depend.type == "PREVIOUS_FRAME" or (depend.type == "FRAME_BY_FRAME" and not depend.any_frame):
        return None
    if depend.type == "LAYER_ON_SIM_FRAME":
        return LayerEdge(er, on, LayerNeed.ALL_SUCCEEDED)
    any_frame = depend.any_frame or depend.type == "LAYER_ON_ANY"
    return LayerEdge(er, on, LayerNeed.ANY if any_frame else LayerNeed.ALL_DONE)


def frame_edges(depend: DependPlan, layers: Sequence[LayerPlan], er: int, on: int, on_count: int) -> FrameEdges:
    """The edges of a FRAME_BY_FRAME or PREVIOUS_FRAME dependency.

    A chunk waits for exactly the chunks that contain its frames, or the frames before its frames. A frame that the
    other layer lacks waits for nothing there.
    """
    waiter, target = layers[er], layers[on]
    same = waiter.frames == target.frames
    if depend.type == "PREVIOUS_FRAME":
        pairs = _previous_pairs(waiter, target, er == on)
    elif same and waiter.chunk == target.chunk:
        return FrameEdges(er, on, None, on_count)
    else:
        pairs = _frame_pairs(waiter, target, same)
    return FrameEdges(er, on, sorted(pairs), on_count)


def _frame_pairs(waiter: LayerPlan, target: LayerPlan, same: bool) -> set[tuple[int, int]]:
    if same:
        return {(place // target.chunk, place // waiter.chunk) for place in range(len(waiter.frames))}
    places = {frame: place for place, frame in enumerate(target.frames)}
    return {
        (places[frame] // target.chunk, place // waiter.chunk)
        for place, frame in enumerate(waiter.frames)
        if frame in places
    }


def _previous_pairs(waiter: LayerPlan, target: LayerPlan, on_itself: bool) -> set[tuple[int, int]]:
    count = min(len(waiter.frames) - 1, len(target.frames))
    pairs = {(place // target.chunk, (place + 1) // waiter.chunk) for place in range(count)}
    return {pair for pair in pairs if pair[0] != pair[1]} if on_itself else pairs
