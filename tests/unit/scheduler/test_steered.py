# SPDX-License-Identifier: Apache-2.0
"""A job that is held, reordered and changed while it runs."""

from __future__ import annotations

import pytest

from outline.frame_end import EndedBy, FrameEnd
from outline.frames import FrameSet
from outline.scheduler import DependPlan, FrameState, JobPlan, LayerPlan, SteeredJob

S = FrameState


def make_job(*layers: LayerPlan, depends: tuple[DependPlan, ...] = (), max_retries: int = 0) -> SteeredJob:
    return SteeredJob(JobPlan("job", layers, depends, max_retries))


def two_layers(type: str = "LAYER_ON_LAYER", any_frame: bool = False) -> SteeredJob:
    layers = (LayerPlan("model", FrameSet("1-3")), LayerPlan("comp", FrameSet("1-3")))
    return make_job(*layers, depends=(DependPlan("comp", "model", type, any_frame),))


def run(job: SteeredJob, ref: int, status: int = 0) -> FrameState:
    job.start(ref)
    return job.finish(ref, FrameEnd(status))


def states(job: SteeredJob, layer: str) -> list[FrameState]:
    return [job.state(ref) for ref in job.refs(layer)]


def test_held_layer_depends_until_the_last_hold_is_taken_back():
    job = two_layers()
    job.hold_layer("model")
    job.hold_layer("model")

    job.release_layer("model")
    once = states(job, "model")
    job.release_layer("model")

    assert once == [S.DEPEND] * 3
    assert states(job, "model") == [S.WAITING] * 3


def test_held_frame_depends_and_lets_the_others_start():
    job = two_layers()

    job.hold_frame(job.ref("model", 1))

    assert states(job, "model") == [S.DEPEND, S.WAITING, S.WAITING]
    assert job.next_admitted(lambda layer: True) == job.ref("model", 2)


def test_holds_survive_that_all_is_worked_out_anew():
    job = two_layers()
    job.hold_frame(job.ref("model", 1))
    job.hold_layer("comp")
    job.drop_depends([0])

    assert states(job, "model") == [S.DEPEND, S.WAITING, S.WAITING]
    assert states(job, "comp") == [S.DEPEND] * 3


def test_dropped_dependency_holds_nothing_back_until_it_is_restored():
    job = two_layers()

    job.drop_depends([0])
    dropped = states(job, "comp")
    job.restore_depend(0)

    assert dropped == [S.WAITING] * 3
    assert states(job, "comp") == [S.DEPEND] * 3


def test_dependency_added_while_frames_run_leaves_them_running():
    layers = (LayerPlan("model", FrameSet("1-3")), LayerPlan("comp", FrameSet("1-3")))
    job = make_job(*layers)
    job.start(job.ref("comp", 1))

    number = job.add_depend(DependPlan("comp", "model", "FRAME_BY_FRAME"))
    run(job, job.ref("model", 2))

    assert number == 0
    assert states(job, "comp") == [S.RUNNING, S.WAITING, S.DEPEND]
    assert job.finish(job.ref("comp", 1), FrameEnd(0)) is S.SUCCEEDED


def test_frame_eaten_while_it_runs_is_still_alive_after_a_dependency_was_added():
    layers = (LayerPlan("model", FrameSet("1-3")), LayerPlan("comp", FrameSet("1-3")))
    job = make_job(*layers)
    ref = job.ref("model", 1)
    job.start(ref)
    job.eat(ref)

    job.add_depend(DependPlan("comp", "model", "FRAME_BY_FRAME"))

    assert job.is_alive(ref)
    assert job.finish(ref, FrameEnd(1)) is S.EATEN


@pytest.mark.parametrize("type", ["FRAME_BY_FRAME", "LAYER_ON_LAYER"])
def test_frames_marked_done_satisfy_and_keep_their_state(type: str):
    job = two_layers(type)

    job.mark_done(job.refs("model"))

    assert states(job, "model") == [S.WAITING] * 3
    assert states(job, "comp") == [S.WAITING] * 3


def test_marked_frame_that_then_runs_does_not_satisfy_twice():
    job = two_layers("FRAME_BY_FRAME")
    job.hold_frame(job.ref("comp", 1))
    job.mark_done([job.ref("model", 1)])

    run(job, job.ref("model", 1))

    assert states(job, "comp")[0] is S.DEPEND


def test_freed_frame_starts_whatever_it_waits_for():
    job = two_layers()

    job.free([job.ref("comp", 2)])

    assert states(job, "comp") == [S.DEPEND, S.WAITING, S.DEPEND]


def test_reordered_layer_starts_in_its_new_order():
    job = make_job(LayerPlan("model", FrameSet("1-4")))
    job.reorder("model", list(reversed(job.refs("model"))))

    started = []
    while (ref := job.next_admitted(lambda layer: True)) is not None:
        job.start(ref)
        started.append(job.number(ref))

    assert started == [4, 3, 2, 1]
    assert [job.place(ref) for ref in job.refs("model")] == [3, 2, 1, 0]


def test_layers_are_admitted_by_their_needs_and_asked_once_for_all_that_are_alike():
    layers = (
        LayerPlan("a", FrameSet("1-2"), group="gpu"),
        LayerPlan("b", FrameSet("1-2"), group="cpu"),
        LayerPlan("c", FrameSet("1-2"), group="cpu"),
    )
    job = make_job(*layers)
    asked = []

    ref = job.next_admitted(lambda layer: bool(asked.append(layer.name)) or layer.group == "cpu")

    assert ref == job.ref("b", 1)
    assert asked == ["a", "b"]


def test_changed_needs_count_for_the_frames_that_wait():
    job = make_job(LayerPlan("a", FrameSet("1-2"), group="small"))

    job.change_layer("a", group="big", memory_kb=99)

    assert job.next_admitted(lambda layer: layer.group == "small") is None
    assert job.next_admitted(lambda layer: layer.memory_kb == 99) == 0


def test_frame_that_was_lost_again_and_again_keeps_its_tries():
    job = make_job(LayerPlan("a", FrameSet("1")))
    for _ in range(10):
        job.start(0)
        job.finish(0, FrameEnd(ended_by=EndedBy.LOST_HOST))

    assert (job.state(0), job.tries(0)) == (S.WAITING, 0)


def test_frame_that_has_outgrown_its_memory_is_tried_again():
    job = make_job(LayerPlan("a", FrameSet("1")))
    job.start(0)

    state = job.finish(0, FrameEnd(33, ended_by=EndedBy.MEMORY))

    assert state is S.WAITING


@pytest.mark.parametrize(
    ("type", "any_frame", "after_one", "after_all"),
    [
        ("LAYER_ON_LAYER", False, False, True),
        ("LAYER_ON_LAYER", True, True, True),
        ("FRAME_BY_FRAME", False, False, True),
    ],
    ids=["layer", "any", "frames"],
)
def test_dependency_tells_when_it_is_met(type: str, any_frame: bool, after_one: bool, after_all: bool):
    job = two_layers(type, any_frame)

    run(job, job.ref("model", 1))
    first = job.is_met(0)
    run(job, job.ref("model", 2))
    run(job, job.ref("model", 3))

    assert (first, job.is_met(0)) == (after_one, after_all)
