# SPDX-License-Identifier: Apache-2.0
"""The end of a frame on its way through worker, journal and log, and the one that older versions wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outline.backend.local.journal import Journal, read_record
from outline.backend.local.log import FrameLog, read_end
from outline.frame_end import EndedBy, FrameEnd
from outline.frames import FrameSet
from outline.scheduler import FrameState, JobPlan, LayerPlan
from outline.session_paths import SessionPaths

ENDS = [
    FrameEnd(),
    FrameEnd(139, 11, seconds=1.5, rss_kb=2000, reason="ended by signal 11 (SIGSEGV)"),
    FrameEnd(143, 15, EndedBy.TIME_LIMIT, 60.0421, 7, "ran longer than its timeout of 1 minutes", 4_000_000, 12),
    *(FrameEnd(1, ended_by=ended_by) for ended_by in EndedBy),
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end.status} {end.ended_by.value}")
def test_nothing_of_an_end_is_lost_in_journal_log_and_json(tmp_path: Path, end: FrameEnd) -> None:
    paths = SessionPaths(tmp_path)
    journal = Journal(paths)
    journal.plan(JobPlan("job", (LayerPlan("a", FrameSet("1")),)), "id")
    journal.start("a", 1, 1)
    journal.end("a", 1, 1, FrameState.DEAD, end)
    journal.close()
    log = FrameLog(str(tmp_path / "log"))

    log.end(end)

    assert FrameEnd.from_dict(json.loads(json.dumps(end.to_dict()))) == end
    assert read_record(paths, None).frames[0].end == end
    assert read_end(log.path) == (1, end)


def test_what_older_versions_wrote_is_read(tmp_path: Path) -> None:
    rule = "=" * 59
    footer = "exitStatus  9\nexitSignal  0\nreason      bad luck\nattempt     2\nseconds     1.500\nmaxrss_kb   7\n"
    (tmp_path / "log").write_text(f"words\n\n{rule}\n{footer}finished    2025-01-31 12:00:00\n{rule}\n")
    entry = {"e": "end", "layer": "a", "frame": 1, "state": "DEAD", "exit": 9, "seconds": 1.5, "rss_kb": 7}

    ends = read_end(str(tmp_path / "log")), FrameEnd.from_dict({**entry, "reason": "bad luck"})

    end = FrameEnd(9, 0, EndedBy.ITSELF, 1.5, 7, "bad luck")
    assert ends == ((2, end), end)


@pytest.mark.parametrize(
    "change",
    [{"exit": None}, {"exit": "x"}, {"seconds": []}, {"rss_kb": {}}, {"ended_by": "nobody"}, {"rss_kb": float("inf")}],
    ids=str,
)
def test_what_is_no_end_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"end of a frame|invalid|not a valid"):
        FrameEnd.from_dict({**FrameEnd().to_dict(), **change})


@pytest.mark.parametrize("ended_by", EndedBy)
def test_only_a_frame_that_ended_by_itself_with_status_0_has_done_its_work(ended_by: EndedBy):
    assert FrameEnd(0, ended_by=ended_by).is_good is (ended_by is EndedBy.ITSELF)
    assert not FrameEnd(1, ended_by=ended_by).is_good
