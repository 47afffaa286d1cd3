# SPDX-License-Identifier: Apache-2.0
"""Files that are written beside their place, under a hidden name, and renamed when they are whole.

``/out/beauty.0001.exr`` is written as ``/out/.part-4711-beauty.0001.exr``: in the same folder, because a rename is
whole only inside one file system, and with the same extension, because applications choose the format by it. The
number keeps two attempts apart, so that one that nobody has ended cannot write into the file of the next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

from ..storage import upload
from .folders import files_below, put_in_place, remove
from .output import HIDDEN, Output

__all__ = ["discard", "publish", "remove_stale"]

_MARKED = re.compile(rf"{HIDDEN}(?P<name>.+)", re.DOTALL)
# What a killed POV-Ray leaves beside a picture, and what oiiotool leaves of one on a full disk.
_LEFT_BESIDE = r"\.pov-state|\.[0-9a-f]{8}\.temp\.\w+"
_UDIM = re.compile(r"(?i)<udim>")


def publish(beside: Output, output: Output, frames: Iterable[int]) -> None:
    """Give the files of these frames their real names; a file that is not there is left out.

    A file that belongs into a bucket is put there whole. A folder without any file is left out, too.

    Raises:
        OSError: A file cannot be renamed.
        StorageException: It cannot be put into its bucket.
    """
    for frame in _own_names(output, frames):
        for path in beside.files(frame):
            if os.path.lexists(path) and output.is_remote:
                upload(path, f"{os.path.dirname(output.frame_path(frame))}/{os.path.basename(path)}")
            elif output.is_folder:
                if any(files_below(path)):
                    put_in_place(path, os.path.join(os.path.dirname(path), _real_name(path)))
            elif os.path.lexists(path):
                os.replace(path, os.path.join(os.path.dirname(path), _real_name(path)))


def discard(beside: Output, frames: Iterable[int]) -> None:
    """Remove the files of these frames that were not given their real names."""
    for frame in _own_names(beside, frames):
        for path in beside.files(frame):
            remove(path)


def remove_stale(output: Output, frames: Iterable[int], *, is_first: bool = False) -> list[str]:
    """Remove what earlier attempts at these frames have left under hidden names, and return its names.

    Args:
        is_first: What is left is older than this process, so one look into the folder is enough for all frames.
    """
    names_in = _hidden_in if is_first else _look_for_hidden
    if output.has_items:
        paths = [output.frame_path(frame) for frame in frames]
        if is_first:
            paths = [path for path in paths if _hidden_in(os.path.dirname(path) or os.curdir)]
        return [name for path in paths for name in _remove(names_in, *_left_of(path), begin=_literal_begin(path))]
    name, wanted = _name_regex(output), set(frames)

    def is_ours(found: re.Match[str]) -> bool:
        return not output.is_sequence or int(found["frame"]) in wanted

    return _remove(names_in, output.folder, name, is_ours)


def _left_of(path: str) -> tuple[str, str]:
    """The folder of a file, and what names of it look like."""
    stem, extension = os.path.splitext(os.path.basename(path))
    return os.path.dirname(path) or os.curdir, rf"{_tile_regex(stem)}(?:{re.escape(extension)}|{_LEFT_BESIDE})"


def _literal_begin(path: str) -> str:
    """What each name that ``_left_of`` matches begins with; to compile an expression takes longer than most frames."""
    return os.path.basename(path).partition(" ")[0].partition("<")[0].partition(".")[0]


def _remove(
    names_in: Callable[[str], list[str]],
    folder: str,
    name: str,
    is_ours: Callable[[re.Match[str]], bool] = lambda found: True,
    begin: str = "",
) -> list[str]:
    """Remove the hidden files of a folder whose real names match."""
    removed = []
    for found in names_in(folder):
        marked = _MARKED.fullmatch(found)
        match = re.fullmatch(name, marked["name"]) if marked and marked["name"].startswith(begin) else None
        if match and is_ours(match):
            remove(os.path.join(folder, found))
            removed.append(found)
    if removed:
        _seen.pop(folder, None)
    return removed


def _own_names(output: Output, frames: Iterable[int]) -> list[int]:
    """The frames that have a file of their own: all, or one that stands for all."""
    return list(frames) if output.is_sequence else list(frames)[:1]


def _real_name(path: str) -> str:
    marked = _MARKED.fullmatch(os.path.basename(path))
    assert marked, path
    return marked["name"]


def _name_regex(output: Output) -> str:
    """What names of this output look like, with any padding, since some applications choose that themselves."""
    start, end = _tile_regex(os.path.basename(output.pattern.prefix)), _tile_regex(output.pattern.suffix)
    if not output.is_sequence:
        return _left_of(output.path)[1]
    return rf"{start}\.?(?P<frame>-?[0-9]+)(?:{end}|{_LEFT_BESIDE})"


def _tile_regex(name: str) -> str:
    parts = (re.escape(part).replace(r"\ ", "[ _]") for part in _UDIM.split(name))  # Tachyon is told no blanks
    return "[0-9]{4}".join(parts)


_seen: dict[str, list[str]] = {}
"""The hidden files that this process has seen in each folder."""


def _hidden_in(folder: str) -> list[str]:
    return _seen[folder] if folder in _seen else _look_for_hidden(folder)


def _look_for_hidden(folder: str) -> list[str]:
    try:
        _seen[folder] = [name for name in os.listdir(folder) if name.startswith(".part-")]
    except OSError:
        return []
    return _seen[folder]
