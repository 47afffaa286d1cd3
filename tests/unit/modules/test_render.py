# SPDX-License-Identifier: Apache-2.0
"""A layer that renders: its frames are done only when its pictures are there, whatever the program says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline.exception import LayerException, ShellCommandFailureException
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


@pytest.mark.parametrize("kind", [App, AppInPlace, AppOfOld, AppPerFrame])
def test_pictures_are_in_their_place(run: Run, here: Path, kind: type[RenderLayer]) -> None:
    run(kind)

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


def test_frames_without_pictures_fail_although_the_program_succeeds(run: Run, here: Path) -> None:
    with pytest.raises(LayerException, match=r"layer 'app': output 'main' is missing for frames 1-3: .*/a\.####\.exr"):
        run(behaviour="nothing")


def test_empty_pictures_fail_the_frames_and_are_not_shown(run: Run, here: Path) -> None:
    with pytest.raises(LayerException, match="is empty for frames 1-3"):
        run(behaviour="empty")

    assert names_in(here / "out") == []


def test_pictures_that_are_too_small_fail_the_frames(run: Run, here: Path) -> None:
    with pytest.raises(LayerException, match="is not larger than 20 bytes for frames 1-3"):
        run(min_bytes=20)


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


def test_optional_outputs_may_be_missing(run: Run, here: Path) -> None:
    run(outputs={"main": "out/a.####.exr", "depth": "out/z.####.exr"}, optional="depth")

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


def test_a_second_output_is_required(run: Run, here: Path) -> None:
    with pytest.raises(LayerException, match=r"output 'output2' is missing for frames 1-3: .*z\.####\.exr"):
        run(outputs=["out/a.####.exr", "out/z.####.exr"])


def test_other_layers_find_the_outputs(here: Path) -> None:
    layer = App("app", outputs={"beauty": "out/a.####.exr"})

    output = layer.get_output("beauty")

    assert isinstance(output, FileSpec)
    assert output.get_path() == str(here / "out/a.####.exr")


# -- what the program says --------------------------------------------------------------------------------------


def test_a_program_that_fails_is_told_with_its_own_words(run: Run) -> None:
    with pytest.raises(ShellCommandFailureException) as caught:
        run(behaviour="fail")

    assert caught.value.exit_status == 3
    assert str(caught.value).splitlines()[-1] == (
        "layer 'app': App failed with exit status 3; App said: Error: no camera"
    )


def test_a_crash_after_the_last_picture_fails_the_frames(run: Run) -> None:
    with pytest.raises(ShellCommandFailureException, match="failed with exit status 139"):
        run(behaviour="crash-at-exit")


def test_a_crash_after_the_last_picture_can_be_accepted(run: Run, here: Path) -> None:
    run(behaviour="crash-at-exit", success_when_outputs_complete=True)

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


def test_a_crash_is_not_accepted_when_pictures_are_missing(run: Run) -> None:
    with pytest.raises(ShellCommandFailureException, match="exit status 137; output 'main' is"):
        run(behaviour="die-in-last", success_when_outputs_complete=True, min_bytes=12)


def test_a_line_that_is_an_error_is_told_of_but_trusted_programs_decide(run: Run, here: Path) -> None:
    run(behaviour="tell-error")

    assert len(names_in(here / "out")) == 3


def test_a_line_that_is_an_error_fails_frames_of_programs_that_always_exit_with_0(run: Run) -> None:
    with pytest.raises(LayerException, match="App reported an error; App said: Error: texture.tif is missing"):
        run(AppWithoutExitCode, behaviour="tell-error")


def test_a_fatal_line_fails_frames_of_any_program_and_comes_first(run: Run, here: Path) -> None:
    with pytest.raises(LayerException) as caught:
        run(behaviour="run-out-of-memory")

    assert str(caught.value).splitlines() == [
        "    Error: texture.tif is missing",
        "layer 'app': App reported an error; App said: System is out of memory",
    ]
    assert names_in(here / "out") == []


def test_a_fatal_line_is_not_forgiven_when_all_pictures_are_there(run: Run) -> None:
    with pytest.raises(LayerException, match="App said: System is out of memory"):
        run(behaviour="run-out-of-memory", success_when_outputs_complete=True)


def test_a_harmless_line_fails_no_frame(run: Run, here: Path) -> None:
    run(AppWithoutExitCode, behaviour="tell-harmless-error")

    assert len(names_in(here / "out")) == 3


def test_pictures_of_a_chunk_appear_while_others_are_still_being_rendered(run: Run, here: Path) -> None:
    run(behaviour="wait-for-first")

    assert names_in(here / "out") == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


# -- killed -----------------------------------------------------------------------------------------------------


def test_a_killed_frame_leaves_no_picture_that_looks_whole(run: Run, here: Path) -> None:
    with pytest.raises(ShellCommandFailureException, match="signal 9"):
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
