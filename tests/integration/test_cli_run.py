# SPDX-License-Identifier: Apache-2.0
"""``outline run``: one command for a range of frames, without an outline file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunOutline
from tests.support import job_in, log_of

pytestmark = pytest.mark.measured


def test_command_runs_for_every_frame_of_the_range(run_outline: RunOutline, session_root: Path) -> None:
    done = run_outline("run", "1-3", "--backend", "local", "--name", "sim", "--", "echo", "two  words", "a.#.exr")

    assert done.returncode == 0, done.stderr
    assert job_in(session_root).counts == {"SUCCEEDED": 3}
    assert "\ntwo  words a.0002.exr\n" in log_of(session_root, "0002-sim")


def test_options_of_layer_and_launch_are_taken(run_outline: RunOutline) -> None:
    words = ["-2-1", "--dry-run", "--format", "json", "--chunk", "2", "--arg", "memory=2g", "--arg", "cores=0.5"]

    done = run_outline("run", *words, "-m", "0", "--shot", "s1", "--", "/bin/echo #FRAMESPEC# 'a b'")

    data = json.loads(done.stdout)
    (layer,) = data["layers"]
    assert (data["job"], data["range"], data["max_retries"]) == ("testing-s1-tester_echo", "-2-1", 0)
    assert (layer["name"], layer["chunk"], layer["cores"], layer["memory_kb"]) == ("echo", 2, 0.5, 2 * 1024 * 1024)
    assert layer["runs"][0]["commands"] == [["/bin/echo", "-2--1", "a b"]]


def test_exit_code_is_that_of_the_job(run_outline: RunOutline) -> None:
    assert run_outline("run", "1", "--backend", "local", "--quiet", "-m", "0", "--", "false").returncode == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["1-10"], "name the command behind --"),
        (["1-10", "ls"], "unexpected extra argument"),
        (["1-10", "--arg", "memmory=4g", "--", "ls"], "did you mean 'memory'"),
        (["1-10", "--arg", "memory", "--", "ls"], "--arg needs NAME=value, not 'memory'"),
        (["1-", "--", "ls"], "frame range '1-'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_told_in_one_line(run_outline: RunOutline, words: list[str], problem: str) -> None:
    done = run_outline("run", *words)

    assert done.returncode == 2
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1
