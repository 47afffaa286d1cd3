# SPDX-License-Identifier: Apache-2.0
"""What the end of a process means for its frame: exit statuses, attempts, memory, autoeat."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import changing
from cuebot_stub.farm.facts import FrameFacts
from cuebot_stub.farm.hosts import FrameReport
from cuebot_stub.farm.reports import frame_ended, host_reported, launch_answered
from tests.fakes.farm import GB, FakeFarm, host_report
from tests.fakes.one_frame import end, retries, start
from tests.specs import layer


def end_often(farm: FakeFarm, times: int, **how: int) -> str:
    """Let the frame end the same way as often as it starts again, but not more often than told."""
    for _ in range(times):
        if farm.names_running():
            farm.end("0001-beauty", **how)
    return farm.states("beauty")


def facts(farm: FakeFarm) -> FrameFacts:
    return farm.job().facts_of(0)


# -- attempts --------------------------------------------------------------------------------------------------


def test_frame_that_ends_well_has_succeeded(farm: FakeFarm):
    start(farm)

    assert end(farm) == "S"
    assert (facts(farm).exit_status, facts(farm).exit_signal) == (0, 0)


@pytest.mark.parametrize(("asked", "most"), [(0, 0), (1, 1), (5, 1), (-1, 0)])
def test_spec_gets_one_retry_at_most(farm: FakeFarm, asked: int, most: int):
    start(farm, before=retries(asked))

    states = [end(farm, status=7) for _ in range(most + 1)]

    assert states == ["R"] * most + ["D"]


@pytest.mark.parametrize("most", [0, 1, 3])
def test_frame_is_dead_when_all_its_retries_are_spent(farm: FakeFarm, most: int):
    start(farm, before=retries(1))
    with farm.farm.work():
        changing.set_max_retries(farm.farm, farm.job(), most)

    states = [end(farm, status=7) for _ in range(most + 1)]

    assert states == ["R"] * most + ["D"]
    assert (facts(farm).retries, facts(farm).exit_status) == (most, 7)


def test_dead_frame_keeps_its_job_pending(farm: FakeFarm):
    start(farm, before=retries(0))

    end(farm, status=7)

    assert farm.job().facts.state == "PENDING"
    assert farm.farm.procs == {}


AUTOEAT = "<autoeat>true</autoeat>"


@pytest.mark.parametrize(
    ("before", "how", "state"),
    [
        pytest.param(retries(0), {"signal": 11}, "D", id="a signal alone is a failure"),
        pytest.param(retries(0), {"status": 1, "signal": 119}, "D", id="signal 119 without retries"),
        pytest.param(retries(0), {"status": 1, "signal": 15}, "D", id="terminated on a host of nobody"),
        pytest.param(AUTOEAT, {"status": 286}, "R", id="autoeat eats nothing that is nobody's fault"),
        pytest.param(AUTOEAT, {"status": 137}, "E", id="autoeat eats a lack of memory"),
        pytest.param(f"{retries(0)}<autoeat>sure</autoeat>", {"status": 1}, "D", id="any other word is no autoeat"),
    ],
)
def test_an_end_decides_what_becomes_of_its_frame(farm: FakeFarm, before: str, how: dict[str, int], state: str):
    start(farm, before=before)

    assert end(farm, **how) == state


@pytest.mark.parametrize(
    ("is_strict", "most", "how", "state", "attempts"),
    [
        pytest.param(True, 0, {"status": 1}, "D", 1, id="strict, no retry"),
        pytest.param(True, 1, {"status": 1}, "D", 2, id="strict, one retry"),
        pytest.param(True, 9, {"status": 1}, "D", 2, id="strict, one retry at most"),
        pytest.param(False, 1, {"status": 1, "signal": 119}, "R", 11, id="signal 119 spends no attempt"),
        pytest.param(False, 1, {"status": 256}, "D", 2, id="log folder cannot be written"),
        pytest.param(True, 1, {"status": 256}, "R", 11, id="strict starts it for ever"),
        pytest.param(True, 0, {"status": 256}, "D", 1, id="strict gives it up without retries"),
        pytest.param(False, 1, {"status": 137}, "D", 2, id="lack of memory spends attempts"),
    ],
)
def test_a_frame_that_always_ends_the_same_way_is_tried_so_often(
    is_strict: bool, most: int, how: dict[str, int], state: str, attempts: int
):
    farm = FakeFarm(strict=is_strict)
    start(farm, before=retries(most), after="<memory>1g</memory>")

    end_often(farm, 10, seconds=10, **how)

    assert (farm.states("beauty"), len(farm.rqd.launched)) == (state, attempts)


def test_more_retries_for_a_running_job_count_at_the_next_failure(farm: FakeFarm):
    start(farm, before=retries(0))
    with farm.farm.work():
        changing.set_max_retries(farm.farm, farm.job(), 2)

    end_often(farm, 20, status=1)

    assert len(farm.rqd.launched) == 3


# -- ends that are nobody's fault --------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0, 1])
def test_frame_that_had_to_go_because_of_the_hosts_owner_has_spent_no_attempt(farm: FakeFarm, most: int):
    start(farm, before=retries(most))

    end_often(farm, 10, status=286)

    assert farm.states("beauty") == "R"
    assert facts(farm).retries == 0


def test_frame_terminated_while_somebody_works_at_its_host_waits_again(farm: FakeFarm):
    start(farm, before=retries(0))
    with farm.farm.work():
        report = host_report("node1")._replace(nimby_locked=True)
        host_reported(farm.farm, report, None)

    assert end(farm, status=1, signal=15) == "W"


def test_refused_launch_has_spent_no_attempt(farm: FakeFarm):
    farm.launch(layer(frames="1"), before=retries(0))
    farm.rqd.refuses = "Not launching, insufficient idle cores"
    farm.add_host()
    first = (farm.states("beauty"), facts(farm).exit_status)
    farm.rqd.refuses = ""

    farm.pass_time(1.0)

    assert first == ("W", 299)
    assert farm.states("beauty") == "R"
    assert facts(farm).retries == 0


# -- memory ------------------------------------------------------------------------------------------------------

MEMORY = [{"status": 33}, {"status": 1, "signal": 33}, {"status": 137}]
MEMORY_IDS = ["status-33", "signal-33", "status-137"]


@pytest.mark.parametrize("how", MEMORY, ids=MEMORY_IDS)
def test_frame_without_enough_memory_gets_more_at_its_next_attempt(farm: FakeFarm, how: dict[str, int]):
    start(farm, after="<memory>1g</memory>")

    end(farm, **how)

    assert [frame.environment["CUE_MEMORY"] for frame in farm.rqd.running.values()] == [str(3 * GB)]


def test_frames_that_fail_together_raise_the_memory_of_their_layer_once(farm: FakeFarm):
    farm.launch(layer(frames="1-4", after="<memory>1g</memory>"))
    farm.add_host(cores=4)
    farm.rqd.refuses = "busy"

    for frame in farm.names_running():
        farm.end(frame, status=137)

    assert farm.job().layers[0].memory == 3 * GB


def test_memory_that_somebody_has_raised_further_stays(farm: FakeFarm):
    start(farm, after="<memory>1g</memory>")
    with farm.farm.work():
        changing.change_layer(farm.farm, farm.job(), 0, memory=20 * GB)

    end(farm, status=137)

    assert farm.job().layers[0].memory == 20 * GB


def test_memory_is_not_raised_beyond_what_any_host_has(farm: FakeFarm):
    farm.launch(layer(frames="1", after="<memory>3g</memory>"))
    farm.add_host(memory_gb=5)

    end(farm, status=137)

    assert farm.job().layers[0].memory == 3 * GB
    assert farm.states("beauty") == "R"


def test_strict_server_tries_a_frame_without_enough_memory_as_long_as_it_fits(strict: FakeFarm):
    start(strict, before=retries(0), after="<memory>1g</memory>")

    end_often(strict, 100, status=137)

    assert strict.states("beauty") == "W"
    assert strict.job().layers[0].memory > 64 * GB


def test_strict_server_takes_each_further_end_of_a_frame_that_ran_out_of_memory_for_the_same(strict: FakeFarm):
    start(strict, before=retries(0), after="<memory>1g</memory>")

    end_often(strict, 2, status=33)
    assert end(strict, status=1) == "R"
    assert end(strict, status=0) == "S"

    assert (facts(strict).exit_status, facts(strict).retries) == (33, 3)
    assert strict.job().layers[0].memory == 9 * GB


# -- autoeat -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["true", "yes", "1", "On"])
def test_autoeat_eats_at_the_first_failure_and_the_job_succeeds(farm: FakeFarm, word: str):
    start(farm, before=f"{retries(5)}<autoeat>{word}</autoeat>")

    assert end(farm, status=1) == "E"
    assert farm.job().facts.state == "FINISHED"
    assert len(farm.rqd.launched) == 1


# -- reports that come twice, late or for another process ----------------------------------------------------------


def test_second_report_of_an_end_changes_nothing(farm: FakeFarm):
    start(farm)
    (proc,) = farm.farm.procs.values()
    ended = FrameReport(proc.id, proc.frame_id, exit_status=1)
    farm.rqd.running.clear()

    with farm.farm.work():
        news = [frame_ended(farm.farm, ended), frame_ended(farm.farm, ended)]

    assert news == [True, False]
    assert farm.states("beauty") == "R"


def test_report_of_another_frame_in_the_name_of_a_proc_changes_nothing(farm: FakeFarm):
    start(farm)
    (proc,) = farm.farm.procs

    with farm.farm.work():
        was_news = frame_ended(farm.farm, FrameReport(proc, "another frame"))

    assert not was_news
    assert farm.states("beauty") == "R"


def test_answer_to_a_launch_that_comes_after_the_end_changes_nothing(farm: FakeFarm):
    start(farm)
    (proc,) = farm.farm.procs
    end(farm)

    with farm.farm.work():
        launch_answered(farm.farm, proc, "already running on this proc")

    assert farm.states("beauty") == "S"


# -- what is noted of a run ----------------------------------------------------------------------------------------


def test_run_is_added_up(farm: FakeFarm):
    start(farm, before=retries(1), after="<cores>2.0</cores><threadable>True</threadable>")

    end(farm, status=1, seconds=10, max_rss=5000)
    end(farm, seconds=30, max_rss=4000)

    noted, totals = facts(farm), farm.job().totals[0]
    assert (noted.core_seconds, noted.max_rss, noted.cores, noted.host) == (80, 5000, 200, "node1")
    assert (totals.rendered, totals.failed, totals.rendered_core_seconds, totals.failed_core_seconds) == (1, 1, 60, 20)
    assert (totals.high_seconds, totals.low_seconds, totals.max_rss) == (30, 30, 5000)


def test_frame_that_never_ran_has_no_exit_status(farm: FakeFarm):
    farm.launch(layer(frames="1"))

    assert facts(farm).exit_status == -1
