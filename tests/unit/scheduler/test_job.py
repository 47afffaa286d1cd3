# SPDX-License-Identifier: Apache-2.0
"""What may start, what an exit means, and who is released by it."""

from __future__ import annotations

import pytest

from outline.frame_end import EndedBy, FrameEnd
from outline.scheduler import DependPlan, FrameState, IllegalMove, JobPlan, JobState
from tests.scheduling import BAD, GOOD, LOST, S, job, layer, names_of, run, run_all


def test_frames_are_the_heads_of_chunks_in_range_order() -> None:
    state = job(layer("a", "10-1x-3,99", 2))

    assert [state.frames.name(ref) for ref in state.frames] == ["0010-a", "0004-a", "0099-a"]
    assert [list(state.frames.members(ref)) for ref in state.frames] == [[10, 7], [4, 1], [99]]
    assert state.frames.ref("a", 4) == 1


def test_the_order_is_first_frames_of_all_layers_then_second_ones() -> None:
    assert run_all(job(layer("a", "1-2"), layer("b", "7-8"))) == ["0001-a", "0007-b", "0002-a", "0008-b"]


def test_a_bad_exit_is_tried_again_until_the_retries_are_spent() -> None:
    state = job(layer("a"), max_retries=2)

    assert [run(state, 0, BAD) for _ in range(3)] == [S.WAITING, S.WAITING, S.DEAD]
    assert state.tries(0) == 3


@pytest.mark.parametrize(
    ("exit", "expected"),
    [
        (FrameEnd(137, 9), S.DEAD),
        (FrameEnd(33), S.DEAD),
        (FrameEnd(143, 15, ended_by=EndedBy.TIME_LIMIT), S.DEAD),
        (FrameEnd(0, ended_by=EndedBy.TIME_LIMIT), S.DEAD),
        (FrameEnd(286), S.WAITING),
        (FrameEnd(1, ended_by=EndedBy.LOST_HOST), S.WAITING),
    ],
    ids=["killed", "out of memory", "timed out", "timed out but exit 0", "skip retry", "host lost"],
)
def test_exits_without_retries_left(exit: FrameEnd, expected: FrameState) -> None:
    assert run(job(layer("a"), max_retries=0), 0, exit) is expected


@pytest.mark.parametrize("ended_by", [EndedBy.TIME_LIMIT, EndedBy.NOTHING_TO_RUN])
def test_a_time_limit_and_a_hopeless_exit_are_not_tried_again(ended_by: EndedBy) -> None:
    assert run(job(layer("a"), max_retries=5), 0, FrameEnd(127, ended_by=ended_by)) is S.DEAD


def test_a_lost_host_costs_no_try_but_not_for_ever() -> None:
    state = job(layer("a"), max_retries=0)

    assert [run(state, 0, FrameEnd(ended_by=EndedBy.LOST_HOST)) for _ in range(3)] == [S.WAITING, S.WAITING, S.DEAD]


@pytest.mark.parametrize("where", ["job", "layer"])
def test_autoeat_eats_at_the_first_failure(where: str) -> None:
    state = job(layer("a", autoeat=where == "layer"), autoeat=where == "job", max_retries=5)

    assert run(state, 0, BAD) is S.EATEN


@pytest.mark.parametrize(
    ("exit", "expected"),
    [
        (BAD, [S.WAITING, S.WAITING, S.EATEN]),
        (FrameEnd(143, 15, ended_by=EndedBy.TIME_LIMIT), [S.EATEN]),
        (LOST, [S.WAITING, S.WAITING, S.DEAD]),
    ],
    ids=["failed", "timed out", "host lost"],
)
def test_errors_are_ignored_once_the_retries_are_spent(exit: FrameEnd, expected: list[FrameState]) -> None:
    state = job(layer("a", ignore_errors=True), max_retries=2)

    assert [run(state, 0, exit) for _ in expected] == expected


def test_dead_frames_leave_their_dependents_and_everything_else_runs_on() -> None:
    state = job(layer("a"), layer("b"), depends=(DependPlan("b", "a", "FRAME_BY_FRAME"),), max_retries=0)
    run(state, state.frames.ref("a", 2), BAD)

    order = run_all(state)

    assert order == ["0001-a", "0001-b", "0003-a", "0003-b", "0004-a", "0004-b"]
    assert names_of(state, S.DEPEND) == ["0002-b"]
    assert state.is_over
    assert not state.succeeded


def test_a_layer_may_wait_for_its_own_previous_frame() -> None:
    state = job(layer("sim", "1-6", 2), depends=(DependPlan("sim", "sim", "PREVIOUS_FRAME"),))

    assert names_of(state, S.WAITING) == ["0001-sim"]
    assert run_all(state) == ["0001-sim", "0003-sim", "0005-sim"]


def test_posts_wait_until_they_are_released() -> None:
    state = job(layer("post", "1", type="Post"), layer("a", "1"))

    assert run_all(state) == ["0001-a"]
    assert not state.succeeded
    state.release_posts()
    assert run_all(state) == ["0001-post"]
    assert state.succeeded


def test_only_posts_leaves_the_others_alone() -> None:
    state = job(layer("a", "1-3"), layer("post", "1", type="Post"))
    state.release_posts()

    ref = state.next_ready(8, 0, only_posts=True)

    assert ref is not None
    assert state.frames.name(ref) == "0001-post"


def test_frames_need_room_and_smaller_ones_may_pass() -> None:
    state = job(layer("big", "1-2", cores=4.0), layer("mem", "1-2", memory_kb=100), layer("small", "1-9"))

    ref = state.next_ready(1, 50)

    assert ref is not None
    assert state.frames.name(ref) == "0001-small"
    assert state.next_ready(0.5, 50) is None


