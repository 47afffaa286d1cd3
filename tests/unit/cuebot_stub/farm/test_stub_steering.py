# SPDX-License-Identifier: Apache-2.0
"""What people do to jobs and frames: kill, retry, eat, mark as done, pause."""

from __future__ import annotations

import pytest

from cuebot_stub.farm import changing, holds, steering
from cuebot_stub.farm.errors import CannotDo
from cuebot_stub.farm.orders import KillOrder
from tests.fakes.farm import FakeFarm
from tests.specs import depend, layer


def eat(farm: FakeFarm, name: str, *frames: int, job: str = "test") -> None:
    _steer(farm, steering.eat_frames, name, frames, job)


def retry(farm: FakeFarm, name: str, *frames: int, job: str = "test") -> None:
    _steer(farm, steering.retry_frames, name, frames, job)


def mark_done(farm: FakeFarm, name: str, *frames: int, job: str = "test") -> None:
    _steer(farm, holds.mark_done, name, frames, job)


def _steer(farm: FakeFarm, operation, name: str, frames: tuple[int, ...], job: str) -> None:
    found = farm.job(job)
    with farm.farm.work():
        operation(farm.farm, found, [found.state.frames.ref(name, frame) for frame in frames])


def facts(farm: FakeFarm, name: str, frame: int):
    job = farm.job()
    return job.facts_of(job.state.frames.ref(name, frame))


# -- the life of a job -----------------------------------------------------------------------------------------


def test_paused_job_starts_no_more_frames(farm: FakeFarm):
    farm.launch(layer("beauty", "1-3"))
    farm.add_host(cores=1)

    with farm.farm.work():
        steering.pause(farm.farm, farm.job())
    farm.end("0001-beauty")
    paused = farm.states("beauty")
    with farm.farm.work():
        steering.resume(farm.farm, farm.job())

    assert (paused, farm.states("beauty")) == ("SWW", "SRW")


# -- eating ----------------------------------------------------------------------------------------------------


