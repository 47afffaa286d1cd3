# SPDX-License-Identifier: Apache-2.0
"""Tells whether the files of an output are there, whole and new.

Pictures that were cut short are told by their first and last bytes only and without OpenImageIO. On a full disk
Tachyon, and oiiotool with PNG, write the beginning of a picture and exit with 0.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO, NamedTuple

from ..frames import FrameSet
from ..storage import facts_of, is_url
from .folders import files_below
from .output import Output

__all__ = [
    "OLD",
    "Signature",
    "Wrong",
    "find_old",
    "find_unusable",
    "is_cut_short",
    "may_be_new",
    "signatures",
    "tell_wrong",
]

# What is said of files that are there, but that nobody has written since the attempt began.
OLD = "older than this attempt"

# The frames that lack an output, by what is wrong with it.
Wrong = dict[str, list[int]]


class Signature(NamedTuple):
    """What changes about a file when it is written, whatever clock and resolution its file system has."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def signatures(paths: Iterable[str]) -> dict[str, Signature]:
    """The signature of every file that is there."""
    found = {}
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found[path] = Signature(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def find_unusable(output: Output, frames: Iterable[int], min_bytes: int) -> Wrong:
    """The frames that lack their files, or whose files are too small or cut short, by what is wrong."""
    wrong: Wrong = {}
    for frame in frames:
        paths = output.files(frame)
        sizes = [(_size_of_folder if output.is_folder else _size)(path) for path in paths]
        if not sizes or -1 in sizes:
            wrong.setdefault("missing", []).append(frame)
        elif min(sizes) == 0:
            wrong.setdefault("empty", []).append(frame)
        elif min(sizes) <= min_bytes:
            wrong.setdefault(f"not larger than {min_bytes} bytes", []).append(frame)
        elif any(is_cut_short(path) for path in paths):
            wrong.setdefault("cut short", []).append(frame)
    return wrong


def find_old(output: Output, frames: Iterable[int], before: Mapping[str, Signature], started_ns: int) -> Wrong:
    """The frames whose files nobody has written since ``before``.

    Args:
        output: What to look at.
        frames: Frames whose files are there.
        before: The signatures of the same files when the attempt began.
        started_ns: The time of the file system when the attempt began. It counts only for a file whose time is
            rounded to a whole second, which may be the same although it was written twice.
    """
    old = []
    for frame in frames:
        now = signatures(output.files(frame))
        if any(path in before and before[path] == new and not may_be_new(new, started_ns) for path, new in now.items()):
            old.append(frame)
    return {OLD: old} if old else {}


_SECOND_NS = 10**9


def may_be_new(signature: Signature, started_ns: int) -> bool:
    """Tell whether a file whose times have not changed may have been written anew: if they are whole seconds only."""
    is_rounded = signature.modified_ns % _SECOND_NS == 0 and signature.changed_ns % _SECOND_NS == 0
    return is_rounded and signature.modified_ns >= started_ns - started_ns % _SECOND_NS


def _size(path: str) -> int:
    if is_url(path):
        facts = facts_of(path)
        return facts.size if facts else -1
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _size_of_folder(path: str) -> int:
    """How many bytes are in a folder, at least 1 when there is any file; -1 when it is none."""
    if not os.path.isdir(path):
        return -1
    sizes = [os.lstat(file).st_size for file in files_below(path)]
    return max(1, sum(sizes)) if sizes else 0


def tell_wrong(output: Output, wrong: Wrong) -> str:
    """One sentence about the frames that lack an output."""
    reasons = ", ".join(f"{kind} for frames {FrameSet(frames)}" for kind, frames in wrong.items())
    frames = {frame for found in wrong.values() for frame in found}
    path = output.frame_path(frames.pop()) if output.has_items and len(frames) == 1 else output.path
    return f"output {output.name!r} is {reasons}: {path}"


# -- pictures that were cut short ------------------------------------------------------------------------------

_HEAD_BYTES = 512
# What may follow behind the end mark of a picture, such as a signature.
_TAIL_BYTES = 4096

_NETPBM = rb"P([56])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s"


def is_cut_short(path: str) -> bool:
    """Tell whether a picture lacks its end. A file that is no picture of a known kind does not."""
    look = _LOOKS.get(os.path.splitext(path)[1].lower())
    if look is None:
        return False
    try:
        with open(path, "rb") as stream:
            return look(stream.read(_HEAD_BYTES), stream)
    except OSError:  # others tell that
        return False


def _bytes_in(stream: BinaryIO) -> int:
    return os.fstat(stream.fileno()).st_size


def _tail(stream: BinaryIO) -> bytes:
    stream.seek(max(0, _bytes_in(stream) - _TAIL_BYTES))
    return stream.read()


def _png(head: bytes, stream: BinaryIO) -> bool:
    return head.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" not in _tail(stream)


def _jpeg(head: bytes, stream: BinaryIO) -> bool:
    return head.startswith(b"\xff\xd8\xff") and b"\xff\xd9" not in _tail(stream)


def _bmp(head: bytes, stream: BinaryIO) -> bool:
    return head.startswith(b"BM") and len(head) >= 6 and int.from_bytes(head[2:6], "little") > _bytes_in(stream)


def _netpbm(head: bytes, stream: BinaryIO) -> bool:
    header = re.match(_NETPBM, head)
    if header is None:
        return False
    kind, width, height, highest = map(int, header.groups())
    values = width * height * (3 if kind == 6 else 1) * (2 if highest > 255 else 1)
    return header.end() + values > _bytes_in(stream)


def _targa(head: bytes, stream: BinaryIO) -> bool:
    if len(head) < 18 or head[1] != 0 or head[2] not in (2, 3) or head[16] not in (8, 16, 24, 32):
        return False  # packed, or with a palette
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    return 18 + head[0] + width * height * (head[16] // 8) > _bytes_in(stream)


def _tiff(head: bytes, stream: BinaryIO) -> bool:
    if head[:4] not in (b"II*\0", b"MM\0*") or len(head) < 8:
        return False
    directory = int.from_bytes(head[4:8], "little" if head[:1] == b"I" else "big")  # 0 until the end is written
    return not 0 < directory < _bytes_in(stream)


_LOOKS: dict[str, Callable[[bytes, BinaryIO], bool]] = {
    ".png": _png,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".bmp": _bmp,
    ".ppm": _netpbm,
    ".pgm": _netpbm,
    ".tga": _targa,
    ".tif": _tiff,
    ".tiff": _tiff,
}
