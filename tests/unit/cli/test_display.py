# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job runs: plain lines, the live table, the summary, the status."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from outline.backend.local.dispatch import Limits
from outline.cli.display import Display, PlainDisplay
from outline.cli.farm import WaitObserver
from outline.cli.live import LiveDisplay
from outline.cli.run_observer import RunObserver
from outline.cli.running import make_display
from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.names import progress_path
from outline.progress import FrameProgress, ProgressFile
from outline.scheduler import DependPlan, FrameState, JobPlan, JobState, LayerPlan
from tests.fakes.farm_job import FakeClock, snapshot

S = FrameState
PLAN = JobPlan(
    "show-shot-jo_demo",
    (LayerPlan("render", FrameSet("1-10"), chunk=2), LayerPlan("comp", FrameSet("1-10"))),
    (DependPlan("comp", "render", "FRAME_BY_FRAME"),),
    max_retries=0,
)


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True

    def picture(self) -> list[str]:
        """Give the lines of the last table that was drawn, without colours."""
        text = re.sub(r"\x1b\[[0-9;?]*[mhlA]", "", self.getvalue().rpartition("\x1b[2K")[2])
        return [line.rstrip() for line in text.splitlines() if line.strip()]


class Drawn:
    """A run of a job in memory, and the live table of it."""

    def __init__(self, plan: JobPlan, folder: Path) -> None:
        self.job = JobState(plan)
        self.limits = Limits(2.0, 1024)
        self.terminal = Terminal()
        self.clock = FakeClock()
        self.display = LiveDisplay(self.terminal, self.clock)
        self.observer = RunObserver(self.display, self.clock)
        self.__folder = folder
        run: Any = self
        self.observer.begins(run)

    def log_path(self, ref: int) -> str:
        return f"{self.__folder}/{self.job.frames.name(ref)}.rqlog"

    def start(self, *refs: int) -> None:
        for ref in refs:
            self.job.start(ref)
            self.observer.started(ref)

    def end(self, ref: int, status: int = 0, **facts: Any) -> None:
        self.observer.ended(ref, self.job.finish(ref, FrameEnd(status)), ended(status, **facts))

    def tell(self, ref: int, progress: FrameProgress) -> None:
        """Put a frame's progress beside its log."""
        file = ProgressFile(progress_path(self.log_path(ref)))
        file.write(progress)
        file.close()

    def lines(self) -> list[str]:
        """Give what the table shows ten seconds later."""
        self.clock.now += 10.0
        self.observer.tick()
        return self.terminal.picture()


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Drawn]]:
    """Make live tables of plans on a terminal of a given size."""
    made: list[Drawn] = []

    def make(plan: JobPlan = PLAN, size: tuple[int, int] = (80, 24)) -> Drawn:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(size[0]))
        monkeypatch.setenv("LINES", str(size[1]))
        made.append(Drawn(plan, tmp_path))
        return made[-1]

    yield make
    for drawn in made:
        drawn.display.close()


def words(line: str) -> list[str]:
    """Give the words of a row, without its bar."""
    return [word for word in line.split() if not set(word) <= set("━╸╺")]


def ended(status: int = 0, **facts: Any) -> FrameEnd:
    return FrameEnd(status, seconds=1.5, **facts)


@pytest.mark.parametrize(
    ("quiet", "stream", "term", "kind"),
    [
        (True, Terminal(), "xterm", Display),
        (False, Terminal(), "xterm", LiveDisplay),
        (False, Terminal(), "dumb", PlainDisplay),
        (False, io.StringIO(), "xterm", PlainDisplay),
    ],
    ids=["quiet", "terminal", "dumb terminal", "pipe"],
)
def test_display_fits_the_stream(
    quiet: bool, stream: Any, term: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)

    assert type(make_display(quiet, stream)) is kind


