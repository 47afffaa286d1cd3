# SPDX-License-Identifier: Apache-2.0
"""What frames need of a host: its tags, its place, cores, memory and GPUs."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.hosting import move_host
from tests.fakes.daemons import GB, FakeDaemons, new_farm
from tests.specs import SMALL, one_layer


def frames_of(daemons: FakeDaemons) -> list[str]:
    return [frame for _, frame in daemons.started]


# -- tags, facility, operating system ---------------------------------------------------------------------------------


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
        move_host(farm, host, farm.allocations.named("local.desktop"))

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


# -- cores ------------------------------------------------------------------------------------------------------------


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
    daemons.launch(one_layer(after=f"<cores>{cores}</cores><threadable>True</threadable>{SMALL}"))

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


@pytest.mark.parametrize(("mode", "cores"), [("AUTO", [100, 100]), ("ALL", [400])], ids=str)
def test_frame_that_is_not_threadable_gets_one_core_at_most_or_the_host(
    daemons: FakeDaemons, mode: str, cores: list[int]
):
    daemons.add("node1").thread_mode = mode

    daemons.launch(one_layer(frames="1-2", after=f"<cores>1.5</cores><threadable>False</threadable>{SMALL}"))

    assert cores_of(daemons) == cores


def test_threadable_frame_gets_no_more_than_the_most_of_its_layer(daemons: FakeDaemons):
    daemons.add("node1").thread_mode = "ALL"
    daemons.farm.services.first(name="default", show="").max_cores = 300

    daemons.launch(one_layer(after=f"<threadable>True</threadable>{SMALL}"))

    assert cores_of(daemons) == [300, 100]


@pytest.mark.parametrize(("mode", "reserved"), [("AUTO", [100] * 3), ("ALL", [400])])
def test_strict_server_gives_frames_that_are_not_threadable_one_core_or_all(mode: str, reserved: list[int]):
    daemons = FakeDaemons(new_farm(strict=True))
    daemons.add("node1").thread_mode = mode

    daemons.launch(one_layer(after=f"<cores>2.0</cores><threadable>False</threadable>{SMALL}"))

    assert cores_of(daemons) == reserved


def test_job_uses_no_more_cores_than_its_most(daemons: FakeDaemons):
    daemons.launch(one_layer(before="<maxcores>3</maxcores>"))

    daemons.add("node1")

    assert cores_of(daemons) == [100, 100, 100]


def test_jobs_of_a_group_use_no_more_cores_than_its_most(daemons: FakeDaemons):
    daemons.farm.groups.where(show=daemons.farm.shows.named("testing").id, parent="")[0].max_cores = 200
    daemons.launch(one_layer("one", frames="1"))
    daemons.launch(one_layer("two", frames="11-20"))

    daemons.add("node1")

    assert daemons.running == ["0001-beauty", "0011-beauty"]


# -- memory and GPUs --------------------------------------------------------------------------------------------------


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
    daemons.farm.groups.where(show=daemons.farm.shows.named("testing").id, parent="")[0].max_gpus = 3
    daemons.launch(one_layer(after=f"{SMALL}<gpus>1</gpus>"))

    daemons.add("node1", gpus=4)

    assert len(daemons.running) == 3
