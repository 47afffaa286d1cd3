# SPDX-License-Identifier: Apache-2.0
"""Which frame starts where: what is asked of hosts and what holds frames back."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm import steering
from cuebot_stub.farm.farm import Farm
from cuebot_stub.farm.hosting import move_host, redirect
from cuebot_stub.farm.things import Deed, Limit, Owner
from cuebot_stub.farm.watch import tick
from cuebot_stub.seed import make_show
from tests.fakes.daemons import GB, Clock, FakeDaemons, new_farm
from tests.specs import job, layer, spec

SMALL = "<memory>256m</memory>"


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the farm."""
    return Clock()


@pytest.fixture
def farm(clock: Clock) -> Farm:
    """Return a farm without hosts and jobs."""
    return new_farm(clock)


@pytest.fixture
def daemons(farm: Farm) -> FakeDaemons:
    """Return the daemons of the farm's hosts."""
    return FakeDaemons(farm)


def one_layer(name: str = "test", frames: str = "1-20", after: str = SMALL, **parts: str) -> str:
    """Return a spec of a job with one layer ``beauty``; ``after`` is what stands in it after its chunk."""
    around = {key: parts.pop(key) for key in ("show", "user") if key in parts}
    facility = f"<facility>{parts.pop('facility')}</facility>" if "facility" in parts else ""
    return spec(job(layer(frames=frames, after=after), name=name, **parts), before=facility, **around)


def frames_of(daemons: FakeDaemons) -> list[str]:
    return [frame for _, frame in daemons.started]


def hosts_of(daemons: FakeDaemons) -> list[str]:
    return [host for host, _ in daemons.started]


def jobs_of(daemons: FakeDaemons) -> set[str]:
    return {proc.job for proc in daemons.farm.procs.values()}


# -- the order -------------------------------------------------------------------------------------------------


def test_job_of_a_higher_priority_starts_first(daemons: FakeDaemons):
    daemons.launch(one_layer("low", before="<priority>1</priority>"))
    urgent = daemons.launch(one_layer("high", before="<priority>2</priority>"))

    daemons.add("node1")

    assert jobs_of(daemons) == {urgent}


def test_older_job_starts_first_among_equals(daemons: FakeDaemons, clock: Clock):
    older = daemons.launch(one_layer("zz_older"))
    clock.now += 5
    daemons.launch(one_layer("aa_newer"))

    daemons.add("node1")

    assert jobs_of(daemons) == {older}


def test_frames_start_in_the_order_of_their_range(daemons: FakeDaemons):
    daemons.launch(one_layer(frames="9,1,5,4-3"))

    daemons.add("node1", cores=800)

    assert frames_of(daemons) == ["0009-beauty", "0001-beauty", "0005-beauty", "0004-beauty", "0003-beauty"]


def test_first_frames_of_all_layers_start_before_second_ones(daemons: FakeDaemons):
    daemons.launch(spec(job(layer("aaa", "1-2", after=SMALL), layer("bbb", "7-8", after=SMALL))))

    daemons.add("node1")

    assert frames_of(daemons) == ["0001-aaa", "0007-bbb", "0002-aaa", "0008-bbb"]


def test_hosts_take_turns(daemons: FakeDaemons):
    daemons.add("node1")
    daemons.add("node2")

    daemons.launch(one_layer(frames="1-4"))

    assert hosts_of(daemons) == ["node1", "node2", "node1", "node2"]


def test_room_that_a_frame_leaves_goes_to_its_job_among_equals(daemons: FakeDaemons, clock: Clock):
    daemons.add("node1")
    daemons.launch(one_layer("older", frames="1-3"))
    clock.now += 1
    newer = daemons.launch(one_layer("newer", frames="101-120"))
    daemons.launch(one_layer("newest", frames="201-220"))
    with daemons.farm.work() as farm:
        farm.jobs[newer].facts.launched += 10

    daemons.finish("0101-beauty")

    assert frames_of(daemons)[-1] == "0102-beauty"


def test_room_of_an_unbooked_proc_goes_to_the_first_job(daemons: FakeDaemons):
    daemons.add("node1")
    newer = daemons.launch(one_layer("newer", frames="101-120"))
    daemons.launch(one_layer("older", frames="1-20"))
    with daemons.farm.work() as farm:
        farm.jobs[newer].facts.launched += 10
        daemons.proc("0101-beauty").unbooked = True

    daemons.finish("0101-beauty")

    assert frames_of(daemons)[-1] == "0001-beauty"


