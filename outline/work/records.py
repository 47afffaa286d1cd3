# SPDX-License-Identifier: Apache-2.0
"""Records of frames as files: one writer per file, appended line by line, folded when a launch is over.

A line is two JSON texts with a tab between them. The head, ``[launch, attempt, layer, key, "begin" or "end"]``, is all
that is read of most lines; the body holds the rest: what the frame reads, and of an end how it ended.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..files import write_atomic
from ..frame_end import FrameEnd
from .decide import FileState, Record, Signature

__all__ = ["RecordBook", "RecordWriter", "begin_line", "end_line", "read_record"]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_scan = json.JSONDecoder().raw_decode
_HEAD = (int, int, str, str, str)
BASE = "base.jsonl"
_SUFFIX = ".jsonl"


def begin_line(record: Record) -> bytes:
    """The line that says that a frame has begun, and what it reads."""
    return _line([record.launch, record.attempt, record.layer, record.key, "begin"], _read_by(record))


def end_line(record: Record) -> bytes:
    """The line that says how a frame ended; its record has an end."""
    assert record.end is not None
    body: dict[str, Any] = {"how": record.end.to_dict(), **_read_by(record)}
    if record.outputs:
        body["out"] = [_packed(state) for state in record.outputs]
    if record.result is not None:
        body["result"] = record.result
    if record.counts:
        body["counts"] = dict(record.counts)
    return _line([record.launch, record.attempt, record.layer, record.key, "end"], body)


def _read_by(record: Record) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if record.item:
        body["item"] = record.item
    if record.inputs:
        body["in"] = [_packed(state) for state in record.inputs]
    return body


def read_record(line: bytes) -> Record:
    """The record that a line holds.

    Raises:
        ValueError: The line is damaged.
    """
    head, _, body = line.decode("utf-8", "surrogateescape").partition("\t")
    launch, attempt, layer, key, kind = _head(head)
    try:
        data = _decode(body)
        return Record(
            layer,
            key,
            launch,
            attempt,
            FrameEnd.from_dict(data["how"]) if kind == "end" else None,
            str(data.get("item", "")),
            tuple(_unpacked(state) for state in data.get("in", ())),
            tuple(_unpacked(state) for state in data.get("out", ())),
            data.get("result"),
            data.get("counts", {}),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no record of a frame: {error!r}") from error


def _line(head: list[Any], body: dict[str, Any]) -> bytes:
    return f"{_encode(head)}\t{_encode(body)}\n".encode("utf-8", "surrogateescape")


def _decode(text: str) -> Any:
    """What a JSON text says; a job may have a million of them, so nothing is allowed before it."""
    data, end = _scan(text)
    if text[end:].strip():
        raise ValueError(f"more than one JSON text: {text!r:.60}")
    return data


def _head(text: str) -> tuple[int, int, str, str, str]:
    head = _decode(text)
    if not isinstance(head, list) or tuple(map(type, head)) != _HEAD:
        raise ValueError(f"no head of a record: {head!r:.60}")
    if head[4] not in ("begin", "end"):
        raise ValueError(f"no kind of record: {head[4]!r:.60}")
    return tuple(head)


def _packed(state: FileState) -> list[Any]:
    return [state.name, state.path, *state.signature, state.digest]


def _unpacked(data: Any) -> FileState:
    name, path, size, mtime_ns, inode, digest = data
    return FileState(str(name), str(path), Signature(int(size), int(mtime_ns), int(inode)), str(digest))


class RecordWriter:
    """Appends the records of one process to a file of its own, which is made with the first of them.

    Each record is written by one call, so that a reader, or whoever comes after a kill -9, sees whole lines and at most
    one part of a line at the end. Forks may write too, while the process that made the writer waits for them.
    """

    def __init__(self, folder: str, launch: int) -> None:
        self.__path = os.path.join(folder, f"{launch}-{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}")
        self.__fd = -1

    def write(self, line: bytes) -> None:
        """Append a line.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
        """
        if self.__fd < 0:
            self.__fd = os.open(self.__path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        if os.write(self.__fd, line) < len(line):
            os.write(self.__fd, b"\n")  # what did not fit is skipped as damaged, and not what comes after it
            raise OSError(28, "No space left on device", self.__path)

    def close(self) -> None:
        """Close the file, when there is one."""
        if self.__fd >= 0:
            os.close(self.__fd)
            self.__fd = -1


class RecordBook(Mapping[tuple[str, str], Record]):
    """The newest record of each frame, by layer and key.

    Lines are kept as they are and read when they are asked for: a million records take some 400 MB.

    Attributes:
        damaged: Where lines were skipped because they could not be read, as ``file:line``.
    """

    def __init__(self) -> None:
        self.damaged: list[str] = []
        self.__lines: dict[tuple[str, str], bytes] = {}
        self.__order: dict[tuple[str, str], tuple[int, int, bool]] = {}

    @classmethod
    def read(cls, folder: str) -> RecordBook:
        """Read all records of a folder.

        Raises:
            OSError: A file cannot be read.
        """
        book = cls()
        for name in record_files(folder):
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                for number, line in enumerate(stream, start=1):
                    book.__take(line, f"{path}:{number}")
        return book

    def __take(self, line: bytes, where: str) -> None:
        if line == b"\n":
            return
        try:
            launch, attempt, layer, key, kind = _head(line.partition(b"\t")[0].decode("utf-8", "surrogateescape"))
            if not line.endswith(b"\n"):
                raise ValueError("cut off")
        except (ValueError, RecursionError):
            self.damaged.append(where)
            return
        order = (launch, attempt, kind == "end")
        if order >= self.__order.get((layer, key), (-1, 0, False)):
            self.__lines[layer, key] = line
            self.__order[layer, key] = order

    def __getitem__(self, frame: tuple[str, str]) -> Record:
        """The record of a frame.

        Raises:
            KeyError: There is none, or it is damaged, which is then told in ``damaged``.
        """
        line = self.__lines[frame]
        try:
            return read_record(line)
        except ValueError:
            del self.__lines[frame], self.__order[frame]
            self.damaged.append(f"{frame[0]}, {frame[1]}")
            raise KeyError(frame) from None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.__lines)

    def __len__(self) -> int:
        return len(self.__lines)

    def drop(self, frames: Iterable[tuple[str, str]]) -> None:
        """Forget the records of some frames."""
        for frame in frames:
            del self.__lines[frame], self.__order[frame]

    def fold(self, folder: str, files: Iterable[str]) -> None:
        """Write the newest records into one file and remove the files that they came from.

        Args:
            folder: Where the records are.
            files: The files that nobody writes any more.

        Raises:
            OSError: The folder cannot be written; nothing is lost.
        """
        write_atomic(os.path.join(folder, BASE), b"".join(self.__lines.values()))
        for name in files:
            if name != BASE:
                os.unlink(os.path.join(folder, name))


def record_files(folder: str) -> list[str]:
    """The names of the files with records, those of older launches first."""
    try:
        names = [name for name in os.listdir(folder) if name.endswith(_SUFFIX)]
    except FileNotFoundError:
        return []
    return sorted(names, key=lambda name: (launch_of(name), name))


def launch_of(name: str) -> int:
    """The launch whose records a file holds; 0 for the folded ones."""
    number = name.partition("-")[0]
    return int(number) if number.isdecimal() else 0
