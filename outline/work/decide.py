# SPDX-License-Identifier: Apache-2.0
"""Must a frame run? One pure function, for launch, dry run, status and the frame itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from ..frame_end import FrameEnd

__all__ = [
    "Decision",
    "FileState",
    "FrameNow",
    "Look",
    "Reason",
    "Record",
    "Rerun",
    "Signature",
    "decide",
    "decide_by_record",
    "is_stale",
]


COUNT_MARK = "+"
"""Stands in the digest of a folder before the number of its files."""


class Reason(str, Enum):
    """Why a frame runs, or that it is done."""

    NEW = "new"  #: Nothing is known of it.
    INTERRUPTED = "interrupted"  #: It began, and no end is known.
    FAILED = "failed"  #: It failed last time.
    MISSING = "missing"  #: An output is gone, empty or cut short, or a file in it is gone.
    EDITED = "edited"  #: An output is not what the frame wrote.
    STALE = "stale"  #: An argument, an input, the item or the code is another one than last time.
    FORCED = "forced"  #: The user, or the layer's ``rerun="always"``, wants it.
    UPSTREAM = "upstream"  #: Something that it reads will run; decided when that is through.
    CACHED = "cached"  #: Another job has made the same; its outputs are copied.
    DONE = "done"  #: None of these.

    @property
    def runs(self) -> bool:
        """Whether the frame's own work is done again, as far as is known."""
        return self is not Reason.DONE and self is not Reason.CACHED

    @property
    def starts(self) -> bool:
        """Whether the frame is started at all, be it only to copy its outputs."""
        return self is not Reason.DONE


class Rerun(str, Enum):
    """What makes a frame that has succeeded run again."""

    CHANGED = "changed"  #: Its outputs, inputs, item, arguments or code.
    MISSING = "missing"  #: Only a missing output, as with make.
    ALWAYS = "always"  #: Each launch.


class Signature(NamedTuple):
    """What the file system says of a file; while it stays the same, nobody reads the file."""

    size: int
    mtime_ns: int
    inode: int


class FileState(NamedTuple):
    """A file that a frame has read or written.

    Attributes:
        name: The name of the input or output.
        path: As the layer spells it, relative paths included.
        signature: At the time of the digest.
        digest: Of its contents, in hexadecimal; that of a folder ends with a mark and the number of its files. It is
            empty for an input that was not there.
    """

    name: str
    path: str
    signature: Signature
    digest: str


class Record(NamedTuple):
    """What is known of the last run of a frame.

    Attributes:
        layer: The layer's name.
        key: The key of its item, or its number.
        launch: The number of the launch that ran it.
        attempt: Which try of that launch it was, from 1.
        end: How it ended; None when it began and no end is known.
        item: The value of its item as text.
        inputs: What it read.
        outputs: What it wrote.
        result: The plain data that it returned.
        counts: Numbers that it counted, by name.
    """

    layer: str
    key: str
    launch: int
    attempt: int = 1
    end: FrameEnd | None = None
    item: str = ""
    inputs: tuple[FileState, ...] = ()
    outputs: tuple[FileState, ...] = ()
    result: Any = None
    counts: Mapping[str, float] = MappingProxyType({})

    @property
    def has_succeeded(self) -> bool:
        """Whether it ended well; a frame that has not ended did neither."""
        return self.end is not None and self.end.is_good

    @property
    def has_failed(self) -> bool:
        """Whether it ended otherwise."""
        return self.end is not None and bool(self.end.status)


class FrameNow(NamedTuple):
    """What a frame is in this launch.

    Attributes:
        parts: What its layer is made of, by name: ``arg res``, ``env PROJECT``, ``code Sim``; the values are texts.
        item: The value of its item as text, empty without one.
        inputs: Name and path of each file that it reads, in order.
        outputs: Name and path of each file that it must write.
        optional: Those of files that it may lack; one that its last run made counts as the others do.
        rerun: What makes it run again.
        is_forced: The user wants it to run.
    """

    parts: Mapping[str, str]
    item: str = ""
    inputs: Sequence[tuple[str, str]] = ()
    outputs: Sequence[tuple[str, str]] = ()
    rerun: Rerun = Rerun.CHANGED
    is_forced: bool = False
    optional: Sequence[tuple[str, str]] = ()


class Look(Protocol):
    """How ``decide`` sees files."""

    def signature(self, path: str) -> Signature | None:
        """What the file system says of a file; None when there is none."""

    def digest(self, path: str, known: FileState | None) -> str | None:
        """The digest of a file, taken from ``known`` when the signature is the same; None when there is none."""

    def is_cut_short(self, path: str) -> bool:
        """Whether a picture lacks its end."""


class Decision(NamedTuple):
    """Whether a frame runs: a reason and one detail."""

    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value} ({self.detail})" if self.detail else self.reason.value


