# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job runs: plain lines, the live table, the summary, the status."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from outline.backend.local.dispatch import Limits, Watcher
from outline.backend.local.job import LocalJob
from outline.backend.local.journal import Journal
from outline.backend.local.log import FrameLog
from outline.cli.display import LiveDisplay, PlainDisplay, close_display, make_display
from outline.cli.status import status_data, status_text
from outline.cli.summary import summary
from outline.cli.text import duration, facts, memory, plural, rate, shorten, shorten_middle, table
from outline.exception import SessionException
from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.names import progress_path
from outline.progress import FrameProgress, ProgressFile
from outline.scheduler import DependPlan, FrameState, JobPlan, JobState, LayerPlan
from outline.session_paths import SessionPaths

S = FrameState
PLAN = JobPlan(
    "show-shot-jo_demo",
    (LayerPlan("render", FrameSet("1-10"), chunk=2), LayerPlan("comp", FrameSet("1-10"))),
    (DependPlan("comp", "render", "FRAME_BY_FRAME"),),
    max_retries=0,
)


class FakeRun:
    """Stands for the run that a display watches."""

    def __init__(self, job: JobState) -> None:
        self.job = job
        self.limits = Limits(2.0, 1024)

    def log_path(self, ref: int) -> str:
        return f"/nowhere/{self.job.frame_name(ref)}.rqlog"


class Terminal(io.StringIO):
    """A terminal of a given size that keeps what is drawn."""

    def isatty(self) -> bool:
        return True


def drawn(plan: JobPlan, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int] = (80, 24)) -> Any:
    """Return a live display, its job, and a function that gives the lines that it draws."""
    monkeypatch.setenv("COLUMNS", str(size[0]))
    monkeypatch.setenv("LINES", str(size[1]))
    monkeypatch.setenv("TERM", "dumb")
    now = [100.0]
    display = LiveDisplay(Terminal(), clock=lambda: now[0])
    job = JobState(plan)
    run: Any = FakeRun(job)
    display.begins(run)

    def lines() -> list[str]:
        from rich.console import Console

        now[0] += 10.0
        out = Terminal()
        Console(file=out, width=size[0], height=size[1], color_system=None).print(
            display._LiveDisplay__table(Console(width=size[0], height=size[1]))  # type: ignore[attr-defined]
        )
        return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]

    return display, job, lines


def ended(status: int = 0, **facts: Any) -> FrameEnd:
    return FrameEnd(status, seconds=1.5, **facts)


def test_a_terminal_gets_the_table_a_pipe_gets_lines_and_quiet_gets_nothing() -> None:
    kinds = [type(make_display(False, Terminal())), type(make_display(False, io.StringIO())), type(make_display(True))]

    assert kinds == [LiveDisplay, PlainDisplay, Watcher]


def test_plain_lines_tell_every_change() -> None:
    out = io.StringIO()
    display, job = PlainDisplay(out), JobState(PLAN)
    run: Any = FakeRun(job)

    display.begins(run)
    job.start(0)
    display.started(0)
    display.ended(0, job.finish(0, FrameEnd(0)), ended())
    job.start(1)
    display.ended(1, job.finish(1, FrameEnd(3)), ended(3))
    display.ended(2, S.WAITING, ended(137, signal=9))
    display.stopping(hard=False)
    display.stopping(hard=True)

    assert out.getvalue().splitlines() == [
        "show-shot-jo_demo: 15 of 15 frames to run, 2 cores",
        "0001-render RUNNING",
        "[1/15] 0001-render SUCCEEDED 1.5 s",
        "[2/15] 0003-render DEAD 1.5 s: exit status 3",
        "[2/15] 0005-render failed, is tried again, 1.5 s: signal 9",
        "stopping: the running frames are asked to end; Ctrl-C again kills them at once",
        "killing the running frames",
    ]


