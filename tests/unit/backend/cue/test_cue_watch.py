# SPDX-License-Identifier: Apache-2.0
"""Waiting for a job on the farm ends when the job can make no more progress by itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from outline.backend.cue.client import ServerAway, UnknownToServer
from outline.backend.cue.snapshot import Outcome, outcome_of
from outline.backend.cue.watch import SETTLE_SECONDS, FarmObserver, LogObserver, watch
from outline.backend.status import JobStatus
from outline.exception import LaunchException
from tests.fakes.farm_job import FakeClock, ScriptedJob, snapshot

RUNNING = snapshot(running=1, waiting=1)
DONE = snapshot("FINISHED", succeeded=2)
DEAD = snapshot(dead=1, depend=1)
AWAY = ServerAway("no farm server answers at x:1; start it")
UNKNOWN = UnknownToServer("no such job")


class Notes(FarmObserver):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def counted(self, job: JobStatus) -> None:
        self.told.append("counted")

    def away(self, reason: str) -> None:
        self.told.append(f"away: {reason}")

    def back(self) -> None:
        self.told.append("back")

    def waits(self, reason: str) -> None:
        self.told.append(f"waits: {reason}")

    def held_up(self, reason: str) -> None:
        self.told.append(f"held up: {reason}")


def _outcome(source: ScriptedJob, clock: FakeClock | None = None, **args: Any) -> Outcome:
    clock = clock or FakeClock()
    return watch(source, **{"period_seconds": 1.0, "clock": clock, "sleep": clock.sleep, **args}).outcome


@pytest.mark.parametrize(
    ("job", "outcome"),
    [
        (snapshot("FINISHED", succeeded=3), Outcome.DONE),
        (snapshot("FINISHED", succeeded=2, eaten=1), Outcome.DONE),
        (snapshot("FINISHED", succeeded=2, waiting=1), Outcome.KILLED),
        (snapshot("FINISHED", succeeded=2, dead=1), Outcome.KILLED),
        (snapshot("PENDING", succeeded=1, dead=1), Outcome.DEAD),
        (snapshot("PENDING", succeeded=1, dead=1, depend=1), Outcome.DEAD),
        (snapshot("PENDING", eaten=1, depend=1), Outcome.STUCK),
        (snapshot("PENDING", dead=1, running=1), None),
        (snapshot("PENDING", dead=1, waiting=1), None),
        (snapshot("PENDING", waiting=1, is_paused=True), None),
        (snapshot("PENDING", succeeded=1), None),
        (snapshot("STARTUP", depend=1), None),
        (snapshot("POSTED", depend=1), None),
    ],
    ids=lambda value: str(value) if isinstance(value, Outcome) else None,
)
def test_numbers_tell_how_a_job_has_ended(job: JobStatus, outcome: Outcome | None) -> None:
    assert outcome_of(job) is outcome


def test_post_layers_wait_until_their_job_is_over() -> None:
    assert snapshot("POSTED", waiting=1).state == "WAITING"


def test_job_is_waited_for_until_it_is_finished() -> None:
    notes = Notes()

    assert _outcome(ScriptedJob([RUNNING, RUNNING, DONE]), observer=notes) is Outcome.DONE
    assert notes.told == ["counted"] * 3


def test_dead_frames_end_the_wait_when_nothing_else_can_run() -> None:
    clock = FakeClock()

    assert _outcome(ScriptedJob([RUNNING, DEAD]), clock) is Outcome.DEAD
    assert clock.now >= SETTLE_SECONDS


@pytest.mark.parametrize(
    ("looks", "outcome"),
    [
        ([snapshot(succeeded=1, depend=1), snapshot(succeeded=1, running=1), DONE], Outcome.DONE),
        ([DEAD, DEAD, RUNNING, DONE], Outcome.DONE),
        ([RUNNING, UNKNOWN, UNKNOWN], Outcome.LOST),
        ([RUNNING, UNKNOWN, RUNNING, UNKNOWN, DONE], Outcome.DONE),
    ],
    ids=["a frame is released late", "somebody retries a dead frame", "unknown twice", "found again"],
)
def test_wait_goes_on_as_long_as_something_may_come(looks: list[Any], outcome: Outcome) -> None:
    assert _outcome(ScriptedJob(looks)) is outcome


def test_job_that_waits_for_another_job_is_waited_for() -> None:
    notes, clock = Notes(), FakeClock()
    looks = [snapshot(depend=1)] * 20 + [DONE]

    outcome = _outcome(ScriptedJob(looks, external=lambda: True), clock, observer=notes)

    assert outcome is Outcome.DONE
    assert notes.told.count("waits: what is left waits for another job: other_job") == 1


def test_other_job_is_not_asked_for_when_no_frame_waits() -> None:
    source = ScriptedJob([snapshot(dead=1)], external=lambda: pytest.fail("asked"))

    assert _outcome(source) is Outcome.DEAD


def test_server_that_is_away_is_waited_for_and_told_once() -> None:
    notes = Notes()
    source = ScriptedJob([RUNNING, AWAY, AWAY, LaunchException("busy"), DONE])

    outcome = _outcome(source, observer=notes)

    assert outcome is Outcome.DONE
    away = notes.told.pop(1)
    assert notes.told == ["counted", "back", "counted"]
    assert re.fullmatch(r"away: no farm server answers at x:1 \(nothing was heard since \d\d:\d\d:\d\d\)", away)
    assert source.reconnects == 2


def test_job_of_which_all_is_done_and_that_is_not_finished_is_told() -> None:
    notes = Notes()

    _outcome(ScriptedJob([snapshot(succeeded=2), snapshot("FINISHED", succeeded=2)]), observer=notes)

    assert "waits: all frames are done; the server has not finished the job yet" in notes.told


@pytest.mark.parametrize("failed", [snapshot(running=1, dead=1), snapshot(running=1, eaten=1)], ids=["dead", "eaten"])
def test_test_ends_with_the_first_failure(failed: JobStatus) -> None:
    clock = FakeClock()

    outcome = _outcome(ScriptedJob([RUNNING, failed]), clock, until_failed=True)

    assert outcome is Outcome.DEAD
    assert len(clock.sleeps) == 1


def test_server_is_asked_less_and_less_often() -> None:
    clock = FakeClock()

    _outcome(ScriptedJob([RUNNING] * 30 + [DONE]), clock, period_seconds=5.0)

    assert clock.sleeps == sorted(clock.sleeps)
    assert (clock.sleeps[0], clock.sleeps[-1]) == (0.5, 5.0)


def test_short_period_is_kept() -> None:
    clock = FakeClock()

    _outcome(ScriptedJob([RUNNING, RUNNING, DONE]), clock, period_seconds=0.01)

    assert clock.sleeps == [0.01, 0.01]


def test_scripts_find_it_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    _outcome(ScriptedJob([AWAY, DONE]), observer=LogObserver())

    assert [record.getMessage() for record in caplog.records] == [
        "no farm server answers at x:1; waiting on",
        "the farm server answers again",
    ]


# -- why nothing runs ------------------------------------------------------------------------------------------

WAITING, PAUSED = snapshot(waiting=2), snapshot(waiting=2, is_paused=True)


@pytest.mark.parametrize(
    ("looks", "why", "told"),
    [
        ([*[WAITING] * 60, RUNNING, DONE], ["no host is UP"], ["no host is UP", ""]),
        ([*[WAITING] * 60, DONE], ["no host is UP", "all are locked"], ["no host is UP", "all are locked", ""]),
        ([WAITING, WAITING, RUNNING, *[PAUSED] * 60, WAITING, DONE], ["a reason"], []),
    ],
    ids=["told once", "it changes", "short waits and paused jobs"],
)
def test_reason_is_told_once_when_nothing_has_run_for_a_while(
    looks: list[JobStatus], why: list[str], told: list[str]
) -> None:
    notes = Notes()

    _outcome(ScriptedJob(looks, why=why), observer=notes)

    assert [note for note in notes.told if note != "counted"] == [f"held up: {reason}" for reason in told]


def test_reason_is_a_warning_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    _outcome(ScriptedJob([*[WAITING] * 20, DONE], why=["no host is UP"]), observer=LogObserver())

    assert [record.getMessage() for record in caplog.records] == ["nothing runs: no host is UP"]
