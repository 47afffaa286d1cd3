# SPDX-License-Identifier: Apache-2.0
"""The page about a job: where its bars go, what is on it, and that nothing from a frame becomes markup."""

from __future__ import annotations

import json
import random
import re
import time
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from outline.backend.local.claim import take_claim
from outline.backend.local.job import LocalJob
from outline.backend.local.journal import Journal
from outline.backend.local.status import job_attempts
from outline.backend.status import FrameAttempt, FrameStatus, JobStatus, LayerStatus
from outline.cli.report.facts import Death, Report, Results
from outline.cli.report.html import element, escape, json_script
from outline.cli.report.lanes import WIDTH, axis_of, lay_out
from outline.cli.report.page import page
from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.scheduler import FrameState, JobPlan, LayerPlan
from outline.session_paths import SessionPaths

S = FrameState
NASTY = "</script><img src=x onerror=alert(1)>&\"'`"


def attempt(start: float, seconds: float, host: str = "a", **facts: Any) -> FrameAttempt:
    made = FrameAttempt(f"{facts.pop('frame', 1):04d}-beauty", "beauty", 1, host, start, seconds, S.SUCCEEDED)
    return made._replace(**facts)


def job(**facts: Any) -> JobStatus:
    layers = (LayerStatus("beauty", {S.SUCCEEDED: 3, S.DEAD: 1}, "1-4"),)
    return JobStatus("show-shot-jo_demo", "id", "FAILED", layers)._replace(**facts)


# -- attempts -------------------------------------------------------------------------------------------------


@pytest.fixture
def session(tmp_path: Path) -> SessionPaths:
    """Make the session of a job of four frames, whose journal a test writes."""
    paths = SessionPaths(tmp_path / "a session")
    (tmp_path / "a session" / "logs").mkdir(parents=True)
    return paths


def begun(session: SessionPaths) -> Journal:
    journal = Journal(session)
    journal.plan(JobPlan("show-shot-jo_demo", (LayerPlan("beauty", FrameSet("1-4")),)), "id")
    journal.run("here", 2.0)
    return journal


def test_journal_tells_every_attempt_with_its_failure(session: SessionPaths):
    journal = begun(session)
    journal.start("beauty", 1, 1)
    journal.end("beauty", 1, 1, S.WAITING, FrameEnd(3, seconds=0.5, rss_kb=10, peak_kb=70, reason="no licence"))
    journal.start("beauty", 1, 2)
    journal.end("beauty", 1, 2, S.SUCCEEDED, FrameEnd(seconds=0.25, rss_kb=20))
    journal.close()

    found = job_attempts(LocalJob(session.folder))

    assert [one[1:4] + one[5:] for one in found] == [
        ("beauty", 1, "here", 0.5, S.WAITING, 70, "no licence"),
        ("beauty", 2, "here", 0.25, S.SUCCEEDED, 20, ""),
    ]
    assert [one.name for one in found] == ["0001-beauty"] * 2
    assert abs(found[0].started - time.time()) < 300


def test_attempt_whose_launcher_was_killed_ends_with_its_last_line(session: SessionPaths):
    journal = begun(session)
    journal.start("beauty", 1, 1)
    journal.write({"e": "note"})
    journal.run("there", 2.0)
    journal.start("beauty", 1, 1)
    journal.close()
    take_claim(session)

    lost, running = job_attempts(LocalJob(session.folder))

    assert (lost.state, lost.host, lost.reason) == (S.WAITING, "here", "its launcher was gone before it ended")
    assert 0 <= lost.seconds < 1
    assert (running.state, running.host) == (S.RUNNING, "there")


# -- lanes ----------------------------------------------------------------------------------------------------


def test_attempts_of_a_lane_never_overlap_and_lanes_are_as_few_as_can_be():
    rng = random.Random(7)
    attempts = sorted(
        (attempt(rng.uniform(0, 100), rng.uniform(0.1, 9), rng.choice("ab")) for _ in range(300)),
        key=lambda one: one.started,
    )

    lanes, bars = lay_out(attempts)

    together = {"a": 0, "b": 0}
    for one in attempts:
        running = [other for other in attempts if other.host == one.host and _holds(other, one.started)]
        together[one.host] = max(together[one.host], len(running))
    overlaps = [
        (first, second)
        for lane in range(len(lanes))
        for first, second in _pairs([bar.attempt for bar in bars if bar.lane == lane])
        if second.started < first.started + first.seconds - 0.05
    ]
    assert overlaps == []
    assert {host: sum(lane.host == host for lane in lanes) for host in "ab"} == together
    assert all(lanes[bar.lane].host == bar.attempt.host for bar in bars)


def _holds(one: FrameAttempt, when: float) -> bool:
    return one.started <= when < one.started + one.seconds - 0.05


def _pairs(attempts: list[FrameAttempt]) -> list[tuple[FrameAttempt, FrameAttempt]]:
    return list(pairwise(attempts))


def test_axis_cuts_out_the_night_between_two_runs():
    axis = axis_of([attempt(0, 100), attempt(40_000, 100)])

    assert [axis.place(when) for when in (0, 100, 40_000, 40_100)] == [0, WIDTH * 0.49, WIDTH * 0.51, WIDTH]


def test_axis_keeps_a_short_pause():
    axis = axis_of([attempt(0, 100), attempt(110, 90)])

    assert axis.place(100) == WIDTH / 2