def test_plain_lines_tell_every_change_of_a_run() -> None:
    out = io.StringIO()
    observer, job = RunObserver(PlainDisplay(out)), JobState(PLAN)
    run: Any = SimpleNamespace(job=job, limits=Limits(2.0, 1024), log_path=str)

    observer.begins(run)
    job.start(0)
    observer.started(0)
    observer.ended(0, job.finish(0, FrameEnd(0)), ended())
    job.start(1)
    observer.ended(1, job.finish(1, FrameEnd(3)), ended(3))
    observer.ended(2, S.WAITING, ended(137, signal=9))
    observer.stopping(hard=False)
    observer.stopping(hard=True)

    assert out.getvalue().splitlines() == [
        "show-shot-jo_demo: 15 of 15 chunks (20 frames) to run, 2 cores",
        "0001-render RUNNING",
        "[1/15] 0001-render SUCCEEDED 1.5 s",
        "[2/15] 0003-render DEAD 1.5 s: exit status 3",
        "[2/15] 0005-render failed, is tried again, 1.5 s: signal 9",
        "stopping: the running frames are asked to end; Ctrl-C again kills them at once",
        "killing the running frames",
    ]


def test_plain_lines_tell_every_change_of_a_wait() -> None:
    out = io.StringIO()
    observer = WaitObserver(PlainDisplay(out))

    for numbers in ({"waiting": 3}, {"waiting": 3}, {"running": 1, "waiting": 1, "succeeded": 1}):
        observer.counted(snapshot(**numbers))
    observer.counted(snapshot(dead=1, eaten=1, succeeded=1))
    observer.away("no farm server answers at x:1")
    observer.back()
    observer.waits("what is left waits for another job: b")
    observer.held_up("no host is UP")
    observer.held_up("")
    observer.counted(snapshot(waiting=1, is_paused=True))
    observer.counted(snapshot(waiting=1, is_paused=True))

    assert out.getvalue().splitlines() == [
        "[0/3] job",
        "[1/3] job: 1 RUNNING",
        "[2/3] job: 1 DEAD, 1 EATEN",
        "no farm server answers at x:1; waiting on",
        "the farm server answers again",
        "what is left waits for another job: b",
        "nothing runs: no host is UP",
        "[0/1] job",
        "the job is paused; cueadmin -unpause job lets it go on",
    ]


# -- the live table ------------------------------------------------------------------------------------------------


def test_table_shows_what_is_done_running_and_dead(draw: Callable[..., Drawn]) -> None:
    drawn = draw()
    drawn.start(0, 2)
    drawn.end(0)
    drawn.end(2)
    drawn.start(3)

    shown = drawn.lines()

    assert shown[0] == "show-shot-jo_demo  2/15 done, 1 running, 10 s, about 65 s left"
    assert words(shown[1]) == ["layer", "done", "run", "dead", "total", "rate", "left"]
    assert words(shown[2]) == ["render", "2", "1", "5", "12.0/min", "15", "s"]
    assert words(shown[3]) == ["comp", "0", "10"]


def test_no_time_left_is_told_of_what_can_perhaps_never_run(draw: Callable[..., Drawn]) -> None:
    sim = LayerPlan("sim", FrameSet("1"))
    plan = PLAN._replace(layers=(*PLAN.layers, sim), depends=(DependPlan("comp", "sim", "LAYER_ON_LAYER"),))
    drawn = draw(plan)
    drawn.start(drawn.job.frames.ref("sim", 1), 0)
    drawn.end(0)
    drawn.end(drawn.job.frames.ref("sim", 1), 3)

    shown = drawn.lines()

    assert shown[0] == "show-shot-jo_demo  1/16 done, 0 running, 1 dead, 10 s"  # comp waits for sim
    assert words(shown[2]) == ["render", "1", "5", "6.0/min", "40", "s"]
    assert words(shown[3]) == ["comp", "0", "10"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 12), (40, 10)], ids=str)
def test_table_fits_the_terminal(size: tuple[int, int], draw: Callable[..., Drawn]) -> None:
    layers = tuple(LayerPlan(f"a_layer_with_a_long_name_{number:03d}", FrameSet("1-10")) for number in range(300))
    drawn = draw(JobPlan("j" * 100, layers), size)
    drawn.start(drawn.job.frames.ref("a_layer_with_a_long_name_250", 1))

    shown = drawn.lines()

    assert max(map(len, shown)) <= size[0]
    assert len(shown) < size[1]
    assert any("other layers" in line or line.startswith("2") for line in shown)
    assert any("250" in line for line in shown)


def test_ctrl_c_is_answered_below_the_table(draw: Callable[..., Drawn]) -> None:
    drawn = draw()

    drawn.observer.stopping(hard=False)

    assert drawn.lines()[-1].startswith("stopping: the running frames are asked to end; Ctrl-C again kills")


