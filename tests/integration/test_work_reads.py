# SPDX-License-Identifier: Apache-2.0
"""A file that many frames read is read once for its digest, whoever runs the frames."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.programs import python_path

pytestmark = pytest.mark.slow

FRAMES = 10  # what so many frames read, the launcher reads

SCRIPT = """
from outline import Layer
from outline.items import lines
from outline.modules.shell import ShellCommand

train = ShellCommand("train", ["cp", "%{INPUT}", "%{OUTPUT}"], inputs="labels.csv", outputs="made.pkl")

class Classify(Layer):
    def _execute(self, frames):
        for frame in frames:
            with open(self.output_path(frame), "w") as stream:
                print(self.item_key(frame), file=stream)

classify = Classify("classify", items=lines("seeds.txt"), inputs={"given": "given.pkl", "made": train},
                    outputs="out/%{KEY}.dat")
ShellCommand("sum", ["sh", "-c", "cat $0 $(cat $1) > $2", "%{INPUT:given}", "%{INPUTLIST:all}", "%{OUTPUT}"],
             inputs={"given": "given.pkl", "all": classify}, outputs="sum.pkl")
"""

HOOK = """
import os
import sys

def note(event, args):
    if event == "open" and str(args[0]).endswith((".pkl", ".dat")) and args[2] & 3 == os.O_RDONLY:
        with open(COUNTED, "a") as stream:
            print(os.path.basename(args[0]), file=stream)

sys.addaudithook(note)
"""


class Job:
    """A job whose reads of files by Python are counted."""

    def __init__(self, folder: Path, run_pycuerun: RunPycuerun, frame_process: str) -> None:
        self.folder, self.counted = folder, folder / "counted"
        self.__run = run_pycuerun
        hook = folder / "hook"
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(f"COUNTED = {str(self.counted)!r}\n{HOOK}")
        self.__environ = {
            "PYTHONPATH": os.pathsep.join([str(hook), python_path()]),
            "OUTLINE_LOCAL_FRAME_PROCESS": frame_process,
        }
        self.write("seeds.txt", "".join(f"{number}\n" for number in range(FRAMES)))
        self.write("given.pkl", "weights")
        self.write("labels.csv", "labels")
        self.write("job.outline", SCRIPT)

    def write(self, name: str, text: str) -> None:
        """Write a file that is not young."""
        (self.folder / name).write_text(text)
        os.utime(self.folder / name, (1, 1))

    def reads(self) -> Counter[str]:
        """Launch it, and count how often each file was read."""
        self.counted.write_text("")
        done: subprocess.CompletedProcess[str] = self.__run(
            "job.outline", "--backend", "local", "--work", "made", cwd=self.folder, env=self.__environ
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return Counter(self.counted.read_text().split())


@pytest.fixture(params=[pytest.param("fork", marks=pytest.mark.measured), "spawn"])
def job(request: pytest.FixtureRequest, tmp_path: Path, run_pycuerun: RunPycuerun) -> Job:
    return Job(tmp_path, run_pycuerun, request.param)


def test_what_many_frames_read_is_read_once_and_not_at_all_while_it_is_known(job: Job):
    first = job.reads()
    job.write("job.outline", SCRIPT.replace("print(self", 'print("seed", self'))
    other_code = job.reads()
    job.write("given.pkl", "better weights")
    other_file = job.reads()

    made = {f"{number}.dat": 1 for number in range(FRAMES)}
    assert first == {"given.pkl": 1, "made.pkl": 1, **made, "sum.pkl": 1}
    assert other_code == {**made, "sum.pkl": 1}
    assert other_file == {"given.pkl": 1, **made, "sum.pkl": 1}


@pytest.mark.measured
def test_what_layers_know_by_its_time_is_not_read(tmp_path: Path, run_pycuerun: RunPycuerun):
    job = Job(tmp_path, run_pycuerun, "fork")
    by_time = SCRIPT.replace('outputs="out/', 'digest="time", outputs="out/').replace(
        '"sum.pkl"', '"sum.pkl", digest="time"'
    )
    job.write("job.outline", by_time)

    reads = job.reads()

    assert reads == {"made.pkl": 1}


@pytest.mark.measured
def test_what_changed_since_the_launcher_read_it_is_read_again(tmp_path: Path, run_pycuerun: RunPycuerun):
    job = Job(tmp_path, run_pycuerun, "fork")
    # Not young when it is read, or the next launch reads it again.
    touch = 'ShellCommand("train", ["sh", "-c", "echo new > given.pkl; touch -d @2 given.pkl; cp $0 $1", '
    job.write("job.outline", SCRIPT.replace('ShellCommand("train", ["cp", ', touch))

    first = job.reads()
    second = job.reads()

    assert first["given.pkl"] > 1
    assert second == {}
