# SPDX-License-Identifier: Apache-2.0
"""Odd places and settings: a folder that is gone, a grace of one's own, a mode that does not exist."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.integration.test_bad_days import PY
from tests.support import environ_with, job_in, only_session, outline_file

pytestmark = pytest.mark.measured


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
        "pycuerun: the current folder has been removed; change to one that exists\n",
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
    assert record.end.seconds < 10  # the grace that frames have otherwise


def test_a_resume_from_another_folder_runs_frames_where_the_job_was_launched(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        from outline.modules.shell import Shell
        class Own(Layer):
            def _execute(self, frames):
                open("own", "a").write(str(frames))
        Own("own")
        Shell("command", command=["sh", "-c", "echo $0 >> command", "%{FRAME}"])
        """,
    )
    folders = [tmp_path / "launched", tmp_path / "resumed"]
    for folder in folders:
        folder.mkdir()
    run_pycuerun(script, "1", "--backend", "local", "--pause", cwd=folders[0])

    result = run_pycuerun("--resume", only_session(session_root), cwd=folders[1])

    assert result.returncode == 0
    assert sorted(path.name for path in folders[0].iterdir()) == ["command", "own"]
    assert not list(folders[1].iterdir())


def test_a_resume_says_when_the_folder_of_the_launch_is_gone(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path, 'from outline.modules.shell import Shell\nShell("a", command=["sh", "-c", "pwd > here"])\n'
    )
    gone = tmp_path / "gone"
    gone.mkdir()
    run_pycuerun(script, "1", "--backend", "local", "--pause", cwd=gone)
    gone.rmdir()

    result = run_pycuerun("--resume", only_session(session_root))

    assert result.returncode == 0
    assert (
        f"the job was launched in {gone}, which does not exist any more; its frames run in {tmp_path}" in result.stderr
    )
    assert (tmp_path / "here").read_text() == f"{tmp_path}\n"


def test_a_way_to_run_frames_that_does_not_exist_is_told(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, 'from outline.modules.shell import Shell\nShell("a", command=["true"])\n')

    result = run_pycuerun(script, "1", "--backend", "local", env={"OUTLINE_LOCAL_FRAME_PROCESS": "forkk"})

    assert result.returncode == 2
    assert "[local] frame_process = 'forkk' must be 'fork' or 'spawn'" in result.stderr


def test_a_session_mode_that_does_not_exist_is_told(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, 'from outline.modules.shell import Shell\nShell("a", command=["true"])\n')

    result = run_pycuerun(script, "1", "--backend", "local", env={"OUTLINE_OUTLINE_SESSION_MODE": "0770"})

    assert result.returncode == 2
    assert "[outline] session_mode = '0770' must be 'group', or empty for the umask" in result.stderr
    assert not list(session_root.glob("*/*"))
