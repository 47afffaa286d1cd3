# SPDX-License-Identifier: Apache-2.0
"""A template as the text of a script: nothing of it becomes code, and nothing is lost without a word."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline.exception import OutlineException
from outline.openjd.reading import Imported, literal, script_of

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.text(alphabet="\"\\\n'a\t"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def template(*, step: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    script = {"actions": {"onRun": {"command": "true"}}}
    own = {"name": "Render", "script": script, **(step or {})}
    return {"specificationVersion": "jobtemplate-2023-09", "name": "job", "steps": [own], **more}


def imported(data: dict[str, Any]) -> Imported:
    made = script_of(data, source="template.yaml", folder="..")
    ast.parse(made.text)
    return made


@given(PLAIN, st.integers(0, 3))
def test_literal_is_the_value_again(value: Any, level: int):
    assert ast.literal_eval(literal(value, level)) == value


@given(st.text(), st.text())
def test_no_text_of_a_template_becomes_code(name: str, description: str):
    name, description = name.replace("{", ""), description.replace("{", "")
    made = imported(template(step={"name": name}, name=name, description=description))

    calls = [node for node in ast.walk(ast.parse(made.text)) if isinstance(node, ast.Call)]

    assert len(calls) == 5


def test_layers_have_the_names_that_they_can_have():
    steps = [
        {"name": name, "script": {"actions": {"onRun": {"command": "true"}}}} for name in ("A b", "A/b", "A_b", "--")
    ]

    made = imported({**template(), "steps": steps})

    assert made.warnings == [
        "step 'A b' becomes the layer A_b",
        "step 'A/b' becomes the layer A_b_2",
        "step 'A_b' becomes the layer A_b_3",
        "step '--' becomes the layer step",
    ]


def test_step_waits_for_all_frames_of_those_that_it_depends_on():
    steps = [
        {**template()["steps"][0], "name": "a"},
        {**template()["steps"][0], "name": "b", "dependencies": [{"dependsOn": "a"}]},
    ]

    assert 'require=["a:all"],' in imported({**template(), "steps": steps}).text


def test_needs_become_arguments():
    needs = {
        "amounts": [
            {"name": "amount.worker.vcpu", "min": 8},
            {"name": "amount.worker.memory", "min": 2048},
            {"name": "amount.worker.gpu", "min": 1},
            {"name": "amount.worker.gpu.memory", "min": 1024},
        ],
        "attributes": [{"name": "attr.tags", "anyOf": ["nuke"]}],
    }

    made = imported(template(step={"hostRequirements": needs}))

    for line in ("cores=8,", 'memory="2048m",', "gpus=1,", 'gpu_memory="1024m",', 'tags=["nuke"],'):
        assert line in made.text
    assert made.warnings == []


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (
            {"hostRequirements": {"amounts": [{"name": "amount.worker.disk.scratch", "min": 1}]}},
            "disk.scratch is left out",
        ),
        ({"hostRequirements": {"amounts": [{"name": "amount.worker.vcpu", "max": 2}]}}, "vcpu is left out"),
        ({"hostRequirements": {"amounts": [{"name": "amount.worker.vcpu", "min": 1, "max": 2}]}}, "max of"),
        (
            {"hostRequirements": {"attributes": [{"name": "attr.worker.os.family", "anyOf": ["linux"]}]}},
            "linux is left",
        ),
        ({"script": {"actions": {"onRun": {"command": "true", "timeout": 61}}}}, "61 s becomes 2 min"),
        ({"script": {"actions": {"onRun": {"command": "true", "timeout": "{{Param.T}}"}}}}, "is left out"),
        (
            {"stepEnvironments": [{"name": "E", "script": {"actions": {"onEnter": {"command": "a", "timeout": 5}}}}]},
            "environment E: the timeout of onEnter is left out",
        ),
    ],
    ids=["amount", "max alone", "max", "attribute", "seconds", "timeout that is a format string", "environment"],
)
def test_what_an_outline_cannot_say_is_told(step: dict[str, Any], told: str):
    (warning,) = imported(template(step=step)).warnings

    assert told in warning


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "specificationVersion is None"),
        ({"specificationVersion": "environment-2023-09"}, "outline import reads only jobtemplate-2023-09"),
        (template(extensions=["EXPR"]), "uses EXPR"),
        (template(mystery=1), "has mystery"),
        (template(step={"let": ["a = 1"]}), "has let"),
        (template(parameterDefinitions=[{"name": "A", "type": "LIST[INT]"}]), "A is a LIST[INT]"),
        (template(step={"description": "{{ 1 + 2 }}"}), "is an expression"),
        (template(step={"script": None}), "has no script"),
    ],
    ids=["no template", "environment", "extension", "key", "key of a step", "type", "expression", "nothing to run"],
)
def test_what_is_not_known_is_refused(data: Any, told: str):
    with pytest.raises(OutlineException, match=told.replace("[", r"\[")):
        script_of(data, source="template.yaml", folder=".")
