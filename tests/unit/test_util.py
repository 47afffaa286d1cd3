# SPDX-License-Identifier: Apache-2.0
"""Helpers for frames, show, shot and user."""

from __future__ import annotations

import os

import pytest

from outline import util
from outline.config import config
from outline.frames import FrameRangeError, FrameSet


def test_duplicates_are_dropped_and_the_order_kept():
    assert util.disaggregate_frame_set(FrameSet("5,1-3,2,5")) == [5, 1, 2, 3]


@pytest.mark.parametrize(
    ("first", "second", "options", "common"),
    [
        (FrameSet("9,1-5,3"), FrameSet("3-20"), {}, [3, 4, 5, 9]),
        ("9,1-5,3", "3-20", {"normalize": False}, [9, 3, 4, 5]),
        (FrameSet("1-5"), FrameSet("6-9"), {}, None),
    ],
    ids=["sorted", "in the order of the first", "none"],
)
def test_frames_in_common(
    first: FrameSet | str, second: FrameSet | str, options: dict[str, bool], common: list[int] | None
):
    found = util.intersect_frame_set(first, second, **options)

    assert (found and list(found)) == common


def test_a_frame_set_is_sorted_without_duplicates_unless_it_keeps_them():
    assert list(util.make_frame_set([5, 1, 3, 1])) == [1, 3, 5]
    assert list(util.make_frame_set([5, 1, 3, 1], normalize=False)) == [5, 1, 3, 1]


@pytest.mark.parametrize("frames", [[], [1], [1, 2, 3], [10, 20, 1, 2, 3], [3, 2, 1], [-3, -2, 0], [1, 1, 2]], ids=str)
def test_a_compact_range_gives_the_same_frames_again(frames: list[int]):
    text = util.compact_frame_range(frames)

    assert list(FrameSet(text) if text else []) == frames


def test_consecutive_frames_are_a_span():
    assert util.compact_frame_range(list(range(1, 5001))) == "1-5000"


def test_a_slice_has_the_items_of_the_frames():
    assert util.get_slice("10-14", [12, 10], ["a", "b", "c", "d", "e"]) == ["c", "a"]


def test_a_slice_of_a_frame_that_is_not_there_is_an_error():
    with pytest.raises(FrameRangeError, match="no such frame"):
        util.get_slice("1-3", [4], ["a", "b", "c"])


def test_twenty_thousand_frames_take_no_time():  # fault 15: this took 40 s, now a hundredth of one
    many = ",".join(map(str, range(20000, 0, -1)))

    common = util.intersect_frame_set(many, "1-20000")

    assert str(common) == "1-20000"
    assert len(util.get_slice(many, FrameSet(many), range(20000))) == 20000


def test_show_and_shot_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOW", "pipe")
    monkeypatch.setenv("SHOT", "pq10")

    assert (util.get_show(), util.get_shot()) == ("pipe", "pq10")


def test_show_and_shot_have_configured_defaults(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOT", "")
    config.set("outline", "default_show", "ours")

    assert (util.get_show(), util.get_shot()) == ("ours", "default")


def test_the_user_is_the_one_of_the_environment():
    assert util.get_user() == "tester"


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch):  # fault 24
    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # there is no other way to be a user without an entry
    monkeypatch.delenv("USER")
    monkeypatch.delenv("LOGNAME")

    assert util.get_user() == str(util.get_uid()) == str(os.getuid())
