# SPDX-License-Identifier: Apache-2.0
"""Whatever frames a chunk has, the programs are told these and no others, each once."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outline.frames import FrameSet
from outline.modules.houdini import HoudiniRop
from outline.modules.max3ds import Max3dsScript
from outline.modules.per_frame import PerFrameLayer
from outline.modules.render import RenderLayer
from tests.contract.conftest import CAST, Stage
from tests.fakes.applications import APPLICATIONS

PER_FRAME = [make for make in CAST if issubclass(make, PerFrameLayer)]
OF_CHUNKS = [make for make in CAST if make not in (*PER_FRAME, HoudiniRop, Max3dsScript)]

# Steps, gaps, single frames, and order as people choose it.
_CHUNKS = st.lists(
    st.one_of(
        st.integers(0, 300).map(lambda frame: [frame]),
        st.builds(
            lambda start, count, step: list(range(start, start + count * step, step)),
            st.integers(0, 300),
            st.integers(2, 8),
            st.integers(1, 5),
        ),
    ),
    min_size=1,
    max_size=5,
).map(lambda parts: FrameSet([frame for part in parts for frame in part]).unique())


def frames_written(paths: list[str]) -> list[int]:
    """Return the numbers of pictures."""
    return [int(re.findall(r"\d+", path)[-1]) for path in paths]


@pytest.mark.parametrize("make", OF_CHUNKS, ids=lambda make: make.__name__)
@settings(max_examples=60)
@given(frames=_CHUNKS)
def test_the_program_writes_the_frames_of_the_chunk_and_no_others(
    stage: Stage, make: type[RenderLayer], frames: FrameSet
) -> None:
    layer = stage.bare_layer(make)

    commands = layer.list_commands(frames)

    written = [
        frames_written([path for path in APPLICATIONS[CAST[make][1]](command.argv[1:]) if "Alpha" not in path])
        for command in commands
    ]
    assert sorted(frame for each in written for frame in each) == sorted(frames)
    assert [sorted(each) for each in written] == [sorted(command.frames) for command in commands]


@pytest.mark.parametrize("make", PER_FRAME, ids=lambda make: make.__name__)
@settings(max_examples=20)
@given(frames=_CHUNKS)
def test_programs_with_a_file_per_frame_run_once_for_each(
    stage: Stage, make: type[RenderLayer], frames: FrameSet
) -> None:
    layer = stage.bare_layer(make)

    commands = layer.list_commands(frames)

    assert [list(command.frames) for command in commands] == [[frame] for frame in frames]
    assert [
        any(word.endswith(f"a.{command.frames[0]:04d}.scene") for word in command.argv) for command in commands
    ] == [True] * len(commands)


@settings(max_examples=60)
@given(frames=_CHUNKS)
def test_hython_is_given_the_frames_of_the_chunk_and_no_others(stage: Stage, frames: FrameSet) -> None:
    layer = stage.bare_layer(HoudiniRop)

    (command,) = layer.list_commands(frames)

    runs = json.loads(command.argv[-1])["runs"]
    assert sorted(frame for start, end, step in runs for frame in range(start, end + 1, step)) == sorted(frames)
