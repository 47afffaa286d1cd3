# SPDX-License-Identifier: Apache-2.0
"""``pycuerun -e``: the exit code of the frame, however it is named, and frames of what was never launched."""

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


SCRIPT = """
from outline import cuerun, Outline
from outline.modules.shell import Shell
ol = Outline("shot")
ol.add_layer(Shell("a", ["sh", "-c", "echo frame %{FRAME} of $OL_LAYER_RANGE; exit 3"], chunk=2))
"""


@pytest.mark.parametrize(
    ("more", "words", "told"),
    [
        ("", ["-e", "5-a"], "frame 5 of 5"),
        ("", ["-f", "4-8", "-e", "6-a"], "frame 6 of 6-7"),
        ("cuerun.launch(ol, range='1-9')", ["-e", "7-a"], "frame 7 of 7-8"),
    ],
    ids=["without a range", "with a range", "script that launches"],
)
def test_frame_of_a_script_runs_in_a_session_of_its_own_and_nothing_is_launched(
    more: str, words: list[str], told: str, tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, SCRIPT + more)

    done = run_pycuerun(*words, script)

    assert (done.returncode, told in done.stdout) == (3, True), done.stdout + done.stderr
    session = only_session(session_root)
    assert f"the frame has the session {session}" in done.stderr
    assert not (session / "journal").exists()


def test_unknown_layer_of_a_script_makes_no_session(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    done = run_pycuerun("-e", "5-nosuch", outline_file(tmp_path, SCRIPT))

    assert (done.returncode, "no layer 'nosuch'" in done.stderr) == (2, True)
    assert not session_root.exists()
