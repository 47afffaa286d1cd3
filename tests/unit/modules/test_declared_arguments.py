# SPDX-License-Identifier: Apache-2.0
"""Every module that renders says which arguments it knows, and refuses all others."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest

import outline.modules
from outline.exception import LayerException
from outline.layer import LayerType
from outline.modules.command import RenderArgs
from outline.modules.ffmpeg import Ffmpeg
from outline.modules.povray import PovRay
from outline.modules.python import Python
from outline.modules.render import RenderLayer
from outline.modules.shell import Shell

BASES = {"RenderLayer", "PerFrameLayer", "PerRowLayer", "SourceLayer", "SequenceLayer"}


def module_classes() -> list[type[RenderLayer]]:
    """Return the layer classes that render, of all modules of the library."""
    names = [found.name for found in pkgutil.iter_modules(outline.modules.__path__)]
    modules = [importlib.import_module(f"outline.modules.{name}") for name in names]
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, LayerType)}
    return sorted(
        (one for one in classes if issubclass(one, RenderLayer) and one.__name__ not in BASES),
        key=lambda one: one.__name__,
    )


@pytest.mark.parametrize("kind", module_classes())
def test_a_module_declares_its_arguments(kind: type[RenderLayer]) -> None:
    declared = vars(kind)["declared_args"].__annotations__

    assert set(RenderArgs.__annotations__) <= set(declared)
    with pytest.raises(LayerException, match=f"unknown argument 'nosuch'; {kind.__name__} has no such argument"):
        kind("beauty", nosuch=1)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("widht", "width"), ("frames", "range"), ("output", "outputs"), ("skip_exsting", "skip_existing")],
)
def test_a_misspelt_argument_is_told_with_the_right_one(wrong: str, meant: str) -> None:
    with pytest.raises(LayerException, match=f"unknown argument '{wrong}'; did you mean '{meant}'?"):
        PovRay("ball", scene="a.pov", outputs="a.####.png", **{wrong: 640})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("frames", "did you mean 'range'?"),
        ("comand", "did you mean 'command'?"),
    ],
)
def test_layers_of_commands_refuse_misspelt_arguments(wrong: str, said: str) -> None:
    with pytest.raises(LayerException, match=f"unknown argument '{wrong}'; {re.escape(said)}"):
        Shell("s", ["true"], **{wrong: 3})


def test_layers_of_commands_take_data_of_scripts_as_in_pyoutline() -> None:
    assert Shell("s", ["true"], test1=1).get_arg("test1") == 1


def test_a_module_of_a_studio_may_have_arguments_of_its_own() -> None:
    class Mine(Python):
        def render_commands(self, frames, targets):  # type: ignore[no-untyped-def]
            self.get_arg("flavour")

    assert Mine("mine", flavour="sweet").get_arg("flavour") == "sweet"


@pytest.mark.parametrize("width", [640, "640", "640.0", "%{ITEM:width}", "$WIDTH", None])
def test_number_of_a_module_may_be_spelled_as_a_text(width: object) -> None:
    PovRay("b", scene="a.pov", outputs="a.####.png", width=width).check_required_args()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"width": "wide"}, "width must be a number, not 'wide'"),
        ({"width": [640]}, r"width must be a number, not \[640\]"),
    ],
    ids=str,
)
def test_value_of_the_wrong_kind_is_found_before_anything_runs(args: dict[str, Any], problem: str) -> None:
    layer = PovRay("b", scene="a.pov", outputs="a.####.png", **args)

    with pytest.raises(LayerException, match=rf"layer 'b' .*: {problem}"):
        layer.check_required_args()


def test_text_where_a_module_wants_true_or_false_is_found_before_anything_runs() -> None:
    layer = Ffmpeg("b", source="a.####.png", outputs="a.mp4", fill_gaps="no")  # type: ignore[arg-type]

    with pytest.raises(LayerException, match="fill_gaps must be True or False, not 'no'"):
        layer.check_required_args()
