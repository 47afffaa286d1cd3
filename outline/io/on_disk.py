# SPDX-License-Identifier: Apache-2.0
"""The range of what is there."""

from __future__ import annotations

import os

from ..exception import OutlineException
from ..frames import FrameSet
from .path import expand_path, resolve
from .pattern import find_slot

__all__ = ["frames_on_disk"]


def frames_on_disk(path: str | os.PathLike[str]) -> FrameSet:
    """The frames that have a file, in ascending order: ``range=frames_on_disk("plate.####.exr")``.

    The folder is read when the function is called.

    Args:
        path: A path with a place for the frame, such as ``plate.####.exr`` or ``plate.%04d.exr``; a relative one begins
            in the working directory. A file whose number has other padding is no frame of it.

    Raises:
        OutlineException: The path has no place for the frame, or no frame has a file.
    """
    pattern = find_slot(expand_path(resolve(path), os.environ))
    if not pattern.slot:
        raise OutlineException(
            f"{pattern.path!r} is a single file, without frames on disk; put a token such as #### into its path"
        )
    frames = pattern.frames_on_disk()
    if not frames:
        folder = os.path.dirname(pattern.path) or os.curdir
        problem = "none of its files exists" if os.path.isdir(folder) else f"the folder {folder} does not exist"
        raise OutlineException(f"no frames of {pattern.path} on disk: {problem}")
    return FrameSet(frames)
