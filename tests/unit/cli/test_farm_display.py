# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job on the farm is waited for."""

from __future__ import annotations

import io
from typing import Any

import pytest

from outline.cli.farm import exit_reason
from outline.cli.farm_display import FarmDisplay, LiveFarmDisplay, PlainFarmDisplay, make_farm_display
from tests.fakes.farm_job import FakeClock, snapshot


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


class Data:
    """What PyCue tells of a frame."""

    def __init__(self, exit_status: int) -> None:
        self.exit_status = exit_status


def _plain(*calls: Any) -> list[str]:
    stream = io.StringIO()
    display = PlainFarmDisplay(stream)
    for call in calls:
        call(display)
    return stream.getvalue().splitlines()


def test_plain_display_prints_a_line_per_change() -> None:
    lines = _plain(
        lambda display: display.counted(snapshot(waiting=3)),
        lambda display: display.counted(snapshot(waiting=3)),
        lambda display: display.counted(snapshot(running=1, waiting=1, succeeded=1)),
        lambda display: display.counted(snapshot(dead=1, eaten=1, succeeded=1)),
    )

    assert lines == ["[0/3] job", "[1/3] job: 1 RUNNING", "[2/3] job: 1 DEAD, 1 EATEN"]


def test_plain_display_tells_what_is_unusual() -> None:
    lines = _plain(
        lambda display: display.away("no farm server answers at x:1; start it"),
        lambda display: display.back(),
        lambda display: display.external(),
        lambda display: display.held_up("no host is UP"),
        lambda display: display.held_up(""),
        lambda display: display.counted(snapshot(waiting=1, is_paused=True)),
        lambda display: display.counted(snapshot(waiting=1, is_paused=True)),
    )

    assert lines == [
        "no farm server answers at x:1; waiting on",
        "the farm server answers again",
        "what is left waits for another job",
        "nothing runs: no host is UP",
        "[0/1] job",
        "the job is paused; cueadmin -unpause job lets it go on",
    ]


def test_live_display_draws_a_row_per_layer_and_takes_it_away() -> None:
    stream, clock = Terminal(), FakeClock()
    display = LiveFarmDisplay(stream, clock, clock.sleep)

    display.counted(snapshot(running=1, waiting=2, name="show-shot-user_job"))
    display.sleep(2.0)
    display.counted(snapshot(succeeded=2, running=1, name="show-shot-user_job"))
    display.close()

    text = stream.getvalue()
    assert "beauty" in text
    assert "0/3 done, 1 running" in text
    assert "2/3 done, 1 running, 2.0 s, about 1.0 s left" in text
    assert clock.sleeps == [0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("tell", "words"),
    [
        (lambda display: display.away("no farm server answers at x:1; start it"), "no farm server answers at x:1;"),
        (lambda display: display.counted(snapshot(waiting=1, is_paused=True)), "the job is paused"),
        (lambda display: display.external(), "what is left waits for another job"),
        (lambda display: display.held_up("no host is UP"), "nothing runs: no host is UP"),
    ],
    ids=["away", "paused", "external", "held up"],
)
def test_live_display_tells_what_is_unusual(tell: Any, words: str) -> None:
    stream, clock = Terminal(), FakeClock()
    display = LiveFarmDisplay(stream, clock, clock.sleep)
    display.counted(snapshot(waiting=1))

    tell(display)
    display.sleep(0.1)
    display.close()

    assert words in stream.getvalue()


def test_live_display_forgets_a_server_that_is_back() -> None:
    stream, clock = Terminal(), FakeClock()
    display = LiveFarmDisplay(stream, clock, clock.sleep)
    display.away("no farm server answers")
    display.back()
    before = len(stream.getvalue())

    display.counted(snapshot(waiting=1))
    display.close()

    assert "waiting on" not in stream.getvalue()[before:]


@pytest.mark.parametrize(
    ("quiet", "stream", "kind"),
    [
        (True, Terminal(), FarmDisplay),
        (False, Terminal(), LiveFarmDisplay),
        (False, io.StringIO(), PlainFarmDisplay),
    ],
    ids=["quiet", "terminal", "pipe"],
)
def test_display_fits_the_stream(quiet: bool, stream: Any, kind: type) -> None:
    assert type(make_farm_display(quiet, stream)) is kind


@pytest.mark.parametrize(
    ("status", "words"),
    [(7, "exit status 7"), (256, "its host could not start it"), (301, "its host went away"), (506, "stopped by hand")],
)
def test_reason_of_a_dead_frame_is_in_words(status: int, words: str) -> None:
    assert exit_reason(Data(status)) == words
