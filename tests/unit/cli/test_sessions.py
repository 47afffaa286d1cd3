# SPDX-License-Identifier: Apache-2.0
"""Sessions by short names, in a list, and removed."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outline import config
from outline.backend.local.claim import take_claim
from outline.backend.local.journal import Journal, RunEnd
from outline.cli.places import job_place
from outline.cli.sessions import clean_sessions, find_session, list_text, listed_jobs, parse_age, session_folder
from outline.cli.tool import main
from outline.exception import OutlineException
from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.scheduler import JobPlan, JobState, LayerPlan
from outline.session_paths import SessionPaths

DAY = 86400.0
Make = Callable[..., Path]


@pytest.fixture
def make(session_root: Path) -> Make:
    """Make the session of a job of three frames, of which some succeeded, that was launched so many days ago."""

    def session(name: str, days: float = 0.0, *, done: int = 3, over: str = "done", journal: bool = True) -> Path:
        paths = SessionPaths(session_root / name / str(uuid.uuid4()))
        os.makedirs(paths.logs)
        Path(paths.marker).write_text("/".join(paths.folder.split(os.sep)[-2:]))
        if journal:
            _write_journal(paths, name, done, over)
        when = time.time() - days * DAY
        for path in (paths.marker, paths.journal) if journal else (paths.marker,):
            os.utime(path, (when, when))
        return Path(paths.folder)

    return session


def _write_journal(paths: SessionPaths, name: str, done: int, over: str) -> None:
    plan = JobPlan(name, (LayerPlan("render", FrameSet("1-3")),))
    state, journal = JobState(plan), Journal(paths)
    journal.plan(plan, "id")
    journal.run("elsewhere", 1.0)
    for frame in range(1, done + 1):
        ref = state.frames.ref("render", frame)
        state.start(ref)
        journal.start("render", frame, 1)
        journal.end("render", frame, 1, state.finish(ref, FrameEnd()), FrameEnd(seconds=1.0))
    if over:
        journal.over(RunEnd(over), state.counts())
    journal.close()


# -- the list -------------------------------------------------------------------------------------------------------


def test_list_tells_state_and_frames_of_each_session_the_newest_first(make: Make) -> None:
    make("show-a-jo_old", 3)
    make("show-a-jo_cut", 1, done=1, over="")
    make("show-a-jo_new", done=2, over="failed")
    make("show-a-jo_farm", 2, journal=False)

    lines = list_text(listed_jobs()).splitlines()

    assert [line.split()[:3] for line in lines[1:5]] == [
        ["show-a-jo_new", "FAILED", "2/3"],
        ["show-a-jo_cut", "STOPPED", "1/3"],
        ["show-a-jo_farm", "-", "-"],
        ["show-a-jo_old", "FINISHED", "3/3"],
    ]
    assert lines[-1].startswith("-  not run on this machine")


@pytest.mark.parametrize(
    ("over", "state"), [("done", "FINISHED"), ("failed", "FAILED"), ("interrupted", "STOPPED"), ("", "RUNNING")]
)
def test_list_says_what_status_says(over: str, state: str, make: Make) -> None:
    folder = make("show-a-jo_job", done=3 if over == "done" else 1, over=over)
    if not over:
        take_claim(SessionPaths(folder))

    (listed,) = listed_jobs()

    assert listed.state == state
    journal = folder / "journal"
    journal.write_bytes(re.sub(rb',"(counts":{[^}]*}|crc":\d+)', b"", journal.read_bytes()))
    assert listed_jobs()[0][-3:] == listed[-3:]  # a journal of an older version


def test_list_leaves_out_what_is_no_session(make: Make, session_root: Path, tmp_path: Path) -> None:
    real = make("show-a-jo_real")
    foreign = session_root / "notes" / str(uuid.uuid4())
    foreign.mkdir(parents=True)
    (foreign / "session").write_text("anything")
    (session_root / "link").symlink_to(real.parent)
    (session_root / "a file").write_text("")

    assert [job.session for job in listed_jobs()] == [str(real)]


def test_list_finds_the_sessions_of_every_show(make: Make, session_root: Path) -> None:
    make("show-a-jo_one").parent.rename(_made(session_root / "s1" / "x") / "show-a-jo_one")
    make("show-b-jo_two").parent.rename(_made(session_root / "s2" / "y") / "show-b-jo_two")

    config.set("outline", "session_dir", f"{session_root}/{{SHOW}}/{{SHOT}}")

    assert {job.name for job in listed_jobs()} == {"show-a-jo_one", "show-b-jo_two"}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_a_damaged_journal_is_listed(make: Make) -> None:
    (make("show-a-jo_bad") / "journal").write_bytes(b"\xff\x00 nothing")

    assert listed_jobs()[0].state == "UNREADABLE"


# -- names ------------------------------------------------------------------------------------------------------------


def test_newest_session_is_found_by_name_part_and_last(make: Make) -> None:
    make("show-a-jo_shot", 2)
    newest = make("show-a-jo_shot", 1)
    last = make("show-a-jo_other", 0)
    make("show-a-jo_shot_two", 3)

    found = {text: find_session(text) for text in ("show-a-jo_shot", "other", "last", newest.name[:8])}

    assert {text: job and job.session for text, job in found.items()} == {
        "show-a-jo_shot": str(newest),
        "other": str(last),
        "last": str(last),
        newest.name[:8]: str(newest),
    }
    assert session_folder("shot_two").startswith(str(newest.parent.parent))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jo_", r"'jo_' fits 2 jobs: show-a-jo_new, show-a-jo_old; give more of the name"),
        ("nosuch", "no session nosuch on this machine; outline list shows what there is"),
        ("show-a-jo_nwe", "did you mean 'show-a-jo_new'"),
        ("no/such", "no session no/such"),
        (".", "is not a session"),
    ],
)
def test_name_that_fits_no_job_or_several_is_refused(text: str, message: str, make: Make) -> None:
    make("show-a-jo_old", 1)
    make("show-a-jo_new")

    with pytest.raises(OutlineException, match=message):
        session_folder(text)


def test_no_session_and_no_package_for_a_farm_name_both_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opencue", None)

    with pytest.raises(OutlineException) as caught:
        job_place("nosuch")

    assert str(caught.value) == (
        "no session nosuch on this machine; outline list shows what there is; to look at jobs on a farm:"
        ' pip install "outline-farm[cue]"'
    )


def test_last_of_no_job_is_refused() -> None:
    with pytest.raises(OutlineException, match="no job was launched yet"):
        session_folder("last")


# -- commands ---------------------------------------------------------------------------------------------------------


def test_status_without_a_name_tells_of_the_newest_job(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make("show-a-jo_old", 1)
    make("show-a-jo_new")

    codes = [main(["status", "--json"]), main(["list", "old", "--json"])]

    status, listed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (codes, status["job"]) == ([0, 0], "show-a-jo_new")
    assert [(job["job"], job["state"], job["done"], job["frames"]) for job in listed] == [
        ("show-a-jo_old", "FINISHED", 3, 3)
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("2m", 120), ("12h", 43200), ("7d", 604800), ("1w", 604800)]
)
def test_ages(text: str, seconds: int) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["7", "d", "-1d", "7 days", ""])
def test_other_ages_are_refused(text: str) -> None:
    with pytest.raises(OutlineException, match="such as 7d"):
        parse_age(text)


def test_clean_removes_what_has_been_over_for_long_enough(
    make: Make, session_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = [make("show-a-jo_new", 1), make("show-a-jo_run", 9, over=""), make("show-a-jo_farm", 9, journal=False)]
    take_claim(SessionPaths(kept[1]))
    make("show-a-jo_old", 8)
    (kept[0].parent / "notes.txt").write_text("")

    code = clean_sessions("7d", yes=True)

    out = capsys.readouterr().out
    assert code == 0
    assert sorted(session_root.glob("*/*-*")) == sorted(kept)
    assert not (session_root / "show-a-jo_old").exists()
    assert "show-a-jo_old  FINISHED   3/3" in out
    assert "1 session left alone: not run on this machine" in out
    assert out.endswith("removed 1 session\n")


@pytest.mark.parametrize(("answer", "is_removed"), [("y", True), ("", False), ("no", False)])
def test_clean_asks_before_it_removes(
    answer: str, is_removed: bool, make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make("show-a-jo_old", 8)
    terminal = _Terminal(f"{answer}\n")
    monkeypatch.setattr("sys.stdin", terminal)  # the one way to answer a question

    clean_sessions("7d", yes=False)

    assert folder.exists() is not is_removed
    assert "remove 1 session, with their logs?" in capsys.readouterr().out


class _Terminal:
    def __init__(self, text: str) -> None:
        self.__lines = [text]

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self.__lines.pop()


def test_clean_removes_nothing_where_nobody_can_be_asked(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("show-a-jo_old", 8)
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        with pytest.raises(OutlineException, match="give --yes"):
            clean_sessions("7d", yes=False)

    assert folder.exists()


def test_clean_leaves_a_job_alone_that_somebody_begins_to_run(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make("show-a-jo_old", 8)
    born: Any = Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[19]
    (folder / "runs").mkdir()
    owner = {"host": os.uname().nodename, "pid": os.getpid(), "born": float(born)}
    (folder / "runs" / "1").write_text(json.dumps(owner))

    code = clean_sessions("7d", yes=True)

    assert (code, folder.exists()) == (2, True)
    assert "is being run by process" in capsys.readouterr().err


def test_clean_of_nothing_says_so(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make("show-a-jo_new")

    assert main(["clean", "--older-than", "7d"]) == 0
    assert capsys.readouterr().out == "no session to remove: no job ended more than 7d ago\n"


def test_a_work_folder_is_no_session_and_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / ".outline" / "launches").mkdir(parents=True)

    with pytest.raises(OutlineException, match=r"is not a session: it is a work folder; outline status shows its fra"):
        session_folder(str(tmp_path))
