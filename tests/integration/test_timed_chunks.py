# SPDX-License-Identifier: Apache-2.0
"""Chunks that are a length of time, in jobs of the local backend."""

from __future__ import annotations

from pathlib import Path

from outline.frames import FrameSet
from tests.conftest import RunPycuerun
from tests.support import job_in, log_of, outline_file

TIMED = """
    from outline import Layer
    from outline.modules.shell import Shell


    class Timed(Layer):
        def _execute(self, frames):
            with open("calls.txt", "a") as stream:
                stream.write(f"{{frames}}\\n")
            if {bad} in frames:
                raise ValueError("a bad frame")


    Timed("timed", chunk="10m")
    Shell("after", ["true"], require="timed")
"""


def test_a_chunk_that_is_a_time_grows_with_what_the_first_frames_took(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, TIMED.format(bad=0))

    result = run_pycuerun(script, "1-40", "--backend", "local", "--cores", "1", cwd=tmp_path)

    calls = (tmp_path / "calls.txt").read_text().splitlines()
    job = job_in(session_root)
    assert result.returncode == 0, result.stdout
    assert sorted(frame for text in calls for frame in FrameSet(text)) == list(range(1, 41))
    assert calls[0] == "1"
    assert len(calls) < 10
    assert job.counts == {"SUCCEEDED": 80}
    assert log_of(session_root, "0040-timed") == log_of(session_root, f"{FrameSet(calls[-1])[0]:04d}-timed")


def test_frames_that_failed_together_run_alone_and_only_the_bad_one_dies(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, TIMED.format(bad=20))

    result = run_pycuerun(script, "1-30", "--backend", "local", "--cores", "1", "--max-retries", "0", cwd=tmp_path)

    job = job_in(session_root)
    assert result.returncode == 1
    assert [dead.name for dead in job.dead_frames()] == ["0020-timed"]
    assert job.ranges("timed")["SUCCEEDED"] == FrameSet("1-19,21-30")
