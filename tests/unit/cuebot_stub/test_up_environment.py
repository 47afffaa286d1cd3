# SPDX-License-Identifier: Apache-2.0
"""The environment of RQD: made once, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cuebot_stub.up.errors import FarmError
from cuebot_stub.up.rqd_environment import (
    RQD_PACKAGES,
    ensure_rqd_environment,
    environment_name,
    find_rqd_environment,
    python_of,
    run_quietly,
)


class FakeRun:
    """Makes what ``venv`` and ``pip`` would make, and remembers how it was called.

    Attributes:
        commands: What was run.
        pip_says: What pip prints before it fails; it succeeds when this is empty.
    """

    def __init__(self, pip_says: str = "") -> None:
        self.commands: list[list[str]] = []
        self.pip_says = pip_says

    def __call__(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if command[1:3] == ["-m", "venv"]:
            python = python_of(Path(command[3]))
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
        elif not self.pip_says:
            site = Path(command[0]).parents[1] / "lib" / "python3.11" / "site-packages"
            (site / "rqd").mkdir(parents=True)
        return subprocess.CompletedProcess(command, 1 if self.pip_says else 0, self.pip_says)


def _no_words(text: str) -> None:
    raise AssertionError(f"said {text!r}")


def test_environment_is_made_for_this_interpreter(tmp_path: Path):
    run, said = FakeRun(), []

    made = ensure_rqd_environment(tmp_path / "cache", said.append, run)

    assert made == tmp_path / "cache" / environment_name()
    assert [command[2] for command in run.commands] == ["venv", "pip"]
    assert set(RQD_PACKAGES) < set(run.commands[1])
    assert "--no-deps" in run.commands[1]
    assert len(said) == 1


def test_environment_that_is_there_is_taken_without_a_word(tmp_path: Path):
    ensure_rqd_environment(tmp_path, lambda text: None, FakeRun())
    run = FakeRun()

    made = ensure_rqd_environment(tmp_path, _no_words, run)

    assert made.is_dir()
    assert run.commands == []


def test_environment_whose_interpreter_is_gone_is_made_anew(tmp_path: Path):
    made = ensure_rqd_environment(tmp_path, lambda text: None, FakeRun())
    python_of(made).unlink()
    python_of(made).symlink_to("/nowhere/python3")
    run = FakeRun()

    ensure_rqd_environment(tmp_path, lambda text: None, run)

    assert len(run.commands) == 2
    assert python_of(made).exists()


@pytest.mark.parametrize(
    ("pip_says", "reason"),
    [
        ("WARNING: retrying\nERROR: No matching distribution found for opencue-rqd\nhint: try\n", "No matching"),
        ("something\nthe last line\n\n", "the last line"),
        ("\n", "it printed nothing"),
    ],
)
def test_environment_that_cannot_be_made_leaves_nothing(pip_says: str, reason: str, tmp_path: Path):
    with pytest.raises(FarmError, match=reason):
        ensure_rqd_environment(tmp_path, lambda text: None, FakeRun(pip_says))

    assert [path.name for path in tmp_path.iterdir()] == [f"{environment_name()}.lock"]


def test_what_an_interrupted_command_has_left_is_replaced(tmp_path: Path):
    half = tmp_path / f"{environment_name()}.part"
    (half / "bin").mkdir(parents=True)

    made = ensure_rqd_environment(tmp_path, lambda text: None, FakeRun())

    assert python_of(made).exists()
    assert not half.exists()


def test_cache_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(FarmError, match="cannot make an environment for RQD in"):
        ensure_rqd_environment(tmp_path / "cache", lambda text: None, FakeRun())


def test_environment_that_the_user_names_is_taken(tmp_path: Path):
    made = ensure_rqd_environment(tmp_path, lambda text: None, FakeRun())

    assert find_rqd_environment(made, _no_words) == made


def test_environment_without_rqd_is_refused(tmp_path: Path):
    with pytest.raises(FarmError, match="not a virtual environment with opencue-rqd"):
        find_rqd_environment(tmp_path, _no_words)


def test_commands_do_not_see_the_packages_of_this_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")

    done = run_quietly([sys.executable, "-c", "import os; print(os.environ.get('PYTHONPATH'), input())"])

    assert done.returncode == 1
    assert "EOF" in done.stdout