def test_room_of_a_redirected_proc_goes_to_the_job_it_was_redirected_to(daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer("first", before="<priority>9</priority>"))
    target = daemons.launch(one_layer("second", frames="101-120"))
    with daemons.farm.work() as farm:
        redirect(farm, daemons.proc("0001-beauty"), target, kill=False)

    daemons.finish("0001-beauty")

    assert frames_of(daemons)[-1] == "0101-beauty"


# -- tags, facility, operating system --------------------------------------------------------------------------


@pytest.mark.parametrize("tags", ["blue", "red | blue", "BLUE", "general", "node1", "rqdport_1"])
def test_host_with_one_of_the_tags_gets_the_frame(daemons: FakeDaemons, tags: str):
    daemons.launch(one_layer(frames="1", after=f"{SMALL}<tags>{tags}</tags>"))

    daemons.add("node1", tags=["general", "Blue", "rqdport_1"])

    assert daemons.running == ["0001-beauty"]


@pytest.mark.parametrize("tags", ["green", "blu", "bluer", "node"])
def test_host_without_any_of_the_tags_gets_no_frame(daemons: FakeDaemons, tags: str):
    daemons.launch(one_layer(frames="1", after=f"{SMALL}<tags>{tags}</tags>"))

    daemons.add("node1", tags=["general", "blue"])

    assert daemons.running == []


def test_tag_that_somebody_gave_a_host_counts(daemons: FakeDaemons):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1", after=f"{SMALL}<tags>special</tags>"))

    with daemons.farm.work() as farm:
        host.tags = ["special"]
        farm.wake(host)

    assert daemons.running == ["0001-beauty"]


def test_host_in_another_allocation_has_its_tag(daemons: FakeDaemons):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1", after=f"{SMALL}<tags>desktop</tags>"))

    with daemons.farm.work() as farm:
        move_host(farm, host, farm.find_allocation("local.desktop"))

    assert daemons.running == ["0001-beauty"]


def test_job_of_another_facility_does_not_run_here(daemons: FakeDaemons):
    daemons.add("node1")

    daemons.launch(one_layer(facility="cloud"))

    assert daemons.running == []


def test_job_runs_in_the_facility_it_was_launched_to(daemons: FakeDaemons):
    daemons.add("node1", facility="cloud")

    daemons.launch(one_layer(frames="1", facility="cloud"))

    assert daemons.running == ["0001-beauty"]


@pytest.mark.parametrize("system", ["rocky9", "centos7"])
def test_job_runs_on_a_host_with_its_operating_system(daemons: FakeDaemons, system: str):
    daemons.add("node1", os="centos7,rocky9")

    daemons.launch(one_layer(frames="1", before=f"<os>{system}</os>"))

    assert daemons.running == ["0001-beauty"]


def test_job_does_not_run_on_a_host_with_other_operating_systems(daemons: FakeDaemons):
    daemons.add("node1", os="centos7,rocky9")

    daemons.launch(one_layer(before="<os>rocky</os>"))

    assert daemons.running == []


# -- cores -----------------------------------------------------------------------------------------------------


def cores_of(daemons: FakeDaemons) -> list[int]:
    return [frame.num_cores for frame in daemons.frames.values()]


@pytest.mark.parametrize(
    ("cores", "reserved"),
    [
        ("1.5", [150, 150]),
        ("4.0", [400]),
        ("0", [400]),
        ("-1.0", [300]),
        ("-9.0", [100, 100, 100, 100]),
        ("0.5", [50] * 8),
        ("4.1", []),
    ],
    ids=["1.5", "all", "0", "-1", "-9", "half", "too-many"],
)
def test_frames_reserve_the_cores_of_their_layer(daemons: FakeDaemons, cores: str, reserved: list[int]):
    daemons.launch(one_layer(after=f"<cores>{cores}</cores>{SMALL}"))

    daemons.add("node1")

    assert cores_of(daemons) == reserved


def test_frame_for_a_whole_host_waits_for_an_idle_one(daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer("small", frames="1", before="<priority>9</priority>"))
    daemons.launch(one_layer("whole", frames="101", after=f"<cores>0</cores>{SMALL}"))

    daemons.finish("0001-beauty")

    assert frames_of(daemons) == ["0001-beauty", "0101-beauty"]


def test_threadable_frame_gets_all_idle_whole_cores_where_that_is_the_mode(daemons: FakeDaemons):
    daemons.add("node1", cores=450).thread_mode = "ALL"

    daemons.launch(one_layer(after=f"<threadable>True</threadable>{SMALL}"))

    assert cores_of(daemons) == [400]


