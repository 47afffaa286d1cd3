# SPDX-License-Identifier: Apache-2.0
"""The frames of a job: their numbers, names and members, which never change."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ..frames import FrameSet, chunk_at, chunk_heads
from ..names import frame_name
from .plan import LayerPlan

__all__ = ["JobFrames"]


class JobFrames:
    """The frames of a job, numbered from 0 (``ref``), layer by layer in render order.

    A frame here is a chunk, named by its first frame number.

    Attributes:
        heads: By layer number, the first frame numbers of its chunks.
        base: By layer number, the number of its first frame; and the number of all frames.
        layer_of: By frame, the number of its layer.
        layers: By name, the number of a layer.
    """

    def __init__(self, layers: Sequence[LayerPlan]) -> None:
        self._plans = tuple(layers)
        self.heads = [chunk_heads(layer.frames, layer.chunk) for layer in layers]
        self.base = array("q", accumulate(map(len, self.heads), initial=0))
        self.layers = {layer.name: number for number, layer in enumerate(layers)}
        self.layer_of = array("l")
        for number, heads in enumerate(self.heads):
            self.layer_of += array("l", [number]) * len(heads)

    def __len__(self) -> int:
        return int(self.base[-1])

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def ref(self, layer: str, frame: int) -> int:
        """The number of a frame.

        Raises:
            KeyError: The job has no such layer, or the layer no chunk that begins with this frame.
        """
        number = self.layers[layer]
        place = self.heads[number].index(frame)
        if place < 0:
            raise KeyError((layer, frame))
        return int(self.base[number] + place)

    def refs(self, layer: str) -> range:
        """The numbers of a layer's frames."""
        return self.refs_of(self.layers[layer])

    def refs_of(self, number: int) -> range:
        """The numbers of the frames of the layer with a number."""
        return range(self.base[number], self.base[number + 1])

    def place(self, ref: int) -> tuple[int, int]:
        """The number of a frame's layer, and its place in it, from 0."""
        number = self.layer_of[ref]
        return number, ref - self.base[number]

    def number(self, ref: int) -> int:
        """The frame number: the first frame of the chunk."""
        number, place = self.place(ref)
        return self.heads[number][place]

    def name(self, ref: int) -> str:
        """The name as the farm spells it: ``0012-beauty``."""
        return frame_name(self.number(ref), self._plans[self.layer_of[ref]].name)

    def layer_and_number(self, ref: int) -> tuple[str, int]:
        """The layer's name and the frame number of a frame."""
        return self._plans[self.layer_of[ref]].name, self.number(ref)

    def members(self, ref: int) -> FrameSet:
        """All frames of the chunk."""
        layer = self._plans[self.layer_of[ref]]
        return chunk_at(layer.frames, self.number(ref), layer.chunk)
