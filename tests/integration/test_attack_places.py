# SPDX-License-Identifier: Apache-2.0
"""Odd places and settings: a folder that is gone, a grace of one's own, a mode that does not exist."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.integration.test_bad_days import PY
from tests.support import environ_with, job_in, outline_file


@pytest.mark.parametrize("start", ["shot.outline", "{folder}/shot.outline"], ids=["relative", "absolute"])
def test_a_working_directory_that_is_gone_is_told_before_anything_is_made(
    tmp_path: Path, session_root: Path, start: str
) -> None:
    script = outline_file(tmp_path, 'from outline.modules.shell import Shell\nShell("a", command=["true"])\n')
    gone = tmp_path / "gone"
    gone.mkdir()
    boot = "import sys; from outline.cli import pycuerun_main; sys.exit(pycuerun_main())"
    command = [PY, "-c", boot, start.format(folder=script.parent), "1", "--backend", "local"]

    result = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", *command],
        cwd=gone,
        env=environ_with(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (
        2,
        "pycuerun: the current folder has been removed; change to one that is there\n",
    )
    assert not list(session_root.glob("*/*"))


def test_a_frame_that_ran_too_long_has_the_grace_of_the_configuration(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("stubborn", command=["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], timeout=0.001)
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", env={"OUTLINE_LOCAL_GRACE_SECONDS": "0.2"})

    (record,) = job_in(session_root).record.frames.values()
    assert result.returncode == 1
    assert record.end is not None
    assert record.end.seconds < 3


def test_a_session_mode_that_does_not_exist_is_told(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, 'from outline.modules.shell import Shell\nShell("a", command=["true"])\n')

    result = run_pycuerun(script, "1", "--backend", "local", env={"OUTLINE_OUTLINE_SESSION_MODE": "0770"})

    assert result.returncode == 2
    assert "[outline] session_mode = '0770' must be 'group', or empty for the umask" in result.stderr
    assert not list(session_root.glob("*/*"))
