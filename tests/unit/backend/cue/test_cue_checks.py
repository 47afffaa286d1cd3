# SPDX-License-Identifier: Apache-2.0
"""The limits of a server are told before anything is sent."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from outline.exception import LaunchException
from outline.layer import Layer
from tests.launches import outline_of, shell, spec_text


def test_short_job_name_is_refused() -> None:
    with pytest.raises(LaunchException, match=r"the job's name 'ab' .* wants 3 or more letters.*use --base-name"):
        spec_text(ol=outline_of(name="ab"))


@pytest.mark.parametrize("shot", ["s1", "sh 10", "sh/10", "é10"])
def test_shot_that_the_server_refuses_is_refused(shot: str) -> None:
    with pytest.raises(LaunchException, match=r"the job's shot .* wants 3 or more letters.*use --shot"):
        spec_text(ol=outline_of(shot=shot))


def test_short_layer_name_is_refused() -> None:
    with pytest.raises(LaunchException, match=r"layer 'ab' \(launches\.py:\d+\): the farm wants layer names of 3"):
        spec_text(shell("ab"))


def test_long_layer_name_is_refused() -> None:
    with pytest.raises(LaunchException, match="its name is too long"):
        spec_text(shell("x" * 249))


@pytest.mark.parametrize(("one", "other"), [("Beauty", "beauty"), ("left-eye", "left_eye")])
def test_layers_that_are_one_on_the_farm_are_refused(one: str, other: str) -> None:
    with pytest.raises(LaunchException, match=f"'{other}'.* and .*'{one}'.* are both '{other}' on the farm"):
        spec_text(shell(one), shell(other))


def test_negative_frames_are_refused_with_layer_and_frame() -> None:
    ol = outline_of(shell("sim", range="-5-10"), frame_range=None)

    with pytest.raises(LaunchException, match=r"layer 'sim'.* has the frame -5, and the farm cannot run frames below"):
        spec_text(ol=ol)


def test_long_range_is_refused() -> None:
    frames = ",".join(str(number * number) for number in range(1000))

    with pytest.raises(LaunchException, match=r"its range has \d+ characters, 4000 is the most on the farm: 0"):
        spec_text(ol=outline_of(shell(range=frames), frame_range=None))


def test_long_command_is_refused() -> None:
    with pytest.raises(LaunchException, match="its command has 4002 characters, 4000 is the most on the farm: x"):
        spec_text(shell(command=["x", "y" * 4000]), simple=True)


def test_long_command_does_not_matter_to_pycuerun() -> None:
    assert spec_text(shell(command=["x", "y" * 4000]))


def test_too_many_layers_are_refused() -> None:
    with pytest.raises(LaunchException, match="the job has 2001 layers, 2000 is the most; use several jobs"):
        spec_text(*(Layer(f"layer{number}", command=["true"]) for number in range(2001)), simple=True)


def test_too_many_frames_are_refused() -> None:
    ol = outline_of(shell("one", range="1-60000"), shell("two", range="1-40001"), frame_range=None)

    with pytest.raises(LaunchException, match="the job has 100001 frames, 100000 is the most; use larger chunks"):
        spec_text(ol=ol)


def test_chunks_are_what_the_server_counts() -> None:
    ol = outline_of(shell(range="1-1000000", chunk=10), frame_range=None)

    assert "<range>1-1000000</range>" in spec_text(ol=ol)


def test_post_layers_are_counted_apart() -> None:
    ol = outline_of(shell(range="1-100000"), shell("clean", range="1-10", type="Post"), frame_range=None)

    assert spec_text(ol=ol)


@pytest.mark.parametrize(
    ("memory", "words"),
    [("100m", "memory is raised to 256m by the farm"), ("60g", "memory is above 50g, which a farm may cut")],
)
def test_memory_that_the_farm_changes_is_told(memory: str, words: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    spec_text(shell(memory=memory))

    assert words in caplog.text


def test_a_job_of_ordinary_things_passes_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "outline.backend.cue")
    layers: list[Any] = [shell("beauty", memory="4g", cores=2), shell("comp", require=["beauty"])]

    spec_text(*layers)

    assert caplog.text == ""
