# SPDX-License-Identifier: Apache-2.0
"""``pycuerun --watch``: what becomes new while it watches is run, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import start, until

pytestmark = pytest.mark.measured

SCRIPT = """
import os
from outline import Layer
from outline.items import files
from outline.modules.shell import Shell, ShellCommand

open("looks", "a").write("x")
plates = files("plates/*.txt")
grade = Shell("grade", items=plates, outputs="grade/%{KEY}.txt",
              command=["sh", "-c", 'echo grade-$2 >> ran; grep -v bad "$0" > "$1"',
                       "%{INPUT:item}", "%{OUTPUT}", "%{KEY}"])
ShellCommand("count", ["sh", "-c", 'echo count >> ran; wc -l < "$0" > "$1"', "%{INPUTLIST}", "%{OUTPUT}"],
             inputs={"all": grade}, outputs="count.txt")
Shell("always", ["sh", "-c", "echo always >> ran"], range="1")
"""


class Watch:
    """A watch that runs, and what its frames have written down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "plates").mkdir(parents=True)
        self.plate("a", "one")
        self.ran_file = folder / "ran"
        self.ran_file.touch()
        (folder / "looks").touch()
        (folder / "job.outline").write_text(SCRIPT)
        self.process: subprocess.Popen[str] | None = None

    def begin(self, *options: str) -> None:
        """Start it."""
        words = ["job.outline", "--backend", "local", "--work", "made", "--max-retries", "0", "--watch", "0.1"]
        self.process = start(*words, *options, cwd=self.folder)

    def plate(self, name: str, text: str) -> None:
        """Put a plate into the folder, whole."""
        (self.folder / f"{name}.new").write_text(text)
        os.rename(self.folder / f"{name}.new", self.folder / "plates" / f"{name}.txt")

    def ran(self) -> list[str]:
        """What has run since the last call, sorted."""
        return sorted(self.ran_file.read_text().split())

    def runs(self, *names: str) -> None:
        """Wait until some frames have run, then forget that they did."""
        until(lambda: set(names) <= set(self.ran()) and self.is_idle())
        self.looks_again()
        assert self.ran() == sorted(names)
        self.ran_file.write_text("")

    def is_idle(self) -> bool:
        """Whether the last launch is over."""
        launches = sorted((self.folder / "made/.outline/launches").glob("*.json"), key=lambda path: int(path.stem))
        return bool(launches) and '"over": true' in launches[-1].read_text()

    def looks_again(self) -> None:
        """Wait until it has read the script again."""
        looks = self.folder / "looks"
        before = looks.stat().st_size
        until(lambda: looks.stat().st_size > before)

    def stop(self) -> int:
        """Press Ctrl-C and give the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.printed = self.process.communicate()[0]
        return self.process.returncode


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path / "a watch")
    yield watch
    if watch.process is not None and watch.process.poll() is None:
        watch.process.kill()
        watch.process.communicate()


def test_a_new_picture_runs_its_frames_and_nothing_else(watch: Watch):
    watch.begin()
    watch.runs("grade-a", "count", "always")
    watch.plate("b", "two")
    watch.runs("grade-b", "count", "always")
    watch.plate("a", "one more")
    watch.runs("grade-a", "count", "always")

    code = watch.stop()

    assert code == 0
    assert watch.ran() == []
    assert watch.printed.count("layer ") == 2 * 3  # a table before each launch, and one after it


def test_a_dead_frame_is_tried_again_when_its_input_changes_and_gives_the_exit_code(watch: Watch):
    watch.plate("b", "bad")
    watch.begin("--quiet")
    watch.runs("grade-a", "grade-b", "always")
    watch.plate("c", "three")
    watch.runs("grade-c", "always")
    watch.plate("b", "good")
    watch.runs("grade-b", "count", "always")
    watch.plate("a", "bad")
    watch.runs("grade-a", "always")

    assert watch.stop() == 1
    assert watch.ran() == []


def test_a_script_with_a_mistake_is_told_once_and_waited_for(watch: Watch):
    watch.begin("--quiet")
    watch.runs("grade-a", "count", "always")
    (watch.folder / "job.outline").write_text("open('looks', 'a').write('x'); nonsense")
    watch.looks_again()
    watch.looks_again()
    watch.looks_again()
    (watch.folder / "job.outline").write_text(SCRIPT.replace("grep -v bad", "grep -v worse"))
    watch.runs("grade-a", "always")

    assert watch.stop() == 0
    assert watch.printed.count("name 'nonsense' is not defined") == 1


def test_ctrl_c_during_a_launch_ends_its_frames(watch: Watch):
    (watch.folder / "job.outline").write_text(SCRIPT.replace("grep -v bad", "sleep 1000; grep"))
    watch.begin()
    until(lambda: "grade-a" in watch.ran())

    assert watch.stop() == 130
    assert subprocess.run(["pgrep", "-f", str(watch.folder)], capture_output=True, check=False).stdout == b""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--watch", "1"], "--watch launches again and again in a work folder; it needs --work DIR"),
        (["--work", "made", "--watch", "0"], "--watch needs a number of seconds above 0, not 0"),
    ],
    ids=["no folder", "no time"],
)
def test_a_watch_that_cannot_be_is_refused(watch: Watch, run_pycuerun: RunPycuerun, options: list[str], message: str):
    done = run_pycuerun("job.outline", "--backend", "local", *options, cwd=watch.folder)

    assert (done.returncode, message in done.stderr) == (2, True)


def test_an_empty_folder_is_told_once_and_its_first_picture_waited_for(watch: Watch):
    (watch.folder / "plates/a.txt").unlink()
    watch.begin("--quiet")
    watch.looks_again()
    watch.looks_again()
    watch.looks_again()
    watch.plate("a", "one")
    watch.runs("grade-a", "count", "always")

    assert watch.stop() == 0
    assert watch.printed.count("files('plates/*.txt') has no items yet; waiting for the first one") == 1


def test_a_first_launch_that_cannot_be_ends_the_watch(watch: Watch):
    (watch.folder / "job.outline").write_text("nonsense")
    watch.begin()
    assert watch.process is not None

    printed = watch.process.communicate()[0]

    assert watch.process.returncode == 2
    assert printed.count("name 'nonsense' is not defined") == 1
