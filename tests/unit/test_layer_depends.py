# SPDX-License-Identifier: Apache-2.0
"""Which layers wait for which."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from outline import (
    DependencyCycle,
    Layer,
    LayerException,
    LayerNotFound,
    LayerPostProcess,
    LayerPreProcess,
    Outline,
    load_outline,
)
from outline.depend import DependType
from outline.layer.base import Layer as AnyLayer
from outline.modules.shell import Shell


def _depends(layer: AnyLayer) -> list[tuple[str, str, bool]]:
    return [(str(d.get_depend_on_layer()), d.get_type(), d.is_any_frame()) for d in layer.get_depends()]


@pytest.fixture
def ol() -> Outline:
    """Make the current outline, with two layers to wait for."""
    outline = Outline("x", "1-4", current=True)
    Shell("a", ["true"])
    Shell("b", ["true"])
    return outline


@pytest.mark.parametrize(
    ("require", "expected"),
    [
        (["a"], [("a", "FRAME_BY_FRAME", False)]),
        ("a", [("a", "FRAME_BY_FRAME", False)]),
        (["a:all"], [("a", "LAYER_ON_LAYER", False)]),
        (["a:any"], [("a", "LAYER_ON_LAYER", True)]),
        (["a:prev"], [("a", "PREVIOUS_FRAME", False)]),
        (["a:sim"], [("a", "LAYER_ON_SIM_FRAME", False)]),
        (["a:LayerOnLayer"], [("a", "LAYER_ON_LAYER", False)]),
        (["a", "b:all"], [("a", "FRAME_BY_FRAME", False), ("b", "LAYER_ON_LAYER", False)]),
        (["a", "a:all", "a"], [("a", "FRAME_BY_FRAME", False), ("a", "LAYER_ON_LAYER", False)]),
        ([], []),
        (None, []),
    ],
)
def test_require_names_layers_and_types(ol: Outline, require: Any, expected: list[tuple[str, str, bool]]) -> None:
    layer = Shell("c", ["true"], require=require)

    ol.setup_depends()

    assert _depends(layer) == expected


def test_layers_and_layers_that_come_later_are_required_once(ol: Outline) -> None:
    layer = Shell("c", ["true"], require=[ol.get_layer("a"), "later:all"])
    layer.depend_on("later")
    Shell("later", ["true"])

    ol.setup_depends()
    ol.setup_depends()

    assert _depends(layer) == [
        ("later", "FRAME_BY_FRAME", False),
        ("a", "FRAME_BY_FRAME", False),
        ("later", "LAYER_ON_LAYER", False),
    ]


def test_fault_11_methods_add_every_type_beside_others_on_one_layer(ol: Outline) -> None:
    layer, a, b = Shell("c", ["true"]), ol.get_layer("a"), ol.get_layer("b")

    layer.depend_on(a)
    layer.depend_all("b")
    layer.depend_previous(a)
    layer.depend_previous(layer)
    layer.depend_on(b, DependType.LayerOnSimFrame)

    assert _depends(layer) == [
        ("a", "FRAME_BY_FRAME", False),
        ("b", "LAYER_ON_LAYER", False),
        ("a", "PREVIOUS_FRAME", False),
        ("c", "PREVIOUS_FRAME", False),
        ("b", "LAYER_ON_SIM_FRAME", False),
    ]


def test_fault_10_any_frame_is_honoured_however_it_is_asked_for(ol: Outline) -> None:
    a = ol.get_layer("a")
    layers = [Shell(name, ["true"]) for name in ("c", "d", "e")]

    layers[0].depend_all(a, any_frame=True)
    layers[1].depend_on(a, DependType.LayerOnAny)
    layers[2].depend_on(a, any_frame=True)

    assert [_depends(layer) for layer in layers] == [[("a", "LAYER_ON_LAYER", True)]] * 3


def test_fault_11_ring_is_an_error_that_names_its_layers(ol: Outline) -> None:
    Shell("c", ["true"], require=["e"])
    Shell("d", ["true"], require=["c:all"])
    Shell("e", ["true"], require=["d"])

    with pytest.raises(DependencyCycle, match=r"in a cycle: .*remove one") as caught:
        ol.setup_depends()

    assert sorted(caught.value.ring[1:]) == ["c", "d", "e"]
    assert caught.value.ring[0] == caught.value.ring[-1]


def test_wait_for_ones_own_frames_before_is_no_ring(ol: Outline) -> None:
    Shell("c", ["true"], require=["c:prev"])

    ol.setup_depends()

    assert _depends(ol.get_layer("c")) == [("c", "PREVIOUS_FRAME", False)]


def test_long_chain_is_no_ring(ol: Outline) -> None:
    last = "a"
    for number in range(1500):
        last = str(Shell(f"n{number}", ["true"], require=[last]))

    ol.setup_depends()

    assert len(ol.get_layers()) == 1502


@pytest.mark.parametrize(
    "make",
    [lambda: Shell("c", ["true"], require=["renderr"]), lambda: Shell("c", ["true"]).depend_on("renderr")],
    ids=["require", "depend_on"],
)
def test_fault_09_unknown_layer_is_an_error_with_line_and_suggestion(ol: Outline, make: Any) -> None:
    Shell("render", ["true"])
    make()

    with pytest.raises(LayerNotFound, match=r"layer 'c' \(test_layer_depends\.py:\d+\).*did you mean 'render'\?"):
        ol.setup()


@pytest.mark.parametrize("require", ["a:some", "a:", ":all", "a:all:all"])
def test_fault_37_unknown_type_in_require_is_an_error(ol: Outline, require: str) -> None:
    Shell("c", ["true"], require=[require])

    with pytest.raises(LayerException, match=r"layer 'c' \(test_layer_depends\.py:\d+\): require"):
        ol.setup_depends()


def test_unknown_type_in_depend_on_is_an_error(ol: Outline) -> None:
    with pytest.raises(LayerException, match="no dependency type 'SOMEHOW'"):
        Shell("c", ["true"]).depend_on(ol.get_layer("a"), "SOMEHOW")


def test_layer_of_another_outline_cannot_be_waited_for(ol: Outline) -> None:
    other = Outline("other")
    stranger = Shell("stranger", ["true"], register=False)
    other.add_layer(stranger)
    Shell("c", ["true"]).depend_on(stranger)

    with pytest.raises(LayerException, match=r"waits for 'stranger'.*not a layer of this outline"):
        ol.setup_depends()


def test_dependency_on_oneself_is_left_out(ol: Outline, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    layer = Shell("c", ["true"])

    layer.depend_on(layer)

    assert _depends(layer) == []
    assert "layer c: a dependency on itself is left out" in caplog.messages


def test_dependency_is_removed(ol: Outline) -> None:
    layer = Shell("c", ["true"])
    layer.depend_on(ol.get_layer("a"))
    (depend,) = layer.get_depends()

    layer.undepend(depend)
    layer.undepend(depend)

    assert layer.get_depends() == []


def test_dependents_are_found(ol: Outline) -> None:
    a = ol.get_layer("a")
    Shell("c", ["true"]).depend_on(a)
    Shell("d", ["true"]).depend_all(a)

    found = [str(depend.get_dependant_layer()) for depend in a.get_dependents()]

    assert found == ["c", "d"]
    assert Layer("alone", register=False).get_dependents() == []


# -- propagation and pre-processes ------------------------------------------------------------------------------


def test_propagated_dependency_is_passed_on(ol: Outline) -> None:
    a, b = ol.get_layer("a"), ol.get_layer("b")
    first, last = Shell("first", ["true"]), Shell("last", ["true"])
    first.depend_all(a, propigate=True)
    last.depend_on(b)

    last.depend_on(first)

    assert _depends(b) == [("a", "LAYER_ON_LAYER", False)]


def test_propagation_never_closes_a_ring(ol: Outline) -> None:
    a = ol.get_layer("a")
    first, last = Shell("first", ["true"]), Shell("last", ["true"])
    first.depend_all(a, propigate=True)
    last.depend_on(a)

    last.depend_on(first)
    ol.setup_depends()

    assert _depends(a) == []


def test_preprocess_of_a_layer_waits_for_the_preprocess_of_what_the_layer_waits_for(ol: Outline) -> None:
    a, layer = ol.get_layer("a"), Shell("c", ["true"])
    first, second = LayerPreProcess(a), LayerPreProcess(layer)

    layer.depend_on(a)

    assert _depends(second) == [("a_preprocess", "LAYER_ON_LAYER", False)]
    assert _depends(first) == []


def test_preprocess_waits_for_any_frame_too(ol: Outline) -> None:
    a, layer = ol.get_layer("a"), Shell("c", ["true"])
    preprocess = LayerPreProcess(layer)

    layer.depend_on(a, any_frame=True)

    assert _depends(preprocess) == [("a", "LAYER_ON_LAYER", True)]


def test_preprocess_and_postprocess_join_the_outline_of_their_creator() -> None:
    ol = Outline("x", "1-4")
    creator = Shell("a", ["true"])
    LayerPreProcess(creator)
    ol.add_layer(creator)
    ol.add_layer(LayerPostProcess(creator))

    ol.setup_depends()

    assert sorted(map(str, ol.get_layers())) == ["a", "a_postprocess", "a_preprocess"]


def test_dependencies_survive_the_session(ol: Outline) -> None:
    layer = Shell("c", ["true"], require=["a:any", "b:all", "b:prev"])
    layer.depend_all(ol.get_layer("a"), propigate=True)
    LayerPreProcess(layer)
    ol.setup()

    again = load_outline(str(ol.get_path())).get_layer("c")

    assert _depends(again) == _depends(layer)
    assert [d.is_propagated() for d in again.get_depends()] == [d.is_propagated() for d in layer.get_depends()]
    assert list(map(str, again.get_preprocess_layers())) == ["c_preprocess"]
