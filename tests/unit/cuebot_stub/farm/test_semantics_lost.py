# SPDX-License-Identifier: Apache-2.0
"""Processes whose end nobody has reported: their logs say how they ended, before their frames run again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cuebot_stub.farm.farm import FarmSettings
from cuebot_stub.farm.hosts import FrameReport, Proc
from cuebot_stub.farm.reports import host_reported, log_answered
from cuebot_stub.farm.watch import host_answered
from tests.fakes.farm import FakeFarm, host_report
from tests.fakes.rqlog import footer, header, write_log
from tests.specs import layer

RETRY = "<maxretries>1</maxretries>"
PATIENCE = FarmSettings().orphan_seconds


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[FakeFarm]:
    """Return a farm in a file with one host, on which a frame has ended while the server was down."""
    farm = FakeFarm(tmp_path / "farm.db", log_root=str(tmp_path / "the frame's logs"))
    farm.add_host()
    farm.launch(layer("beauty", "1"), before=RETRY)
    yield farm
    farm.close()


def proc_of(farm: FakeFarm) -> Proc:
    (proc,) = farm.farm.procs.values()
    return proc


def leave_log(farm: FakeFarm, text: str) -> None:
    """Write the log of the running frame, which ends with that, and nobody hears of it."""
    write_log(farm.job().log_path(0), text)
    farm.rqd.running.clear()


def miss(farm: FakeFarm) -> None:
    """Let the host report until a frame that it does not know is lost."""
    for _ in range(2):  # the first one may come before the frame does
        farm.clock.advance(PATIENCE)
        farm.rqd.report(next(iter(farm.farm.hosts)))


@pytest.mark.parametrize(("status", "signal", "states"), [(0, 0, "S"), (1, 0, "R"), (1, 11, "R")])
def test_frame_that_ended_while_the_server_was_down_ends_as_its_log_says(
    lost: FakeFarm, status: int, signal: int, states: str
):
    leave_log(lost, header(proc_of(lost).id) + "done\n" + footer(status, signal, max_rss=7777))

    lost.restart()
    miss(lost)

    facts = lost.job().frames[0]
    assert lost.states("beauty") == states
    assert (facts.exit_status, facts.exit_signal, facts.max_rss) == (status, signal, 7777)
    assert lost.rqd.launched == ["0001-beauty"] * (1 if states == "S" else 2)
    assert lost.job().state.tries(0) == (1 if states == "S" else 2)


def test_failure_that_only_the_log_tells_costs_a_try(lost: FakeFarm):
    leave_log(lost, header(proc_of(lost).id) + footer(3))
    miss(lost)

    leave_log(lost, header(proc_of(lost).id) + footer(4))
    miss(lost)

    assert lost.states("beauty") == "D"


def test_frame_whose_log_does_not_tell_its_end_runs_again_and_spends_no_try(lost: FakeFarm):
    leave_log(lost, header(proc_of(lost).id) + "half\n")

    lost.restart()
    miss(lost)

    assert lost.rqd.launched == ["0001-beauty", "0001-beauty"]
    assert lost.job().state.tries(0) == 1


def test_log_of_the_run_before_says_nothing_of_this_one(lost: FakeFarm):
    first = proc_of(lost).id
    leave_log(lost, header(first) + footer(3))
    miss(lost)

    leave_log(lost, header(first) + footer(3))  # the second one has not written a word yet
    miss(lost)

    assert lost.states("beauty") == "R"
    assert lost.rqd.launched == ["0001-beauty"] * 3


@pytest.mark.parametrize("how", ["boot", "down"])
def test_log_is_read_when_the_host_has_gone(lost: FakeFarm, how: str):
    leave_log(lost, header(proc_of(lost).id) + footer())
    host = next(iter(lost.farm.hosts.values()))

    if how == "boot":
        with lost.farm.work() as farm:
            host_reported(farm, host_report("node1")._replace(is_boot=True), None)
        miss(lost)
    else:
        lost.clock.advance(60)
        with lost.farm.work() as farm:
            host_answered(farm, host.id, "not reachable")

    assert (lost.states("beauty"), lost.rqd.launched) == ("S", ["0001-beauty"])


# -- while the log is read -------------------------------------------------------------------------------------


@pytest.fixture
def asked(lost: FakeFarm) -> FakeFarm:
    """Return a farm that has asked for the log of a lost frame, and has no answer yet."""
    lost.rqd.running.clear()
    lost.farm.send = lambda orders: None
    miss(lost)
    assert proc_of(lost).lost_since
    return lost


def test_frame_of_which_a_report_comes_while_its_log_is_read_runs_on(asked: FakeFarm):
    proc = proc_of(asked)
    with asked.farm.work() as farm:
        host_reported(farm, host_report("node1"), [FrameReport(proc.id, proc.frame_id)])

    with asked.farm.work() as farm:
        log_answered(farm, proc.id, None)

    assert proc_of(asked).id == proc.id


def test_log_on_a_disk_that_hangs_is_waited_for_ten_seconds(asked: FakeFarm):
    first = proc_of(asked).id

    asked.pass_time(9)
    before = proc_of(asked).id
    asked.pass_time(1)

    assert (before, proc_of(asked).id != first) == (first, True)
    assert asked.job().frames[0].exit_status == 301


def test_server_that_is_started_anew_asks_again(asked: FakeFarm):
    asked.restart()

    assert proc_of(asked).lost_since == 0


def test_answer_that_comes_too_late_changes_nothing(asked: FakeFarm):
    first = proc_of(asked).id
    asked.pass_time(10)

    with asked.farm.work() as farm:
        log_answered(farm, first, None)

    assert asked.states("beauty") == "R"


def test_strict_server_lets_the_frame_run_again_as_cuebot_does(tmp_path: Path):
    farm = FakeFarm(log_root=str(tmp_path), strict=True)
    farm.add_host()
    farm.launch(layer("beauty", "1"))
    leave_log(farm, header(proc_of(farm).id) + footer())

    farm.clock.advance(60)
    farm.rqd.report(next(iter(farm.farm.hosts)))
    farm.clock.advance(300)
    farm.rqd.report(next(iter(farm.farm.hosts)))

    assert farm.rqd.launched == ["0001-beauty", "0001-beauty"]
