# SPDX-License-Identifier: Apache-2.0
"""What a plan becomes in a template of Open Job Description, and what is said when it cannot be said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openjd.model import IntRangeExpr, decode_job_template

from outline.frames import FrameSet
from outline.openjd.template import StepFacts, template_of
from outline.scheduler import DependPlan, JobPlan, LayerPlan


def plan(*layers: LayerPlan, depends: tuple[DependPlan, ...] = (), **facts: Any) -> JobPlan:
    return JobPlan("show-shot-jo_demo", layers, depends, **facts)


def layer(name: str = "beauty", frames: str = "1-10", **facts: Any) -> LayerPlan:
    return LayerPlan(name, FrameSet(frames), **facts)


def step_of(made: LayerPlan, **facts: Any) -> dict[str, Any]:
    template = template_of(plan(made), folder="/shot", steps={made.name: StepFacts(**facts)}).template
    decode_job_template(template=template)
    step: dict[str, Any] = template["steps"][0]
    return step


def range_of(made: LayerPlan) -> Any:
    return step_of(made)["parameterSpace"]["taskParameterDefinitions"][0]["range"]


def warnings_of(*depends: DependPlan, **facts: Any) -> list[str]:
    layers = (layer("a"), layer("b", **facts))
    return template_of(plan(*layers, depends=depends), folder="/shot").warnings


def test_task_runs_a_chunk_as_everywhere():
    step = step_of(layer(chunk=4, timeout_seconds=90.0))

    action = step["script"]["actions"]["onRun"]
    assert range_of(layer(chunk=4)) == "1-9:4"
    assert action["args"][-1] == "{{Task.Param.Frame}}-beauty"
    assert action["timeout"] == 90


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ("1-10", "1-10"),
        ("7", "7"),
        ("-5--1", "-5--1"),
        ("1-9x2,20,30-40", "1-9:2,20,30-40"),
        ("10-1", [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("1,10,2-9", [1, 10, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_frames_keep_their_order(frames: str, said: object):
    assert range_of(layer(frames=frames)) == said


@given(st.sets(st.integers(-200, 200), min_size=1, max_size=60))
def test_expression_means_the_same_frames(frames: set[int]):
    said = range_of(layer(frames=",".join(map(str, sorted(frames)))))

    assert list(IntRangeExpr.from_str(said)) == sorted(frames)


def test_order_that_is_too_long_to_be_listed_is_told():
    made = template_of(plan(layer(frames="2000-1")), folder="/shot")

    assert made.template["steps"][0]["parameterSpace"]["taskParameterDefinitions"][0]["range"] == "1-2000"
    assert made.warnings == [
        "layer beauty: its frames run in ascending order; only 1024 can be listed in another one"
    ]  # fmt: skip


def test_step_asks_for_what_its_layer_needs():
    step = step_of(
        layer(cores=2.5, memory_kb=4 * 1024**2 + 1), gpus=1, gpu_memory_kb=1024**2, threads=2, tags=("nuke",)
    )

    assert step["hostRequirements"] == {
        "amounts": [
            {"name": "amount.worker.vcpu", "min": 2.5},
            {"name": "amount.worker.memory", "min": 4097},
            {"name": "amount.worker.gpu", "min": 1},
            {"name": "amount.worker.gpu.memory", "min": 1024},
        ],
        "attributes": [{"name": "attr.tags", "anyOf": ["nuke"]}],
    }
    assert step["stepEnvironments"][0]["variables"] == {"CUE_THREADS": "2"}


def test_step_that_needs_nothing_asks_for_nothing():
    assert "hostRequirements" not in step_of(layer(cores=0.5))


def test_layer_that_waits_for_all_is_a_step_dependency_without_a_word():
    made = template_of(plan(layer("a"), layer("b"), depends=(DependPlan("b", "a", "LAYER_ON_LAYER"),)), folder="/shot")

    assert made.template["steps"][1]["dependencies"] == [{"dependsOn": "a"}]
    assert made.warnings == []


@pytest.mark.parametrize(
    ("depend", "told"),
    [
        (DependPlan("b", "a", "FRAME_BY_FRAME"), "frame by frame (FRAME_BY_FRAME)"),
        (DependPlan("b", "a", "PREVIOUS_FRAME"), "for the frame before (PREVIOUS_FRAME)"),
        (DependPlan("b", "a", "LAYER_ON_LAYER", any_frame=True), "for any frame (LAYER_ON_ANY)"),
    ],
    ids=["frame by frame", "previous", "any"],
)
def test_what_cannot_be_said_is_a_step_dependency_and_a_warning(depend: DependPlan, told: str):
    assert warnings_of(depend) == [f"layer b waits for all of a, and not {told}"]


def test_frame_by_frame_between_single_frames_loses_nothing():
    layers = (layer("a", "1"), layer("b", "1"))

    made = template_of(plan(*layers, depends=(DependPlan("b", "a", "FRAME_BY_FRAME"),)), folder="/shot")

    assert made.warnings == []


def test_layer_that_waits_for_itself_is_one_task_that_runs_its_frames_in_order():
    depends = (DependPlan("beauty", "beauty", "PREVIOUS_FRAME"),)

    made = template_of(plan(layer(frames="1-6", chunk=2, timeout_seconds=60.0), depends=depends), folder="/shot")

    (step,) = made.template["steps"]
    action = step["script"]["actions"]["onRun"]
    decode_job_template(template=made.template)
    assert "parameterSpace" not in step
    assert "dependencies" not in step
    assert (action["args"][-2:], action["timeout"]) == (["1 3 5", "beauty"], 180)
    assert made.warnings == ["layer beauty waits for its own frames: they run one after another in a single task"]


def test_post_layer_waits_for_all_others_and_says_that_failures_keep_it():
    layers = (layer("a"), layer("b"), layer("report", "1", type="Post"))

    made = template_of(plan(*layers), folder="/shot")

    assert made.template["steps"][2]["dependencies"] == [{"dependsOn": "a"}, {"dependsOn": "b"}]
    assert "not after a failure" in made.warnings[0]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"timeout_llu_seconds": 120.0}, "timeout_llu=2"),
        ({"timeout_retry": 2.0}, "timeout_retry=2"),
        ({"retry_delay_seconds": 90.0}, "retry_delay=1.5"),
        ({"chunk_seconds": 600.0}, "a chunk of 600 seconds"),
        ({"autoeat": True}, "autoeat"),
        ({"ignore_errors": True}, "ignore_errors"),
        ({"cores": 0.0}, "wants a whole machine"),
        ({"cores": -2.0}, "wants all but 2 cores"),
    ],
    ids=lambda value: str(value),
)
def test_nothing_is_left_out_without_a_word(facts: dict[str, Any], told: str):
    (warning,) = template_of(plan(layer(**facts)), folder="/shot").warnings

    assert warning.startswith("layer beauty")
    assert told in warning


def test_variables_with_braces_are_left_out_and_told():
    made = template_of(plan(layer()), folder="/shot", variables={"A": "1", "B": "{{x}}"})

    assert made.template["jobEnvironments"] == [{"name": "outline", "variables": {"A": "1"}}]
    assert "{{ are left out, since a template would expand them: B" in made.warnings[0]


def test_long_names_are_said_with_the_extension_that_allows_them():
    made = template_of(plan(layer("a" * 100), layer("b" * 600)), folder="/shot")

    names = [step["name"] for step in made.template["steps"]]
    decode_job_template(template=made.template, supported_extensions=["FEATURE_BUNDLE_1"])
    assert made.template["extensions"] == ["FEATURE_BUNDLE_1"]
    assert [len(name) for name in names] == [100, 506]
    assert "shorter name" in made.warnings[0]
