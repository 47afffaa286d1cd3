# SPDX-License-Identifier: Apache-2.0
"""``cuebot-stub up``, ``status`` and ``down`` with real RQDs: all starts together, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from cuebot_stub.up.places import FarmPlaces
from cuebot_stub.up.processes import ProcessMark, is_alive, processes_with
from cuebot_stub.up.record import FarmRecord, read_record
from cuebot_stub.up.rqd_config import FARM_VARIABLE
from tests.conftest import coverage_variables
from tests.farm.command import run_stub, start_stub
from tests.support import call_here, is_running, until

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from opencue_proto import job_pb2, job_pb2_grpc, rqd_pb2, rqd_pb2_grpc

from cuebot_stub.cli import main
from tests.farm.jobs import Layer, spec_text

pytestmark = [pytest.mark.measured, pytest.mark.realtool]

Up = Callable[..., "subprocess.CompletedProcess[str]"]


def run_up(farm: FarmPlaces, environment: Path, *arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Call ``up`` on any port."""
    named = {"CUEBOT_STUB_RQD_ENVIRONMENT": str(environment), **environ}
    return run_stub("up", "--dir", farm.folder, "--port", 0, *arguments, **named)


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[FarmPlaces]:
    """Name the folder of a farm, and end what the test has left running in it."""
    places = FarmPlaces(tmp_path / "a farm")
    yield places
    if places.record.exists():
        call("down", "--dir", places.folder)


@pytest.fixture
def up(farm: FarmPlaces, rqd_environment: Path) -> Up:
    """Return a function that calls ``up`` for the farm of this test, on any port."""
    return partial(run_up, farm, rqd_environment)


class Running(NamedTuple):
    """A farm that is up, and what ``up`` has said."""

    farm: FarmPlaces
    started: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, rqd_environment: Path) -> Iterator[Running]:
    """Return a farm of two hosts with a page, for the tests that only look at it."""
    pytest.importorskip("flask", reason="the extra 'stub' is not installed")
    folder = tmp_path_factory.mktemp("up")
    farm = FarmPlaces(folder / "a farm")
    variables = {"HOME": str(folder), "USER": "tester", **coverage_variables()}
    yield Running(farm, run_up(farm, rqd_environment, "--hosts", 2, "--cores", 3, "--http", 0, **variables))
    run_stub("down", "--dir", farm.folder)


