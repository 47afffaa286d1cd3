# SPDX-License-Identifier: Apache-2.0
"""The parts of a step of Open Job Description: format strings, parameters, task parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openjd.model import IntRangeExpr

from outline.exception import LayerException, OutlineException
from outline.modules.openjd import OpenJobStep, job_parameters
from outline.modules.openjd.space import combine, numbers_of, space_of
from outline.modules.openjd.text import names_in, resolve


def test_names_are_replaced_by_their_values():
    values = {"Param.A": "{{Param.B}}", "Param.B": "b"}

    assert resolve("{{Param.A}}-{{ Param.B }} {x} }}", values) == "{{Param.B}}-b {x} }}"


def test_name_that_is_not_there_is_told():
    with pytest.raises(OutlineException, match=r"\{\{Param.Frame\}\} has no value; did you mean 'Param.Frames'"):
        resolve("{{Param.Frame}}", {"Param.Frames": "1"})


@pytest.mark.parametrize("text", ["{{1 + 2}}", "{{}}", "{{Param.A * 2}}", "{{a\nb}}"])
def test_expressions_are_refused(text: str):
    with pytest.raises(OutlineException, match="is an expression"):
        names_in(text)


# -- parameters -----------------------------------------------------------------------------------------------

DEFINITIONS: list[dict[str, Any]] = [
    {"name": "Frames", "type": "STRING", "default": "1-10", "minLength": 1, "maxLength": 8},
    {"name": "Out", "type": "PATH", "default": "out"},
    {"name": "Samples", "type": "INT", "minValue": 1, "maxValue": 64},
    {"name": "Gain", "type": "FLOAT", "default": 1, "allowedValues": [0.5, 1.0]},
]


def test_values_come_from_the_command_line_or_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    values = job_parameters(DEFINITIONS, "/jobs/job.outline", "../template", ["--Samples", "8", "--Gain=0.50"])

    assert {name: text for name, text in values.items() if name.startswith("Param.")} == {
        "Param.Frames": "1-10",
        "Param.Out": "/template/out",
        "Param.Samples": "8",
        "Param.Gain": "0.50",
    }
    given = job_parameters(DEFINITIONS, "/jobs/job.outline", ".", ["--Samples", "8", "--Out", "o"])
    assert given["RawParam.Out"] == f"{tmp_path}/o"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "parameter Samples has no value; give one after --, as in -- --Samples VALUE"),
        (["--Samples", "x"], "'x', which is not of type INT"),
        (["--Samples", "0"], "must be 1 at least"),
        (["--Samples", "65"], "must be 64 at most"),
        (["--Samples", "1", "--Gain", "2"], "must be one of 0.5, 1.0"),
        (["--Samples", "1", "--Frames", "1-10,20-30"], "is 10 characters long, and must be 8 at most"),
        (["--Samples", "1", "--Frame", "1"], "unrecognized arguments: --Frame 1"),
    ],
)
def test_values_that_are_not_allowed_are_told(words: list[str], told: str):
    with pytest.raises(OutlineException, match=told):
        job_parameters(DEFINITIONS, "job.outline", ".", words)


# -- task parameters ------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 30), st.integers(1, 5)), min_size=1, max_size=1))
def test_ranges_mean_what_openjd_means(parts: list[tuple[int, int, int]]):
    text = ",".join(f"{first}-{first + length}:{step}" for first, length, step in parts)

    assert numbers_of(text) == list(IntRangeExpr.from_str(text))


@pytest.mark.parametrize("text", ["", "a", "1-", "1-5:0", "1,,2", "1-5x2"])
def test_what_is_no_range_is_told(text: str):
    with pytest.raises(OutlineException, match="is not a range of numbers"):
        numbers_of(text)


RANGES = {"A": ["1", "2"], "B": ["x", "y"], "C": ["p", "q", "r", "s"]}


@pytest.mark.parametrize(
    ("expression", "tasks"),
    [
        ("A * B", ["1x", "1y", "2x", "2y"]),
        ("(A, B)", ["1x", "2y"]),
        ("(A,B)", ["1x", "2y"]),
        ("((A * B), C)", ["1xp", "1yq", "2xr", "2ys"]),
        ("(A * B, C)", ["1xp", "1yq", "2xr", "2ys"]),
        ("B * (A)", ["1x", "2x", "1y", "2y"]),
    ],
)
def test_parameters_are_combined(expression: str, tasks: list[str]):
    assert ["".join(one[name] for name in sorted(one)) for one in combine(expression, RANGES)] == tasks


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("A * D", "unknown task parameter 'D'; there are A, B, C"),
        ("A *", "unknown task parameter ''"),
        ("(A, B", r"a \) is missing"),
        ("A B", "unexpected 'B'"),
        ("A + B", "is not a valid combination"),
        ("(A, C)", "pairs ranges of 2 and 4 values"),
    ],
)
def test_combinations_that_cannot_be_read_are_told(expression: str, told: str):
    with pytest.raises(OutlineException, match=told):
        combine(expression, RANGES)


def test_number_alone_gives_frames_and_other_parameters_give_items():
    frames = {"taskParameterDefinitions": [{"name": "F", "type": "INT", "range": [5, 1, "{{Param.N}}"]}]}
    texts = {"taskParameterDefinitions": [{"name": "T", "type": "STRING", "range": ["a", "{{Param.N}}"]}]}

    assert list(space_of(frames, {"Param.N": "9"}).frames or ()) == [5, 1, 9]
    assert space_of(texts, {"Param.N": "9"}).items == ({"T": "a"}, {"T": "9"})


def test_layer_whose_range_cannot_be_read_is_told():
    space = {"taskParameterDefinitions": [{"name": "F", "type": "INT", "range": "{{Param.N}}"}]}

    with pytest.raises(LayerException, match="layer 'render': {{Param.N}} has no value"):
        OpenJobStep("render", space=space, script={}, parameters={})
