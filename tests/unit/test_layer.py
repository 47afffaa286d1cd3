# SPDX-License-Identifier: Apache-2.0
"""Layers: names, arguments, types, parents and children."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from outline import (
    Layer,
    LayerException,
    Outline,
    OutlineException,
    Shell,
)
from outline.constants import OUTLINE_MODE_SETUP, LayerType

# -- names and types -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a.b", "_x", "A_1"])
def test_name_is_accepted(name: str) -> None:
    assert Layer(name).get_name() == name


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a b", "' '"),
        ("x/y", "'/'"),
        ("a;touch /tmp/x", "';'"),
        ("-a", "'-'"),
        (".", "'.'"),
        ("é", "'é'"),
        ("a:all", "':'"),
        ("a\n", r"'\\n'"),
    ],
)
def test_fault_28_illegal_character_in_a_name_is_named_with_the_script_line(name: str, problem: str) -> None:
    with pytest.raises(LayerException, match=rf"test_layer\.py:\d+\) has the illegal character {problem}"):
        Layer(name)


def test_a_number_is_a_name_as_in_pyoutline() -> None:
    named: Any = 1001
    layer = Layer(named)

    layer.set_name(named + 1)

    assert (Layer(named).get_name(), layer.get_name()) == ("1001", "1002")


@pytest.mark.parametrize("name", ["", None, 3.5, True])
def test_layer_needs_a_name(name: Any) -> None:
    with pytest.raises(LayerException, match="needs a name"):
        Layer(name)


def test_layer_reads_as_its_name() -> None:
    layer = Layer("beauty")

    assert str(layer) == "beauty"
    assert repr(layer) == "<Layer 'beauty' of type Render>"


@pytest.mark.parametrize("given", ["Util", LayerType.UTIL])
def test_type_is_set_by_argument_or_method(given: Any) -> None:
    by_method = Layer("b")
    by_method.set_type(given)

    assert Layer("a", type=given).get_type() is LayerType.UTIL
    assert by_method.get_type() is LayerType.UTIL


def test_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LayerException, match=r"no type 'Fast'; there are Render, Util, Post"):
        Layer("a", type="Fast")


def test_constructor_that_calls_no_other_one_is_refused() -> None:
    class Mute(Layer):
        def __init__(self, name: str) -> None:
            self.name = name

    with pytest.raises(LayerException, match=r"Mute\.__init__ must call super\(\)\.__init__\(name, \*\*args\)"):
        Mute("a")


def test_outline_takes_layers_only() -> None:
    with pytest.raises(LayerException, match="add_layer takes a layer, not 'render'"):
        Outline("x").add_layer("render")  # type: ignore[arg-type]


def test_layer_is_renamed_in_its_outline() -> None:
    ol = Outline("x")
    layer = Layer("a")
    ol.add_layer(layer)

    layer.set_name("b")

    assert ol.get_layer("b") is layer
    assert not ol.is_layer("a")


def test_layer_is_not_renamed_onto_another_or_when_set_up() -> None:
    ol = Outline("x")
    first, second = Shell("a", ["true"]), Shell("b", ["true"])
    ol.add_layer(first)
    ol.add_layer(second)

    with pytest.raises(LayerException, match="has a layer of that name"):
        first.set_name("b")
    ol.setup()
    with pytest.raises(LayerException, match="cannot be renamed any more"):
        first.set_name("c")


def test_shallow_copy_is_a_layer_of_its_own() -> None:
    layer = Layer("a", memory="2g")

    other = copy.copy(layer)
    other.set_name("b")

    assert (layer.get_name(), other.get_name(), other.get_arg("memory")) == ("a", "b", "2g")


# -- environment, service, limits --------------------------------------------------------------------------------


def test_fault_32_environment_of_the_constructor_becomes_text() -> None:
    layer = Layer("a", env={"A": 1, "B": "x"})  # type: ignore[dict-item]

    layer.set_env("C", 2)  # type: ignore[arg-type]

    assert layer.get_envs() == {"A": "1", "B": "x", "C": "2"}
    assert layer.get_env("A") == "1"
    assert layer.get_env("Z", "none") == "none"


def test_fault_43_tables_are_copies() -> None:
    layer = Layer("a", env={"A": "1"})
    layer.depend_on(Layer("b"))

    layer.get_envs()["A"] = "2"
    layer.get_depends().clear()
    layer.get_children().append(layer)

    assert layer.get_env("A") == "1"
    assert len(layer.get_depends()) == 1
    assert layer.get_children() == []


def test_service_and_limits() -> None:
    layer = Layer("a", service="maya", limits=["maya"])

    layer.set_limits([*(layer.get_limits() or []), "nuke"])

    assert (layer.get_service(), layer.get_limits()) == ("maya", ["maya", "nuke"])
    assert Layer("b").get_service() == "shell"


# -- one outline at a time ------------------------------------------------------------------------------------


def test_fault_26_layer_belongs_to_one_outline_only() -> None:
    current, other = Outline("a", current=True), Outline("b")

    layer = Layer("x")
    other.add_layer(layer)

    assert (current.get_layers(), other.get_layers()) == ([], [layer])


def test_unregistered_layer_stays_out() -> None:
    ol = Outline("a", current=True)

    layer = Layer("x", register=False)
    ol.add_layer(layer)

    assert ol.get_layers() == []


def test_layer_cannot_be_removed_from_an_outline_that_is_set_up() -> None:
    ol = Outline("a")
    layer = Shell("x", ["true"])
    ol.add_layer(layer)
    ol.setup()

    with pytest.raises(OutlineException, match="cannot be removed"):
        ol.remove_layer(layer)
    with pytest.raises(OutlineException, match=f"cannot go back from mode 3 to mode {OUTLINE_MODE_SETUP}"):
        ol.set_mode(OUTLINE_MODE_SETUP)