def test_frame_that_is_not_threadable_gets_no_more_than_it_asks_for(daemons: FakeDaemons):
    daemons.add("node1").thread_mode = "ALL"

    daemons.launch(one_layer(after=f"<threadable>False</threadable>{SMALL}"))

    assert cores_of(daemons) == [100, 100, 100, 100]


def test_threadable_frame_gets_no_more_than_the_most_of_its_layer(daemons: FakeDaemons):
    daemons.add("node1").thread_mode = "ALL"
    daemons.farm.find_service("default").max_cores = 300

    daemons.launch(one_layer(after=f"<threadable>True</threadable>{SMALL}"))

    assert cores_of(daemons) == [300, 100]


def test_job_uses_no_more_cores_than_its_most(daemons: FakeDaemons):
    daemons.launch(one_layer(before="<maxcores>3</maxcores>"))

    daemons.add("node1")

    assert cores_of(daemons) == [100, 100, 100]


def test_jobs_of_a_group_use_no_more_cores_than_its_most(daemons: FakeDaemons):
    daemons.farm.root_group(daemons.farm.find_show("testing").id).max_cores = 200
    daemons.launch(one_layer("one", frames="1"))
    daemons.launch(one_layer("two", frames="11-20"))

    daemons.add("node1")

    assert daemons.running == ["0001-beauty", "0011-beauty"]


# -- memory and GPUs -------------------------------------------------------------------------------------------


def test_frames_start_as_long_as_their_memory_is_there(daemons: FakeDaemons):
    daemons.launch(one_layer(after="<memory>6g</memory>"))

    daemons.add("node1", total_memory=16 * GB)

    assert len(daemons.running) == 2


def test_host_keeps_half_a_gigabyte_for_itself(daemons: FakeDaemons):
    daemons.launch(one_layer(after="<memory>16g</memory>"))

    daemons.add("node1", total_memory=16 * GB)

    assert daemons.running == []


def test_host_that_is_short_of_free_memory_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", free_memory=GB // 2 - 1)

    assert daemons.running == []


def test_frames_start_as_long_as_gpus_are_there(daemons: FakeDaemons):
    daemons.launch(one_layer(after=f"{SMALL}<gpus>1</gpus><gpu_memory>1g</gpu_memory>"))

    daemons.add("node1", gpus=2, gpu_memory=8 * GB)

    assert [frame.num_gpus for frame in daemons.frames.values()] == [1, 1]


def test_frames_start_as_long_as_gpu_memory_is_there(daemons: FakeDaemons):
    daemons.launch(one_layer(after=f"{SMALL}<gpus>1</gpus><gpu_memory>6g</gpu_memory>"))

    daemons.add("node1", gpus=2, gpu_memory=8 * GB)

    assert len(daemons.running) == 1


def test_job_uses_no_more_gpus_than_its_most(daemons: FakeDaemons):
    daemons.launch(one_layer(before="<maxgpus>1</maxgpus>", after=f"{SMALL}<gpus>1</gpus>"))

    daemons.add("node1", gpus=4)

    assert len(daemons.running) == 1


def test_jobs_of_a_group_use_no_more_gpus_than_its_most(daemons: FakeDaemons):
    daemons.farm.root_group(daemons.farm.find_show("testing").id).max_gpus = 3
    daemons.launch(one_layer(after=f"{SMALL}<gpus>1</gpus>"))

    daemons.add("node1", gpus=4)

    assert len(daemons.running) == 3


# -- limits ----------------------------------------------------------------------------------------------------

LIMITED = f"{SMALL}<limits><limit>license</limit></limits>"


@pytest.fixture
def license(farm: Farm) -> Limit:
    """Return a limit of 2."""
    limit = Limit("license-id", "license", 2)
    farm.limits[limit.id] = limit
    return limit


def test_limit_lets_so_many_frames_run(daemons: FakeDaemons, license: Limit):
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1")

    assert daemons.running == ["0001-beauty", "0002-beauty"]


def test_limit_of_0_lets_nothing_run(daemons: FakeDaemons, license: Limit):
    license.max_value = 0
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1")

    assert daemons.running == []


def test_limit_counts_the_frames_of_all_jobs_and_hosts(daemons: FakeDaemons, license: Limit):
    daemons.launch(one_layer("one", frames="1", after=LIMITED))
    daemons.launch(one_layer("two", frames="11-20", after=LIMITED))

    daemons.add("node1", cores=100)
    daemons.add("node2")

    assert daemons.running == ["0001-beauty", "0011-beauty"]


