# SPDX-License-Identifier: Apache-2.0
"""A frame set is a sequence that costs nothing until it is listed, and every frame is in one chunk."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from outline.frames import FrameRangeError, FrameSet, chunk_at, chunk_frames, chunk_heads


@pytest.mark.parametrize("position", [5, -6])
def test_a_position_outside_is_an_index_error(position):
    with pytest.raises(IndexError, match="of 5 frames"):
        FrameSet("1-5")[position]


def test_the_methods_of_pycue_answer():
    frames = FrameSet("10-20x5,7")

    assert (frames.size(), frames.get(1), frames.getAll()) == (4, 15, [10, 15, 20, 7])


def test_index_looks_only_where_it_is_told():
    frames = FrameSet("1-3,2-5")

    assert (frames.index(2, 2), frames.index(2, 2, 3), frames.index(2, -4)) == (3, -1, 3)


@pytest.mark.parametrize("value", ["1", None, 1.0, object()], ids=lambda value: type(value).__name__)
def test_what_is_no_whole_number_is_in_no_set(value):
    assert value not in FrameSet("1-3")


def test_get_all_gives_a_list_of_ones_own():
    frames = FrameSet("1-3")

    frames.getAll().append(4)

    assert len(frames) == 3


def test_the_set_of_one_frame_equals_the_one_that_is_read():
    frames = FrameSet.of_one(-7)

    assert (frames, str(frames), frames.unique()) == (FrameSet("-7"), "-7", frames)


def test_an_empty_set_is_false():
    assert not FrameSet([])
    assert FrameSet("0")


def test_equal_frames_are_equal_however_they_were_written():
    written = {FrameSet("1-10x3"), FrameSet([1, 4, 7, 10]), FrameSet("1,4,7,10"), FrameSet("1:10:3")}

    assert len(written) == 1


@pytest.mark.parametrize(
    "other",
    [FrameSet("3,2,1"), FrameSet("1-4"), FrameSet("1-3,3"), [1, 2, 3], "1-3"],
    ids=lambda value: type(value).__name__,
)
def test_other_frames_orders_and_types_are_unequal(other):
    assert FrameSet("1-3") != other


def test_sets_have_no_ordering():
    with pytest.raises(TypeError):
        sorted([FrameSet("2"), FrameSet("1")])


@pytest.mark.parametrize("text", ["1-10x2,4", "1-20:5,3", "1-100y7"])
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda frames: pickle.loads(pickle.dumps(frames))])
def test_a_copy_is_equal_and_independent(text, duplicate):
    frames = FrameSet(text)

    again = duplicate(frames)
    again.normalize()

    assert frames == FrameSet(text)
    assert again.getAll() == sorted(set(frames))


def test_an_empty_set_can_be_pickled():
    assert pickle.loads(pickle.dumps(FrameSet([]))) == FrameSet([])


def test_unique_of_first_middle_last_stays_a_few_runs():
    frames = FrameSet("1,500000,1000000,1-1000000").unique()

    assert str(frames) == "1,500000,1000000,2-499999,500001-999999"


@pytest.mark.parametrize("text", ["1-200x3,1-200", "1-200,300-1x-7", ",".join(f"{n}-{n + 50}" for n in range(20))])
def test_unique_of_runs_that_fall_to_pieces_is_listed(text):
    frames = FrameSet(text)

    assert frames.unique().getAll() == list(dict.fromkeys(frames))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1-20", "2-20x2,1-20x2"),
        ("1-20", "20,1-18x2,7,10,3-300y5"),
        ("1-20y3,30-50:4", "1-30,40-60"),
        ("50-1", ",".join(f"{n * 20}-{n * 20 + 9}" for n in range(20))),
        ("1-1000000", "999999,5,1000003,7"),
        ("5-1,9", "1-10:4"),
        ("10-1,3", "2-4,9"),
    ],
)
def test_an_intersection_has_the_frames_of_both_in_the_first_order(one, other):
    wanted = set(FrameSet(other))

    shared = FrameSet(one).intersection(other)

    assert shared.getAll() == [frame for frame in dict.fromkeys(FrameSet(one)) if frame in wanted]


def test_unique_of_distinct_frames_is_the_very_set():
    frames = FrameSet("10-1,20-30:4")

    assert frames.unique() is frames


@pytest.mark.parametrize("other", ["50-60", FrameSet([]), []], ids=lambda value: type(value).__name__)
def test_an_intersection_may_be_empty(other):
    assert FrameSet("1-10").intersection(other) == FrameSet([])


def test_an_intersection_keeps_the_form_of_a_part_that_lies_inside():
    assert str(FrameSet("1-100:8,207-220y4").intersection("-10-1000")) == "1-100:8,207-220y4"


# --- chunks


def test_a_frame_that_heads_no_chunk_starts_one():
    assert chunk_at(FrameSet("1-10"), 2, 3).getAll() == [2, 3, 4]


def test_a_head_outside_of_the_range_is_an_error():
    with pytest.raises(FrameRangeError, match="frame range '1-10', part '11': frame 11 is not in it"):
        chunk_at(FrameSet("1-10"), 11, 3)


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize("cut", [chunk_heads, chunk_frames, lambda frames, size: chunk_at(frames, 1, size)])
def test_a_chunk_size_below_one_is_an_error(cut, size):
    with pytest.raises(FrameRangeError, match=f"^chunk size {size} is too small; give 1 or more$"):
        cut(FrameSet("1-10"), size)


def test_no_frames_have_no_chunks():
    assert chunk_frames(FrameSet([]), 3) == []
    assert chunk_heads(FrameSet([]), 3) == FrameSet([])


# --- cost: sets so large that listing one of them would not end


HUGE = "1-100000000000"


@pytest.mark.parametrize("text", [HUGE, f"{HUGE}y3", f"{HUGE}:8", f"200000000000-300000000000x7,{HUGE}"])
def test_a_huge_range_is_measured_searched_and_written_without_being_listed(text):
    frames = FrameSet(text)

    assert len(frames) > 10**10
    assert 20 in frames
    assert FrameSet(str(frames)).size() == frames.size()
    assert frames.unique() is frames


def test_a_huge_range_is_cut_without_being_listed():
    frames = FrameSet(HUGE)

    assert str(frames[5:-5:2]) == "6-99999999994x2"
    assert str(chunk_heads(frames, 10**6)) == "1-99999000001x1000000"
    assert str(chunk_at(frames, 10**9 + 1, 100)) == "1000000001-1000000100"


def test_huge_ranges_are_intersected_without_being_listed():
    shared = FrameSet("100000000000-1x-4").intersection(f"{HUGE}x3").intersection("1-1000")

    assert str(shared) == "1000-4x-12"


def test_huge_ranges_are_compared_and_normalized_without_being_listed():
    frames = FrameSet("100000000000-50000000000,1-49999999999")

    frames.normalize()

    assert frames == FrameSet(HUGE)
    assert hash(frames) == hash(FrameSet(HUGE))


def test_importing_frames_loads_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import outline.frames;"
        "print(*sorted({'dataclasses', 'inspect', 'fileseq', 'yaml'} & (set(sys.modules) - before)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
