# SPDX-License-Identifier: Apache-2.0
"""Joins tiles named COLUMN-ROW.tile to one PNG; tiles that are not there stay grey."""

import os
import struct
import zlib

PIXELS = 32


def join(folder, path):
    """Write the picture of all tiles of a folder."""
    tiles = {tuple(map(int, name[:-5].split("-"))): name for name in os.listdir(folder) if name.endswith(".tile")}
    columns, rows = (max(numbers) + 1 for numbers in zip(*tiles, strict=True))
    lines = []
    for row in range(rows):
        band = [_read(folder, tiles.get((column, row))) for column in range(columns)]
        for line in range(0, PIXELS * PIXELS, PIXELS):
            lines.append(b"\0" + b"".join(_COLOURS[step] for tile in band for step in tile[line : line + PIXELS]))
    _write_png(path, columns * PIXELS, rows * PIXELS, b"".join(lines))


def _read(folder, name):
    if name is None:
        return [_MISSING] * PIXELS * PIXELS
    with open(os.path.join(folder, name), "rb") as stream:
        return stream.read()


_MISSING = 256
_COLOURS = [bytes([min(255, 9 * step), min(255, 5 * step), min(255, 40 + 3 * step)]) for step in range(255)]
_COLOURS += [b"\0\0\0", b"\x80\x80\x80"]


def _write_png(path, width, height, lines):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    with open(path, "wb") as stream:
        stream.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head))
        stream.write(chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
