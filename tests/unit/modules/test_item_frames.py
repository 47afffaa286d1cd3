# SPDX-License-Identifier: Apache-2.0
"""An application over items renders the frame that each of them names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import FrameSet
from outline.exception import LayerException, ShellCommandFailureException
from outline.io.output import Targets
from outline.items import rows
from outline.layer.links import links_of
from outline.modules.blender import Blender
from outline.modules.render import RenderCommand, RenderLayer
from tests.fakes.render_layers import App, AppInPlace, AppPerFrame, Run, launch
from tests.fakes.renderer import CALLS

SHOTS = """key,shot,frame,scene,how
a,sh 10,1001,a.blend,render
b,sh 10,-2,b.blend,fail
c,ü,1001,/show/c.blend,render
"""


@pytest.fixture
def items(here: Path) -> dict[str, Any]:
    """Arguments of a layer over three shots."""
    (here / "shots.csv").write_text(SHOTS)
    return {"items": rows("shots.csv"), "outputs": "out/%{ITEM:shot}/%{KEY}.####.exr", "frames": "1-3"}


def _made(here: Path) -> list[str]:
    return sorted(str(path.relative_to(here / "out")) for path in here.rglob("*.exr"))


@pytest.mark.parametrize("kind", [App, AppInPlace, AppPerFrame])
def test_each_item_renders_its_frame_into_its_own_file(
    here: Path, run: Run, items: dict[str, Any], kind: type[RenderLayer]
) -> None:
    layer = run(kind, **items)

    assert (here / CALLS).read_text().split() == ["1001", "-2", "1001"]
    assert _made(here) == ["sh 10/a.1001.exr", "sh 10/b.-002.exr", "ü/c.1001.exr"]
    assert [layer.output_path(frame) for frame in (1, 2, 3)] == [
        f"{here}/out/sh 10/a.1001.exr",
        f"{here}/out/sh 10/b.-002.exr",
        f"{here}/out/ü/c.1001.exr",
    ]
    assert layer.get_arg("outputs") == {"main": f"{here}/out/%{{ITEM:shot}}/%{{KEY}}.####.exr"}


class Copies(App):
    """Is told by a token where it writes."""

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        return [RenderCommand(["cp", "shots.csv", "%{OUTPUT}"], FrameSet([frame])) for frame in frames]


def test_a_token_stands_for_the_output_of_the_frame_that_the_item_names(
    here: Path, run: Run, items: dict[str, Any]
) -> None:
    run(Copies, **items)

    assert _made(here) == ["sh 10/a.1001.exr", "sh 10/b.-002.exr", "ü/c.1001.exr"]


def test_an_item_that_fails_keeps_what_those_before_it_made(here: Path, run: Run, items: dict[str, Any]) -> None:
    with pytest.raises(ShellCommandFailureException, match="no camera"):
        run(App, **{**items, "behaviour": "%{ITEM:how}"})

    assert _made(here) == ["sh 10/a.1001.exr"]
    assert (here / CALLS).read_text().split() == ["1001", "-2"]


def test_what_an_application_reads_is_of_the_item(here: Path, programs: Path, items: dict[str, Any]) -> None:
    plates = {"plate": "plates/%{ITEM:shot}.####.exr"}

    layer = launch(Blender, **{**items, "scene": "%{ITEM:scene}", "inputs": plates, "executable": None})

    words = [command.argv for frame in (1, 3) for command in layer.list_commands([frame])]  # type: ignore[arg-type]
    assert [line[line.index("-noaudio") + 1] for line in words] == [f"{here}/a.blend", "/show/c.blend"]
    assert [line[-1] for line in words] == ["1001", "1001"]
    assert links_of(layer).input_paths(1) == [("plate", ["plates/sh 10.1001.exr"])]


def test_an_application_cannot_write_a_folder(here: Path) -> None:
    with pytest.raises(LayerException, match="App writes files, and its output 'main' is the folder out/; name a file"):
        launch(App, outputs="out/", frames="1")


def test_a_scene_that_items_name_is_not_copied(here: Path, programs: Path, items: dict[str, Any]) -> None:
    with pytest.raises(LayerException, match="copy_scene cannot copy a scene that items name; leave it out"):
        launch(Blender, **{**items, "scene": "%{ITEM:scene}", "copy_scene": True, "executable": None})