@pytest.mark.parametrize("seconds", [0.0, 0.5, 7, 400, 90_000, 4e6, 4e8])
def test_axis_has_ticks_that_can_be_read(seconds: float):
    ticks = axis_of([attempt(1_700_000_000.3, seconds)]).ticks()

    assert len(ticks) <= 9
    assert all(0 <= tick.place <= WIDTH for tick in ticks)
    assert seconds < 1 or ticks


# -- the page -------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Collects the elements of a page, its texts, and the attributes that would run something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def nasty_report() -> Report:
    layer = LayerStatus(NASTY, {S.DEAD: 1, S.SUCCEEDED: 1}, "1-2")
    dead = FrameStatus(f"0001-{NASTY}", NASTY, S.DEAD, log=f"/logs/{NASTY}", host=NASTY, reason=NASTY)
    attempts = (
        FrameAttempt(f"0001-{NASTY}", NASTY, 1, NASTY, 1.0, 2.0, S.DEAD, 5, NASTY),
        FrameAttempt(f"0002-{NASTY}", NASTY, 2, NASTY, 2.0, 2.0, S.SUCCEEDED, 5),
        FrameAttempt(f"0002-{NASTY}", NASTY, 2, NASTY, 4.0, 2.0, S.SUCCEEDED, 5),
    )
    facts = job(name=NASTY, layers=(layer,), dead=(dead,), session=NASTY, held_up=NASTY)
    results = Results(NASTY, ({"key": NASTY, NASTY: [NASTY], "x": float("nan")},), 1)
    return Report(facts, 5.0, attempts, (Death(dead, (NASTY, "\x1b[31mred\x00\x07")),), (), (results,), NASTY, (NASTY,))


def test_nothing_that_comes_from_frames_becomes_markup():
    found = read(page(nasty_report()))

    assert "img" not in found.tags
    assert (found.handlers, found.links) == ([], [])
    assert found.tags.count("script") == 3
    assert found.text.count(NASTY) >= 9
    assert f"{NASTY}\nred" in found.text
    assert "\x1b" not in found.text


def test_data_for_the_script_is_json_that_ends_no_element():
    made = json_script("name", {NASTY: [float("inf"), 1.5, None, "\u2028", "\udcff"]})

    text = re.fullmatch(r'<script type="application/json" id="name">(.*)</script>', made, re.DOTALL)

    assert text is not None
    assert "<" not in text[1]
    assert json.loads(text[1].encode("utf-8", "backslashreplace")) == {NASTY: ["inf", 1.5, None, "\u2028", "\udcff"]}


def test_page_asks_for_nothing_from_anywhere():
    text = page(nasty_report())

    assert "default-src 'none'" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_page_tells_states_failures_and_last_words():
    dead = FrameStatus("0003-beauty", "beauty", S.DEAD, 3, 1.5, "/s/logs/x.rqlog", reason="no licence")
    attempts = tuple(attempt(number, 1.0, frame=number, memory_kb=2048 * number) for number in (1, 2, 4))
    failed = tuple(
        attempt(5 + number, 1.5, frame=3, attempt=number, state=state, reason=f"no licence for frame {number}")
        for number, state in ((1, S.WAITING), (2, S.WAITING), (3, S.DEAD))
    )
    report = Report(job(dead=(dead,), session="/s"), 20.0, attempts + failed, (Death(dead, ("first", "last words")),))

    text = read(page(report)).text

    assert "75 %of 4 frames" in text
    assert "first\nlast words" in text
    assert "outline log /s 0003-beauty" in text
    assert "beautyno licence for frame 1314.5 s" in text  # three attempts at one frame with one reason
    assert "0003-beauty3dead" in text
    assert "2 MBmedian 4 MB8 MB" in text


def test_retries_are_told_when_only_the_last_attempt_is_known():
    text = read(page(Report(job(), 20.0, (attempt(1, 1.0, frame=2, attempt=3),)))).text

    assert "0002-beauty3succeeded" in text


def test_page_of_a_job_that_never_ran_has_no_timeline():
    found = page(Report(job(layers=(LayerStatus("beauty", {S.WAITING: 4}, "1-4"),), state="PAUSED"), 5.0))

    assert 'id="timeline-data"' not in found
    assert "4 waiting" in read(found).text


def test_ten_thousand_frames_are_a_small_page_and_fast():
    rng = random.Random(1)
    layers = tuple(LayerStatus(f"layer_{n}", {S.SUCCEEDED: 2500}, "1-2500") for n in range(4))
    attempts = tuple(
        FrameAttempt(f"{f:04d}-layer_{n}", f"layer_{n}", 1, f"host{f % 50:03d}", f * 3.0 + n, rng.uniform(1, 90),
                     S.SUCCEEDED, rng.randrange(10**5, 10**7))
        for f in range(1, 2501) for n in range(4)
    )  # fmt: skip
    rows = tuple({"key": f"item_{n:05d}", "a": rng.random(), "b": rng.random(), "c": n} for n in range(10_000))
    report = Report(job(layers=layers), 9e3, attempts, results=(Results("layer_0", rows, 10_000),))
    began = time.process_time()

    made = page(report)

    assert time.process_time() - began < 2
    assert len(made.encode()) < 3_000_000


def test_elements_escape_what_is_no_html():
    assert element("b", "<", escape("&"), cls='"') == '<b class="&quot;">&lt;&amp;</b>'
