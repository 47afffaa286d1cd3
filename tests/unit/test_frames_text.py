# SPDX-License-Identifier: Apache-2.0
"""Frames are read from whatever names them, with errors that help, and written as short text."""

from __future__ import annotations

import pickle

import pytest

from outline.exception import OutlineException
from outline.frames import FrameRangeError, FrameSet


class PycueFrameSet:
    """What modules may hand over: pycue's class, as far as it is used."""

    def __init__(self, frames: list[int]) -> None:
        self.frameList = frames

    def getAll(self) -> list[int]:
        return self.frameList


class FilmFrame:
    """A number of another library, such as numpy's."""

    def __index__(self) -> int:
        return 24


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("1-4, 8", [1, 2, 3, 4, 8]),
        (" 1-3", [1, 2, 3]),
        ("1-3 ,\t8 ,9 ", [1, 2, 3, 8, 9]),
        ("5 10 15", [5, 10, 15]),
        ("1-3\n7", [1, 2, 3, 7]),
        ("1-100by25", [1, 26, 51, 76]),
        ("1:100:25", [1, 26, 51, 76]),
        ("1-10:5", [1, 6, 3, 5, 7, 9, 2, 4, 8, 10]),
        ("10:1:-4", [10, 6, 2]),
        ("-5:5:5", [-5, 0, 5]),
        ("10-1by-4", [10, 6, 2]),
        ("007", [7]),
        ("-0", [0]),
        ("5-5", [5]),
        ("5-5x9", [5]),
        ("5-5:9", [5]),
        ("10-1y-3", [9, 8, 6, 5, 3, 2]),
        ("10-1:-5", [10, 5, 8, 6, 4, 2, 9, 7, 3, 1]),
        ("-3--1y2", [-2]),
    ],
)
def test_range_text_is_read(text, frames):
    assert FrameSet(text).getAll() == frames


@pytest.mark.parametrize(
    ("text", "part", "column", "says"),
    [
        ("1-10@2", "1-10@2", 5, "a step is written 1-10x2"),
        ("1..4", "1..4", 2, "a range is written 1-4"),
        ("1:100", "1:100", 2, "a range is written 1-100"),
        ("1-10X2", "1-10X2", 5, "a step is written 1-10x2"),
        ("1-10step3", "1-10step3", 5, "a step is written 1-10x3"),
        ("1;2", "1;2", 2, "parts are separated by commas: 1,2"),
        ("1.5", "1.5", 2, "frames are whole numbers"),
        ("1-", "1-", 3, "something is missing at the end"),
        ("5, 1 - 10", "-", 6, "a range has no blanks inside"),
        ("1,,3", "", 3, "a frame or range is missing here"),
        ("1,3,", "", 5, "a frame or range is missing here"),
        ("", "", 1, "the range is empty"),
        ("  ", "", 1, "the range is empty"),
        ("a-b", "a-b", 1, "unexpected 'a'; a part is one of 7, 1-10, 1-10x2, 1-10y2, 1-10:2"),
        ("1-3, 10-1x2", "10-1x2", 11, "counting down needs a negative step: 10-1x-2"),
        ("10-1x3", "10-1x3", 6, "counting down needs a negative step: 10-1x-3"),
        ("100:1:5", "100:1:5", 7, "counting down needs a negative step: 100-1x-5"),
        ("1-10x-1", "1-10x-1", 6, "counting up needs a positive step: 1-10x1"),
        ("5,7,1-10x0", "1-10x0", 10, "the step cannot be 0"),
        ("1-10y1", "1-10y1", 6, "y leaves none"),
        ("$FR", "$FR", 1, "no padding or variables"),
        ("1-" + "9" * 5000, "1-" + "9" * 5000, 18, "at most 15 digits"),
        ("\u0663", "\u0663", 1, "unexpected"),
    ],
)
def test_an_error_says_which_part_and_column_is_wrong_and_what_to_write(text, part, column, says):
    with pytest.raises(FrameRangeError) as caught:
        FrameSet(text)

    assert (caught.value.text, caught.value.part, caught.value.column) == (text, part, column)
    assert says in caught.value.reason
    assert caught.value.reason in str(caught.value)


def test_an_error_names_range_part_and_column_in_its_message():
    error = FrameRangeError("1-3,5@", "5@", 6, "unexpected '@'")

    assert str(error) == "frame range '1-3,5@', part '5@', column 6: unexpected '@'"


def test_an_error_of_a_long_range_stays_short():
    with pytest.raises(FrameRangeError) as caught:
        FrameSet("1," * 1000 + "x")

    assert len(str(caught.value)) < 250
    assert caught.value.column == 2001


