# SPDX-License-Identifier: Apache-2.0
"""A layer that renders: its frames are done only when its pictures are there, whatever the program says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline.exception import LayerException
from outline.exception import ShellCommandFailureException as CommandFailure
from outline.io import FileSpec
from outline.modules.arnold import Arnold
from outline.modules.cinema4d import Cinema4D
from outline.modules.houdini import Husk
from outline.modules.maya import Maya
from outline.modules.redshift import Redshift
from outline.modules.render import RenderLayer
from outline.modules.tachyon import Tachyon
from tests.fakes.render_layers import App, AppInPlace, AppOfOld, AppPerFrame, AppWithoutExitCode, Run, calls
from tests.support import names_in

# -- outputs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        *(pytest.param(kind, {}, id=kind.__name__) for kind in (App, AppInPlace, AppOfOld, AppPerFrame)),
        pytest.param(
            App, {"outputs": {"main": "out/a.####.exr", "z": "out/z.####.exr"}, "optional": "z"}, id="optional"
        ),
        pytest.param(
            App,
            {"behaviour": "crash-at-exit", "success_when_outputs_complete": True},
            id="a crash after the last picture",
        ),
        pytest.param(App, {"behaviour": "wait-for-first"}, id="each appears while others are rendered"),
        pytest.param(App, {"behaviour": "tell-error"}, id="an error of a program that is trusted"),
        pytest.param(AppWithoutExitCode, {"behaviour": "tell-harmless-error"}, id="a harmless line"),
    ],
)
def test_pictures_are_in_their_place(run: Run, here: Path, kind: type[RenderLayer], args: dict[str, Any]) -> None:
    run(kind, **args)

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


@pytest.mark.parametrize(
    ("kind", "args", "error", "message"),
    [
        pytest.param(
            App,
            {"behaviour": "nothing"},
            LayerException,
            r"layer 'app': output 'main' is missing for frames 1-3: .*/a\.####\.exr",
            id="no pictures, although the program succeeds",
        ),
        pytest.param(
            App, {"min_bytes": 20}, LayerException, "is not larger than 20 bytes for frames 1-3", id="too small"
        ),
        pytest.param(
            App,
            {"outputs": ["out/a.####.exr", "out/z.####.exr"]},
            LayerException,
            r"output 'output2' is missing for frames 1-3: .*z\.####\.exr",
            id="a second output",
        ),
        pytest.param(
            App, {"behaviour": "crash-at-exit"}, CommandFailure, "failed with exit status 139", id="a crash at the end"
        ),
        pytest.param(
            App,
            {"behaviour": "die-in-last", "success_when_outputs_complete": True, "min_bytes": 12},
            CommandFailure,
            "exit status 137; output 'main' is",
            id="a crash before the last picture",
        ),
        pytest.param(
            AppWithoutExitCode,
            {"behaviour": "tell-error"},
            LayerException,
            "App reported an error; App said: Error: texture.tif is missing",
            id="an error of a program that always exits with 0",
        ),
        pytest.param(
            App,
            {"behaviour": "run-out-of-memory", "success_when_outputs_complete": True},
            LayerException,
            "App said: System is out of memory",
            id="a fatal line, although all pictures are there",
        ),
    ],
)
def test_frames_fail_that_are_not_as_they_shall_be(
    run: Run, kind: type[RenderLayer], args: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(kind, **args)


def test_empty_pictures_fail_the_frames_and_are_not_shown(run: Run, here: Path) -> None:
    with pytest.raises(LayerException, match="is empty for frames 1-3"):
        run(behaviour="empty")

    assert names_in(here / "out") == []


def test_a_picture_of_an_earlier_run_does_not_count(run: Run, here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "a.0003.exr").write_text("an old picture")

    with pytest.raises(LayerException, match="is older than this attempt for frames 3"):
        run(AppInPlace, behaviour="skip-last")


def test_a_picture_of_an_earlier_run_stays_when_the_new_one_fails(run: Run, here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "a.0003.exr").write_text("an old picture")

    with pytest.raises(LayerException, match="is missing for frames 3"):
        run(behaviour="skip-last")

    assert (here / "out" / "a.0003.exr").read_text() == "an old picture"


@pytest.mark.parametrize("switch", [{"check_outputs": False}, {"nocheck": True}])
def test_checks_can_be_left_out(run: Run, here: Path, switch: dict[str, bool]) -> None:
    run(behaviour="skip-last", **switch)

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr"]


def test_other_layers_find_the_outputs(here: Path) -> None:
    layer = App("app", outputs={"beauty": "out/a.####.exr"})

    output = layer.get_output("beauty")

    assert isinstance(output, FileSpec)
    assert output.get_path() == str(here / "out/a.####.exr")


# -- what the program says --------------------------------------------------------------------------------------


def test_a_program_that_fails_is_told_with_its_own_words(run: Run) -> None:
    with pytest.raises(CommandFailure) as caught:
        run(behaviour="fail")

    assert caught.value.exit_status == 3
    assert str(caught.value).splitlines()[-1] == (
        "layer 'app': App failed with exit status 3; App said: Error: no camera"
    )


def test_a_fatal_line_fails_frames_of_any_program_and_comes_first(run: Run, here: Path) -> None:
    with pytest.raises(LayerException) as caught:
        run(behaviour="run-out-of-memory")

    assert str(caught.value).splitlines() == [
        "    Error: texture.tif is missing",
        "layer 'app': App reported an error; App said: System is out of memory",
    ]
    assert names_in(here / "out") == []


# -- killed -----------------------------------------------------------------------------------------------------


def test_a_killed_frame_leaves_no_picture_that_looks_whole(run: Run, here: Path) -> None:
    with pytest.raises(CommandFailure, match="signal 9"):
        run(behaviour="die-in-last")

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr"]


def test_what_a_killed_attempt_has_left_is_removed_by_the_next(run: Run, here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / ".part-1234-a.0002.exr").write_text("half a pict")

    run()

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


# -- frames that are there --------------------------------------------------------------------------------------


def test_frames_that_are_there_are_not_rendered_again(run: Run, here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "a.0002.exr").write_text("an old picture")
    (here / "out" / "a.0003.exr").write_text("")

    run(skip_existing=True)

    assert calls(here) == ["1 3"]
    assert (here / "out" / "a.0002.exr").read_text() == "an old picture"


def test_nothing_is_run_when_all_frames_are_there(run: Run, here: Path) -> None:
    run()
    run(skip_existing=True)

    assert calls(here) == ["1 2 3"]


def test_all_frames_are_rendered_again_unless_asked_otherwise(run: Run, here: Path) -> None:
    run()
    run()

    assert calls(here) == ["1 2 3", "1 2 3"]


@pytest.mark.parametrize("given", ["width", "height"])
@pytest.mark.parametrize(
    ("cls", "more"),
    [(Arnold, {}), (Cinema4D, {}), (Husk, {}), (Redshift, {}), (Tachyon, {}), (Maya, {"renderer": "renderman"})],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_size_of_one_side_is_refused_where_the_program_takes_both(
    cls: type[RenderLayer], more: dict[str, Any], given: str
):
    layer = cls("beauty", scene="shot", outputs="out/a.####.tga", **{given: 640}, **more)

    with pytest.raises(LayerException, match=f"takes no {given} alone; give (height|width), too"):
        layer.check_required_args()
