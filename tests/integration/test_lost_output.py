# SPDX-License-Identifier: Apache-2.0
"""Nobody reads what a command prints: a job runs on to its end, and what only prints ends quietly or says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import environ_with, job_in, outline_file

pytestmark = pytest.mark.measured

_PYCUERUN = f"'{sys.executable}' -m outline"
_OUTLINE = f"'{sys.executable}' -c 'import sys; from outline.cli import outline_main; sys.exit(outline_main())'"
_LOST = ["| head -n 1", "2>&1 | true", ">&-", ">&- 2>&- <&-", ">/dev/full"]
_LOST_IDS = ["read in part", "not read at all", "closed", "all closed", "full disk"]
needs_full_device = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")


def _in_shell(folder: Path, command: str, redirection: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command whose output goes elsewhere, and have the exit status of the command itself."""
    line = f"set -o pipefail; {command} {redirection}"
    return subprocess.run(["bash", "-c", line], cwd=folder, env=environ_with(), capture_output=True, text=True)


def _job(folder: Path, command: str) -> None:
    outline_file(folder, f"from outline.modules.shell import Shell\nShell('a', command=['{command}'], range='1-8')\n")


@needs_full_device
@pytest.mark.parametrize("redirection", _LOST, ids=_LOST_IDS)
def test_job_runs_to_its_end_whoever_reads_the_output(tmp_path: Path, session_root: Path, redirection: str) -> None:
    _job(tmp_path, "/bin/true")

    done = _in_shell(tmp_path, f"{_PYCUERUN} shot.outline --backend local --cores 1", redirection)

    assert (done.returncode, done.stderr) == (0, "")
    assert job_in(session_root).counts == {"SUCCEEDED": 8}


@needs_full_device
@pytest.mark.parametrize("redirection", ["| head -n 1", ">&-", ">/dev/full"], ids=["read in part", "closed", "full"])
def test_failed_job_has_its_exit_code_and_its_summary_where_errors_go(tmp_path: Path, redirection: str) -> None:
    _job(tmp_path, "/bin/false")

    done = _in_shell(tmp_path, f"{_PYCUERUN} shot.outline --backend local --maxretries 0", redirection)

    assert done.returncode == 1
    assert "DEAD 0001-a after 1 attempt: /bin/false ended with exit status 1" in done.stderr


def test_script_that_prints_much_is_launched_whoever_reads_the_output(tmp_path: Path, session_root: Path) -> None:
    _job(tmp_path, "/bin/true")
    script = tmp_path / "shot.outline"
    script.write_text(f"{script.read_text()}print('x' * 1_000_000)\n")

    done = _in_shell(tmp_path, f"{_PYCUERUN} shot.outline --backend local", "| true")

    assert (done.returncode, done.stderr) == (0, "")
    assert job_in(session_root).counts == {"SUCCEEDED": 8}


def test_status_for_a_reader_that_has_had_enough_ends_quietly(tmp_path: Path, session_root: Path) -> None:
    _job(tmp_path, "/bin/true")
    _in_shell(tmp_path, f"{_PYCUERUN} shot.outline --backend local --pause")

    done = _in_shell(tmp_path, f"{_OUTLINE} status '{job_in(session_root).path}'", "| true")

    assert done.stderr == ""


@needs_full_device
def test_status_onto_a_full_disk_says_so_in_one_line(tmp_path: Path, session_root: Path) -> None:
    _job(tmp_path, "/bin/true")
    _in_shell(tmp_path, f"{_PYCUERUN} shot.outline --backend local --pause")

    done = _in_shell(tmp_path, f"{_OUTLINE} status '{job_in(session_root).path}'", ">/dev/full")

    assert (done.returncode, done.stderr) == (2, "outline: cannot write the output: No space left on device\n")


@pytest.mark.parametrize("layer", ["python", "shell"])
def test_one_frame_runs_to_its_end_when_nobody_reads_it(tmp_path: Path, session_root: Path, layer: str) -> None:
    outline_file(
        tmp_path,
        "from outline import Layer\nfrom outline.modules.shell import Shell\n"
        "class Lines(Layer):\n"
        "    def _execute(self, frames):\n"
        "        for line in range(20000):\n            print(line)\n"
        "        open('python.done', 'w').close()\n"
        "Lines('python')\nShell('shell', ['sh', '-c', 'seq 20000 && touch shell.done'])\n",
    )

    done = _in_shell(tmp_path, f"{_PYCUERUN} shot.outline -e 1-{layer}", "| head -n 1")

    assert (done.returncode, done.stdout) == (0, "0\n" if layer == "python" else "1\n")
    assert (tmp_path / f"{layer}.done").exists()
