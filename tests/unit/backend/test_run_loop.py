# SPDX-License-Identifier: Apache-2.0
"""The run loop with workers that a test plays: who gets which frame, and what becomes of those handed ahead."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outline import FrameSet
from outline.backend.local.dispatch import RunLoop
from outline.backend.local.journal import JobRecord, Journal, RunEnd
from outline.backend.local.limits import Limits
from outline.backend.local.log import FrameLog
from outline.frame_end import EndedBy, FrameEnd
from outline.scheduler import FrameState, JobPlan, JobState, LayerPlan
from outline.session_paths import SessionPaths
from tests.fakes.workers import FakeRunner

S = FrameState


class Run:
    """A run loop in this thread, and a script that plays its workers in another one."""

    def __init__(self, folder: Path, *layers: LayerPlan, cores: float, runs_ahead: bool = True, **options: Any) -> None:
        self.runner = FakeRunner(runs_ahead=runs_ahead)
        self.paths = SessionPaths(str(folder))
        self.journal = Journal(self.paths)
        self.job = JobState(JobPlan("job", layers, max_retries=options.pop("max_retries", 0)))
        limits = Limits(cores, 1000, options.pop("grace_seconds", 10.0))
        record = JobRecord(self.job, "id", str(folder))
        self.loop = RunLoop(record, self.journal, self.runner, limits, **options)  # type: ignore[arg-type]

    def play(self, script: Callable[[FakeRunner], None]) -> RunEnd:
        """Run the job to its end, with workers that do what the script says; give why it ended."""
        errors: list[BaseException] = []

        def follow() -> None:
            try:
                script(self.runner)
            except BaseException as error:
                errors.append(error)
                self.runner.fail()

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            return self.loop()
        finally:
            thread.join()
            self.runner.fail()
            self.journal.close()
            for error in errors:
                raise error

    def log(self, frame: str, end: FrameEnd | None = None) -> None:
        """Make the log of a first attempt at a frame, with its end if it has one."""
        os.makedirs(self.paths.logs, exist_ok=True)
        log = FrameLog(self.paths.log("job", frame))
        if end is not None:
            log.end(end)

    def starts(self) -> list[list[Any]]:
        """Frame and attempt of each start in the journal."""
        lines = map(json.loads, Path(self.paths.journal).read_text().splitlines())
        return [[line["frame"], line["try"]] for line in lines if line["e"] == "start"]

    def counts(self) -> dict[FrameState, int]:
        return {state: count for state, count in self.job.counts().items() if count}


def layer(frames: str, name: str = "a", **more: Any) -> LayerPlan:
    return LayerPlan(name, FrameSet(frames), **more)


def finish(worker: Any, *words: list[Any]) -> None:
    """Run the frames that a worker is told to, each to a good end."""
    for word in words:
        assert worker.told() == word
        worker.end()


def test_a_worker_gets_one_frame_ahead_which_is_noted_as_it_begins(tmp_path: Path):
    run = Run(tmp_path, layer("1-4"), cores=1)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert worker.told() == ["run", "a", 1, 1]
        assert worker.told() == ["run", "a", 2, 1]
        assert worker.hears_nothing()
        assert run.starts() == [[1, 1]]
        assert run.counts() == {S.WAITING: 3, S.RUNNING: 1}
        worker.end()
        assert worker.told() == ["run", "a", 3, 1]
        assert run.starts() == [[1, 1], [2, 1]]
        worker.end()
        worker.end()
        finish(worker, ["run", "a", 4, 1])

    assert run.play(script) is RunEnd.DONE
    assert run.starts() == [[1, 1], [2, 1], [3, 1], [4, 1]]


def test_a_frame_waits_behind_another_only_while_more_wait_than_run(tmp_path: Path):
    run = Run(tmp_path, layer("1-4"), cores=2)

    def script(runner: FakeRunner) -> None:
        first, second = runner.worker(), runner.worker()
        assert first.told() == ["run", "a", 1, 1]
        assert second.told() == ["run", "a", 2, 1]
        assert first.hears_nothing()
        assert second.hears_nothing()
        second.end()
        finish(second, ["run", "a", 3, 1], ["run", "a", 4, 1])
        first.end()

    assert run.play(script) is RunEnd.DONE


def test_only_a_frame_with_the_same_needs_is_handed_ahead(tmp_path: Path):
    small, large = layer("1-3", "small", cores=1), layer("1-3", "large", cores=2)
    run = Run(tmp_path, small, large, cores=2)

    def script(runner: FakeRunner) -> None:
        first, second = runner.worker(), runner.worker()
        assert first.told() == ["run", "small", 1, 1]
        assert second.told() == ["run", "small", 2, 1]
        assert first.told() == ["run", "small", 3, 1]
        second.end()
        assert second.hears_nothing()
        first.end()
        first.end()
        for frame in (1, 2, 3):
            assert first.told() == ["run", "large", frame, 1]
            assert frame > 1 or first.told() == ["run", "large", 2, 1]
            first.end()
            if frame == 1:
                first.end()
                break
        finish(first, ["run", "large", 3, 1])

    assert run.play(script) is RunEnd.DONE


def test_a_frame_that_is_given_back_is_the_next_to_run(tmp_path: Path):
    run = Run(tmp_path, layer("1-7"), cores=2)

    def script(runner: FakeRunner) -> None:
        first, second = runner.worker(), runner.worker()
        assert [first.told(), first.told()] == [["run", "a", 1, 1], ["run", "a", 3, 1]]
        assert [second.told(), second.told()] == [["run", "a", 2, 1], ["run", "a", 4, 1]]
        first.give_back()
        second.end()
        assert second.told() == ["run", "a", 3, 1]
        second.end()
        second.end()
        finish(second, ["run", "a", 5, 1], ["run", "a", 6, 1], ["run", "a", 7, 1])
        first.end()

    assert run.play(script) is RunEnd.DONE
    assert run.starts() == [[frame, 1] for frame in (1, 2, 4, 3, 5, 6, 7)]


def test_a_worker_that_ends_a_frame_before_the_loop_saw_it_begin_still_gets_only_one_ahead(tmp_path: Path):
    run = Run(tmp_path, layer("1-6"), cores=1)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert [worker.told(), worker.told()] == [["run", "a", 1, 1], ["run", "a", 2, 1]]
        worker.end(frames=2)
        assert [worker.told(), worker.told()] == [["run", "a", 3, 1], ["run", "a", 4, 1]]
        assert worker.hears_nothing()
        worker.end()
        assert worker.told() == ["run", "a", 5, 1]
        worker.end()
        worker.end()
        finish(worker, ["run", "a", 6, 1])

    assert run.play(script) is RunEnd.DONE


def test_a_frame_that_a_dying_worker_had_not_begun_loses_no_try(tmp_path: Path):
    run = Run(tmp_path, layer("1-3"), cores=1, max_retries=1)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert [worker.told(), worker.told()] == [["run", "a", 1, 1], ["run", "a", 2, 1]]
        run.log("0001-a")
        worker.die()
        worker = runner.worker()
        assert [worker.told(), worker.told()] == [["run", "a", 1, 2], ["run", "a", 2, 1]]
        worker.end(frames=2)
        finish(worker, ["run", "a", 3, 1])

    assert run.play(script) is RunEnd.DONE
    assert run.starts() == [[1, 1], [1, 2], [2, 1], [3, 1]]


def test_what_a_dying_worker_had_not_told_is_in_the_logs(tmp_path: Path):
    run = Run(tmp_path, layer("1-3"), cores=1, max_retries=1)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert [worker.told(), worker.told()] == [["run", "a", 1, 1], ["run", "a", 2, 1]]
        run.log("0001-a", FrameEnd(0, seconds=0.5))
        worker.die()
        worker = runner.worker()
        finish(worker, ["run", "a", 2, 1], ["run", "a", 3, 1])

    assert run.play(script) is RunEnd.DONE


def test_short_frames_are_handed_over_many_at_once_and_the_last_ones_are_shared(tmp_path: Path):
    run = Run(tmp_path, layer("1-20"), cores=1)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert [worker.told()[2], worker.told()[2]] == [1, 2]
        worker.end(seconds=0.001)
        last = 2
        while last < 19:
            *_, last, attempt = numbers = worker.told()[1:]
            assert attempt == 1
            counts.append(len(numbers) // 3)
            worker.end(frames=counts[-1], seconds=0.001)
        worker.end(seconds=0.001)
        finish(worker, ["run", "a", 20, 1])

    counts: list[int] = []
    assert run.play(script) is RunEnd.DONE
    assert counts == [9, 4, 2, 1, 1]


@pytest.mark.parametrize("has_begun", [False, True], ids=["given-back", "begun-meanwhile"])
@pytest.mark.parametrize("how", ["Ctrl-C", "fail-fast"])
def test_a_job_that_is_stopped_leaves_what_was_handed_ahead_as_if_never_started(
    tmp_path: Path, how: str, has_begun: bool
):
    run = Run(tmp_path, layer("1-9"), cores=2, fail_fast=how == "fail-fast")

    def script(runner: FakeRunner) -> None:
        first, second = runner.worker(), runner.worker()
        assert [first.told(), first.told()] == [["run", "a", 1, 1], ["run", "a", 3, 1]]
        assert [second.told(), second.told()] == [["run", "a", 2, 1], ["run", "a", 4, 1]]
        if how == "Ctrl-C":
            os.kill(os.getpid(), signal.SIGINT)
            assert first.told() == ["kill"]
            first.give_back()
            first.end(143, EndedBy.LAUNCHER)
        else:
            first.end(1)
            assert first.told() == ["kill"]
            first.end(143, EndedBy.LAUNCHER)
        assert second.told() == ["kill"]
        if has_begun:
            second.end()
        else:
            second.give_back()
        second.end(143, EndedBy.LAUNCHER)

    why = run.play(script)

    assert why is (RunEnd.INTERRUPTED if how == "Ctrl-C" else RunEnd.FAILED)
    over = {S.DEAD: int(how == "fail-fast"), S.SUCCEEDED: int(has_begun)}
    assert run.counts() == {
        S.WAITING: 9 - sum(over.values()),
        **{state: count for state, count in over.items() if count},
    }
    assert run.job.tries(run.job.frames.ref("a", 4)) == 0


def test_a_full_disk_takes_back_what_has_not_begun(tmp_path: Path):
    run = Run(tmp_path, layer("1-9"), cores=2)

    def script(runner: FakeRunner) -> None:
        first, second = runner.worker(), runner.worker()
        assert [first.told(), first.told()] == [["run", "a", 1, 1], ["run", "a", 3, 1]]
        assert [second.told(), second.told()] == [["run", "a", 2, 1], ["run", "a", 4, 1]]
        first.give_back()
        first.end(1, EndedBy.FULL_DISK)
        assert second.told() == ["back"]
        second.give_back()
        second.end()

    assert run.play(script) is RunEnd.FULL_DISK
    assert run.counts() == {S.WAITING: 8, S.SUCCEEDED: 1}
    assert run.starts() == [[1, 1], [2, 1]]


def test_what_a_worker_was_sent_before_it_told_of_a_full_disk_does_not_begin(tmp_path: Path):
    run = Run(tmp_path, layer("1-9"), cores=1)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert [worker.told(), worker.told()] == [["run", "a", 1, 1], ["run", "a", 2, 1]]
        worker.end(1, EndedBy.FULL_DISK)
        assert worker.told() == ["back"]
        worker.give_back()

    assert run.play(script) is RunEnd.FULL_DISK
    assert run.counts() == {S.WAITING: 9}
    assert run.starts() == [[1, 1]]


def test_a_worker_that_does_not_answer_loses_what_it_was_handed(tmp_path: Path):
    clock = Clock()
    run = Run(tmp_path, layer("1-9"), cores=1, clock=clock)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert [worker.told(), worker.told()] == [["run", "a", 1, 1], ["run", "a", 2, 1]]
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            assert worker.told() == ["kill"]
        clock.now += 60
        worker.wake()

    assert run.play(script) is RunEnd.INTERRUPTED
    assert run.counts() == {S.WAITING: 9}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_frame_that_failed_and_is_tried_again_may_be_handed_ahead(tmp_path: Path):
    run = Run(tmp_path, layer("1-4"), cores=1, max_retries=1)

    def script(runner: FakeRunner) -> None:
        worker = runner.worker()
        assert [worker.told(), worker.told()] == [["run", "a", 1, 1], ["run", "a", 2, 1]]
        worker.end(1)
        assert worker.told() == ["run", "a", 1, 2]
        worker.end()
        assert worker.told() == ["run", "a", 3, 1]
        worker.end()
        worker.end()
        finish(worker, ["run", "a", 4, 1])

    assert run.play(script) is RunEnd.DONE


def test_a_runner_with_a_queue_of_its_own_gets_nothing_ahead(tmp_path: Path):
    run = Run(tmp_path, layer("1-5"), cores=1, runs_ahead=False)

    def script(runner: FakeRunner) -> None:
        finish(runner.worker(), *(["run", "a", frame, 1] for frame in range(1, 6)))

    assert run.play(script) is RunEnd.DONE


def test_an_idle_worker_that_dies_is_not_asked_again(tmp_path: Path):
    later = layer("1", "later", cores=2)
    run = Run(tmp_path, layer("1-2"), later, cores=2)

    def script(runner: FakeRunner) -> None:
        first, second = runner.worker(), runner.worker()
        assert first.told()[0] == second.told()[0] == "run"
        second.end()
        assert second.hears_nothing()
        second.die()
        assert first.hears_nothing()
        first.end()
        finish(first, ["run", "later", 1, 1])

    assert run.play(script) is RunEnd.DONE
