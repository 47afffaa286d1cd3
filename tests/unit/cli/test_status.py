# SPDX-License-Identifier: Apache-2.0
"""The status of a job on this machine as data and as text, and the summary at its end."""

from __future__ import annotations

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

import pytest

from outline.backend.local.claim import take_claim
from outline.backend.local.job import LocalJob
from outline.backend.local.journal import Journal, RunEnd
from outline.backend.local.log import FrameLog
from outline.backend.local.status import job_status
from outline.backend.status import FrameStatus, JobStatus, LayerStatus
from outline.cli.status import status_text, watch_status
from outline.cli.summary import summary
from outline.cli.text import duration, facts, memory, plural, rate, shorten, shorten_middle, table
from outline.exception import SessionException
from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.names import progress_path
from outline.progress import FrameProgress, ProgressFile
from outline.scheduler import DependPlan, FrameState, JobPlan, LayerPlan
from outline.session_paths import SessionPaths

S = FrameState
PLAN = JobPlan(
    "show-shot-jo_demo",
    (LayerPlan("render", FrameSet("1-10"), chunk=2), LayerPlan("comp", FrameSet("1-10"))),
    (DependPlan("comp", "render", "FRAME_BY_FRAME"),),
    max_retries=0,
)


def ended(status: int = 0, **facts: Any) -> FrameEnd:
    return FrameEnd(status, seconds=1.5, **facts)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Make a session: 0001-render succeeded, 0003-render died, 0007-render failed once, 0005-render runs."""
    folder = tmp_path / "a session"
    (folder / "logs").mkdir(parents=True)
    take_claim(SessionPaths(folder))
    journal = Journal(SessionPaths(folder))
    journal.plan(PLAN, "id-1")
    journal.run("elsewhere", 2.0)
    journal.start("render", 1, 1)
    journal.end("render", 1, 1, S.SUCCEEDED, ended())
    journal.start("render", 3, 2)
    journal.end("render", 3, 2, S.DEAD, ended(3, reason="no licence"))
    journal.start("render", 7, 1)
    journal.end("render", 7, 1, S.WAITING, ended(9))
    journal.start("render", 5, 1)
    journal.close()
    log = FrameLog(str(folder / "logs" / "show-shot-jo_demo.0003-render.rqlog"))
    log.begin({"command": "x"}, {})
    log.write("the last words\n")
    log.end(ended(3))
    return folder


def test_status_data_is_as_documented(session: Path) -> None:
    data = job_status(LocalJob(str(session))).to_dict()

    running = data["running"].pop()
    assert running.pop("seconds") >= 0
    assert running == {"frame": "0005-render", "layer": "render", "attempt": 1, "progress": None}
    assert (data["job"], data["job_id"], data["session"]) == ("show-shot-jo_demo", "id-1", str(session))
    assert (data["state"], data["runner"], data["frames"]) == (
        "RUNNING",
        {"host": platform.node(), "pid": os.getpid()},
        15,
    )
    assert data["counts"] == {"SUCCEEDED": 1, "DEAD": 1, "RUNNING": 1, "WAITING": 2 + 2, "DEPEND": 8}
    assert data["layers"][0] == {
        "name": "render",
        "range": "1-10",
        "chunk": 2,
        "frames": 5,
        "counts": {"WAITING": 2, "RUNNING": 1, "SUCCEEDED": 1, "DEAD": 1},
        "states": {"WAITING": "7,9", "RUNNING": "5", "SUCCEEDED": "1", "DEAD": "3"},
    }
    assert data["dead"] == [
        {
            "frame": "0003-render",
            "layer": "render",
            "attempts": 2,
            "exit_status": 3,
            "signal": 0,
            "reason": "no licence",
            "seconds": 1.5,
            "log": str(session / "logs" / "show-shot-jo_demo.0003-render.rqlog"),
            "peak_memory_kb": 0,
            "warnings": 0,
        }
    ]
    assert json.loads(json.dumps(data)) == data


def test_status_data_and_text_tell_how_far_running_frames_are(session: Path) -> None:
    log = str(session / "logs" / "show-shot-jo_demo.0005-render.rqlog")
    file = ProgressFile(progress_path(log))
    file.write(FrameProgress(1, 33.3, 6, 1, 300 * 1024, "tracing", 2, 0))
    file.close()

    status = job_status(LocalJob(str(session)))

    assert status.to_dict()["running"][0]["progress"] == {
        "percent": 33.3,
        "frame": 6,
        "frames_done": 1,
        "peak_memory_kb": 300 * 1024,
        "note": "tracing",
        "warnings": 2,
        "errors": 0,
    }
    assert "33 %, frame 6, 300 MB, 2 warnings, tracing" in status_text(status)


def test_status_data_ignores_the_progress_of_an_older_attempt(session: Path) -> None:
    file = ProgressFile(progress_path(str(session / "logs" / "show-shot-jo_demo.0005-render.rqlog")))
    file.write(FrameProgress(7, 33.3))
    file.close()

    data = job_status(LocalJob(str(session))).to_dict()

    assert data["running"][0]["progress"] is None


def test_status_text_shows_ranges_running_and_dead_frames(session: Path) -> None:
    text = status_text(job_status(LocalJob(str(session))))

    assert "done     1 of 15 chunks (20 frames)" in text
    assert "RUNNING, by process" in text
    assert "WAITING        2  7-10 in chunks of 2" in text
    assert "0003-render      2  1.5 s  no licence" in text
    assert f"outline log '{session}' 0003-render" in text
    assert "tried again\n0007-render  1 failed try, last: exit status 9\n" in text


def test_frames_that_wait_after_a_failure_are_told_like_dead_ones(session: Path) -> None:
    (frame,) = job_status(LocalJob(str(session))).to_dict()["retrying"]

    assert (frame["frame"], frame["attempts"], frame["exit_status"]) == ("0007-render", 1, 9)


def test_watched_into_a_file_a_status_is_printed_when_it_changes(capsys: pytest.CaptureFixture[str]) -> None:
    running = FrameStatus("1-render", "render", S.RUNNING, seconds=1.0)
    first = JobStatus("job", "id", "RUNNING", (LayerStatus("render", {S.RUNNING: 1}),), running=(running,))
    later = first._replace(running=(running._replace(seconds=2.0),))
    over = first._replace(state="FINISHED", layers=(LayerStatus("render", {S.SUCCEEDED: 1}),), running=())
    read = iter([first, later, later, over])

    watch_status(lambda: next(read), as_json=False, seconds=0)

    assert re.findall(r"^state +(\w+)", capsys.readouterr().out, re.M) == ["RUNNING", "FINISHED"]


@pytest.mark.parametrize(
    ("counts", "is_told"),
    [({S.EATEN: 1, S.DEPEND: 2}, True), ({S.EATEN: 1, S.DEPEND: 2, S.DEAD: 1}, False), ({S.EATEN: 1}, False)],
    ids=["wait for eaten ones", "wait for dead ones", "nothing waits"],
)
def test_the_summary_tells_of_frames_that_wait_for_eaten_ones(counts: dict[S, int], is_told: bool) -> None:
    text = "\n".join(summary(JobStatus("job", "id", "FAILED", (LayerStatus("render", counts),)), 1.0))

    assert ("2 frames not run: what they wait for was eaten" in text) is is_told


def test_status_of_a_folder_without_a_job_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SessionException, match="no job ran in this session"):
        LocalJob(str(tmp_path))


def test_the_summary_shows_dead_frames_and_how_to_run_them(session: Path) -> None:
    text = "\n".join(summary(job_status(LocalJob(str(session))), 75.0))

    assert "DEAD 0003-render after 2 attempts: no licence\n    | the last words\n" in text
    assert f"pycuerun '{session}/outline.yaml' -e 0003-render" in text


def test_the_summary_of_very_many_layers_folds_those_that_are_done(tmp_path: Path) -> None:
    names = [f"layer{number}" for number in range(100)]
    (tmp_path / "logs").mkdir()
    journal = Journal(SessionPaths(tmp_path))
    journal.plan(JobPlan("job", tuple(LayerPlan(name, FrameSet("1")) for name in names)), "id")
    journal.run("elsewhere", 1.0)
    for name in names[1:]:
        journal.start(name, 1, 1)
        journal.end(name, 1, 1, S.SUCCEEDED, ended())
    journal.over(RunEnd.INTERRUPTED, {})
    journal.close()

    lines = summary(job_status(LocalJob(str(tmp_path))), 1.0)

    assert len(lines) < 12
    assert any(line.split() == ["99", "other", "layers", "99", "-", "99"] for line in lines)


# -- the end of a run ---------------------------------------------------------------------------------------------


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
        journal.end(layer, frame, 1, FrameState.DEAD, FrameEnd(1, seconds=1.0))


def test_dead_frames_of_all_layers_are_shown_before_more_of_one(tmp_path: Path, journal: Journal) -> None:
    _dies(journal, "a", 1, 2, 3, 4)
    _dies(journal, "b", 2, 3)
    _dies(journal, "c", 4)
    journal.over(RunEnd.FAILED, {})

    text = "\n".join(summary(job_status(LocalJob(str(tmp_path))), 1.0))

    assert re.findall(r"^DEAD (\S+) ", text, re.MULTILINE) == ["0001-a", "0002-a", "0002-b", "0003-b", "0004-c"]
    assert "and 2 more: outline status" in text


def test_job_that_was_never_started_is_paused(tmp_path: Path, journal: Journal) -> None:
    job = LocalJob(str(tmp_path))

    assert summary(job_status(job), 1.0)[1].startswith("job  PAUSED in ")


def test_job_that_was_cut_short_is_stopped(tmp_path: Path, journal: Journal) -> None:
    journal.run("elsewhere", 1.0)
    journal.start("a", 1, 1)
    journal.over(RunEnd.INTERRUPTED, {})

    assert LocalJob(str(tmp_path)).state == "STOPPED"


# -- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (-86398.4, "0.0 s"), (9.94, "9.9 s"), (75, "75 s"), (185, "3:05 min"), (8100, "2:15 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("kilobytes", "text"), [(0, "0 kB"), (900, "900 kB"), (90_000, "88 MB"), (1 << 21, "2.0 GB")])
def test_amounts_of_memory(kilobytes: int, text: str) -> None:
    assert memory(kilobytes) == text


@pytest.mark.parametrize(("per_second", "text"), [(0, ""), (2.25, "2.2/s"), (0.5, "30.0/min")])
def test_rates(per_second: float, text: str) -> None:
    assert rate(per_second) == text


def test_small_words() -> None:
    assert (plural(1, "frame"), plural(12345, "frame")) == ("1 frame", "12 345 frames")
    assert (shorten("abcdef", 4), shorten("abc", 3)) == ("abc…", "abc")
    assert (shorten_middle("abcdefgh", 5), shorten_middle("abc", 3)) == ("ab…gh", "abc")


def test_tables_are_aligned() -> None:
    assert table(["a", "bb"], [["xxx", "1"], ["y", "22"]], numbers=[1]) == ["a    bb", "xxx   1", "y    22"]
    assert facts([("a", "1"), ("none", ""), ("long", "2\n3")]) == ["a     1", "long  2", "      3"]


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        (80, "comp_of_a_shot_with_a_long_name  12     done"),
        (30, "comp_of…g_name  12     done"),
        (27, "comp_of_a_shot_with_a_long_name  12     done"),
    ],
    ids=["wide", "narrow", "too narrow"],
)
def test_table_cuts_long_names_where_that_makes_it_fit_the_terminal(
    columns: int, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda: os.terminal_size((columns, 24)))  # of a terminal of this width

    lines = table(["layer", "frame", "state"], [["comp_of_a_shot_with_a_long_name", "12", "done"]])

    assert lines[1] == first


@pytest.mark.parametrize(("failed", "row"), [(0, "50 layers"), (1, "49 other layers")], ids=["done", "one-failed"])
def test_of_very_many_layers_those_that_are_done_share_a_row(failed: int, row: str) -> None:
    layers = [LayerStatus(f"layer{n}", {S.DEAD if n < failed else S.SUCCEEDED: 1}) for n in range(50)]

    text = "\n".join(summary(JobStatus("job", "id", "FAILED", tuple(layers)), 1.0))

    assert f"\n  {row} " in text
