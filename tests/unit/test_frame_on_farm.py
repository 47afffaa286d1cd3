# SPDX-License-Identifier: Apache-2.0
"""Frames end on a farm with the exit codes that Cuebot understands, and leave nothing in the pipe."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outline.frame_on_farm import MemoryWatch, farm_status, wait_until_read
from tests.support import environ_with, is_running, until

pytestmark = pytest.mark.measured


@pytest.mark.parametrize(
    ("status", "signal", "lacked_memory", "code"),
    [
        (0, 0, False, 0),
        (7, 0, False, 7),
        (126, 0, False, 126),
        (143, 0, False, 143),
        (137, 9, False, 247),
        (137, 0, False, 247),
        (137, 9, True, 137),
        (137, 0, True, 137),
        (139, 11, False, 245),
        (139, 11, True, 245),
        (143, 15, False, 241),
        (33, 0, False, 1),
        (33, 0, True, 137),
        (161, 33, False, 223),
    ],
)
def test_codes_for_a_lack_of_memory_leave_only_when_memory_lacked(
    status: int, signal: int, lacked_memory: bool, code: int
) -> None:
    assert farm_status(status, signal, lacked_memory) == code


def test_memory_lacked_when_a_command_used_more_than_the_frame_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = MemoryWatch()
    subprocess.run([sys.executable, "-c", "x = b'x' * 50_000_000"], check=True)

    monkeypatch.setenv("CUE_MEMORY", str(50_000_000))
    assert not watch.lacked_memory()
    monkeypatch.setenv("CUE_MEMORY", str(40_000))
    assert watch.lacked_memory()


SCRIPT = """
import os, sys, time
from outline import frame_on_farm
frame_on_farm._PATIENCE_SECONDS = float(sys.argv[1])
os.write(1, b"line\\n" * 1000)
os.write(2, b"error\\n" * 5)
open("written", "w").close()
begun = time.monotonic()
frame_on_farm.hand_over_output()
with open("waited", "w") as stream:
    print(time.monotonic() - begun, file=stream)
"""


def _write_all(folder: Path, *, on_farm: bool, patience: float = 2.0) -> subprocess.Popen[bytes]:
    """A process that has written all its output, which nobody has read."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(patience)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ_with(**({"jobhost": "node1"} if on_farm else {})),
    )
    until((folder / "written").exists)
    return process


def test_process_ends_when_all_is_read_and_one_line_feed_after_it(tmp_path: Path) -> None:
    process = _write_all(tmp_path, on_farm=True, patience=100)
    time.sleep(0.5)  # there is no event for what must not happen
    ended = process.poll()

    out, err = process.communicate()

    assert (ended, out, err) == (None, b"line\n" * 1000 + b"\n", b"error\n" * 5 + b"\n")


def test_reader_that_never_comes_is_not_waited_for_long(tmp_path: Path) -> None:
    process = _write_all(tmp_path, on_farm=True, patience=1.0)

    process.wait()

    assert process.communicate() == (b"line\n" * 1000, b"error\n" * 5)
    assert 2.0 <= float((tmp_path / "waited").read_text()) < 20


@pytest.mark.parametrize(("taken", "is_read"), [(1, True), (0, False)], ids=["slow", "none"])
def test_reader_is_waited_for_as_long_as_it_reads(taken: int, is_read: bool) -> None:
    there, here = os.pipe()
    os.write(here, b"ten bytes.")
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += 10.0
        os.read(there, taken)

    found = wait_until_read(here, clock=lambda: now[0], sleep=sleep)
    os.close(there)
    os.close(here)

    assert (found, now[0]) == ((True, 100.0) if is_read else (False, 20.0))


def test_nothing_is_added_away_from_a_farm(tmp_path: Path) -> None:
    process = _write_all(tmp_path, on_farm=False)

    process.wait()

    assert process.communicate() == (b"line\n" * 1000, b"error\n" * 5)


FRAME = """
import os, subprocess, sys
from outline.frame_on_farm import end_with_rqd
end_with_rqd()
child = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM HUP; sleep 1000; true"], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
child.wait()
open(os.path.join(os.environ["CUE_LOG_PATH"], "went on"), "w").close()
"""


# In the place of RQD: starts a frame in a session of its own, tells its command, and reads no more.
RQD = """
import subprocess, sys
frame = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, start_new_session=True)
print(frame.pid, int(frame.stdout.readline()), flush=True)
if sys.stdin.readline():
    frame.stdout.close()
sys.stdin.readline()
"""


@contextmanager
def _frame_of_rqd(**environ: str) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A process that stands for RQD, and the numbers of its frame and of the command in it."""
    with subprocess.Popen(
        [sys.executable, "-c", RQD, FRAME],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "jobhost": "node1", **environ},
        text=True,
    ) as rqd:
        assert rqd.stdout
        frame, command = map(int, rqd.stdout.readline().split())
        yield rqd, frame, command


def test_frame_and_its_command_end_when_rqd_is_gone(tmp_path: Path) -> None:
    log = tmp_path / "job.0001-layer.rqlog"
    log.write_text("started\n")

    with _frame_of_rqd(CUE_LOG_PATH=str(tmp_path), logfile=log.name) as (rqd, frame, command):
        rqd.kill()

    until(lambda: not is_running(frame) and not is_running(command))
    assert not (tmp_path / "went on").exists()
    assert log.read_text().splitlines() == [
        "started", "outline: RQD is gone; this attempt ends here, and the farm starts another one"
    ]  # fmt: skip


def test_frame_goes_on_when_a_pipe_of_its_command_ends_before_rqd() -> None:
    with _frame_of_rqd() as (rqd, frame, command):
        rqd.stdin.write("close\n")  # type: ignore[union-attr]  # as the end of head in `pycuerun ... | head`
        rqd.stdin.flush()  # type: ignore[union-attr]
        time.sleep(0.5)  # there is no event for what must not happen

        assert is_running(frame)
        assert is_running(command)
        rqd.kill()
    until(lambda: not is_running(frame) and not is_running(command))


def test_frame_that_nobody_reads_goes_on_away_from_a_farm(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", FRAME]

    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
        command = int(process.stdout.readline())  # type: ignore[union-attr]
        process.stdout.close()  # type: ignore[union-attr]
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)

        assert is_running(command)
        os.killpg(process.pid, 9)