def test_end_of_a_frame_frees_its_limit(daemons: FakeDaemons, license: Limit):
    daemons.add("node1")
    daemons.launch(one_layer(after=LIMITED))

    daemons.finish("0001-beauty")

    assert daemons.running == ["0002-beauty", "0003-beauty"]


def test_other_layers_start_when_a_limit_holds_one_back(daemons: FakeDaemons, license: Limit):
    daemons.launch(spec(job(layer("aaa", "1-9", after=LIMITED), layer("bbb", "1-2", after=SMALL))))

    daemons.add("node1")

    assert daemons.running == ["0001-aaa", "0001-bbb", "0002-aaa", "0002-bbb"]


@pytest.mark.parametrize("enforcement", ["ADVISORY", "DISABLED"])
def test_limit_that_is_not_enforced_holds_nothing_back(daemons: FakeDaemons, license: Limit, enforcement: str):
    license.enforcement = enforcement
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1")

    assert len(daemons.running) == 4


def test_limit_of_hosts_counts_each_host_once(daemons: FakeDaemons, license: Limit):
    license.type = "HOST"
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1", cores=200)
    daemons.add("node2", cores=200)
    daemons.add("node3", cores=200)

    assert hosts_of(daemons) == ["node1", "node1", "node2", "node2"]


def test_host_without_a_license_gets_none_beyond_the_soft_value(daemons: FakeDaemons, license: Limit):
    license.max_value, license.soft_value = 5, 1
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1", cores=300)
    daemons.add("node2", cores=300)

    assert hosts_of(daemons) == ["node1", "node1", "node1"]


# -- shows and subscriptions -----------------------------------------------------------------------------------


def test_show_without_a_subscription_to_the_allocation_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", tags=["unassigned", "general"])

    assert daemons.running == []


def test_show_gets_no_more_than_the_burst_of_its_subscription(daemons: FakeDaemons):
    farm = daemons.farm
    farm.subscription_of(farm.find_show("testing").id, farm.find_allocation("local.general").id).burst = 300
    daemons.launch(one_layer())

    daemons.add("node1")

    assert len(daemons.running) == 3


def test_show_that_uses_its_size_comes_after_others(daemons: FakeDaemons):
    farm = daemons.farm
    with farm.work():
        make_show(farm, "other")
    farm.subscription_of(farm.find_show("testing").id, farm.find_allocation("local.general").id).size = 100
    daemons.launch(one_layer("mine", before="<priority>9</priority>"))
    daemons.launch(one_layer("theirs", frames="101-102", show="other"))

    daemons.add("node1")

    assert frames_of(daemons) == ["0001-beauty", "0101-beauty", "0102-beauty", "0002-beauty"]


@pytest.mark.parametrize("flag", ["active", "booking_enabled", "dispatch_enabled"])
def test_show_that_is_switched_off_starts_nothing(daemons: FakeDaemons, flag: str):
    daemons.launch(one_layer())
    setattr(daemons.farm.find_show("testing"), flag, False)

    daemons.add("node1")

    assert daemons.running == []


def test_frames_of_a_show_without_booking_are_followed_by_others_of_their_job(daemons: FakeDaemons):
    daemons.add("node1", cores=200)
    daemons.launch(one_layer())
    with daemons.farm.work() as farm:
        farm.find_show("testing").booking_enabled = False

    daemons.finish("0001-beauty")

    assert daemons.running == ["0002-beauty", "0003-beauty"]


def test_frames_of_a_show_without_dispatching_are_followed_by_none(daemons: FakeDaemons):
    daemons.add("node1", cores=200)
    daemons.launch(one_layer())
    with daemons.farm.work() as farm:
        farm.find_show("testing").dispatch_enabled = False

    daemons.finish("0001-beauty")

    assert daemons.running == ["0002-beauty"]


def test_show_that_another_scheduler_manages_runs_here_all_the_same(daemons: FakeDaemons):
    daemons.launch(one_layer(frames="1"))
    daemons.farm.find_show("testing").scheduler_managed = True

    daemons.add("node1")

    assert daemons.running == ["0001-beauty"]


def test_strict_server_leaves_a_managed_show_to_its_scheduler():
    daemons = FakeDaemons(new_farm(strict=True))
    daemons.launch(one_layer(frames="1"))
    daemons.farm.find_show("testing").scheduler_managed = True

    daemons.add("node1")

    assert daemons.running == []


