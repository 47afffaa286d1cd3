# SPDX-License-Identifier: Apache-2.0
"""The records of a few frames, found without reading those of all others."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator

from .records import FOLDED, RecordBook, frame_in, needle_of, read_head, reading, record_files

__all__ = ["RecordLookup"]

_Frame = tuple[str, str]


class RecordLookup:
    """Finds records for a process that runs frames.

    What older launches have left is in one sorted file, in which a frame is found in a few steps. Files that hold the
    records of the chunk of another frame are not opened.
    """

    def __init__(self, folder: str) -> None:
        """Look at the records that are there.

        Raises:
            WorkException: A file cannot be read.
        """
        self.__folder = folder
        self.__old_of_frames: dict[str, list[str]] = {}
        self.__old_of_any = RecordBook()  # of a run of this launch before it was resumed; most often empty
        with reading(folder):
            names = record_files(folder)
            for name in names:
                if frame_in(name):
                    self.__old_of_frames.setdefault(frame_in(name), []).append(name)
                elif name != FOLDED:
                    self.__old_of_any.take_file(os.path.join(folder, name))
        self.__sorted = os.path.join(folder, FOLDED) if FOLDED in names else ""

    def find(self, frames: Collection[_Frame], names: Collection[str], *, is_first: bool) -> RecordBook:
        """The newest records of the frames of a chunk.

        Args:
            frames: Layer and key of each.
            names: The names of the frames.
            is_first: Nobody else has run them since this object was made.

        Raises:
            WorkException: A file cannot be read.
        """
        book = RecordBook()
        old = (file for name in names for file in self.__old_of_frames.get(name, ()))
        with reading(self.__folder):
            for frame in frames:
                for line in filter(None, (self.__old_of_any.line(frame), self.__line_of(frame))):
                    book.take(line)
            for file in old if is_first else self.__files_of(names):
                for line in _lines_of(os.path.join(self.__folder, file), frames):
                    book.take(line)
        return book

    def __files_of(self, names: Collection[str]) -> list[str]:
        """The files of this launch that may hold records of some frames."""
        files = record_files(self.__folder)
        return [file for file in files if file != FOLDED and (not frame_in(file) or frame_in(file) in names)]

    def __line_of(self, frame: _Frame) -> bytes | None:
        """The line of a frame in the sorted file."""
        if not self.__sorted:
            return None
        try:
            with open(self.__sorted, "rb", buffering=0) as stream:
                return _bisect(stream.fileno(), frame)
        except ValueError:  # a damaged line says nothing of where the others are
            return next(_lines_of(self.__sorted, [frame]), None)


def _bisect(fd: int, frame: _Frame) -> bytes | None:
    """The line of a frame in a file whose lines are in the order of their frames.

    Raises:
        ValueError: A line on the way is damaged.
    """
    low, high = 0, os.fstat(fd).st_size  # between which the line begins
    while low < high:
        middle = (low + high) // 2
        begin = middle and middle - 1 + len(_read_line(fd, middle - 1))
        if begin >= high:
            high = middle
            continue
        line = _read_line(fd, begin)
        here = tuple(read_head(line)[2:4])
        if here == frame:
            return line
        low, high = (begin + len(line), high) if here < frame else (low, middle)
    return None


_BLOCK = 4096


def _read_line(fd: int, begin: int) -> bytes:
    """The rest of a line, from somewhere in it on."""
    data = b""
    while b"\n" not in data and (more := os.pread(fd, _BLOCK, begin + len(data))):
        data += more
    return data[: data.find(b"\n") + 1 or len(data)]


def _lines_of(path: str, frames: Iterable[_Frame]) -> Iterator[bytes]:
    """The lines of a file that name some frames."""
    with open(path, "rb") as stream:
        data = stream.read()
    for frame in frames:
        needle = needle_of(*frame)
        place = data.find(needle)
        while place >= 0:
            end = data.find(b"\n", place) + 1 or len(data)
            yield data[data.rfind(b"\n", 0, place) + 1 : end]
            place = data.find(needle, end)
