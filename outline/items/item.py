# SPDX-License-Identifier: Apache-2.0
"""An item, and what every source of items does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..exception import ItemException, NoItems

__all__ = ["SCALARS", "Item", "Items", "check_path_key", "item_tokens", "read_items", "unique"]

SCALARS = (str, int, float, bool)
_LONGEST_PART_BYTES = 200
_PLAIN_KEY = r"[\w][\w. =@+,-]{0,99}"  # most keys, and a job may have a million


class Item(NamedTuple):
    """What one frame of a layer with items works on.

    Attributes:
        key: Its name, unique in its source.
        value: Plain data: a text, a number, or a dict.
        origin: Where it was read, such as ``seeds.txt:12``, for messages; empty when it stands in the outline.
        members: The frame numbers of the items that it puts together, when it is a group.
    """

    key: str
    value: Any
    origin: str = ""
    members: tuple[int, ...] = ()


class Items:
    """A source of items. Two sources that are equal are read once and share their items.

    Attributes:
        path: The table in a session that holds the items; empty before there is one.
        frames: The frame numbers of that table as a range, in the order of the source.
        gives_files: Whether each item is a file.
        is_given: Whether the items stand in the outline itself, and not in files.
        after: The layer that makes what the source reads, in the work folder; empty when it can be read at once.
        groups: The source whose items it puts together; None when it is no group.
    """

    path = ""
    frames = ""
    gives_files = False
    is_given = False
    after = ""
    groups: Items | None = None

    def read(self, folder: str) -> Iterator[Item]:
        """Yield the items in the order of the source.

        Args:
            folder: What relative paths start from.

        Raises:
            ItemException: The source cannot be read; the message names file and line.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say where its items come from")

    def put_together(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the groups of the items of ``groups``."""
        raise NotImplementedError(f"{type(self).__name__} is no group")


def read_items(source: Items, folder: str) -> list[Item]:
    """List the items of a source, each key once.

    Raises:
        ItemException: It cannot be read, has no items, or two of its items have one key.
    """
    return unique(source, source.read(folder))


def unique(source: Items, items: Iterable[Item]) -> list[Item]:
    """List items that a source has given; errors are those of ``read_items``."""
    found: dict[str, Item] = {}
    for item in items:
        if not item.key.isascii():
            _check_text(item)
        if item.key in found:
            first, second = found[item.key].origin, item.origin
            places = f": {first} and {second}" if first else ""
            raise ItemException(f"two items of {source} have the key {item.key!r}{places}; keys name the frames")
        found[item.key] = item
    if not found:
        raise NoItems(str(source), ", so there is nothing to run")
    return list(found.values())


def _check_text(item: Item) -> None:
    try:
        os.fsencode(item.key)
    except UnicodeEncodeError as error:
        raise ItemException(f"the key {item.key[:80]!r} is no text that a file can hold: {error.reason}") from error


def check_path_key(item: Item) -> None:
    """Check that a key can stand in a path; ``/`` makes folders.

    Raises:
        ItemException: A part is empty, ``..`` or too long, or there is a control character.
    """
    if re.fullmatch(_PLAIN_KEY, item.key, re.ASCII):
        return
    problem = ""
    for part in item.key.split("/"):
        if part in ("", ".", ".."):
            problem = f"has the part {part!r}"
        elif len(os.fsencode(part)) > _LONGEST_PART_BYTES:
            problem = f"has a part of more than {_LONGEST_PART_BYTES} bytes"
        elif any(ord(char) < 32 or ord(char) == 127 for char in part):
            problem = "has a control character"
    if problem:
        where = f"{item.origin}: " if item.origin else ""
        raise ItemException(f"{where}the key {item.key[:80]!r} {problem}, so it cannot be part of a path")


def item_tokens(item: Item) -> dict[str, str]:
    """What ``%{KEY}``, ``%{ITEM}`` and ``%{ITEM:part}`` stand for; ``%{ITEM}`` of a file is its path."""
    tokens = {"%{KEY}": item.key}
    if isinstance(item.value, Mapping):
        tokens |= {f"%{{ITEM:{name}}}": _token_text(value) for name, value in item.value.items()}
        if "path" in item.value:
            tokens["%{ITEM}"] = _token_text(item.value["path"])
    else:
        tokens["%{ITEM}"] = _token_text(item.value)
    return tokens


def _token_text(value: Any) -> str:
    return str(value) if isinstance(value, SCALARS) else json.dumps(value, ensure_ascii=False)
