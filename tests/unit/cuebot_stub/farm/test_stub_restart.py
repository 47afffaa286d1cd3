# SPDX-License-Identifier: Apache-2.0
"""Everything that a person changes, and everything that happens, is there again after a new start from the file."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from cuebot_stub.farm import changing, holds, steering
from cuebot_stub.farm.depend import End
from cuebot_stub.farm.holds import connect, drop
from cuebot_stub.farm.things import Limit
from tests.fakes.farm import FakeFarm
from tests.specs import depend, job, layer, spec

Change = Callable[[FakeFarm], object]


def steer(farm: FakeFarm, operation, name: str, *frames: int) -> None:
    found = farm.job()
    with farm.farm.work():
        operation(farm.farm, found, [found.state.frames.ref(name, frame) for frame in frames])


def chained(farm: FakeFarm, kind: str = "FRAME_BY_FRAME") -> None:
    farm.launch(layer("model", "1-3"), layer("comp", "1-3"), depends=depend(kind, deplayer="comp", onlayer="model"))


def test_states_tries_and_facts_are_kept(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1-5"))
    kept_farm.add_host(cores=1)
    kept_farm.end("0001-beauty", max_rss=5000)
    kept_farm.end("0002-beauty", status=3)
    kept_farm.end("0002-beauty", status=4)
    steer(kept_farm, steering.eat_frames, "beauty", 5)
    job = kept_farm.job()
    before = (kept_farm.states("beauty"), job.frames, job.totals, job.facts, job.layers)

    kept_farm.restart()

    job = kept_farm.job()
    assert kept_farm.states("beauty") == "SDRWE"
    assert (kept_farm.states("beauty"), job.frames, job.totals, job.facts, job.layers) == before
    assert job.frames[0].max_rss == 5000


def test_frame_that_waits_for_its_second_try_has_not_all_of_them_again(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"))
    kept_farm.add_host()
    with kept_farm.farm.work():
        steering.pause(kept_farm.farm, kept_farm.job())
    kept_farm.end("0001-beauty", status=1)

    kept_farm.restart()
    with kept_farm.farm.work():
        steering.resume(kept_farm.farm, kept_farm.job())
    ended = kept_farm.end_all(status=1)

    assert len(ended) == 1
    assert kept_farm.states("beauty") == "D"


def test_running_frame_goes_on_and_ends_after_the_new_start(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1-2"))
    kept_farm.add_host(cores=1)

    kept_farm.restart()
    running = kept_farm.states("beauty")
    kept_farm.end_all()

    assert running == "RW"
    assert kept_farm.states("beauty") == "SS"
    assert kept_farm.job().facts.state == "FINISHED"
    assert kept_farm.rqd.launched == ["0001-beauty", "0002-beauty"]


def test_frame_that_was_retried_while_it_ran_runs_again(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"))
    kept_farm.add_host()
    steer(kept_farm, steering.retry_frames, "beauty", 1)

    kept_farm.restart()
    kept_farm.pass_time(1.0)

    assert kept_farm.rqd.launched == ["0001-beauty", "0001-beauty"]
    assert kept_farm.job().frames[0].exit_status == 500


def test_frame_that_was_killed_and_then_retried_has_all_its_tries(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"), before="<maxretries>0</maxretries>")
    kept_farm.add_host()
    steer(kept_farm, lambda farm, job, refs: steering.kill_frames(farm, job, refs, "as asked"), "beauty", 1)
    steer(kept_farm, steering.retry_frames, "beauty", 1)

    kept_farm.restart()
    kept_farm.pass_time(1.0)

    assert kept_farm.states("beauty") == "R"


def test_frame_that_was_eaten_while_it_ran_stays_eaten(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1-2"))
    kept_farm.add_host(cores=1)
    steer(kept_farm, steering.eat_frames, "beauty", 1)

    kept_farm.restart()
    eaten = kept_farm.states("beauty")
    kept_farm.pass_time(1.0)

    assert (eaten, kept_farm.states("beauty")) == ("EW", "ER")


def test_killed_job_stays_finished_and_its_processes_end(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1-2"))
    kept_farm.add_host(cores=1)
    with kept_farm.farm.work():
        steering.kill_job(kept_farm.farm, kept_farm.job(), "enough")

    kept_farm.restart()
    kept_farm.pass_time(1.0)

    assert kept_farm.job().facts.state == "FINISHED"
    assert kept_farm.names_running() == []
    assert kept_farm.states("beauty") == "WW"


def test_frame_without_a_process_in_the_file_runs_again(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"), before="<maxretries>0</maxretries>")
    kept_farm.add_host(cores=1)
    with kept_farm.farm.work():
        (proc,) = kept_farm.farm.procs
        kept_farm.farm.unsaved.thing("proc", proc, None)
    kept_farm.rqd.running.clear()

    kept_farm.restart()
    kept_farm.end_all()

    assert kept_farm.rqd.launched == ["0001-beauty", "0001-beauty"]
    assert kept_farm.states("beauty") == "S"


def test_job_that_was_finished_and_revived_is_pending(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1-2"))
    kept_farm.add_host()
    kept_farm.end_all()
    steer(kept_farm, steering.retry_frames, "beauty", 2)

    kept_farm.restart()
    kept_farm.end_all()

    assert kept_farm.states("beauty") == "SS"
    assert kept_farm.job().facts.state == "FINISHED"


# -- what holds back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["FRAME_BY_FRAME", "LAYER_ON_LAYER", "PREVIOUS_FRAME"])
def test_dependencies_of_a_spec_hold_and_are_listed_as_before(kept_farm: FakeFarm, kind: str):
    chained(kept_farm, kind)
    ids = list(kept_farm.farm.depends)
    before = kept_farm.states("comp")

    kept_farm.restart()

    assert list(kept_farm.farm.depends) == ids
    assert kept_farm.states("comp") == before


@pytest.mark.parametrize("by_frame", [False, True], ids=["on the layer", "by frame"])
def test_dependency_across_jobs_holds_and_lets_go(kept_farm: FakeFarm, by_frame: bool):
    made = kept_farm.launch_spec(spec(job(layer("model", "1-2"), name="first"), job(layer("comp", "1-2"))))
    with kept_farm.farm.work() as farm:
        connect(farm, End(made[1], 0), End(made[0], 0), "FRAME_BY_FRAME" if by_frame else "")
    kept_farm.add_host(cores=1)
    kept_farm.end("0001-model")

    kept_farm.restart()
    held = kept_farm.states("comp")
    kept_farm.end("0002-model")
    kept_farm.end_all()

    assert held == ("WP" if by_frame else "PP")
    assert kept_farm.states("comp") == "SS"


def test_what_was_dropped_marked_freed_and_taken_back_is_as_before(kept_farm: FakeFarm):
    chained(kept_farm)
    steer(kept_farm, holds.mark_done, "model", 1, 2)
    steer(kept_farm, steering.retry_frames, "model", 2)
    steer(kept_farm, steering.free_frames, "comp", 2, 3)
    steer(kept_farm, steering.hold_frames, "comp", 3)
    before = kept_farm.states("comp")

    kept_farm.restart()
    again = kept_farm.states("comp")
    with kept_farm.farm.work() as farm:
        drop(farm, farm.depends.of(kept_farm.job().id), "ANY_TARGET")
    kept_farm.restart()

    assert (before, again, kept_farm.states("comp")) == ("WWP", "WWP", "WWW")


# -- what was changed ------------------------------------------------------------------------------------------


def _add_limit(farm: FakeFarm) -> None:
    limit = Limit(str(uuid.uuid4()), "licence", 5)
    farm.farm.limits.add(limit)


def test_order_of_frames_is_kept(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1-5"))
    with kept_farm.farm.work() as farm:
        changing.reorder(farm, kept_farm.job(), 0, "4-5", "FIRST")

    kept_farm.restart()
    kept_farm.add_host(cores=1)
    kept_farm.end_all()

    assert kept_farm.rqd.launched == [f"000{number}-beauty" for number in (4, 5, 1, 2, 3)]


def test_facts_of_a_job_are_kept(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"))
    changed = kept_farm.job()
    with kept_farm.farm.work() as farm:
        steering.pause(farm, changed)
        changing.change_job(farm, changed, priority=7, min_cores=200, max_cores=300, min_gpus=1, max_gpus=2)
        changing.change_job(farm, changed, subscribers=["somebody@example.com"])
        changing.set_auto_eat(farm, changed, True)
        changing.set_max_retries(farm, changed, 4)

    kept_farm.restart()

    found = kept_farm.job()
    assert found.facts == changed.facts
    assert (found.state.plan.autoeat, found.state.plan.max_retries) == (True, 4)


def test_facts_of_a_layer_are_kept(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"))
    changed = kept_farm.job()
    with kept_farm.farm.work() as farm:
        _add_limit(kept_farm)
        changing.change_layer(farm, changed, 0, min_cores=-100, memory=1048576, tags=["a_b", "c-d"], limits=["licence"])
        changing.change_layer(farm, changed, 0, gpus=2, max_gpus=3, gpu_memory=4, threadable=True, max_cores=800)
        changing.change_layer(farm, changed, 0, timeout=5, timeout_llu=6, start_after=7, outputs=["/a b"])

    kept_farm.restart()

    found = kept_farm.job()
    assert found.layers == changed.layers
    assert found.state.plan.layers == changed.state.plan.layers


def test_post_job_still_starts_when_its_parent_is_over(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"), layer("publish", "1", kind="Post"))

    kept_farm.restart()
    kept_farm.add_host()
    ended = kept_farm.end_all()

    assert ended == ["0001-beauty", "0001-publish"]
    assert kept_farm.farm.jobs.pending == {}


def test_a_layer_keeps_the_time_before_a_retry_and_that_errors_are_ignored(kept_farm: FakeFarm):
    after = '<env><key name="OL_RETRY_DELAY">2</key><key name="OL_IGNORE_ERRORS">1</key></env>'
    kept_farm.launch(layer(frames="1", after=after), before="<maxretries>5</maxretries>")

    kept_farm.restart()
    kept_farm.add_host()
    kept_farm.end("0001-beauty", status=1)

    assert kept_farm.names_running() == []
    kept_farm.pass_time(121)
    assert kept_farm.names_running() == ["0001-beauty"]
    kept_farm.end("0001-beauty", status=1)
    assert kept_farm.states("beauty") == "E"
