# SPDX-License-Identifier: Apache-2.0
"""How many frames run together, for layers whose chunk is a length of time, and how many a worker has ahead."""

from __future__ import annotations

import pytest

from outline.exception import LayerException
from outline.frame_end import EndedBy, FrameEnd
from outline.layer.ranges import chunk_seconds, chunk_size
from outline.scheduler import LayerPlan
from outline.scheduler.sizing import Portions
from tests.scheduling import BAD, GOOD, S, job, layer, run


def note(portions: Portions, plan: LayerPlan, seconds: float | None) -> None:
    if seconds is not None:
        portions.note(plan, seconds)


@pytest.mark.parametrize(
    ("frame_seconds", "waiting", "slots", "expected"),
    [
        pytest.param(None, 1000, 4, 1, id="nothing is measured yet"),
        pytest.param(6.0, 1000, 4, 100, id="as many as fill the time"),
        pytest.param(0.0, 1000, 4, 250, id="frames that take no time"),
        pytest.param(6.0, 40, 4, 10, id="a fair share of what is left"),
        pytest.param(6.0, 41, 4, 11, id="a fair share is rounded up"),
        pytest.param(6.0, 3, 0, 3, id="a layer of a whole machine"),
        pytest.param(700.0, 1000, 4, 1, id="a frame that takes longer than a chunk"),
    ],
)
def test_a_process_takes_what_fills_its_time_but_no_more_than_its_share(
    frame_seconds: float | None, waiting: int, slots: int, expected: int
) -> None:
    portions, plan = Portions(), layer("a", chunk_seconds=600)
    note(portions, plan, frame_seconds)

    assert portions.batch(plan, 600, waiting, slots) == expected


def test_the_size_settles_where_start_and_frames_fill_the_time() -> None:
    start, frame, target = 60.0, 1.0, 600.0
    portions, plan, size = Portions(), layer("a", chunk_seconds=target), 1

    for _ in range(30):
        portions.note(plan, (start + frame * size) / size)
        size = portions.batch(plan, target, 100_000, 1)

    assert 500 <= size <= 540


@pytest.mark.parametrize(
    ("frame_seconds", "waiting", "queued", "expected"),
    [
        pytest.param(None, 1000, 0, 1, id="nothing is measured yet"),
        pytest.param(0.002, 1000, 0, 10, id="as many as take 20 ms"),
        pytest.param(0.002, 1000, 5, 5, id="what is missing of them"),
        pytest.param(0.002, 1000, 6, 0, id="more than half is there"),
        pytest.param(0.002, 16, 0, 4, id="half of its share"),
        pytest.param(60.0, 1000, 0, 1, id="one long frame"),
        pytest.param(60.0, 1000, 1, 0, id="one long frame is there"),
        pytest.param(0.002, 2, 0, 0, id="others are idle soon"),
    ],
)
def test_a_worker_has_short_frames_ahead(frame_seconds: float | None, waiting: int, queued: int, expected: int) -> None:
    portions, plan = Portions(), layer("a")
    note(portions, plan, frame_seconds)

    assert portions.ahead(plan, waiting, 2, queued) == expected


@pytest.mark.parametrize(
    ("chunk", "seconds"),
    [("10m", 600), ("90s", 90), ("1.5h", 5400), ("10", 0), (10, 0), ("m", 0), ("-1m", 0), (None, 0)],
)
def test_a_chunk_may_be_a_length_of_time(chunk: object, seconds: float) -> None:
    assert chunk_seconds(chunk) == seconds


@pytest.mark.parametrize("chunk", ["10 minutes", "m", "-1m", "0m", 0])
def test_a_chunk_that_is_neither_number_nor_time_is_refused(chunk: object) -> None:
    with pytest.raises(LayerException, match="chunk must be 1 or more, or a time such as '10m'"):
        chunk_size(chunk, "layer 'a'")


def test_only_frames_in_a_row_that_were_never_tried_run_together() -> None:
    state = job(layer("a", "1-8"), layer("b"))
    run(state, 4, BAD)

    assert state.more_ready(0, 3) == [0, 1, 2]
    assert state.more_ready(0, 99) == [0, 1, 2, 3]
    assert state.more_ready(4, 99) == [4]
    assert state.more_ready(6, 99) == [6, 7]


def test_a_frame_is_not_to_blame_for_others_and_runs_alone_after_that() -> None:
    state = job(layer("a", "1-2"), max_retries=0)

    assert run(state, 0, FrameEnd(1, ended_by=EndedBy.BATCH)) is S.WAITING
    assert state.tries(0) == 0
    assert state.more_ready(0, 2) == [0]
    assert run(state, 0, GOOD) is S.SUCCEEDED
