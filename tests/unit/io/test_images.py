# SPDX-License-Identifier: Apache-2.0
"""Pictures that are opened: whole, not black, without NaN, of the right size."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline import FrameSet
from outline.io.attempt import Attempt, Checks
from outline.io.images import ImageFacts, KnownSize, look_at, note_sizes, read_sizes, require
from outline.io.output import MAIN, Output

oiio = pytest.importorskip("OpenImageIO", reason="OpenImageIO is not installed")


def draw(path: Path, colour: tuple[float, ...] = (0.2, 0.4, 0.6), size: tuple[int, int] = (8, 6)) -> Path:
    """Write a picture of one colour."""
    picture = oiio.ImageBuf(oiio.ImageSpec(*size, len(colour), "float"))
    oiio.ImageBufAlgo.fill(picture, colour)
    assert picture.write(str(path)), picture.geterror()
    return path


def test_it_is_known_whether_pictures_can_be_opened() -> None:
    require("check_images")  # raises where they cannot


@pytest.mark.parametrize("name", ["a.exr", "a.png", "a.tif", "a.jpg"])
def test_a_good_picture_has_no_fault(tmp_path: Path, name: str) -> None:
    assert look_at(str(draw(tmp_path / name))) == ImageFacts(8, 6, "")


@pytest.mark.parametrize(
    ("colour", "fault"),
    [
        ((0.0, 0.0, 0.0), "it is all black"),
        ((0.0, 0.0, 0.0, 1.0), "it is all black"),
        ((float("nan"), 0.0, 1.0), "48 values are NaN"),
    ],
    ids=["black", "black with an opaque alpha", "no numbers"],
)
def test_a_bad_picture_is_told(tmp_path: Path, colour: tuple[float, ...], fault: str) -> None:
    path = str(draw(tmp_path / "a.exr", colour))

    assert look_at(path).fault == fault
    assert look_at(path, allow_black=True).fault == ("" if "black" in fault else fault)


@pytest.mark.parametrize("name", ["a.exr", "a.png"])
def test_a_picture_that_was_cut_off_is_told(tmp_path: Path, name: str) -> None:
    path = draw(tmp_path / name, size=(64, 48))
    path.write_bytes(path.read_bytes()[:-20])

    assert look_at(str(path)).fault.startswith("it cannot be read: ")


def test_a_file_that_is_no_picture_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("picture")

    fault = look_at(str(tmp_path / "a.png")).fault

    assert fault.startswith("it cannot be read: ")
    assert "\n" not in fault


def faults_of(folder: Path, frames: str, checks: Checks) -> list[str]:
    attempt = Attempt([Output(f"{folder}/a.####.exr")], checks, mark=None)
    return attempt.find_faults(FrameSet(frames))


def test_pictures_of_another_size_than_the_first_are_told(tmp_path: Path) -> None:
    draw(tmp_path / "a.0001.exr")
    draw(tmp_path / "a.0002.exr")
    draw(tmp_path / "a.0003.exr", size=(4, 3))

    (fault,) = faults_of(tmp_path, "1-3", Checks(images=True))

    assert fault.startswith("output 'main' is 4x3 and not 8x6, as in frame 1, for frames 3: ")


def test_pictures_of_another_size_than_asked_for_are_told(tmp_path: Path) -> None:
    draw(tmp_path / "a.0001.exr")

    (fault,) = faults_of(tmp_path, "1", Checks(images=True, size=(1920, 1080)))

    assert fault.startswith("output 'main' is 8x6 and not 1920x1080, as image_size asks, for frames 1: ")


def test_a_bad_picture_is_told_with_its_frames(tmp_path: Path) -> None:
    draw(tmp_path / "a.0001.exr")
    draw(tmp_path / "a.0002.exr", (0.0, 0.0, 0.0))
    draw(tmp_path / "a.0003.exr", (0.0, 0.0, 0.0))

    (fault,) = faults_of(tmp_path, "1-3", Checks(images=True))

    assert fault == f"output 'main' is a bad picture (it is all black) for frames 2-3: {tmp_path}/a.####.exr"


# -- one size for all frames of a job ---------------------------------------------------------------------------


def test_the_size_of_a_frame_that_ran_elsewhere_counts(tmp_path: Path) -> None:
    draw(tmp_path / "a.0001.exr")
    known = {MAIN: KnownSize(4, 3, 9)}
    attempt = Attempt([Output(f"{tmp_path}/a.####.exr")], Checks(images=True), mark=None, sizes=known)

    (fault,) = attempt.find_faults(FrameSet("1"))

    assert "8x6 and not 4x3, as in frame 9, for frames 1" in fault
    assert attempt.new_sizes() == {}


def test_the_first_size_is_new(tmp_path: Path) -> None:
    draw(tmp_path / "a.0001.exr")
    attempt = Attempt([Output(f"{tmp_path}/a.####.exr")], Checks(images=True), mark=None)

    attempt.find_faults(FrameSet("1"))

    assert attempt.new_sizes() == {MAIN: KnownSize(8, 6, 1)}


def test_sizes_are_noted_for_other_frames_but_not_for_the_same_one(tmp_path: Path) -> None:
    note_sizes(str(tmp_path), {"main": KnownSize(8, 6, 3), "a/b": KnownSize(4, 3, 3)})

    assert read_sizes(str(tmp_path), ["main", "a/b", "other"], [4, 5]) == {
        "main": KnownSize(8, 6, 3),
        "a/b": KnownSize(4, 3, 3),
    }
    assert read_sizes(str(tmp_path), ["main"], [2, 3]) == {}


@pytest.mark.parametrize("text", ["", "8 6", "8 6 x", "1 2 3 4"])
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "image-size.main").write_text(text)

    assert read_sizes(str(tmp_path), ["main"], []) == {}
