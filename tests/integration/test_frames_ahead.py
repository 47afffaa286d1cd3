# SPDX-License-Identifier: Apache-2.0
"""Frames that a real worker is handed ahead: it goes on with one at once, or gives it back; and kill -9 loses none."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from outline import Outline
from outline.backend.local.runner import Runner, spawn_runner
from outline.backend.local.wire import BACK, END, KILL, PID, RUN, Lines, send
from outline.modules.shell import Shell
from tests.support import job_in, outline_file, start, until

pytestmark = pytest.mark.measured


class Worker:
    """A real worker; the test is its run loop."""

    def __init__(self, runner: Runner, log_path: str) -> None:
        self.__sock = runner.new_worker()
        self.__sock.settimeout(30)
        self.__lines = Lines(self.__sock)
        self.__logs = Path(log_path)
        assert self.says()[0] == PID

    def tell(self, *messages: list[Any]) -> None:
        send(self.__sock, *messages)

    def says(self) -> list[Any]:
        """The next message; of each end, whether it was a good one, and who is to blame."""
        word, *rest = self.__lines.read()
        return [word, *([end["exit"] == 0, end.get("ended_by")] for end in rest[0])] if word == END else [word, *rest]

    def has_log(self, frame: str) -> bool:
        return any(self.__logs.glob(f"*.{frame}.rqlog"))

    def close(self) -> None:
        self.__sock.close()


def run(layer: str, *frames: int) -> list[Any]:
    return [RUN, [[layer, frame, 1, 1.0, 1000, None, None, ""] for frame in frames]]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """A worker of a job whose layer ``quick`` ends at once, while frame 1 of ``slow`` waits for the file ``go``."""
    ol = Outline("shot", frame_range="1-9", current=False)
    ol.add_layer(Shell("quick", command=["true"]))
    ol.add_layer(Shell("slow", command=["sh", "-c", "touch begun; until [ -e go ]; do sleep 0.01; done"]))
    ol.add_layer(Shell("full", command=["sh", "-c", "sleep 0.02; echo No space left on device; exit 1"]))
    ol.setup()
    runner = spawn_runner()
    assert runner.load(str(ol.get_path()), str(tmp_path)) == ""
    found = Worker(runner, ol.get_session().get_log_path())
    yield found
    found.close()
    runner.close()


def test_a_worker_goes_on_with_the_frames_that_it_was_handed_ahead(worker: Worker):
    worker.tell(run("quick", 1), run("quick", 2, 3))

    ends = [end for _ in iter(lambda: worker.has_log("0003-quick"), True) for end in worker.says()[1:]]

    assert [worker.has_log(f"000{frame}-quick") for frame in (1, 2, 3)] == [True] * 3
    while len(ends) < 3:
        ends += worker.says()[1:]
    assert ends == [[True, None]] * 3


def test_many_short_frames_are_told_together(worker: Worker):
    worker.tell([RUN, [request for frame in range(1, 10) for request in run("quick", frame)[1]]])

    messages, ends = 0, 0
    while ends < 9:
        messages, ends = messages + 1, ends + len(worker.says()) - 1

    assert messages < 9


@pytest.mark.parametrize("word", [None, BACK], ids=["by-itself", "when-asked"])
def test_a_frame_does_not_wait_behind_a_long_one(worker: Worker, tmp_path: Path, word: str | None):
    worker.tell(run("slow", 1), run("quick", 2), *([[word]] if word else []))

    assert worker.says() == [BACK, 1]
    worker.tell([BACK])
    (tmp_path / "go").touch()
    assert worker.says() == [END, [True, None]]
    assert not worker.has_log("0002-quick")
    worker.tell(run("quick", 3))
    assert worker.says() == [END, [True, None]]


def test_a_worker_that_is_told_to_kill_gives_back_first(worker: Worker, tmp_path: Path):
    worker.tell(run("slow", 1))
    until(lambda: (tmp_path / "begun").exists())
    worker.tell(run("quick", 2), [KILL, "KILL", 10.0])

    assert worker.says() == [BACK, 1]
    assert worker.says() == [END, [False, "launcher"]]
    assert not worker.has_log("0002-quick")


def test_nothing_begins_behind_a_frame_that_has_filled_the_disk(worker: Worker):
    worker.tell(run("full", 1), run("quick", 2))

    assert [worker.says(), worker.says()] == [[BACK, 1], [END, [False, "full disk"]]]
    worker.tell(run("quick", 3))
    assert worker.says() == [BACK, 1]
    assert not worker.has_log("0002-quick")


KILLS = 3
FRAMES = 300


@pytest.mark.parametrize(("victim", "lost"), [("worker", 1), ("launcher", 2)])
def test_kill_9_loses_no_frame_that_was_handed_ahead(tmp_path: Path, session_root: Path, victim: str, lost: int):
    job = """
        from outline.modules.shell import Shell
        Shell("cmd", command=["sh", "-c", "echo $CUE_FRAME >> ran"])
        """
    words = [outline_file(tmp_path, job), f"1-{FRAMES}", "--backend", "local", "--cores", "2", "--max-retries", "9"]
    ran = tmp_path / "ran"
    ran.touch()
    launcher = start(*words, "--quiet", cwd=tmp_path)
    kills = 0
    while kills < KILLS:
        wanted = len(ran.read_text().splitlines()) + random.randrange(5, 30)
        until(lambda: len(ran.read_text().splitlines()) >= wanted)  # noqa: B023  # it is called in this round only
        kills += 1
        if victim == "launcher":
            launcher.kill()
            launcher.communicate()
            launcher = start("--resume", job_in(session_root).path, "--cores", "2", "--quiet", cwd=tmp_path)
        else:
            (runner,) = psutil.Process(launcher.pid).children()
            random.choice(runner.children()).kill()

    output, _ = launcher.communicate(timeout=60)

    assert launcher.returncode == 0, output
    assert job_in(session_root).counts == {"SUCCEEDED": FRAMES}
    times = Counter(ran.read_text().splitlines())
    assert len(times) == FRAMES
    assert sum(times.values()) <= FRAMES + lost * kills
