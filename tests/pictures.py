# SPDX-License-Identifier: Apache-2.0
"""Pictures that renderers have made, so that tests can look at them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["Picture", "read_picture", "split_pictures"]


class Picture(NamedTuple):
    """A picture of 8 bits in each of three channels."""

    width: int
    height: int
    pixels: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height."""
        return self.width, self.height

    @property
    def brightest(self) -> int:
        """Return the highest value of any channel."""
        return max(self.pixels)

    @property
    def shades(self) -> int:
        """Return how many different pixels it has; a picture of nothing has one."""
        return len({self.pixels[start : start + 3] for start in range(0, len(self.pixels), 3)})


def read_picture(path: Path) -> Picture:
    """Read a PPM file, or with OpenImageIO any other picture."""
    if path.suffix == ".ppm":
        (picture,) = split_pictures(path.read_bytes())
        return picture
    import OpenImageIO

    image = OpenImageIO.ImageInput.open(str(path))
    assert image, OpenImageIO.geterror()
    spec = image.spec()
    pixels = image.read_image(0, 0, 0, 3, OpenImageIO.UINT8)
    image.close()
    return Picture(spec.width, spec.height, pixels.tobytes())


def split_pictures(data: bytes) -> list[Picture]:
    """Read one PPM picture after the other, as ffmpeg writes the pictures of a movie to a pipe."""
    pictures = []
    while data:
        head = re.match(rb"P6\s+(?:#.*\s+)*(\d+)\s+(\d+)\s+255\s", data)
        assert head, f"not a PPM picture of 8 bits: {data[:20]!r}"
        width, height = map(int, head.groups())
        end = head.end() + width * height * 3
        assert end <= len(data), "the picture has been cut off"
        pictures.append(Picture(width, height, data[head.end() : end]))
        data = data[end:]
    return pictures
