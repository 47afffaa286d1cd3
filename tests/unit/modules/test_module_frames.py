# SPDX-License-Identifier: Apache-2.0
"""Whatever the frames of a chunk: what a module tells its application makes each of them once, and no other.

The command lines are read back by parsers that are written here from the applications' manuals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outline import FrameSet
from outline.modules.blender import Blender
from outline.modules.mitsuba import Mitsuba
from outline.modules.oiio import Oiio
from outline.modules.povray import PovRay
from outline.modules.python import Python
from outline.modules.render import RenderLayer
from outline.modules.synfig import Synfig
from outline.modules.tachyon import Tachyon

Told = Callable[[list[str]], list[int]]

FRAMES = st.lists(st.integers(-9, 40), min_size=1, max_size=20, unique=True) | st.builds(
    lambda start, count, step: list(range(start, start + count * step, step)),
    st.integers(-9, 40),
    st.integers(1, 12),
    st.sampled_from([-3, -1, 1, 2, 5]),
)


def after(words: list[str], flag: str) -> str:
    """Return the word behind a flag."""
    return words[words.index(flag) + 1]


def told_blender(words: list[str]) -> list[int]:
    """A list such as 1,3..9 behind -f, or the frames that the script is given."""
    if "-f" not in words:
        return [int(frame) for frame in json.loads(words[-1])]
    parts = [re.fullmatch(r"(\d+)(?:\.\.(\d+))?", part) for part in after(words, "-f").split(",")]
    return [frame for part in parts if part for frame in range(int(part[1]), int(part[2] or part[1]) + 1)]


def told_povray(words: list[str]) -> list[int]:
    """The part from +SF to +EF, or the number in the name of a still."""
    numbers = {word[:3]: int(word[3:]) for word in words if word.startswith(("+SF", "+EF"))}
    if numbers:
        return list(range(numbers["+SF"], numbers["+EF"] + 1))
    return [number_in(next(word for word in words if word.startswith("+O")))]


def told_synfig(words: list[str]) -> list[int]:
    """The frames from one time to another, or of one time."""
    if "--time" in words:
        return [int(after(words, "--time").removesuffix("f"))]
    first, last = (int(after(words, flag).removesuffix("f")) for flag in ("--start-time", "--end-time"))
    return list(range(first, last + 1))


def told_oiio(words: list[str]) -> list[int]:
    """A list such as 1,3-9x2 behind --frames."""
    parts = [re.fullmatch(r"(-?\d+)(?:-(\d+)(?:x(\d+))?)?", part) for part in after(words, "--frames").split(",")]
    spans = [(int(part[1]), int(part[2] or part[1]), int(part[3] or 1)) for part in parts if part]
    return [frame for first, last, step in spans for frame in range(first, last + 1, step)]


def told_by_name(words: list[str]) -> list[int]:
    """The number in the name of the picture."""
    return [number_in(after(words, "-o"))]


def number_in(name: str) -> int:
    match = re.search(r"a\.(-?\d+)\.exr", name.replace("png", "exr"))
    assert match, name
    return int(match[1])


MODULES = [
    pytest.param(Blender, {"scene": "s.blend"}, told_blender, True, id="Blender"),
    pytest.param(PovRay, {"scene": "s.pov", "range": "1-40"}, told_povray, False, id="PovRay"),
    pytest.param(PovRay, {"scene": "s.pov", "range": "-9-40"}, told_povray, True, id="PovRay, negative"),
    pytest.param(Tachyon, {"scene": "s.####.dat"}, told_by_name, True, id="Tachyon"),
    pytest.param(Mitsuba, {"scene": "s.xml"}, told_by_name, True, id="Mitsuba"),
    pytest.param(Synfig, {"scene": "s.sif"}, told_synfig, False, id="Synfig"),
    pytest.param(Oiio, {"source": "s.#.exr"}, told_oiio, True, id="Oiio"),
    pytest.param(Python, {"function": "a:b"}, lambda words: json.loads(words[-1])["frames"], True, id="Python"),
]


@pytest.mark.parametrize(("kind", "args", "told", "keeps_order"), MODULES)
@settings(max_examples=60)
@given(frames=FRAMES)
def test_an_application_is_told_each_frame_once_and_no_other(
    programs: Path, kind: type[RenderLayer], args: dict[str, str], told: Told, keeps_order: bool, frames: list[int]
) -> None:
    layer = kind("layer", outputs="a.####.png", **args)

    commands = layer.list_commands(FrameSet(frames))

    counted = [frame for command in commands for frame in command.frames]
    heard = [frame for command in commands for frame in told(command.argv)]
    assert sorted(heard) == sorted(counted) == sorted(frames)
    assert not keeps_order or heard == frames
