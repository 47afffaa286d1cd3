# SPDX-License-Identifier: Apache-2.0
"""The account of what is reserved agrees with the procs, whatever happens in whatever order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st

from cuebot_stub.farm import changing, steering
from cuebot_stub.farm.farm import Farm
from cuebot_stub.farm.hosting import move_host, redirect, unbook
from cuebot_stub.farm.procs import Usage
from cuebot_stub.farm.things import Group, Limit
from cuebot_stub.farm.watch import tick
from cuebot_stub.seed import make_show
from tests.fakes.daemons import FakeDaemons, new_farm
from tests.fakes.farm import FakeClock
from tests.specs import SMALL, one_layer

Act = Callable[["World", int], None]
LIMITED = f"<cores>1.5</cores>{SMALL}<limits><limit>license</limit></limits>"


class World:
    """A farm of three hosts and four jobs of two shows, that acts on numbers."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.farm = new_farm(self.clock)
        self.daemons = FakeDaemons(self.farm)
        with self.farm.work() as farm:
            make_show(farm, "other")
            root = farm.groups.where(show=farm.shows.named("testing").id, parent="")[0]
            farm.groups["lights"] = Group("lights", "lights", root.show, root.id, max_cores=300)
            farm.limits["license"] = Limit("license", "license", 2)
            farm.subscriptions.first(show=root.show, allocation=farm.allocations.named("local.desktop").id).burst = 250
        for name in ("node1", "node2", "node3"):
            self.daemons.add(name)
        for name in ("one", "two"):
            self.daemons.launch(one_layer(name, frames="1-6", after=LIMITED))
            self.daemons.launch(one_layer(f"{name}_more", frames="1-6", show="other" if name == "two" else "testing"))

    def pick(self, things: Mapping[str, Any], number: int) -> Any:
        """Return one of some things."""
        return list(things.values())[number % len(things)]


def finish(world: World, number: int) -> None:
    if world.farm.procs:
        proc = world.pick(world.farm.procs, number)
        world.daemons.end(proc.id, exit_status=number % 3 == 2)


def lose(world: World, number: int) -> None:
    host = world.pick(world.farm.hosts, number)
    world.daemons.report(host.name, is_boot=True)


def move(world: World, number: int) -> None:
    with world.farm.work() as farm:
        name = ("local.desktop", "local.general", "cloud.general")[number // 3 % 3]
        move_host(farm, world.pick(farm.hosts, number), farm.allocations.named(name))


def regroup(world: World, number: int) -> None:
    with world.farm.work() as farm:
        job = world.pick(farm.jobs, number)
        if job.facts.show == farm.groups["lights"].show:
            group = farm.groups["lights"] if number % 2 else farm.groups.where(show=job.facts.show, parent="")[0]
            changing.move_to_group(farm, job, group)


def relimit(world: World, number: int) -> None:
    with world.farm.work() as farm:
        job = world.pick(farm.jobs, number)
        changing.change_layer(farm, job, 0, limits=["license"] if number % 2 else [])


def kill_or_retry(world: World, number: int) -> None:
    with world.farm.work() as farm:
        job = world.pick(farm.jobs, number)
        if number % 4 == 3:
            steering.kill_job(farm, job, "a test")
        else:
            steering.retry_frames(farm, job, range(6))


def give_away(world: World, number: int) -> None:
    with world.farm.work() as farm:
        if farm.procs:
            proc = world.pick(farm.procs, number)
            redirect(farm, proc, "lights", kill=False) if number % 2 else unbook(farm, proc, kill=True)


def wait(world: World, number: int) -> None:
    world.clock.advance(1)
    with world.farm.work() as farm:
        tick(farm)


ACTS: list[Act] = [finish, finish, finish, lose, move, regroup, relimit, kill_or_retry, give_away, wait]


def counted_anew(farm: Farm) -> Usage:
    usage = Usage()
    for proc in farm.procs.values():
        usage.count(proc, farm.hosts[proc.host], farm.jobs[proc.job])
    return usage


def keys(farm: Farm) -> list[tuple[object, ...]]:
    """Return all that an account has sums for."""
    jobs, allocations = farm.jobs.values(), farm.allocations
    return [
        *(("host", id) for id in farm.hosts),
        *(("job", job.id) for job in jobs),
        *(("layer", job.id, 0) for job in jobs),
        *(("group", id) for id in farm.groups),
        *(("show", id) for id in farm.shows),
        *(("allocation", id) for id in allocations),
        *(("share", show, allocation) for show in farm.shows for allocation in allocations),
    ]


@settings(max_examples=60)
@given(steps=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 11)), max_size=25))
def test_account_agrees_with_the_procs(steps: list[tuple[Act, int]]):
    world = World()

    for act, number in steps:
        act(world, number)

    farm, anew = world.farm, counted_anew(world.farm)
    assert {key: farm.procs.usage.of(*key) for key in keys(farm)} == {key: anew.of(*key) for key in keys(farm)}
    assert {name: +hosts for name, hosts in farm.procs.usage.limit_hosts.items() if +hosts} == anew.limit_hosts
    assert [host for host in farm.hosts.values() if farm.procs.usage.of("host", host.id).cores > host.cores] == []


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([finish, finish, lose, kill_or_retry, give_away, wait]), st.integers(0, 11)),
        max_size=25,
    )
)
def test_what_was_promised_is_kept(steps: list[tuple[Act, int]]):
    world = World()

    for act, number in steps:
        act(world, number)

    farm = world.farm
    assert farm.procs.usage.frames_with("license") <= 2
    assert [
        one
        for one in farm.subscriptions.values()
        if farm.procs.usage.of("share", one.show, one.allocation).cores > one.burst
    ] == []
    assert [
        job.name for job in farm.jobs.values() if farm.procs.usage.of("job", job.id).cores > job.facts.max_cores
    ] == []
