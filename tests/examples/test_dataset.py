# SPDX-License-Identifier: Apache-2.0
"""The example ``dataset``: a dataset that is killed, goes on, is forced, is split over folders, and plotted."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Mapping

import pytest

from tests.examples.conftest import CopyExample, Example
from tests.pictures import read_picture
from tests.support import start, succeeded, until

pytestmark = pytest.mark.realtool


@pytest.fixture
def dataset(copy_example: CopyExample, pictures_python: str) -> Example:
    """The example."""
    return copy_example("dataset", PICTURES_PYTHON=pictures_python)


def contents(example: Example) -> Mapping[str, bytes]:
    """What is in the files of a work folder."""
    paths = sorted(path for path in example.work.glob("*/*.json") if path.parent.name != ".outline")
    return {str(path.relative_to(example.work)): path.read_bytes() for path in [*paths, *example.work.glob("stats.*")]}


def counts(printed: str) -> dict[str, str]:
    """What the table before a launch says of each layer: how many frames run, and why."""
    return dict(re.findall(r"^(\w+) .* (\d+ of \d+  .*)$", printed, re.MULTILINE))


def test_a_killed_run_goes_on_and_ends_with_the_bytes_of_one_that_was_not(dataset: Example) -> None:
    pytest.importorskip("OpenImageIO")
    dataset.launch("dataset.outline")
    whole, dataset.work = contents(dataset), dataset.folder / "killed"

    words = ["dataset.outline", "--backend", "local", "--work", dataset.work, "--cores", "2"]
    launcher = start(*words, cwd=dataset.folder, **dataset.variables)
    until(lambda: sum(frame.startswith("ball-") for frame in succeeded(dataset.work)) > 4)
    os.killpg(launcher.pid, signal.SIGKILL)
    launcher.communicate()
    dataset.launch("dataset.outline")

    numbers = json.loads(whole["stats.json"])
    plot = read_picture(dataset.work / "stats.png")
    again = re.fullmatch(r"(\d+) of 20 .*", counts(dataset.printed)["ball"])
    assert again is not None
    assert 0 < int(again[1]) < 16
    assert contents(dataset) == whole
    assert len(whole) == 42
    assert numbers == {"samples": 20, "mean": 6.34, "longest": 16.0}
    assert plot.size == (960, 288)
    assert plot.shades > 200


def test_failed_samples_are_tried_again_left_alone_or_forced(dataset: Example) -> None:
    dataset.launch("dataset.outline", code=1, BALL_SECONDS="14")
    failed = [row["key"] for row in dataset.results("ball", "--failed")]

    dataset.launch("dataset.outline", "--no-retry", "ball", code=1, BALL_SECONDS="14")
    left_alone = dataset.printed
    dataset.launch("dataset.outline", "--force", "ball", "--no-retry", "ball", code=2)
    both = dataset.printed
    dataset.launch("dataset.outline")
    longer = counts(dataset.printed)
    dataset.launch("dataset.outline", "--force", "ball:9")
    forced = counts(dataset.printed)

    assert failed == ["9", "15"]
    assert "ball: 2 failed frames not tried again: 9,15" in left_alone
    assert "layer 'ball' is named by --force and by --no-retry" in both
    assert longer == {"hills": "0 of 20  20 done", "ball": "20 of 20  18 stale, 2 failed", "stats": "1 of 1  1 new"}
    assert forced == {"hills": "0 of 20  20 done", "ball": "1 of 20  19 done, 1 forced", "stats": "1 of 1  1 upstream"}
    assert len(dataset.results("ball")) == 20


def test_parts_that_were_made_in_three_folders_are_the_whole_when_merged(dataset: Example) -> None:
    samples = {"SAMPLES": "6"}
    dataset.launch("dataset.outline", **samples)
    whole, parts = contents(dataset), [dataset.folder / f"part {part}" for part in ("1-2", "3-4", "5-6")]
    for dataset.work in parts:
        dataset.launch("dataset.outline", dataset.work.name.removeprefix("part "), **samples)
    covered = dataset.printed

    dataset.work = dataset.folder / "together"
    dataset.outline("merge", *parts, "-o", dataset.work)
    dataset.launch("dataset.outline", **samples)

    assert "stats covers 2 of 6 items of hills" in covered
    assert counts(dataset.printed) == {
        "hills": "0 of 6  6 done",
        "ball": "0 of 6  6 done",
        "stats": "1 of 1  1 new",
    }
    assert contents(dataset) == whole
