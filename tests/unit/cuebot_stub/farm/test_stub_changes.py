# SPDX-License-Identifier: Apache-2.0
"""What people change of jobs and layers while those run, and that it counts from then on."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from cuebot_stub.farm import changing
from cuebot_stub.farm.errors import CannotDo
from cuebot_stub.farm.life import look_for_frames
from cuebot_stub.farm.things import Group, Limit
from tests.fakes.farm import FakeFarm
from tests.specs import layer

GB = 1048576


def change_layer(farm: FakeFarm, **changes: Any) -> None:
    with farm.farm.work():
        changing.change_layer(farm.farm, farm.job(), 0, **changes)


def add_limit(farm: FakeFarm, name: str, value: int) -> None:
    limit = Limit(str(uuid.uuid4()), name, value)
    with farm.farm.work() as inner:
        inner.limits[limit.id] = limit


def add_group(farm: FakeFarm, **facts: int) -> Group:
    show = farm.farm.shows.named("testing")
    assert show is not None
    group = Group(
        str(uuid.uuid4()), "seq", show.id, parent=farm.farm.groups.where(show=show.id, parent="")[0].id, **facts
    )
    with farm.farm.work() as inner:
        inner.groups[group.id] = group
    return group


def test_priority_decides_which_job_comes_next(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"), name="first")
    farm.launch(layer("urgent", "1-2"), name="second")

    with farm.farm.work():
        changing.change_job(farm.farm, farm.job("second"), priority=9)
    farm.add_host(cores=1)

    assert farm.names_running() == ["0001-urgent"]


def test_job_gets_no_more_cores_than_it_may_have(farm: FakeFarm):
    farm.launch(layer("beauty", "1-8"))
    with farm.farm.work():
        changing.change_job(farm.farm, farm.job(), max_cores=200)
    farm.add_host(cores=8)
    few = len(farm.names_running())

    with farm.farm.work():
        changing.change_job(farm.farm, farm.job(), max_cores=500)

    assert (few, len(farm.names_running())) == (2, 5)


def test_retries_that_were_set_count_for_frames_that_run(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))
    farm.add_host()

    with farm.farm.work():
        changing.set_max_retries(farm.farm, farm.job(), 3)
    ended = farm.end_all(status=1)

    assert len(ended) == 4


def test_retries_below_zero_are_refused(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))

    with farm.farm.work(), pytest.raises(CannotDo, match="-1 retries"):
        changing.set_max_retries(farm.farm, farm.job(), -1)


@pytest.mark.parametrize(
    ("changes", "running"),
    [
        ({"min_cores": 200, "threadable": True}, 4),
        ({"min_cores": 0}, 1),
        ({"min_cores": -600}, 4),
        ({"memory": 20 * GB}, 3),
        ({"tags": ["elsewhere"]}, 0),
        ({"tags": ["elsewhere", "GENERAL"]}, 8),
        ({"gpus": 1}, 0),
        ({"start_after": 2_000_000_000}, 0),
    ],
    ids=["cores", "all cores", "all cores but six", "memory", "tags", "one tag of two", "gpus", "later"],
)
def test_layer_runs_where_and_as_often_as_its_needs_allow(farm: FakeFarm, changes: dict[str, Any], running: int):
    farm.launch(layer("beauty", "1-8"))

    change_layer(farm, **changes)
    farm.add_host(cores=8)

    assert len(farm.names_running()) == running


def test_needs_of_a_layer_change_while_its_frames_run(farm: FakeFarm):
    farm.launch(layer("beauty", "1-8"))
    farm.add_host(cores=4)

    change_layer(farm, min_cores=200)
    farm.end("0001-beauty")
    one = farm.names_running()
    farm.end("0002-beauty")

    assert one == ["0002-beauty", "0003-beauty", "0004-beauty"]
    assert farm.names_running() == ["0003-beauty", "0004-beauty", "0005-beauty"]


def test_layer_that_may_start_later_starts_then(farm: FakeFarm):
    farm.launch(layer("beauty", "1"))
    farm.add_host()
    farm.end("0001-beauty", status=1)
    farm.end("0001-beauty", status=1)
    farm.launch(layer("beauty", "1"), name="late", before="<paused>true</paused>")
    late = farm.job("late")
    with farm.farm.work():
        changing.change_layer(farm.farm, late, 0, start_after=int(farm.clock.now) + 60)
        late.facts.paused = False
        look_for_frames(farm.farm, late)
    early = farm.names_running()

    farm.pass_time(61)

    assert (early, farm.names_running()) == ([], ["0001-beauty"])


def test_limit_that_is_added_counts_frames_that_run_already(farm: FakeFarm):
    add_limit(farm, "licence", 2)
    farm.launch(layer("beauty", "1-8"))
    farm.add_host(cores=4)

    change_layer(farm, limits=["licence"])
    counted = farm.farm.procs.usage.frames_with("licence")
    farm.end("0001-beauty")
    farm.end("0002-beauty")
    farm.end("0003-beauty")

    assert counted == 4
    assert farm.names_running() == ["0004-beauty", "0005-beauty"]


def test_limit_that_is_dropped_counts_no_frames_any_more(farm: FakeFarm):
    add_limit(farm, "licence", 1)
    farm.launch(layer("beauty", "1-4"))
    change_layer(farm, limits=["licence"])
    farm.add_host(cores=4)
    one = farm.names_running()

    change_layer(farm, limits=[])

    assert one == ["0001-beauty"]
    assert len(farm.names_running()) == 4
    assert farm.farm.procs.usage.frames_with("licence") == 0


def test_job_in_another_group_has_its_defaults_and_its_cores_count_there(farm: FakeFarm):
    group = add_group(farm, default_job_priority=7, default_job_max_cores=300, max_cores=200)
    farm.launch(layer("beauty", "1-8"))
    farm.add_host(cores=1)
    root = farm.job().facts.group

    with farm.farm.work():
        changing.move_to_group(farm.farm, farm.job(), group)
    farm.add_host("node2", cores=8)

    assert (farm.job().facts.priority, farm.job().facts.max_cores) == (7, 300)
    assert farm.farm.procs.usage.of("group", group.id).cores == 200
    assert farm.farm.procs.usage.of("group", root).cores == 0


def test_group_of_another_show_is_refused(farm: FakeFarm):
    group = add_group(farm)
    group.show = "another"
    farm.launch(layer("beauty", "1"))

    with farm.farm.work(), pytest.raises(CannotDo, match="another show"):
        changing.move_to_group(farm.farm, farm.job(), group)
