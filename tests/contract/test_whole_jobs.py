# SPDX-License-Identifier: Apache-2.0
"""Modules by contract in jobs of the local backend: arguments survive the session, causes reach the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import RunPycuerun
from tests.support import job_in, log_of, outline_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Stage


def test_a_chunked_job_renders_and_tells_warnings_and_memory(
    stage: Stage, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    stage.program("Render", "maya", says="peak CPU memory used     100.00MB\nWarning: x\nWarning: y\n")
    scene = stage.scene("a.ma")
    script = outline_file(
        stage.shots,
        f"""
        from outline.modules.maya import Maya
        Maya("beauty", scene={scene!r}, outputs="images/a.####.exr", renderer="arnold", chunk=3)
        """,
    )

    result = run_pycuerun(script, "1-5", "-b", "local", cwd=stage.shots)

    log = log_of(session_root, "0001-beauty")
    assert result.returncode == 0, result.stdout
    assert sorted(path.name for path in (stage.shots / "images").iterdir()) == [
        f"a.{frame:04d}.exr" for frame in range(1, 6)
    ]
    assert ("peak_kb     102400" in log, "warnings    2" in log) == (True, True)
    assert list(session_root.rglob("*.progress")) == []


def test_a_missing_licence_reaches_the_summary(stage: Stage, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    stage.program("nuke", "nuke", says="Invalid nuke_r license key.\n", exit=100, writes=False)
    scene = stage.scene("a.nk", "x")
    script = outline_file(
        stage.shots,
        f"""
        from outline.modules.nuke import Nuke
        Nuke("comp", scene={scene!r}, outputs="out/a.####.exr", write_nodes=["Write1"])
        """,
    )

    result = run_pycuerun(script, "1", "-b", "local", "--max-retries", "0", cwd=stage.shots)

    end = job_in(session_root).dead_frames()[0].record.end
    assert result.returncode == 1
    assert end is not None
    assert end.status == 100
    assert "Nuke failed with exit status 100 (no licence was available)" in end.reason
    assert "Nuke said: Invalid nuke_r license key." in result.stdout
