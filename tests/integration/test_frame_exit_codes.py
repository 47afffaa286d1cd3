# SPDX-License-Identifier: Apache-2.0
"""``pycuerun -e`` ends with the exit code of the frame, however the frame is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import only_session, outline_file


@pytest.mark.parametrize(
    ("name", "code"),
    [("good", 0), ("bad", 7), ("term", 241), ("lost", 127), ("zero", 0), ("text", 1), ("error", 1), ("nosuch", 2)],
)
def test_a_frame_ends_with_the_same_code_however_it_is_named(
    name: str, code: int, tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        import sys
        from outline import Layer
        from outline.modules.shell import Shell
        class Zero(Layer):
            def _execute(self, frames):
                sys.exit(0)
        class Text(Layer):
            def _execute(self, frames):
                sys.exit("enough")
        class Error(Layer):
            def _execute(self, frames):
                raise ValueError("no")
        Shell("good", command=["true"])
        Shell("bad", command=["sh", "-c", "exit 7"])
        Shell("term", command=["sh", "-c", "kill -TERM $$"])
        Shell("lost", command=["no-such-program"])
        Zero("zero")
        Text("text")
        Error("error")
        """,
    )
    run_pycuerun(script, "1", "-b", "local", "--pause")
    session = only_session(session_root) / "outline.yaml"

    codes = [
        run_pycuerun(session, "-e", f"1-{name}").returncode,
        run_pycuerun("-e", f"0001-{name}", session).returncode,
        run_pycuerun(f"--execute=1-{name}", session, "--debug").returncode,
    ]

    assert codes == [code, code, code]
