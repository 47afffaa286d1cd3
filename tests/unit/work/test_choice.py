# SPDX-License-Identifier: Apache-2.0
"""What a user says about frames of a work folder."""

from __future__ import annotations

import pytest

from outline.exception import WorkException
from outline.frames import FrameSet
from outline.work.launch import read_choice


@pytest.mark.parametrize(
    ("force", "chosen"),
    [
        (["a:1-3"], FrameSet("1-3")),
        (["a:1", "a:3,1"], FrameSet("1,3")),
        (["a:1", "a"], None),
        (["a", "a:1"], None),
    ],
    ids=str,
)
def test_frames_of_one_layer_add_up(force: list[str], chosen: FrameSet | None):
    choice = read_choice({"force": force}.get)

    assert choice.force == {"a": chosen}


def test_a_range_that_cannot_be_read_is_told_with_its_option():
    with pytest.raises(WorkException, match=r"--keep a:x: frame range 'x', column 1: .*; write LAYER or LAYER:RANGE"):
        read_choice({"keep": ["a:x"]}.get)


@pytest.mark.parametrize(("force", "keep"), [("a", "a:2"), ("a:1-3", "a"), ("a:1-3", "a:3-5")])
def test_frames_cannot_be_forced_and_kept(force: str, keep: str):
    choice = read_choice({"force": [force], "keep": [keep]}.get)

    with pytest.raises(WorkException, match="--force and --keep name the same frames of layer 'a'"):
        choice.check(["a"])


def test_other_frames_of_a_layer_can_be_kept():
    read_choice({"force": ["a:1"], "keep": ["a:2"]}.get).check(["a"])
