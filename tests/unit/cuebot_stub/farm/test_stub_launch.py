# SPDX-License-Identifier: Apache-2.0
"""Jobs come from specs whole or not at all, wait for their post layers' sake, and are forgotten in the end."""

from __future__ import annotations

import pytest

from cuebot_stub.farm import steering
from cuebot_stub.farm.depend import End
from cuebot_stub.farm.holds import connect
from cuebot_stub.farm.life import forget_job
from cuebot_stub.spec import SpecError
from tests.fakes.farm import FakeFarm
from tests.specs import depend, job, layer, spec


def names(farm: FakeFarm) -> list[str]:
    return sorted(found.name.removeprefix("testing-test_shot-tester_") for found in farm.farm.jobs.values())


def test_job_of_a_taken_name_is_refused_and_nothing_of_its_spec_is_made(farm: FakeFarm):
    farm.launch(layer(), name="second")

    with pytest.raises(SpecError, match="is already pending"):
        farm.launch_spec(spec(job(name="first"), job(name="second")))

    assert names(farm) == ["second"]


def test_name_of_a_finished_job_is_free(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))
    with farm.farm.work():
        steering.eat_frames(farm.farm, farm.job(), [0])

    farm.launch(layer("beauty", "1"))

    assert names(farm) == ["test", "test"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"onjob": "elsewhere"}, "no pending job 'testing-test_shot-tester_elsewhere'"),
        ({"depjob": "elsewhere"}, "no pending job 'testing-test_shot-tester_elsewhere'"),
        ({"onjob": "other", "onlayer": "none"}, "has no layer 'none'"),
        ({"onjob": "other", "onframe": "0099-beauty"}, "has no frame '0099-beauty'"),
    ],
    ids=["job waited for", "job that waits", "layer", "frame"],
)
def test_dependency_on_what_is_not_there_is_refused(farm: FakeFarm, parts: dict[str, str], message: str):
    farm.launch(layer("beauty", "1-10"), name="other")
    kind = "LAYER_ON_SIM_FRAME" if "onframe" in parts else "LAYER_ON_LAYER" if "onlayer" in parts else "LAYER_ON_JOB"

    with pytest.raises(SpecError, match=message):
        farm.launch(layer("comp", "1"), depends=depend(kind, deplayer="comp", **parts))

    assert names(farm) == ["other"]
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


def test_frame_waits_for_a_frame_of_its_own_job(farm: FakeFarm):
    farm.launch(
        layer("model", "1-2"),
        layer("comp", "1-2"),
        depends=depend("FRAME_ON_FRAME", depframe="0002-comp", onframe="0001-model"),
    )
    held = farm.states("comp")
    farm.add_host(cores=1)

    farm.end("0001-model")

    assert held == "WP"
    assert farm.states("comp")[1] != "P"


def test_post_layers_are_a_job_that_starts_when_its_parent_is_over(farm: FakeFarm):
    farm.launch(layer("beauty", "1"), layer("publish", "1", kind="Post"))
    parent, post = farm.farm.jobs.values()
    before = (post.facts.state, parent.facts.post_job, post.facts.env["CUE_PARENT_JOB"])

    with farm.farm.work():
        steering.kill_job(farm.farm, parent, "enough")

    assert before == ("POSTED", post.id, parent.name)
    assert post.facts.state == "PENDING"
    assert list(farm.farm.jobs.pending) == [post.name]


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

    assert names(farm) == ["second", "third"]
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
