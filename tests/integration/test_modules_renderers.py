# SPDX-License-Identifier: Apache-2.0
"""POV-Ray, Tachyon, Mitsuba and Synfig render for real, and what they cannot render fails with its cause."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from outline.exception import LayerException, OutlineException, ShellCommandFailureException
from outline.modules.mitsuba import Mitsuba
from outline.modules.povray import PovRay
from outline.modules.render import RenderLayer
from outline.modules.synfig import Synfig
from outline.modules.tachyon import Tachyon
from tests.conftest import RunPycuerun
from tests.fakes import killer
from tests.pictures import read_picture
from tests.support import job_in, names_in, needs, outline_file, run_layer

SCENES = Path(__file__).resolve().parent.parent / "data" / "scenes"

pytestmark = pytest.mark.realtool


class Tool(NamedTuple):
    """A renderer, the arguments for a small scene that moves, and the extension that it writes."""

    kind: type[RenderLayer]
    args: dict[str, Any]
    extension: str = "png"

    def names(self, *stems: str) -> list[str]:
        """Return names with the extension."""
        return [f"{stem}.{self.extension}" for stem in stems]


SMALL = {"width": 64, "height": 48}
TOOLS = {
    "povray": Tool(PovRay, {"scene": "ball.pov", **SMALL}),
    "tachyon": Tool(Tachyon, {"scene": "ball.####.dat", **SMALL}),
    "mitsuba": Tool(Mitsuba, {"scene": "cube.xml", "params": {"angle": "%{FRAME}0"}}, "exr"),
    "synfig": Tool(Synfig, {"scene": "ball.sif"}),
}


@pytest.fixture(params=[pytest.param(name, marks=needs(name), id=name) for name in TOOLS])
def tool(request: pytest.FixtureRequest, scenes: Path) -> Tool:
    """Return each renderer that is there."""
    return TOOLS[request.param]


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a blank in its name that holds the scenes."""
    folder = tmp_path / "my shots"
    shutil.copytree(SCENES, folder)
    text = (SCENES / "ball.dat").read_text().partition("\nBEGIN_SCENE")[2]
    for frame in range(-2, 10):
        (folder / f"ball.{frame:04d}.dat").write_text("BEGIN_SCENE" + text.replace("$X", str(frame / 5 - 1)))
    monkeypatch.chdir(folder)
    return folder


# -- good input -------------------------------------------------------------------------------------------------


def test_a_chunk_with_gaps_gives_exactly_its_pictures(tool: Tool, scenes: Path) -> None:
    pytest.importorskip("OpenImageIO")

    run_layer(tool.kind, "1-3,7", chunk=4, outputs=f"new out/a_####.{tool.extension}", check_images=True, **tool.args)

    pictures = [read_picture(path) for path in sorted((scenes / "new out").iterdir())]
    assert names_in(scenes / "new out") == tool.names("a_0001", "a_0002", "a_0003", "a_0007")
    assert [picture.size for picture in pictures] == [(64, 48)] * 4
    assert min(picture.brightest for picture in pictures) > 80
    assert min(picture.shades for picture in pictures) > 4
    assert len(set(pictures)) == 4


def test_negative_frames_have_their_pictures(tool: Tool, scenes: Path) -> None:
    run_layer(tool.kind, "-2-0", chunk=3, outputs=f"out/a.####.{tool.extension}", **tool.args)

    assert names_in(scenes / "out") == tool.names("a.-001", "a.-002", "a.0000")


def test_a_single_picture_needs_no_number(tool: Tool, scenes: Path) -> None:
    run_layer(tool.kind, "3", outputs=f"out/still.{tool.extension}", **tool.args)

    assert names_in(scenes / "out") == tool.names("still")


def test_the_number_may_stand_anywhere_in_the_name(tool: Tool, scenes: Path) -> None:
    run_layer(tool.kind, "2-3", chunk=2, outputs=f"out/%03d_left.{tool.extension}", **tool.args)

    assert names_in(scenes / "out") == tool.names("002_left", "003_left")


def test_frames_that_are_there_are_left_alone(tool: Tool, scenes: Path) -> None:
    (scenes / "out").mkdir()
    old = scenes / "out" / f"a.0002.{tool.extension}"
    old.write_text("an old picture")

    run_layer(tool.kind, "1-3", chunk=3, outputs=f"out/a.####.{tool.extension}", skip_existing=True, **tool.args)

    assert names_in(scenes / "out") == tool.names("a.0001", "a.0002", "a.0003")
    assert old.read_text() == "an old picture"


