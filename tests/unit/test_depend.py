# SPDX-License-Identifier: Apache-2.0
"""Dependency types and the short form of dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from outline.depend import Depend, DependType, parse_depend_type, parse_require_str
from outline.exception import LayerException


class FakeLayer:
    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


COMP: Any = FakeLayer("comp")  # Any: stands for a Layer
RENDER: Any = FakeLayer("render")


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("render", "render", "FRAME_BY_FRAME"),
        ("render:all", "render", "LAYER_ON_LAYER"),
        ("render:any", "render", "LAYER_ON_ANY"),
        ("render:sim", "render", "LAYER_ON_SIM_FRAME"),
        ("render:prev", "render", "PREVIOUS_FRAME"),
        ("render:LayerOnLayer", "render", "LAYER_ON_LAYER"),
        ("render:LAYER_ON_LAYER", "render", "LAYER_ON_LAYER"),
        (" render : all ", "render", "LAYER_ON_LAYER"),
        (RENDER, "render", "FRAME_BY_FRAME"),
    ],
    ids=str,
)
def test_a_requirement_is_a_name_and_a_type(text: object, name: str, kind: str):
    assert parse_require_str(text) == (name, kind)


def test_an_unknown_type_names_it_the_known_ones_and_the_closest():  # fault 37
    with pytest.raises(LayerException) as caught:
        parse_require_str("render:al")

    message = str(caught.value)
    assert message.startswith("require 'render:al': no dependency type 'al'; did you mean 'all'?; there are ")
    assert "FrameByFrame" in message
    assert "prev" in message


@pytest.mark.parametrize("text", [":all", "", "a:b:all", "  ", {"b": "all"}], ids=str)
def test_a_requirement_of_another_form_is_refused(text: object):
    with pytest.raises(LayerException, match="must be the name of a layer"):
        parse_require_str(text)


@pytest.mark.parametrize("text", ["render:", "render:__doc__", "render:foo"])
def test_what_merely_is_an_attribute_of_the_class_is_no_type(text: str):
    with pytest.raises(LayerException, match="no dependency type"):
        parse_require_str(text)


def test_the_types_are_plain_text():
    assert DependType.all == DependType.LayerOnLayer == "LAYER_ON_LAYER"
    assert type(DependType.FrameByFrame) is str


def test_a_dependency_tells_what_it_was_made_of():
    depend = Depend(COMP, RENDER, DependType.LayerOnLayer, propigate=True, any_frame=True)

    assert depend.get_dependant_layer() is COMP
    assert depend.get_depend_on_layer() is RENDER
    assert depend.get_type() == "LAYER_ON_LAYER"
    assert depend.is_propagated() is True
    assert depend.is_any_frame() is True
    assert repr(depend) == "<Depend comp on render, LAYER_ON_LAYER>"


def test_a_dependency_is_frame_by_frame_unless_told_otherwise():
    depend = Depend(COMP, RENDER)

    assert depend.get_type() == "FRAME_BY_FRAME"
    assert depend.is_propagated() is False
    assert depend.is_any_frame() is False


def test_a_short_type_is_the_type():
    assert Depend(COMP, RENDER, "prev").get_type() == parse_depend_type("prev") == "PREVIOUS_FRAME"


def test_a_dependency_of_unknown_type_cannot_be_made():
    with pytest.raises(LayerException, match="no dependency type 'SOMETIMES'"):
        Depend(COMP, RENDER, "SOMETIMES")
