# SPDX-License-Identifier: Apache-2.0
"""Names of inputs, outputs and parts of items that there are not are told before anything runs."""

from __future__ import annotations

import pytest

from outline import Layer, Outline
from outline.exception import LayerException
from outline.layer.doubts import unknown_names
from outline.modules.shell import Shell

SHOTS = {"a": {"shot": "sh1", "first": 1}, "b": {"shot": "sh2", "first": 2}}


@pytest.fixture
def ol() -> Outline:
    return Outline("job", current=True)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("%{ITEM:shoot}", "names 'shoot' of the item 'a', which has shot, first"),
        ("%{INPUT:sene}", "names 'sene' of the inputs, which has scene, grade"),
        ("%{INPUTLIST:sene}", "names 'sene' of the inputs, which has scene, grade"),
        ("%{OUTPUT:mian}", "names 'mian' of the outputs, which has main"),
    ],
)
def test_a_name_that_there_is_not_is_told(ol: Outline, word: str, told: str) -> None:
    Shell("grade", ["touch", "%{OUTPUT}"], items=SHOTS, outputs="g/%{KEY}.txt")
    good = ["%{ITEM:shot}", "%{INPUT:scene}", "%{INPUT:grade}", "%{OUTPUT:main}", "%{OUTPUT}", "%{ITEM}"]
    args = {"inputs": {"scene": "a.pov"}, "require": ["grade"], "outputs": "o/%{KEY}.txt"}
    layer = Shell("read", ["echo", *good, word], items=SHOTS, **args)
    ol.check()

    assert list(unknown_names(layer)) == [f"its argument 'command' {told}"]


@pytest.mark.parametrize(
    ("word", "things"),
    [
        ("%{KEY}", "items"),
        ("%{ITEM}", "items"),
        ("%{ITEM:shot}", "items"),
        ("%{INPUT}", "inputs"),
        ("%{INPUTLIST:plate}", "inputs"),
        ("%{OUTPUT}", "outputs"),
    ],
)
def test_a_token_of_what_the_layer_has_none_of_is_told(ol: Outline, word: str, things: str) -> None:
    layer = Layer("read", note=[word])

    assert list(unknown_names(layer)) == [f"its argument 'note' has {word!r}, but the layer has no {things}"]


def test_an_output_that_a_layer_does_not_have_is_no_input(ol: Outline) -> None:
    grade = Shell("grade", ["touch", "%{OUTPUT}"], range="1", outputs={"beauty": "g.txt"})
    Shell("read", ["cat", "%{INPUT}"], range="1", inputs=grade.output("depth"))

    with pytest.raises(LayerException, match=r"input 'main' is the output 'depth' of 'grade', which has 'beauty'"):
        ol.check()