def test_an_error_survives_pickling():
    error = FrameRangeError("1-3,5@", "5@", 6, "unexpected '@'")

    again = pickle.loads(pickle.dumps(error))

    assert (again.text, again.part, again.column, again.reason) == ("1-3,5@", "5@", 6, "unexpected '@'")


def test_an_error_is_a_value_error_and_an_outline_error():
    assert issubclass(FrameRangeError, ValueError)
    assert issubclass(FrameRangeError, OutlineException)


@pytest.mark.parametrize(
    ("spec", "frames"),
    [
        (7, [7]),
        (-7, [-7]),
        (FilmFrame(), [24]),
        ([5, 1, 9], [5, 1, 9]),
        ((5, 1, 1), [5, 1, 1]),
        ({3, 100, 2}, [2, 3, 100]),
        (range(5, 0, -2), [5, 3, 1]),
        (range(0), []),
        ([], []),
        ((frame for frame in (2, 1)), [2, 1]),
        (["1-3", 8, "10-12x2"], [1, 2, 3, 8, 10, 12]),
        ([FilmFrame(), 2], [24, 2]),
        (FrameSet("3,1"), [3, 1]),
        (PycueFrameSet([4, 2, 4]), [4, 2, 4]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_many_things_name_frames(spec, frames):
    assert FrameSet(spec).getAll() == frames


def test_a_frame_set_of_fileseq_is_accepted():
    fileseq = pytest.importorskip("fileseq", reason="fileseq is not installed")

    assert FrameSet(fileseq.FrameSet("1-10x3,20")).getAll() == [1, 4, 7, 10, 20]


@pytest.mark.parametrize(
    "spec", [[1, 2.5], PycueFrameSet([None]), {"a", 1}, ["1-3", 2.5]], ids=lambda value: type(value).__name__
)
def test_members_that_are_no_frames_are_named(spec):
    with pytest.raises(FrameRangeError, match="whole numbers, but position"):
        FrameSet(spec)


@pytest.mark.parametrize(
    "spec", [10**15, [1, -(10**15)], range(10**15 - 1, 10**15 + 1)], ids=lambda value: type(value).__name__
)
def test_frames_that_could_not_be_read_back_are_refused(spec):
    with pytest.raises(FrameRangeError, match="more than 15 digits"):
        FrameSet(spec)


@pytest.mark.parametrize("spec", [None, 1.5, b"1-3", object()], ids=["None", "float", "bytes", "object"])
def test_what_names_no_frames_is_a_type_error(spec):
    with pytest.raises(TypeError, match="give frames as text"):
        FrameSet(spec)


def test_parse_frame_range_lists_frames():
    assert FrameSet.parseFrameRange("1-5x2,9") == [1, 3, 5, 9]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ([1, 3, 5, 7, 9], "1-9x2"),
        ("1-10x2", "1-9x2"),
        ("1-5,6-10", "1-10"),
        ("1,2,3", "1-3"),
        ([1, 1, 1], "1,1,1"),
        ([1, 9], "1,9"),
        ([1, 2], "1-2"),
        ([10, 9], "10,9"),
        ("10-1", "10-1x-1"),
        ([-3, -2, -1, 0, 1], "-3-1"),
        ([-5, -4, -3], "-5--3"),
        ([1, 6, 3, 5, 7, 9, 2, 4, 8, 10], "1,6,3-9x2,2,4,8,10"),
        ("1-10:5", "1-10:5"),
        ("1-10y3,20,21", "1-10y3,20-21"),
        ("7,10-1:-5", "7,10-1:-5"),
        ("1-10y2", "2-10x2"),
        ("1-10y100", "2-10"),
        ("1-10:1", "1-10"),
        ([5], "5"),
        ([1, 2, 3, 7, 10, 15, 20], "1-3,7,10-20x5"),
        ([], ""),
    ],
)
def test_text_is_compact(spec, text):
    assert str(FrameSet(spec)) == text


def test_repr_can_be_evaluated():
    assert repr(FrameSet("1-5")) == "FrameSet('1-5')"
    assert repr(FrameSet([])) == "FrameSet([])"


@pytest.mark.parametrize(
    ("text", "frames"),
    [("609-613:2,361-361y2,702", [609, 611, 613, 610, 612, 702]), ("1-3,10-1x1", [1, 2, 3]), ("3-1y-1,1-4y1,7", [7])],
)
def test_a_part_that_gives_nothing_is_nothing(text: str, frames: list[int]) -> None:
    assert FrameSet(text).getAll() == frames


def test_a_range_that_gives_nothing_as_a_whole_is_an_error() -> None:
    with pytest.raises(FrameRangeError, match="part '361-361y2', column 9: the step hits every frame"):
        FrameSet("361-361y2,1-9y1")
