# SPDX-License-Identifier: Apache-2.0
"""The thread pool does everything it was given and hides no error."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from outline.executor import TaskExecutor


@pytest.fixture
def executor() -> Iterator[TaskExecutor]:
    executor = TaskExecutor(2)
    yield executor
    executor.close()


def divide(dividend: int, divisor: int) -> float:
    return dividend / divisor


def test_wait_returns_when_every_call_is_done(executor: TaskExecutor):
    done: list[int] = []
    executor.execute(done.append, 1)
    executor.execute(done.append, 2)
    executor.execute(done.append, 3)

    executor.wait()

    assert sorted(done) == [1, 2, 3]


def test_calls_run_beside_one_another(executor: TaskExecutor):
    meeting = threading.Barrier(2, timeout=100)

    executor.execute(meeting.wait)
    executor.execute(meeting.wait)
    executor.wait()

    assert not meeting.broken


def test_wait_raises_the_first_error_after_all_work_is_done(
    executor: TaskExecutor, caplog: pytest.LogCaptureFixture
):  # fault 7
    done: list[int] = []
    executor.execute(divide, 1, 0)
    executor.execute(done.append, 1)

    with pytest.raises(ZeroDivisionError):
        executor.wait()

    assert done == [1]
    assert caplog.messages == ["divide failed in a thread"]
    assert caplog.records[0].exc_info is not None


def test_an_error_is_raised_once(executor: TaskExecutor):
    executor.execute(divide, 1, 0)
    with pytest.raises(ZeroDivisionError):
        executor.wait()

    executor.wait()


def test_an_exit_in_a_call_does_not_hang_the_wait():
    executor = TaskExecutor(1)
    executor.execute(sys.exit, 3)

    with pytest.raises(SystemExit):
        executor.wait()

    executor.close()


def test_an_executor_without_threads_is_refused():
    with pytest.raises(ValueError, match="at least 1 thread, not 0"):
        TaskExecutor(0)


def test_as_a_context_it_waits_and_ends_its_threads():
    before = threading.active_count()
    done: list[int] = []

    with TaskExecutor(3) as executor:
        executor.execute(done.append, 1)

    assert done == [1]
    assert threading.active_count() == before


def test_an_error_in_the_context_is_not_replaced():
    def fail_with(executor: TaskExecutor) -> None:
        with executor:
            executor.execute(divide, 1, 0)
            raise KeyError("mine")

    with pytest.raises(KeyError):
        fail_with(TaskExecutor(1))
