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


@pytest.mark.parametrize(
    ("tags", "runs"),
    [
        *((tags, True) for tags in ("blue", "red | blue", "BLUE", "general", "node1", "rqdport_1")),
        *((tags, False) for tags in ("green", "blu", "bluer", "node")),
    ],
)
def test_frame_runs_on_a_host_with_one_of_its_tags(daemons: FakeDaemons, tags: str, runs: bool):
    daemons.launch(one_layer(frames="1", after=f"{SMALL}<tags>{tags}</tags>"))

    daemons.add("node1", tags=["general", "Blue", "rqdport_1"])

    assert daemons.running == (["0001-beauty"] if runs else [])


@pytest.mark.parametrize(
    ("host", "asked", "runs"),
    [
        pytest.param({}, {"facility": "cloud"}, False, id="another facility"),
        pytest.param({"facility": "cloud"}, {"facility": "cloud"}, True, id="its facility"),
        pytest.param({"os": "centos7,rocky9"}, {"before": "<os>rocky9</os>"}, True, id="its system"),
        pytest.param({"os": "centos7,rocky9"}, {"before": "<os>centos7</os>"}, True, id="its system, the first"),
        pytest.param({"os": "centos7,rocky9"}, {"before": "<os>rocky</os>"}, False, id="another system"),
    ],
)
def test_job_runs_in_its_facility_and_on_its_operating_system(
    daemons: FakeDaemons, host: dict[str, str], asked: dict[str, str], runs: bool
):
    daemons.add("node1", **host)

    daemons.launch(one_layer(frames="1", **asked))

    assert daemons.running == (["0001-beauty"] if runs else [])


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


def test_jobs_of_a_group_use_no_more_cores_than_its_most(daemons: FakeDaemons):
    daemons.farm.groups.where(show=daemons.farm.shows.named("testing").id, parent="")[0].max_cores = 200
    daemons.launch(one_layer("one", frames="1"))
    daemons.launch(one_layer("two", frames="11-20"))

    daemons.add("node1")

    assert daemons.running == ["0001-beauty", "0011-beauty"]


GPU, TWO = "<gpus>1</gpus>", {"gpus": 2, "gpu_memory": 8 * GB}

# -- memory and GPUs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "host", "running"),
    [
        pytest.param("", "<memory>6g</memory>", {"total_memory": 16 * GB}, 2, id="memory"),
        pytest.param("", "<memory>16g</memory>", {"total_memory": 16 * GB}, 0, id="half a gigabyte is the host's"),
        pytest.param("", SMALL, {"free_memory": GB // 2 - 1}, 0, id="free memory"),
        pytest.param("", f"{SMALL}{GPU}<gpu_memory>1g</gpu_memory>", TWO, 2, id="GPUs"),
        pytest.param("", f"{SMALL}{GPU}<gpu_memory>6g</gpu_memory>", TWO, 1, id="their memory"),
        pytest.param("<maxgpus>1</maxgpus>", f"{SMALL}{GPU}", {"gpus": 4}, 1, id="most GPUs of a job"),
        pytest.param("<maxcores>3</maxcores>", SMALL, {}, 3, id="most cores of a job"),
    ],
)
def test_frames_start_as_long_as_there_is_what_they_need(
    daemons: FakeDaemons, before: str, after: str, host: dict[str, int], running: int
):
    daemons.launch(one_layer(before=before, after=after))

    daemons.add("node1", **host)

    assert len(daemons.running) == running
    assert {frame.num_gpus for frame in daemons.frames.values()} <= {1 if GPU in after else 0}


@pytest.mark.parametrize(
    ("most", "running"),
    [
        *((f"<maxcores>{cores}</maxcores>", running) for cores, running in ((1, 0), (2, 2), (3, 3))),
        *((f"<maxgpus>{gpus}</maxgpus>", running) for gpus, running in ((0, 0), (1, 0), (2, 2))),
    ],
)
def test_strict_server_starts_no_frame_that_takes_all_that_its_job_may_use(most: str, running: int):
    daemons = FakeDaemons(new_farm(strict=True))
    daemons.launch(one_layer(before=most, after=f"{SMALL}{GPU if 'gpus' in most else ''}"))

    daemons.add("node1", gpus=4)

    assert len(daemons.running) == running


def test_jobs_of_a_group_use_no_more_gpus_than_its_most(daemons: FakeDaemons):
    daemons.farm.groups.where(show=daemons.farm.shows.named("testing").id, parent="")[0].max_gpus = 3
    daemons.launch(one_layer(after=f"{SMALL}<gpus>1</gpus>"))

    daemons.add("node1", gpus=4)

    assert len(daemons.running) == 3
