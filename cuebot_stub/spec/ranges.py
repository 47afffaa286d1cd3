# SPDX-License-Identifier: Apache-2.0
"""The frames of a layer. Counts them before it lists them."""

from __future__ import annotations

import re

from outline.frames import FrameSet

from .values import LARGEST_INT

__all__ = ["MOST_FRAMES", "count_heads", "read_frames", "repeated_frames"]

MOST_FRAMES = 1_000_000  # of one layer, repeats and members of chunks included: what listing them may cost
LONGEST_RANGE = 4000

_NUMBER = "-?[0-9]{1,19}"
_PART = f"{_NUMBER}(?:-{_NUMBER}(?:[xy:]{_NUMBER})?)?"
_STEPPED = re.compile(f"({_NUMBER})-({_NUMBER})([xy:])({_NUMBER})")
_RANGE = re.compile(f"{_PART}(?:,{_PART})*")


def read_frames(text: str, *, strict: bool) -> FrameSet:
    """The frames of a range in render order, each once.

    As on Cuebot, parts without a frame, such as ``10-1x1``, and commas at the end are ignored.

    Args:
        text: The range in Cuebot's grammar, without blanks and the other forms of ``FrameSet``.
        strict: Accept a range without any frame. On Cuebot such a job never ends.

    Raises:
        ValueError: The text is not a range, or has too many frames.
    """
    if len(text) > LONGEST_RANGE:
        raise ValueError(f"the range has {len(text)} characters; use at most {LONGEST_RANGE}")
    kept = _kept(text)
    if not kept and text:
        if strict:
            return FrameSet([])
        raise ValueError(f"the range {text[:60]!r} gives no frame, and the job would never end")
    frames = FrameSet(kept)  # before the grammar, because its messages point at the fault
    if not _RANGE.fullmatch(kept):
        raise ValueError(
            f"the range {text[:60]!r} must have no blanks, and no step other than 1-10x2, 1-10y2 and 1-10:2"
        )
    if len(frames) > MOST_FRAMES:
        raise ValueError(f"the range has {len(frames)} frames; use at most {MOST_FRAMES}")
    distinct = frames.unique()
    least, most = min(distinct), max(distinct)
    if max(-least, most) > LARGEST_INT:
        raise ValueError(f"the range {text[:60]!r} has frames beyond {LARGEST_INT}")
    return distinct


def repeated_frames(text: str) -> FrameSet:
    """The frames of a valid range, with repetitions."""
    kept = _kept(text)
    return FrameSet(kept) if kept else FrameSet([])


def _kept(text: str) -> str:
    return ",".join(part for part in text.rstrip(",").split(",") if not _gives_nothing(part))


def _gives_nothing(part: str) -> bool:
    """Whether Cuebot accepts a part of a range, which has no frame."""
    match = _STEPPED.fullmatch(part)
    if match is None:
        return False
    first, last, step = int(match[1]), int(match[2]), int(match[4])
    if match[3] != "y":
        return step == 1 and last < first
    hits_all = abs(step) == 1 or first == last
    return hits_all and (step == 1 or (step > 1 and first == last) or (step < 0 and last < first))


def count_heads(frames: FrameSet, chunk: int) -> int:
    """The number of farm frames of a layer, one for each chunk."""
    return -(-len(frames) // chunk)
