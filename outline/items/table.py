# SPDX-License-Identifier: Apache-2.0
"""Items as a file in the session."""

from __future__ import annotations

import json
import os
import struct
from array import array
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import BinaryIO

from ..exception import ItemException, file_errors
from ..session_paths import SessionPaths
from .item import Item, Items

__all__ = ["ItemTable"]

_ENTRY = struct.Struct("<qQ")
_KEPT_ITEMS = 64


class ItemTable(Items):
    """The numbered items of one source as a file, of which a frame reads only what it needs.

    Each line holds number, key, value, origin and perhaps members as JSON, in the order of the numbers. The index
    beside it holds number and offset of each line. Both are written once, when the outline is set up, and never change.
    """

    def __init__(
        self, path: str, frames: str = "", *, gives_files: bool = False, after: str = "", groups: str = ""
    ) -> None:
        """Name a table.

        Args:
            path: Its file.
            frames: Its frame numbers as a range in the order of the source; empty when nobody will ask.
            gives_files: Whether each item is a file.
            after: The layer that has made what the source read.
            groups: The file of the table whose items it puts together.
        """
        self.path = path
        self.after = after
        self.groups = ItemTable(groups) if groups else None
        self.frames = frames
        self.gives_files = gives_files

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemTable) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __str__(self) -> str:
        return self.path

    @staticmethod
    def contents(items: Mapping[int, Item]) -> tuple[bytes, bytes]:
        """The contents of the file and of its index, for items by their numbers.

        Raises:
            ItemException: A value is not plain data.
        """
        text, index = bytearray(), bytearray()
        for number, item in sorted(items.items()):
            try:
                line = json.dumps([number, *(item if item.members else item[:-1])], ensure_ascii=False, allow_nan=True)
                encoded = line.encode("utf-8", "surrogateescape")
            except (TypeError, ValueError, RecursionError) as error:
                raise ItemException(f"the value of the item {item.key!r} is not plain data: {error}") from error
            index += _ENTRY.pack(number, len(text))
            text += encoded + b"\n"
        return bytes(text), bytes(index)

    def numbers(self) -> array[int]:
        """The frame numbers, ascending."""
        with _open(SessionPaths.item_index(self.path)) as stream:
            return array("q", (number for number, _ in _ENTRY.iter_unpack(stream.read())))

    def read(self, folder: str) -> Iterator[Item]:
        """Yield all items in the order of their numbers."""
        with _open(self.path) as stream:
            for number, line in zip(self.numbers(), stream, strict=True):
                yield _read(self.path, line, number)

    def item(self, number: int) -> Item:
        """The item of a frame.

        Raises:
            ItemException: There is none, or the file is damaged.
        """
        return _item_at(self.path, number)


@lru_cache(_KEPT_ITEMS)
def _item_at(path: str, number: int) -> Item:
    """One item of a table, which never changes; a frame asks for its item many times."""
    with _open(SessionPaths.item_index(path)) as index, _open(path) as stream:
        low, high = 0, os.fstat(index.fileno()).st_size // _ENTRY.size
        middle = min(max(number - 1, low), high - 1)  # where it is as long as no item was removed
        while low < high:
            found, offset = _ENTRY.unpack(os.pread(index.fileno(), _ENTRY.size, middle * _ENTRY.size))
            if found == number:
                stream.seek(offset)
                return _read(path, stream.readline(), number)
            low, high = (middle + 1, high) if found < number else (low, middle)
            middle = (low + high) // 2
    raise ItemException(f"no item has the frame {number} in {path}")


def _read(path: str, line: bytes, number: int) -> Item:
    try:
        found, key, value, origin, *members = json.loads(line.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise ItemException(f"{path} is damaged at the item of frame {number}; launch the job again") from error
    if found != number:
        raise ItemException(f"{path} and its index do not belong together: frame {number} is {found} there")
    return Item(key, value, origin, *map(tuple, members))


def _open(path: str) -> BinaryIO:
    with file_errors(ItemException, f"cannot read the items {path}"):
        return open(path, "rb")
