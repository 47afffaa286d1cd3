# SPDX-License-Identifier: Apache-2.0
"""A job that is held, reordered and changed while it runs."""

from __future__ import annotations

import pytest

from outline.frame_end import EndedBy, FrameEnd
from outline.frames import FrameSet
from outline.scheduler import FrameState, JobPlan, JobState, LayerPlan, Move

S = FrameState


def make_job(
    *layers: LayerPlan, max_retries: int = 0, keeps_tries: bool = False, moves: list[Move] | None = None
) -> JobState:
    layers = layers or (LayerPlan("model", FrameSet("1-3")), LayerPlan("comp", FrameSet("1-3")))
    plan = JobPlan("job", layers, (), max_retries)
    return JobState(
        plan,
        max_losses=None,
        moved=moves.append if moves is not None else None,
        finished_wait_again=True,
        keeps_tries=keeps_tries,
    )


def run(job: JobState, ref: int, status: int = 0) -> FrameState:
    job.start(ref)
    return job.finish(ref, FrameEnd(status))


def states(job: JobState, layer: str) -> list[FrameState]:
    return [job.state(ref) for ref in job.frames.refs(layer)]


def test_held_layer_depends_until_the_last_hold_is_taken_back():
    job = make_job()
    job.hold_layer("model")
    job.hold_layer("model")

    job.hold_layer("model", -1)
    once = states(job, "model")
    job.hold_layer("model", -1)

    assert once == [S.DEPEND] * 3
    assert states(job, "model") == [S.WAITING] * 3


def test_held_frame_depends_and_lets_the_others_start():
    job = make_job(LayerPlan("model", FrameSet("1-3")))

    job.hold_frames([job.frames.ref("model", 1)])

    assert states(job, "model") == [S.DEPEND, S.WAITING, S.WAITING]
    assert job.ready.first_admitted(lambda layer: True) == job.frames.ref("model", 2)


@pytest.mark.parametrize(
    ("status", "held", "released"),
    [(0, S.DEPEND, S.WAITING), (1, S.DEPEND, S.WAITING)],
    ids=["succeeded", "dead"],
)
def test_frame_that_has_ended_runs_again_when_it_was_held(status: int, held: FrameState, released: FrameState):
    job = make_job()
    run(job, 0, status)

    job.hold_frames([0])
    while_held = job.state(0)
    job.hold_frames([0], -1)

    assert (while_held, job.state(0)) == (held, released)


def test_frame_that_was_held_while_it_ran_succeeds_and_then_runs_again():
    moves: list[Move] = []
    job = make_job(moves=moves)
    job.start(0)
    job.hold_frames([0])
    moves.clear()

    state = job.finish(0, FrameEnd(0))

    assert state is S.DEPEND
    assert moves == [(0, S.RUNNING, S.SUCCEEDED), (0, S.SUCCEEDED, S.DEPEND)]


def test_eaten_frame_stays_eaten_when_it_is_held_and_depends_when_it_is_retried():
    job = make_job()
    job.eat(0)
    job.hold_frames([0])
    while_eaten = job.state(0)

    job.retry(0)

    assert (while_eaten, job.state(0)) == (S.EATEN, S.DEPEND)


def test_every_move_is_told_once_in_its_order():
    moves: list[Move] = []
    job = make_job(LayerPlan("model", FrameSet("1-2")), moves=moves)

    job.hold_layer("model")
    job.eat(1)

    assert moves == [(0, S.WAITING, S.DEPEND), (1, S.WAITING, S.DEPEND), (1, S.DEPEND, S.EATEN)]


def test_frame_that_keeps_its_tries_is_dead_at_its_next_failure():
    job = make_job(max_retries=1, keeps_tries=True)
    run(job, 0, 1)
    run(job, 0, 1)

    job.retry(0)

    assert run(job, 0, 1) is S.DEAD


def test_freed_frame_starts_whatever_it_waits_for_until_that_is_taken_back():
    job = make_job()
    job.hold_layer("comp")

    job.free([job.frames.ref("comp", 2)])
    freed = states(job, "comp")
    job.bind(list(job.waits.freed))

    assert freed == [S.DEPEND, S.WAITING, S.DEPEND]
    assert states(job, "comp") == [S.DEPEND] * 3


def test_reordered_layer_starts_in_its_new_order():
    job = make_job(LayerPlan("model", FrameSet("1-4")))
    job.ready.reorder("model", list(reversed(job.frames.refs("model"))))

    started = []
    while (ref := job.ready.first_admitted(lambda layer: True)) is not None:
        job.start(ref)
        started.append(job.frames.number(ref))

    assert started == [4, 3, 2, 1]
    assert [job.ready.rank(ref) for ref in job.frames.refs("model")] == [3, 2, 1, 0]


def test_layers_are_admitted_by_their_needs_and_asked_once_for_all_that_are_alike():
    layers = (
        LayerPlan("a", FrameSet("1-2"), group="gpu"),
        LayerPlan("b", FrameSet("1-2"), group="cpu"),
        LayerPlan("c", FrameSet("1-2"), group="cpu"),
    )
    job = make_job(*layers)
    asked = []

    ref = job.ready.first_admitted(lambda layer: bool(asked.append(layer.name)) or layer.group == "cpu")

    assert ref == job.frames.ref("b", 1)
    assert asked == ["a", "b"]


def test_changed_needs_count_for_the_frames_that_wait():
    job = make_job(LayerPlan("a", FrameSet("1-2"), group="small"))

    job.change("a", group="big", memory_kb=99)

    assert job.ready.first_admitted(lambda layer: layer.group == "small") is None
    assert job.ready.first_admitted(lambda layer: layer.memory_kb == 99) == 0


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
