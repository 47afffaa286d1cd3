# SPDX-License-Identifier: Apache-2.0
"""Tells pictures that were cut short, by their first and last bytes only and without OpenImageIO.

On a full disk Tachyon, and oiiotool with PNG, write the beginning of a picture and exit with 0.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import BinaryIO

__all__ = ["is_cut_short"]

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


def _size(stream: BinaryIO) -> int:
    return os.fstat(stream.fileno()).st_size


def _tail(stream: BinaryIO) -> bytes:
    stream.seek(max(0, _size(stream) - _TAIL_BYTES))
    return stream.read()


def _png(head: bytes, stream: BinaryIO) -> bool:
    return head.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" not in _tail(stream)


def _jpeg(head: bytes, stream: BinaryIO) -> bool:
    return head.startswith(b"\xff\xd8\xff") and b"\xff\xd9" not in _tail(stream)


def _bmp(head: bytes, stream: BinaryIO) -> bool:
    return head.startswith(b"BM") and len(head) >= 6 and int.from_bytes(head[2:6], "little") > _size(stream)


def _netpbm(head: bytes, stream: BinaryIO) -> bool:
    header = re.match(_NETPBM, head)
    if header is None:
        return False
    kind, width, height, highest = map(int, header.groups())
    values = width * height * (3 if kind == 6 else 1) * (2 if highest > 255 else 1)
    return header.end() + values > _size(stream)


def _targa(head: bytes, stream: BinaryIO) -> bool:
    if len(head) < 18 or head[1] != 0 or head[2] not in (2, 3) or head[16] not in (8, 16, 24, 32):
        return False  # packed, or with a palette
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    return 18 + head[0] + width * height * (head[16] // 8) > _size(stream)


def _tiff(head: bytes, stream: BinaryIO) -> bool:
    if head[:4] not in (b"II*\0", b"MM\0*") or len(head) < 8:
        return False
    directory = int.from_bytes(head[4:8], "little" if head[:1] == b"I" else "big")  # 0 until the end is written
    return not 0 < directory < _size(stream)


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