def call(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Call a command that starts nothing, in this process."""
    return call_here(main, arguments, Path.cwd(), {})


def kill(*marks: ProcessMark) -> None:
    """Kill processes and wait until they are gone."""
    for mark in marks:
        os.kill(mark.pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, marks)))


def record_of(farm: FarmPlaces) -> FarmRecord:
    """Return what is written down of a farm that must be there."""
    record = read_record(farm.record)
    assert record is not None
    return record


def address_in(text: str) -> str:
    """Return the server's address out of what ``up`` prints."""
    found = re.search(r"^server +(\S+)$", text, re.MULTILINE)
    assert found, text
    return found[1]


def launch(farm: FarmPlaces, command: str, host: int = 0) -> str:
    """Run a shell command as a frame of an RQD, past the server, and return the name of the frame."""
    frame = uuid.uuid4().hex
    request = rqd_pb2.RunFrame(
        job_name="testing-default-tester_job",
        frame_id=frame,
        frame_name="0001-layer",
        resource_id=frame,
        command=command,
        log_dir=str(farm.frame_logs),
        user_name="tester",
        num_cores=100,
        start_time=int(time.time() * 1000),
    )
    with grpc.insecure_channel(f"127.0.0.1:{record_of(farm).hosts[host].port}") as channel:
        stub = rqd_pb2_grpc.RqdInterfaceStub(channel)
        stub.LaunchFrame(rqd_pb2.RqdStaticLaunchFrameRequest(run_frame=request))
    return frame


def test_farm_is_started_and_shown(running: Running):
    farm, started = running

    shown = run_stub("status", "--dir", farm.folder)
    data = json.loads(call("status", "--dir", farm.folder, "--json").stdout)
    line = call("status", "--dir", farm.folder, "--export").stdout

    address = address_in(started.stdout)
    assert (started.returncode, started.stderr) == (0, "")
    assert f"export CUEBOT_HOSTS={address}\n" in started.stdout
    assert str(farm.logs) in started.stdout
    assert shown.returncode == 0
    assert re.findall(r"host +(\w+)  UP, 3 of 3 cores idle, process \d+", shown.stdout) == ["node1", "node2"]
    assert f"server   {address}\n" in shown.stdout
    assert (data["server"], data["is_whole"], data["problem"], data["jobs"]) == (address, True, "", [])
    assert [(host["name"], host["state"], host["cores"], host["is_alive"]) for host in data["hosts"]] == [
        ("node1", "UP", 3, True),
        ("node2", "UP", 3, True),
    ]
    assert line == f"export CUEBOT_HOSTS={address}\n"


def test_processes_have_sessions_of_their_own_and_listen_on_the_loopback_interface_only(running: Running):
    pids = [mark.pid for mark in record_of(running.farm).processes]

    listening = [
        connection.laddr.ip
        for pid in pids
        for connection in psutil.Process(pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(pids) == 3
    assert [os.getsid(pid) for pid in pids] == pids
    assert len(listening) >= 4
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_page_is_told_with_its_token_to_this_user_only(running: Running):
    farm, started = running
    found = re.search(r"^page +(\S+)$", started.stdout, re.MULTILINE)
    assert found, started

    with urllib.request.urlopen(found[1]) as answer:
        assert answer.status == 200

    holders = [path for path in farm.folder.rglob("*") if path.is_file() and found[1].encode() in path.read_bytes()]
    assert holders
    assert {path.stat().st_mode & 0o077 for path in (*holders, farm.folder, farm.state)} == {0}


def test_second_farm_in_the_same_folder_is_told_of_the_first(running: Running, rqd_environment: Path):
    first = record_of(running.farm)

    again = run_up(running.farm, rqd_environment, "--hosts", 1)

    assert again.returncode == 2
    assert again.stderr.startswith(f"cuebot-stub: a farm is running at {first.address} ")
    assert record_of(running.farm) == first


def test_frames_find_pycuerun_and_the_home_folder(running: Running, tmp_path: Path):
    found = tmp_path / "found"

    launch(running.farm, f"(command -v pycuerun; echo $HOME; pwd) > {found}.part; mv {found}.part {found}")

    until(found.exists)
    pycuerun, home, folder = found.read_text().splitlines()
    assert os.access(pycuerun, os.X_OK)
    assert home == str(running.farm.folder.parent)
    assert folder in ("/mcp", str(running.farm.host_temp("node1")))


def test_frames_end_with_their_farm(up: Up, farm: FarmPlaces, tmp_path: Path):
    up("--hosts", 2)
    marks = record_of(farm).processes
    pids = tmp_path / "pids"
    launch(farm, f"setsid sleep 300 & (trap '' TERM; echo $! > {pids}.part; mv {pids}.part {pids}; sleep 300)")
    until(pids.exists)

    ended = run_stub("down", "--dir", farm.folder)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "processes of frames that still ran" in ended.stdout
    assert len(marks) == 3
    assert not any(map(is_alive, marks))
    assert processes_with(FARM_VARIABLE, str(farm.folder)) == []
    assert not is_running(int(pids.read_text()))
    assert not farm.temp.exists()


def test_jobs_go_on_when_the_farm_is_started_again(up: Up, farm: FarmPlaces, tmp_path: Path):
    up("--hosts", 1)
    begun, done = tmp_path / "begun", tmp_path / "done"
    # The first time it would take for ever, the second time it ends at once.
    command = f"test -e {begun} && touch {done} && exit; touch {begun}; sleep 300"
    spec = spec_text([Layer("render", command), Layer("comp", "true")], retries=0)
    with grpc.insecure_channel(record_of(farm).address) as channel:
        stub = job_pb2_grpc.JobInterfaceStub(channel)
        stub.LaunchSpecAndWait(job_pb2.JobLaunchSpecAndWaitRequest(spec=spec))
    until(begun.exists)
    call("down", "--dir", farm.folder)

    up("--hosts", 1)

    until(done.exists)
    until(lambda: "jobs     none" in call("status", "--dir", farm.folder).stdout)


def test_frames_of_an_rqd_that_was_killed_end_with_the_farm(up: Up, farm: FarmPlaces, tmp_path: Path):
    up("--hosts", 2)
    begun = tmp_path / "begun"
    launch(farm, f"touch {begun}; sleep 300", host=1)
    until(begun.exists)
    kill(record_of(farm).hosts[1].process)

    shown = call("status", "--dir", farm.folder)
    call("down", "--dir", farm.folder)

    assert shown.returncode == 1
    assert re.search(r"host +node2  .*its process has ended", shown.stdout)
    assert processes_with(FARM_VARIABLE, str(farm.folder)) == []


def test_farm_without_its_server_is_shown_refused_and_ended(up: Up, farm: FarmPlaces):
    up("--hosts", 1)
    record = record_of(farm)
    kill(record.processes[0])

    shown = call("status", "--dir", farm.folder)
    data = json.loads(call("status", "--dir", farm.folder, "--json").stdout)
    again = up("--hosts", 1)
    ended = call("down", "--dir", farm.folder)

    assert shown.returncode == 1
    assert f"{record.address} is not running; its log: {farm.server_log}" in shown.stdout
    assert (data["is_whole"], [host["state"] for host in data["hosts"]]) == (False, [None])
    assert data["problem"].startswith(f"{record.address} is not running")
    assert f"mend     cuebot-stub down --dir '{farm.folder}', then up --dir '{farm.folder}': jobs stay" in shown.stdout
    assert again.returncode == 2
    assert "but not server; run cuebot-stub down, then up" in again.stderr
    assert ended.returncode == 0
    assert not any(map(is_alive, record.processes))


def test_farm_whose_processes_are_all_gone_can_be_started_again(up: Up, farm: FarmPlaces, tmp_path: Path):
    up("--hosts", 1)
    begun = tmp_path / "begun"
    launch(farm, f"touch {begun}; sleep 300")
    until(begun.exists)
    kill(*record_of(farm).processes)

    shown = call("status", "--dir", farm.folder)
    again = up("--hosts", 1)

    assert shown.returncode == 1
    assert "no farm is running" in shown.stderr
    assert again.returncode == 0, again.stderr
    assert not any("sleep 300" in " ".join(p.cmdline()) for p in processes_with(FARM_VARIABLE, str(farm.folder)))


def test_numbers_that_belong_to_others_by_now_are_left_alone(farm: FarmPlaces):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    farm.folder.mkdir()
    mark = {"pid": other.pid, "born": 1.0, "word": "-c"}
    farm.record.write_text(json.dumps({"format": 1, "address": "", "http": "", "server": mark, "hosts": []}))

    ended = call("down", "--dir", farm.folder)

    assert ended.returncode == 0
    assert other.poll() is None
    other.communicate(b"\n")


@pytest.fixture
def broken_environment(tmp_path: Path) -> Path:
    """Make an environment in which an RQD says something and ends."""
    python = tmp_path / "broken" / "bin" / "python"
    python.parent.mkdir(parents=True)
    (tmp_path / "broken" / "lib" / "python3" / "site-packages" / "rqd").mkdir(parents=True)
    python.write_text("#!/bin/sh\necho this RQD is broken\nexit 3\n")
    python.chmod(0o755)
    return tmp_path / "broken"


def test_farm_that_does_not_come_up_leaves_nothing(up: Up, farm: FarmPlaces, broken_environment: Path):
    done = up("--hosts", 2, CUEBOT_STUB_RQD_ENVIRONMENT=str(broken_environment))

    assert done.returncode == 2
    assert done.stderr.startswith("cuebot-stub: RQD node1 has ended before it was ready: this RQD is broken (")
    assert done.stderr.count("\n") == 1
    assert not farm.record.exists()
    assert [p for p in psutil.process_iter(["cmdline"]) if str(farm.state) in (p.info["cmdline"] or [])] == []


def test_foreground_ends_the_farm_when_it_is_told(farm: FarmPlaces, rqd_environment: Path, tmp_path: Path):
    log = tmp_path / "up.log"
    arguments = ["up", "--dir", farm.folder, "--port", 0, "--hosts", 1, "--foreground"]
    process = start_stub(*arguments, "--rqd-environment", rqd_environment, log=log)
    until(lambda: "export CUEBOT_HOSTS" in log.read_text() or process.poll() is not None)
    marks = record_of(farm).processes

    process.send_signal(signal.SIGTERM)

    assert process.wait() == 0, log.read_text()
    assert len(marks) == 2
    assert not any(map(is_alive, marks))
    assert not farm.record.exists()


def test_foreground_ends_with_its_server(farm: FarmPlaces, rqd_environment: Path, tmp_path: Path):
    log = tmp_path / "up.log"
    arguments = ["up", "--dir", farm.folder, "--port", 0, "--hosts", 1, "--foreground"]
    process = start_stub(*arguments, "--rqd-environment", rqd_environment, log=log)
    until(lambda: "export CUEBOT_HOSTS" in log.read_text() or process.poll() is not None)
    marks = record_of(farm).processes

    os.kill(marks[0].pid, signal.SIGKILL)

    assert process.wait() == 2
    assert "the server has ended" in log.read_text()
    assert not any(map(is_alive, marks))


def test_interrupted_start_leaves_nothing(farm: FarmPlaces, tmp_path: Path, broken_environment: Path):
    (broken_environment / "bin" / "python").write_text("#!/bin/sh\nsleep 300\n")
    log = tmp_path / "up.log"
    arguments = ["up", "--dir", farm.folder, "--port", 0, "--rqd-environment", broken_environment]
    process = start_stub(*arguments, log=log)
    until(lambda: farm.record.exists() and len(record_of(farm).hosts) == 2)
    record = record_of(farm)

    process.send_signal(signal.SIGINT)

    assert process.wait() == 130
    assert "interrupted" in log.read_text()
    assert not any(map(is_alive, record.processes))
    assert processes_with(FARM_VARIABLE, str(farm.folder)) == []


@pytest.mark.parametrize(("command", "code"), [("status", 1), ("down", 2)])
def test_farm_that_is_not_there_is_one_line(command: str, code: int, farm: FarmPlaces):
    done = call(command, "--dir", farm.folder)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == f"cuebot-stub: no farm is running in {farm.folder}; cuebot-stub up starts one\n"


def test_folder_that_cannot_be_made_is_one_line(tmp_path: Path, rqd_environment: Path):
    (tmp_path / "file").touch()

    done = call("up", "--dir", tmp_path / "file", "--rqd-environment", rqd_environment)

    assert done.returncode == 2
    assert done.stderr.startswith(f"cuebot-stub: cannot use the folder {tmp_path / 'file'}: ")
