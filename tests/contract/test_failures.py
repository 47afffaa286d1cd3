# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in applications by contract fails the frame, with a message that names the cause."""

from __future__ import annotations

import re

import pytest

from outline.exception import LayerException, OutlineException, ShellCommandFailureException
from outline.modules.aftereffects import AfterEffects
from outline.modules.arnold import Arnold
from outline.modules.gaffer import Gaffer
from outline.modules.houdini import HoudiniRop, Husk, Mantra
from outline.modules.max3ds import Max3ds, Max3dsScript
from outline.modules.maya import Maya
from outline.modules.nuke import Nuke
from outline.modules.render import RenderLayer
from tests.contract.conftest import CAST, Stage

ALL = [make for make in CAST if make is not HoudiniRop]
# Those that are told a name to write to.
BESIDE = [AfterEffects, Arnold, Husk, Mantra, Max3ds]


def last_line(error: BaseException) -> str:
    """Return the line that the status and the summary show."""
    return str(error).splitlines()[-1]


@pytest.mark.parametrize("make", ALL)
def test_status_0_without_pictures_is_a_failure(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "1-3", writes=False)

    with pytest.raises(LayerException) as caught:
        stage.render(make, "1-3", **args)

    assert "output 'main' is missing for frames 1" in last_line(caught.value)


@pytest.mark.parametrize("make", ALL)
def test_a_missing_picture_is_named_by_its_frame(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "8-9", writes="late")

    with pytest.raises(LayerException) as caught:
        stage.render(make, "8-9", **args)

    assert re.search("is missing for frames [89]:", last_line(caught.value))


@pytest.mark.parametrize("make", ALL)
def test_a_program_that_is_not_there_is_named(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "1")
    for path in stage.bin.iterdir():
        path.unlink()

    with pytest.raises(ShellCommandFailureException, match="was not found on host") as caught:
        stage.render(make, "1", **args)

    assert caught.value.exit_status == 127


@pytest.mark.parametrize("make", [*ALL, HoudiniRop])
def test_a_scene_that_is_not_there_is_named(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "1")
    args["scene"] = stage.path("nosuch.####.scene" if "####" in args["scene"] else "nosuch.scene")

    with pytest.raises(LayerException, match=r"the scene does not exist.*nosuch"):
        stage.render(make, "1", **args)

    assert stage.calls() == []


@pytest.mark.parametrize("make", [*ALL, HoudiniRop])
def test_a_folder_that_cannot_be_made_is_named(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "1")
    args["outputs"] = stage.path("a.scene/pictures/a.####.exr")
    stage.scene("a.scene")

    with pytest.raises(LayerException, match=r"cannot write outputs to the folder .*pictures"):
        stage.render(make, "1", **args)


@pytest.mark.parametrize("make", BESIDE)
def test_a_failed_program_leaves_no_picture_that_looks_whole(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "1", exit=9)

    with pytest.raises(ShellCommandFailureException, match="failed with exit status 9") as caught:
        stage.render(make, "1", **args)

    assert caught.value.exit_status == 9
    assert stage.pictures() == []


@pytest.mark.parametrize("make", BESIDE)
def test_a_program_that_is_killed_leaves_no_picture_that_looks_whole(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "1", exit=-9)

    with pytest.raises(ShellCommandFailureException, match=r"ended by signal 9 \(SIGKILL\)") as caught:
        stage.render(make, "1", **args)

    assert caught.value.exit_status == 137
    assert "failed with exit status 137" in last_line(caught.value)
    assert stage.pictures() == []


@pytest.mark.parametrize("make", ALL)
def test_a_crash_after_the_last_picture_can_be_accepted(stage: Stage, make: type[RenderLayer]) -> None:
    args = stage.cast(make, "1-2", exit=139)

    stage.render(make, "1-2", success_when_outputs_complete=True, **args)

    assert {"a.0001.exr", "a.0002.exr"} <= set(stage.pictures())


# -- what statuses mean --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "status", "says", "reason"),
    [
        (
            Nuke,
            100,
            "Invalid nuke_r license key.\n",
            "Nuke failed with exit status 100 (no licence was available); output 'main' is missing",
        ),
        (
            Nuke,
            1,
            "[18:41.54] ERROR: Read1: No such file or directory\nTotal render time: 0.1 seconds\n",
            "Nuke said: [18:41.54] ERROR: Read1: No such file or directory",
        ),
        (
            Maya,
            210,
            "Error: makeCameraRenderable.mel line 34: Camera [None] does not exist.\n// Maya exited with status 210\n",
            "Maya said: Error: makeCameraRenderable.mel line 34: Camera [None] does not exist.",
        ),
        (
            Maya,
            1,
            "RuntimeError: Error encountered when initializing Maya\n",
            "Maya said: RuntimeError: Error encountered when initializing Maya",
        ),
        (
            Max3dsScript,
            248,
            "",
            "3dsMaxBatch failed with exit status 248 (licence error)",
        ),
        (
            Gaffer,
            1,
            'ERROR : gaffer execute : Node "Render" does not exist\n',
            'Gaffer said: ERROR : gaffer execute : Node "Render" does not exist',
        ),
    ],
)
def test_a_status_is_told_with_its_meaning(
    stage: Stage, make: type[RenderLayer], status: int, says: str, reason: str
) -> None:
    args = stage.cast(make, "1", exit=status, says=says, writes=False)

    with pytest.raises(ShellCommandFailureException) as caught:
        stage.render(make, "1", **args)

    assert reason in last_line(caught.value)
    assert caught.value.exit_status == status


@pytest.mark.parametrize(("status", "code"), [(248, -8), (250, -6), (255, -1), (0xFFFFFFF8, -8), (0xFFFFFFF7, -9)])
def test_3ds_max_batch_has_negative_codes(status: int, code: int) -> None:
    reasons = {
        -8: "licence error",
        -6: "out of memory",
        -1: "an unhandled exception",
        -9: "3ds Max could not be started",
    }

    assert Max3dsScript.exit_reasons[status] == reasons[code]


# -- lines that fail a frame although all pictures are there and the status is 0 -------------------------------------


@pytest.mark.parametrize("make", BESIDE)
def test_a_picture_with_an_error_is_not_published(stage: Stage, make: type[RenderLayer]) -> None:
    lines = {
        AfterEffects: "aerender Error: x",
        Arnold: "rendering with watermarks because of failed authorization: x",
        Max3ds: "Error occured while rendering job.",
    }
    args = stage.cast(make, "5", says=lines.get(make, "Failed to create file"))

    with pytest.raises(OutlineException):
        stage.render(make, "5", **args)

    assert stage.pictures() == []


def test_nuke_that_was_told_to_go_on_after_errors_is_judged_by_its_pictures(stage: Stage) -> None:
    args = stage.cast(Nuke, "5", says="[18:41.54] ERROR: it went on all the same\n")

    stage.render(Nuke, "5", keep_going=True, **args)

    assert stage.pictures() == ["a.0005.exr"]
