# SPDX-License-Identifier: Apache-2.0
"""Files to whose names an application has added the frame in its own way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from .output import Output

__all__ = ["adopt_numbered", "move_written", "numbered_path", "unnumbered"]


def unnumbered(target: Output) -> str:
    """The path of an output without the frame, for applications that add it before the extension."""
    return f"{target.pattern.prefix}{target.pattern.suffix}"


def numbered_path(target: Output, number: str, joint: str = "") -> str:
    """The path of an output with a number before the extension, where some applications put it.

    Args:
        target: The output.
        number: What the application puts there; empty for what it is told.
        joint: What it puts before the number by itself, which is not to stand there twice.
    """
    stem, extension = os.path.splitext(f"x{target.pattern.suffix}")  # without the x, ".png" has no extension
    return f"{target.pattern.prefix.removesuffix(joint)}{stem[1:]}{number}{extension}"


def move_written(written: str, path: str) -> None:
    """Give a file the name that was asked for, if an application has written it under another one."""
    if written != path and os.path.exists(written):
        os.replace(written, path)


def adopt_numbered(target: Output, frames: Iterable[int]) -> None:
    """Give files the names that were asked for, whatever an application has put around the number.

    ``beauty.exr`` may have become ``beauty.0001.exr``, ``beauty_1.exr`` or ``beauty00001.exr``. The newest file of a
    frame is the one that was rendered.

    Args:
        target: Where the files should be.
        frames: The frames that were rendered.
    """
    if not target.is_sequence:
        return
    written, wanted = _written(target), set(frames)
    for frame in wanted:
        path = target.frame_path(frame)
        name = written.get(str(frame)) or (written.get(f"-{frame}") if -frame not in wanted else None)
        if name and name != os.path.basename(path):
            os.replace(os.path.join(target.folder, name), path)


def _written(target: Output) -> dict[str, str]:
    """The name of the newest file of each number; whether a hyphen is a sign is not known."""
    stem = re.escape(os.path.basename(target.pattern.prefix).rstrip("._-"))
    name = re.compile(rf"{stem}[._-]*?(?P<sign>-?)0*(?P<number>[0-9]+){re.escape(target.pattern.suffix)}")
    try:
        matches = [match for match in map(name.fullmatch, os.listdir(target.folder)) if match]
    except OSError:
        return {}
    matches.sort(key=lambda match: _age(os.path.join(target.folder, match.string)))
    return {f"{match['sign']}{match['number']}": match.string for match in matches}


def _age(path: str) -> int:
    """When a file was written; 0 for one that another process has taken away."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
