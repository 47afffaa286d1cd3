# SPDX-License-Identifier: Apache-2.0
"""Dependencies between jobs, and what of job specs is refused."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.spec import SpecError
from tests.fakes.farm import FakeFarm
from tests.fakes.waiting import retry, two_jobs
from tests.specs import depend, job, layer, spec

# -- whole jobs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "parts", "waits"),
    [
        ("JOB_ON_JOB", {"deplayer": "", "onlayer": ""}, "PPPP"),
        ("JOB_ON_LAYER", {"deplayer": ""}, "PPPP"),
        ("JOB_ON_FRAME", {"deplayer": "", "onlayer": "", "onframe": "0002-sim"}, "PPPP"),
        ("LAYER_ON_JOB", {"onlayer": ""}, "PPPP"),
        ("FRAME_ON_JOB", {"deplayer": "", "onlayer": "", "depframe": "0002-comp"}, "WPWW"),
    ],
    ids=["job-job", "job-layer", "job-frame", "layer-job", "frame-job"],
)
def test_what_waits_for_a_job_layer_or_frame_starts_when_that_is_done(
    farm: FakeFarm, kind: str, parts: dict[str, str], waits: str
):
    two_jobs(farm, kind, on="1-2", **parts)
    before = farm.states("comp", "two")

    farm.end("0001-sim")
    farm.end("0002-sim")

    assert (before, farm.states("comp", "two")) == (waits, "WWWW")


@pytest.mark.parametrize(
    ("kind", "parts", "waits"),
    [
        ("FRAME_BY_FRAME", {}, "PPPP"),
        ("PREVIOUS_FRAME", {}, "WPPP"),
        ("LAYER_ON_LAYER", {}, "PPPP"),
        ("LAYER_ON_SIM_FRAME", {"onframe": "0003-sim"}, "PPPP"),
        ("FRAME_ON_FRAME", {"depframe": "0002-comp", "onframe": "0003-sim"}, "WPWW"),
        ("JOB_ON_JOB", {"deplayer": "", "onlayer": ""}, "WWWW"),
    ],
    ids=["fbf", "previous", "layer", "sim", "frame", "job"],
)
def test_killed_job_releases_only_what_waits_for_its_end(farm: FakeFarm, kind: str, parts: dict[str, str], waits: str):
    two_jobs(farm, kind, **parts)

    with farm.farm.work():
        steering.kill_job(farm.farm, farm.job("one"), "enough")
    farm.pass_time(1.0)

    assert farm.states("comp", "two") == waits


@pytest.mark.parametrize("kind", ["FRAME_BY_FRAME", "LAYER_ON_LAYER"])
def test_job_that_was_killed_and_is_revived_is_waited_for_again(farm: FakeFarm, kind: str):
    two_jobs(farm, kind)
    farm.end("0001-sim")
    with farm.farm.work():
        steering.kill_job(farm.farm, farm.job("one"), "enough")
    farm.pass_time(1.0)

    retry(farm, "sim", 1, job_name="one")

    assert farm.states("comp", "two") == "PPPP"


def test_job_that_is_revived_is_not_waited_for_again_by_those_who_waited_for_its_end(farm: FakeFarm):
    two_jobs(farm, "JOB_ON_JOB", on="1", deplayer="", onlayer="")
    farm.end("0001-sim")

    retry(farm, "sim", 1, job_name="one")

    assert farm.states("comp", "two") == "WWWW"


def test_all_dependencies_of_a_frame_must_let_go(farm: FakeFarm):
    farm.launch(
        layer("sim", "1"),
        layer("cloth", "1"),
        layer("comp", "1", after="<tags>nowhere</tags>"),
        depends=depend("LAYER_ON_LAYER", deplayer="comp", onlayer="sim")
        + depend("FRAME_BY_FRAME", deplayer="comp", onlayer="cloth")
        + depend("FRAME_ON_FRAME", depframe="0001-comp", onframe="0001-sim"),
    )
    farm.add_host()

    farm.end("0001-sim")
    half = farm.states("comp")
    farm.end("0001-cloth")

    assert (half, farm.states("comp")) == ("P", "W")


def test_the_same_dependency_twice_is_refused(farm: FakeFarm):
    two_jobs(farm, "LAYER_ON_LAYER")
    again = depend("LAYER_ON_LAYER", depjob="two", onjob="one", deplayer="comp", onlayer="sim", anyframe="true")

    with pytest.raises(SpecError, match="the spec has the same dependency twice; anyframe makes no difference"):
        farm.launch_spec(spec().partition("<job ")[0] + f"<depends>{again}</depends></spec>")

    assert len(farm.farm.depends.of(farm.job("two").id)) == 1


def test_a_pair_that_another_dependency_has_is_refused(farm: FakeFarm):
    names = {"deplayer": "comp", "onlayer": "sim"}
    pair = depend("FRAME_ON_FRAME", **names, depframe="0002-comp", onframe="0002-sim")

    with pytest.raises(SpecError, match="the spec has the same dependency twice"):
        farm.launch(layer("sim", "1-2"), layer("comp", "1-2"), depends=depend("FRAME_BY_FRAME", **names) + pair)


# -- refused -------------------------------------------------------------------------------------------------------


def test_nothing_can_wait_for_a_job_that_is_finished(farm: FakeFarm):
    farm.launch(layer("sim", "1"), name="one")
    farm.add_host()
    farm.end_all()

    with pytest.raises(SpecError, match="no pending job 'testing-test_shot-tester_one'; it may be finished"):
        farm.launch_spec(spec(job(name="two"), depends=depend("JOB_ON_JOB", depjob="two", onjob="one")))

    assert list(farm.farm.jobs.pending) == []


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"onjob": "elsewhere"}, "no pending job 'testing-test_shot-tester_elsewhere'"),
        ({"depjob": "elsewhere"}, "no pending job 'testing-test_shot-tester_elsewhere'"),
        ({"onjob": "other", "onlayer": "none"}, "has no layer 'none'"),
        ({"onjob": "other", "onlayer": "beauty", "depjob": "other", "deplayer": "none"}, "has no layer 'none'"),
        ({"onjob": "other", "onframe": "0099-beauty"}, "has no frame '0099-beauty'"),
    ],
    ids=["job waited for", "job that waits", "layer", "layer that waits", "frame"],
)
def test_dependency_on_what_is_not_there_is_refused(farm: FakeFarm, parts: dict[str, str], message: str):
    farm.launch(layer("beauty", "1-10"), name="other")
    kind = "LAYER_ON_SIM_FRAME" if "onframe" in parts else "LAYER_ON_LAYER" if "onlayer" in parts else "LAYER_ON_JOB"

    with pytest.raises(SpecError, match=message):
        farm.launch(layer("comp", "1"), depends=depend(kind, **{"deplayer": "comp", **parts}))

    assert len(farm.farm.jobs) == 1
    assert farm.farm.depends == {}


@pytest.mark.parametrize(
    ("kind", "parts", "comp"),
    [
        ("JOB_ON_JOB", {}, "PP"),
        ("JOB_ON_LAYER", {"onlayer": "beauty"}, "PP"),
        ("JOB_ON_FRAME", {"onframe": "0002-beauty"}, "PP"),
        ("LAYER_ON_JOB", {"deplayer": "comp"}, "PP"),
        ("FRAME_ON_JOB", {"depframe": "0001-comp"}, "PW"),
        ("FRAME_ON_LAYER", {"depframe": "0001-comp", "onlayer": "beauty"}, "PW"),
        ("FRAME_ON_FRAME", {"depframe": "0001-comp", "onframe": "0002-beauty"}, "PW"),
    ],
    ids=lambda value: value if isinstance(value, str) and "_ON_" in value else "",
)
def test_dependencies_of_every_type_reach_jobs_that_are_there(
    farm: FakeFarm, kind: str, parts: dict[str, str], comp: str
):
    farm.launch(layer("beauty", "1-3"), name="other")

    farm.launch(layer("comp", "1-2"), depends=depend(kind, onjob="other", **parts))

    assert farm.states("comp") == comp
    assert [one.type for one in farm.farm.depends.values()] == [kind]


# -- dispatch ------------------------------------------------------------------------------------------------------


def test_frames_that_a_dependency_releases_start_at_once_on_all_hosts(farm: FakeFarm):
    farm.launch(
        layer("sim", "1"),
        layer("comp", "1-8"),
        layer("waits", "1", after="<tags>nowhere</tags>"),
        depends=depend("LAYER_ON_LAYER", deplayer="comp", onlayer="sim"),
    )
    farm.add_host("node1", cores=2)
    farm.add_host("node2", cores=2)

    farm.end("0001-sim")

    assert farm.names_running() == ["0001-comp", "0002-comp", "0003-comp", "0004-comp"]
