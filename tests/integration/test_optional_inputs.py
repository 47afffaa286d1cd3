# SPDX-License-Identifier: Apache-2.0
"""Inputs that frames may lack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from outline.work.folder import WorkFolder
from outline.work.trace import trace
from tests.conftest import RunPycuerun
from tests.support import launcher_in_work, outline_file

pytestmark = pytest.mark.measured

SCRIPT = """
from outline import Layer
from outline.items import lines, rows
from outline.modules.shell import Shell, ShellCommand

plates = rows("plates.csv")
split = ["sh", "-c", 'echo split >> ran; echo "part of a" > "$0/a.txt"', "%{OUTPUT}"]
ShellCommand("split", split, outputs="parts/")
mask = Shell("mask", ["sh", "-c", 'echo mask-$1 >> ran; echo "mask of $1" > "$0"', "%{OUTPUT}", "%{KEY}"],
             items=lines("masks.txt"), optional="depth",
             outputs={"main": "mask/%{KEY}.txt", "depth": "depth/%{KEY}.txt"})
say = '''echo "$0-$2" >> ran; out=$1; shift 2
for one in "$@" end; do echo "word $one"; test ! -f "$one" || cat "$one"; done > "$out"'''
words = ["%{INPUT:mask}", "notes=%{INPUT:notes}", "%{INPUT:part}", "%{INPUT:extra}"]
Shell("comp", ["sh", "-c", say, "comp", "%{OUTPUT}", "%{KEY}", *words],
      items=plates, outputs={"mask": "comp/%{KEY}.txt"},
      inputs={"mask": mask.output("main"), "notes": "notes/%{KEY}.txt", "part": "parts/%{KEY}.txt",
              "extra": "%{ITEM:extra}"},
      optional=[mask.output("main"), "notes", "parts/%{KEY}.txt", "extra"])
Shell("all", ["sh", "-c", say, "all", "%{OUTPUT}", "x", "%{INPUT}"], range="1",
      inputs=mask.output("depth"), outputs="all.####.txt", optional=mask.output("depth"))


class Look(Layer):
    def _execute(self, frames):
        for frame in frames:
            with open("ran", "a") as ran, open(self.output_path(frame), "w") as out:
                print(f"look-{self.item_key(frame)}", file=ran)
                print([self.input_path(frame), self.input_paths(frame)], file=out)


Look("look", items=plates, inputs="notes/%{KEY}.txt", outputs="look/%{KEY}.txt", optional="notes/%{KEY}.txt", chunk=3)
"""

Launch = Callable[..., list[str]]


@pytest.fixture
def launch(tmp_path: Path, run_pycuerun: RunPycuerun) -> Launch:
    """Launch the job into ``made``, and give what ran, or of a dry run why something will."""
    (tmp_path / "plates.csv").write_text("key,extra\na,\nb,here.txt\nc,gone.txt\n")
    (tmp_path / "masks.txt").write_text("a\nc\n")
    (tmp_path / "here.txt").write_text("extra\n")
    (tmp_path / "notes").mkdir()
    outline_file(tmp_path, SCRIPT)
    return launcher_in_work(run_pycuerun, tmp_path, OUTLINE_OUTLINE_CACHE=str(tmp_path / "cache"))


def test_what_is_not_there_is_left_out_and_counts(tmp_path: Path, launch: Launch) -> None:
    made, notes = tmp_path / "made", tmp_path / "notes"
    everything = [f"{layer}-{key}" for layer in ("comp", "look") for key in "abc"]

    assert launch() == ["all-x", *everything, "mask-a", "mask-c", "split"]
    assert [(made / f"comp/{key}.txt").read_text().splitlines() for key in "abc"] == [
        [f"word {made}/mask/a.txt", "mask of a", "word notes=", f"word {made}/parts/a.txt", "part of a", "word end"],
        ["word notes=", f"word {tmp_path}/here.txt", "extra", "word end"],
        [f"word {made}/mask/c.txt", "mask of c", "word notes=", "word end"],
    ]
    assert (made / "all.0001.txt").read_text() == "word end\n"
    assert (made / "look/a.txt").read_text() == "['', []]\n"
    assert launch() == []
    (notes / "b.txt").write_text("a note")
    (tmp_path / "masks.txt").write_text("a\nc\nb\n")
    assert launch("--dry-run", "-V") == [
        "mask 3: new",
        "comp 3: upstream",
        "all 1: upstream",
        f"look 3: stale (input {notes}/b.txt)",
    ]
    assert launch() == ["comp-b", "look-b", "mask-b"]
    assert f"word notes={notes}/b.txt" in (made / "comp/b.txt").read_text()
    assert (made / "look/b.txt").read_text() == f"['{notes}/b.txt', ['{notes}/b.txt']]\n"
    assert launch() == []
    (notes / "b.txt").unlink()
    assert launch("--dry-run", "-V") == [
        f"comp 3: stale (input {notes}/b.txt is gone)",
        f"look 3: cached (stale input {notes}/b.txt is gone)",
    ]
    assert launch() == ["comp-b"]


def test_what_was_not_there_is_no_part_of_the_lineage(tmp_path: Path, launch: Launch) -> None:
    launch()

    steps = trace(WorkFolder(str(tmp_path / "made")), str(tmp_path / "made/comp/a.txt"))

    assert [(step.file, step.layer) for step in steps if step.depth == 1] == [
        ("mask/a.txt", "mask"),
        ("parts/a.txt", "split"),
    ]