def test_job_is_finished_when_its_last_frame_is_eaten(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    eat(farm, "beauty", 1)
    before = farm.job().facts.state

    eat(farm, "beauty", 2)

    assert (before, farm.job().facts.state) == ("PENDING", "FINISHED")


def test_frame_that_has_succeeded_cannot_be_eaten(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host(cores=1)
    farm.end("0001-beauty")

    eat(farm, "beauty", 1)

    assert farm.states("beauty") == "SR"


def test_running_frame_is_eaten_at_once_and_its_process_ended(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host(cores=1)

    eat(farm, "beauty", 1)
    at_once, still_there = farm.states("beauty"), farm.names_running()
    farm.pass_time(1.0)

    assert (at_once, still_there) == ("EW", ["0001-beauty"])
    assert (farm.states("beauty"), farm.names_running()) == ("ER", ["0002-beauty"])
    assert facts(farm, "beauty", 1).exit_status == 506


def test_eaten_frame_stays_eaten_when_its_process_still_succeeds(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host(cores=1)

    eat(farm, "beauty", 1)
    farm.end("0001-beauty")

    assert farm.states("beauty") == "ER"


def test_auto_eat_eats_at_the_first_failure(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host(cores=1)

    with farm.farm.work():
        changing.set_auto_eat(farm.farm, farm.job(), True)
    farm.end_all(status=1)

    assert farm.states("beauty") == "EE"
    assert farm.job().facts.state == "FINISHED"
    assert farm.job().facts.max_retries == 0


def test_auto_eat_taken_back_leaves_one_retry(farm: FakeFarm):
    farm.launch(layer("beauty", "1"), before="<autoeat>true</autoeat>")
    farm.add_host()

    with farm.farm.work():
        changing.set_auto_eat(farm.farm, farm.job(), False)
    ended = farm.end_all(status=1)

    assert len(ended) == 2
    assert farm.states("beauty") == "D"


# -- retrying --------------------------------------------------------------------------------------------------


def test_running_frame_that_is_retried_runs_again_after_its_process_has_ended(farm: FakeFarm):
    farm.launch(layer("beauty", "1"), before="<maxretries>0</maxretries>")
    farm.add_host()

    retry(farm, "beauty", 1)
    at_once = farm.states("beauty")
    farm.pass_time(1.0)

    assert (at_once, farm.states("beauty")) == ("R", "R")
    assert farm.rqd.launched == ["0001-beauty", "0001-beauty"]
    assert facts(farm, "beauty", 1).exit_status == 500


def test_retried_frame_runs_again_even_when_its_process_still_succeeds(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))
    farm.add_host()

    retry(farm, "beauty", 1)
    farm.end("0001-beauty")

    assert farm.rqd.launched == ["0001-beauty", "0001-beauty"]


def test_frame_that_is_eaten_while_it_is_retried_stays_eaten(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host(cores=1)
    retry(farm, "beauty", 1)

    eat(farm, "beauty", 1)
    farm.pass_time(1.0)

    assert farm.states("beauty") == "ER"


def test_frame_that_is_retried_while_it_is_eaten_runs_again(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host(cores=1)
    eat(farm, "beauty", 1)

    retry(farm, "beauty", 1)
    farm.pass_time(1.0)

    assert farm.states("beauty") == "RW"


def test_dead_frame_that_is_retried_has_all_its_tries_again(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))
    farm.add_host()
    farm.end_all(status=1)

    retry(farm, "beauty", 1)
    ended = farm.end_all(status=1)

    assert len(ended) == 2


def test_finished_job_is_pending_again_when_a_frame_is_retried(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host()
    farm.end_all()

    retry(farm, "beauty", 2)

    assert farm.states("beauty") == "SR"
    assert (farm.job().facts.state, farm.job().facts.stopped) == ("PENDING", 0)


def test_finished_job_stays_so_when_another_one_of_its_name_is_pending(farm: FakeFarm):
    first = farm.launch(layer("beauty", "1"))
    farm.add_host()
    farm.end_all()
    farm.launch(layer("beauty", "1"))

    with farm.farm.work(), pytest.raises(CannotDo, match="another job .* is pending"):
        steering.retry_frames(farm.farm, first, [0])

    assert first.facts.state == "FINISHED"


# -- killing ---------------------------------------------------------------------------------------------------


def test_killed_frame_has_failed_and_is_tried_again(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))
    farm.add_host()

    with farm.farm.work():
        steering.kill_frames(farm.farm, farm.job(), [0], "as asked")
    farm.pass_time(1.0)

    kills = [order.reason for order in farm.rqd.orders if isinstance(order, KillOrder)]
    assert kills == ["as asked"]
    assert farm.states("beauty") == "R"
    assert facts(farm, "beauty", 1).retries == 1


def test_kill_waits_until_the_daemon_can_do_it_safely(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))
    farm.add_host()

    with farm.farm.work():
        steering.kill_frames(farm.farm, farm.job(), [0], "as asked")
    farm.pass_time(0.1)
    early = [order for order in farm.rqd.orders if isinstance(order, KillOrder)]
    farm.pass_time(0.4)

    assert early == []
    assert farm.rqd.launched == ["0001-beauty", "0001-beauty"]


def test_killed_job_is_finished_at_once_and_its_processes_end(farm: FakeFarm):
    farm.launch(layer("beauty", "1-3"))
    farm.add_host(cores=2)

    with farm.farm.work():
        steering.kill_job(farm.farm, farm.job(), "enough")
    state = farm.job().facts.state
    farm.pass_time(1.0)

    assert state == "FINISHED"
    assert farm.names_running() == []
    assert farm.states("beauty") == "WWW"
    assert facts(farm, "beauty", 1).exit_status == 500


def test_killed_job_runs_its_rest_when_one_frame_is_retried(farm: FakeFarm):
    farm.launch(layer("beauty", "1-3"))
    farm.add_host(cores=1)
    farm.end("0001-beauty")
    with farm.farm.work():
        steering.kill_job(farm.farm, farm.job(), "enough")
    farm.pass_time(1.0)

    retry(farm, "beauty", 3)
    farm.end_all()

    assert farm.states("beauty") == "SSS"
    assert farm.job().facts.state == "FINISHED"


# -- marking ---------------------------------------------------------------------------------------------------


def test_frame_that_is_marked_done_releases_what_waits_until_it_is_retried(farm: FakeFarm):
    farm.launch(
        layer("model", "1-2"),
        layer("comp", "1-2"),
        depends=depend("FRAME_BY_FRAME", deplayer="comp", onlayer="model"),
    )

    mark_done(farm, "model", 1)
    marked = (farm.states("model"), farm.states("comp"))
    retry(farm, "model", 1)

    assert marked == ("WW", "WP")
    assert farm.states("comp") == "PP"


def test_frame_that_is_freed_starts_whatever_it_waits_for(farm: FakeFarm):
    farm.launch(
        layer("model", "1-2"),
        layer("comp", "1-2"),
        depends=depend("LAYER_ON_LAYER", deplayer="comp", onlayer="model"),
    )
    job = farm.job()
    with farm.farm.work():
        steering.free_frames(farm.farm, job, [job.state.frames.ref("comp", 2)])
    freed = farm.states("comp")

    with farm.farm.work():
        steering.hold_frames(farm.farm, job, [job.state.frames.ref("comp", 2)])

    assert (freed, farm.states("comp")) == ("PW", "PP")
