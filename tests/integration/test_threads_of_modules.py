# SPDX-License-Identifier: Apache-2.0
"""Threads that the modules of a job start where it is launched do not keep the caller waiting for the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import outline_file

pytestmark = pytest.mark.measured

_ENDLESS = """
    import atexit, threading
    from outline.modules.shell import Shell
    threading.Thread(target=threading.Event().wait, name="poller").start()
    atexit.register(print, "exit handlers ran")
    Shell("a", command=["false"])
"""


def test_thread_that_never_ends_is_left_behind_when_the_job_is_over(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, _ENDLESS)

    result = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0")

    assert result.returncode == 1
    assert "session  /" in result.stdout
    assert result.stdout.endswith("exit handlers ran\n")
    assert result.stderr == "the job is over; these threads still run and are left behind: poller\n"


def test_thread_that_is_about_to_end_is_waited_for(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        import threading, time
        from outline.modules.shell import Shell
        def finish():
            time.sleep(0.5)
            print("finished")
        threading.Thread(target=finish).start()
        Shell("a", command=["true"])
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local")

    assert result.returncode == 0
    assert result.stdout.count("finished\n") == 1
    assert result.stderr == ""
