# SPDX-License-Identifier: Apache-2.0
"""The frames of a layer, counted before anything lists them."""

from __future__ import annotations

import re

from outline.frames import FrameSet

from .values import LARGEST_INT

__all__ = ["MOST_FRAMES", "count_heads", "read_frames"]

MOST_FRAMES = 1_000_000  # of one layer, repeats and members of chunks included: what listing them may cost
LONGEST_RANGE = 4000

_NUMBER = "-?[0-9]{1,19}"
_PART = f"{_NUMBER}(?:-{_NUMBER}(?:[xy:]{_NUMBER})?)?"
_RANGE = re.compile(f"{_PART}(?:,{_PART})*")


def read_frames(text: str, *, strict: bool) -> FrameSet:
    """Return the frames of a range in render order, each once.

    Args:
        text: In the farm's own grammar: no blanks, none of the other forms that ``FrameSet`` reads.
        strict: Refuse negative frames, which Cuebot launches and then cannot start.

    Raises:
        ValueError: It is no range, or has more frames than a server should look at.
    """
    if len(text) > LONGEST_RANGE:
        raise ValueError(f"the range has {len(text)} characters; {LONGEST_RANGE} are the most")
    frames = FrameSet(text)  # before the grammar, because its messages point at the fault
    if not _RANGE.fullmatch(text):
        raise ValueError(
            f"the range {text[:60]!r} must have no blanks, and no step other than 1-10x2, 1-10y2 and 1-10:2"
        )
    if len(frames) > MOST_FRAMES:
        raise ValueError(f"the range has {len(frames)} frames; {MOST_FRAMES} are the most")
    distinct = frames.unique()
    least, most = min(distinct), max(distinct)
    if max(-least, most) > LARGEST_INT:
        raise ValueError(f"the range {text[:60]!r} has frames beyond {LARGEST_INT}")
    if strict and least < 0:
        raise ValueError(f"the range {text[:60]!r} has negative frames, which cannot be dispatched")
    return distinct


def count_heads(frames: FrameSet, chunk: int) -> int:
    """Return how many frames of the farm a layer has: one for each chunk."""
    return -(-len(frames) // chunk)
