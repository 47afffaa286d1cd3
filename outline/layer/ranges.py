# SPDX-License-Identifier: Apache-2.0
"""Which frames a layer has, and how they are put into chunks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..frames import FrameSet, chunk_at

if TYPE_CHECKING:
    from ..loader import Outline
    from .base import Layer

__all__ = ["DEFAULT_FRAME_RANGE", "LayerRanges", "read_frames"]

DEFAULT_FRAME_RANGE = "1000-1000"


class LayerRanges:
    """The frames of a layer: its own range cut by the job's, in chunks."""

    if TYPE_CHECKING:

        def get_name(self) -> str: ...
        def get_origin(self) -> str: ...
        def get_arg(self, key: str, default: Any = None) -> Any: ...
        def set_arg(self, key: str, value: Any) -> None: ...
        def get_parent(self) -> Layer | None: ...
        def get_outline(self) -> Outline | None: ...

    def set_frame_range(self, frame_range: Any) -> None:
        """Set the frames of the layer: text, numbers or a FrameSet; None means the frames of the job."""
        self.set_arg("range", None if frame_range is None else str(_as_frames(frame_range)))

    def get_frame_range(self) -> str | None:
        """Return the frames that the layer has in this job, as text in render order.

        The layer's own range cut by the job's range; one of them if the other is not set; ``1000-1000`` when
        neither is. None when the two have no frame in common: the layer is then left out of the job.

        Raises:
            FrameRangeError: A range cannot be read.
        """
        parent = self.get_parent()
        own = self.get_arg("range")
        if own is None or own == "":
            own = parent.get_frame_range() if parent is not None else None
        ol = self.get_outline()
        job = ol.get_frame_range() if ol is not None else None
        if own is None or own == "":
            return job or DEFAULT_FRAME_RANGE
        if not job:
            return own if isinstance(own, str) else str(_as_frames(own))
        return _intersection(job, own)

    def get_local_frame_set(self, start_frame: int) -> FrameSet:
        """Return the frames of the chunk that begins with ``start_frame``; a child has those of its parent.

        Raises:
            LayerException: The layer has no such frame.
        """
        parent = self.get_parent()
        if parent is not None:
            return parent.get_local_frame_set(start_frame)
        text = self.get_frame_range()
        frames = read_frames(text) if text else FrameSet([])
        if int(start_frame) not in frames:
            raise LayerException(f"layer {self.get_name()!r} has no frame {start_frame}; its range is {frames}")
        chunk = self.get_chunk_size()
        if chunk == 1:
            start = int(start_frame)
            return FrameSet(range(start, start + 1))  # a range is taken as it is; this runs in every frame
        return chunk_at(frames, int(start_frame), chunk)

    def set_chunk_size(self, size: int) -> None:
        """Set how many frames run together in one process, at least 1."""
        self.set_arg("chunk", int(size))
        self.get_chunk_size()

    def get_chunk_size(self) -> int:
        """Return how many frames run together in one process.

        Raises:
            LayerException: The argument ``chunk`` is no number, or below 1.
        """
        value = self.get_arg("chunk")
        try:
            size = int(value) if value is not None else 1
        except (TypeError, ValueError):
            size = 0
        if size < 1:
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()}: chunk must be 1 or more, not {value!r}"
            )
        return size


@lru_cache(maxsize=256)
def read_frames(text: str) -> FrameSet:
    """Read a range once for all frames of a layer; it is shared, so nobody may change it."""
    return FrameSet(text).unique()


def _intersection(job: str, own: Any) -> str | None:
    if isinstance(own, str):
        return _text_intersection(job, own)
    common = FrameSet(job).intersection(_as_frames(own))
    return str(common) if common else None


@lru_cache(maxsize=64)
def _text_intersection(job: str, own: str) -> str | None:
    common = FrameSet(job).intersection(FrameSet(own))
    return str(common) if common else None


def _as_frames(spec: Any) -> FrameSet:
    return FrameSet(spec)
