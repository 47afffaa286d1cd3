# SPDX-License-Identifier: Apache-2.0
"""The files of a work folder: their lineage, those that nobody makes any more, and folders put together."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.programs import run_program

pytestmark = pytest.mark.measured

SCRIPT = """
from outline.items import files, group
from outline.modules.shell import Shell, ShellCommand

plates = files("plates/{shot}/{plate}.txt")
grade = Shell("grade", items=plates, inputs={"plate": "%{ITEM}", "code": "grade.sh"}, outputs="grade/%{KEY}.txt",
              command=["sh", "%{INPUT:code}", "%{INPUT:plate}", "%{OUTPUT}"])
size = Shell("size", items=plates, inputs=grade, outputs="size/%{KEY}.txt",
             command=["sh", "-c", 'wc -c < "$0" > "$1"', "%{INPUT}", "%{OUTPUT}"])
Shell("shot", items=group(plates, "shot"), inputs=size, outputs="shot/%{KEY}.txt",
      command=["sh", "-c", 'xargs -d "\\n" cat < "$0" > "$1"', "%{INPUTLIST}", "%{OUTPUT}"])
ShellCommand("report", ["sh", "-c", 'xargs -d "\\n" cat < "$0" > "$1"', "%{INPUTLIST}", "%{OUTPUT}"],
             inputs=size, outputs="report.txt")
