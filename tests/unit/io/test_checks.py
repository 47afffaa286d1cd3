# SPDX-License-Identifier: Apache-2.0
"""Pictures that were cut short are told by a look at their ends."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from outline.frames import FrameSet
from outline.io.checks import find_unusable, is_cut_short
from outline.io.output import Output

_PIXELS = bytes(range(1, 193))
_PNG = b"\x89PNG\r\n\x1a\n" + _PIXELS + b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))

PICTURES = [
    pytest.param("a.png", _PNG, id="png"),
    pytest.param("a.JPG", b"\xff\xd8\xff\xe0" + _PIXELS + b"\xff\xd9", id="jpeg"),
    pytest.param("a.bmp", b"BM" + struct.pack("<I", 246) + bytes(48) + _PIXELS, id="bmp"),
    pytest.param("a.ppm", b"P6\n# made by hand\n8 8\n255\n" + _PIXELS, id="ppm"),
    pytest.param("a.pgm", b"P5 8 12 65535\n" + _PIXELS, id="pgm of 16 bits"),
    pytest.param("a.tga", struct.pack("<BBB9xHHBB", 0, 0, 2, 8, 8, 24, 0) + _PIXELS, id="tga"),
    pytest.param("a.tif", b"II*\0" + struct.pack("<I", 199) + _PIXELS, id="tiff"),
    pytest.param("a.tiff", b"MM\0*" + struct.pack(">I", 199) + _PIXELS, id="tiff of the other order"),
]


@pytest.mark.parametrize(("name", "data"), PICTURES)
def test_a_picture_without_its_end_is_cut_short_and_a_few_bytes_behind_it_do_not_matter(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path, found = tmp_path / name, []
    for written in (data, data[:-12], data + bytes(100)):
        path.write_bytes(written)
        found.append(is_cut_short(str(path)))

    assert found == [False, True, False]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.ppm", "a.pgm", "a.tga", "a.tif", "a.exr", "a"])
@pytest.mark.parametrize("data", [b"", b"B", b"a text that is no picture at all"], ids=["empty", "a byte", "a text"])
def test_a_file_that_is_no_picture_is_not_cut_short(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)

    assert not is_cut_short(str(tmp_path / name))


def test_a_file_that_is_not_there_is_not_cut_short(tmp_path: Path) -> None:
    assert not is_cut_short(str(tmp_path / "a.png"))


def test_frames_whose_pictures_are_cut_short_lack_them(tmp_path: Path) -> None:
    (tmp_path / "a.0001.png").write_bytes(_PNG)
    (tmp_path / "a.0002.png").write_bytes(_PNG[:100])

    wrong = find_unusable(Output(f"{tmp_path}/a.####.png"), FrameSet("1-3"), 0)

    assert wrong == {"cut short": [2], "missing": [3]}
