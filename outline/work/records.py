# SPDX-License-Identifier: Apache-2.0
"""Records of frames as files: one writer per file, appended line by line, folded when a launch is over.

A line is two JSON texts with a tab between them. The head, ``[launch, attempt, layer, key, "begin" or "end"]``, is all
that is read of most lines; the body holds the rest: what the frame reads, and of an end how it ended.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from ..exception import WorkException, file_errors
from ..files import write_atomic
from ..frame_end import FrameEnd
from ..process import host_name
from .decide import FileState, Record, Signature

__all__ = [
    "FOLDED",
    "RecordBook",
    "RecordWriter",
    "begin_line",
    "end_line",
    "frame_in",
    "launch_of",
    "needle_of",
    "read_head",
    "read_record",
    "reading",
    "record_files",
]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_scan = json.JSONDecoder().raw_decode
_HEAD = [int, int, str, str, str]
_STATE = [str, str, int, int, int, str]
FOLDED = "sorted.jsonl"
"""The folded records of launches that are over, one of each frame, in the order of layers and keys.

Older versions wrote ``base.jsonl``, which has another order; it is read as any other file.
"""
_SUFFIX = ".jsonl"
_OF_FRAME = "@"  # in no name of a host
_BLOCK = 1 << 20
_FRAMES_AT_ONCE = 512


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


def needle_of(layer: str, key: str) -> bytes:
    """What each line of a frame holds, and hardly any other."""
    return f",{_encode(layer)},{_encode(key)},".encode("utf-8", "surrogateescape")


def read_record(line: bytes) -> Record:
    """The record that a line holds.

    Raises:
        ValueError: The line is damaged.
    """
    head, _, body = line.decode("utf-8", "surrogateescape").partition("\t")
    return _record(_checked_head(_decode(head)), _decode(body))


def _read_at_once(lines: list[bytes]) -> list[Record] | None:
    """The records that lines hold; None when one of them is damaged.

    To parse them as one text takes a fourth of the time. A tab stands between the two texts of a line only.
    """
    try:
        texts = json.loads((b"[%s]" % b",".join(lines)).replace(b"\t", b",").decode("utf-8", "surrogateescape"))
        if len(texts) != 2 * len(lines):
            return None
        return list(map(_record, map(_checked_head, texts[::2]), texts[1::2]))
    except (ValueError, RecursionError):
        return None


def _record(head: _Head, data: Any) -> Record:
    try:
        return Record(
            head[2],
            head[3],
            head[0],
            head[1],
            _end_of(data["how"]) if head[4] == "end" else None,
            str(data.get("item", "")),
            tuple(map(_unpacked, data["in"])) if "in" in data else (),
            tuple(map(_unpacked, data["out"])) if "out" in data else (),
            data.get("result"),
            data.get("counts", {}),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no record of a frame: {error!r}") from error


_SUCCESS = FrameEnd()


def _end_of(data: Any) -> FrameEnd:
    """How a frame ended; most have succeeded, and then a short look is enough."""
    if len(data) == 3 and data["exit"] == 0 and data["rss_kb"] == 0 and type(data["seconds"]) is float:
        return _SUCCESS if not data["seconds"] else FrameEnd(seconds=data["seconds"])
    return FrameEnd.from_dict(data)


def _line(head: list[Any], body: dict[str, Any]) -> bytes:
    return f"{_encode(head)}\t{_encode(body)}\n".encode("utf-8", "surrogateescape")


def _decode(text: str) -> Any:
    data, end = _scan(text)
    if text[end:].strip():
        raise ValueError(f"more than one JSON text: {text!r:.60}")
    return data


_Head = tuple[int, int, str, str, str]
"""Launch, attempt, layer, key, and ``begin`` or ``end``."""


def _checked_head(head: Any) -> _Head:
    if type(head) is not list or [*map(type, head)] != _HEAD:
        raise ValueError(f"no head of a record: {head!r:.60}")
    if head[4] not in ("begin", "end"):
        raise ValueError(f"no kind of record: {head[4]!r:.60}")
    return head  # type: ignore[return-value]  # a list that is read as a tuple; a million of them need no copy


def read_head(line: bytes) -> _Head:
    """The head of a line.

    Raises:
        ValueError: It is damaged, or the line is cut off.
    """
    if not line.endswith(b"\n"):
        raise ValueError("cut off")
    try:
        return _checked_head(_decode(line.partition(b"\t")[0].decode("utf-8", "surrogateescape")))
    except RecursionError as error:
        raise ValueError("too deep") from error


def _heads_at_once(lines: list[bytes]) -> list[_Head] | None:
    """The heads of lines; None when one of them is damaged."""
    text = b"[%s]" % b",".join([line.partition(b"\t")[0] for line in lines])
    try:
        heads = json.loads(text.decode("utf-8", "surrogateescape"))
        if len(heads) == len(lines) and lines[-1].endswith(b"\n"):
            return list(map(_checked_head, heads))
    except (ValueError, RecursionError):
        pass
    return None


def _packed(state: FileState) -> list[Any]:
    return [state.name, state.path, *state.signature, state.digest]


def _unpacked(data: Any) -> FileState:
    name, path, size, mtime_ns, inode, digest = data
    if [*map(type, data)] != _STATE:
        raise ValueError(f"no state of a file: {data!r:.60}")
    return FileState(name, path, Signature(size, mtime_ns, inode), digest)


class RecordWriter:
    """Appends the records of one process to a file of its own, which is made with the first of them.

    Each record is written by one call, so that a reader, or whoever comes after a kill -9, sees whole lines and at most
    one part of a line at the end. Forks may write too, while the process that made the writer waits for them.

    Attributes:
        frame: The name of the frame whose chunk alone this process runs, which the name of the file tells; empty for a
            process that runs many.
    """

    def __init__(self, folder: str, launch: int, frame: str = "") -> None:
        self.frame = frame
        name = f"{launch}-{host_name()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.__path = os.path.join(folder, f"{name}{_OF_FRAME}{frame}{_SUFFIX}" if frame else f"{name}{_SUFFIX}")
        self.__fd = -1

    def write(self, line: bytes) -> None:
        """Append a line.

        Raises:
            WorkException: The disk is full, or the folder cannot be written.
        """
        with file_errors(WorkException, f"cannot write a record into {os.path.dirname(self.__path)}"):
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
        is_renewed: It holds something else than its files.
    """

    def __init__(self) -> None:
        self.damaged: list[str] = []
        self.is_renewed = False
        self.__found: dict[tuple[str, str], tuple[int, bytes]] = {}

    @classmethod
    def read(cls, folder: str) -> RecordBook:
        """Read all records of a folder.

        Raises:
            WorkException: A file cannot be read.
        """
        book = cls()
        with reading(folder):
            for name in record_files(folder):
                book.take_file(os.path.join(folder, name))
        return book

    def take_file(self, path: str) -> None:
        """Take in the records of a file.

        Raises:
            OSError: It cannot be read.
        """
        number = 0
        with open(path, "rb") as stream:
            while lines := stream.readlines(_BLOCK):
                heads = _heads_at_once(lines)
                if heads is not None:
                    for head, line in zip(heads, lines, strict=True):
                        self.__take(head, line)
                else:
                    self.__take_undamaged(lines, path, number)
                number += len(lines)

    def __take_undamaged(self, lines: list[bytes], path: str, number: int) -> None:
        for line in lines:
            number += 1
            if line == b"\n":
                continue
            try:
                self.__take(read_head(line), line)
            except ValueError:
                self.damaged.append(f"{path}:{number}")

    def take(self, line: bytes) -> None:
        """Take in one line; a damaged one is left out."""
        try:
            self.__take(read_head(line), line)
        except ValueError:
            pass

    def __take(self, head: _Head, line: bytes) -> None:
        launch, attempt, layer, key, kind = head
        order = launch << 33 | attempt << 1 | (kind == "end")
        known = self.__found.get((layer, key))
        # A farm that does not count attempts runs each as the first, so a frame may have failed and then succeeded.
        if known is None or order > known[0] or (order == known[0] and not _is_success(known[1])):
            self.__found[layer, key] = order, line

    def __getitem__(self, frame: tuple[str, str]) -> Record:
        """The record of a frame.

        Raises:
            KeyError: There is none, or it is damaged, which is then told in ``damaged``.
        """
        line = self.__found[frame][1]
        try:
            return read_record(line)
        except ValueError:
            del self.__found[frame]
            self.damaged.append(f"{frame[0]}, {frame[1]}")
            raise KeyError(frame) from None

    def line(self, frame: tuple[str, str]) -> bytes | None:
        """The line that holds the record of a frame, None without one."""
        found = self.__found.get(frame)
        return None if found is None else found[1]

    def in_order(self, frames: Iterable[tuple[str, str]]) -> Iterator[Record | None]:
        """Yield what ``get`` gives for each of some frames, in less time than to ask for one after the other."""
        frames = iter(frames)
        while block := list(islice(frames, _FRAMES_AT_ONCE)):
            found = [frame for frame in block if frame in self.__found]
            records = _read_at_once([self.__found[frame][1] for frame in found])
            if records is None:
                yield from map(self.get, block)
            elif len(found) == len(block):
                yield from records
            else:
                yield from map(dict(zip(found, records, strict=True)).get, block)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.__found)

    def __len__(self) -> int:
        return len(self.__found)

    def replace(self, record: Record) -> None:
        """Hold another record of a frame that has one; the next launch may read it from the folded file."""
        frame = record.layer, record.key
        self.__found[frame] = self.__found[frame][0], end_line(record)
        self.is_renewed = True

    def drop(self, frames: Iterable[tuple[str, str]]) -> None:
        """Forget the records of some frames."""
        for frame in frames:
            del self.__found[frame]

    def fold(self, folder: str, files: Iterable[str]) -> None:
        """Write the newest records into one file, in the order of layers and keys, and remove where they came from.

        Args:
            folder: Where the records are.
            files: The files that nobody writes any more.

        Raises:
            OSError: The folder cannot be written; nothing is lost.
        """
        lines = [self.__found[frame][1] for frame in sorted(self.__found)]
        write_atomic(os.path.join(folder, FOLDED), b"".join(lines))
        for name in files:
            if name != FOLDED:
                os.unlink(os.path.join(folder, name))


def _is_success(line: bytes) -> bool:
    try:
        return read_record(line).has_succeeded
    except ValueError:
        return False


def reading(folder: str) -> AbstractContextManager[None]:
    """Turn errors while records are read into a ``WorkException`` that names their folder."""
    return file_errors(WorkException, f"cannot read the records in {folder}")


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


def frame_in(name: str) -> str:
    """The name of the frame whose chunk alone a file holds records of; empty when it may hold those of any."""
    return name.removesuffix(_SUFFIX).partition(_OF_FRAME)[2]
