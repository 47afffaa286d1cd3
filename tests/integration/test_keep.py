# SPDX-License-Identifier: Apache-2.0
"""Frames that the user keeps as they are, with ``--keep``, stay done in later launches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import outline_file

pytestmark = pytest.mark.measured

JOB = """
import os
from outline.modules.shell import Shell, ShellCommand

a = Shell("a", ["sh", "-c", 'echo a-$0 >> ran; echo $1 > "$2"', "%{FRAME}", os.environ.get("WORD", "one"), "%{OUTPUT}"],
          outputs="a.####.txt")
ShellCommand("all", ["sh", "-c", 'echo all >> ran; out=$0; cat "$@" > "$out"', "%{OUTPUT}", "%{INPUT}"],
             inputs=a, outputs="all.txt")
"""


class Job:
    """A job of two layers that write down what ran."""

    def __init__(self, folder: Path, run: RunPycuerun) -> None:
        self.__folder, self.__run = folder, run
        self.work = folder / "made"
        self.__script = outline_file(folder, JOB)

    def launch(self, *options: str, word: str = "one", code: int = 0) -> list[str]:
        """Launch it, and give what ran."""
        ran = self.__folder / "ran"
        ran.write_text("")
        words = [self.__script, "1-3", "--backend", "local", "--work", self.work, "--max-retries", "0", *options]
        done = self.__run(*words, env={"WORD": word})
        assert done.returncode == code, done.stdout + done.stderr
        return sorted(ran.read_text().split())


@pytest.fixture
def job(tmp_path: Path, run_pycuerun: RunPycuerun) -> Job:
    return Job(tmp_path, run_pycuerun)


def test_an_edited_file_that_was_kept_is_done_from_then_on(job: Job) -> None:
    job.launch()
    (job.work / "a.0002.txt").write_text("as I like it\n")

    kept = job.launch("--keep", "a")
    later = job.launch()

    assert (kept, later) == (["all"], [])
    assert (job.work / "all.txt").read_text() == "one\nas I like it\none\n"


def test_frames_that_are_kept_belong_to_what_the_layer_is_now(job: Job) -> None:
    job.launch()

    kept = job.launch("--keep", "a:1-2", word="two")
    later = job.launch(word="two")
    back = job.launch(word="one")

    assert kept == ["a-3", "all"]
    assert later == []
    assert back == ["a-1", "a-2", "a-3", "all"]


def test_a_launch_that_only_keeps_is_remembered(job: Job) -> None:
    job.launch()

    kept = job.launch("--keep", "a", "--keep", "all", word="two")
    later = job.launch(word="two")

    assert (kept, later) == ([], [])


def test_files_of_nobody_knows_where_can_be_kept(job: Job) -> None:
    job.work.mkdir()
    for frame in (1, 2, 3):
        (job.work / f"a.000{frame}.txt").write_text(f"copied {frame}\n")

    kept = job.launch("--keep", "a")
    later = job.launch()

    assert (kept, later) == (["all"], [])
    assert (job.work / "all.txt").read_text() == "copied 1\ncopied 2\ncopied 3\n"


def test_what_is_not_there_cannot_be_kept(job: Job) -> None:
    job.launch()
    (job.work / "a.0002.txt").unlink()

    ran = job.launch("--keep", "a")

    assert ran == ["a-2"]
