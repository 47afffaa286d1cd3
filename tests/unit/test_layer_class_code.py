# SPDX-License-Identifier: Apache-2.0
"""A studio's class may read its arguments in functions of other modules; what it reads keeps its meaning."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from outline import Layer, Outline
from outline.layer.mistakes import reads_by_itself, unread_arguments

HELPERS = """
import functools

TABLE = 5

def write(layer):
    return inner(layer)

def inner(layer):
    return layer.get_arg("outputs")

def logged(function):
    @functools.wraps(function)
    def call(self, frames):
        function(self, frames)
    return call

def all_of(layer):
    return [layer.get_arg(name) for name in ("scene", "outputs")]

def nothing(layer):
    return layer.get_arg("scene")

class Writer:
    def __init__(self, layer):
        self.paths = layer.get_args()["outputs"]
"""

MODULE = """
import os
import {helpers} as helpers
from {helpers} import Writer, write
from outline import Layer

class Studio(Layer):
    def _execute(self, frames):
        {body}
"""

Make = Callable[[str], type[Layer]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return a class of a studio whose ``_execute`` has this body."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)

    def call(body: str) -> type[Layer]:
        (tmp_path / "studio_helpers.py").write_text(HELPERS)
        (tmp_path / "studio_layers.py").write_text(MODULE.format(helpers="studio_helpers", body=body))
        made: type[Layer] = importlib.import_module("studio_layers").Studio
        return made

    yield call
    for name in set(sys.modules) - known:
        if name.startswith("studio_"):
            del sys.modules[name]


@pytest.mark.parametrize(
    "body",
    [
        'self.get_arg("outputs")',
        "helpers.write(self)",
        "write(self)",
        "list(map(write, [self]))",
        "helpers.all_of(self)",
        "Writer(self)",
        "from studio_helpers import inner; inner(self)",
        "helpers.logged(lambda layer, frames: helpers.write(layer))(self, frames)",
    ],
)
def test_argument_that_a_function_elsewhere_reads_keeps_its_meaning(make: Make, body: str) -> None:
    layer = make(body)("render", outputs={"beauty": 5})
    ol = Outline("job", "1")
    ol.add_layer(layer)

    ol.setup()

    assert (layer.get_outputs(), layer.get_arg("outputs")) == ({}, {"beauty": 5})


@pytest.mark.parametrize("body", ["pass", "helpers.nothing(self)", "os.path.join('a', 'outputs')"])
def test_argument_that_no_function_reads_has_the_meaning_of_the_library(make: Make, body: str) -> None:
    layer = make(body)("render", outputs="a.####.exr")

    assert not reads_by_itself(type(layer), "outputs")
    assert set(layer.get_outputs()) == {"main"}


def test_argument_that_a_function_elsewhere_reads_is_not_told_as_unread(make: Make) -> None:
    layer = make("helpers.nothing(self)")("render", scene="a.ma", scenes="b.ma", plate="c")

    assert unread_arguments(layer) == ["scenes", "plate"]
