# SPDX-License-Identifier: Apache-2.0
"""What a farm gets of a layer of which some frames are done."""

from __future__ import annotations

import pytest

from outline.frames import FrameSet
from outline.launch_in_folder import thin_ranges


def _thin(
    frames: dict[str, str],
    running: dict[str, list[int]],
    never: dict[str, list[int]] | None = None,
    previous: tuple[tuple[str, str], ...] = (),
) -> dict[str, str]:
    return thin_ranges({name: FrameSet(text) for name, text in frames.items()}, running, never or {}, previous)


@pytest.mark.parametrize(
    ("every", "running", "text"),
    [
        ("1-10", [3, 4, 5], "3-5"),
        ("10-1", [3, 4, 9], "9,4-3x-1"),
        ("1-10", [], ""),
        ("1,5,2,8", [8, 1, 2], "1,2,8"),
        ("1-10", list(range(1, 11)), "1-10"),
    ],
)
def test_what_runs_is_left_in_its_order(every: str, running: list[int], text: str):
    assert FrameSet(_thin({"a": every}, {"a": running})["a"] or []) == FrameSet(text or [])


def test_small_gaps_are_filled_until_the_text_fits():
    text = _thin({"a": "1-10000"}, {"a": [*(one for one in range(1, 3001) if one % 3), 9000]})["a"]

    assert text == "1-2999,9000"


def test_a_gap_is_not_filled_with_what_must_not_run():
    text = _thin({"a": "1-10000"}, {"a": [one for one in range(1, 5000) if one % 3]}, {"a": [1998]})["a"]

    assert text == "1-1997,1999-4999"


def test_random_frames_of_many_fit_in_the_end():
    every = [*range(1, 50_000)]
    text = _thin({"a": "1-49999"}, {"a": [frame for frame in every if frame * frame % 7 == 2 or frame % 11 == 3]})["a"]

    assert len(text) <= 4000
    assert {frame for frame in every if frame % 11 == 3} <= set(FrameSet(text))


def test_layers_that_wait_for_the_frame_before_are_whole_or_left_out():
    frames = {"a": "1-9", "b": "1-9", "c": "1-9", "d": "1-9"}

    thinned = _thin(frames, {"a": [], "b": [4], "d": []}, previous=(("b", "a"), ("c", "b"), ("d", "d")))

    assert thinned == {"a": "1-9", "b": "1-9", "c": "1-9", "d": ""}
