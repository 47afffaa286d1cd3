# SPDX-License-Identifier: Apache-2.0
"""Departments with their tasks, and cores of locked hosts that owners lend, as PyCue shows and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.specs import one_layer

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import opencue
from opencue.exception import CueException
from opencue_proto import job_pb2

if TYPE_CHECKING:
    from tests.fakes.daemons import FakeDaemons

JOB = "testing-test_shot-tester_test"
GB = 1048576


# -- departments -----------------------------------------------------------------------------------------------


def test_departments_are_those_of_a_new_cuebot(pycue: Any):
    assert pycue.api.getDepartmentNames() == [
        "Animation", "Cloth", "FX", "Hair", "Layout", "Lighting", "Pipeline", "Unknown",
    ]  # fmt: skip
    (found,) = pycue.api.findShow("testing").getDepartments()
    assert (found.name(), found.data.dept) == ("testing.Pipeline", "Pipeline")


def test_show_has_a_department_as_soon_as_a_group_is_given_it(pycue: Any):
    root = pycue.api.findShow("testing").getRootGroup()
    pycue.api.addDepartmentName("Rigging")

    root.setDepartment("Rigging")

    assert pycue.api.findShow("testing").getDepartment("Rigging").name() == "testing.Rigging"
    with pytest.raises(grpc.RpcError, match="no department 'Nobody'"):
        root.setDepartment("Nobody")
    with pytest.raises(CueException, match="testing have the department Rigging"):
        pycue.api.removeDepartmentName("Rigging")


def test_tasks_are_planned_by_shot(pycue: Any):
    (department,) = pycue.api.findShow("testing").getDepartments()
    department.addTask("sh2", 4)
    department.addTasks({"sh1": 100, "sh3": 250})
    first = [(task.data.shot, task.data.min_cores) for task in department.getTasks()]

    department.replaceTasks({"sh9": 300})
    department.getTasks()[0].setMinCores(7)

    assert first == [("sh1", 1), ("sh2", 4), ("sh3", 2)]
    assert [(task.data.shot, task.data.min_cores) for task in department.getTasks()] == [("sh9", 7)]
    department.getTasks()[0].delete()
    assert department.getTasks() == []


def test_cores_of_a_task_are_shared_by_the_jobs_of_its_shot(pycue: Any, daemons: FakeDaemons):
    daemons.launch(one_layer("one"))
    daemons.launch(one_layer("two"))
    (department,) = pycue.api.findShow("testing").getDepartments()
    task = department.addTask("test_shot", 1) or department.getTasks()[0]

    task.setMinCores(5)

    assert sorted(job.data.min_cores for job in pycue.api.getJobs()) == [2, 3]


def test_managed_department_keeps_its_plan_and_notes_adjustments(pycue: Any):
    (department,) = pycue.api.findShow("testing").getDepartments()
    department.addTask("sh1", 4)
    department.enableTiManaged("LGT", 20)
    department.getTasks()[0].setMinCores(6)
    adjusted = department.getTasks()[0].data

    department.clearTaskAdjustments()
    cleared = department.getTasks()[0].data
    department.setManagedCores(30)
    managed = pycue.api.findShow("testing").getDepartment("Pipeline").data
    department.disableTiManaged()

    assert (adjusted.min_cores, adjusted.adjust_cores, cleared.adjust_cores) == (4, 2, 0)
    assert (managed.ti_managed, managed.ti_task, managed.min_cores) == (True, "LGT", 30)
    assert department.getTasks() == []


# -- lending ---------------------------------------------------------------------------------------------------


@pytest.fixture
def locked(pycue: Any, daemons: FakeDaemons, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a job that waits, as the only host is locked and belongs to ``ann``, who asks."""
    monkeypatch.setenv("USER", "ann")
    daemons.add("node1", nimby_enabled=True, nimby_locked=True).thread_mode = "AUTO"  # else a frame takes all cores
    pycue.api.findShow("testing").createOwner("ann")
    pycue.api.getOwner("ann").takeOwnership("node1")
    daemons.launch(one_layer(frames="1-6"))
    assert daemons.running == []
    return pycue.api.findJob(JOB)


