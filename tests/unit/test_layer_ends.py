# SPDX-License-Identifier: Apache-2.0
"""Which frames of a chunk are through before its end."""

from __future__ import annotations

import pytest

from outline.frames import FrameSet, consecutive_runs
from outline.layer.life import ended_with


@pytest.mark.parametrize(
    ("numbers", "frames", "ends"),
    [
        ([1, 2, 3], "1-3", [[1], [2], []]),
        ([1, 1, 2, 2], "1-2", [[], [1], [], []]),
        ([1, 2, 1, 2], "1-2", [[], [], [1], []]),
        ([1], "1-3", [[]]),
        ([1, 7], "1,3,7,9", [[1, 3], []]),
        ([1, 2, None], "1-2", [[], [], []]),
        ([1, None, 2], "1-2", [[], [1], []]),
        ([None, 1, 2], "1-2", [[], [1], []]),
        ([None, None], "1-2", [[], []]),
        ([2, 3], "1-3", [[2], []]),
        ([], "1-2", []),
    ],
)
def test_a_frame_is_through_after_the_last_command_that_names_it(
    numbers: list[int | None], frames: str, ends: list[list[int]]
):
    assert ended_with(numbers, FrameSet(frames)) == ends


@pytest.mark.parametrize(
    ("whole", "some", "runs"),
    [
        ("1-9x2", "1,3,7,9", ["1-3x2", "7-9x2"]),
        ("1-4", "1-4", ["1-4"]),
        ("4-1", "4,3,1", ["4-3x-1", "1"]),
        ("1,5,2,8", "5,2", ["5-2x-3"]),
        ("1-6", "2,4,6", ["2", "4", "6"]),
        ("1-3", [], []),
    ],
)
def test_frames_that_follow_each_other_in_the_chunk_are_a_run(whole: str, some: str, runs: list[str]):
    assert consecutive_runs(FrameSet(whole), FrameSet(some)) == [FrameSet(run) for run in runs]