DONE, NEW, INTERRUPTED = Decision(Reason.DONE), Decision(Reason.NEW), Decision(Reason.INTERRUPTED)
FORCED, ALWAYS = Decision(Reason.FORCED), Decision(Reason.FORCED, 'rerun="always"')


def decide(record: Record | None, parts_then: Mapping[str, str], now: FrameNow, look: Look) -> Decision:
    """Say whether a frame must run.

    What costs least is asked first: a frame without a record, or with a missing output, reads no file.

    Args:
        record: What is known of its last run.
        parts_then: The parts of its layer in the launch of the record.
        now: What it is in this launch.
        look: Sees files.
    """
    by_record = decide_by_record(record, now.rerun, is_forced=now.is_forced, must_write=bool(now.outputs))
    if by_record is not None:
        return by_record
    if record is None or (now.rerun is Rerun.MISSING and now.outputs):
        return _missing(now.outputs, look) or DONE
    outputs = now.outputs
    if now.optional:
        made = {(output.name, output.path) for output in record.outputs}
        outputs = [*outputs, *(one for one in now.optional if one in made)]
    return _missing(outputs, look) or _edited(record, outputs, look) or _stale(record, parts_then, now, look) or DONE


def decide_by_record(record: Record | None, rerun: Rerun, *, is_forced: bool, must_write: bool) -> Decision | None:
    """Say whether a frame must run where its record alone tells, so that nobody has to look at its files; else None.

    Args:
        record: What is known of its last run.
        rerun: What makes it run again.
        is_forced: The user wants it to run.
        must_write: It has outputs that are not optional.
    """
    if is_forced:
        return FORCED
    if rerun is Rerun.ALWAYS:
        return ALWAYS
    if rerun is Rerun.MISSING and must_write:
        return None
    if record is None:
        return NEW
    if record.end is None:
        return INTERRUPTED
    return Decision(Reason.FAILED, record.end.reason) if record.end.status else None


def is_stale(record: Record, parts_then: Mapping[str, str], now: FrameNow, look: Look) -> bool:
    """Say whether a frame is made of something else than in its last run; arguments as for ``decide``."""
    return _stale(record, parts_then, now, look) is not None


def _missing(outputs: Sequence[tuple[str, str]], look: Look) -> Decision | None:
    for _, path in outputs:
        signature = look.signature(path)
        if signature is None or not signature.size:
            return Decision(Reason.MISSING, path if signature is None else f"{path} is empty")
    return None


def _edited(record: Record, outputs: Sequence[tuple[str, str]], look: Look) -> Decision | None:
    if not outputs:
        return None
    written = {(output.name, output.path): output for output in record.outputs}
    for name, path in outputs:
        output = written.get((name, path))
        digest = look.digest(path, output)
        if output is not None and digest == output.digest:
            continue
        if output is not None and _count(digest) < _count(output.digest):
            return Decision(Reason.MISSING, f"{path} lacks files")
        if look.is_cut_short(path):
            return Decision(Reason.MISSING, f"{path} is cut short")
        return Decision(Reason.EDITED, path)
    return None


def _count(digest: str | None) -> int:
    """How many files a folder has, by its digest; 0 for a file."""
    return int((digest or "").partition(COUNT_MARK)[2] or 0)


def _stale(record: Record, parts_then: Mapping[str, str], now: FrameNow, look: Look) -> Decision | None:
    if record.item != now.item:
        return Decision(Reason.STALE, _change("item", record.item, now.item))
    if parts_then is not now.parts and parts_then != now.parts:
        for name in dict.fromkeys([*now.parts, *parts_then]):
            before, after = parts_then.get(name), now.parts.get(name)
            if before != after:
                return Decision(Reason.STALE, _change(name, before, after))
    return _changed_input(record, now, look) if now.inputs or record.inputs else None


def _changed_input(record: Record, now: FrameNow, look: Look) -> Decision | None:
    """Compare inputs by name and position: where a file stands is no part of what it holds."""
    if [state.name for state in record.inputs] != [name for name, _ in now.inputs]:
        return Decision(Reason.STALE, f"{len(record.inputs)} inputs -> {len(now.inputs)}")
    for state, (_, path) in zip(record.inputs, now.inputs, strict=True):
        digest = look.digest(path, state if state.path == path else None) or ""
        if digest != state.digest:
            return Decision(Reason.STALE, f"input {path}" if digest else f"input {path} is gone")
    return None


_LONGEST_VALUE = 40


def _change(name: str, before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"{name} is {'new' if before is None else 'gone'}"
    if name.startswith("code ") or len(before) > _LONGEST_VALUE or len(after) > _LONGEST_VALUE:
        return name
    return f"{name} {before} -> {after}"