"""


def run(folder: Path, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``outline`` in a folder and check its exit code."""
    done = run_program("outline", *words, cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def launch(folder: Path, *options: str, work: str = "made") -> str:
    """Launch the job of a folder and give what it printed."""
    words = ["job.outline", "--backend", "local", "--work", work, *options]
    environ = {"OUTLINE_OUTLINE_SESSION_DIR": str(folder / "sessions")}
    done = run_program("pycuerun", *words, cwd=folder, env=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job that was launched once; tests that change something take a copy."""
    folder = tmp_path_factory.mktemp("a job")
    for plate in ("s1/a", "s1/b", "s2/c"):
        path = folder / "plates" / f"{plate}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the plate {plate}")
    (folder / "grade.sh").write_text('cat "$1" > "$2"\n')
    (folder / "job.outline").write_text(SCRIPT)
    launch(folder)
    return folder


@pytest.fixture
def job(launched: Path, tmp_path: Path) -> Path:
    """A copy of that job."""
    shutil.copytree(launched, tmp_path / "a job", ignore=shutil.ignore_patterns("sessions"))
    return tmp_path / "a job"


# -- trace -----------------------------------------------------------------------------------------------------


def test_a_file_is_traced_back_to_its_sources(launched: Path):
    printed = run(launched, "trace", "made", "made/size/s1/a.txt").stdout

    assert printed.splitlines() == [
        "size/s1/a.txt  layer size, s1/a, launch 1",
        "  grade/s1/a.txt  layer grade, s1/a, launch 1",
        f"    {launched}/plates/s1/a.txt  a source",
        f"    {launched}/grade.sh  a source",
    ]


def test_what_was_made_of_a_file_is_traced(launched: Path):
    printed = run(launched, "trace", "made", "plates/s1/b.txt", "--down").stdout

    assert printed.splitlines() == [
        f"{launched}/plates/s1/b.txt  a source",
        "  grade/s1/b.txt  layer grade, s1/b, launch 1",
        "    size/s1/b.txt  layer size, s1/b, launch 1",
        "      report.txt  layer report, 1000, launch 1",
        "      shot/s1.txt  layer shot, s1, launch 1",
    ]


def test_a_file_made_of_all_frames_and_one_of_a_group_name_them(launched: Path):
    of_all = json.loads(run(launched, "trace", "made", "report.txt", "--json").stdout)
    of_group = json.loads(run(launched, "trace", "made", "shot/s1.txt", "--json").stdout)

    assert [step["file"] for step in of_all if step["depth"] == 1] == [
        "size/s1/a.txt",
        "size/s1/b.txt",
        "size/s2/c.txt",
    ]
    assert [step["file"] for step in of_group if step["depth"] == 1] == [
        "size/s1/a.txt",
        "size/s1/b.txt",
    ]
    assert of_all[0] == {
        "depth": 0, "file": "report.txt", "layer": "report", "key": "1000", "launch": 1, "is_known": False,
    }  # fmt: skip


def test_a_file_that_no_record_names_is_told_with_one_that_is_like_it(launched: Path):
    done = run(launched, "trace", "made", "made/size/s1/x.txt", code=2)

    assert done.stderr.startswith(f"outline: no record of {launched}/made names the file made/size/s1/x.txt; did you")


def test_a_folder_that_is_none_is_told(launched: Path):
    done = run(launched, "trace", "plates", "a.txt", code=2)

    assert done.stderr == f"outline: {launched}/plates is not a work folder; pycuerun --work makes one\n"


# -- prune -----------------------------------------------------------------------------------------------------


def _made(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*.txt"))
        if ".outline" not in path.parts
    }


def test_files_of_a_removed_plate_are_listed_and_removed(job: Path):
    (job / "plates" / "s2" / "c.txt").unlink()
    launch(job)

    listed = run(job, "prune", "made").stdout.splitlines()
    status = run(job, "status", "made").stdout
    as_data = json.loads(run(job, "status", "made", "--json").stdout)
    before = _made(job / "made")
    removed = run(job, "prune", "made", "--yes").stdout.splitlines()

    assert [line.split("  ")[0] for line in listed[1:-1]] == [
        "grade/s2/c.txt",
        "shot/s2.txt",
        "size/s2/c.txt",
    ]
    assert listed[-1] == "3 files that no frame makes any more; --yes removes"
    assert removed[-1] == "3 files removed"
    assert "grade   gone       1  3\n" in status
    assert status.endswith("3 files that no frame makes any more; outline prune made lists what is there\n")
    assert (as_data["layers"]["shot"]["gone"], len(as_data["orphans"])) == (["s2"], 3)
    _, first = as_data["launches"]
    assert (first["launch"], first["counts"]["size"], first["argv"][-1]) == (1, {"new": 3}, "made")
    assert f"\n     1  {time.strftime('%Y-', time.localtime(first['started']))}" in status
    assert re.search(rf"  {first['user']} on {first['host']} +9 new\n", status)
    left = {name: text for name, text in before.items() if "s2" not in name}
    assert _made(job / "made") == left
    assert not (job / "made" / "grade" / "s2").exists()
    assert run(job, "prune", "made").stdout == "0 files that no frame makes any more\n"
    assert launch(job) == "nothing to do: all frames are done\n"


def test_files_of_a_layer_that_is_gone_are_orphans_and_edited_ones_stay(job: Path):
    (job / "job.outline").write_text(SCRIPT[: SCRIPT.index('Shell("shot"')])
    launch(job)
    (job / "made" / "report.txt").write_text("my notes")

    found = json.loads(run(job, "prune", "made", "--yes", "--json").stdout)

    assert [(one["path"], one["why"], one["is_edited"]) for one in found] == [
        ("report.txt", "no layer report", True),
        ("shot/s1.txt", "no layer shot", False),
        ("shot/s2.txt", "no layer shot", False),
    ]
    assert (job / "made" / "report.txt").read_text() == "my notes"
    assert not (job / "made" / "shot").exists()


def test_a_launch_that_finds_something_gone_and_nothing_to_do_tells_what_is_done(job: Path):
    (job / "job.outline").write_text(SCRIPT[: SCRIPT.index('Shell("shot"')])

    assert launch(job) == "nothing to do: all frames are done\n"
    assert re.search(r"\n     2  .* on .* +6 done\n", run(job, "status", "made").stdout)


def test_status_reads_no_file_but_the_records_and_prune_forgets_what_is_gone(job: Path):
    shutil.rmtree(job / "plates" / "s2")
    launch(job)
    shutil.rmtree(job / "made" / "size")
    (job / "made" / "grade" / "s2" / "c.txt").write_text("my notes")

    before = json.loads(run(job, "status", "made", "--json").stdout)["orphans"]
    removed = run(job, "prune", "made", "--yes").stdout.splitlines()
    after = json.loads(run(job, "status", "made", "--json").stdout)["orphans"]

    assert [file["path"] for file in before] == ["grade/s2/c.txt", "shot/s2.txt", "size/s2/c.txt"]
    assert removed[-1] == "1 file removed"
    assert after == []


def test_nothing_is_gone_when_the_numbers_of_items_are(job: Path):
    (job / "made" / ".outline" / "items.jsonl").unlink()

    status = run(job, "status", "made").stdout
    pruned = run(job, "prune", "made", "--yes").stdout

    assert re.search(r"\ngrade +done +3 ", status)
    assert pruned == "0 files removed\n"
    assert launch(job) == "nothing to do: all frames are done\n"


def test_a_launch_of_some_items_makes_no_orphans(job: Path):
    launch(job, "--only", "s1*", "--force", "grade")

    assert run(job, "prune", "made").stdout == "0 files that no frame makes any more\n"


# -- merge -----------------------------------------------------------------------------------------------------


def test_folders_of_two_computers_become_one(job: Path):
    launch(job, "--only", "s1*", "--layer", "grade", "--layer", "size", work="one")
    launch(job, "--only", "s2*", "--layer", "grade", "--layer", "size", work="two")

    merged = run(job, "merge", "one", "two", "-o", "both").stdout
    told = launch(job, work="both")

    assert merged == "both holds 6 frames of 2 folders\n"
    assert [line.split()[-2:] for line in told.splitlines() if line.startswith(("grade", "size"))][:2] == [
        ["3", "done"], ["3", "done"],
    ]  # fmt: skip
    assert _made(job / "both") == _made(job / "made")
    assert launch(job, work="both") == "nothing to do: all frames are done\n"


def test_a_frame_with_different_outputs_is_refused_unless_the_newest_is_preferred(
    job: Path,
):
    shutil.copytree(job / "made", job / "old")
    (job / "grade.sh").write_text('cat "$1" "$1" > "$2"\n')
    launch(job)

    refused = run(job, "merge", "old", "made", "-o", "both", code=2)
    run(job, "merge", "made", "old", "-o", "both", "--prefer", "newest")

    assert f"different outputs of grade, s1/a in {job}/old and in {job}/made" in refused.stderr
    assert _made(job / "both") == _made(job / "made")
    assert launch(job, work="both") == "nothing to do: all frames are done\n"


@pytest.mark.parametrize("order", [("old", "made"), ("made", "old")], ids=" ".join)
def test_a_file_that_was_edited_in_one_folder_is_not_dropped(job: Path, order: tuple[str, str]):
    shutil.copytree(job / "made", job / "old")
    (job / "made" / "grade" / "s1" / "a.txt").write_text("by hand")

    refused = run(job, "merge", *order, "-o", "both", code=2)

    assert f"different outputs of grade, s1/a in {job}/{order[0]} and in {job}/{order[1]}" in refused.stderr


@pytest.mark.parametrize("order", [("old", "made"), ("made", "old")], ids=" ".join)
def test_a_file_that_one_folder_lacks_comes_from_the_other(job: Path, order: tuple[str, str]):
    shutil.copytree(job / "made", job / "old")
    before = _made(job / "made")
    (job / "old" / "grade" / "s1" / "a.txt").unlink()

    run(job, "merge", *order, "-o", "both")

    assert _made(job / "both") == before


def test_a_number_in_a_path_is_not_changed(job: Path):
    script = SCRIPT[: SCRIPT.index("size = ")].replace("grade/%{KEY}.txt", "grade/a.####.txt")
    (job / "job.outline").write_text(script)
    launch(job, work="one")
    (job / "plates" / "s1" / "a.txt").unlink()
    (job / "plates" / "s0").mkdir()
    (job / "plates" / "s0" / "x.txt").write_text("x")
    launch(job, work="two")

    done = run(job, "merge", "one", "two", "-o", "both", code=2)

    assert "would become frame" in done.stderr
    assert "holds the number; name its files by %{KEY}" in done.stderr
    assert not (job / "both").exists()


def test_a_merge_into_a_folder_that_is_there_is_refused(job: Path):
    done = run(job, "merge", "made", "-o", "plates", code=2)

    assert done.stderr == f"outline: {job}/plates exists already; merge needs a new folder\n"


NAMES = """
from outline.items import files
from outline.layer import Layer
from outline.modules.python import Python
from outline.modules.shell import Shell

plates = files("plates/*.txt")
one = Shell("one", items=plates, command=["sh", "-c", 'cat "$0" > "$1"; printf "{}" > "$2"', "%{INPUT}", "%{OUTPUT}",
                                          "%{RESULT}"], outputs="one/%{KEY}.txt")
two = Python("two", items=plates, inputs=one, function="copy.py:copy", outputs="two/%{KEY}_####.txt",
             kwargs={"source": "%{INPUT}", "target": "%{OUTPUT}"})

class Three(Layer):
    def _execute(self, frames):
        for frame in frames:
            self.system(["cp", "%{INPUT}", "%{OUTPUT}"], frame=frame)

Three("three", items=plates, inputs=two, outputs="three/%{KEY}.txt", chunk=2)
"""


def test_names_that_look_like_tokens_are_names(tmp_path: Path):
    names = ["%{FRAME}", "%{OUTPUT}", "%{", "a#LAYER#b", "#IFRAME#", "x####y", "100%"]
    (tmp_path / "plates").mkdir()
    for name in names:
        (tmp_path / "plates" / f"{name}.txt").write_text(name)
    (tmp_path / "copy.py").write_text(
        "import shutil\n\n\ndef copy(item, source, target):\n    shutil.copy(source, target)\n"
    )
    (tmp_path / "job.outline").write_text(NAMES)

    launch(tmp_path, "--max-retries", "0")
    again = launch(tmp_path)

    assert {path.stem: path.read_text() for path in (tmp_path / "made/three").iterdir()} == {
        name: name for name in names
    }
    assert "nothing to do" in again
