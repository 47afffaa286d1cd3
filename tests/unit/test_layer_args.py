# SPDX-License-Identifier: Apache-2.0
"""The arguments of layers: defaults, names that nobody knows, values that mean nothing."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Any, ClassVar

import pytest

from outline import Layer, LayerException, Outline, Shell, load_outline
from outline.frames import FrameSet
from outline.layer import LayerArgs
from outline.layer.inputs import read_inputs
from outline.layer.mistakes import unread_arguments
from outline.modules.povray import PovRay
from outline.modules.python import Python
from outline.plugins import PluginManager


class Own(Layer):
    """Takes arguments of its own."""

    def _execute(self, frames: FrameSet) -> None:
        self.get_arg("frame_size")


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

    with pytest.raises(
        LayerException, match=rf"layer 'a' \(test_layer_args\.py:\d+\): unknown argument '{name}'; {hint}"
    ):
        cls("a", **args)


def test_argument_that_nothing_reads_is_told_at_launch(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("x", "1-2")
    ol.add_layer(Derived("a", gain=1.0, source="s", tint=2, radius=3, samples=64))

    ol.setup()

    (message,) = caplog.messages
    assert re.fullmatch(r"layer 'a' \(test_layer_args\.py:\d+\): no code seems to read the argument 'samples'", message)


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


@pytest.mark.parametrize("cls", [Declares, Derived, Shell, PovRay, Python])
@pytest.mark.parametrize("args", [{"rerun": "missing"}, {"version": "4.2"}, {"digest": "time"}], ids=str)
def test_arguments_of_work_folders_are_those_of_every_layer(cls: Any, args: Any) -> None:
    layer = cls("a", gain=1.0, **args) if issubclass(cls, Declares) else cls("a", **args)

    assert unread_arguments(layer) == []


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

    with pytest.raises(LayerException, match=r"layer 'a' \(test_layer_args.py:\d+\): Layer needs the argument 'scene'"):
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


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("autoeat", "no", False),
        ("autoeat", 1, True),
        ("env", [("A", 1)], {"A": "1"}),
        ("limits", "maya, nuke", ["maya", "nuke"]),
        ("limits", ("maya",), ["maya"]),
        ("tags", "a | b", "a | b"),
        ("timeout", "1.5", "1.5"),
        ("timeout", "", ""),
        ("chunk", 2.0, 2.0),
    ],
)
def test_value_is_kept_as_what_it_means(name: str, given: Any, kept: Any) -> None:
    by_method = Layer("b")
    by_method.set_arg(name, given)

    assert [Layer("a", **{name: given}).get_arg(name), by_method.get_arg(name)] == [kept, kept]


@pytest.mark.parametrize(
    ("name", "given", "kept", "message"),
    [
        ("chunk", 2.5, 2, "chunk=2.5 is rounded down to 2"),
        ("timeout", -1, None, "timeout=-1 is below 0 and sets no time limit"),
        ("timeout_llu", "-2", None, "timeout_llu=-2 is below 0 and sets no time limit"),
        (
            "autoeat",
            "maybe",
            None,
            "autoeat='maybe' is left out; give one of true, yes,",
        ),
        ("memory", 4_000_000, 4_000_000, "memory=4000000 is a number of GB; write kB as '4000000k'"),
    ],
)
def test_value_that_can_hardly_be_meant_is_told(
    name: str, given: Any, kept: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    layer = Layer("a", **{name: given})

    assert layer.get_arg(name) == kept
    assert re.match(rf"layer 'a' \(test_layer_args\.py:\d+\): {message}", caplog.messages[0])


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("env", ["A=1"], r"env must be a dict such as \{'A': '1'\}, not \['A=1'\]"),
        ("env", 5, r"env must be a dict .*, not 5"),
        ("limits", 5, "limits must be a name, or a list of names, not 5"),
        ("tags", 5, "tags must be a name, or a list of names, not 5"),
        ("tags", {"a": 1}, "tags must be a name, or a list of names, not {'a': 1}"),
    ],
)
def test_value_that_means_nothing_is_refused_where_the_layer_is_made(name: str, given: Any, problem: str) -> None:
    with pytest.raises(LayerException, match=rf"layer 'a' \(test_layer_args\.py:\d+\): {problem}"):
        Layer("a", **{name: given})
    with pytest.raises(LayerException, match=problem):
        Layer("b").set_arg(name, given)


def test_name_that_is_too_long_for_a_file_is_refused_at_the_launch(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("x", "1-2")
    layer = Shell("a" * 300, ["true"])
    ol.add_layer(layer)

    with pytest.raises(LayerException, match="its name has 300 bytes, and a file name at most 255; shorten it"):
        ol.setup()
    layer.set_name("a" * 240)
    ol.setup()

    assert caplog.messages[-1].endswith("its name and the job's are too long for the name of a log; shorten one")


def test_resources_are_set_by_the_methods_of_opencues_tutorials(caplog: pytest.LogCaptureFixture) -> None:
    layer = Layer("a")

    layer.set_min_cores(4)
    layer.set_min_memory(8192)
    layer.set_priority(100)

    assert (layer.get_arg("cores"), layer.get_arg("memory")) == (4, "8192m")
    assert caplog.messages[0].endswith("a layer has no priority; launch the job with --priority 100")
    layer.set_memory("4g")
    assert layer.get_arg("memory") == "4g"


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
