# SPDX-License-Identifier: Apache-2.0
"""The same command again runs what is missing or has changed, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from outline.work.folder import WorkFolder
from outline.work.results import Summary
from tests.conftest import RunPycuerun
from tests.programs import run_program
from tests.support import start, until

SCRIPT = """
import os
from outline import Layer
from outline.items import files
from outline.modules.shell import Shell, ShellCommand

RAN = os.environ["RAN"]
plates = files("plates/*.txt")
grade = Shell("grade", items=plates, outputs="grade/%{KEY}.txt", env={"GAIN": os.environ.get("GAIN", "1")},
              inputs={"plate": "%{ITEM}", "code": "grade.sh"},
              command=["sh", "-c", 'echo grade-$3 >> "$4"; sh "$0" "$1" "$2"',
                       "%{INPUT:code}", "%{INPUT:plate}", "%{OUTPUT}", "%{KEY}", RAN])


class Size(Layer):
    def _execute(self, frames):
        for frame in frames:
            with open(RAN, "a") as stream:
                print(f"size-{self.item_key(frame)}", file=stream)
            size = os.path.getsize(self.input_path(frame))
            if size == 13:
                raise RuntimeError("thirteen is an unlucky size")
            with open(self.output_path(frame), "w") as stream:
                print(size, self.random(frame).random(), file=stream)
            self.emit(frame, size=size)
            self.count("measured")
            self.done(frame)


size = Size("size", items=plates, inputs=grade, outputs="size/%{KEY}.txt", chunk=2)
ShellCommand("report", inputs={"sizes": size}, outputs="report.txt",
             command=["sh", "-c", 'echo report >> "$1"; xargs -d "\\\\n" cat < "$2" > "$0"',
                      "%{OUTPUT}", RAN, "%{INPUTLIST:sizes}"])