def test_host_prefers_the_show_of_its_owner(daemons: FakeDaemons):
    farm = daemons.farm
    with farm.work():
        other = make_show(farm, "other")
        host = daemons.add("node1", cores=0)
        farm.owners["ann"] = Owner("ann", "ann", other.id)
        farm.deeds["deed"] = Deed("deed", host.id, "ann")
    daemons.launch(one_layer("mine", before="<priority>9</priority>"))
    daemons.launch(one_layer("theirs", frames="101-102", show="other"))

    daemons.report("node1", cores=400)

    assert frames_of(daemons) == ["0101-beauty", "0102-beauty", "0001-beauty", "0002-beauty"]


# -- hosts that get nothing, jobs that wait --------------------------------------------------------------------


@pytest.mark.parametrize("state", ["DOWN", "REBOOTING", "REBOOT_WHEN_IDLE", "REPAIR"])
def test_host_that_is_not_up_gets_nothing(daemons: FakeDaemons, state: str):
    daemons.add("node1").state = state

    daemons.launch(one_layer())

    assert daemons.running == []


def test_locked_host_gets_nothing(daemons: FakeDaemons):
    daemons.add("node1").lock_state = "LOCKED"

    daemons.launch(one_layer())

    assert daemons.running == []


def test_host_whose_owner_works_at_it_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", nimby_enabled=True, nimby_locked=True)

    assert daemons.running == []


def test_host_without_temporary_space_gets_nothing(daemons: FakeDaemons):
    daemons.launch(one_layer())

    daemons.add("node1", total_mcp=100 * GB, free_mcp=4 * GB)

    assert daemons.running == []


def test_host_gets_work_again_when_it_has_temporary_space_again(daemons: FakeDaemons):
    daemons.launch(one_layer(frames="1"))
    daemons.add("node1", total_mcp=100 * GB, free_mcp=4 * GB)

    daemons.report("node1", free_mcp=50 * GB)

    assert daemons.running == ["0001-beauty"]


def test_paused_job_starts_nothing(daemons: FakeDaemons):
    daemons.add("node1")

    daemons.launch(one_layer(before="<paused>True</paused>"))

    assert daemons.running == []


def test_resumed_job_starts_at_once(daemons: FakeDaemons):
    daemons.add("node1")
    job_id = daemons.launch(one_layer(frames="1", before="<paused>True</paused>"))

    with daemons.farm.work() as farm:
        steering.resume(farm, farm.jobs[job_id])

    assert daemons.running == ["0001-beauty"]


def test_layer_starts_after_its_time_only(daemons: FakeDaemons, clock: Clock):
    job_id = daemons.launch(one_layer(frames="1", before="<paused>True</paused>"))
    with daemons.farm.work() as farm:
        farm.jobs[job_id].layers[0].start_after = int(clock.now) + 60
        farm.jobs[job_id].needs_changed(0)
        steering.resume(farm, farm.jobs[job_id])

    daemons.add("node1")

    assert daemons.running == []


def test_layer_starts_when_its_time_has_come(daemons: FakeDaemons, clock: Clock):
    job_id = daemons.launch(one_layer(frames="1", before="<paused>True</paused>"))
    with daemons.farm.work() as farm:
        farm.jobs[job_id].layers[0].start_after = int(clock.now) + 60
        farm.jobs[job_id].needs_changed(0)
        steering.resume(farm, farm.jobs[job_id])
    daemons.add("node1")
    clock.now += 61

    with daemons.farm.work() as farm:
        tick(farm)

    assert daemons.running == ["0001-beauty"]


# -- the account -----------------------------------------------------------------------------------------------


def test_nothing_is_reserved_any_more_when_all_frames_are_over(daemons: FakeDaemons):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1"))
    with daemons.farm.work() as farm:
        move_host(farm, host, farm.find_allocation("local.desktop"))

    daemons.finish("0001-beauty")

    assert daemons.farm.usage.is_empty


def test_what_runs_on_a_moved_host_counts_for_its_new_allocation(daemons: FakeDaemons):
    host = daemons.add("node1")
    daemons.launch(one_layer(frames="1"))

    with daemons.farm.work() as farm:
        desktop = farm.find_allocation("local.desktop")
        move_host(farm, host, desktop)

    assert daemons.farm.usage.of("share", daemons.farm.find_show("testing").id, desktop.id).cores == 100
