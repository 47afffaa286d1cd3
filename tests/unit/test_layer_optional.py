# SPDX-License-Identifier: Apache-2.0
"""What the argument ``optional`` names."""

from __future__ import annotations

from typing import Any

import pytest

from outline import Outline
from outline.exception import LayerException
from outline.layer.inputs import read_inputs
from outline.layer.optional import split_optional
from outline.layer.outputs import declared_outputs, make_absolute
from outline.modules.shell import Shell

OUTPUTS = {"main": "out/a.####.exr", "depth": "$OUT/z.####.exr"}
INPUTS = {"main": "in/a.####.exr", "mask": "$IN/m.####.exr"}


@pytest.fixture
def ol(monkeypatch: pytest.MonkeyPatch) -> Outline:
    monkeypatch.setenv("OUT", "/o")
    monkeypatch.setenv("IN", "/i")
    return Outline("data", current=True)


@pytest.mark.parametrize(
    ("optional", "outputs", "inputs"),
    [
        (None, [], []),
        ("depth", ["depth"], []),
        ("mask", [], ["mask"]),
        ("main", ["main"], []),
        ("in/a.####.exr", [], ["main"]),
        (["/o/z.####.exr", "/i/m.####.exr"], ["depth"], ["mask"]),
        (("depth", "$IN/m.####.exr", "in/a.####.exr"), ["depth"], ["main", "mask"]),
    ],
)
def test_optional_names_outputs_and_inputs(ol: Outline, optional: Any, outputs: list[str], inputs: list[str]):
    layer = Shell("comp", ["x"], outputs=OUTPUTS, inputs=INPUTS, optional=optional)

    for _ in range(2):
        assert [one.name for one in declared_outputs(layer) if one.optional] == outputs
        assert [one.name for one in read_inputs(layer) if one.optional] == inputs
        make_absolute(layer)


def test_a_layer_and_an_output_of_a_layer_may_be_optional(ol: Outline):
    mask = Shell("mask", ["x"], outputs={"main": "mask/####.exr", "depth": "z/####.exr", "all": "mask.####/"})
    inputs = {"mask": mask, "depth": mask.output("depth"), "part": mask.output("all", "1"), "matte": "mask/####.exr"}
    layer = Shell("comp", ["x"], inputs=inputs, optional=[mask, "mask/####.exr"])
    other = Shell(
        "other", ["x"], inputs=["mask.%04d/1", "plate.####.exr"], optional="mask.%04d/1", outputs="o.####.exr"
    )

    ol.setup_depends()
    make_absolute(other)

    assert [one.name for one in read_inputs(layer) if one.optional] == ["mask", "matte"]
    assert [(one.maker, one.inside, one.optional) for one in read_inputs(other)] == [
        (mask, "1", True),
        (None, "", False),
    ]
    assert [one.optional for one in declared_outputs(other)] == [False]


def test_a_name_that_nothing_has_is_refused(ol: Outline):
    Shell("comp", ["x"], outputs=OUTPUTS, inputs=INPUTS, optional="msk")
    known = r"the outputs are \['depth', 'main'\] and the inputs are \['main', 'mask'\]"

    with pytest.raises(LayerException, match=rf"layer 'comp'.*: optional names \['msk'\], but {known}"):
        ol.setup_depends()


@pytest.mark.parametrize("optional", [5, True, [None], {"a": 1}])
def test_what_can_name_nothing_is_refused(optional: Any):
    with pytest.raises(LayerException, match="optional names"):
        split_optional(optional, {"main": "a"}, "b")