@pytest.mark.parametrize("chunk", [pytest.param(1, id="frame by frame"), pytest.param(3, id="as a chunk")])
@needs("povray")
def test_the_clock_of_povray_does_not_depend_on_chunks(scenes: Path, chunk: int) -> None:
    pytest.importorskip("OpenImageIO")
    args = {**TOOLS["povray"].args, "animation": "1-24"}

    run_layer(PovRay, "5-7", chunk=chunk, outputs="chunks/a.####.png", **args)
    run_layer(PovRay, "6", outputs="one/a.####.png", **args)

    assert read_picture(scenes / "chunks/a.0006.png") == read_picture(scenes / "one/a.0006.png")


# -- wrong input ------------------------------------------------------------------------------------------------


def test_a_scene_that_is_missing_is_told(tool: Tool, scenes: Path) -> None:
    args = {**tool.args, "scene": "none.scene"}

    with pytest.raises(LayerException, match=r"the scene does not exist: .*none\.scene"):
        run_layer(tool.kind, outputs=f"out/a.####.{tool.extension}", **args)

    assert not (scenes / "out").exists()


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        pytest.param("povray", "Parse Error: Expected 'object or directive'", id="povray", marks=needs("povray")),
        pytest.param("tachyon", "Tachyon said: Parser failed due to", id="tachyon", marks=needs("tachyon")),
        pytest.param("mitsuba", "Mitsuba said: Caught a critical exception: ", id="mitsuba", marks=needs("mitsuba")),
        pytest.param(
            "synfig", "output 'main' is missing for frames 1.*Synfig said: .*error", id="synfig", marks=needs("synfig")
        ),
    ],
)
def test_a_scene_that_cannot_be_read_is_told_in_the_words_of_the_renderer(scenes: Path, name: str, cause: str) -> None:
    (scenes / "bad.xml").write_text("this is no scene")
    args = {**TOOLS[name].args, "scene": "bad.xml"}

    with pytest.raises(OutlineException, match=cause):
        run_layer(TOOLS[name].kind, outputs=f"out/a.####.{TOOLS[name].extension}", **args)

    assert names_in(scenes / "out") == []


def test_a_folder_that_cannot_be_written_is_told(tool: Tool, scenes: Path) -> None:
    (scenes / "out").write_text("a file")

    with pytest.raises(LayerException, match=r"cannot write outputs to the folder .*out: "):
        run_layer(tool.kind, outputs=f"out/a.####.{tool.extension}", **tool.args)


def test_a_frame_that_cannot_be_rendered_is_told(scenes: Path) -> None:
    with pytest.raises(LayerException, match=r"the scene does not exist for frames 50: .*ball\.####\.dat"):
        run_layer(Tachyon, "50", outputs="out/a.####.png", **TOOLS["tachyon"].args)


def test_a_renderer_that_is_not_installed_is_told(tool: Tool, scenes: Path) -> None:
    with pytest.raises(
        ShellCommandFailureException, match="was not found on host .*there is no 'no-renderer'"
    ) as caught:
        run_layer(tool.kind, outputs=f"out/a.####.{tool.extension}", executable="no-renderer", **tool.args)

    assert caught.value.exit_status == 127


@needs("mitsuba")
def test_mitsuba_is_not_asked_for_a_format_that_its_film_does_not_write(scenes: Path) -> None:
    with pytest.raises(LayerException, match=r"Mitsuba writes \.exr, .*, but the output is 'a\.####\.png'"):
        run_layer(Mitsuba, outputs="a.####.png", **TOOLS["mitsuba"].args)


# -- killed -----------------------------------------------------------------------------------------------------

KILLED = """
    from outline.modules.{module} import {kind}
    {kind}("render", chunk=3, outputs={outputs!r}, executable={executable!r}, **{args!r})
    """


def test_a_frame_that_is_killed_while_it_renders_leaves_nothing_that_looks_whole(
    tool: Tool, scenes: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    program = [sys.executable, killer.__file__, str(scenes / "out"), tool.kind.executable]
    module = tool.kind.__module__.rpartition(".")[2]
    outputs = f"out/a.####.{tool.extension}"
    text = KILLED.format(module=module, kind=tool.kind.__name__, outputs=outputs, executable=program, args=tool.args)
    script = outline_file(scenes, text)

    result = run_pycuerun(script, "1-3", "--backend", "local", "--max-retries", "0", cwd=scenes)
    left, counts = names_in(scenes / "out"), job_in(session_root).counts
    run_layer(tool.kind, "1-3", chunk=3, outputs=outputs, **tool.args)

    assert result.returncode == 1
    assert counts == {"DEAD": 1}
    assert "ended by signal 9 (SIGKILL)" in result.stdout
    assert [name for name in left if not name.startswith(".part-")] == []
    assert names_in(scenes / "out") == tool.names("a.0001", "a.0002", "a.0003")
