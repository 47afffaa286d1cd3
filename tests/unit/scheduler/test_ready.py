# SPDX-License-Identifier: Apache-2.0
"""The frames that may start: their order, and those that are kept back for a while."""

from __future__ import annotations

import pytest

from outline.frames import FrameSet
from outline.scheduler.job_frames import JobFrames
from outline.scheduler.plan import LayerPlan
from outline.scheduler.ready import ReadyQueue

_WAITING, _RUNNING = 0, 1


class Queue:
    """A queue of two layers of three frames, which all wait."""

    def __init__(self) -> None:
        layers = [LayerPlan(name, FrameSet("1-3")) for name in ("model", "comp")]
        self.states = bytearray(6)
        self.ready = ReadyQueue(JobFrames(layers), self.states, _WAITING)
        self.ready.fill(layers)

    def start_all(self) -> list[int]:
        """Start what may start, and return it in this order."""
        started = []
        while (ref := self.ready.first_admitted(lambda layer: True)) is not None:
            self.states[ref] = _RUNNING
            self.ready.started(ref)
            started.append(ref)
        return started


@pytest.fixture
def queue() -> Queue:
    """Return a queue of frames that wait."""
    return Queue()


def test_first_frames_of_all_layers_come_before_second_ones(queue: Queue):
    assert queue.start_all() == [0, 3, 1, 4, 2, 5]


def test_layers_whose_needs_have_become_different_are_admitted_apart(queue: Queue):
    queue.start_all()
    queue.states[:] = bytes(6)

    queue.ready.fill([LayerPlan("model", FrameSet("1-3"), cores=4), LayerPlan("comp", FrameSet("1-3"))])

    assert queue.ready.first_admitted(lambda layer: layer.cores < 4) == 3


def test_layer_starts_in_the_order_that_somebody_gave_it(queue: Queue):
    queue.ready.reorder("model", [2, 0, 1])

    assert (queue.ready.order("model"), [queue.ready.rank(ref) for ref in (0, 1, 2)]) == ([2, 0, 1], [1, 2, 0])
    assert queue.start_all() == [2, 3, 0, 4, 1, 5]


def test_delayed_frame_starts_after_its_time(queue: Queue):
    queue.ready.delay(0, 10.0)

    early = queue.start_all()
    queue.ready.wake(9.0)
    wakes_at = queue.ready.wakes_at
    queue.ready.wake(10.0)

    assert (early, wakes_at) == ([3, 1, 4, 2, 5], 10.0)
    assert (queue.start_all(), queue.ready.wakes_at) == ([0], None)


def test_reserved_frame_starts_when_it_is_released_and_at_no_time(queue: Queue):
    queue.ready.reserve(0)

    early = queue.start_all()
    queue.ready.wake(float("inf"))

    assert (early, queue.ready.wakes_at, queue.ready.may_start(0)) == ([3, 1, 4, 2, 5], None, False)
    queue.ready.release(0)
    assert queue.start_all() == [0]


def test_frame_that_waits_no_more_is_not_offered_when_it_is_released(queue: Queue):
    queue.ready.reserve(0)
    queue.start_all()
    queue.states[0] = _RUNNING

    queue.ready.release(0)

    assert queue.start_all() == []
