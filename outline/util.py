# SPDX-License-Identifier: Apache-2.0
"""Small helpers that modules and scripts use: sets of frames, show and shot, the user.

The help of a command line asks for the shot and needs no frames, so each function imports them by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from .config import config
from .config.places import login_name

if TYPE_CHECKING:
    from .frames import FrameSet

    # What PyOutline's callers hand over: text, frame numbers, our FrameSet, or another library's.
    FrameSpec = str | int | Iterable[int] | FrameSet

__all__ = [
    "compact_frame_range",
    "disaggregate_frame_set",
    "get_shot",
    "get_show",
    "get_slice",
    "get_uid",
    "get_user",
    "intersect_frame_set",
    "make_frame_set",
]

_Item = TypeVar("_Item")


def disaggregate_frame_set(frameset: Iterable[int]) -> list[int]:
    """The frames in their order, each once."""
    return list(dict.fromkeys(frameset))


def intersect_frame_set(range1: FrameSpec, range2: FrameSpec, normalize: bool = True) -> FrameSet | None:
    """The frames that are in both, each once, or None where there is none.

    Args:
        range1: Gives the order.
        range2: The other frames.
        normalize: Sort the result.
    """
    from .frames import FrameSet

    common = FrameSet(range1).intersection(FrameSet(range2))
    if normalize:
        common.normalize()
    return common or None


def make_frame_set(frames: Iterable[int], normalize: bool = True) -> FrameSet:
    """A FrameSet of these frames, sorted and without duplicates unless ``normalize`` is False."""
    from .frames import FrameSet

    frame_set = FrameSet(frames)
    if normalize:
        frame_set.normalize()
    return frame_set


def compact_frame_range(frames: Iterable[int]) -> str:
    """A frame range of these frames, in this order and with the duplicates; frames that count up become a range."""
    from .frames import spell_out

    return spell_out(frames)


def get_slice(frame_range: FrameSpec, frames: Iterable[int], items: Sequence[_Item]) -> list[_Item]:
    """The items that belong to some frames, where ``items`` has one for each frame of the range.

    Raises:
        FrameRangeError: A frame is not in the range.
        IndexError: There are fewer items than frames in the range.
    """
    from .frames import FrameRangeError, FrameSet

    frame_set = FrameSet(frame_range)
    position: dict[int, int] = {}
    for index, frame in enumerate(frame_set):
        position.setdefault(frame, index)
    try:
        return [items[position[frame]] for frame in frames]
    except KeyError as error:
        raise FrameRangeError(str(frame_set), str(error.args[0]), 0, "the range has no such frame") from error


def get_show() -> str:
    """The show from ``$SHOW``, or else the configured ``default_show``."""
    return os.environ.get("SHOW") or config.get("outline", "default_show")


def get_shot() -> str:
    """The shot from ``$SHOT``, or else the configured ``default_shot``."""
    return os.environ.get("SHOT") or config.get("outline", "default_shot")


def get_user() -> str:
    """The user's name, on Windows with its domain; the user's number as text where there is no name."""
    domain = os.environ.get("USERDOMAIN") if os.name == "nt" else None
    return f"{domain}\\{login_name()}" if domain else login_name()


def get_uid() -> int:
    """The user's number, which is 1 on Windows."""
    return os.getuid() if hasattr(os, "getuid") else 1
