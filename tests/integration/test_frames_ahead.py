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

    def ends_of(self, *messages: list[Any]) -> list[list[list[Any]]]:
        """Tell it to run frames, and give what it says together of their ends, until it has none of them any more."""
        ends: list[list[list[Any]]] = []
        left = sum(len(message[1]) for message in messages)
        self.tell(*messages)
        while left:
            word, *rest = self.says()
            left -= rest[0] if word == BACK else len(rest)
            ends += [rest] if word == END else []
        return ends


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


# What short frames do, they do as soon as the machine has the time for it: on a slow one they are no short frames.


def test_a_worker_goes_on_with_the_frames_that_it_was_handed_ahead(worker: Worker):
    def ends() -> list[list[Any]]:
        return [end for together in worker.ends_of(run("quick", 1), run("quick", 2, 3)) for end in together]

    until(lambda: ends() == [[True, None]] * 3)

    assert [worker.has_log(f"000{frame}-quick") for frame in (1, 2, 3)] == [True] * 3


def test_many_short_frames_are_told_together(worker: Worker):
    until(lambda: len(ends := worker.ends_of(run("quick", *range(1, 10)))) < sum(map(len, ends)) == 9)


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
        work = "until read most < most && test $CUE_IFRAME -le $most; do sleep 0.01; done; echo $CUE_FRAME >> ran"
        Shell("cmd", command=["sh", "-c", work])
        """
    words = [outline_file(tmp_path, job), f"1-{FRAMES}", "--backend", "local", "--cores", "2", "--max-retries", "9"]
    ran, most = tmp_path / "ran", tmp_path / "most"  # frames up to this one may run before the next kill
    ran.touch()
    most.write_text("80\n")
    launcher = start(*words, "--quiet", cwd=tmp_path)
    for kill in range(1, KILLS + 1):
        wanted = len(ran.read_text().splitlines()) + random.randrange(5, 30)
        until(lambda: len(ran.read_text().splitlines()) >= wanted)  # noqa: B023  # it is called in this round only
        if victim == "launcher":
            launcher.kill()
            launcher.communicate()
            launcher = start("--resume", job_in(session_root).path, "--cores", "2", "--quiet", cwd=tmp_path)
        else:
            (runner,) = psutil.Process(launcher.pid).children()
            random.choice(runner.children()).kill()
        most.write_text(f"{80 * (kill + 1) if kill < KILLS else FRAMES}\n")

    output, _ = launcher.communicate()

    assert launcher.returncode == 0, output
    assert job_in(session_root).counts == {"SUCCEEDED": FRAMES}
    times = Counter(ran.read_text().splitlines())
    assert len(times) == FRAMES
    assert sum(times.values()) <= FRAMES + lost * KILLS