def test_a_big_frame_does_not_starve() -> None:
    state = job(layer("big", "1", cores=2.0), layer("small", "1-500"))
    running = [state.frames.ref("small", 500)]
    state.start(running[0])
    passed = 0
    while (ref := state.next_ready(1, 0)) is not None:
        run(state, ref)
        passed += 1

    assert passed < 100
    assert state.state(state.frames.ref("big", 1)) is S.WAITING
    assert state.next_ready(2, 0) == state.frames.ref("big", 1)


def test_retry_makes_dependents_wait_again() -> None:
    depends = (DependPlan("b", "a", "FRAME_BY_FRAME"), DependPlan("c", "a", "LAYER_ON_LAYER"))
    state = job(layer("a", "1-2"), layer("b", "1-2"), layer("c", "1"), depends=depends)
    run(state, 0)
    run(state, 1)

    state.retry(0)

    assert (state.state(0), state.tries(0)) == (S.WAITING, 0)
    assert names_of(state, S.DEPEND) == ["0001-b", "0001-c"]
    assert len(run_all(state)) == 4
    assert state.succeeded


def test_an_illegal_move_says_who_and_what() -> None:
    state = job(layer("a"))

    with pytest.raises(IllegalMove, match="frame 0001-a is WAITING and cannot be EXITED_GOOD"):
        state.finish(0, GOOD)


def test_resources_are_cut_to_the_machine() -> None:
    layers = tuple(layer(str(cores), cores=cores, memory_kb=900) for cores in (0.5, 0.0, -1.0, 2.0, 64.0, -64.0))

    plan = JobPlan("job", layers).fitted(8.0, 500)

    assert [one.cores for one in plan.layers] == [0.5, 8.0, 7.0, 2.0, 8.0, 1.0]
    assert {one.memory_kb for one in plan.layers} == {500}


def test_ranges_and_counts_are_by_state() -> None:
    state = job(layer("a", "1-10"), max_retries=0)
    for frame in range(1, 8):
        run(state, state.frames.ref("a", frame), BAD if frame == 3 else GOOD)

    assert str(state.ranges("a")[S.SUCCEEDED]) == "1-2,4-7"
    assert str(state.ranges("a")[S.DEAD]) == "3"
    assert state.counts("a") == state.counts()
    assert state.counts()[S.WAITING] == 3


def test_a_timed_out_frame_is_tried_again_with_growing_limits_where_that_was_asked_for() -> None:
    plan = layer("a")._replace(timeout_seconds=10.0, timeout_llu_seconds=None, timeout_retry=2.0)
    state = job(plan, max_retries=1)
    out_of_time = FrameEnd(143, 15, ended_by=EndedBy.TIME_LIMIT)

    assert [run(state, 0, out_of_time) for _ in range(2)] == [S.WAITING, S.DEAD]
    assert [plan.time_limits(tries) for tries in (1, 2, 3)] == [(10.0, None), (20.0, None), (40.0, None)]
    assert layer("b")._replace(timeout_seconds=10.0).time_limits(3) == (10.0, None)


DELAYED = layer("a", "1-2", retry_delay_seconds=60.0)


def fail(state: JobState, ref: int, now: float) -> FrameState:
    """Let a frame start and fail at a time."""
    state.start(ref)
    return state.finish(ref, BAD, now)


def test_a_frame_that_failed_is_not_tried_again_before_its_time() -> None:
    state = job(DELAYED)

    after = fail(state, 0, now=100.0)
    state.ready.wake(159.0)
    early = run_all(state)
    still_waits = (state.next_ready(100, 10**9), state.ready.wakes_at, state.is_over)
    state.ready.wake(160.0)

    assert after is S.WAITING
    assert early == ["0002-a"]
    assert still_waits == (None, 160.0, False)
    assert run_all(state) == ["0001-a"]
    assert state.ready.wakes_at is None


def test_frames_wait_for_the_time_of_each() -> None:
    state = job(DELAYED)
    fail(state, 0, now=100.0)
    fail(state, 1, now=90.0)

    state.ready.wake(150.0)

    assert run_all(state) == ["0002-a"]
    assert state.ready.wakes_at == 160.0


def test_a_lost_frame_is_tried_again_at_once() -> None:
    state = job(DELAYED)
    state.start(0)
    state.finish(0, LOST, 100.0)

    assert run_all(state) == ["0001-a", "0002-a"]


def test_the_last_try_leaves_nobody_waiting_for_a_time() -> None:
    state = job(DELAYED, max_retries=0)

    after = fail(state, 0, now=100.0)

    assert after is S.DEAD
    assert state.ready.wakes_at is None


def test_a_frame_that_is_eaten_waits_for_no_time() -> None:
    state = job(DELAYED)
    fail(state, 0, now=100.0)

    state.eat(0)

    assert state.ready.wakes_at is None
    assert run_all(state) == ["0002-a"]


def test_a_delay_outlasts_a_new_order_of_the_queue() -> None:
    state = job(DELAYED)
    fail(state, 0, now=100.0)

    state.settle()

    assert run_all(state) == ["0002-a"]
    state.ready.wake(160.0)
    assert run_all(state) == ["0001-a"]


def test_a_reserved_frame_is_offered_to_nobody_until_it_is_given_back():
    state = job(layer("a", "1-3"))
    state.ready.reserve(0)

    assert (state.waiting, state.next_ready(1, 0), state.state(0), state.ready.wakes_at) == (3, 1, S.WAITING, None)
    state.ready.wake(float("inf"))
    assert state.next_ready(1, 0) == 1
    state.ready.release(0)
    assert (state.waiting, state.next_ready(1, 0)) == (3, 0)
    state.ready.reserve(0)
    state.start(0)
    assert (state.waiting, state.state(0)) == (2, S.RUNNING)
