# SPDX-License-Identifier: Apache-2.0
"""Jobs and their frames as PyCue finds, shows, steers and changes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import SMALL, job, layer, one_layer, spec
from tests.support import until

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue.exception import EntityNotFoundException
from opencue_proto import job_pb2

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons

NAME = "testing-test_shot-tester_test"


@pytest.fixture
def one_job(pycue: Any) -> Any:
    """Return a job with a layer of twenty frames; nothing runs, as there is no host."""
    return pycue.api.launchSpecAndWait(one_layer())[0]


@pytest.fixture
def two_layers(pycue: Any) -> Any:
    """Return a job with the layers beauty, of four frames, and comp, of two."""
    layers = layer("beauty", "1-4", after=SMALL), layer("comp", "1-2", after=SMALL)
    return pycue.api.launchSpecAndWait(spec(job(*layers)))[0]


def names(things: Any) -> list[str]:
    return [thing.data.name for thing in things]


def states(frames: Any) -> str:
    letters = {"DEPEND": "P"}
    found = [job_pb2.FrameState.Name(frame.state()) for frame in frames]
    return "".join(letters.get(state, state[0]) for state in found)


# -- finding ---------------------------------------------------------------------------------------------------


def test_job_is_found_by_name_and_id(pycue: Any, one_job: Any):
    found = pycue.api.findJob(NAME.upper()), pycue.api.getJob(one_job.id()), pycue.api.getJob(NAME)

    assert [one.id() for one in found] == [one_job.id()] * 3


def test_job_that_is_not_there_is_not_found(pycue: Any):
    with pytest.raises(EntityNotFoundException, match="no pending job 'nothing'"):
        pycue.api.findJob("nothing")


def test_finished_job_is_found_by_its_id_only(pycue: Any, one_job: Any):
    one_job.kill(reason="enough")

    assert pycue.api.getJob(one_job.id()).data.state == job_pb2.FINISHED
    assert not pycue.api.isJobPending(NAME)
    with pytest.raises(EntityNotFoundException):
        pycue.api.findJob(NAME)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["a_one", "b_two"]),
        ({"substr": ["one"]}, ["a_one"]),
        ({"regex": ["b_.*o$"]}, ["b_two"]),
        ({"job": ["testing-test_shot-tester_b_two"]}, ["b_two"]),
        ({"show": ["testing"], "user": ["tester"], "shot": ["test_shot"]}, ["a_one", "b_two"]),
        ({"user": ["somebody"]}, []),
        ({"include_finished": True}, ["a_one", "b_two", "c_done"]),
        ({"substr": ["done"], "include_finished": True}, ["c_done"]),
    ],
    ids=["all", "part of the name", "expression", "name", "show", "user", "finished", "finished by name"],
)
def test_jobs_are_searched(pycue: Any, options: dict[str, Any], found: list[str]):
    for name in ("a_one", "b_two", "c_done"):
        pycue.api.launchSpecAndWait(one_layer(name, "1"))
    pycue.api.findJob("testing-test_shot-tester_c_done").kill(reason="enough")

    jobs = pycue.api.getJobs(**options)

    assert names(jobs) == [f"testing-test_shot-tester_{name}" for name in found]
    pending = [name for name in names(jobs) if not name.endswith("done")]
    assert pycue.api.getJobNames(**options) == pending  # as on Cuebot, whatever was asked for


def test_job_says_what_was_asked_for_and_where_it_stands(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=200)
    pycue.api.launchSpecAndWait(one_layer(frames="1-5", before="<priority>7</priority><maxcores>10</maxcores>"))
    daemons.finish("0001-beauty")

    data = pycue.api.findJob(NAME).data

    stats = data.job_stats
    assert (data.show, data.shot, data.user, data.facility) == ("testing", "test_shot", "tester", "local")
    assert (data.priority, data.min_cores, data.max_cores, data.is_paused) == (7, 1.0, 10.0, False)
    assert (stats.total_frames, stats.succeeded_frames, stats.running_frames, stats.waiting_frames) == (5, 1, 2, 2)
    assert (stats.total_layers, stats.pending_frames, stats.reserved_cores) == (1, 2, 2.0)
    assert data.log_dir.endswith(f"/testing/test_shot/logs/{NAME}--{data.id}")


# -- frames ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["0001-beauty", "0001-comp", "0002-beauty", "0002-comp", "0003-beauty", "0004-beauty"]),
        ({"range": "2-3"}, ["0002-beauty", "0002-comp", "0003-beauty"]),
        ({"range": "1,4"}, ["0001-beauty", "0001-comp", "0004-beauty"]),
        ({"layer": ["comp"]}, ["0001-comp", "0002-comp"]),
        ({"name": ["0003-beauty"]}, ["0003-beauty"]),
        ({"state": [job_pb2.RUNNING, job_pb2.SUCCEEDED]}, ["0001-beauty", "0001-comp", "0002-beauty"]),
        ({"limit": 2, "page": 2}, ["0002-beauty", "0002-comp"]),
        ({"memory": "0-1"}, ["0001-beauty", "0001-comp", "0002-beauty", "0002-comp", "0003-beauty", "0004-beauty"]),
        ({"memory": "1-2"}, []),
    ],
    ids=["all", "span", "list", "layer", "name", "states", "page", "memory", "more memory"],
)
def test_frames_are_searched(two_layers: Any, daemons: FakeDaemons, options: dict[str, Any], found: list[str]):
    daemons.add("node1", cores=200)
    daemons.finish("0001-beauty")

    assert names(two_layers.getFrames(**options)) == found


def test_frames_are_found_by_their_names_and_ids(pycue: Any, two_layers: Any):
    frame = pycue.api.findFrame(NAME, "comp", 2)

    assert (frame.data.name, frame.data.layer_name, frame.data.number) == ("0002-comp", "comp", 2)
    assert pycue.api.getFrame(frame.id()).data == frame.data
    assert names(pycue.api.getFrames(NAME, layer=["comp"])) == ["0001-comp", "0002-comp"]


@pytest.mark.parametrize(("layer_name", "number"), [("none", 1), ("comp", 3), ("comp", -1)], ids=str)
def test_frame_that_is_not_there_is_not_found(pycue: Any, two_layers: Any, layer_name: str, number: int):
    with pytest.raises(EntityNotFoundException, match="no frame"):
        pycue.api.findFrame(NAME, layer_name, number)


def test_frame_says_how_it_ended(pycue: Any, daemons: FakeDaemons, one_job: Any):
    daemons.add("node1", cores=100)
    daemons.finish("0001-beauty", exit_status=3)
    daemons.finish("0001-beauty")

    frame = pycue.api.findFrame(NAME, "beauty", 1).data
    never = pycue.api.findFrame(NAME, "beauty", 20).data

    assert (frame.exit_status, frame.retry_count, frame.last_resource) == (0, 1, "node1/1.00/0")
    assert frame.stop_time >= frame.start_time > 0
    assert (never.exit_status, never.last_resource, never.start_time) == (-1, "/0.00/0", 0)


def test_frames_that_have_changed_are_told(one_job: Any, daemons: FakeDaemons):
    launched = one_job.getUpdatedFrames(one_job.data.start_time - 1)
    until(lambda: time.time() > one_job.data.start_time + 1)
    since = int(time.time())
    first = one_job.getUpdatedFrames(since)
    daemons.add("node1", cores=100)
    daemons.finish("0001-beauty")

    result = one_job.getUpdatedFrames(since)

    changed = {frame.id: frame.state for frame in result.updated_frames.updated_frames}
    by_name = {frame.data.name: frame.id() for frame in one_job.getFrames()}
    assert len(launched.updated_frames.updated_frames) == 20
    assert list(first.updated_frames.updated_frames) == []
    assert changed == {by_name["0001-beauty"]: job_pb2.SUCCEEDED, by_name["0002-beauty"]: job_pb2.RUNNING}
    assert since - 1 <= result.server_time <= time.time()


def test_changes_of_more_than_a_minute_ago_are_not_told(one_job: Any):
    with pytest.raises(grpc.RpcError, match="the last minute"):
        one_job.getUpdatedFrames(int(time.time()) - 100)


# -- steering --------------------------------------------------------------------------------------------------


def test_job_is_paused_and_resumed(one_job: Any, pycue: Any, daemons: FakeDaemons):
    one_job.pause()
    daemons.add("node1", cores=100)
    paused = pycue.api.getJob(one_job.id()).isPaused(), daemons.running

    one_job.resume()

    assert paused == (True, [])
    assert daemons.running == ["0001-beauty"]


def test_killed_job_is_finished_and_its_frames_end(one_job: Any, pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=200)

    one_job.kill()

    assert pycue.api.getJob(one_job.id()).data.state == job_pb2.FINISHED
    until(lambda: daemons.running == [])


def test_kill_without_a_reason_does_nothing_on_a_strict_server(make_farm_server: Callable[..., FarmServer], pycue: Any):
    server = make_farm_server(strict=True)
    pycue.Cuebot.setHosts([f"127.0.0.1:{server.port}"])
    one = pycue.api.launchSpecAndWait(one_layer())[0]

    one.kill()
    pending = pycue.api.isJobPending(NAME)
    one.kill(reason="enough")

    assert pending
    assert not pycue.api.isJobPending(NAME)


def test_frames_are_eaten_by_range(two_layers: Any):
    two_layers.eatFrames(range="1-2", layer=["beauty"])

    assert states(two_layers.getFrames(layer=["beauty"])) == "EEWW"
    assert states(two_layers.getFrames(layer=["comp"])) == "WW"


def test_retry_without_criteria_is_for_all_frames(pycue: Any, daemons: FakeDaemons):
    one = pycue.api.launchSpecAndWait(one_layer(frames="1-3", before="<maxretries>0</maxretries>"))[0]
    daemons.add("node1", cores=100)
    daemons.finish("0001-beauty")
    daemons.finish("0002-beauty", exit_status=1)

    one.retryFrames()

    until(lambda: states(one.getFrames()) == "RWW")


def test_running_frames_are_killed_and_tried_again(one_job: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=100)

    one_job.killFrames(range="1", reason="as asked")

    until(lambda: daemons.started.count(("node1", "0001-beauty")) == 2)


def test_frames_are_marked_as_done_and_stay_as_they_are(two_layers: Any, pycue: Any):
    comp, beauty = pycue.api.findLayer(NAME, "comp"), pycue.api.findLayer(NAME, "beauty")
    comp.createFrameByFrameDependency(beauty)

    two_layers.markdoneFrames(range="2", layer=["beauty"])

    assert states(beauty.getFrames()) == "WWWW"
    assert states(comp.getFrames()) == "PW"


def test_frames_are_marked_as_waiting(two_layers: Any, pycue: Any):
    comp, beauty = pycue.api.findLayer(NAME, "comp"), pycue.api.findLayer(NAME, "beauty")
    comp.createDependencyOnLayer(beauty)

    two_layers.markAsWaiting(range="1")

    assert states(comp.getFrames()) == "WP"


def test_single_frame_is_eaten_and_retried(one_job: Any):
    frame = one_job.getFrames(range="3")[0]
    frame.eat()
    eaten = states(one_job.getFrames(range="3"))

    one_job.getFrames(range="3")[0].retry()

    assert (eaten, states(one_job.getFrames(range="3"))) == ("E", "W")


def test_single_running_frame_is_killed(one_job: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=100)

    one_job.getFrames(range="1")[0].kill(reason="as asked")

    until(lambda: daemons.started.count(("node1", "0001-beauty")) == 2)


def test_frames_are_reordered_and_staggered(one_job: Any):
    one_job.reorderFrames("19-20", job_pb2.FIRST)
    first = [frame.number() for frame in one_job.getFrames()][:3]
    one_job.reorderFrames("1-20", job_pb2.REVERSE)
    reverse = [frame.number() for frame in one_job.getFrames()][-3:]
    one_job.reorderFrames("1-20", job_pb2.FIRST)

    one_job.staggerFrames("1-20", 10)

    assert (first, reverse) == ([19, 20, 1], [5, 4, 3])
    assert [frame.number() for frame in one_job.getFrames()][:4] == [1, 11, 6, 16]


# -- changes ---------------------------------------------------------------------------------------------------


def test_facts_of_a_job_are_changed(one_job: Any, pycue: Any):
    one_job.setPriority(50)
    one_job.setMinCores(2.0)
    one_job.setMaxCores(8.0)
    one_job.setMinGpus(1)
    one_job.setMaxGpus(4)
    one_job.setAutoEat(True)
    one_job.addSubscriber("somebody@example.com")

    data = pycue.api.getJob(one_job.id()).data
    assert (data.priority, data.min_cores, data.max_cores) == (50, 2.0, 8.0)
    assert (data.min_gpus, data.max_gpus, data.auto_eat) == (1, 4, True)


def test_retries_are_set(one_job: Any, daemons: FakeDaemons):
    one_job.setMaxRetries(2)
    daemons.add("node1", cores=100)

    for _ in range(3):
        daemons.finish("0001-beauty", exit_status=1)

    assert states(one_job.getFrames(range="1")) == "D"


def test_job_is_moved_to_another_group(one_job: Any, pycue: Any):
    group = pycue.api.findShow("testing").getRootGroup().createSubGroup("sequence")

    one_job.setGroup(group)

    assert pycue.api.getJob(one_job.id()).data.group == "sequence"


def test_comments_are_written_changed_and_removed(one_job: Any, pycue: Any):
    one_job.addComment("look", "frame 3 is black")
    (comment,) = one_job.getComments()
    written = (comment.subject(), comment.message(), pycue.api.getJob(one_job.id()).data.has_comment)
    comment.setMessage("frame 4 is black")
    comment.save()
    changed = one_job.getComments()[0].message()

    comment.delete()

    assert written == ("look", "frame 3 is black", True)
    assert changed == "frame 4 is black"
    assert one_job.getComments() == []


def test_job_is_finished_when_all_its_frames_are_eaten(one_job: Any, pycue: Any):
    one_job.eatFrames()
    one_job.shutdownIfCompleted()

    assert pycue.api.getJob(one_job.id()).data.state == job_pb2.FINISHED


def test_what_a_person_has_changed_is_there_after_a_new_start(
    make_farm_server: Callable[..., FarmServer], pycue: Any, tmp_path: Path
):
    server = make_farm_server(state=tmp_path / "farm.db")
    pycue.Cuebot.setHosts([f"127.0.0.1:{server.port}"])
    one = pycue.api.launchSpecAndWait(one_layer())[0]
    one.setPriority(50)
    one.eatFrames(range="1-3")
    one.reorderFrames("20", job_pb2.FIRST)
    one.addComment("look", "frame 3 is black")
    before = (pycue.api.getJob(one.id()).data, [frame.data for frame in one.getFrames()])
    server.stop()

    again = make_farm_server(state=tmp_path / "farm.db")
    pycue.Cuebot.setHosts([f"127.0.0.1:{again.port}"])

    one = pycue.api.getJob(one.id())
    assert (one.data, [frame.data for frame in one.getFrames()]) == before
    assert one.getComments()[0].message() == "frame 3 is black"


# -- what is asked wrongly -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"range": "1-x"}, {"memory": "much"}, {"duration": "1-2-3"}], ids=["range", "memory", "duration"]
)
def test_criteria_that_cannot_be_read_are_refused(one_job: Any, options: dict[str, str]):
    with pytest.raises(grpc.RpcError, match="cannot be read"):
        one_job.eatFrames(**options)

    assert states(one_job.getFrames()) == "W" * 20


def test_frame_of_a_job_that_is_gone_is_not_found(pycue: Any, one_job: Any):
    with pytest.raises(EntityNotFoundException, match="no frame"):
        pycue.api.getFrame("00000000-0000-0000-8000-000000000000")
