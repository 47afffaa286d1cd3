# SPDX-License-Identifier: Apache-2.0
"""A layer that renders, at the launch and on the host: scenes, programs, paths, threads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import outline
from outline import FrameSet, load_outline
from outline.exception import LayerException, OutlineException, SessionException, ShellCommandFailureException
from outline.io.output import Targets
from outline.modules.render import RenderLayer
from tests.fakes import renderer
from tests.fakes.render_layers import PROGRAM, SCRIPT, App, Run, calls, launch
from tests.support import names_in


def configure(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Use a configuration file."""
    path = folder / "outline.cfg"
    path.write_text(text)
    monkeypatch.setenv("OUTLINE_CONFIG_FILE", str(path))
    outline.config.reload()


# -- the launch -------------------------------------------------------------------------------------------------


def test_a_layer_without_outputs_is_refused_at_the_launch() -> None:
    with pytest.raises(LayerException, match=r"layer 'app'.* needs the argument 'outputs'"):
        launch(outputs=None)


def test_one_file_for_many_frames_is_refused_at_the_launch() -> None:
    with pytest.raises(LayerException, match=r"its output 'a\.exr' is a single file; put #### into its path"):
        launch(outputs="a.exr")


def test_pictures_cannot_be_checked_without_openimageio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)

    with pytest.raises(OutlineException, match=r"check_images needs OpenImageIO.*pip install outline-farm\[images\]"):
        launch(check_images=True)


def test_paths_are_absolute_from_the_launch_on(here: Path) -> None:
    layer = launch(scene="a.blend", outputs=["out/a.#.exr", r"P:\out\b.#.exr"], optional=r"P:\out\b.#.exr")

    assert layer.get_arg("scene") == str(here / "a.blend")
    assert layer.get_arg("outputs") == {"main": str(here / "out/a.#.exr"), "output2": r"P:\out\b.#.exr"}
    assert layer.get_arg("optional") == ["output2"]


def test_the_scene_can_be_copied_into_the_session(here: Path) -> None:
    (here / "a.blend").write_text("scene")
    layer = launch(scene="a.blend", copy_scene=True)
    (here / "a.blend").write_text("changed")

    assert layer.get_scene() == layer.get_file("a.blend")
    assert Path(layer.get_scene()).read_text() == "scene"


def test_a_number_in_the_name_of_a_scene_is_no_place_for_the_frame() -> None:
    layer = App("app", scene="shot.0012.blend", outputs="a.#.png")

    assert layer.get_scene(3) == "shot.0012.blend"


def test_scenes_of_frames_are_copied_each(here: Path) -> None:
    for frame in (1, 2, 3):
        (here / f"a.{frame:04d}.ass").write_text(f"scene {frame}")

    layer = launch(scene="a.####.ass", copy_scene=True)

    assert layer.get_scene() == f"{layer.get_path()}/a.####.ass"
    assert Path(layer.get_scene(2)).read_text() == "scene 2"