"""

ALL = ["grade-a", "grade-b b", "grade-c", "report", "size-a", "size-b b", "size-c"]


class Job:
    """A job in a work folder whose frames write down that they ran."""

    def __init__(self, folder: Path, run_pycuerun: RunPycuerun, session_root: Path) -> None:
        self.folder = folder
        self.work = folder / "it's made"
        self.sessions = session_root
        self.__run = run_pycuerun
        self.ran = folder / "ran"
        (folder / "plates").mkdir(parents=True)
        for name, text in (("a", "one"), ("b b", "three"), ("c", "eleven")):
            (folder / "plates" / f"{name}.txt").write_text(text)
        (folder / "grade.sh").write_text('tr a-z A-Z < "$1" > "$2"\n')
        (folder / "job.outline").write_text(SCRIPT)

    def launch(self, *options: str, env: dict[str, str] | None = None, code: int = 0) -> list[str]:
        """Launch the job and give what ran, sorted."""
        self.ran.write_text("")
        environ = {"RAN": str(self.ran), **(env or {})}
        words = ["job.outline", "--backend", "local", "--work", str(self.work), "--max-retries", "0", *options]
        self.done = self.__run(*words, cwd=self.folder, env=environ)
        assert self.done.returncode == code, self.done.stdout + self.done.stderr
        return sorted(self.ran.read_text().splitlines())

    def outline(self, *words: str) -> str:
        """Run ``outline`` and give what it prints."""
        done = run_program("outline", *words, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def bytes(self) -> dict[str, bytes]:
        """The outputs."""
        return {
            str(path.relative_to(self.work)): path.read_bytes()
            for path in sorted(self.work.rglob("*.txt"))
            if ".outline" not in path.parts
        }


@pytest.fixture
def job(tmp_path: Path, run_pycuerun: RunPycuerun, session_root: Path) -> Job:
    return Job(tmp_path / "it's a job", run_pycuerun, session_root)


def test_the_first_launch_runs_everything_and_the_second_nothing(job: Job):
    first = job.launch()
    sessions = len(list(job.sessions.rglob("outline.yaml")))
    second = job.launch()

    assert first == ALL
    assert second == []
    assert "nothing to do: all frames are done" in job.done.stdout
    assert len(list(job.sessions.rglob("outline.yaml"))) == sessions
    assert job.outline("status", str(job.work)).count("done") == 3


def _write(name: str, text: str) -> Callable[[Job], object]:
    return lambda job: (job.folder / name).write_text(text)


def _made(name: str, act: Callable[[Path], object]) -> Callable[[Job], object]:
    return lambda job: act(job.work / name)


@pytest.mark.parametrize(
    ("change", "ran", "why"),
    [
        (_write("plates/a.txt", "two plus"), ["grade-a", "report", "size-a"], "stale"),
        (lambda job: os.utime(job.folder / "plates/a.txt"), [], ""),
        (_write("plates/a.txt", "One"), ["grade-a"], "stale"),
        (_write("grade.sh", 'tr a-z A-Z < "$1" > "$2"  # as before\n'), ["grade-a", "grade-b b", "grade-c"], "stale"),
        (_write("plates/a0.txt", "new"), ["grade-a0", "report", "size-a0"], "new"),
        (lambda job: (job.folder / "plates/c.txt").unlink(), ["report"], "stale"),
        (_made("size/a.txt", Path.unlink), ["size-a"], "missing"),
        (_made("size/a.txt", lambda path: path.write_text("")), ["size-a"], "missing"),
        (_made("grade/a.txt", lambda path: path.write_text("painted")), ["grade-a"], "edited"),
        (_made("report.txt", lambda path: path.write_text("fixed by hand")), ["report"], "edited"),
        (_write("job.outline", SCRIPT.replace('sh "$0"', 'sh -e "$0"')), ["grade-a", "grade-b b", "grade-c"], "stale"),
        (
            _write("job.outline", SCRIPT.replace("size == 13", "size == 14")),
            ["size-a", "size-b b", "size-c"],
            "stale",
        ),
        (_write("job.outline", SCRIPT.replace("chunk=2", "chunk=3, cores=2, memory='1g'")), [], ""),
    ],
    ids=[
        "another input",
        "touch",
        "another input, same bytes after it",
        "a comment in a script",
        "a new file between others",
        "a file less",
        "an output is gone",
        "an output is empty",
        "an output was edited",
        "the last output was edited",
        "another command",
        "other code",
        "other needs",
    ],
)
def test_only_what_a_change_touches_runs(job: Job, change: Callable[[Job], object], ran: list[str], why: str):
    job.launch()
    change(job)

    again = job.launch()

    assert again == ran
    assert why in job.done.stdout
    assert job.launch() == []


@pytest.mark.measured
def test_another_variable_of_the_layer_counts_and_one_of_the_shell_does_not(job: Job):
    job.launch()

    ran = job.launch(env={"SOMETHING": "else"})
    own = job.launch("--dry-run", "-V", env={"GAIN": "2"})

    assert (ran, own) == ([], [])
    assert "grade 1-3: stale (env GAIN 1 -> 2)" in job.done.stdout
    job.launch("--dry-run", "--json", env={"GAIN": "2"})
    plan = json.loads(job.done.stdout)
    (grade,) = [layer for layer in plan["layers"] if layer["name"] == "grade"]
    assert (plan["has_work"], grade["run"]) == (True, [1, 2, 3])
    assert grade["frames"] == [{"frames": "1-3", "why": "stale (env GAIN 1 -> 2)"}]


def test_a_new_file_changes_no_number_of_another(job: Job):
    job.launch()
    (job.folder / "plates" / "a0.txt").write_text("new")
    job.launch()

    numbers = [json.loads(line) for line in (job.work / ".outline" / "items.jsonl").read_text().splitlines()]

    assert numbers == [[1, "a"], [2, "b b"], [3, "c"], [4, "a0"]]


def test_an_edited_file_is_kept(job: Job):
    job.launch()
    (job.work / "grade" / "a.txt").write_text("painted")

    job.launch()

    kept = list((job.work / ".outline" / "edited").rglob("a.txt"))
    assert [path.read_text() for path in kept] == ["painted"]
    assert (job.work / "grade" / "a.txt").read_text() == "ONE"


def test_keys_can_be_chosen_and_frames_forced_or_kept(job: Job):
    assert job.launch("--only", "b*") == ["grade-b b", "report", "size-b b"]
    assert job.launch("--only", "[ab]*") == ["grade-a", "report", "size-a"]
    assert job.launch("--force", "size:1", "--only", "[ab]*") == ["size-a"]
    (job.work / "size" / "a.txt").write_text("as I like it\n")
    assert job.launch("--keep", "size", "--only", "[ab]*", "--dry-run") == []
    assert "2 done" in job.done.stdout.splitlines()[2]


def test_only_chosen_layers_run_and_the_others_stay_as_they_are(job: Job):
    job.launch()
    (job.folder / "plates" / "a.txt").write_text("two plus")
    (job.work / "report.txt").unlink()

    ran = job.launch("--layer", "size", "--layer", "report")
    told = job.done.stdout

    assert ran == ["report"]
    assert "0 of 3  3 done" in told
    assert job.launch() == ["grade-a", "report", "size-a"]


def test_a_frame_that_fails_is_tried_again_unless_the_user_says_no(job: Job):
    (job.folder / "plates" / "a.txt").write_text("thirteen more")

    first = job.launch(code=1)
    second = job.launch("--no-retry", "size", code=1)
    told = job.done.stdout
    third = job.launch(code=1)
    (job.folder / "plates" / "a.txt").write_text("less")
    fourth = job.launch()

    assert first == ["grade-a", "grade-b b", "grade-c", "size-a", "size-c"]
    assert second == []
    assert "size: 2 failed frames not tried again: 1-2" in told
    assert third == ["size-a"]
    assert fourth == ["grade-a", "report", "size-a", "size-b b"]


@pytest.mark.measured
def test_a_failure_is_told_with_its_reason(job: Job):
    (job.folder / "plates" / "a.txt").write_text("thirteen more")

    job.launch(code=1)

    failed = [json.loads(line) for line in job.outline("results", str(job.work), "size", "--failed").splitlines()]
    assert [row["key"] for row in failed] == ["a", "b b"]
    assert json.loads(failed[0]["item"]) == {"path": "plates/a.txt"}
    assert all("thirteen is an unlucky size" in row["error"] for row in failed)
    assert "thirteen is an unlucky size" in job.outline("status", str(job.work))


def test_a_frame_of_a_chunk_that_is_done_does_not_run_again_with_it(job: Job):
    (job.folder / "plates" / "b b.txt").write_text("thirteen more")
    first = job.launch(code=1)
    (job.folder / "plates" / "b b.txt").write_text("less")

    again = job.launch()

    assert [name for name in first if name.startswith("size")] == ["size-a", "size-b b", "size-c"]
    assert again == ["grade-b b", "report", "size-b b"]


def test_results_come_in_the_order_of_the_frames(job: Job):
    job.launch()

    rows = [json.loads(line) for line in job.outline("results", str(job.work), "size").splitlines()]
    assert json.loads(job.outline("results", str(job.work), "size", "--json")) == rows
    shards = job.outline("results", str(job.work), "size", "--shards", "2", "-o", "out/info").split()

    assert [(row["key"], row["size"], row["outputs"]) for row in rows] == [
        ("a", 3, {"main": "size/a.txt"}),
        ("b b", 5, {"main": "size/b b.txt"}),
        ("c", 6, {"main": "size/c.txt"}),
    ]
    assert shards == ["out/info-00000-of-00002", "out/info-00001-of-00002"]
    assert "".join((job.folder / name).read_text() for name in shards).count("\n") == 3
    assert "measured    3" in job.outline("status", str(job.work))


def test_a_dry_run_writes_nothing(job: Job):
    job.launch("--dry-run")
    assert not job.work.exists()
    job.launch()
    before = {path: path.stat().st_mtime_ns for path in job.work.rglob("*")}

    job.launch("--dry-run")

    assert {path: path.stat().st_mtime_ns for path in job.work.rglob("*")} == before


@pytest.mark.parametrize(
    ("options", "change", "message"),
    [
        (["--force", "nosuch"], None, "no layer 'nosuch' in this outline; there are grade, size, report"),
        (["--layer", "nosuch"], None, "no layer 'nosuch' in this outline; there are grade, size, report"),
        (["--force", "size", "--no-retry", "size"], None, "layer 'size' is named by --force and by --no-retry"),
        (["--force", "size:"], None, "--force size:: frame range '', column 1: the range is empty; write LAYER or"),
        (["--force", "size", "--keep", "size:1"], None, "--force and --keep name the same frames of layer 'size'"),
        ([], ('outputs="size/%{KEY}.txt"', 'outputs="grade/%{KEY}.txt"'), "is written by frame 1 of layer 'grade'"),
        ([], ('"code": "grade.sh"', '"code": "nosuch.sh"'), "no layer makes its input 'code', and it does not exist"),
        ([], ("chunk=2", 'rerun="sometimes"'), "rerun must be one of 'changed', 'missing', 'always', not 'sometimes'"),
    ],
    ids=[
        "unknown layer",
        "unknown layer to run",
        "force and no retry",
        "no range",
        "force and keep",
        "one file, two writers",
        "a missing input",
        "rerun",
    ],
)
@pytest.mark.measured
def test_mistakes_are_told_before_anything_runs(
    job: Job, options: list[str], change: tuple[str, str] | None, message: str
):
    if change:
        (job.folder / "job.outline").write_text(SCRIPT.replace(*change))

    ran = job.launch(*options, code=2)

    assert ran == []
    assert message in job.done.stderr


def test_a_folder_that_somebody_uses_is_refused(job: Job):
    (job.folder / "grade.sh").write_text('while test ! -e go; do sleep 0.05; done; cp "$1" "$2"\n')
    job.ran.touch()
    first = start("job.outline", "--backend", "local", "--work", str(job.work), cwd=job.folder, RAN=str(job.ran))
    until(lambda: "grade" in job.ran.read_text())

    job.launch(code=2)
    refused = job.done.stderr
    job.launch("--dry-run")
    planned = job.done.stderr
    meanwhile = Summary(WorkFolder(job.work))
    (job.folder / "go").touch()
    first.communicate()

    assert f", process {first.pid} on " in refused
    assert "is in use by" in refused
    assert f", process {first.pid} on " in planned
    assert "running" in meanwhile.layers["grade"]
    assert f"process {first.pid} on " in meanwhile.running
    assert Summary(WorkFolder(job.work)).running == ""
    assert first.returncode == 0


def test_a_work_folder_that_cannot_be_is_told(job: Job):
    job.work.write_text("a file")

    job.launch(code=2)

    assert job.done.stderr == f"pycuerun: {job.work} is a file, and no folder to work in\n"


def test_a_damaged_record_costs_its_frame_only_and_is_told_once(job: Job):
    job.launch()
    for path in (job.work / ".outline" / "records").iterdir():
        path.write_bytes(path.read_bytes().replace(b'"grade","a","end"]\t{"how"', b'"grade","a","end"]\t{"hxw"'))

    again = job.launch()

    assert again == ["grade-a"]
    assert "1 damaged record is left out, and what it is of counts as new" in job.done.stderr
    assert job.launch() == []
    assert "damaged" not in job.done.stderr


def test_a_folder_that_was_moved_is_as_done_as_before(job: Job):
    job.launch()
    shutil.copytree(job.work, job.folder / "moved")
    job.work = job.folder / "moved"

    assert job.launch() == []
