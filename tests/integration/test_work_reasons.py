# SPDX-License-Identifier: Apache-2.0
"""Every reason is made to happen and read as people read it, and so is what can be wrong with a folder or a list."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs import run_program
from tests.support import start, until

pytestmark = pytest.mark.measured

SCRIPT = """
from outline.items import files
from outline.modules.shell import Shell, ShellCommand

plates = files("plates/*.txt")
grade = Shell("grade", items=plates, outputs="grade/%{KEY}.txt", inputs={"plate": "%{ITEM}", "code": "grade.sh"},
              command=["sh", "%{INPUT:code}", "%{INPUT:plate}", "%{OUTPUT}"])
ShellCommand("count", ["sh", "-c", 'wc -l < "$0" > "$1"', "%{INPUTLIST}", "%{OUTPUT}"],
             inputs=grade, outputs="count.txt")
"""


class Job:
    """A job of two plates in a work folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, folder / "made"
        self.environ: dict[str, str] = {}
        (folder / "plates").mkdir(parents=True)
        for name in "ab":
            (folder / "plates" / f"{name}.txt").write_text(name)
        self.write("grade.sh", 'cat "$1" > "$2"\n')
        self.write("job.outline", SCRIPT)
        self.words = ["job.outline", "--backend", "local", "--max-retries", "0", "--work", str(self.made)]

    def write(self, name: str, text: str) -> None:
        """Write a file of the job."""
        (self.folder / name).write_text(text)

    def run(self, *options: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Launch it, and check the exit code."""
        done = run_program("pycuerun", *self.words, *options, cwd=self.folder, env=self.environ)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def reasons(self, *options: str) -> list[str]:
        """The lines of a dry run that say which frames run and why."""
        lines = self.run("--dry-run", "-V", *options).stdout.splitlines()
        return [line for line in lines if ": " in line]


def _touched_by_time(job: Job) -> None:
    job.write("job.outline", SCRIPT.replace('outputs="grade/', 'digest="time", outputs="grade/'))
    job.run()
    os.utime(job.folder / "plates/a.txt", (1, 1))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "a job")


def _failed(job: Job) -> None:
    job.write("grade.sh", "exit 3\n")
    job.run(code=1)


def _interrupted(job: Job) -> None:
    job.write("grade.sh", "sleep 1000\n")
    launcher = start(*job.words, "--cores", "2", cwd=job.folder)
    records = job.made / ".outline" / "records"
    until(lambda: sum(path.read_text().count('"begin"') for path in records.glob("*")) == 2)
    os.killpg(launcher.pid, signal.SIGKILL)
    launcher.communicate()
    job.write("grade.sh", 'cat "$1" > "$2"\n')


def _made_in_another_folder(job: Job) -> None:
    job.environ["OUTLINE_OUTLINE_CACHE"] = str(job.folder / "the cache")
    job.run()
    job.words[-1] = str(job.folder / "made elsewhere")


def _made_in_part(job: Job) -> None:
    _made_in_another_folder(job)
    job.write("plates/b.txt", "another")


def _launched_then(change: Callable[[Job], object]) -> Callable[[Job], None]:
    def act(job: Job) -> None:
        job.run()
        change(job)

    return act


@pytest.mark.parametrize(
    ("act", "options", "expected"),
    [
        (lambda job: None, [], ["grade 1-2: new", "count 1000: new"]),
        (_interrupted, [], ["grade 1-2: interrupted", "count 1000: new"]),
        (_touched_by_time, [], ["grade 1: stale (input JOB/plates/a.txt)", "count 1000: upstream"]),
        (_failed, [], ["grade 1: failed (sh ", "grade 2: failed (sh ", "count 1000: new"]),
        (
            _launched_then(lambda job: (job.made / "grade/a.txt").unlink()),
            [],
            ["grade 1: missing (grade/a.txt)", "count 1000: upstream"],
        ),
        (
            _launched_then(lambda job: (job.made / "grade/a.txt").write_text("painted")),
            [],
            ["grade 1: edited (grade/a.txt)", "count 1000: upstream"],
        ),
        (
            _launched_then(lambda job: job.write("plates/b.txt", "another")),
            [],
            ["grade 2: stale (input JOB/plates/b.txt)", "count 1000: upstream"],
        ),
        (
            _launched_then(lambda job: None),
            ["--force", "grade:2"],
            ["grade 2: forced", "count 1000: upstream"],
        ),
        (_made_in_another_folder, [], ["grade 1-2: cached", "count 1000: cached"]),
        (_made_in_part, [], ["grade 1: cached", "grade 2: new", "count 1000: new"]),
        (_made_in_another_folder, ["--force", "grade:1"], ["grade 1: forced", "grade 2: cached", "count 1000: new"]),
        (_launched_then(lambda job: None), [], []),
    ],
    ids=[
        *("new", "interrupted", "by time", "failed", "missing", "edited", "stale", "forced"),
        *("cached", "cached in part", "cached and forced", "done"),
    ],
)
def test_a_reason_is_told_with_its_detail(
    job: Job, act: Callable[[Job], object], options: list[str], expected: list[str]
):
    act(job)

    told = job.reasons(*options)

    assert len(told) == len(expected), told
    for line, begin in zip(told, expected, strict=True):
        assert line.startswith(begin.replace("JOB", str(job.folder)))


def test_files_that_only_look_new_are_read_once_and_then_known(job: Job):
    job.run()
    shutil.copytree(job.made, job.folder / "moved")
    job.words[-1] = str(job.folder / "moved")
    os.utime(job.folder / "plates/a.txt", (1, 1))
    copied = job.run().stdout
    begin = [path.read_text() for path in (job.folder / "moved/.outline/records").iterdir()]
    stat = (job.folder / "moved/grade/a.txt").stat()
    plate = (job.folder / "plates/a.txt").stat()

    again = job.run().stdout

    assert copied == again == "nothing to do: all frames are done\n"
    assert f'"grade/a.txt",{stat.st_size},{stat.st_mtime_ns},{stat.st_ino},' in begin[0]
    assert f'/plates/a.txt",{plate.st_size},{10**9},{plate.st_ino},' in begin[0]
    assert [path.read_text() for path in (job.folder / "moved/.outline/records").iterdir()] == begin
    assert len(begin) == 1


def test_an_input_that_changes_while_its_frame_runs_is_told_and_looked_at_again(job: Job, session_root: Path):
    job.write("grade.sh", 'cat "$1" > "$2"; test -e once || echo more >> plates/a.txt; touch once\n')
    (job.folder / "plates/b.txt").unlink()

    job.run()
    log = next(session_root.rglob("*0001-grade.rqlog")).read_text()
    told = job.reasons()
    again = job.run().stdout

    plate = job.folder / "plates/a.txt"
    assert f"outline: WARNING: {plate} changed while frame 1 ran; the next launch looks at it again\n" in log
    assert told[0] == f"grade 1: stale (input {plate})"
    assert "1 stale" in again
    assert (job.made / "grade/a.txt").read_text() == "amore\n"


# -- what can be wrong with a folder ---------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of little room."""
    place = tmp_path / "disk"
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("this user cannot mount a file system")
    return place


def test_a_full_disk_is_told_and_the_same_command_goes_on_later(job: Job, small_disk: Path):
    try:
        job.words[-1] = str(small_disk / "made")
        (small_disk / "ballast").write_bytes(bytes(60_000))
        full = job.run(code=2)
        (small_disk / "ballast").unlink()
        again = job.run()
    finally:
        subprocess.run(["umount", str(small_disk)], check=True)

    assert "No space left on device" in full.stderr
    assert len(full.stderr.splitlines()) == 1
    assert "2 of 2  2 new" in again.stdout


def test_a_disk_that_is_full_half_way_is_told_with_the_end_of_the_job(job: Job, small_disk: Path):
    for number in range(60):
        job.write(f"plates/p{number}.txt", "x" * 3000)
    try:
        job.words[-1] = str(small_disk / "made")
        full = job.run(code=1)
    finally:
        subprocess.run(["umount", str(small_disk)], check=True)

    assert "a disk is full, so no more frames start" in full.stdout + full.stderr
    assert "go on    pycuerun --resume" in full.stdout
    assert "Traceback" not in full.stderr


def test_a_read_only_disk_is_told(job: Job, small_disk: Path):
    try:
        job.words[-1] = str(small_disk / "made")
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        done = job.run(code=2)
    finally:
        subprocess.run(["umount", str(small_disk)], check=True)

    assert done.stderr == f"pycuerun: cannot write the work folder {small_disk}/made: Read-only file system\n"


def test_a_damaged_line_is_told_once_and_costs_its_frame_only(job: Job):
    job.run()
    for path in (job.made / ".outline" / "records").iterdir():
        path.write_bytes(path.read_bytes().replace(b'"grade","a","end"]', b'"grade","a","e\xff\x00'))

    told = job.run("--quiet").stderr

    assert "1 damaged record is left out, and what it is of counts as new" in told
    assert ".jsonl:" in told
    assert job.run("--quiet").stderr == ""


def test_a_launch_whose_file_is_damaged_is_told(job: Job):
    job.run()
    (job.made / ".outline" / "launches" / "1.json").write_text("{")

    told = job.run("--quiet").stderr

    text = f"{job.made}: launch 1 is damaged or gone, and with it what its frames were made of; they count as stale\n"
    assert told == text
    assert job.run().stdout.startswith("nothing to do")


@pytest.mark.parametrize("option", ["--force", "--keep"])
def test_frames_that_a_layer_does_not_have_are_told(job: Job, option: str):
    told = job.run(option, "grade:2-5", code=2).stderr

    assert told == f"pycuerun: {option} grade: the layer has no frame 3-5 in this job, which has 1-2\n"


def test_a_range_without_items_names_those_that_there_are(job: Job):
    told = job.run("9", code=2).stderr

    assert told == "pycuerun: no item has a frame of the range 9; grade has 1-2\n"


# -- what can be wrong with a list -----------------------------------------------------------------------------

LIST = """
from outline.items import lines, rows
from outline.modules.shell import Shell
Shell("draw", items=SOURCE, command=["true", "%{KEY}"])
"""


@pytest.mark.parametrize(
    ("source", "content", "message"),
    [
        ('lines("list.txt")', b"# nothing\n\n", "list.txt has no items, so there is nothing to run"),
        ('lines("list.txt")', b"a\nb\na\n", "two items of list.txt have the key 'a': list.txt:1 and list.txt:3"),
        ('lines("list.txt")', b"a\n\xff\n", "list.txt:2: not UTF-8 (byte 0xff)"),
        ('rows("list.csv")', b"", "list.csv is empty; its first row must name the columns"),
        ('rows("list.csv")', b"shot,first\na,1\nb\n", "list.csv:3: 1 value for 2 columns (shot, first)"),
        ('rows("list.jsonl")', b'{"a": 1}\n{"a"\n', "list.jsonl:2: no JSON"),
        ('lines("nosuch.txt")', b"", "cannot read nosuch.txt: No such file or directory"),
    ],
    ids=["empty", "twice", "not UTF-8", "empty table", "broken row", "broken JSON", "not there"],
)
def test_a_list_that_cannot_be_used_is_told_with_its_line(job: Job, source: str, content: bytes, message: str):
    job.write("job.outline", LIST.replace("SOURCE", source))
    (job.folder / source.split('"')[1].replace("nosuch", "other")).write_bytes(content)

    done = job.run(code=2)

    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not job.made.exists()