def test_home_and_variables_in_paths_are_those_of_the_host_that_renders(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/launching/home")
    layer = launch(scene="~/a.blend", outputs="$SHOT/out/a.$F4.exr")
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("SHOT", str(here / "shot"))
    (here / "a.blend").write_text("scene")

    layer.execute(1)

    assert layer.get_scene() == str(here / "a.blend")
    assert names_in(here / "shot" / "out") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


def test_a_variable_in_an_output_that_is_not_set_fails_before_anything_is_made(run: Run, here: Path) -> None:
    with pytest.raises(LayerException, match=r"\$NOSUCH in the path of output 'main' is not set on this host"):
        run(outputs="${NOSUCH}/a.####.exr")

    assert not list(here.glob("*NOSUCH*"))


def test_the_commands_depend_on_nothing_but_frames_and_targets() -> None:
    layer = launch()
    targets = Targets(layer.get_render_outputs(), 7)

    first = layer.list_commands(FrameSet("1-3"), targets)

    assert layer.list_commands(FrameSet("1-3"), targets) == first
    assert "/out/.part-7-a.%04d.exr" in first[0].argv[3]
    assert "/out/a.%04d.exr" in layer.list_commands(FrameSet("1-3"))[0].argv[3]


def test_a_scene_that_cannot_be_copied_stops_the_launch(here: Path) -> None:
    with pytest.raises(SessionException, match=r"cannot copy .*none\.blend"):
        launch(scene="none.blend", copy_scene=True)


def test_a_layer_runs_as_it_was_saved(here: Path) -> None:
    layer = launch(executable=None, extra_args=["7"])
    saved = layer.get_session().get_path() + "/outline.yaml"
    loaded = load_outline(saved).get_layer("app")
    loaded.set_arg("executable", PROGRAM)

    loaded.execute(1)

    assert calls(here) == ["1 2 3 7"]


# -- the host ---------------------------------------------------------------------------------------------------


def test_a_scene_that_is_missing_is_told_before_anything_runs(run: Run, here: Path) -> None:
    with pytest.raises(LayerException, match=r"the scene does not exist: .*none\.blend"):
        run(scene="none.blend")

    assert not (here / renderer.CALLS).exists()


def test_scenes_of_frames_are_told_with_their_frames(run: Run, here: Path) -> None:
    (here / "a.0002.ass").write_text("")

    with pytest.raises(LayerException, match=r"the scene does not exist for frames 1,3: .*a\.####\.ass"):
        run(scene="a.####.ass")


def test_a_program_that_is_missing_fails_with_127(run: Run) -> None:
    with pytest.raises(ShellCommandFailureException, match="there is no 'no-such-app'") as caught:
        run(executable="no-such-app")

    assert caught.value.exit_status == 127


def test_a_folder_that_cannot_be_written_fails_before_anything_runs(run: Run, here: Path) -> None:
    (here / "out").write_text("a file")

    with pytest.raises(LayerException, match="cannot write outputs to the folder"):
        run()

    assert not (here / renderer.CALLS).exists()


def test_the_configuration_of_the_host_says_where_the_program_is(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = here / "my app"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SCRIPT}" "$@"\n')
    program.chmod(0o755)
    configure(monkeypatch, here, "[App]\nexecutable = /wrong\n")
    layer = launch(executable=None)
    configure(monkeypatch, here, f"[App]\nexecutable = {program}\n")

    layer.execute(1)

    assert calls(here) == ["1 2 3"]


def test_the_configuration_at_the_launch_counts_where_the_host_has_none(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, here, "[App]\nexecutable.2.5 = /opt/app-2.5\n")
    layer = launch(executable=None, version="2.5")
    configure(monkeypatch, here, "")

    with pytest.raises(ShellCommandFailureException, match=r"no file /opt/app-2\.5 \(the configuration at launch: "):
        layer.execute(1)


def test_paths_of_other_systems_are_mapped_where_the_frame_runs(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "shots").mkdir()
    (here / "shots" / "a.blend").write_text("scene")
    layer = launch(
        scene=r"P:\a.blend", outputs=r"P:\new\a.####.exr", extra_args=[], env={"TEXTURES": r"p:\tex;P:\more"}
    )
    configure(monkeypatch, here, f"[DEFAULT]\nof_all = 1\n[path_mapping]\nshots = P: -> {here}/shots\n")

    layer.execute(1)

    assert names_in(here / "shots" / "new") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]
    assert json.loads((here / renderer.ENVIRON).read_text())["TEXTURES"] == f"{here}/shots/tex:{here}/shots/more"
    assert layer.get_scene() == f"{here}/shots/a.blend"


@pytest.mark.parametrize(
    ("given", "cores", "threads"), [("4", 1, 4), ("", 2.5, 2), ("", 0.5, 1), ("", None, 1), ("", 0, 1)]
)
def test_threads_are_those_of_the_host_or_the_cores_of_the_layer(
    monkeypatch: pytest.MonkeyPatch, given: str, cores: float | None, threads: int
) -> None:
    monkeypatch.setenv("CUE_THREADS", given)

    assert App("app", cores=cores, outputs="a.#.exr").get_threads() == threads


@pytest.mark.parametrize(("given", "memory", "expected"), [("2097152", "1g", 2048), ("0", "1g", 1024), ("", None, 0)])
def test_memory_is_what_the_host_has_reserved_or_the_layer_has_asked_for(
    monkeypatch: pytest.MonkeyPatch, given: str, memory: str | None, expected: int
) -> None:
    monkeypatch.setenv("CUE_MEMORY", given)

    assert App("app", memory=memory, outputs="a.#.exr").get_memory_mb() == expected


def test_the_old_spelling_of_cores_counts_too() -> None:
    assert App("app", threads=3, outputs="a.#.exr").get_threads() == 3


def test_extra_words_may_be_one_word_or_many() -> None:
    assert App("app", outputs="a.#.exr", extra_args="--fast").get_extra_args() == ["--fast"]
    assert App("app", outputs="a.#.exr", extra_args=["-x", 5]).get_extra_args() == ["-x", "5"]


def test_an_unknown_output_is_told_with_those_that_are_known() -> None:
    with pytest.raises(LayerException, match=r"layer 'app' has no output 'depth'; it has \['main'\]"):
        App("app", outputs="a.#.exr").get_target("depth")


def test_main_is_the_first_output_whatever_its_name() -> None:
    layer = App("app", outputs={"beauty": "a.#.exr", "depth": "z.#.exr"})

    assert layer.get_target().name == "beauty"


def test_a_module_must_say_what_it_runs() -> None:
    with pytest.raises(NotImplementedError, match="RenderLayer does not say which commands it runs"):
        RenderLayer("app", outputs="a.#.exr").list_commands(FrameSet("1"))
