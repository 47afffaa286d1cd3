# SPDX-License-Identifier: Apache-2.0
"""Lineage: what a file was made from, and what was made from it, as the records of a work folder tell."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from ..exception import WorkException, did_you_mean
from ..io.folders import folders_around
from ..layer.links import PART_MARK
from .decide import COUNT_MARK, Record
from .digests import TIME_MARK
from .folder import WorkFolder, number_of

__all__ = ["Step", "trace"]

# The labels that ``LayerLinks.input_files`` gives to several files.
_LABEL = re.compile(r"(?P<all>all)(?= of )|group (?P<group>.*)(?= of )|frame (?P<frame>-?\d+)(?= of )", re.DOTALL)


class Step(NamedTuple):
    """One file on the way, and the frame that made it.

    Attributes:
        depth: How far it is from the file that was asked for.
        file: Its path; relative to the work folder where it is in there.
        layer: The layer that made it; empty for a source.
        key: The key of its item, or its frame.
        launch: The number of the launch.
        is_known: It stands further up with all that belongs to it, which is not repeated here.
    """

    depth: int
    file: str
    layer: str = ""
    key: str = ""
    launch: int = 0
    is_known: bool = False


def trace(folder: WorkFolder, file: str, *, down: bool = False) -> list[Step]:
    """The way of a file, from the file on: back to the sources, or on to all that was made from it.

    Args:
        folder: The work folder, of which only the records are read.
        file: The file, or one in a folder that a frame has made; a relative path begins in the current folder, or else
            in the work folder.
        down: Follow what was made from it.

    Raises:
        WorkException: It is no work folder, or no record names the file.
    """
    folder.check()
    lineage = _Lineage(folder)
    return list(_walk(lineage, lineage.find(file), down))


def _walk(lineage: _Lineage, file: str, down: bool) -> Iterator[Step]:
    seen: set[str] = set()
    waiting = [(0, file)]
    while waiting:
        depth, path = waiting.pop()
        record = lineage.maker(path)
        maker = (record.layer, record.key, record.launch) if record is not None else ()
        following = lineage.made_from(path) if down else lineage.read_by(path)
        is_known = path in seen and bool(following)
        yield Step(depth, path, *maker, is_known=is_known)  # type: ignore[misc]  # a maker has three parts, or none
        if not is_known:
            seen.add(path)
            waiting += [(depth + 1, other) for other in reversed(following)]


def _may_be_folder(digest: str) -> bool:
    return COUNT_MARK in digest or digest.startswith(TIME_MARK)


class _Lineage:
    """Which frame made and read which file."""

    def __init__(self, folder: WorkFolder) -> None:
        self.__makers: dict[str, Record] = {}
        self.__folder = folder.folder
        self.__numbers = folder.numbers()
        self.__written: dict[str, dict[str, list[str]]] = defaultdict(dict)
        self.__readers: dict[str, list[Record]] = defaultdict(list)
        self.__parts: dict[str, list[str]] = defaultdict(list)
        book = folder.read_records()
        done = [record for record in map(book.get, list(book)) if record is not None and record.has_succeeded]
        for record in done:
            self.__written[record.layer][record.key] = [state.path for state in record.outputs]
            self.__makers.update((state.path, record) for state in record.outputs)
        outputs = (state for record in done for state in record.outputs)
        self.__folders = {state.path for state in outputs if _may_be_folder(state.digest)}
        for record in done:
            for path in self.__inputs(record):
                self.__readers[path].append(record)
        for path in self.__readers if self.__folders else ():
            for around in self.__folders.intersection(folders_around(path)):
                self.__parts[around].append(path)

    def find(self, file: str) -> str:
        """The path of a file as records have it.

        Raises:
            WorkException: No record names it.
        """
        whole = os.path.abspath(file)
        below = os.path.relpath(whole, self.__folder)
        for path in (below, whole, os.path.normpath(file)):
            if path in self.__readers or self.maker(path) is not None:
                return path
            read = next((folder for folder in folders_around(path) if folder in self.__readers), "")
            if read:  # a file of a folder that is a source
                return read
        near = did_you_mean(below, [*self.__makers, *self.__readers])
        raise WorkException(f"no record of {self.__folder} names the file {file}{near}")

    def read_by(self, path: str) -> list[str]:
        """What the frame that made a file has read."""
        record = self.maker(path)
        return self.__inputs(record) if record is not None else []

    def maker(self, path: str) -> Record | None:
        """The frame that made a file, or the folder that it is in."""
        if path in self.__makers or not self.__folders:
            return self.__makers.get(path)
        return next((self.__makers[folder] for folder in folders_around(path) if folder in self.__folders), None)

    def made_from(self, path: str) -> list[str]:
        """What frames that read a file, the folder that it is in, or a part of it, have made."""
        read = [path, *folders_around(path), *self.__parts.get(path, ())]
        records = [record for one in read for record in self.__readers.get(one, ())]
        return sorted({state.path for record in records for state in record.outputs})

    def __inputs(self, record: Record) -> list[str]:
        found: list[str] = []
        for state in (one for one in record.inputs if one.digest):  # others were not there
            found += [state.path] if self.maker(state.path) is not None else self.__members(record, state.path)
        return list(dict.fromkeys(found))

    def __members(self, record: Record, label: str) -> list[str]:
        """The files that a label stands for; a label that is a path stands for itself."""
        match = _LABEL.match(label)
        layer = label[match.end() + len(" of ") :].partition(PART_MARK)[0] if match else ""
        written = self.__written.get(layer) if match else None
        if match is None or written is None:
            return [label]
        if match["all"]:
            keys = sorted(written, key=lambda key: (number_of(key, self.__numbers), key))
        elif match["frame"]:
            keys = [key for key in written if number_of(key, self.__numbers) == int(match["frame"])]
        else:
            keys = json.loads(record.item)["members"]
        return [path for key in keys for path in written.get(key, ())]
