# SPDX-License-Identifier: Apache-2.0
"""Layers: names, arguments, types, parents and children."""

from __future__ import annotations

import copy
import re
import types
from pathlib import Path
from typing import Any, ClassVar

import pytest

from outline import (
    Layer,
    LayerException,
    Outline,
    OutlineException,
    Shell,
)
from outline.constants import OUTLINE_MODE_SETUP, LayerType
from outline.frames import FrameSet
from outline.layer import LayerArgs
from outline.plugins import PluginManager


class Own(Layer):
    """Takes arguments of its own."""

    def _execute(self, frames: FrameSet) -> None:
        self.get_arg("frame_size")


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


@pytest.mark.parametrize("name", ["", None, 3])
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


# -- arguments -------------------------------------------------------------------------------------------------


def test_arguments_are_read_set_and_copied() -> None:
    first = Layer("a", memory="4g")
    second = Layer("b")

    second.copy_args_from(first, "memory")
    first.get_args()["memory"] = "changed"

    assert second.get_arg("memory") == "4g"
    assert first.get_arg("memory") == "4g"
    assert first.get_arg("none", 3) == 3
    assert second.is_arg_set("range")
    assert not second.is_arg_set("cores")


class Declares(Layer):
    """Declares its arguments, one of them required."""

    declared_args = ("gain", "tint")
    required_args: ClassVar[Any] = {"gain": float}


class Derived(Declares):
    """Reads one more."""

    required_args: ClassVar[Any] = ["source"]

    def _execute(self, frames: FrameSet) -> None:
        blur(self)


class Typed(Layer):
    """Declares its arguments as a type."""

    class declared_args(LayerArgs, total=False):
        gain: float


def blur(layer: Layer) -> None:
    layer.get_arg("radius")


@pytest.mark.parametrize(
    ("cls", "args", "hint"),
    [
        (Layer, {"frame_range": "5-6"}, r"did you mean 'range'\?"),
        (Layer, {"chunks": 10}, r"did you mean 'chunk'\?"),
        (Layer, {"memmory": "8g"}, r"did you mean 'memory'\?"),
        (Declares, {"gian": 2.0}, r"did you mean 'gain'\?"),
        (Declares, {"retries": 3}, "Declares has no such argument"),
        (Declares, {"radius": 3}, "Declares has no such argument"),
        (Derived, {"raduis": 2.0}, r"did you mean 'radius'\?"),
        (Derived, {"tnit": 2.0}, r"did you mean 'tint'\?"),
        (Typed, {"gan": 2.0}, r"did you mean 'gain'\?"),
    ],
)
def test_misspelt_argument_is_an_error_with_the_name_that_was_meant(cls: Any, args: Any, hint: str) -> None:
    (name,) = args

    with pytest.raises(LayerException, match=rf"layer 'a' \(test_layer\.py:\d+\): unknown argument '{name}'; {hint}"):
        cls("a", **args)


def test_argument_that_nothing_reads_is_told_at_launch(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("x")
    ol.add_layer(Derived("a", gain=1.0, source="s", tint=2, radius=3, samples=64))

    ol.setup()

    (message,) = caplog.messages
    assert re.fullmatch(r"layer 'a' \(test_layer\.py:\d+\): no code seems to read the argument 'samples'", message)


def test_argument_that_a_plugin_reads_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = types.ModuleType("studio_plugin")
    exec("def init(layer): layer.get_arg('client')", vars(plugin))
    monkeypatch.setattr(PluginManager, "registered_plugins", [plugin])
    monkeypatch.setattr(PluginManager, "_PluginManager__is_loaded", True)

    assert Declares("a", gain=1.0, client="acme").get_arg("client") == "acme"


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({}, "Derived needs the argument 'gain'"),
        ({"gain": 1.0, "source": None}, "Derived needs the argument 'source'"),
        ({"gain": "1", "source": "s"}, "argument 'gain' must be float, not '1'"),
    ],
)
def test_argument_that_the_class_requires_is_checked(args: Any, problem: str) -> None:
    layer = Derived("a", **args)

    with pytest.raises(LayerException, match=problem):
        layer.check_required_args()


def test_unknown_arguments_of_a_module_are_allowed() -> None:
    layer = Own("a", scene="a.mb", frame_size=3)  # type: ignore[call-arg]

    assert layer.get_arg("scene") == "a.mb"


def test_misspelt_layer_is_not_added_to_the_outline() -> None:
    ol = Outline("x", current=True)

    with pytest.raises(LayerException):
        Shell("a", ["true"], chunks=10)  # type: ignore[call-arg]

    assert ol.get_layers() == []


def test_required_argument_is_checked_when_the_outline_is_set_up() -> None:
    layer = Layer("a")
    layer.require_arg("scene", str)
    ol = Outline("x")
    ol.add_layer(layer)

    with pytest.raises(LayerException, match=r"layer 'a' \(test_layer.py:\d+\): Layer needs the argument 'scene'"):
        ol.setup()


@pytest.mark.parametrize(("rtype", "words"), [(str, "str"), ((int, float), "int or float")])
def test_required_type_is_checked(rtype: Any, words: str) -> None:
    layer = Layer("a")
    layer.require_arg("size", rtype)

    with pytest.raises(LayerException, match=f"argument 'size' must be {words}, not None"):
        layer.set_arg("size", None)


def test_required_type_of_an_argument_that_was_given_is_checked_at_setup() -> None:
    layer = Own("a", size="big")  # type: ignore[call-arg]
    layer.require_arg("size", int)

    with pytest.raises(LayerException, match="must be int, not 'big'"):
        layer.check_required_args()


def test_fault_38_default_of_a_standard_argument_can_be_set() -> None:
    layer = Layer("a")

    layer.set_default_arg("chunk", 5)
    layer.set_default_arg("range", "1-3")

    assert (layer.get_chunk_size(), layer.get_frame_range()) == (5, "1-3")


def test_default_does_not_replace_what_was_given() -> None:
    layer = Layer("a", chunk=1, cores=2)

    layer.set_default_arg("chunk", 5)
    layer.set_default_arg("cores", 5)

    assert (layer.get_arg("chunk"), layer.get_arg("cores")) == (1, 2)


def test_fault_39_defaults_of_the_configuration_are_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "outline.cfg"
    path.write_text("[Own]\nchunk = 4\ncores = 0.5\nthreadable = true\nscene = a.mb\n")
    monkeypatch.setenv("OUTLINE_CONFIG_FILE", str(path))

    args = Own("a", cores=2).get_args()

    assert (args["chunk"], args["cores"], args["threadable"], args["scene"]) == (4, 2, True, "a.mb")


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
