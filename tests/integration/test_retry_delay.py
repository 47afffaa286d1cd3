# SPDX-License-Identifier: Apache-2.0
"""Frames that failed and are tried again only after a while."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.conftest import RunPycuerun
from tests.support import job_in, outline_file, start, until

TRY = """
date +%s.%N >> tried-$1
test $1 != 1 -o -e once || { touch once; exit 1; }
"""


def test_others_run_while_a_frame_waits_to_be_tried_again(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    (tmp_path / "try.sh").write_text(TRY)
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("busy", command=["sh", "try.sh", "%{FRAME}"], retry_delay=1.2 / 60)
        """,
    )

    result = run_pycuerun(script, "1-2", "--backend", "local", "--cores", "1")

    tried = [[float(line) for line in (tmp_path / f"tried-{number}").read_text().split()] for number in (1, 2)]
    assert result.returncode == 0, result.stdout
    assert "0001-busy failed, is tried again in 1.2 s," in result.stdout
    assert job_in(session_root).counts == {"SUCCEEDED": 2}
    assert tried[0][0] < tried[1][0] < tried[0][1]
    assert tried[0][1] - tried[0][0] > 1.1


def test_an_interrupt_does_not_wait_for_the_time_of_a_retry(tmp_path: Path, session_root: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("bad", command=["false"], retry_delay=60)
        """,
    )
    launcher = start(script, "1", "--backend", "local", cwd=tmp_path)
    output = launcher.stdout
    assert output is not None
    until(lambda: "is tried again" in output.readline())

    launcher.send_signal(signal.SIGINT)

    launcher.communicate()
    assert launcher.returncode == 130
    assert job_in(session_root).counts == {"WAITING": 1}


def test_after_fail_fast_nobody_waits_for_the_time_of_a_retry(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell, ShellCommand
        Shell("again", command=["false"], retry_delay=60, range="1")
        ShellCommand("hopeless", command=["no-such-program"], require=["again:any"])
        Shell("no", command=["no-such-program"], range="1")
        ShellCommand("post", command=["true"], type="Post")
        """,
    )

    result = run_pycuerun(script, "--backend", "local", "--fail-fast", "--cores", "1")

    assert result.returncode == 1, result.stdout
    assert job_in(session_root).counts == {"WAITING": 1, "DEPEND": 1, "DEAD": 1, "SUCCEEDED": 1}
