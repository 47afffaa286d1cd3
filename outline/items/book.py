# SPDX-License-Identifier: Apache-2.0
"""The items of one job and their frame numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..exception import NoItems
from ..frames import FrameSet
from ..storage import join
from .item import Item, Items, unique

__all__ = ["ItemBook", "LeftOut"]


class LeftOut(NamedTuple):
    """Files that match the pattern of a source and that layers of the job make.

    Attributes:
        who: The source with each of these layers, to know what has been told before.
        text: One sentence.
    """

    who: tuple[str, ...]
    text: str


class ItemBook:
    """The items of one job: which sources it has, and which frame number each key has.

    Sources are read when their items are first asked for. Numbers belong to the job, not to a source, so that a layer
    that requires another pairs with it by key.

    Attributes:
        work_folder: Where the relative outputs of the job begin.
        numbers: The frame number of each key.
        left_out: The files that are no items of the sources which were read.
    """

    def __init__(
        self,
        folder: str,
        known: Mapping[str, int] | None = None,
        *,
        work: str = "",
        makers: Callable[[Items], Callable[[str], str]] | None = None,
    ) -> None:
        """Make a book.

        Args:
            folder: What relative paths of sources start from.
            known: Numbers from earlier launches.
            work: The work folder, in which sources are that a layer of the job makes.
            makers: Gives what tells of a file of a source which layer makes it; such a file is no item of the source.
        """
        self.__folder = folder
        self.work_folder = work or folder
        self.__makers = makers
        self.__sources: dict[Items, dict[int, Item]] = {}
        self.__known: dict[int, tuple[Items, dict[int, Item]]] = {}
        self.__frames: dict[tuple[Items, tuple[str, ...]], str] = {}
        self.numbers = dict(known or {})
        self.left_out: list[LeftOut] = []
        self.__following = max(self.numbers.values(), default=0) + 1

    def of(self, source: Items) -> dict[int, Item]:
        """The items of a source by their numbers, in the order of the source.

        A key that has a number keeps it. A new one gets the next number, so that a new file never changes the number of
        another one.

        Raises:
            ItemException: The source cannot be read, has no items, or two items with one key.
        """
        known = self.known(source)
        if known is None:
            if source not in self.__sources:
                self.__sources[source] = {
                    self.__number(item.key): item if source.groups is None else self.__with_members(item)
                    for item in unique(source, self.__read(source))
                }
            known = self.__sources[source]
            self.__known[id(source)] = source, known
        return known

    def __read(self, source: Items) -> Iterator[Item]:
        if source.groups is not None:
            yield from source.put_together(self.of(source.groups).values())
            return
        folder = self.work_folder if source.after else self.__folder
        if not source.gives_files or self.__makers is None:
            yield from source.read(folder)
            return
        maker_of = self.__makers(source)
        made: dict[str, str] = {}
        is_empty = True
        for item in source.read(folder):
            maker = maker_of(join(folder, item.value["path"]))
            if maker:
                made[item.origin] = maker
            else:
                is_empty = False
                yield item
        if made:
            path, maker = next(iter(made.items()))
            count = (
                "1 file that matches is an output" if len(made) == 1 else f"{len(made)} files that match are outputs"
            )
            text = f"{count} of this job, such as {path} of layer {maker}"
            if is_empty:
                raise NoItems(str(source), f": {text}; write these elsewhere, or read them with after={maker!r}")
            who = tuple(f"{source}: {name}" for name in sorted(set(made.values())))
            self.left_out.append(LeftOut(who, f"{source}: {text}; they are no items"))

    def known(self, source: Items) -> dict[int, Item] | None:
        """The items of a source object, when ``of`` was asked for them; None before."""
        known = self.__known.get(id(source))  # to compare sources takes longer than all else that a frame asks
        return None if known is None else known[1]

    def frames(self, source: Items, only: tuple[str, ...] = ()) -> str:
        """The numbers of a source's items as a range, in the order of the source.

        Args:
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
