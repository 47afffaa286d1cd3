# SPDX-License-Identifier: Apache-2.0
"""Errors where PyCue is in use and where it is not."""

from __future__ import annotations

import copy
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import outline.exception
from outline.exception import (
    LayerException,
    LayerNotFound,
    OutlineException,
    ShellCommandFailureException,
    WorkException,
    file_errors,
)
from outline.frames import FrameRangeError, FrameSet
from outline.layer import Layer
from tests.launches import outline_of, shell
from tests.support import environ_with

opencue_exception = pytest.importorskip("opencue.exception", reason="the extra 'cue' is not installed")

KINDS = [
    kind for name in outline.exception.__all__ if issubclass(kind := getattr(outline.exception, name), OutlineException)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_also_one_of_pycue(kind: type[OutlineException]):
    error = kind.__new__(kind)

    assert isinstance(error, opencue_exception.CueException)
    assert (type(error).__name__, type(error).__module__) == (kind.__name__, kind.__module__)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Layer("lay er"),
        lambda: outline_of(shell(range="1-x")).setup(),
        lambda: outline_of(shell(chunk=0)).setup(),
    ],
    ids=["name", "range", "chunk"],
)
def test_a_tool_that_catches_pycues_errors_gets_those_of_layers(wrong: Callable[[], Any]):
    with pytest.raises(opencue_exception.CueException) as raised:
        wrong()

    assert isinstance(raised.value, LayerException)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(FileNotFoundError(2, "No such file"), "No such file"), (shutil.Error("a pipe is in the way"), "a pipe")],
    ids=["of the system", "of shutil"],
)
def test_an_error_of_files_keeps_its_reason(error: OSError, reason: str):
    with pytest.raises(WorkException, match=f"cannot write x: {reason}"), file_errors(WorkException, "cannot write x"):
        raise error


def test_an_error_of_two_bases_keeps_both():
    with pytest.raises(ValueError) as raised:
        FrameSet("1-x")

    assert isinstance(raised.value, FrameRangeError)
    assert isinstance(raised.value, opencue_exception.CueException)


@pytest.mark.parametrize(
    ("known", "hint"),
    [([], ""), (["b"], "; there is only b"), (["b", "c"], "; there are b, c"), (["b", "aa"], "; did you mean 'aa'?")],
)
def test_an_unknown_layer_is_told_with_the_known_ones(known: list[str], hint: str):
    assert str(LayerNotFound("aaa", known)) == f"no layer 'aaa' in this outline{hint}"


def test_an_error_is_copied_with_its_facts():
    error = LayerNotFound("a", ["b"], where="layer 'comp'")

    again = copy.deepcopy(error)

    assert (again.name, again.known, str(again)) == ("a", ["b"], str(error))


def test_an_error_is_read_where_pycue_is_not_in_use():
    stored = pickle.dumps(ShellCommandFailureException("it failed", 3))
    code = (
        "import pickle, sys; print(*type(pickle.load(sys.stdin.buffer)).__mro__[:2]); print('opencue' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], env=environ_with(), input=stored, capture_output=True)

    assert done.stdout.decode().splitlines() == [
        "<class 'outline.exception.ShellCommandFailureException'> <class 'outline.exception.OutlineException'>",
        "False",
    ]
