# SPDX-License-Identifier: Apache-2.0
"""What clients get to see: units, times, and what a new farm has."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from opencue_proto import host_pb2, job_pb2

from cuebot_stub.farm import steering
from cuebot_stub.farm.reports import host_reported
from cuebot_stub.services.job_service import JobService
from cuebot_stub.services.layer_service import FrameService
from cuebot_stub.services.messages import frame_message, job_message, layer_message
from cuebot_stub.services.thing_messages import host_message, proc_message
from tests.fakes.farm import GB, START, FakeFarm, host_report
from tests.specs import layer

JOB = "testing-test_shot-tester_test"


@pytest.fixture
def farm() -> FakeFarm:
    """Return a farm without hosts."""
    return FakeFarm()


def frame(farm: FakeFarm, ref: int = 0) -> job_pb2.Frame:
    return frame_message(farm.farm, farm.job(), ref)


# -- frames --------------------------------------------------------------------------------------------------------


def test_frame_that_never_ran(farm: FakeFarm):
    farm.launch(layer(frames="7"))

    seen = frame(farm)

    assert (seen.name, seen.number, seen.layer_name, seen.dispatch_order) == ("0007-beauty", 7, "beauty", 0)
    assert (seen.exit_status, seen.retry_count, seen.last_resource) == (-1, 0, "/0.00/0")
    assert (seen.start_time, seen.stop_time, seen.submission_time) == (0, 0, int(START))
    assert seen.state == job_pb2.WAITING


def test_frame_that_runs(farm: FakeFarm):
    farm.launch(layer(frames="7", after="<cores>1.5</cores><threadable>1</threadable><memory>1g</memory>"))
    farm.clock.advance(3.7)
    farm.add_host()

    seen = frame(farm)

    assert (seen.last_resource, seen.reserved_memory) == ("node1/1.50/0", GB)
    assert (seen.start_time, seen.stop_time, seen.llu_time) == (int(START) + 3, 0, int(START) + 3)
    assert seen.state == job_pb2.RUNNING


def test_frame_that_is_over(farm: FakeFarm):
    farm.launch(
        layer(frames="7", after="<cores>2.0</cores><threadable>1</threadable>"), before="<maxretries>0</maxretries>"
    )
    farm.add_host()
    farm.clock.advance(30)

    farm.end("0007-beauty", status=9, seconds=30, max_rss=5000)

    seen = frame(farm)
    assert (seen.exit_status, seen.total_core_time, seen.max_rss) == (9, 60, 5000)
    assert (seen.start_time, seen.stop_time) == (int(START), int(START) + 30)
    assert seen.state == job_pb2.DEAD


def test_numbers_of_frames_are_those_that_chunks_begin_with_and_places_those_of_the_range(farm: FakeFarm):
    farm.launch(layer(frames="9-1", chunk=3))

    assert [(frame(farm, ref).number, frame(farm, ref).dispatch_order) for ref in range(3)] == [(9, 0), (6, 1), (3, 2)]


@pytest.mark.parametrize(
    ("operation", "status"), [(steering.eat_frames, 506), (steering.retry_frames, 500)], ids=["eaten", "retried"]
)
def test_frame_that_somebody_has_stopped_tells_so_by_its_exit_status(farm: FakeFarm, operation, status: int):
    farm.launch(layer(frames="1"))
    farm.add_host()

    with farm.farm.work():
        operation(farm.farm, farm.job(), [0])

    assert frame(farm).exit_status == status


# -- jobs and layers -----------------------------------------------------------------------------------------------


def test_job_has_cores_as_numbers_of_cores_and_no_stop_time_while_it_is_pending(farm: FakeFarm):
    made = farm.launch(layer(), before="<priority>7</priority><maxcores>3</maxcores>")

    seen = job_message(farm.farm, made)

    assert (seen.name, seen.show, seen.shot, seen.user, seen.group) == (
        JOB, "testing", "test_shot", "tester", "testing",
    )  # fmt: skip
    assert (seen.min_cores, seen.max_cores, seen.priority) == (1.0, 3.0, 7)
    assert (seen.start_time, seen.stop_time, seen.state) == (int(START), 0, job_pb2.PENDING)
    assert seen.log_dir == f"/shots/testing/test_shot/logs/{JOB}--{made.id}"


def test_finished_job_has_a_stop_time(farm: FakeFarm):
    made = farm.launch(layer(frames="1"))
    farm.add_host()
    farm.clock.advance(9)

    farm.end_all()

    seen = job_message(farm.farm, made)
    assert (seen.stop_time, seen.state) == (int(START) + 9, job_pb2.FINISHED)


def test_statistics_of_a_job_count_its_frames(farm: FakeFarm):
    made = farm.launch(layer("aaa", "1-5"), layer("bbb", "1-2"), before="<maxretries>0</maxretries>")
    farm.add_host(cores=1)
    farm.end("0001-aaa", status=1)
    farm.end("0001-bbb", seconds=20)
    with farm.farm.work():
        steering.eat_frames(farm.farm, made, [4])

    stats = job_message(farm.farm, made).job_stats

    assert (stats.total_frames, stats.total_layers, stats.running_frames, stats.waiting_frames) == (7, 2, 1, 3)
    assert (stats.dead_frames, stats.eaten_frames, stats.succeeded_frames, stats.pending_frames) == (1, 1, 1, 3)
    assert (stats.reserved_cores, stats.avg_frame_sec, stats.rendered_frame_count) == (1.0, 20, 1)


def test_layer_has_memory_in_kilobytes_and_cores_as_numbers_of_cores(farm: FakeFarm):
    made = farm.launch(layer(frames="1-10", chunk=2, after="<cores>1.5</cores><memory>2g</memory>"))

    seen = layer_message(farm.farm, made, 0)

    assert (seen.min_memory, seen.min_cores, seen.chunk_size, seen.range) == (2 * GB, 1.5, 2, "1-10")
    assert (seen.dispatch_order, seen.parent_id, seen.type) == (1, made.id, job_pb2.RENDER)


def test_proc_tells_where_its_log_is(farm: FakeFarm):
    made = farm.launch(layer(frames="1"))
    farm.add_host()
    (proc,) = farm.farm.procs.values()

    seen = proc_message(farm.farm, proc)

    assert seen.log_path == f"{made.facts.log_dir}/{JOB}.0001-beauty.rqlog"
    assert (seen.name, seen.reserved_cores, seen.reserved_memory) == ("node1/1.00/0", 1.0, 3355443)


# -- finding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "is_pending"), [(JOB, True), (JOB.upper(), True), ("test", False)])
def test_job_is_pending_by_its_whole_name(farm: FakeFarm, name: str, is_pending: bool):
    farm.launch(layer())

    assert farm.call(JobService, "IsJobPending", job_pb2.JobIsJobPendingRequest(name=name)).value is is_pending


def test_jobs_that_are_listed_are_pending_unless_finished_ones_are_asked_for(farm: FakeFarm):
    farm.launch(layer(frames="1"), name="one")
    farm.add_host()
    farm.end_all()
    farm.launch(layer(frames="1"), name="two")

    ids = [job.id for job in farm.farm.jobs.values()]

    def names(**criteria: object) -> list[str]:
        request = job_pb2.JobGetJobsRequest(r=job_pb2.JobSearchCriteria(**criteria))
        return [job.name.rpartition("_")[2] for job in farm.call(JobService, "GetJobs", request).jobs.jobs]

    assert (names(), names(include_finished=True), names(substr=["wo"])) == (["two"], ["one", "two"], ["two"])
    assert (names(ids=ids), names(ids=ids, include_finished=True)) == (["two"], ["one", "two"])
    assert (names(substr=["t_o"]), names(substr=["shot%two"]), names(substr=["t%e"])) == (["two"], ["two"], ["two"])
    assert (names(shows=["testing"]), names(shows=["Testing"])) == (["two"], [])


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (-1, 0), (7, 7), (5000, 1500)])
def test_pages_of_frames_are_as_large_as_was_asked_for(farm: FakeFarm, limit: int, count: int):
    farm.launch(layer(frames="1-1500"))
    request = job_pb2.FrameGetFramesRequest(job=JOB, r=job_pb2.FrameSearchCriteria(page=1, limit=limit))

    assert len(farm.call(FrameService, "GetFrames", request).frames.frames) == count


# -- hosts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "lock"),
    [
        ({}, host_pb2.OPEN),
        ({"locked_cores": 400}, host_pb2.LOCKED),
        ({"locked_cores": 100}, host_pb2.OPEN),
        ({"nimby_locked": True}, host_pb2.NIMBY_LOCKED),
    ],
    ids=["open", "locked", "some-locked", "nimby"],
)
def test_host_tells_who_keeps_frames_from_it(farm: FakeFarm, values: dict[str, object], lock: int):
    with farm.farm.work():
        host = host_reported(farm.farm, host_report("node1")._replace(**values), [])

    assert host_message(farm.farm, host).lock_state == lock


# -- a new farm ----------------------------------------------------------------------------------------------------


def test_new_farm_has_what_opencue_begins_with(farm: FakeFarm):
    made = farm.farm

    assert [show.name for show in made.shows.values()] == ["testing"]
    assert sorted(one.name for one in made.allocations.values()) == [
        "cloud.general", "cloud.unassigned", "local.desktop", "local.general", "local.unassigned",
    ]  # fmt: skip
    assert sorted(made.allocations[one.allocation].name for one in made.subscriptions.values()) == [
        "cloud.general", "local.desktop", "local.general",
    ]  # fmt: skip
    assert {(one.size, one.burst) for one in made.subscriptions.values()} == {(100000, 100000)}
    assert sorted(one.name for one in made.services.values()) == [
        "arnold", "default", "houdini", "katana", "maya", "nuke", "postprocess", "preprocess", "prman", "shell",
    ]  # fmt: skip
