# SPDX-License-Identifier: Apache-2.0
"""The script that hython runs, in a Python with a module ``hou`` that stands for Houdini's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outline.exception import ShellCommandFailureException
from outline.modules.houdini import HoudiniRop

if TYPE_CHECKING:
    from tests.contract.conftest import Stage


def test_a_node_with_a_button_is_rendered_too(stage: Stage) -> None:
    scene = stage.scene("a.hip", f"button /stage/karma {stage.path('a.$F4.exr')}")

    stage.render(HoudiniRop, "1-5x2", scene=scene, rop="/stage/karma", outputs=stage.path("a.$F4.exr"))

    assert stage.pictures() == ["a.0001.exr", "a.0003.exr", "a.0005.exr"]


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        ("rop /out/b x", 4, "a.hip has no node /out/a"),
        ("broken /out/a x", 3, "/out/a, frames 1-3x1: no camera"),
        ("raising /out/a x", 3, "/out/a, frames 1-3x1: the license server does not answer"),
    ],
)
def test_what_goes_wrong_in_houdini_is_told(stage: Stage, line: str, status: int, reason: str) -> None:
    scene = stage.scene("a.hip", line)

    with pytest.raises(ShellCommandFailureException) as caught:
        stage.render(HoudiniRop, "1-3", scene=scene, rop="/out/a", outputs=stage.path("a.$F4.exr"))

    assert caught.value.exit_status == status
    assert reason in str(caught.value).splitlines()[-1]


def test_a_scene_that_houdini_cannot_load_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = stage.scene("a.hip", "rop /out/a x")
    layer = stage.layer(HoudiniRop, "1", scene=scene, rop="/out/a", outputs=stage.path("a.$F4.exr"))
    monkeypatch.setattr(layer, "check_before_commands", lambda frames: stage.shots.joinpath("a.hip").unlink())

    with pytest.raises(ShellCommandFailureException, match=r"cannot load .*a.hip: Unable to open file"):
        layer.execute(1)
