# SPDX-License-Identifier: Apache-2.0
"""What a job's journal says when it is read again, whole or cut off."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from outline import SessionException
from outline.backend.local.journal import JobRecord, Journal, RunEnd, read_record
from outline.backend.local.log import FrameLog
from outline.frame_end import EndedBy, FrameEnd
from outline.frames import FrameSet
from outline.names import frame_name
from outline.scheduler import DependPlan, FrameState, JobPlan, LayerPlan
from outline.session_paths import SessionPaths
from tests.support import until

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


def read(folder: Path) -> JobRecord:
    return read_record(SessionPaths(folder), None)


def states(folder: Path) -> dict[str, str]:
    job = read(folder).job
    return {job.frames.name(ref): job.state(ref).value for ref in job.frames}


def test_a_fresh_plan_waits(tmp_path: Path, journal: Journal) -> None:
    assert read(tmp_path).job.plan == PLAN
    assert states(tmp_path) == {
        **dict.fromkeys(("0001-a", "0003-a"), "WAITING"),
        **dict.fromkeys(("0001-b", "0002-b", "0003-b", "0004-b"), "DEPEND"),
    }


def test_ends_are_remembered_and_release_dependents(tmp_path: Path, journal: Journal) -> None:
    journal.start("a", 1, 1)
    journal.end("a", 1, 1, FrameState.SUCCEEDED, FrameEnd(0, seconds=2.5, rss_kb=7))
    journal.start("a", 3, 1)
    journal.end("a", 3, 1, FrameState.WAITING, FrameEnd(9, reason="bad luck"))

    record = read(tmp_path)

    job = record.job
    assert states(tmp_path)["0002-b"] == "WAITING"
    assert states(tmp_path)["0003-b"] == "DEPEND"
    assert (job.state(1), job.tries(1)) == (FrameState.WAITING, 1)
    assert record.frames[0].end == FrameEnd(0, seconds=2.5, rss_kb=7)
    assert record.frames[1].end == FrameEnd(9, reason="bad luck")


def test_the_log_tells_of_a_success_that_nobody_noted_else_the_try_is_given_back(
    tmp_path: Path, journal: Journal
) -> None:
    journal.start("a", 1, 1)
    journal.start("a", 3, 1)
    (tmp_path / "logs").mkdir()
    FrameLog(str(tmp_path / "logs" / "job.0001-a.rqlog")).end(FrameEnd(0))
    FrameLog(str(tmp_path / "logs" / "job.0003-a.rqlog")).end(FrameEnd(1))

    record = read(tmp_path)

    assert list(record.found) == [0]
    assert (record.job.state(0), record.job.state(1)) == (FrameState.SUCCEEDED, FrameState.WAITING)
    assert record.job.tries(1) == 0


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_line_that_was_cut_off_is_skipped_and_not_continued(tmp_path: Path, journal: Journal, cut: int) -> None:
    journal.start("a", 1, 1)
    journal.end("a", 1, 1, FrameState.SUCCEEDED, FrameEnd(0))
    journal.start("a", 3, 1)
    journal.close()
    path = tmp_path / "journal"
    path.write_bytes(path.read_bytes()[:-cut])

    again = Journal(SessionPaths(tmp_path))
    again.end("a", 3, 1, FrameState.SUCCEEDED, FrameEnd(0))

    assert states(tmp_path)["0001-a"] == "SUCCEEDED"
    assert states(tmp_path)["0003-a"] == "SUCCEEDED"


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionException, match="no job ran in this session"):
        read(tmp_path)


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("[1]\n{}\n")

    with pytest.raises(SessionException, match="holds no plan of a job in version 1"):
        read(tmp_path)


def test_without_a_record_the_log_of_a_frame_tells_that_it_is_done(tmp_path: Path, journal: Journal) -> None:
    journal.start("a", 1, 1)
    journal.end("a", 1, 1, FrameState.WAITING, FrameEnd(1))
    (tmp_path / "logs").mkdir()
    for name, attempt, end in (
        ("0001-a", 2, FrameEnd(0, seconds=2.0)),  # start and end of the second attempt are lost
        ("0003-a", 1, FrameEnd(0, ended_by=EndedBy.TIME_LIMIT)),
        ("0002-b", 1, FrameEnd(0)),
        ("0003-b", 1, FrameEnd(1)),
    ):
        FrameLog(str(tmp_path / "logs" / f"job.{name}.rqlog"), attempt).end(end)

    record = read(tmp_path)

    assert {record.job.frames.name(ref): end for ref, end in record.found.items()} == {
        "0001-a": FrameEnd(0, seconds=2.0),
        "0002-b": FrameEnd(0),
    }
    assert (record.frames[0].attempt, record.job.state(0)) == (2, FrameState.SUCCEEDED)


def test_the_journal_knows_better_than_a_log_that_it_has_read(tmp_path: Path, journal: Journal) -> None:
    journal.start("a", 1, 1)
    journal.end("a", 1, 1, FrameState.DEAD, FrameEnd(0, reason="ran too long"))  # as an older version wrote it
    (tmp_path / "logs").mkdir()
    FrameLog(str(tmp_path / "logs" / "job.0001-a.rqlog")).end(FrameEnd(0))

    assert (read(tmp_path).found, states(tmp_path)["0001-a"]) == ({}, "DEAD")


def test_no_log_is_read_while_the_job_runs(tmp_path: Path, journal: Journal) -> None:
    journal.start("a", 1, 1)
    (tmp_path / "logs").mkdir()
    FrameLog(str(tmp_path / "logs" / "job.0001-a.rqlog")).end(FrameEnd(0))

    record = read_record(SessionPaths(tmp_path), ("host", 7))

    assert (record.runner, record.found, record.job.state(0)) == (("host", 7), {}, FrameState.RUNNING)


def _long_journal(folder: Path) -> bytes:
    """Leave a job behind of which each frame is done, with its log."""
    paths = SessionPaths(folder)
    journal = Journal(paths)
    journal.plan(PLAN, "id-1")
    (folder / "logs").mkdir()
    for layer in PLAN.layers:
        for frame in list(layer.frames)[:: layer.chunk]:
            journal.start(layer.name, frame, 1)
            end = FrameEnd(0, seconds=1.25, rss_kb=2048)
            FrameLog(paths.log("job", frame_name(frame, layer.name))).end(end)
            journal.end(layer.name, frame, 1, FrameState.SUCCEEDED, end)
    journal.close()
    return (folder / "journal").read_bytes()


def _cut(data: bytes, luck: Random) -> bytes:
    return data[: luck.randrange(len(data))]


def _flipped(data: bytes, luck: Random) -> bytes:
    place = luck.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << luck.randrange(8)]) + data[place + 1 :]


@pytest.mark.parametrize("has_checksums", [True, False], ids=["with checksums", "of an older version"])
@pytest.mark.parametrize("damage", [_cut, _flipped])
def test_whatever_is_damaged_frames_that_are_done_stay_done_and_nothing_else_is_claimed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes, Random], bytes], has_checksums: bool
) -> None:
    whole = _long_journal(tmp_path)
    if not has_checksums:
        whole = re.sub(rb',"crc":\d+', b"", whole)
    plan, steps = whole[: whole.index(b"\n") + 1], whole[whole.index(b"\n") + 1 :]

    outcomes = set()
    for number in range(200):
        (tmp_path / "journal").write_bytes(plan + damage(steps, Random(number)))
        record = read(tmp_path)
        outcomes.update(record.job.state(ref) for ref in record.job.frames)
        assert all(end.status == 0 for end in record.found.values())

    assert outcomes == {FrameState.SUCCEEDED} or (not has_checksums and FrameState.SUCCEEDED in outcomes)
    told = [entry.message for entry in caplog.records if "damaged" in entry.message]
    assert len(told) == (damage is _flipped)


def _plan_or_error(folder: Path) -> JobPlan | str:
    try:
        return read(folder).job.plan
    except SessionException as error:
        return str(error)


@pytest.mark.parametrize("damage", [_cut, _flipped])
def test_a_damaged_plan_is_told_in_one_line(tmp_path: Path, damage: Callable[[bytes, Random], bytes]) -> None:
    line = _long_journal(tmp_path).splitlines(keepends=True)[0]

    outcomes: list[JobPlan | str] = []
    for number in range(200):
        (tmp_path / "journal").write_bytes(damage(line, Random(number)))
        outcomes.append(_plan_or_error(tmp_path))

    refusal = f"{tmp_path}/journal holds no plan of a job in version 1"
    assert outcomes.count(refusal) > 180
    assert all(outcome in (refusal, PLAN) for outcome in outcomes)  # a checksum without its name is none


def test_the_disk_has_each_line_within_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[str] = []
    times: list[float] = []

    def fsync(fd: int) -> None:  # a fake: what a disk keeps cannot be seen without a power cut
        saved.append(os.readlink(f"/proc/self/fd/{fd}"))
        times.append(time.monotonic())

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(SessionPaths(tmp_path))
    (tmp_path / "outline.yaml").write_text("x")
    journal.save_each_second(str(tmp_path / "outline.yaml"), str(tmp_path / "missing"), str(tmp_path))
    for number in (1, 2):
        for frame in range(50):
            journal.start("a", frame, 1)
        until(lambda: saved.count(str(tmp_path / "journal")) == number)  # noqa: B023  # it is called in this round only

    journal.over(RunEnd.DONE, {})
    journal.close()

    assert saved == [str(tmp_path / "outline.yaml"), str(tmp_path), *[str(tmp_path / "journal")] * 3]
    assert all(0.9 < later - earlier < 10 for earlier, later in itertools.pairwise(times[1:-1]))


def test_a_reader_never_sees_a_journal_without_its_plan(tmp_path: Path) -> None:
    paths = SessionPaths(tmp_path)
    Path(paths.new_journal).write_text("of a launcher that was killed")
    journal = Journal(paths)
    before = os.path.exists(paths.journal)

    journal.plan(PLAN, "id-1")

    assert (before, os.path.exists(paths.new_journal)) == (False, False)
    assert read_record(paths, None).job_id == "id-1"
    journal.close()
