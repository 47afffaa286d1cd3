# SPDX-License-Identifier: Apache-2.0
"""Dependencies across jobs between single frames: frame by frame, on the one before, on a simulated one."""

from __future__ import annotations

import pytest

from cuebot_stub.farm import steering
from cuebot_stub.farm.errors import CannotDo
from cuebot_stub.farm.linking import connect_frames
from tests.fakes.farm import FakeFarm
from tests.links import by_frame, frame_end, layer_end, run_layer, steer
from tests.specs import depend, job, layer, spec


def test_frames_wait_for_those_of_the_same_numbers_in_another_job(jobs: FakeFarm):
    by_frame(jobs)
    held = jobs.states("comp", "second")
    jobs.add_host(cores=4)

    jobs.end("0002-model")

    assert held == "PP"
    assert jobs.states("comp", "second") == "PW"


def test_frame_that_is_eaten_holds_its_like_until_the_job_is_over(jobs: FakeFarm):
    made = by_frame(jobs)
    jobs.add_host(cores=1)
    jobs.end("0001-model")

    with jobs.farm.work():
        steering.eat_frames(jobs.farm, jobs.job("first"), jobs.refs("model", "first"))
    held = (made.active, jobs.states("comp", "second")[1])
    with jobs.farm.work():
        steering.eat_frames(jobs.farm, jobs.job("first"), jobs.refs("light", "first"))
    jobs.pass_time(1.0)

    assert held == (True, "P")
    assert not made.active
    assert jobs.states("comp", "second")[1] != "P"


def test_frame_that_is_retried_holds_its_like_again(jobs: FakeFarm):
    made = by_frame(jobs)
    with jobs.farm.work():
        steering.pause(jobs.farm, jobs.job("second"))
    jobs.add_host(cores=4)
    run_layer(jobs, "model")
    free = (made.active, jobs.states("comp", "second"))

    steer(jobs, steering.retry_frames, frame_end(jobs, "first", "model", 2))
    held = (made.active, jobs.states("comp", "second"))
    run_layer(jobs, "model")

    assert free == (False, "WW")
    assert held == (True, "WP")
    assert (made.active, jobs.states("comp", "second")) == (False, "WW")


def test_frame_of_another_job_that_is_marked_done_releases_its_like(jobs: FakeFarm):
    made = by_frame(jobs)

    steer(jobs, steering.mark_done, frame_end(jobs, "first", "model", 1))
    marked = jobs.states("comp", "second")
    steer(jobs, steering.mark_done, frame_end(jobs, "first", "model", 2))

    assert marked == "WP"
    assert (made.active, jobs.states("comp", "second")) == (False, "WW")


def test_chunks_of_another_job_wait_for_the_chunks_that_hold_their_frames(farm: FakeFarm):
    farm.launch(layer("model", "1-8", chunk=2), name="first")
    farm.launch(layer("comp", "1-8", chunk=4), name="second")
    by_frame(farm)
    farm.add_host(cores=2)

    farm.end("0001-model")
    one = farm.states("comp", "second")
    farm.end("0003-model")

    assert one == "PP"
    assert farm.states("comp", "second")[1] == "P"
    assert farm.states("comp", "second")[0] != "P"


def test_frames_wait_for_the_one_before_in_another_job(farm: FakeFarm):
    text = spec(
        job(layer("model", "1-3"), name="first"),
        job(layer("comp", "1-3"), name="second"),
        depends=depend("PREVIOUS_FRAME", depjob="second", deplayer="comp", onjob="first", onlayer="model"),
    )

    farm.launch_spec(text)
    held = farm.states("comp", "second")
    steer(farm, steering.mark_done, frame_end(farm, "first", "model", 2))

    assert held == "WPP"
    assert farm.states("comp", "second") == "WPW"


def test_layer_waits_for_a_simulated_frame_of_another_job(farm: FakeFarm):
    text = spec(
        job(layer("sim", "1-3"), name="first"),
        job(layer("comp", "1-3"), name="second"),
        depends=depend("LAYER_ON_SIM_FRAME", depjob="second", deplayer="comp", onjob="first", onframe="0003-sim"),
    )

    farm.launch_spec(text)
    held = farm.states("comp", "second")
    steer(farm, steering.mark_done, frame_end(farm, "first", "sim", 3))

    assert held == "PPP"
    assert farm.states("comp", "second") == "WWW"


def test_layer_of_another_job_may_need_any_one_frame(farm: FakeFarm):
    text = spec(
        job(layer("model", "1-3"), name="first"),
        job(layer("comp", "1-3"), name="second"),
        depends=depend(
            "LAYER_ON_LAYER", anyframe="true", depjob="second", deplayer="comp", onjob="first", onlayer="model"
        ),
    )

    farm.launch_spec(text)
    farm.add_host(cores=1)
    farm.end("0001-model")

    assert "P" not in farm.states("comp", "second")


def test_two_layers_cannot_wait_for_one_another_frame_by_frame(jobs: FakeFarm):
    by_frame(jobs)

    with jobs.farm.work(), pytest.raises(CannotDo, match="would wait for itself"):
        connect_frames(jobs.farm, layer_end(jobs, "first", "model"), layer_end(jobs, "second", "comp"))


def test_frames_may_wait_for_the_one_before_of_what_waits_for_them(farm: FakeFarm):
    farm.launch(
        layer("model", "1-3"),
        layer("comp", "1-3"),
        depends=depend("PREVIOUS_FRAME", deplayer="model", onlayer="comp"),
    )

    with farm.farm.work():
        connect_frames(farm.farm, layer_end(farm, "test", "comp"), layer_end(farm, "test", "model"))
    farm.add_host()

    assert farm.end_all() == ["0001-model", "0001-comp", "0002-model", "0002-comp", "0003-model", "0003-comp"]
