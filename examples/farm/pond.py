# SPDX-License-Identifier: Apache-2.0
"""The layers of pond.outline, and what they draw with."""

import math
import os
import struct
import zlib

from outline.io import FileSpec
from outline.layer import Frame, Layer, LayerPreProcess, OutlinePostCommand

WIDTH, HEIGHT = 96, 54


class ReadStones(LayerPreProcess):
    """Reads the list of stones, once, before the first frame of its render layer."""

    def _setup(self):
        # A copy in the session: the job renders this one, whoever edits the file while it runs.
        self.put_file(self.get_creator().get_arg("stones"), rename="stones.txt")

    def _execute(self, frames):
        with open(self.get_file("stones.txt"), encoding="utf-8") as stream:
            lines = [line.split() for line in stream if line.strip() and not line.startswith("#")]
        self.put_data("stones", [[float(word) for word in line] for line in lines], force=True)
        for folder in ("render", "grade"):
            os.makedirs(os.path.join(self.get_creator().get_arg("out"), folder), exist_ok=True)


class Ripples(Layer):
    """Renders the surface of the pond, a grey picture per frame."""

    def __init__(self, name, **args):
        Layer.__init__(self, name, **args)
        self.require_arg("stones")
        self.require_arg("out")
        self.add_output("heights", FileSpec(f"{self.get_arg('out')}/render/pond.#.pgm"))

    def _after_init(self, ol):
        ReadStones(self, cores=0.1, memory="256m")

    def _execute(self, frames):
        stones = self.get_preprocess_layers()[0].get_data("stones")
        for frame in frames:
            rows = [[grey(stones, frame, x, y) for x in range(WIDTH)] for y in range(HEIGHT)]
            path = os.path.join(self.get_arg("out"), "render", f"pond.{frame:04}.pgm")
            with open(path, "w", encoding="ascii") as stream:
                stream.write(f"P2\n{WIDTH} {HEIGHT}\n255\n")
                stream.writelines(" ".join(map(str, row)) + "\n" for row in rows)
            print("rendered", path)


class Sheet(Frame):
    """Puts the coloured frames of the job on one picture."""

    def _execute(self, frames):
        out, columns = self.get_arg("out"), self.get_arg("columns")
        folder = os.path.join(out, "grade")
        pictures = [read_ppm(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
        black = [bytes(3 * WIDTH)] * HEIGHT
        pictures += [black] * (-len(pictures) % columns)
        rows = []
        for first in range(0, len(pictures), columns):
            rows += [b"".join(lines) for lines in zip(*pictures[first : first + columns], strict=True)]
        write_png(os.path.join(out, "sheet.png"), columns * WIDTH, rows)


class Report(OutlinePostCommand):
    """Lists what was made, with checksums."""

    def _execute(self, frames):
        out = self.get_arg("out")
        lines = []
        for folder, _, names in os.walk(out):
            for path in (os.path.join(folder, name) for name in names if name != "report.txt"):
                with open(path, "rb") as stream:
                    lines.append(f"{zlib.crc32(stream.read()):08x}  {os.path.relpath(path, out)}\n")
        with open(os.path.join(out, "report.txt"), "w", encoding="utf-8") as stream:
            stream.writelines(sorted(lines, key=lambda line: line.split()[1]))


def grey(stones, frame, x, y):
    """Return the height of the water at a place, 0 to 255."""
    height = 0.0
    for fell, stone_x, stone_y, strength in stones:
        age, distance = frame - fell, math.hypot(x - stone_x, y - stone_y)
        if age > 0 and distance < 6 * age:
            height += strength * math.sin(distance - 3.0 * age) * math.exp(-distance / 30 - age / 12)
    return max(0, min(255, int(128 + 120 * height)))


def read_ppm(path):
    """Return the lines of a picture that grade.awk wrote."""
    with open(path, encoding="ascii") as stream:
        values = bytes(map(int, stream.read().split()[4:]))
    return [values[first : first + 3 * WIDTH] for first in range(0, len(values), 3 * WIDTH)]


def write_png(path, width, rows):
    """Write a picture from its lines, three bytes per pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    with open(path, "wb") as stream:
        stream.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
