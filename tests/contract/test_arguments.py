# SPDX-License-Identifier: Apache-2.0
"""What modules by contract refuse before anything is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from outline.exception import LayerException
from outline.modules.aftereffects import AfterEffects
from outline.modules.arnold import Arnold
from outline.modules.gaffer import Gaffer
from outline.modules.houdini import HoudiniRop, Mantra
from outline.modules.katana import Katana
from outline.modules.max3ds import Max3dsScript
from outline.modules.maya import Maya
from outline.modules.redshift import Redshift
from outline.modules.render import RenderLayer
from outline.modules.renderman import RenderMan

if TYPE_CHECKING:
    from tests.contract.conftest import Stage


@pytest.mark.parametrize("make", [Mantra, Arnold, RenderMan, Redshift])
def test_programs_that_take_a_file_per_frame_need_one(stage: Stage, make: type[RenderLayer]) -> None:
    with pytest.raises(LayerException, match="is a single file; put #### into"):
        stage.layer(make, "1-2", scene=stage.scene("a.ass"))


@pytest.mark.parametrize(
    ("make", "args", "reason"),
    [
        (AfterEffects, {}, "needs one of the arguments 'comp' and 'queue_index'"),
        (AfterEffects, {"comp": "a", "queue_index": 1}, "needs one of the arguments"),
        (Maya, {"renderer": "renderman", "percent": 50}, "RenderMan in Maya has no option for percent"),
        (Katana, {"render_node": "a", "variables": ["x"]}, "variables must be a dict"),
        (Gaffer, {"context": ["x"]}, "context must be a dict"),
        (HoudiniRop, {}, "needs the argument 'rop'"),
        (Max3dsScript, {}, "needs the argument 'script'"),
        (Maya, {"render_type": 7}, "render_type must be 0, 1 or 2"),
    ],
)
def test_missing_and_wrong_arguments_are_told_at_launch(
    stage: Stage, make: type[RenderLayer], args: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LayerException, match=reason):
        stage.layer(make, "1-2", scene=stage.scene("a"), **args)
