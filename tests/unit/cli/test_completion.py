# SPDX-License-Identifier: Apache-2.0
"""What a shell gets when it asks the commands to complete a line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cuebot_stub.cli import main as stub_main
from outline import __version__
from outline.cli import outline_main, pycuerun_main
from outline.cli.completion import completion_script
from tests.conftest import REPOSITORY, RunPycuerun
from tests.support import environ_with, needs, outline_file

pytestmark = pytest.mark.measured

PROGRAMS = {
    "outline": "import sys; from outline.cli import outline_main as main; sys.exit(main())",
    "pycuerun": "import sys; from outline.cli import pycuerun_main as main; sys.exit(main())",
    "cuebot-stub": "import sys; from cuebot_stub.cli import main; sys.exit(main())",
}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Put the three commands of this checkout into a folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, code in PROGRAMS.items():
        (folder / name).write_text(f"#!{sys.executable}\n{code}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def session(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    """Run a job of which frame 2 is dead."""
    text = 'from outline.modules.shell import Shell\nShell("a", command=["sh", "-c", "test $CUE_IFRAME != 2"])\n'
    run_pycuerun(outline_file(tmp_path, text), "1-3", "-b", "local", "-m", "0", "--quiet")


def _offered(programs: Path, *words: str) -> list[str]:
    """Let a real bash complete the last word of a line."""
    name = words[0]
    function = f"_{name.replace('-', '_')}_completion"
    line = " ".join(f"'{word}'" for word in words)
    code = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; {function} {name}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(
        ["bash", "-c", f"{completion_script('bash')}\n{code}"],
        env=environ_with(PATH=f"{programs}{os.pathsep}{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert done.stderr == ""
    return done.stdout.split()


@needs("bash")
def test_commands_options_sessions_and_frames_are_offered(programs: Path, session: None) -> None:
    offered = {
        "outline st": ["status"],
        "outline retry --st": ["--state"],
        "outline status ": ["last", "testing-default-tester_shot"],
        "outline log last ": ["0002-a", "0001-a", "0003-a"],
        "pycuerun --resume test": ["testing-default-tester_shot"],
        "pycuerun --ba": ["--backend", "--base-name", "--backup"],
        "cuebot-stub d": ["down"],
    }

    found = {line: _offered(programs, *line.split(" ")) for line in offered}

    assert found == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_what_completes_all_three_commands(shell: str) -> None:
    script = completion_script(shell)

    assert [f"_{name}_COMPLETE" in script for name in ("OUTLINE", "PYCUERUN", "CUEBOT_STUB")] == [True] * 3


@pytest.mark.parametrize("flag", ["-v", "--version"])
def test_every_command_tells_its_version(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    mains = {"outline": outline_main, "pycuerun": pycuerun_main, "cuebot-stub": stub_main}

    codes = [main([flag]) for main in mains.values()]

    assert codes == [0, 0, 0]
    assert capsys.readouterr().out.splitlines() == [f"{name} {__version__}" for name in mains]
