# SPDX-License-Identifier: Apache-2.0
"""Which frames a layer has, and how they are put into chunks."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..frames import LONGEST_TEXT, FrameSet, chunk_at, spell_out
from ..logs import get_logger

if TYPE_CHECKING:
    from .base import Layer

__all__ = [
    "DEFAULT_FRAME_RANGE",
    "chunk_of",
    "chunk_seconds",
    "chunk_size",
    "first_frame",
    "frames_of",
    "launched_frames",
    "read_frames",
    "timed_chunk",
]

logger = get_logger("outline.layer")

DEFAULT_FRAME_RANGE = "1000-1000"


def frames_of(own: Any, job: str | None) -> str | None:
    """The frames of a layer in a job, as text in render order.

    Args:
        own: The range of the layer itself: text, numbers or a FrameSet; None or an empty text for none.
        job: The range of the job, if it has one.

    Returns:
        The own frames cut by those of the job, in the order of the layer, or in that of the job where the layer's
        frames just count up; one of them when the other is not set; ``1000-1000`` when neither is.
        None when the two have no frame in common.

    Raises:
        FrameRangeError: A range cannot be read.
    """
    if own is None or own == "":
        return job or DEFAULT_FRAME_RANGE
    if not job:
        return own if isinstance(own, str) else str(FrameSet(own))
    return _text_intersection(job, own) if isinstance(own, str) else _intersection(job, own)


def launched_frames(layer: Layer) -> str | None:
    """The frames of a layer that its job has, as text; on a farm a job in a work folder has those that must run."""
    ol = layer.get_outline()
    thinned = ol.get_work().get("frames", {}).get(layer.get_name()) if ol is not None else None
    return layer.get_frame_range() if thinned is None else str(thinned)


def first_frame(frames: str | None) -> str | None:
    """The first frame number of a range, as text; None when there is none."""
    return str(FrameSet(frames)[0]) if frames else None


def chunk_of(frames: str | None, start: int, size: int, where: str) -> FrameSet:
    """The frames of the chunk that begins with ``start``.

    Args:
        frames: The frames of the layer.
        start: A frame number.
        size: How many frames the layer puts into a chunk.
        where: The layer, for the message.

    Returns:
        The chunk; of a frame that the layer does not have, that frame alone, which somebody wants to try.
    """
    known = read_frames(frames) if frames else FrameSet([])
    is_known = start in known
    if not is_known:
        logger.warning("%s has no frame %s, and it runs all the same; the range is %s", where, start, known or "empty")
    if size == 1 or not is_known:
        return FrameSet(range(start, start + 1))  # a range is taken as it is; this runs in every frame
    return chunk_at(known, start, size)


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def chunk_seconds(value: Any) -> float:
    """How long a chunk is to run, of an argument ``chunk`` such as ``10m``, ``90s`` or ``1.5h``; 0 for all others."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return max(0.0, float(text[:-1]) * _UNITS.get(text[-1:], 0.0))
    except ValueError:
        return 0.0


def timed_chunk(chunk: Any, environ: Mapping[str, str]) -> FrameSet | None:
    """The frames that a process was given, of a layer whose argument ``chunk`` is a length of time; else None."""
    given = environ.get("OL_LAYER_FRAMES") if isinstance(chunk, str) else None
    return read_frames(given) if given and chunk_seconds(chunk) else None


def chunk_size(value: Any, where: str) -> int:
    """The argument ``chunk`` as a number; None is 1, and so is a length of time, which is measured while a job runs.

    Raises:
        LayerException: It is neither, or below 1.
    """
    if chunk_seconds(value):
        return 1
    try:
        size = int(value) if value is not None else 1
    except (TypeError, ValueError):
        size = 0
    if size < 1:
        raise LayerException(f"{where}: chunk must be 1 or more, or a time such as '10m', not {value!r}")
    return size


@lru_cache(maxsize=256)
def read_frames(text: str) -> FrameSet:
    """Read a range once for all frames of a layer; it is shared, so nobody may change it."""
    return FrameSet(text).unique()


def _intersection(job: str, own: Any) -> str | None:
    mine, theirs = FrameSet(own), FrameSet(job)
    sorted_ones = copy(mine)
    sorted_ones.normalize()
    common = theirs.intersection(mine) if mine == sorted_ones else mine.intersection(theirs)
    text = spell_out(common) if len(common) <= LONGEST_TEXT // 2 else ""
    return (text if 0 < len(text) <= LONGEST_TEXT else str(common)) or None


_text_intersection = lru_cache(maxsize=64)(_intersection)
