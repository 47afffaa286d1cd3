# SPDX-License-Identifier: Apache-2.0
"""Command lines that are read without click have the values that click gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline.cli.launch_tool import PyCuerun
from outline.cli.options import PycuerunCommand, tidy_arguments
from outline.cli.plain_line import plain_values
from outline.launch_options import GROUPS, LaunchOption
from tests.support import environ_with

OPTIONS = [option for group in GROUPS.values() for option in group]


def by_click(words: list[str]) -> dict[str, Any]:
    command = PycuerunCommand(None)
    return command.make_context("pycuerun", tidy_arguments(words, command)).params


def words_of(option: LaunchOption, flag: str) -> list[list[str]]:
    if option.action == "store_true":
        return [[flag]]
    value = {int: "3", float: "1.5", str: "a=b"}.get(option.type) or option.type[0]
    return [[flag, value], [flag, value, flag, value], *([[f"{flag}={value}"]] if flag.startswith("--") else [])]


LINES = [words for option in OPTIONS for flag in option.flags for words in words_of(option, flag)]


def test_options_have_the_values_that_click_gives() -> None:
    lines = [["a.outline", *words, "1-10"] for words in LINES]

    values = [(line, plain_values(line)) for line in lines]

    assert [(line, found) for line, found in values if found is not None and found != by_click(line)] == []
    assert sum(found is not None for _, found in values) > len(lines) / 2


@given(st.lists(st.sampled_from([*LINES, ["a.outline"], ["1-10"], ["--resume", "last"]]), max_size=5))
def test_whatever_is_read_without_click_has_the_values_that_click_gives(lines: list[list[str]]) -> None:
    words = [word for line in lines for word in line]

    values = plain_values(words)

    assert values is None or values == by_click(words)


def test_the_usual_line_is_read_without_click() -> None:
    values = plain_values(["a.outline", "1-10", "-b", "local", "--cores=2", "--env", "A=1", "--env", "B=2", "--quiet"])

    assert values is not None
    given = {name: value for name, value in values.items() if value not in (None, (), False)}
    assert given == {
        "script": "a.outline",
        "frames": "1-10",
        "backend": "local",
        "cores": "2",
        "env": ("A=1", "B=2"),
        "quiet": True,
    }


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["a.outline", "--pri", "5"],
        ["a.outline", "-5-10"],
        ["a.outline", "-retry", "3"],
        ["a.outline", "-pw"],
        ["a.outline", "-p=1"],
        ["a.outline", "--pause=1"],
        ["a.outline", "--cores"],
        ["a.outline", "--cores", "--quiet"],
        ["a.outline", "--cores", ""],
        ["a.outline", "--priority", "high"],
        ["a.outline", "--format", "json"],
        ["a.outline", "--version"],
        ["a.outline", "1", "2"],
        ["a.outline", ""],
        ["--quiet"],
    ],
    ids=" ".join,
)
def test_what_may_be_wrong_or_short_is_left_to_click(words: list[str]) -> None:
    assert plain_values(words) is None


PLAIN = ["missing.outline", "1-3", "-b", "local"]


def test_a_plain_line_is_read_without_importing_click() -> None:
    code = (
        f"import sys\nfrom outline.cli import pycuerun_main\npycuerun_main({PLAIN})\n"
        "print('click' in sys.modules, 'optparse' in sys.modules)"
    )

    result = subprocess.run([sys.executable, "-c", code], env=environ_with(), capture_output=True, text=True)

    assert result.stdout == "False False\n"
    assert "missing.outline" in result.stderr


def test_a_plug_in_may_take_a_spelling_of_a_plain_line(tmp_path: Path) -> None:
    (tmp_path / "studio.py").write_text(
        "def init_cuerun_plugin(cuerun):\n"
        "    cuerun.get_parser().add_plugin_option('--cores', action='callback', type='int', callback=show)\n"
        "def show(option, opt, value, parser):\n"
        "    print(opt, value)\n"
    )
    (tmp_path / "studio.cfg").write_text("[plugin:studio]\nmodule = studio\n")
    path = f"{tmp_path}:{environ_with()['PYTHONPATH']}"
    environ = {**environ_with(PYTHONPATH=path), "OUTLINE_CONFIG_FILE": str(tmp_path / "studio.cfg")}

    result = subprocess.run(
        [sys.executable, "-m", "outline", *PLAIN, "--cores", "2"], env=environ, capture_output=True, text=True
    )

    assert result.stdout == "--cores 2\n"


def test_a_plug_in_sees_the_values_of_a_plain_line_when_it_asks_late() -> None:
    tool = PyCuerun(is_plain=True)
    tool.take_values(plain_values([*PLAIN, "--pause", "-m", "7"]) or {})

    values = tool.get_parser().values

    assert (values.backend, values.pause, values.maxretries) == ("local", True, "7")
