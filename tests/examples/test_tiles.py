# SPDX-License-Identifier: Apache-2.0
"""The example ``tiles``: tasks as rows, tried again after a while, given up by choice, and spread over hosts."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.examples.conftest import CopyExample, Example
from tests.pictures import read_picture

# What tasks of the tests call: one that fails for the first time, and one that always does.
FLAKY = """
import os
import time

def busy(path, number):
    with open(os.environ["TRIED"], "a") as stream:
        print(number, time.time(), file=stream)
    if open(os.environ["TRIED"]).read().count(f"{number} ") < 2:
        raise RuntimeError(f"service {number} is busy")
    return fine(path, number)

def fine(path, number):
    with open(path, "wb") as stream:
        stream.write(bytes([number]) * 32 * 32)
    return {"number": number}

def poison(path, number):
    raise ValueError(f"task {number} cannot be done")
"""


@pytest.fixture
def tiles(copy_example: CopyExample) -> Example:
    """The example with its 200 tasks."""
    example = copy_example("tiles")
    subprocess.run([sys.executable, "write_tasks.py"], cwd=example.folder, check=True)
    return example


def write_tasks(example: Example, functions: list[str]) -> None:
    """Let the tasks be these functions, a tile each."""
    (example.folder / "flaky.py").write_text(FLAKY)
    rows = [
        {"task": f"{number:02d}-00", "module": "flaky", "function": name, "arguments": {"number": number}}
        for number, name in enumerate(functions)
    ]
    (example.folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    outline = example.folder / "tiles.outline"
    outline.write_text(outline.read_text().replace("chunk=10", "chunk=1"))


def test_each_of_200_rows_is_called_once_and_a_trial_counts(tiles: Example) -> None:
    pytest.importorskip("OpenImageIO")

    tiles.launch("tiles.outline", "--only", "00-*")
    trial = tiles.made("tiles/*.tile")
    tiles.launch("tiles.outline")

    picture = read_picture(tiles.work / "map.png")
    assert len(trial) == 10
    assert "190 of 200  10 done, 190 new" in tiles.printed
    assert len(tiles.results("tiles")) == 200
    assert re.search(r"^tiles +calls +200$", tiles.outline("status", tiles.work), re.MULTILINE)
    assert picture.size == (640, 320)
    assert picture.shades > 60
    assert b"\x80\x80\x80" not in {picture.pixels[at : at + 3] for at in range(0, len(picture.pixels), 3)}


def test_a_task_that_failed_is_tried_again_after_a_while(tiles: Example) -> None:
    write_tasks(tiles, ["busy", "fine", "busy"])
    tried = tiles.folder / "tried"

    tiles.launch("tiles.outline", retries=2, TRIED=str(tried), RETRY_MINUTES=str(1.5 / 60))

    lines = [line.split() for line in tried.read_text().splitlines()]
    times = {task: [float(when) for number, when in lines if number == task] for task in ("0", "2")}
    assert [len(found) for found in times.values()] == [2, 2]
    assert min(second - first for first, second in times.values()) > 1.4
    assert len(tiles.results("tiles")) == 3


def test_tasks_that_cannot_be_done_are_dead_or_given_up_by_choice(tiles: Example) -> None:
    pytest.importorskip("OpenImageIO")
    write_tasks(tiles, ["fine", "poison", "fine", "poison"])

    tiles.launch("tiles.outline", code=1)
    dead = tiles.printed
    tiles.launch("tiles.outline", "--ignore-errors", retries=1, RETRY_MINUTES="0")

    failed = tiles.results("tiles", "--failed")
    assert dead.count("DEAD 000") == 2
    assert "eaten" in tiles.printed
    assert tiles.printed.count("is tried again") == 2
    assert [row["key"] for row in failed] == ["01-00", "03-00"]
    assert json.loads(failed[1]["item"])["function"] == "poison"
    assert "ValueError: task 1 cannot be done" in failed[0]["error"]
    assert read_picture(tiles.work / "map.png").size == (96, 32)