def test_the_table_shows_what_is_done_running_and_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    display, job, lines = drawn(PLAN, monkeypatch)

    for ref, status in ((0, 0), (1, 1), (2, 0)):
        job.start(ref)
        display.started(ref)
        job.finish(ref, FrameEnd(status))
    job.start(3)
    shown = lines()
    close_display(display)

    assert shown[0] == "show-shot-jo_demo  2/15 done, 1 running, 1 dead, 10 s, about 60 s left"
    assert shown[1].split() == ["layer", "done", "run", "dead", "total", "rate", "left"]
    assert [word for word in shown[2].split() if not set(word) <= set("━╸╺")] == [
        "render", "2", "1", "1", "5", "12.0/min", "10", "s"
    ]  # fmt: skip
    assert [word for word in shown[3].split() if not set(word) <= set("━╸╺")] == ["comp", "0", "10"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 12), (40, 10)], ids=str)
def test_the_table_fits_the_terminal(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    layers = tuple(LayerPlan(f"a_layer_with_a_long_name_{number:03d}", FrameSet("1-10")) for number in range(300))
    display, job, lines = drawn(JobPlan("j" * 100, layers), monkeypatch, size)
    job.start(job.ref("a_layer_with_a_long_name_250", 1))

    shown = lines()
    close_display(display)

    assert max(map(len, shown)) <= size[0]
    assert len(shown) < size[1]
    assert shown[-1].startswith("2")  # some two hundred and more other layers
    assert any("250" in line for line in shown)


def test_ctrl_c_is_answered_below_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    display, _, lines = drawn(PLAN, monkeypatch)

    display.stopping(hard=False)
    shown = lines()
    close_display(display)

    assert shown[-1].startswith("stopping: the running frames are asked to end; Ctrl-C again kills")


def test_a_dead_frame_is_printed_above_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    display, _, _ = drawn(PLAN, monkeypatch)

    display.ended(1, S.DEAD, ended(1, reason="[no] markup"))
    text = display._LiveDisplay__stream.getvalue()
    close_display(display)

    assert "DEAD 0003-render: [no] markup" in text


def test_the_table_is_redrawn_only_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    display, _, _ = drawn(PLAN, monkeypatch)

    seconds = [display.tick(), display.tick()]
    close_display(display)

    assert seconds[1] == pytest.approx(LiveDisplay.SECONDS)


def test_running_frames_with_progress_have_rows_below_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    display, job, lines = drawn(PLAN, monkeypatch)
    for ref in (0, 1, 2):
        job.start(ref)
        display.started(ref)
    tell(display, tmp_path, job.frame_name(0), FrameProgress(1, 42.4, 2, 1, 2 * 1024 * 1024, "tracing", 1))
    tell(display, tmp_path, job.frame_name(1), FrameProgress(note="loading"))

    shown = lines()
    display.ended(0, S.SUCCEEDED, ended())
    later = lines()
    close_display(display)

    assert [word for word in shown[-2].split() if not set(word) <= set("━╸╺")] == [
        "0001-render", "42", "%", "frame", "2,", "2.0", "GB,", "1", "warning,", "tracing"
    ]  # fmt: skip
    assert [word for word in shown[-1].split() if not set(word) <= set("━╸╺")] == ["0003-render", "loading"]
    assert [line.split()[0] for line in later[-2:]] == ["comp", "0003-render"]


def test_of_many_running_frames_only_some_have_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    display, job, lines = drawn(JobPlan("j", (LayerPlan("render", FrameSet("1-20")),), ()), monkeypatch, (60, 40))
    for ref in range(20):
        job.start(ref)
        display.started(ref)
        tell(display, tmp_path, job.frame_name(ref), FrameProgress(percent=5.0))

    shown = lines()
    close_display(display)

    assert shown[-1] == "and 12 more"


def tell(display: LiveDisplay, folder: Path, name: str, progress: FrameProgress) -> None:
    """Put a frame's progress where the display looks for it."""
    job: JobState = display._LiveDisplay__job  # type: ignore[attr-defined]
    display._LiveDisplay__log_path = lambda ref: f"{folder}/{job.frame_name(ref)}.rqlog"  # type: ignore[attr-defined]
    file = ProgressFile(progress_path(f"{folder}/{name}.rqlog"))
    file.write(progress)
    file.close()


# -- summary and status ----------------------------------------------------------------------------------------


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Make a session in which 0001-render succeeded, 0003-render died twice, and 0005-render runs in this process."""
    folder = tmp_path / "a session"
    (folder / "logs").mkdir(parents=True)
    journal = Journal(SessionPaths(folder))
    journal.plan(PLAN, "id-1")
    journal.run("elsewhere", 2.0)
    journal.start("render", 1, 1)
    journal.end("render", 1, S.SUCCEEDED, ended())
    journal.start("render", 3, 2)
    journal.end("render", 3, S.DEAD, ended(3, reason="no licence"))
    journal.start("render", 5, 1)
    journal.close()
    log = FrameLog(str(folder / "logs" / "show-shot-jo_demo.0003-render.rqlog"))
    log.begin({"command": "x"}, {})
    log.write("the last words\n")
    log.end(ended(3))
    return folder


def test_status_data_is_as_documented(session: Path) -> None:
    data = status_data(LocalJob(str(session)))

    running = data["running"].pop()
    assert running.pop("seconds") >= 0
    assert running == {"frame": "0005-render", "layer": "render", "attempt": 1, "progress": None}
    assert (data["job"], data["job_id"], data["session"]) == ("show-shot-jo_demo", "id-1", str(session))
    assert (data["state"], data["runner"]["host"], data["frames"]) == ("RUNNING", "elsewhere", 15)
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

    data = status_data(LocalJob(str(session)))

    assert data["running"][0]["progress"] == {
        "percent": 33.3,
        "frame": 6,
        "frames_done": 1,
        "peak_memory_kb": 300 * 1024,
        "note": "tracing",
        "warnings": 2,
        "errors": 0,
    }
    assert "33 %, frame 6, 300 MB, 2 warnings, tracing" in status_text(data)


def test_status_data_ignores_the_progress_of_an_older_attempt(session: Path) -> None:
    file = ProgressFile(progress_path(str(session / "logs" / "show-shot-jo_demo.0005-render.rqlog")))
    file.write(FrameProgress(7, 33.3))
    file.close()

    data = status_data(LocalJob(str(session)))

    assert data["running"][0]["progress"] is None


def test_status_text_shows_ranges_running_and_dead_frames(session: Path) -> None:
    text = status_text(status_data(LocalJob(str(session))))

    assert "done     1 of 15 frames" in text
    assert "RUNNING, by process" in text
    assert "WAITING        2  7,9" in text
    assert "0003-render      2  1.5 s  no licence" in text
    assert f"outline log '{session}' 0003-render" in text


def test_status_of_a_folder_without_a_job_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SessionException, match="no job ran in this session"):
        LocalJob(str(tmp_path))


def test_the_summary_shows_dead_frames_and_how_to_go_on(session: Path) -> None:
    text = summary(LocalJob(str(session)), 75.0)

    assert "DEAD 0003-render after 2 attempts: no licence\n    | the last words\n" in text
    assert f"pycuerun '{session}/outline.yaml' -e 0003-render" in text
    assert f"pycuerun --resume '{session}'" in text


def test_the_summary_of_very_many_layers_folds_those_that_are_done(tmp_path: Path) -> None:
    names = [f"layer{number}" for number in range(100)]
    (tmp_path / "logs").mkdir()
    journal = Journal(SessionPaths(tmp_path))
    journal.plan(JobPlan("job", tuple(LayerPlan(name, FrameSet("1")) for name in names)), "id")
    journal.run("elsewhere", 1.0)
    for name in names[1:]:
        journal.start(name, 1, 1)
        journal.end(name, 1, S.SUCCEEDED, ended())
    journal.over("interrupted")
    journal.close()

    lines = summary(LocalJob(str(tmp_path)), 1.0).splitlines()

    assert len(lines) < 12
    assert any(line.split() == ["99", "other", "layers", "99", "-", "99"] for line in lines)


# -- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (9.94, "9.9 s"), (75, "75 s"), (185, "3:05 min"), (8100, "2:15 h")]
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
