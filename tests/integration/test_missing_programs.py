# SPDX-License-Identifier: Apache-2.0
"""A program that is not there is not looked for again and again; what a shell or a program says is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import job_in, outline_file


@pytest.mark.parametrize("frame_process", ["fork", "spawn"])
def test_frame_without_a_program_is_tried_once(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, frame_process: str
) -> None:
    (tmp_path / "a.pov").touch()
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        from outline.modules.povray import PovRay
        from outline.modules.shell import Shell
        class Own(Layer):
            def _execute(self, frames):
                self.system(self.get_arg("words"))
        for where, words in (
            ("path", ["no-such-program"]), ("file", ["/no/such/program"]), ("shell", ["sh", "-c", "exit 127"])
        ):
            Shell(f"command_{where}", command=words)
            Own(f"python_{where}", words=words)
        Own("python_empty", words=[])
        PovRay("application", scene="a.pov", outputs="a.####.png", executable="no-such-program")
        """,
    )
    env = {"OUTLINE_LOCAL_FRAME_PROCESS": frame_process}

    result = run_pycuerun(script, "1", "--backend", "local", "--maxretries", "2", env=env)

    ends = {dead.layer: (dead.record.attempt, dead.record.end) for dead in job_in(session_root).dead_frames()}
    assert result.returncode == 1
    assert {layer: (attempt, end and end.status) for layer, (attempt, end) in ends.items()} == {
        "command_path": (1, 127),
        "command_file": (1, 127),
        "command_shell": (3, 127),
        "python_path": (1, 127),
        "python_file": (1, 127),
        "python_shell": (3, 127),
        "python_empty": (1, 127),
        "application": (1, 127),
    }
