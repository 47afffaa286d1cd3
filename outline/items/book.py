# SPDX-License-Identifier: Apache-2.0
"""The items of one job and their frame numbers."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from ..frames import FrameSet
from .item import Item, Items, read_items

__all__ = ["ItemBook"]


class ItemBook:
    """The items of one job: which sources it has, and which frame number each key has.

    Sources are read when their items are first asked for. Numbers belong to the job, not to a source, so that a layer
    that requires another pairs with it by key.
    """

    def __init__(self, folder: str, known: Mapping[str, int] | None = None, *, work: str = "") -> None:
        """Make a book.

        Args:
            folder: What relative paths of sources start from.
            known: Numbers from earlier launches.
            work: The work folder, in which sources are that a layer of the job makes.
        """
        self.__folder = folder
        self.__work = work or folder
        self.__sources: dict[Items, dict[int, Item]] = {}
        self.__known: dict[int, tuple[Items, dict[int, Item]]] = {}
        self.__frames: dict[tuple[Items, tuple[str, ...]], str] = {}
        self.numbers = dict(known or {})
        self.__following = max(self.numbers.values(), default=0) + 1

    def of(self, source: Items) -> dict[int, Item]:
        """The items of a source by their numbers, in the order of the source.

        A key that has a number keeps it. A new one gets the next number, so that a new file never changes the number of
        another one.

        Raises:
            ItemException: The source cannot be read, has no items, or two items with one key.
        """
        if source not in self.__sources:
            if source.groups is not None:
                self.of(source.groups)
            folder = self.__work if source.after else self.__folder
            self.__sources[source] = {
                self.__number(item.key): item if source.groups is None else self.__with_members(item)
                for item in read_items(source, folder)
            }
        self.__known[id(source)] = source, self.__sources[source]
        return self.__sources[source]

    def known(self, source: Items) -> dict[int, Item] | None:
        """The items of a source object, when ``of`` was asked for them; None before."""
        known = self.__known.get(id(source))  # to compare sources takes longer than all else that a frame asks
        return None if known is None else known[1]

    def frames(self, source: Items, only: tuple[str, ...] = ()) -> str:
        """The numbers of a source's items as a range, in the order of the source.

        Args:
            source: The source.
            only: Patterns of keys, as in a shell; without any, all items count.
        """
        if (source, only) not in self.__frames:
            items = self.of(source)
            numbers = [
                number
                for number, item in items.items()
                if not only or any(fnmatchcase(item.key, pattern) for pattern in only)
            ]
            self.__frames[source, only] = str(FrameSet(numbers))
        return self.__frames[source, only]

    def __with_members(self, item: Item) -> Item:
        return item._replace(members=tuple(self.numbers[key] for key in item.value["members"]))

    def __number(self, key: str) -> int:
        number = self.numbers.setdefault(key, self.__following)
        self.__following = max(self.__following, number + 1)
        return number
