# SPDX-License-Identifier: Apache-2.0
"""One process at a time runs a job, however many ask at once."""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from outline import LaunchException
from outline.backend.local.claim import TOUCH_SECONDS, living_runner, take_claim
from outline.process import process_birth
from outline.session_paths import SessionPaths

ME = {"host": platform.node(), "pid": os.getpid(), "born": process_birth(os.getpid())}


def _ran(session: Path, **owner: Any) -> Path:
    """Leave behind what an earlier run of the job has left."""
    (session / "runs").mkdir()
    path = session / "runs" / "1"
    path.write_text(json.dumps({**ME, **owner}))
    return path


def _make_old(path: Path) -> None:
    then = path.stat().st_mtime - 6 * TOUCH_SECONDS - 60
    os.utime(path, (then, then))


def _try(session: Path, start: threading.Barrier) -> bool:
    start.wait()
    try:
        take_claim(SessionPaths(session))
    except LaunchException:
        return False
    return True


def test_of_many_that_ask_at_the_same_instant_one_gets_the_job(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: _try(tmp_path, start), range(8)))

    assert sorted(got) == [False] * 7 + [True]
    assert os.listdir(tmp_path / "runs") == ["1"]


def test_refusal_names_host_and_process(tmp_path: Path) -> None:
    take_claim(SessionPaths(tmp_path))

    with pytest.raises(LaunchException, match=f"is being run by process {os.getpid()} on {platform.node()}; wait for"):
        take_claim(SessionPaths(tmp_path))


@pytest.mark.parametrize("old", ["runs/1", "journal"], ids=["journal is touched", "has just begun"])
def test_claim_of_another_machine_counts_while_it_gives_a_sign(tmp_path: Path, old: str) -> None:
    _ran(tmp_path, host="elsewhere")
    (tmp_path / "journal").touch()
    _make_old(tmp_path / old)

    with pytest.raises(LaunchException, match="on elsewhere"):
        take_claim(SessionPaths(tmp_path))


@pytest.mark.parametrize(
    "leave",
    [
        lambda session: take_claim(SessionPaths(session)).release(),
        lambda session: _ran(session, born=1.0),
        lambda session: _ran(session, pid=2**22 + 1),
        lambda session: _make_old(_ran(session, host="elsewhere")),
    ],
    ids=["given back", "another process of that number", "no such process", "another machine that is silent"],
)
def test_claim_of_nobody_is_taken_over(tmp_path: Path, leave: Callable[[Path], object]) -> None:
    leave(tmp_path)

    take_claim(SessionPaths(tmp_path))

    assert sorted(os.listdir(tmp_path / "runs")) == ["1", "2"]


@pytest.mark.parametrize("text", ["", "{", "[]"], ids=["empty", "half", "another form"])
def test_claim_that_says_nothing_counts_only_while_it_may_be_being_written(tmp_path: Path, text: str) -> None:
    path = _ran(tmp_path)
    path.write_text(text)
    with pytest.raises(LaunchException, match="a process that is just starting; wait for it"):
        take_claim(SessionPaths(tmp_path))
    _make_old(path)  # a power cut has left nothing of it

    take_claim(SessionPaths(tmp_path))

    assert living_runner(SessionPaths(tmp_path)) == (platform.node(), os.getpid())
