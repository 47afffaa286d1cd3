# SPDX-License-Identifier: Apache-2.0
"""Procs as PyCue shows, ends and redirects them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import one_layer
from tests.support import until

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue_proto import host_pb2, job_pb2

if TYPE_CHECKING:
    from tests.fakes.daemons import FakeDaemons


def names(things: Any) -> list[str]:
    return [thing.data.name for thing in things]


# -- procs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(daemons: FakeDaemons) -> FakeDaemons:
    """Return two hosts: node1 runs two frames of the job one, node2 one of the job two; the job three waits."""
    daemons.add("node1", cores=200)
    daemons.launch(one_layer("one", frames="1-2", after="<memory>1g</memory>"))
    daemons.add("node2", cores=100)
    daemons.launch(one_layer("two", frames="101-109", after="<memory>2g</memory>"))
    daemons.launch(one_layer("three", frames="201-209"))
    return daemons


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["0001-beauty", "0002-beauty", "0101-beauty"]),
        ({"host": ["node2"]}, ["0101-beauty"]),
        ({"job": ["testing-test_shot-tester_one"]}, ["0001-beauty", "0002-beauty"]),
        ({"layer": ["other"]}, []),
        ({"show": ["testing"], "alloc": ["local.general"], "host": ["node2"]}, ["0101-beauty"]),
        ({"memory": "gt1500000"}, ["0101-beauty"]),
        ({"memory": "0-1500000"}, ["0001-beauty", "0002-beauty"]),
        ({"duration": "0-3600"}, ["0001-beauty", "0002-beauty", "0101-beauty"]),
        ({"duration": "3600-7200"}, []),
        ({"offset": 2}, ["0101-beauty"]),
    ],
    ids=["all", "host", "job", "layer", "several", "memory", "memory-range", "duration", "longer", "offset"],
)
def test_procs_are_searched(pycue: Any, busy: FakeDaemons, options: dict[str, Any], found: list[str]):
    if "memory" in options and options["memory"].startswith("gt"):
        options = {"memory_greater_than": options["memory"]}

    procs = pycue.api.getProcs(**options)

    assert [proc.data.frame_name for proc in procs] == found


def test_proc_knows_its_host_job_layer_and_frame(pycue: Any, busy: FakeDaemons):
    (proc,) = pycue.api.getProcs(host=["node2"])

    things = [proc.getHost(), proc.getJob(), proc.getLayer(), proc.getFrame()]

    assert names(things) == ["node2", "testing-test_shot-tester_two", "beauty", "0101-beauty"]


def test_killed_proc_is_gone_and_its_frame_has_failed(pycue: Any, busy: FakeDaemons):
    (proc,) = pycue.api.getProcs(host=["node2"])
    frame = proc.getFrame()

    proc.kill()

    until(lambda: all(one.data.id != proc.data.id for one in pycue.api.getProcs()))
    assert pycue.api.getFrame(frame.data.id).data.exit_status == 1


def test_unbooked_proc_ends_with_its_frame(pycue: Any, busy: FakeDaemons):
    (proc,) = pycue.api.getProcs(host=["node2"])

    proc.unbook()

    (same,) = pycue.api.getProcs(host=["node2"])
    assert (same.data.id, same.data.unbooked) == (proc.data.id, True)


def test_redirected_proc_makes_room_for_the_other_job(pycue: Any, busy: FakeDaemons):
    (proc,) = pycue.api.getProcs(host=["node2"])
    proc.redirectToJob(pycue.api.findJob("testing-test_shot-tester_three"))

    busy.finish("0101-beauty")

    (follower,) = pycue.api.getProcs(host=["node2"])
    assert follower.data.job_name == "testing-test_shot-tester_three"


def test_host_is_redirected_to_a_job(pycue: Any, busy: FakeDaemons):
    procs = pycue.api.getProcs(host=["node2"])

    pycue.api.findHost("node2").redirectToJob(procs, pycue.api.findJob("testing-test_shot-tester_three"))

    until(lambda: [p.data.job_name for p in pycue.api.getProcs(host=["node2"])] == ["testing-test_shot-tester_three"])


# -- what PyCue has no words for -------------------------------------------------------------------------------


@pytest.fixture
def calls(pycue: Any) -> Any:
    """Return the calls about procs."""
    return pycue.Cuebot.getStub("proc")


def test_so_many_procs_are_found_as_are_asked_for(calls: Any, busy: FakeDaemons):
    criteria = host_pb2.ProcSearchCriteria(max_results=[1], first_result=1)

    found = calls.GetProcs(host_pb2.ProcGetProcsRequest(r=criteria)).procs.procs

    assert [proc.frame_name for proc in found] == ["0002-beauty"]


def test_procs_that_match_are_unbooked(calls: Any, busy: FakeDaemons):
    criteria = host_pb2.ProcSearchCriteria(hosts=["node1"])

    count = calls.UnbookProcs(host_pb2.ProcUnbookProcsRequest(r=criteria)).num_procs

    assert count == 2
    assert sorted(proc.unbooked for proc in busy.farm.procs.values()) == [False, True, True]


def test_procs_are_not_unbooked_by_a_request_that_says_nothing_of_them(calls: Any, busy: FakeDaemons):
    with pytest.raises(grpc.RpcError, match="the search for procs is empty"):
        calls.UnbookProcs(host_pb2.ProcUnbookProcsRequest(kill=True))


def test_procs_that_match_make_room_for_jobs(pycue: Any, calls: Any, busy: FakeDaemons):
    job = pycue.api.findJob("testing-test_shot-tester_three").data
    criteria = host_pb2.ProcSearchCriteria(hosts=["node2"])

    request = host_pb2.ProcUnbookToJobRequest(r=criteria, jobs=job_pb2.JobSeq(jobs=[job]), kill=True)
    count = calls.UnbookToJob(request).num_procs

    assert count == 1
    until(lambda: [proc.data.job_name for proc in pycue.api.getProcs(host=["node2"])] == [job.name])


def test_procs_that_match_make_room_for_a_group(pycue: Any, calls: Any, busy: FakeDaemons):
    root = pycue.api.findShow("testing").getRootGroup()
    criteria = host_pb2.ProcSearchCriteria(hosts=["node1"])

    count = calls.UnbookToGroup(host_pb2.ProcUnbookToGroupRequest(r=criteria, group=root.data)).num_procs

    assert count == 2
    assert [proc.data.redirect_target for proc in pycue.api.getProcs(host=["node1"])] == ["testing", "testing"]


def test_redirect_is_taken_back(pycue: Any, calls: Any, busy: FakeDaemons):
    (proc,) = pycue.api.getProcs(host=["node2"])
    proc.redirectToJob(pycue.api.findJob("testing-test_shot-tester_three"))

    answers = [calls.ClearRedirect(host_pb2.ProcClearRedirectRequest(proc=proc.data)).value for _ in range(2)]

    assert answers == [True, False]


def test_proc_whose_frame_has_ended_cannot_be_redirected(pycue: Any, calls: Any, busy: FakeDaemons):
    (proc,) = pycue.api.getProcs(host=["node2"])
    job = proc.getJob().data.id
    busy.finish("0101-beauty")

    answer = calls.RedirectToJob(host_pb2.ProcRedirectToJobRequest(proc=proc.data, job_id=job))

    assert not answer.value
