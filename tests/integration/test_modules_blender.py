# SPDX-License-Identifier: Apache-2.0
"""Blender renders for real, with Cycles and Workbench, and what it cannot render fails with its cause."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outline.exception import LayerException, ShellCommandFailureException
from outline.modules.blender import Blender
from tests.conftest import RunPycuerun
from tests.fakes import killer
from tests.pictures import read_picture
from tests.support import job_in, log_of, names_in, needs, outline_file, run_layer

MAKE = Path(__file__).resolve().parent.parent / "data" / "scenes" / "make_blend.py"

pytestmark = [pytest.mark.realtool, needs("blender")]


@pytest.fixture(scope="module")
def blends(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the scenes once: cycles, workbench and nocamera."""
    folder = tmp_path_factory.mktemp("my blends")
    words = ["blender", "-b", "--factory-startup", "--python-exit-code", "3", "-P", str(MAKE), "--", str(folder)]
    subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def render(scene: Path, frames: str, **args: object) -> None:
    """Render all frames of a scene in one chunk."""
    args = {"outputs": "out/a.####.png", "chunk": 20, "factory_startup": True, **args}
    run_layer(Blender, frames, scene=str(scene), **args)


# -- good input -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rendered(blends: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run one job of four frames with Cycles, in one process of Blender, and return its folder."""
    folder = tmp_path_factory.mktemp("a job")
    script = outline_file(
        folder,
        f"""
        from outline.modules.blender import Blender
        Blender("beauty", scene={str(blends / "cycles.blend")!r}, outputs="new out/a_####.png", chunk=4,
                engine="cycles", factory_startup=True, check_images=True, image_size=(64, 48))
        """,
    )
    words = [sys.executable, "-m", "outline", str(script), "1,3-4,9", "--backend", "local", "--max-retries", "0"]
    root = str(Path(__file__).resolve().parents[2])
    environ = {**os.environ, "PYTHONPATH": root, "OUTLINE_OUTLINE_SESSION_DIR": str(folder / "sessions")}
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return folder, done


