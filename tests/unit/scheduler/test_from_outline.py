# SPDX-License-Identifier: Apache-2.0
"""What the scheduler takes from an outline."""

from __future__ import annotations

import pytest

from outline import Outline
from outline.constants import LayerType
from outline.depend import DependType
from outline.exception import LayerException
from outline.layer import Layer
from outline.scheduler import DependPlan, plan_job


def outline_of(*layers: Layer, range: str = "1-10") -> Outline:
    ol = Outline("shot", frame_range=range)
    for layer in layers:
        ol.add_layer(layer)
    return ol


def test_a_layer_is_planned_with_its_frames_and_needs() -> None:
    layer = Layer("render", range="1-9", chunk=2, cores=0.5, memory="1.5g", timeout=1.5, timeout_llu="2")

    (planned,) = plan_job(outline_of(layer, range="5,1-3,5")).layers

    assert list(planned.frames) == [5, 1, 2, 3]
    assert (planned.name, planned.chunk, planned.type) == ("render", 2, "Render")
    assert (planned.cores, planned.memory_kb) == (0.5, 1572864)
    assert (planned.timeout_seconds, planned.timeout_llu_seconds) == (90.0, 120.0)


def test_a_layer_that_says_nothing_takes_one_core_and_all_the_time_it_wants() -> None:
    (planned,) = plan_job(outline_of(Layer("render"))).layers

    assert (planned.cores, planned.memory_kb) == (1.0, 0)
    assert (planned.timeout_seconds, planned.timeout_llu_seconds) == (None, None)


def test_threads_are_cores_where_cores_are_not_given() -> None:
    plan = plan_job(outline_of(Layer("old", threads=4), Layer("both", threads=4, cores=2)))

    assert [layer.cores for layer in plan.layers] == [4.0, 2.0]


def test_the_type_is_plain_text() -> None:
    last = Layer("last")
    last.set_type(LayerType.POST)

    (planned,) = plan_job(outline_of(last)).layers

    assert type(planned.type) is str
    assert planned.type == "Post"


def test_layers_without_frames_in_the_job_are_left_out_with_what_waits_for_them() -> None:
    early, late = Layer("early", range="1-5"), Layer("late", range="90-99")
    early.depend_on(late)
    late.depend_on(early)

    plan = plan_job(outline_of(early, late))

    assert [layer.name for layer in plan.layers] == ["early"]
    assert plan.depends == ()


def test_layers_that_are_not_registered_and_children_are_left_out() -> None:
    parent, hidden = Layer("parent"), Layer("hidden", register=False)
    parent.add_child(Layer("child"))

    plan = plan_job(outline_of(parent, hidden))

    assert [layer.name for layer in plan.layers] == ["parent"]


def test_two_dependencies_on_one_layer_are_both_kept() -> None:
    first, second = Layer("first"), Layer("second")
    second.depend_on(first)
    second.depend_on(first, DependType.LayerOnLayer, any_frame=True)

    plan = plan_job(outline_of(first, second))

    assert plan.depends == (
        DependPlan("second", "first", "FRAME_BY_FRAME", False),
        DependPlan("second", "first", "LAYER_ON_LAYER", True),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cores", "many"),
        ("cores", 0.01),
        ("memory", "4 gigs"),
        ("timeout", "soon"),
        ("timeout_llu", float("nan")),
        ("timeout_retry", 0.5),
        ("retry_delay", -1),
        ("retry_delay", "soon"),
    ],
)
def test_what_cannot_be_read_is_refused_with_layer_and_argument(name: str, value: object) -> None:
    layer = Layer("render")
    layer.set_arg(name, value)

    with pytest.raises(LayerException, match=f"layer 'render'.*: {name}: .*{value}"):
        plan_job(outline_of(layer))
