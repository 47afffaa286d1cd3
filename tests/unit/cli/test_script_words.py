# SPDX-License-Identifier: Apache-2.0
"""Which words of a command line an outline script sees."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from outline.cli import outline_main, pycuerun_main

PARSING = """
import argparse
from outline.modules.shell import Shell

parser = argparse.ArgumentParser()
parser.add_argument("--quality", default="low")
Shell("render", command=["echo", parser.parse_args().quality])
"""
READING = """
import sys
from outline.modules.shell import Shell

Shell("render", command=["echo", *sys.argv])
"""


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pycuerun", "shot.outline", "1-2"])
    return tmp_path / "shot.outline"


@pytest.mark.parametrize(
    "words",
    [["-i", "shot.outline"], ["shot.outline", "1-2", "--dry-run"], ["shot.outline", "-e", "1-render"]],
    ids=["inspect", "dry run", "one frame"],
)
def test_a_parser_sees_no_words_of_pycuerun(shot: Path, words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    shot.write_text(PARSING)

    assert pycuerun_main(words) == 0
    assert "low" in capfd.readouterr().out
    assert sys.argv == ["pycuerun", "shot.outline", "1-2"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [([], 0, "no problems"), (["--", "--quality", "high"], 0, "no problems"), (["--", "--qualty"], 1, "sys.exit(2)")],
    ids=["none", "known", "unknown"],
)
def test_check_hands_over_what_follows_two_dashes(
    shot: Path, words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shot.write_text(PARSING)

    assert outline_main(["check", "shot.outline", "1-2", *words]) == status
    assert said in capsys.readouterr().out


def test_help_of_a_script_is_no_error(shot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shot.write_text(PARSING)

    assert pycuerun_main(["shot.outline", "1", "--backend", "local", "--", "--help"]) == 0
    said = capsys.readouterr()
    assert "usage: shot.outline" in said.out
    assert said.err == ""


def test_a_script_that_reads_sys_argv_sees_what_it_saw_in_pyoutline(
    shot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shot.write_text(READING)

    assert pycuerun_main(["-i", "shot.outline"]) == 0
    assert pycuerun_main(["-i", "shot.outline", "--", "high"]) == 0
    said = capsys.readouterr().out
    assert "['echo', 'pycuerun', 'shot.outline', '1-2']" in said
    assert "['echo', 'shot.outline', 'high']" in said
