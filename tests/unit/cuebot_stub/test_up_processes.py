# SPDX-License-Identifier: Apache-2.0
"""Processes of a farm: only those that are known for certain are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cuebot_stub.up.errors import FarmError
from cuebot_stub.up.processes import (
    ProcessMark,
    end_marked,
    end_processes,
    is_alive,
    processes_with,
    start_process,
)
from cuebot_stub.up.record import FarmRecord, HostRecord, read_record, write_record
from tests.support import until

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(1000)"
)
DROWSY = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *a: signal.signal(signal.SIGTERM, lambda *a: sys.exit(0)))
print('ready', flush=True)
while True:
    time.sleep(0.05)
"""

Start = Callable[..., ProcessMark]


@pytest.fixture
def start(tmp_path: Path, unmeasured: dict[str, str]) -> Iterator[Start]:
    """Start Python programs that are gone at the end of the test, and wait until each has said that it is ready."""
    children: list[subprocess.Popen[bytes]] = []

    def run(program: str = "import time; print('ready', flush=True); time.sleep(1000)", **environ: str) -> ProcessMark:
        word = uuid.uuid4().hex
        log = tmp_path / word
        argv = [sys.executable, "-c", program, word]
        child, mark = start_process(argv, word=word, log=log, cwd=tmp_path, env={**unmeasured, **environ})
        children.append(child)
        until(lambda: "ready" in log.read_text())
        return mark

    yield run
    for child in children:
        child.kill()
        child.wait()


def test_process_has_a_session_of_its_own(start: Start):
    mark = start()

    assert os.getsid(mark.pid) == mark.pid != os.getsid(0)


def test_process_that_runs_is_alive(start: Start):
    assert is_alive(start())


def test_number_that_was_given_to_another_process_is_not_alive(start: Start):
    mark = start()

    assert not is_alive(mark._replace(born=mark.born - 1))
    assert not is_alive(mark._replace(born=0.0))
    assert not is_alive(mark._replace(word="something else"))


def test_process_that_nobody_has_waited_for_is_not_alive(start: Start):
    mark = start()

    os.kill(mark.pid, signal.SIGKILL)

    until(lambda: not is_alive(mark))


def test_process_ends_when_it_is_asked(start: Start):
    mark = start()

    killed = end_marked([mark], (20.0,))

    assert killed == []
    assert not is_alive(mark)


def test_process_that_sleeps_through_the_first_signal_is_asked_again(start: Start):
    mark = start(DROWSY)

    killed = end_marked([mark], (0.3, 20.0))

    assert killed == []
    assert not is_alive(mark)


def test_process_that_does_not_end_is_killed_and_named(start: Start):
    stubborn, willing = start(STUBBORN), start()

    killed = end_marked([stubborn, willing], (2.0,))

    assert killed == [stubborn.pid]
    assert not is_alive(stubborn)


def test_process_that_is_another_one_by_now_is_left_alone(start: Start):
    mark = start()

    end_marked([mark._replace(born=mark.born - 1), mark._replace(word="x")], (0.1,))

    assert is_alive(mark)


def test_processes_are_found_by_a_variable_and_this_one_is_not(start: Start, monkeypatch: pytest.MonkeyPatch):
    value = uuid.uuid4().hex
    monkeypatch.setenv("CUEBOT_STUB_FARM", value)
    mark, other = start(CUEBOT_STUB_FARM=value), start(CUEBOT_STUB_FARM="another farm")

    found = [process.pid for process in processes_with("CUEBOT_STUB_FARM", value)]

    assert mark.pid in found
    assert other.pid not in found
    assert os.getpid() not in found


def test_frames_that_do_not_end_are_killed(start: Start):
    value = uuid.uuid4().hex
    marks = [start(STUBBORN, A_FARM=value), start(A_FARM=value)]

    count = end_processes(lambda: processes_with("A_FARM", value), 0.3)

    assert count == 2
    assert [is_alive(mark) for mark in marks] == [False, False]


def test_farm_is_read_as_it_was_written(tmp_path: Path):
    hosts = tuple(HostRecord(f"node{n}", 9000 + n, ProcessMark(100 + n, 7.5, f"/farm/{n}.conf")) for n in (1, 2))
    record = FarmRecord("127.0.0.1:8443", "http://127.0.0.1:8080/", ProcessMark(99, 7.0, "/a farm/state"), hosts)

    write_record(tmp_path / "farm.json", record)

    assert read_record(tmp_path / "farm.json") == record


def test_farm_that_has_only_begun_is_read_as_well(tmp_path: Path):
    write_record(tmp_path / "farm.json", FarmRecord())

    assert read_record(tmp_path / "farm.json") == FarmRecord()
    assert not FarmRecord().is_running


def test_no_farm_is_none(tmp_path: Path):
    assert read_record(tmp_path / "farm.json") is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 9}', '{"format": 1, "address": ""}', "\x00"])
def test_record_that_cannot_be_understood_is_named(text: str, tmp_path: Path):
    path = tmp_path / "farm.json"
    path.write_text(text)

    with pytest.raises(FarmError, match=f"cannot read {path}"):
        read_record(path)
