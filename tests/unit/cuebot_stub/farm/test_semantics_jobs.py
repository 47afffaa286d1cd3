# SPDX-License-Identifier: Apache-2.0
"""The life of jobs: launched alone or together, names, ends, post jobs, and what services give them."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.farm.depend import End
from cuebot_stub.farm.holds import connect
from cuebot_stub.farm.job import Job
from cuebot_stub.farm.life import forget_job
from cuebot_stub.spec import SpecError
from tests.fakes.farm import FakeFarm
from tests.specs import depend, job, layer, spec

PREFIX = "testing-test_shot-tester"
POST = layer("publish", "1", kind="Post")


def kill(farm: FakeFarm, name: str = "test") -> None:
    with farm.farm.work():
        steering.kill_job(farm.farm, farm.job(name), "enough")
    farm.pass_time(1.0)


def post_job(farm: FakeFarm) -> Job:
    return next(one for one in farm.farm.jobs.values() if "_post_job_" in one.name)


# -- launching -----------------------------------------------------------------------------------------------------


def test_job_is_pending_when_its_launch_is_answered(farm: FakeFarm):
    made = farm.launch(layer())

    assert (made.name, made.facts.state) == (f"{PREFIX}_test", "PENDING")
    assert list(farm.farm.jobs.pending) == [f"{PREFIX}_test"]


def test_job_has_what_opencue_gives_it(farm: FakeFarm):
    facts = farm.launch(layer()).facts

    assert (facts.priority, facts.max_retries, facts.paused, facts.autoeat) == (1, 1, False, False)
    assert (facts.min_cores, facts.max_cores, facts.facility, facts.os) == (100, 10000, "local", "")


def test_paused_job_starts_nothing(farm: FakeFarm):
    farm.launch(layer(), before="<paused>yes</paused>")

    farm.add_host()

    assert farm.rqd.launched == []


def test_paused_show_pauses_new_jobs(farm: FakeFarm):
    show = farm.farm.shows.named("testing")
    assert show is not None
    show.paused = True

    assert farm.launch(layer()).facts.paused


def test_most_gpus_of_a_job_may_be_none(farm: FakeFarm):
    assert farm.launch(layer(), before="<maxgpus>0</maxgpus>").facts.max_gpus == 0


@pytest.mark.parametrize("name", ["test", f"{PREFIX}_test", "TEST", "__test"])
def test_name_of_a_pending_job_is_taken(farm: FakeFarm, name: str):
    farm.launch(layer())

    with pytest.raises(SpecError, match=f"The job {PREFIX}_test is already pending"):
        farm.launch(layer(), name=name)

    assert len(farm.farm.jobs) == 1


def test_name_of_a_finished_job_is_free(farm: FakeFarm):
    first = farm.launch(layer(frames="1"))
    farm.add_host()
    farm.end_all()

    second = farm.launch(layer(frames="1"))

    assert (first.name, first.facts.state, second.facts.state) == (second.name, "FINISHED", "PENDING")


def test_jobs_of_one_spec_are_launched_together(farm: FakeFarm):
    farm.add_host()

    made = farm.launch_spec(spec(job(layer(frames="1"), name="one"), job(layer("comp", "1"), name="two")))

    assert [one.name for one in made] == [f"{PREFIX}_one", f"{PREFIX}_two"]
    assert sorted(farm.rqd.launched) == ["0001-beauty", "0001-comp"]


def test_jobs_of_one_spec_may_wait_for_one_another(farm: FakeFarm):
    farm.add_host()

    farm.launch_spec(
        spec(
            job(layer(frames="1"), name="one"),
            job(layer("comp", "1"), name="two"),
            depends=depend("JOB_ON_JOB", depjob="two", onjob="one"),
        )
    )

    assert farm.end_all() == ["0001-beauty", "0001-comp"]


def test_spec_whose_second_job_is_pending_launches_none(farm: FakeFarm):
    farm.launch(layer(), name="two")

    with pytest.raises(SpecError, match=f"The job {PREFIX}_two is already pending"):
        farm.launch_spec(spec(job(name="one"), job(name="two")))

    assert [one.name for one in farm.farm.jobs.values()] == [f"{PREFIX}_two"]


def test_spec_without_jobs_adds_dependencies_to_pending_ones(farm: FakeFarm):
    farm.launch(layer(frames="1"), name="one")
    farm.launch(layer("comp", "1"), name="two")

    farm.launch_spec(
        spec().partition("<job ")[0] + f"<depends>{depend('JOB_ON_JOB', depjob='two', onjob='one')}</depends></spec>"
    )

    assert farm.states("comp", "two") == "P"


def test_jobs_of_one_second_keep_their_order_over_a_restart(kept_farm: FakeFarm):
    names = [f"job_{letter}" for letter in "hgfedcba"]
    for name in names:
        kept_farm.launch(layer(frames="1"), name=name)
    kept_farm.restart()

    kept_farm.add_host(cores=8)

    assert [one.name.partition("tester_")[2] for one in kept_farm.farm.jobs.values()] == names
    assert [frame.job_name.partition("tester_")[2] for frame in kept_farm.run_frames()] == names


# -- ends ----------------------------------------------------------------------------------------------------------


def test_job_is_finished_with_its_last_frame(farm: FakeFarm):
    farm.launch(layer("aaa", "1"), layer("bbb", "1"))
    farm.add_host()
    farm.clock.advance(5)

    farm.end("0001-aaa")
    before = farm.job().facts.state
    farm.end("0001-bbb")

    facts = farm.job().facts
    assert (before, facts.state, facts.stopped) == ("PENDING", "FINISHED", int(farm.clock.now))


@pytest.mark.parametrize("states", ["dead", "depend"])
def test_job_with_frames_that_are_dead_or_wait_for_them_stays_pending(farm: FakeFarm, states: str):
    farm.launch(
        layer("aaa", "1"),
        layer("bbb", "1"),
        before="<maxretries>0</maxretries>",
        depends=depend("LAYER_ON_LAYER", deplayer="bbb", onlayer="aaa"),
    )
    farm.add_host()

    farm.end("0001-aaa", status=1)

    assert (farm.states("aaa"), farm.states("bbb"), farm.job().facts.state) == ("D", "P", "PENDING")


def test_killed_job_leaves_its_name(farm: FakeFarm):
    farm.launch(layer())
    kill(farm)

    assert farm.launch(layer()).facts.state == "PENDING"


def test_old_finished_jobs_are_forgotten_with_all_that_was_noted_about_them():
    farm = FakeFarm(max_finished=2)
    for number in range(5):
        farm.launch(layer(frames="1"), POST, name=f"job_{number}")
        kill(farm, f"job_{number}")
        farm.clock.advance(1)
        for one in list(farm.farm.jobs.pending):
            kill(farm, one.partition("monitor_")[2])

    assert len(farm.farm.jobs) == 2
    assert len(farm.farm.jobs.by_prefix) == 2
    assert farm.farm.depends == {}
    assert farm.farm.jobs.hungry == {}
    assert farm.farm.procs.usage.is_empty


def test_finished_jobs_with_many_frames_are_forgotten_but_for_the_last():
    farm = FakeFarm(max_finished_frames=25)
    for number in range(4):
        farm.launch(layer(frames="1-10"), name=f"job_{number}")
        kill(farm, f"job_{number}")
    small = [one.name.rpartition("_")[2] for one in farm.farm.jobs.values()]

    farm.launch(layer(frames="1-100"), name="large")
    kill(farm, "large")

    assert small == ["2", "3"]
    assert [one.name.rpartition("_")[2] for one in farm.farm.jobs.values()] == ["large"]


def test_oldest_finished_jobs_are_forgotten_with_all_that_is_about_them():
    farm = FakeFarm(max_finished=1)
    first = farm.launch(layer("beauty", "1"), name="first")
    second = farm.launch(layer("beauty", "1"), name="second")
    third = farm.launch(layer("beauty", "1"), name="third")
    with farm.farm.work() as inner:
        connect(inner, End(second), End(first))
        connect(inner, End(third), End(second))

    for number, found in enumerate((first, second)):
        farm.clock.advance(number)
        with farm.farm.work():
            steering.eat_frames(farm.farm, found, [0])

    assert [one.name.rpartition("_")[2] for one in farm.farm.jobs.values()] == ["second", "third"]
    assert [one.er_job for one in farm.farm.depends.values()] == [third.id]
    assert farm.farm.depends.of(second.id) == []
    assert farm.states("beauty", "third") == "W"


def test_forgotten_job_is_gone_from_the_file(kept_farm: FakeFarm):
    kept_farm.launch(layer("beauty", "1"), name="first")
    kept_farm.add_host()
    kept_farm.end_all()
    with kept_farm.farm.work() as farm:
        forget_job(farm, kept_farm.job("first"))

    kept_farm.restart()

    assert kept_farm.farm.jobs == {}


# -- post jobs -----------------------------------------------------------------------------------------------------


def test_post_layers_are_a_job_of_their_own_that_waits(farm: FakeFarm):
    farm.launch(layer(frames="1"), POST, before="<priority>9</priority><autoeat>true</autoeat>")
    farm.add_host()

    post = post_job(farm)
    assert [one.name for one in farm.job().layers] == ["beauty"]
    assert (post.facts.state, [one.name for one in post.layers]) == ("POSTED", ["publish"])
    assert post.name.startswith("testing-test_shot-monitor_test_post_job_")
    assert (post.facts.user, post.facts.priority, post.facts.max_retries, post.facts.email) == ("monitor", 1, 2, "")
    assert farm.names_running() == ["0001-beauty"]


def test_post_job_runs_when_the_job_is_finished(farm: FakeFarm):
    made = farm.launch(layer(frames="1"), POST)
    farm.add_host()

    farm.end("0001-beauty")

    assert farm.names_running() == ["0001-publish"]
    environment = farm.run_frames()[-1].environment
    assert (environment["CUE_PARENT_JOB"], environment["CUE_PARENT_JOB_ID"]) == (made.name, made.id)


def test_post_job_runs_when_a_dead_frame_is_eaten(farm: FakeFarm):
    farm.launch(layer(frames="1"), POST, before="<maxretries>0</maxretries>")
    farm.add_host()
    farm.end("0001-beauty", status=1)
    before = list(farm.names_running())

    with farm.farm.work():
        steering.eat_frames(farm.farm, farm.job(), [0])

    assert (before, farm.names_running()) == ([], ["0001-publish"])


def test_post_job_runs_when_the_job_is_killed(farm: FakeFarm):
    farm.launch(layer(frames="1-9"), POST)
    farm.add_host()

    kill(farm)

    assert farm.names_running() == ["0001-publish"]


def test_post_job_of_a_paused_job_runs_when_that_was_killed(farm: FakeFarm):
    farm.launch(layer(frames="1-9"), POST, before="<paused>true</paused>")
    farm.add_host()

    kill(farm)

    assert farm.names_running() == ["0001-publish"]


def test_user_of_a_post_job_takes_the_first_place_where_the_name_has_the_users(farm: FakeFarm):
    farm.launch_spec(spec(job(layer(frames="1"), POST), shot="tester_shot"))

    assert post_job(farm).name.startswith("testing-monitor_shot-tester_test_post_job_")


def test_post_jobs_of_one_moment_have_names_of_their_own(farm: FakeFarm):
    for _ in range(2):
        farm.launch(layer(frames="1"), POST)
        kill(farm)
        farm.clock.advance(-1.0)

    names = [name for name in farm.farm.jobs.pending if "_post_job_" in name]
    assert len(names) == 2


def test_post_job_survives_a_restart(kept_farm: FakeFarm):
    kept_farm.launch(layer(frames="1"), POST)
    kept_farm.add_host()
    kept_farm.restart()

    assert kept_farm.end_all() == ["0001-beauty", "0001-publish"]
