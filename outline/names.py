# SPDX-License-Identifier: Apache-2.0
"""The names of frames and of their logs, as the farm spells them."""

from __future__ import annotations

import re

from .exception import OutlineException

__all__ = ["frame_name", "log_name", "older_log", "padded", "progress_path", "split_frame_name"]

_FRAME_NAME = r"(-?\d+)-(.+)\Z"  # a text: most processes read no frame name


def padded(frame: int) -> str:
    """A frame number as the farm pads it: ``0012``."""
    return f"{frame:04d}"


def frame_name(frame: int, layer: str) -> str:
    """The name of the chunk that begins with a frame: ``0012-beauty``."""
    return f"{padded(frame)}-{layer}"


def split_frame_name(name: str) -> tuple[int, str]:
    """Frame and layer of ``12-beauty``, ``0012-beauty`` or ``-2-beauty``.

    Raises:
        OutlineException: It has another form.
    """
    match = re.match(_FRAME_NAME, name, re.DOTALL)
    if not match:
        raise OutlineException(f"name a frame by number and layer, such as 12-beauty, not {name!r}")
    return int(match[1]), match[2]


def log_name(job: str, frame: str) -> str:
    """The file name of a frame's log.

    Args:
        job: The job's name.
        frame: The frame's name.
    """
    return f"{job}.{frame}.rqlog"


def older_log(log: str, attempt: int) -> str:
    """The path of the log of an older attempt; ``.1`` is the oldest."""
    return f"{log}.{attempt}"


def second_log(log: str) -> str:
    """The path of the log of an attempt that runs beside the first one, until it is known which one counts."""
    return f"{log}.second"


def progress_path(log: str) -> str:
    """The path of the file that tells how far a running frame is."""
    return f"{log}.progress"
