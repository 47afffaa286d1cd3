# SPDX-License-Identifier: Apache-2.0
"""What a request is about: the thing that its first field means."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from opencue_proto import depend_pb2, filter_pb2, host_pb2, job_pb2, show_pb2, task_pb2

from cuebot_stub.farm.depend import End
from cuebot_stub.farm.errors import NotFound
from cuebot_stub.farm.things import Action, Department, Filter, Matcher, Task
from cuebot_stub.services.finding import subject_of
from tests.fakes.farm import FakeFarm
from tests.specs import depend, layer


@pytest.fixture
def farm() -> FakeFarm:
    """Return a farm with a host, and a job of two layers of which one waits for the other."""
    farm = FakeFarm()
    farm.add_host("node1", cores=1)
    by_frame = depend("FRAME_BY_FRAME", deplayer="comp", onlayer="model")
    farm.launch(layer("model", "1-3"), layer("comp", "1-3"), depends=by_frame)
    return farm


def test_job_layer_and_frame_are_found_by_their_ids(farm: FakeFarm):
    job = farm.job()
    requests = (
        job_pb2.JobPauseRequest(job={"id": job.id}),
        job_pb2.LayerGetLimitsRequest(layer={"id": job.layer_id(1)}),
        job_pb2.FrameEatRequest(frame={"id": job.frame_id(4)}),
    )

    found = [subject_of(farm.farm, request) for request in requests]

    assert found == [job, End(job, 1), End(job, 1, 4)]


def test_pending_job_and_show_are_found_by_their_names(farm: FakeFarm):
    job, show = farm.job(), farm.farm.shows.named("testing")
    requests = job_pb2.JobPauseRequest(job={"id": job.name}), show_pb2.ShowGetFiltersRequest(show={"name": "testing"})

    assert [subject_of(farm.farm, request) for request in requests] == [job, show]


def test_host_is_found_by_its_name_with_a_domain(farm: FakeFarm):
    request = host_pb2.HostRebootRequest(host={"name": "node1.studio.example"})

    assert subject_of(farm.farm, request) is farm.farm.hosts.named("node1")


def test_other_fields_are_found_by_their_place(farm: FakeFarm):
    job = farm.job()
    request = job_pb2.LayerCreateDependOnLayerRequest(
        layer={"id": job.layer_id(0)}, depend_on_layer={"id": job.layer_id(1)}
    )

    assert [subject_of(farm.farm, request, place) for place in (0, 1)] == [End(job, 0), End(job, 1)]


def test_matcher_and_action_are_the_filter_that_has_them(farm: FakeFarm):
    parts = {"matchers": [Matcher("m", "USER", "IS", "x")], "actions": [Action("a", "PAUSE_JOB", "BOOLEAN_TYPE", True)]}
    filter = farm.farm.filters.add(Filter("f", "slow", "show", 1.0, **parts))
    requests = filter_pb2.MatcherDeleteRequest(matcher={"id": "m"}), filter_pb2.ActionDeleteRequest(action={"id": "a"})

    assert [subject_of(farm.farm, request) for request in requests] == [filter, filter]


def test_task_comes_with_its_department(farm: FakeFarm):
    task = Task("t", "shot")
    department = farm.farm.departments.add(Department("d", "FX", "show", tasks=[task]))

    assert subject_of(farm.farm, task_pb2.TaskDeleteRequest(task={"name": "t"})) == (department, task)


def test_dependency_is_found_with_its_pairs(farm: FakeFarm):
    (whole,) = farm.farm.depends.of(farm.job().id)
    pair = farm.farm.depends.of_frame(farm.job(), farm.refs("comp")[2])[0]
    requests = [depend_pb2.DependSatisfyRequest(depend={"id": row.id}) for row in (whole, pair)]

    assert [subject_of(farm.farm, request) for request in requests] == [whole, pair]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(job_pb2.JobFindJobRequest(name="test"), id="a text"),
        pytest.param(host_pb2.HostGetHostsRequest(), id="criteria"),
        pytest.param(show_pb2.ShowGetShowsRequest(), id="nothing"),
    ],
)
def test_request_that_begins_with_no_thing_is_about_none(farm: FakeFarm, request_: Any):
    assert subject_of(farm.farm, request_) is None


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        pytest.param(job_pb2.JobPauseRequest(), "the request names no job", id="job"),
        pytest.param(job_pb2.LayerGetLimitsRequest(layer={"id": "x"}), "no layer 'x'", id="layer"),
        pytest.param(filter_pb2.MatcherDeleteRequest(matcher={"id": "x"}), "no matcher 'x'", id="matcher"),
        pytest.param(host_pb2.ProcKillRequest(proc={"id": "x"}), "no running proc 'x'", id="proc"),
        pytest.param(task_pb2.TaskDeleteRequest(task={"id": "x"}), "no task 'x'", id="task"),
    ],
)
def test_thing_that_is_not_there_is_not_found(farm: FakeFarm, request_: Any, problem: str):
    with pytest.raises(NotFound, match=problem):
        subject_of(farm.farm, request_)
