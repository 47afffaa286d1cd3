# SPDX-License-Identifier: Apache-2.0
"""A program that is not there is not looked for again and again; what a shell or a program says is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import job_in, outline_file

_OWN = """
    class Own(Layer):
        def _execute(self, frames):
            self.system({command})
    Own("a")
"""
_SHELL = "\n    Shell('a', command={command})\n"


@pytest.mark.parametrize("frame_process", ["fork", "spawn"])
@pytest.mark.parametrize("layer", [_SHELL, _OWN], ids=["commands", "python"])
@pytest.mark.parametrize(
    ("command", "attempts"),
    [("['no-such-program']", 1), ("['/no/such/program']", 1), ("['sh', '-c', 'exit 127']", 3)],
    ids=["not on the PATH", "not under its path", "status of a shell"],
)
def test_frame_without_a_program_is_tried_once(
    tmp_path: Path,
    session_root: Path,
    run_pycuerun: RunPycuerun,
    frame_process: str,
    layer: str,
    command: str,
    attempts: int,
) -> None:
    head = "\n    from outline import Layer\n    from outline.modules.shell import Shell\n"
    script = outline_file(tmp_path, head + layer.format(command=command))
    env = {"OUTLINE_LOCAL_FRAME_PROCESS": frame_process}

    result = run_pycuerun(script, "1", "--backend", "local", "--maxretries", "2", env=env)

    assert result.returncode == 1
    (dead,) = job_in(session_root).dead_frames()
    assert (dead.record.attempt, dead.record.end and dead.record.end.status) == (attempts, 127)


def test_an_empty_command_is_tried_once(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, "\n    from outline import Layer\n" + _OWN.format(command="[]"))

    result = run_pycuerun(script, "1", "--backend", "local", "--maxretries", "2")

    assert result.returncode == 1
    (dead,) = job_in(session_root).dead_frames()
    assert (dead.record.attempt, dead.record.end and dead.record.end.status) == (1, 127)


def test_frame_of_an_application_that_is_not_there_is_tried_once(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.povray import PovRay
        PovRay("a", scene="a.pov", outputs="a.####.png", executable="no-such-program")
        """,
    )
    (tmp_path / "a.pov").touch()

    run_pycuerun(script, "1", "--backend", "local", "--maxretries", "2")

    (dead,) = job_in(session_root).dead_frames()
    assert (dead.record.attempt, dead.record.end and dead.record.end.status) == (1, 127)
