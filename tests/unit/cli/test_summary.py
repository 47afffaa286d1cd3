# SPDX-License-Identifier: Apache-2.0
"""What the end of a run says first: where to look when much has failed, and what a paused job is called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from outline.backend.local.job import LocalJob
from outline.backend.local.journal import Journal
from outline.cli.status import status_data
from outline.cli.summary import summary
from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.scheduler import FrameState, JobPlan, LayerPlan
from outline.session_paths import SessionPaths


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Begin the journal of a job with three layers of four frames."""
    (tmp_path / "logs").mkdir()
    journal = Journal(SessionPaths(tmp_path))
    journal.plan(JobPlan("job", tuple(LayerPlan(name, FrameSet("1-4")) for name in ("a", "b", "c"))), "id")
    return journal


def _dies(journal: Journal, layer: str, *frames: int) -> None:
    for frame in frames:
        journal.start(layer, frame, 1)
        journal.end(layer, frame, FrameState.DEAD, FrameEnd(1, seconds=1.0))


def test_dead_frames_of_all_layers_are_shown_before_more_of_one(tmp_path: Path, journal: Journal) -> None:
    _dies(journal, "a", 1, 2, 3, 4)
    _dies(journal, "b", 2, 3)
    _dies(journal, "c", 4)
    journal.over("failed")

    text = summary(LocalJob(str(tmp_path)), 1.0)

    assert re.findall(r"^DEAD (\S+) ", text, re.MULTILINE) == ["0001-a", "0002-a", "0002-b", "0003-b", "0004-c"]
    assert "and 2 more: outline status" in text


def test_job_that_was_never_started_is_paused(tmp_path: Path, journal: Journal) -> None:
    job = LocalJob(str(tmp_path))

    assert summary(job, 1.0).startswith("\njob  PAUSED in ")
    assert status_data(job)["state"] == "PAUSED"


def test_job_that_was_cut_short_is_stopped(tmp_path: Path, journal: Journal) -> None:
    journal.run("elsewhere", 1.0)
    journal.start("a", 1, 1)
    journal.over("interrupted")

    assert LocalJob(str(tmp_path)).state == "STOPPED"
