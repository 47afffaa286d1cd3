# SPDX-License-Identifier: Apache-2.0
"""How the name of a file sequence is written: where its frame goes, and how many digits it has."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

__all__ = ["SequencePattern", "files_of", "find_slot", "is_fixed", "parse_pattern"]

_UDIM = "(?i)<udim>"

_PART = r"-?\d+(?:--?\d+(?:[xy:]-?\d+)?)?"
_SEVERAL = rf"-?\d+(?:--?\d+(?:[xy:]-?\d+)?(?:,{_PART})*|(?:,{_PART})+)"
_RANGE = rf"(?:(?<=\.){_PART}(?:,{_PART})*|(?:(?<=_)|^){_SEVERAL})"

# Texts, not compiled patterns, because compiling at import costs every frame 2 ms; re keeps what it compiled.
# Matched in the file name only: a # in a folder's name is a folder's name. A single # or @ needs a . _ - or the begin
# of the name before it and . _ - or the end behind it, so that C#.txt and me@home.txt are single files.
_MARK = rf"""(?x)
         (?P<frames>{_RANGE})(?P<ranged>\#+|@+|%0\d+d|%d)
       | (?P<bracket>\[(?:\#+|@+)\])
       | (?P<bare>\#\#+|@@+|(?:(?<=[._-])|^)[\#@](?=[._-]|$))
       | (?P<printf>%0\d+d|%d)
       | (?P<houdini>\$F\d*(?![A-Za-z\d])|\$\{{F\d*\}})
       | (?P<angle><(?i:frame)\d*>)
"""
_DIGITS_SLOT = rf"(?<=\.){_PART}(?:,{_PART})*(?=\.[A-Za-z][.\w]*$)"


# What every place for a frame, a variable or a home has; most paths of files that are there have none of it.
_VARIES = r"[#@%$~<]|\.-?\d+[-,]"


class SequencePattern(NamedTuple):
    """A path cut at the place where its frame number goes.

    Attributes:
        prefix: The path before the frame, with the folder.
        slot: The frame part as it was written, such as ``1-10####``; empty for a single file.
        digits: How many digits a frame has at least; a minus sign counts as one.
        frames: The frame range in the slot, or an empty text.
        suffix: The path behind the frame, with the extension.
    """

    prefix: str
    slot: str = ""
    digits: int = 0
    frames: str = ""
    suffix: str = ""

    @property
    def path(self) -> str:
        """The path as it was written."""
        return self.written(self.slot)

    def written(self, slot: str) -> str:
        """The path with another frame part; a single file has none."""
        return f"{self.prefix}{slot}{self.suffix}" if self.slot else self.prefix

    def frame_path(self, frame: int) -> str:
        """The path of one frame; a single file is the same for every frame."""
        return f"{self.prefix}{frame:0{self.digits}d}{self.suffix}" if self.slot else self.prefix

    def hashes(self) -> str:
        """The slot without its range, as ``#`` for each digit; ``@`` for a frame without padding.

        A single ``#`` stays one when it was written so. It means four digits, so it cannot stand for one.
        """
        written = re.search(r"#+", self.slot)
        if written:
            return written.group()
        return "@" if self.digits <= 1 else "#" * self.digits

    def frames_on_disk(self, suffix: str | None = None) -> list[int]:
        """The frames that have a file, empty or not, sorted.

        Args:
            suffix: Look for files with this end instead of the pattern's own.
        """
        folder, start = os.path.split(self.prefix)
        end = self.suffix if suffix is None else suffix
        name = re.compile(f"{_tile_regex(start)}(-?[0-9]+){_tile_regex(end)}")
        texts = {match[1] for match in map(name.fullmatch, _names_in(folder)) if match}
        return sorted(int(text) for text in texts if f"{int(text):0{self.digits}d}" == text)


def parse_pattern(path: str) -> SequencePattern:
    """Where the frame goes in a path; the last place counts.

    Understood are ``#`` (four digits), ``##`` and more, ``@`` for each digit, ``%04d``, ``%d``, ``$F4``, ``$F``,
    ``${F4}``, ``[####]``, ``<frame>`` (four digits), ``<frame3>``, a range before one of these (``1-10####``), and a
    range or number alone between dots (``a.1-10.exr``, ``a.0001-0010.exr``). ``<UDIM>`` is no frame: it stands for
    any tile. Every other path is a single file.
    """
    name = os.path.basename(path)
    start = len(path) - len(name)
    marks = list(re.finditer(_MARK, name))
    if not marks:
        return _parse_digits(path, start)
    found = marks[-1]
    mark = next(text for text in found.group("ranged", "bracket", "bare", "printf", "houdini", "angle") if text)
    return SequencePattern(
        prefix=path[: start + found.start()],
        slot=found.group(),
        digits=_digits(mark),
        frames=found["frames"] or "",
        suffix=path[start + found.end() :],
    )


def find_slot(path: str) -> SequencePattern:
    """Where the frame goes in the path of a file that is to be written.

    Unlike in ``parse_pattern`` a single number, as in ``movie.2024.mp4``, is a part of the name: it is what is written,
    not a frame of what is there.
    """
    pattern = parse_pattern(path)
    return SequencePattern(path) if re.fullmatch(r"-?\d+", pattern.slot) else pattern


def is_fixed(path: str) -> bool:
    """Tell, at a glance, that a path is the same for every frame and on every host; False when it may vary."""
    return re.search(_VARIES, path) is None


def files_of(path: str) -> list[str]:
    """The files that a path stands for: itself, or every tile on disk if it holds ``<UDIM>``."""
    if "<" not in path:  # each frame asks many times
        return [path]
    folder, name = os.path.split(path)
    if not re.search(_UDIM, name):
        return [path]
    tile = re.compile(_tile_regex(name))
    start = re.split(_UDIM, name)[0]  # the folder may hold very many others
    tiles = (found for found in _names_in(folder) if found.startswith(start) and tile.fullmatch(found))
    return sorted(os.path.join(folder, found) for found in tiles)


def _parse_digits(path: str, start: int) -> SequencePattern:
    ranges = list(re.finditer(_DIGITS_SLOT, path[start:]))
    if not ranges:
        return SequencePattern(path)
    found = ranges[-1]
    frames = found.group()
    padded = re.match(r"-?0\d+", frames)
    return SequencePattern(
        prefix=path[: start + found.start()],
        slot=frames,
        digits=len(padded.group()) if padded else 1,
        frames=frames,
        suffix=path[start + found.end() :],
    )


def _digits(mark: str) -> int:
    runs = re.search(r"#+|@+", mark)
    if runs:
        return 4 if runs.group() == "#" else len(runs.group())
    number = re.search(r"\d+", mark)
    if number:
        return max(1, int(number.group()))
    return 4 if mark.startswith("<") else 1


def _tile_regex(text: str) -> str:
    return "[0-9]{4}".join(re.escape(part) for part in re.split(_UDIM, text))


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder or os.curdir)
    except OSError:  # no such folder holds no such file
        return []