def test_a_chunk_with_gaps_gives_exactly_its_pictures(
    rendered: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    pytest.importorskip("OpenImageIO")
    folder, done = rendered

    pictures = [read_picture(path) for path in sorted((folder / "new out").iterdir())]

    assert done.returncode == 0, done.stdout
    assert names_in(folder / "new out") == ["a_0001.png", "a_0003.png", "a_0004.png", "a_0009.png"]
    assert [picture.size for picture in pictures] == [(64, 48)] * 4
    assert min(picture.brightest for picture in pictures) > 80
    assert min(picture.shades for picture in pictures) > 50
    assert len(set(pictures)) == 4


def test_a_chunk_is_one_process(rendered: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    pytest.importorskip("OpenImageIO")
    folder, _ = rendered

    log = log_of(folder / "sessions", "0001-beauty")

    assert log.count("Read blend: ") == 1
    assert log.count("Saved: ") == 4


def test_the_memory_that_blender_tells_of_is_in_the_log(
    rendered: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    pytest.importorskip("OpenImageIO")
    folder, _ = rendered

    footer = log_of(folder / "sessions", "0001-beauty").splitlines()[-10:]

    (peak,) = [int(line.split()[1]) for line in footer if line.startswith("peak_kb")]
    assert 1000 < peak < 1_000_000


def test_negative_frames_are_rendered_as_such(blends: Path, here: Path) -> None:
    pytest.importorskip("OpenImageIO")

    render(blends / "workbench.blend", "-2--1")

    first, second = (read_picture(here / "out" / name) for name in ("a.-002.png", "a.-001.png"))
    assert names_in(here / "out") == ["a.-001.png", "a.-002.png"]
    assert first != second
    assert first.shades > 20


def test_a_single_picture_needs_no_number_and_frames_that_are_there_are_left_alone(blends: Path, here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "old.png").write_text("an old picture")

    render(blends / "workbench.blend", "3", outputs="out/still.png")
    render(blends / "workbench.blend", "3", outputs="out/old.png", skip_existing=True)

    assert names_in(here / "out") == ["old.png", "still.png"]
    assert (here / "out" / "old.png").read_text() == "an old picture"


def test_a_scene_that_was_copied_is_rendered_as_it_was_at_the_launch(blends: Path, here: Path) -> None:
    scene = here / "my.blend"
    scene.write_bytes((blends / "workbench.blend").read_bytes())
    layer = run_layer(_Replaced, "1", scene=str(scene), copy_scene=True, outputs="out/a.#.png", factory_startup=True)

    assert names_in(here / "out") == ["a.0001.png"]
    assert layer.get_arg("scene") != str(scene)


class _Replaced(Blender):
    """Loses its scene between the launch and the frame."""

    def _setup(self) -> None:
        Path("my.blend").write_text("this is no scene any more")


# -- wrong input ------------------------------------------------------------------------------------------------


def test_a_scene_that_is_missing_is_told(here: Path) -> None:
    with pytest.raises(LayerException, match=r"the scene does not exist: .*none\.blend"):
        render(Path("none.blend"), "1")


def test_a_scene_that_cannot_be_read_is_told_in_the_words_of_blender(here: Path) -> None:
    (here / "bad.blend").write_text("this is no scene")

    with pytest.raises(ShellCommandFailureException, match="Blender said: Error: File format is not supported"):
        render(here / "bad.blend", "1")

    assert names_in(here / "out") == []


@pytest.mark.parametrize(
    "frames", [pytest.param("1", id="by the command line"), pytest.param("-1", id="by the script")]
)
def test_a_scene_without_a_camera_is_told(blends: Path, here: Path, frames: str) -> None:
    with pytest.raises(ShellCommandFailureException, match="Error: Cannot render, no camera"):
        render(blends / "nocamera.blend", frames)

    assert names_in(here / "out") == []


def test_an_engine_that_is_not_there_is_told(blends: Path, here: Path) -> None:
    with pytest.raises(ShellCommandFailureException, match="Blender said: Error: engine not found 'NOPE'"):
        render(blends / "workbench.blend", "1", engine="NOPE")


def test_a_scene_of_the_file_that_is_not_there_is_told(blends: Path, here: Path) -> None:
    with pytest.raises(ShellCommandFailureException, match="Blender said: Can't find scene: 'nope'"):
        render(blends / "workbench.blend", "1", scene_name="nope")

    assert names_in(here / "out") == []


def test_a_scene_of_the_file_is_rendered_by_its_name(blends: Path, here: Path) -> None:
    render(blends / "workbench.blend", "1", scene_name="Scene")

    assert len(names_in(here / "out")) == 1


def test_a_folder_that_cannot_be_written_is_told(blends: Path, here: Path) -> None:
    (here / "out").write_text("a file")

    with pytest.raises(LayerException, match=r"cannot write outputs to the folder .*out: "):
        render(blends / "workbench.blend", "1")


def test_a_blender_that_is_not_installed_is_told(blends: Path, here: Path) -> None:
    with pytest.raises(ShellCommandFailureException, match=r"Blender was not found on host .*'blender-9\.9'") as caught:
        render(blends / "workbench.blend", "1", version="9.9")

    assert caught.value.exit_status == 127


def test_a_frame_that_is_killed_while_it_renders_leaves_nothing_that_looks_whole(
    blends: Path, here: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    program = [sys.executable, killer.__file__, str(here / "out"), "blender"]
    script = outline_file(
        here,
        f"""
        from outline.modules.blender import Blender
        Blender("beauty", scene={str(blends / "workbench.blend")!r}, outputs="out/a.####.png", chunk=3,
                factory_startup=True, executable={program!r})
        """,
    )

    result = run_pycuerun(script, "1-3", "--backend", "local", "--max-retries", "0")

    assert result.returncode == 1
    assert job_in(session_root).counts == {"DEAD": 1}
    assert "ended by signal 9 (SIGKILL)" in result.stdout
    assert [name for name in names_in(here / "out") if not name.startswith(".part-")] == []