def test_dead_frame_is_printed_above_the_table(draw: Callable[..., Drawn]) -> None:
    drawn = draw()
    drawn.start(1)

    drawn.end(1, 1, reason="[no] markup")

    assert "DEAD 0003-render: [no] markup" in drawn.terminal.picture()[0]


def test_table_is_redrawn_only_now_and_then(draw: Callable[..., Drawn]) -> None:
    drawn = draw()

    assert drawn.observer.tick() == pytest.approx(LiveDisplay.period_seconds)


def test_frames_that_run_a_while_have_rows_below_the_table(draw: Callable[..., Drawn]) -> None:
    drawn = draw()
    drawn.start(0, 1, 2)
    drawn.tell(0, FrameProgress(1, 42.4, 2, 1, 2 * 1024 * 1024, "tracing", 1))
    drawn.tell(1, FrameProgress(note="loading"))

    shown = drawn.lines()
    drawn.end(0)
    later = drawn.lines()

    assert [words(line) for line in shown[-3:]] == [
        ["0001-render", "10", "s", "42", "%", "frame", "2,", "2.0", "GB,", "1", "warning,", "tracing"],
        ["0003-render", "10", "s", "loading"],
        ["0005-render", "10", "s"],
    ]
    assert [line.split()[0] for line in later[-3:]] == ["comp", "0003-render", "0005-render"]


def test_of_many_running_frames_only_some_have_rows(draw: Callable[..., Drawn]) -> None:
    drawn = draw(JobPlan("j", (LayerPlan("render", FrameSet("1-20")),), ()), (60, 40))
    drawn.start(*range(20))

    assert drawn.lines()[-1] == "and 12 more"


def test_resized_terminal_shows_one_table_and_the_last_dead_frames(draw: Callable[..., Drawn]) -> None:
    drawn = draw(size=(80, 24))
    drawn.start(1)
    drawn.end(1, 1, reason="a reason")
    before = len(drawn.terminal.getvalue())

    drawn.display._LiveDisplay__console.width = 40  # type: ignore[attr-defined]  # as rich finds it on a terminal
    drawn.lines()

    text = drawn.terminal.getvalue()[before:]
    assert text.startswith("\x1b[H" + "\x1b[2K\x1b[1B" * 24 + "\x1b[H")
    assert text.count("a reason") == 1


def test_live_wait_draws_a_row_per_layer_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    terminal, clock = Terminal(), FakeClock()
    display = LiveDisplay(terminal, clock)
    observer = WaitObserver(display, clock, clock.sleep)

    observer.counted(snapshot(running=1, waiting=2, name="show-shot-user_job"))
    first = terminal.picture()
    observer.sleep(2.0)
    observer.counted(snapshot(succeeded=2, running=1, name="show-shot-user_job"))
    second = terminal.picture()
    display.close()

    assert first[0].startswith("show-shot-user_job  0/3 done, 1 running")
    assert second[0] == "show-shot-user_job  2/3 done, 1 running, 2.0 s, about 1.0 s left"
    assert words(second[2])[0] == "beauty"
    assert terminal.picture() == []
    assert max(clock.sleeps) == LiveDisplay.period_seconds


@pytest.mark.parametrize(
    ("tell", "line"),
    [
        (lambda wait: wait.away("no farm server answers at x:1"), "no farm server answers at x:1; waiting"),
        (lambda wait: wait.counted(snapshot(waiting=1, is_paused=True)), "the job is paused"),
        (
            lambda wait: wait.counted(snapshot(waiting=1, is_paused=True, layer="wait_on_artist_to_qc")),
            "the job waits for the artist; outline eat job",
        ),
        (lambda wait: wait.waits("what is left waits for another job: b"), "what is left"),
        (lambda wait: wait.held_up("no host is UP"), "nothing runs: no host is UP"),
        (lambda wait: [wait.away("no server"), wait.back()], "beauty"),
    ],
    ids=["away", "paused", "artist", "external", "held up", "back"],
)
def test_live_wait_tells_what_is_unusual(tell: Any, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal, clock = Terminal(), FakeClock()
    display = LiveDisplay(terminal, clock)
    observer = WaitObserver(display, clock, clock.sleep)
    observer.counted(snapshot(waiting=1))

    tell(observer)
    observer.sleep(0.1)
    shown = terminal.picture()
    display.close()

    assert shown[-1].startswith(line)
