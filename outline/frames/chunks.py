# SPDX-License-Identifier: Apache-2.0
"""Chunks: the groups of frames that one farm task renders together.

Chunking first drops repeated frames and keeps the first of each, so every frame is in exactly one chunk. The farm
server skips that step for the members, and renders some frames of ``1-3,2-5`` twice.
"""

from __future__ import annotations

from .frame_set import FrameSet
from .text import FrameRangeError

__all__ = ["chunk_at", "chunk_frames", "chunk_heads", "consecutive_runs"]


def chunk_heads(frames: FrameSet, size: int) -> FrameSet:
    """The first frame of every chunk, in render order.

    Args:
        frames: Any order. May be empty.
        size: Frames per chunk, at least 1. A size above the frame count gives one chunk.

    Raises:
        FrameRangeError: ``size`` is below 1.
    """
    _check_size(size)
    return frames.unique()[::size]


def chunk_frames(frames: FrameSet, size: int) -> list[FrameSet]:
    """The members of every chunk, in render order. See ``chunk_heads``."""
    _check_size(size)
    distinct = frames.unique()
    return [distinct[position : position + size] for position in range(0, len(distinct), size)]


def chunk_at(frames: FrameSet, head: int, size: int) -> FrameSet:
    """The members of the chunk that starts at a frame.

    Args:
        frames: All frames of the layer.
        head: Any frame of them. A frame that heads no chunk still counts as the first of ``size`` frames, as on the
            farm server.
        size: Frames per chunk, at least 1.

    Raises:
        FrameRangeError: ``head`` is not among the frames, or ``size`` is below 1.
    """
    _check_size(size)
    distinct = frames.unique()
    position = distinct.index(head)
    if position < 0:
        raise FrameRangeError(str(frames), str(head), 0, f"frame {head} is not in it")
    return distinct[position : position + size]


def consecutive_runs(whole: FrameSet, some: FrameSet) -> list[FrameSet]:
    """Some frames of a chunk, in groups without gaps.

    Args:
        whole: All frames of the chunk, in render order.
        some: Those that matter; each is in the chunk.
    """
    wanted, groups = set(some), [[]]  # type: tuple[set[int], list[list[int]]]
    for frame in whole:
        if frame in wanted:
            groups[-1].append(frame)
        elif groups[-1]:
            groups.append([])
    return [FrameSet(group) for group in groups if group]


def _check_size(size: int) -> None:
    if size < 1:
        raise FrameRangeError("", str(size), 0, f"chunk size {size} is too small; give 1 or more")
