# SPDX-License-Identifier: Apache-2.0
"""What happens to frames whose world changes while they run or wait."""

from __future__ import annotations

import pytest

from outline.frame_end import FrameEnd
from outline.scheduler import DependPlan, IllegalMove
from tests.scheduling import BAD, GOOD, LOST, TIMED_OUT, S, job, layer, names_of, run, run_all


def test_posts_run_although_a_layer_that_they_wait_for_has_failed() -> None:
    depends = (DependPlan("post", "a", "LAYER_ON_LAYER"), DependPlan("last", "post", "LAYER_ON_LAYER"))
    layers = (layer("a", "1"), layer("post", "1", type="Post"), layer("last", "1", type="Post"))
    state = job(*layers, depends=depends, max_retries=0)
    run(state, 0, BAD)

    state.release_posts()

    assert run_all(state) == ["0001-post", "0001-last"]


@pytest.mark.parametrize("exit", [GOOD, BAD, TIMED_OUT, LOST], ids=str)
def test_a_frame_that_is_eaten_while_it_runs_stays_eaten(exit: FrameEnd) -> None:
    state = job(layer("a", "1"), max_retries=0)
    state.start(0)
    state.eat(0)
    before = state.is_over

    assert state.finish(0, exit) is S.EATEN
    assert (before, state.is_over) == (False, True)


@pytest.mark.parametrize("exit", [GOOD, BAD], ids=["ends well", "fails"])
def test_a_frame_that_is_retried_while_it_runs_starts_again_when_its_process_is_gone(exit: FrameEnd) -> None:
    state = job(layer("a", "1"), max_retries=0)
    state.start(0)
    state.retry(0)
    before = state.state(0)

    after = state.finish(0, exit)

    assert (before, after, state.tries(0)) == (S.RUNNING, S.WAITING, 0)


def test_a_frame_that_is_eaten_and_retried_never_runs_twice_at_once() -> None:
    state = job(layer("a", "1"))
    state.start(0)
    state.eat(0)
    state.retry(0)
    before = state.next_ready(8, 0)

    state.finish(0, FrameEnd(143, 15))

    assert (before, state.next_ready(8, 0)) == (None, 0)


def test_eating_a_running_frame_calls_an_earlier_retry_off() -> None:
    state = job(layer("a", "1"))
    state.start(0)
    state.retry(0)
    state.eat(0)

    assert state.finish(0, BAD) is S.EATEN


def test_the_end_of_a_frame_that_never_ran_is_refused() -> None:
    state = job(layer("a", "1"))
    state.eat(0)

    with pytest.raises(IllegalMove, match="frame 0001-a is EATEN and cannot be EXITED_BAD"):
        state.finish(0, BAD)


def test_a_lost_host_costs_no_try() -> None:
    state = job(layer("a", "1"), max_retries=1)
    outcomes = [run(state, 0, exit) for exit in (LOST, BAD, LOST, BAD)]

    assert outcomes == [S.WAITING, S.WAITING, S.WAITING, S.DEAD]
    assert state.tries(0) == 2


def test_asking_alone_spends_no_patience() -> None:
    state = job(layer("big", "1", cores=2.0), layer("small", "1-9"))
    state.start(state.frames.ref("small", 9))

    asked = {state.next_ready(1, 0) for _ in range(500)}

    assert asked == {state.frames.ref("small", 1)}


def test_a_frame_larger_than_the_machine_holds_nothing_back() -> None:
    state = job(layer("huge", "1", cores=64.0), layer("small", "1-200"))
    ran = 0
    while (ref := state.next_ready(2, 0)) is not None:
        run(state, ref)
        ran += 1

    assert ran == 200


def test_frames_that_were_passed_hold_no_post_back_after_an_early_stop() -> None:
    state = job(layer("big", "1", cores=2.0), layer("small", "1-60"), layer("post", "1", type="Post"))
    state.start(state.frames.ref("small", 60))
    while (ref := state.next_ready(1, 0)) is not None:
        run(state, ref)
    state.release_posts()

    assert state.next_ready(1, 0) is None
    assert state.next_ready(1, 0, only_posts=True) == state.frames.ref("post", 1)


def test_interleaved_chunks_wait_for_their_own_frames_of_a_layer_without_chunks() -> None:
    # OpenCue#1448
    state = job(
        layer("a", "1001-1200:10"), layer("b", "1001-1200:10", 3), depends=(DependPlan("b", "a", "FRAME_BY_FRAME"),)
    )
    ref = state.frames.refs("b")[1]
    mine = list(state.frames.members(ref))

    released = []
    for frame in mine:
        released.append(state.state(ref))
        run(state, state.frames.ref("a", frame))

    assert released == [S.DEPEND] * 3
    assert state.state(ref) is S.WAITING
    assert names_of(state, S.WAITING).count(state.frames.name(ref)) == 1


def test_only_frames_that_may_start_can_be_started() -> None:
    state = job(layer("a", "1"), layer("b", "1"), depends=(DependPlan("b", "a", "FRAME_BY_FRAME"),))

    with pytest.raises(IllegalMove, match="frame 0001-b is DEPEND and cannot be STARTED"):
        state.start(1)


def test_a_frame_that_begins_no_chunk_is_unknown() -> None:
    state = job(layer("a", "1-4", 2))

    with pytest.raises(KeyError, match="'a', 2"):
        state.frames.ref("a", 2)
