# SPDX-License-Identifier: Apache-2.0
"""How many things each frame of a job still waits for: other frames, whole layers, and holds of the caller."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence

from .edges import FrameEdges, LayerEdge, frame_edges, layer_edge
from .plan import JobPlan
from .states import FrameState

__all__ = ["Waits"]

_SUCCEEDED, _EATEN = (tuple(FrameState).index(state) for state in (FrameState.SUCCEEDED, FrameState.EATEN))


class Waits:
    """The counts of one job. Its ``JobState`` makes it, and reports which frames succeed.

    What is counted once for each layer, not for each frame, costs nothing in a job of a million frames.

    Attributes:
        frames: By frame, the things that it waits for by itself.
        layers: By layer number, the things that all of its frames wait for.
        freed: The frames that may start whatever they wait for.
    """

    def __init__(self, plan: JobPlan, base: array[int], freed: set[int]) -> None:
        """Expand the dependencies of a plan.

        Args:
            plan: The job.
            base: The number of each layer's first frame, and the number of frames.
            freed: See ``freed``.
        """
        self._base = base
        self._frame_edges: list[list[FrameEdges]] = [[] for _ in plan.layers]
        self._layer_edges: list[list[LayerEdge]] = [[] for _ in plan.layers]
        self._needs: list[tuple[bool, bool, bool]] = []
        self.frames: array[int] = array("l")
        self.layers: list[int] = []
        self.freed = freed
        index = {layer.name: number for number, layer in enumerate(plan.layers)}
        for depend in plan.depends:
            er, on = index[depend.layer], index[depend.on]
            if plan.layers[er].type == "Post" and plan.layers[on].type != "Post":
                continue  # it comes after all of them anyway, and must run even when one of them failed
            edge = layer_edge(depend, er, on)
            if edge is not None:
                self._layer_edges[on].append(edge)
            else:
                self._frame_edges[on].append(frame_edges(depend, plan.layers, er, on, base[on + 1] - base[on]))

    def count(self, rows: Sequence[Sequence[int]], succeeded: Callable[[int], bool], held: Iterable[int]) -> None:
        """Count everything anew. Holds of the caller end.

        Args:
            rows: By layer number, the frames in each state.
            succeeded: Whether a frame has succeeded.
            held: By layer number, the holds on the whole layer.
        """
        self.frames = array("l", bytes(array("l").itemsize * self._base[-1]))
        self.layers = list(held)
        self._needs = [_needs_met(row) for row in rows]
        for on, needs in enumerate(self._needs):
            for edge in self._layer_edges[on]:
                self.layers[edge.er] += not needs[edge.need]
            for edges in self._frame_edges[on]:
                for place in range(self._base[on + 1] - self._base[on]):
                    if not succeeded(self._base[on] + place):
                        for target in edges.waiting_for(place):
                            self.frames[self._base[edges.er] + target] += 1

    def frame_changed(self, number: int, place: int, change: int) -> Iterator[int]:
        """Count that a frame has succeeded (-1), or no longer has (1). Yields each frame that waits for it."""
        for edges in self._frame_edges[number]:
            base = self._base[edges.er]
            for target in edges.waiting_for(place):
                self.frames[base + target] += change
                yield base + target

    def is_awaited(self, number: int) -> bool:
        """Whether anything waits for a layer as a whole."""
        return bool(self._layer_edges[number])

    def layer_changed(self, number: int, row: Sequence[int]) -> Iterator[int]:
        """Count that a layer has other frames in each state. Yields each layer for which that makes a difference."""
        before, now = self._needs[number], _needs_met(row)
        if before == now:
            return
        self._needs[number] = now
        for edge in self._layer_edges[number]:
            if before[edge.need] != now[edge.need]:
                self.layers[edge.er] += 1 if before[edge.need] else -1
                yield edge.er


def _needs_met(row: Sequence[int]) -> tuple[bool, bool, bool]:
    """Which needs a layer meets, in the order of ``LayerNeed``."""
    size = sum(row)
    is_done = row[_SUCCEEDED] + row[_EATEN] == size
    return is_done, row[_SUCCEEDED] == size, row[_SUCCEEDED] > 0 or is_done
