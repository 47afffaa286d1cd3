# SPDX-License-Identifier: Apache-2.0
"""A second job that makes the same takes its outputs from the cache."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.programs import run_program
from tests.support import outline_file

JOB = """
from outline import Layer
from outline.items import files
from outline.modules.shell import Shell

class Upper(Layer):
    def _execute(self, frames):
        for frame in frames:
            with open("ran", "a") as ran:
                ran.write(f"upper-{self.item_key(frame)}\\n")
            text = open(self.input_path(frame)).read()
            open(self.output_path(frame), "w").write(text.upper())
            self.emit(frame, letters=len(text))

plates = files("plates/*.txt")
upper = Upper("upper", items=plates, outputs="upper/%{KEY}.txt", chunk=2)
Shell("twice", ["sh", "-c", 'echo "twice-%{KEY}" >> ran; cat "%{INPUT:upper}" "%{INPUT:upper}" > "%{OUTPUT}"'],
      items=plates, require=["upper"], outputs="twice/%{KEY}.txt")
Shell("number", ["sh", "-c", 'echo number-%{KEY} >> ran; echo %{KEY} > "%{OUTPUT}"'],
      items=[1, 2], outputs="number/%{KEY}.txt")
"""

EVERYTHING = ["number-1", "number-2", "twice-a b", "twice-ü", "upper-a b", "upper-ü"]

Launch = Callable[..., list[str]]


@pytest.fixture
def launch(tmp_path: Path, run_pycuerun: RunPycuerun) -> Launch:
    """Launch the job in a folder of its own, into a work folder of its own, and give what ran."""

    def run(name: str, *options: str, say: str = "") -> list[str]:
        folder = tmp_path / name
        if not folder.exists():
            (folder / "plates").mkdir(parents=True)
            (folder / "plates" / "a b.txt").write_text("first")
            (folder / "plates" / "ü.txt").write_text("second")
        (folder / "ran").write_text("")
        done = run_pycuerun(
            *(outline_file(folder, JOB), "--backend", "local", "--work", folder / "made", "--quiet", *options),
            cwd=folder,
            env={"OUTLINE_OUTLINE_CACHE": str(tmp_path / "the cache")},
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
        return sorted((folder / "ran").read_text().splitlines())

    return run


def files_of(folder: Path) -> dict[str, bytes]:
    """All outputs."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*.txt")}
    return {name: path.read_bytes() for name, path in found.items()}


def test_another_job_over_the_same_inputs_copies_the_outputs(
    tmp_path: Path, session_root: Path, launch: Launch
) -> None:
    first = launch("one")

    second = launch("two")

    assert first == EVERYTHING
    assert second == ["number-1", "number-2"]  # they declare no inputs, and may read files of their own folder
    assert files_of(tmp_path / "two" / "made") == files_of(tmp_path / "one" / "made")
    assert launch("two") == []
    (tmp_path / "two" / "made" / "upper" / "ü.txt").write_text("written into the copy")
    assert launch("three") == ["number-1", "number-2"]
    for layer in ("upper", "twice"):
        logs = "".join(path.read_text() for path in session_root.glob(f"*/*/logs/*{layer}*"))
        assert "is cached: its outputs are copied from" in logs


def test_a_new_work_folder_of_the_same_job_takes_all_of_it(tmp_path: Path, launch: Launch) -> None:
    launch("one")
    before = files_of(tmp_path / "one" / "made")
    shutil.rmtree(tmp_path / "one" / "made")

    again = launch("one")

    assert again == []
    assert files_of(tmp_path / "one" / "made") == before


def test_only_what_is_made_from_something_else_runs(tmp_path: Path, launch: Launch) -> None:
    launch("one")
    shutil.copytree(tmp_path / "one" / "plates", tmp_path / "two" / "plates")
    (tmp_path / "two" / "plates" / "ü.txt").write_text("something else")

    ran = launch("two")

    assert ran == ["number-1", "number-2", "twice-ü", "upper-ü"]
    assert (tmp_path / "two" / "made" / "twice" / "ü.txt").read_text() == "SOMETHING ELSE" * 2


def test_a_damaged_file_is_not_used(tmp_path: Path, launch: Launch) -> None:
    launch("one")
    for path in (tmp_path / "the cache" / "files").rglob("*"):
        if path.is_file() and path.read_bytes() == b"FIRST":
            path.write_bytes(b"FIRSt")

    ran = launch("two")

    assert ran == ["number-1", "number-2", "upper-a b"]
    assert (tmp_path / "two" / "made" / "upper" / "a b.txt").read_text() == "FIRST"
    assert launch("three") == ["number-1", "number-2"]  # a whole one was kept in its place


def test_forced_frames_run_whatever_the_cache_holds(launch: Launch) -> None:
    launch("one")

    ran = launch("two", "--force", "twice")

    assert ran == ["number-1", "number-2", "twice-a b", "twice-ü"]


def test_results_come_from_the_cache_as_well(tmp_path: Path, run_pycuerun: RunPycuerun, launch: Launch) -> None:
    launch("one")
    launch("two")

    rows = [_results(run_pycuerun, tmp_path / name / "made") for name in ("one", "two")]

    assert rows[0] == rows[1]
    assert '"letters": 5' in rows[0]


def _results(run_pycuerun: RunPycuerun, work: Path) -> str:
    return run_program("outline", "results", work, "upper", cwd=work).stdout.replace(str(work), "")
