# SPDX-License-Identifier: Apache-2.0
"""Whoever calls whatever: a call that is refused changes nothing, and what others change is in the file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from opencue_proto import department_pb2, job_pb2, service_pb2

from cuebot_stub.farm.errors import CannotDo, Invalid
from cuebot_stub.farm.farm import Farm, FarmSettings
from cuebot_stub.farm.things import (
    Action,
    Comment,
    Deed,
    Department,
    Filter,
    Group,
    Limit,
    Matcher,
    Owner,
    RenderPartition,
    Service,
    Task,
)  # fmt: skip
from cuebot_stub.farm.watch import tick
from cuebot_stub.services.group_service import DepartmentService, GroupService
from cuebot_stub.services.rpc import perform
from cuebot_stub.services.service_service import OverrideService
from cuebot_stub.spec import SpecError
from tests.fakes.daemons import FakeDaemons, new_farm
from tests.fakes.farm import FakeClock
from tests.fakes.random_calls import Call, all_calls, random_request
from tests.fakes.saved_farm import Mirror, live_data, picture
from tests.specs import depend, job, layer, spec

CALLS, TURNS = 120, 5


class World:
    """A farm in a file, with something of every kind, and its hosts."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock, self.store = path, FakeClock(), Mirror(path)
        self.farm = new_farm(self.clock, self.store)
        self.daemons = FakeDaemons(self.farm)
        self.daemons.add("node1", cores=200)
        self.daemons.add("node2", cores=100, nimby_enabled=True)
        with self.farm.work() as farm:
            self._furnish(farm)
        layers = layer("model", "1-3", chunk=2), layer("comp", "1-3")
        depends = depend("FRAME_BY_FRAME", depjob="first", onjob="first", deplayer="comp", onlayer="model")
        self.daemons.launch(spec(job(*layers, name="first"), depends=depends))
        second = self.daemons.launch(spec(job(*layers, name="second")))
        with self.farm.work() as farm:
            host = farm.hosts.named("node2")
            assert host is not None
            farm.partitions.add(RenderPartition("lent", host.id, second, threads=1, max_cores=100))

    def _furnish(self, farm: Farm) -> None:
        show = farm.shows.named("testing")
        assert show is not None
        host = farm.hosts.named("node2")
        assert host is not None
        host.lock_state = "LOCKED"
        farm.hosts.save(host)
        task = Task("task", "test_shot", 400)
        slow = Matcher("m", "USER", "IS", "x"), Action("a", "PAUSE_JOB", "BOOLEAN_TYPE", True)
        farm.limits.add(Limit("limit", "license", 3))
        farm.comments.add(Comment("comment", host.id, 1, "ann", "fan", "is loud"))
        farm.owners.add(Owner("owner", "ann", show.id))
        farm.deeds.add(Deed("deed", host.id, "owner"))
        farm.services.add(Service("override", "maya", show.id))
        farm.departments.add(Department("department", "Unknown", show.id, tasks=[task]))
        farm.filters.add(Filter("filter", "slow", show.id, 1.0, matchers=[slow[0]], actions=[slow[1]]))

    def restart(self) -> None:
        """End the farm and make a new one of its file."""
        self.store.close()
        self.store = Mirror(self.path)
        self.farm = Farm(FarmSettings(), self.clock, self.store)
        with self.farm.work() as farm:
            self.store.load(farm)

    def step(self, chance: random.Random) -> None:
        """Let a frame end, or time pass."""
        if self.farm.procs and chance.random() < 0.5:
            self.daemons.end(chance.choice(list(self.farm.procs)), exit_status=chance.choice([0, 0, 1, 286]))
        else:
            self.clock.advance(1.0)
            with self.farm.work() as farm:
                tick(farm)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a farm in a file."""
    world = World(tmp_path / "farm.sqlite")
    yield world
    world.store.close()


def call(world: World, service: Any, method: str, request: Any) -> bool:
    """Call a service as the server does, and tell whether it has done what was asked for."""
    is_unlocked = getattr(getattr(service, method), "is_unlocked", False)
    holding = nullcontext() if is_unlocked else world.farm.work()
    try:
        with holding:
            perform(service, method, request)
    except (CannotDo, SpecError):
        return False
    return True


def check_some_call(world: World, calls: list[Call], chance: random.Random) -> None:
    """Make any call, and compare what the farm knows with its file before and after."""
    service, method, kind = chance.choice(calls)
    request = random_request(world.farm, kind, chance)
    before = dict(world.store.held)

    is_done = call(world, service, method, request)

    after, said = live_data(world.farm), f"{service.name}/{method} {request}"
    assert is_done or after == before, said
    assert after == world.store.held, said


@pytest.mark.parametrize("seed", range(TURNS))
def test_call_is_done_and_saved_or_changes_nothing(world: World, seed: int):
    chance, calls = random.Random(seed), all_calls(world.farm)
    for _ in range(CALLS):
        check_some_call(world, calls, chance)
        world.step(chance)
    before = picture(world.farm)

    world.restart()

    assert picture(world.farm) == before


# -- the ones that did change something ----------------------------------------------------------------------------


def test_service_with_a_bad_value_keeps_its_name(world: World):
    service = world.farm.services["override"]
    data = service_pb2.Service(id=service.id, name="arnold", timeout=-1)
    request = service_pb2.ServiceOverrideUpdateRequest(service=data)

    with pytest.raises(Invalid, match="timeout of the service 'maya' cannot be -1"), world.farm.work():
        perform(OverrideService(world.farm), "Update", request)

    assert service.name == "maya"


def test_tasks_are_replaced_by_all_or_by_none(world: World):
    request = department_pb2.DeptReplaceTaskRequest(tmap={"sh1": 100, "bad/name": 100})
    request.department.id = "department"

    is_done = call(world, DepartmentService(world.farm), "ReplaceTasks", request)

    assert is_done is False
    assert [task.shot for task in world.farm.departments["department"].tasks] == ["test_shot"]


def test_groups_are_moved_all_or_none(world: World):
    farm = world.farm
    root = next(iter(farm.groups.values()))
    good, bad = Group("good", "good", root.show, root.id), Group("bad", "bad", "other", root.id)
    place = Group("place", "place", root.show, root.id)
    farm.groups.update({one.id: one for one in (good, bad, place)})
    request = job_pb2.GroupReparentGroupsRequest(groups={"groups": [{"id": "good"}, {"id": "bad"}]})
    request.group.id = "place"

    is_done = call(world, GroupService(farm), "ReparentGroups", request)

    assert (is_done, good.parent) == (False, root.id)


def test_counts_of_a_show_are_there_after_a_restart(world: World):
    world.daemons.finish("0001-model")
    world.daemons.finish("0003-model", exit_status=1)

    world.restart()

    show = world.farm.shows.named("testing")
    assert show is not None
    assert (show.rendered_frames, show.failed_frames) == (1, 1)
