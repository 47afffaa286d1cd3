# SPDX-License-Identifier: Apache-2.0
"""Classes that have arguments of the names that layers from data have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import FrameSet, Layer, Outline, load_outline
from outline.layer.inputs import read_inputs


class OwnItems(Layer):
    """Was written before layers had items, and means something else by both arguments."""

    def _execute(self, frames: Any) -> None:
        print(self.get_arg("items"), self.get_arg("inputs"))


class AsksAndUses(Layer):
    """Counts its items, and takes one."""

    def _execute(self, frames: Any) -> None:
        print(len(self.get_arg("items")), self.item(frames[0]), self.get_arg("inputs"), self.input_path(frames[0]))


@pytest.mark.parametrize(("cls", "frames", "inputs"), [(OwnItems, 1, 0), (AsksAndUses, 3, 1)])
def test_a_class_that_asks_for_items_and_inputs_by_itself_means_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cls: type[Layer], frames: int, inputs: int
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeds.txt").touch()
    ol = Outline("shot", current=False)
    layer = cls("a", items=["x", "y", "z"], inputs="seeds.txt")
    ol.add_layer(layer)

    ol.setup()

    assert len(FrameSet(layer.get_frame_range())) == frames
    assert len(read_inputs(layer)) == inputs
    restored = load_outline(ol.get_path()).get_layer("a")
    assert restored.get_arg("inputs") is not None
    assert (restored.get_arg("items") == ["x", "y", "z"]) is (cls is OwnItems)
