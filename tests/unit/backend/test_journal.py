# SPDX-License-Identifier: Apache-2.0
"""What a job's journal says when it is read again, whole or cut off."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from outline import SessionException
from outline.backend.local.journal import Journal, process_birth, read_record
from outline.backend.local.log import FrameLog
from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.scheduler import DependPlan, FrameState, JobPlan, LayerPlan
from outline.session_paths import SessionPaths

PLAN = JobPlan(
    "job",
    (LayerPlan("a", FrameSet("1-4"), 2), LayerPlan("b", FrameSet("1-4"))),
    (DependPlan("b", "a", "FRAME_BY_FRAME"),),
    max_retries=1,
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(SessionPaths(tmp_path))
    journal.plan(PLAN, "id-1")
    return journal


def states(folder: Path) -> dict[str, str]:
    job = read_record(str(folder)).job
    return {job.frame_name(ref): job.state(ref).value for ref in job}


def test_a_fresh_plan_waits(tmp_path: Path, journal: Journal) -> None:
    assert states(tmp_path) == {
        "0001-a": "WAITING",
        "0003-a": "WAITING",
        "0001-b": "DEPEND",
        "0002-b": "DEPEND",
        "0003-b": "DEPEND",
        "0004-b": "DEPEND",
    }


def test_ends_are_remembered_and_release_dependents(tmp_path: Path, journal: Journal) -> None:
    journal.start("a", 1, 1)
    journal.end("a", 1, FrameState.SUCCEEDED, FrameEnd(0, seconds=2.5, rss_kb=7))
    journal.start("a", 3, 1)
    journal.end("a", 3, FrameState.WAITING, FrameEnd(9, reason="bad luck"))

    record = read_record(str(tmp_path))

    job = record.job
    assert states(tmp_path)["0002-b"] == "WAITING"
    assert states(tmp_path)["0003-b"] == "DEPEND"
    assert (job.state(1), job.tries(1)) == (FrameState.WAITING, 1)
    assert record.frames[0].end == FrameEnd(0, seconds=2.5, rss_kb=7)
    assert record.frames[1].end == FrameEnd(9, reason="bad luck")


def test_a_frame_whose_end_is_missing_waits_with_its_try_given_back(tmp_path: Path, journal: Journal) -> None:
    journal.start("a", 1, 1)

    job = read_record(str(tmp_path)).job

    assert (job.state(0), job.tries(0)) == (FrameState.WAITING, 0)


def test_the_log_tells_of_a_success_that_nobody_noted(tmp_path: Path, journal: Journal) -> None:
    journal.start("a", 1, 1)
    journal.start("a", 3, 1)
    (tmp_path / "logs").mkdir()
    for name, status in (("0001-a", 0), ("0003-a", 1)):
        FrameLog(str(tmp_path / "logs" / f"job.{name}.rqlog")).end(FrameEnd(status))

    record = read_record(str(tmp_path))

    assert list(record.found) == [0]
    assert (record.job.state(0), record.job.state(1)) == (FrameState.SUCCEEDED, FrameState.WAITING)


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_line_that_was_cut_off_is_skipped_and_not_continued(tmp_path: Path, journal: Journal, cut: int) -> None:
    journal.start("a", 1, 1)
    journal.end("a", 1, FrameState.SUCCEEDED, FrameEnd(0))
    journal.start("a", 3, 1)
    journal.close()
    path = tmp_path / "journal"
    path.write_bytes(path.read_bytes()[:-cut])

    again = Journal(SessionPaths(tmp_path))
    again.end("a", 3, FrameState.SUCCEEDED, FrameEnd(0))

    assert states(tmp_path)["0001-a"] == "SUCCEEDED"
    assert states(tmp_path)["0003-a"] == "SUCCEEDED"


def test_only_a_living_process_counts_as_runner(tmp_path: Path, journal: Journal) -> None:
    import platform

    journal.run(platform.node(), 2)
    alive = read_record(str(tmp_path)).runner
    path = tmp_path / "journal"
    path.write_text(path.read_text().replace(json.dumps(process_birth(os.getpid())), "1.0"))

    assert alive == (platform.node(), os.getpid())
    assert read_record(str(tmp_path)).runner is None


def test_a_runner_on_another_machine_counts_while_it_touches_the_journal(tmp_path: Path, journal: Journal) -> None:
    journal.run("elsewhere", 2)
    alive = read_record(str(tmp_path)).runner
    os.utime(tmp_path / "journal", (0, 0))
    forgotten = read_record(str(tmp_path)).runner

    journal.touch()

    assert alive == read_record(str(tmp_path)).runner == ("elsewhere", os.getpid())
    assert forgotten is None


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionException, match="no job ran in this session"):
        read_record(str(tmp_path))


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("[1]\n{}\n")

    with pytest.raises(SessionException, match="plan of a job"):
        read_record(str(tmp_path))


def test_plans_survive_the_way_through_the_file(tmp_path: Path, journal: Journal) -> None:
    assert read_record(str(tmp_path)).job.plan == PLAN