def partitions(pycue: Any) -> list[Any]:
    return [one.data for one in pycue.api.findHost("node1").getRenderPartitions()]


def test_job_runs_on_as_many_cores_of_a_locked_host_as_its_owner_lends(pycue: Any, daemons: FakeDaemons, locked: Any):
    locked.addRenderPartition("node1", 1, 2, 2 * GB, 0, 0)

    (one,) = partitions(pycue)
    assert daemons.running == ["0001-beauty", "0002-beauty"]
    assert (one.job, one.layer, one.host, one.cores, one.max_cores) == (JOB, "", "node1", 200, 200)
    daemons.finish("0001-beauty")
    assert daemons.running == ["0002-beauty", "0003-beauty"]


def test_owner_lends_more_and_takes_all_back(pycue: Any, daemons: FakeDaemons, locked: Any):
    locked.getLayers()[0].addRenderPartition("node1", 1, 1, 2 * GB, 0, 0)
    (one,) = pycue.api.findHost("node1").getRenderPartitions()

    one.setMaxResources(300, 0, 0, 0)
    more = daemons.running
    one.delete()

    assert more == ["0001-beauty", "0002-beauty", "0003-beauty"]
    assert partitions(pycue) == []
    assert {proc.kill_reason for proc in daemons.farm.procs.values()} == {"the host's owner reclaimed it"}


def test_one_frame_runs_on_a_locked_host(pycue: Any, daemons: FakeDaemons, locked: Any):
    frame = locked.getFrames(range="4")[0].data
    stub = opencue.Cuebot.getStub("frame")  # PyCue 1.37 spells a field of this request wrong

    stub.AddRenderPartition(
        job_pb2.FrameAddRenderPartitionRequest(
            frame=frame, host="node1", username="ann", max_cores=4, max_memory=8 * GB
        )
    )

    (one,) = partitions(pycue)
    assert (one.layer, one.frame, daemons.running) == ("beauty", "0004-beauty", ["0004-beauty"])


def test_partition_is_gone_with_its_job(pycue: Any, daemons: FakeDaemons, locked: Any):
    locked.addRenderPartition("node1", 1, 6, 8 * GB, 0, 0)

    locked.kill(reason="enough")

    assert partitions(pycue) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cue: lend(cue, memory=1000), "Failed to find suitable frames"),
        (lambda cue: cue.api.getOwner("ann").delete() or lend(cue), "no owner 'ann'"),
        (lambda cue: cue.api.findShow("testing").createOwner("bob") and lend(cue), "bob is not the owner"),
    ],
    ids=["too little", "nobody", "somebody else"],
)
def test_what_cannot_be_lent_is_refused(
    pycue: Any, locked: Any, monkeypatch: pytest.MonkeyPatch, change: Any, reason: str
):
    monkeypatch.setenv("USER", "bob" if "bob" in reason else "ann")

    with pytest.raises(grpc.RpcError, match=reason):
        change(pycue)

    assert partitions(pycue) == []


def lend(cue: Any, memory: int = 2 * GB) -> None:
    cue.api.findJob(JOB).addRenderPartition("node1", 1, 2, memory, 0, 0)


def test_open_host_is_not_lent(pycue: Any, daemons: FakeDaemons, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("USER", "ann")
    daemons.add("node1")
    pycue.api.findShow("testing").createOwner("ann")
    daemons.launch(one_layer(frames="1-6"))

    with pytest.raises(grpc.RpcError, match="is not locked"):
        lend(pycue)


def test_unknown_department_is_not_found(pycue: Any):
    with pytest.raises(grpc.RpcError, match="no department 'Nobody'"):
        pycue.api.findShow("testing").getDepartment("Nobody")
