# SPDX-License-Identifier: Apache-2.0
"""CueGUI 1.37, unmodified: its windows show a farm, and every menu and dialog is answered without an error."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import SMALL, depend, job, layer, spec
from tests.support import environ_with

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import opencue
from opencue_proto import filter_pb2

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

pytestmark = pytest.mark.realtool

SESSION = Path(__file__).with_name("cuegui_session.py")
USER = "daemon"  # it must be somebody of this machine
JOB = f"testing-test_shot-{USER}_main"

# What CueGUI 1.37 gets wrong by itself, whatever a server says, what no server answers, and where it asks for something
# that it hopes not to find.
KNOWN = {
    "jobs.unbook": "Criteria for search does not exist",
    "frames.copyLogFileName": "QClipboard.setText",
    "shows.properties": "'Show' object has no attribute 'setCommentEmail'",
    "rootgroups.properties": "'Show' object has no attribute 'setCommentEmail'",
    "rootgroups.setCuewho": "cuewho -s",
    "hosts.takeOwnership": "'CommentInterfaceStub' object has no attribute 'GetOwner'",
    "hosts.restartServiceNow": "UNIMPLEMENTED host.HostInterface/RestartRqdNow",
    "hosts.restartServiceWhenIdle": "UNIMPLEMENTED host.HostInterface/RestartRqdWhenIdle",
    "limits.create": "INTERNAL no limit",
    "matchers.setValue": "'Matcher' object has no attribute 'setValue'",
}


def prepare(server: FarmServer) -> None:
    """Give a farm a job with frames in all states, and one thing of each kind that has a menu."""
    from tests.fakes.daemons import FakeDaemons

    daemons = FakeDaemons(server.farm)
    daemons.add("node1", cores=200)
    daemons.add("node2", cores=200, nimby_enabled=True, nimby_locked=True)
    layers = layer("beauty", "1-6", after=SMALL), layer("comp", "1-2", after=SMALL)
    once = "<maxretries>0</maxretries>"
    waits = depend("FRAME_BY_FRAME", depjob="main", onjob="main", deplayer="comp", onlayer="beauty")
    daemons.launch(spec(job(*layers, name="main", before=once), user=USER, depends=waits))
    daemons.launch(spec(job(layer("beauty", "1-6", after=SMALL), name="other"), user=USER))
    for name, status in (("0001-beauty", 1), ("0002-beauty", 1), ("0003-beauty", 0)):
        daemons.finish(name, status)
    opencue.Cuebot.setHosts([f"127.0.0.1:{server.port}"])
    show = opencue.api.findShow("testing")
    show.getRootGroup().createSubGroup("lighting")
    show.getDepartments()[0].addTask("sh1", 4)
    show.createOwner("ann")
    opencue.api.getOwner("ann").takeOwnership("node2")
    opencue.api.createLimit("license", 3)
    opencue.api.findSubscription("cloud.general.testing").delete()  # which a menu makes
    for name in "abc":
        made = show.createFilter(name)
        made.createMatcher(filter_pb2.USER, filter_pb2.IS, "nobody")
        made.createAction(filter_pb2.PAUSE_JOB, True)
    opencue.Cuebot.closeChannel()


@pytest.fixture(scope="module")
def session(clients_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of a session with CueGUI: all windows opened, every entry of every menu called."""
    from cuebot_stub.server import FarmServer
    from cuebot_stub.up.rqd_environment import python_of

    folder = tmp_path_factory.mktemp("a 'gui'")
    server = FarmServer(log_root=folder / "logs")
    server.start()
    try:
        prepare(server)
        done = subprocess.run(
            [python_of(clients_environment), SESSION, folder / "result.json"],
            env=environ_with(
                CUEBOT_HOSTS=f"127.0.0.1:{server.port}", QT_QPA_PLATFORM="offscreen", HOME=str(folder), USER="ann",
                LOGNAME="ann", XDG_CONFIG_HOME=str(folder / "config"),
            ),
            capture_output=True,
            text=True,
        )  # fmt: skip
    finally:
        server.stop(grace_seconds=0.2)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((folder / "result.json").read_text())


def test_monitors_show_running_dead_and_waiting_frames(session: Any):
    rows = session["rows"]

    states = {(row[2], row[1]): row[3] for row in rows["FrameMonitorTree"]}
    assert {name: states["beauty", name] for name in "123456"} == {
        "1": "DEAD", "2": "DEAD", "3": "SUCCEEDED", "4": "RUNNING", "5": "RUNNING", "6": "WAITING",
    }  # fmt: skip
    assert (states["comp", "1"], states["comp", "2"]) == ("DEPEND", "DEPEND")
    assert [row[1] for row in rows["LayerMonitorTree"]] == ["beauty", "comp"]
    assert [(row[0], row[3], row[4]) for row in rows["JobMonitorTree"]] == [(JOB, "Failing", "1 of 8")]
    assert {"testing", "lighting", JOB} <= {row[0] for row in rows["CueJobMonitorTree"]}
    assert [(row[0], row[20]) for row in rows["HostMonitorTree"]] == [("node1", "OPEN"), ("node2", "NIMBY_LOCKED")]
    assert (len(rows["MonitorAllocations"]), len(rows["LimitsTreeWidget"]), len(rows["ShowsWidget"])) == (5, 1, 1)


def test_windows_open_without_an_error(session: Any):
    # It asks for its default show, and takes another one when there is none.
    assert session["opened"] == ["ShowInterface/FindShow: NOT_FOUND no show 'pipe'"]


def test_no_menu_gets_an_error_from_the_server(session: Any):
    wrong = {name: errors for name, errors in session["menus"].items() if errors}

    assert set(wrong) == set(KNOWN), wrong
    assert not {name for name, errors in wrong.items() if not any(KNOWN[name] in one for one in errors)}
    assert len(session["menus"]) > 150


def test_dialogs_open_and_act(session: Any):
    called = {name for name, code, _ in session["calls"] if code == "OK"}

    assert {
        "CreateLimitDialog", "FilterDialog", "LayerPropertiesDialog", "LimitBindingsDialog", "LimitHoldsDialog",
        "LocalBookingDialog", "ModifyGroupDialog", "NewGroupDialog", "ServiceDialog", "SetFailureRuleDialog",
        "SubscriptionCreatorDialog", "TasksDialog",
    } <= set(session["dialogs"])  # fmt: skip
    assert {
        "ShowInterface/CreateFilter", "FilterInterface/CreateMatcher", "FilterInterface/CreateAction",
        "FilterInterface/SetOrder", "FilterInterface/RaiseOrder", "MatcherInterface/Delete", "ActionInterface/Delete",
        "DepartmentInterface/GetDepartmentNames", "DepartmentInterface/GetTasks", "TaskInterface/SetMinCores",
        "TaskInterface/Delete", "GroupInterface/CreateSubGroup", "GroupInterface/SetName",
        "GroupInterface/SetDepartment",
        "GroupInterface/Delete", "LimitInterface/Create", "LimitInterface/SetReportTtl", "LimitInterface/Rename",
        "LayerInterface/SetDispatchOrder", "HostInterface/GetRenderPartitions", "HostInterface/Delete",
    } <= called  # fmt: skip
