# SPDX-License-Identifier: Apache-2.0
"""Whatever the frames: an application is told each of them once, and never one that nobody asked for.

What the functions write is read back by parsers that are written here from the applications' manuals.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline.frames import FrameSet
from outline.frames.dialects import (
    blender_list,
    gaffer_list,
    katana_list,
    nuke_list,
    oiio_list,
    rows,
    runs,
    vray_list,
)

Write = Callable[[list[int]], str]
Read = Callable[[str], list[int]]


def read_blender(text: str) -> list[int]:
    """Frames and inclusive ranges ``a..b``, divided by commas, without blanks."""
    frames = []
    for part in text.split(","):
        assert re.fullmatch(r"\d+(\.\.\d+)?", part)
        first, _, last = part.partition("..")
        frames += range(int(first), int(last or first) + 1)
    return frames


def read_stepped(text: str, divider: str, step_sign: str) -> list[int]:
    """Frames and ranges ``a-b`` that count up, with a step behind a sign."""
    frames = []
    for part in text.split(divider):
        match = re.fullmatch(rf"(-?\d+)(?:-(\d+)(?:{re.escape(step_sign)}(\d+))?)?", part)
        assert match, part
        first, last, step = match.groups()
        frames += range(int(first), int(last or first) + 1, int(step or 1))
    return frames


def read_katana(text: str) -> list[int]:
    """Frames and ranges, divided by commas; steps are not known."""
    frames = []
    for part in text.split(","):
        match = re.fullmatch(r"(-?\d+)(?:-(\d+))?", part)
        assert match, part
        frames += range(int(match[1]), int(match[2] or match[1]) + 1)
    return frames


DIALECTS: dict[str, tuple[Write, Read]] = {
    "nuke": (nuke_list, lambda text: read_stepped(text, " ", "x")),
    "vray": (vray_list, lambda text: read_stepped(text, ";", ",")),
    "katana": (katana_list, read_katana),
    "oiiotool": (oiio_list, lambda text: read_stepped(text, ",", "x")),
    "gaffer": (gaffer_list, lambda text: read_stepped(text, ",", "x")),
}

SINGLES = st.lists(st.integers(-30, 60), min_size=1, max_size=30)
PIECES = st.lists(
    st.builds(
        lambda start, count, step: list(range(start, start + count * step, step)),
        st.integers(-30, 60),
        st.integers(1, 12),
        st.integers(-5, 5).filter(bool),
    ),
    min_size=1,
    max_size=4,
).map(lambda pieces: [frame for piece in pieces for frame in piece])
FRAMES = SINGLES | PIECES


def once(frames: list[int]) -> list[int]:
    """Return each frame where it comes first."""
    return list(dict.fromkeys(frames))


@given(FRAMES)
def test_a_list_reads_back_to_the_same_frames_in_the_same_order(frames: list[int]) -> None:
    positive = [abs(frame) for frame in frames]

    told = {name: read(write(frames)) for name, (write, read) in DIALECTS.items()}

    assert told == dict.fromkeys(DIALECTS, once(frames))
    assert read_blender(blender_list(positive)) == once(positive)


@given(FRAMES)
def test_runs_count_up_and_hold_each_frame_once_in_the_order_of_the_frames(frames: list[int]) -> None:
    order = once(frames)

    found = runs(frames)

    assert all(step > 0 and start <= end and (end - start) % step == 0 for start, end, step in found)
    told = [[*range(start, end + 1, step)] for start, end, step in found]
    assert told == [list(run.frames()) for run in found]
    assert [place for part in told for place in sorted(map(order.index, part))] == [*range(len(order))]


@given(FRAMES)
def test_rows_hold_each_frame_once_and_have_no_step(frames: list[int]) -> None:
    told = [frame for start, end, _ in rows(frames) for frame in range(start, end + 1)]

    assert sorted(told) == sorted(set(frames))
    assert {step for *_, step in rows(frames)} <= {1}


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ("1-10", [(1, 10, 1)]),
        ("7", [(7, 7, 1)]),
        ("1-9x2", [(1, 9, 2)]),
        ("1,9", [(1, 9, 8)]),
        ("10-1x-3", [(1, 10, 3)]),
        ("1-3,7,8", [(1, 3, 1), (7, 8, 1)]),
        ("-5--1", [(-5, -1, 1)]),
        ("1,1,2", [(1, 2, 1)]),
    ],
)
def test_runs_are_as_few_as_can_be(frames: str, expected: list[tuple[int, int, int]]) -> None:
    assert [tuple(run) for run in runs(FrameSet(frames))] == expected


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ("1,3-9", [(1, 1, 1), (3, 9, 1)]),
        ("1-5x2", [(1, 1, 1), (3, 3, 1), (5, 5, 1)]),
        ("10-8,1,2", [(8, 10, 1), (1, 2, 1)]),
    ],
)
def test_rows_are_as_few_as_can_be(frames: str, expected: list[tuple[int, int, int]]) -> None:
    assert [tuple(row) for row in rows(FrameSet(frames))] == expected


def test_no_frames_give_no_runs_and_an_empty_list() -> None:
    assert (runs([]), rows([]), nuke_list([])) == ([], [], "")


@pytest.mark.parametrize(
    ("write", "expected", "stepped"),
    [
        pytest.param(blender_list, "1,3..9", "3,5,7,9", id="blender"),
        pytest.param(nuke_list, "1 3-9", "3-9x2", id="nuke"),
        pytest.param(vray_list, "1;3-9", "3-9,2", id="vray"),
        pytest.param(katana_list, "1,3-9", "3,5,7,9", id="katana"),
        pytest.param(oiio_list, "1,3-9", "3-9x2", id="oiiotool"),
        pytest.param(gaffer_list, "1,3-9", "3-9x2", id="gaffer"),
    ],
)
def test_a_list_is_written_as_the_manual_has_it(write: Callable[[FrameSet], str], expected: str, stepped: str) -> None:
    assert (write(FrameSet("1,3-9")), write(FrameSet("3-9x2"))) == (expected, stepped)


def test_frames_that_count_down_are_listed_one_by_one() -> None:
    told = {name: read(write([9, 8, 7])) for name, (write, read) in DIALECTS.items()}

    assert told == {name: [9, 8, 7] for name in DIALECTS}


def test_blender_is_not_told_negative_frames() -> None:
    with pytest.raises(ValueError, match="frame -2 is negative, and blender -f counts it"):
        blender_list([1, -2])
