# SPDX-License-Identifier: Apache-2.0
"""Layers that read single files of a folder that another layer makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from outline.work.folder import WorkFolder
from outline.work.results import layer_records, results_of
from outline.work.trace import trace
from tests.conftest import RunPycuerun
from tests.support import launcher_in_work, outline_file

pytestmark = pytest.mark.measured

SCRIPT = """
from outline.items import lines
from outline.modules.shell import Shell, ShellCommand

keys = lines("keys.txt")
ShellCommand("extract", ["sh", "%{INPUT:code}", "%{OUTPUT}"], inputs={"code": "extract.sh"}, outputs="it's/frames/")
Shell("pick", items=keys, inputs="./it's/frames/sub/%{KEY}.png", outputs="pick/%{KEY}.png",
      command=["sh", "-c", 'echo pick-$2 >> ran; cat "$0" > "$1"', "%{INPUT}", "%{OUTPUT}", "%{KEY}"])
ShellCommand("sheet", ["sh", "-c", 'echo sheet >> ran; cat "$1" > "$0"', "%{OUTPUT}", "%{INPUT}"],
             inputs="it's/frames/index.txt", outputs="sheet.txt")
"""
EXTRACT = """echo extract >> ran
mkdir "$1/sub"
for key in 1 2 3 'a b'; do echo "picture $key" > "$1/sub/$key.png"; done
echo 4 > "$1/index.txt"
"""

REMEDY = "; make it there, or name the input in optional="

Launch = Callable[..., list[str]]


@pytest.fixture
def launch(tmp_path: Path, run_pycuerun: RunPycuerun) -> Launch:
    """Launch the job into ``made``, and give what ran, or of a dry run why something will, or what failed."""
    (tmp_path / "keys.txt").write_text("1\n2\na b\n")
    (tmp_path / "extract.sh").write_text(EXTRACT)
    outline_file(tmp_path, SCRIPT)
    return launcher_in_work(run_pycuerun, tmp_path)


def traced(folder: Path, file: str, *, down: bool = False) -> list[tuple[int, str, str]]:
    """Depth, file and layer of each step of a trace."""
    steps = trace(WorkFolder(str(folder / "made")), str(folder / "made" / file), down=down)
    return [(step.depth, step.file, step.layer) for step in steps]


def errors_of(folder: Path, layer: str) -> list[tuple[str, str]]:
    """Key and error of each frame of a layer that failed."""
    rows = results_of(layer_records(WorkFolder(str(folder / "made")), layer), failed=True)
    return [(row["key"], row["error"]) for row in rows]


def test_a_file_in_a_folder_is_an_input_with_a_digest_of_its_own(tmp_path: Path, launch: Launch) -> None:
    assert launch() == ["extract", "pick-1", "pick-2", "pick-a b", "sheet"]
    assert (tmp_path / "made/pick/a b.png").read_text() == "picture a b\n"
    assert launch() == []
    (tmp_path / "extract.sh").write_text(EXTRACT + 'echo other > "$1/sub/2.png"\n')
    assert launch("--dry-run", "-V") == [
        f"extract 1000: stale (input {tmp_path}/extract.sh)",
        "pick 1-3: upstream",
        "sheet 1000: upstream",
    ]
    assert launch() == ["extract", "pick-2"]
    assert launch() == []


def test_lineage_goes_through_the_file_in_the_folder(tmp_path: Path, launch: Launch) -> None:
    launch()

    assert traced(tmp_path, "pick/2.png") == [
        (0, "pick/2.png", "pick"),
        (1, "it's/frames/sub/2.png", "extract"),
        (2, f"{tmp_path}/extract.sh", ""),
    ]
    assert traced(tmp_path, "it's/frames/sub/2.png", down=True) == [
        (0, "it's/frames/sub/2.png", "extract"),
        (1, "pick/2.png", "pick"),
    ]
    assert [file for depth, file, _ in traced(tmp_path, "it's/frames", down=True) if depth == 1] == [
        "pick/1.png",
        "pick/2.png",
        "pick/a b.png",
        "sheet.txt",
    ]
    assert traced(tmp_path, "it's/frames/sub/3.png", down=True) == [(0, "it's/frames/sub/3.png", "extract")]


def test_a_file_that_the_maker_has_not_made_fails_the_frame_that_reads_it(
    tmp_path: Path, launch: Launch, run_pycuerun: RunPycuerun
) -> None:
    (tmp_path / "keys.txt").write_text("1\nnone\n2\n")

    assert launch(code=1) == ["extract", "pick-1", "pick-2", "sheet"]

    (error,) = errors_of(tmp_path, "pick")
    made = f"{tmp_path}/made/it's/frames/sub/none.png"
    assert error == ("none", f"layer 'pick': frame 2: layer 'extract' has not made its input 'main', {made}{REMEDY}")
    (tmp_path / "extract.sh").write_text(EXTRACT + 'echo late > "$1/sub/none.png"\n')
    assert launch() == ["extract", "pick-none"]


def test_a_chunk_names_all_that_it_lacks(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "keys.txt").write_text("1\nnone\n2\nnothing\n")
    outline_file(tmp_path, SCRIPT.replace("items=keys,", "items=keys, chunk=4,"))

    assert launch(code=1) == ["extract", "sheet"]

    made = f"{tmp_path}/made/it's/frames/sub"
    told = f"layer 'extract' has not made its input 'main', {made}"
    error = f"layer 'pick': frame 2: {told}/none.png; frame 4: {told}/nothing.png{REMEDY}"
    assert errors_of(tmp_path, "pick") == [(key, error) for key in ("1", "none", "2", "nothing")]


CLIPS = """
from outline.items import files, lines
from outline.modules.shell import Shell, ShellCommand

clips = lines("clips.txt")
extract = Shell("extract", items=clips, inputs={"code": "extract.sh"}, outputs="frames/%{KEY}/",
                command=["sh", "%{INPUT:code}", "%{OUTPUT}", "%{KEY}"])
Shell("pick", items=clips, inputs=extract.output("main", "%{KEY}.png"), outputs="pick/%{KEY}.png",
      command=["sh", "-c", 'echo "pick-$2" >> ran; cat "$0" > "$1"', "%{INPUT}", "%{OUTPUT}", "%{KEY}"])
sheet = ["sh", "-c", 'echo sheet >> ran; out=$0; cat "$@" > "$out"', "%{OUTPUT}", "%{INPUT:all}", "%{INPUT:one}"]
ShellCommand("sheet", sheet, outputs="sheet.txt",
             inputs={"all": extract.output("main", "link"), "one": "frames/b/b.png"})
edges = files("frames/*/*.png", after=extract)
Shell("edges", items=edges, inputs={"item": "%{ITEM}", "log": "frames/a/link"}, outputs="edges/%{KEY}.txt",
      command=["sh", "-c", 'echo "edges-$2" >> ran; cat "$0" > "$1"', "%{INPUT:item}", "%{OUTPUT}", "%{KEY}"])
"""
CLIP = """echo "extract-$2" >> ran
for name in "$2" other; do echo "$name" > "$1/$name.png"; done
ln -s other.png "$1/link"
"""


def test_each_item_reads_in_the_folder_of_its_own(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "clips.txt").write_text("a\nb\n")
    (tmp_path / "extract.sh").write_text(CLIP)
    outline_file(tmp_path, CLIPS)
    edges = ["edges-a/a", "edges-a/other", "edges-b/b", "edges-b/other"]

    assert launch() == [*edges, "extract-a", "extract-b", "pick-a", "pick-b", "sheet"]
    assert (tmp_path / "made/sheet.txt").read_text() == "other\nother\nb\n"
    assert launch() == []
    (tmp_path / "extract.sh").write_text(CLIP + 'if test "$2" = b; then echo new > "$1/other.png"; fi\n')
    assert launch() == ["edges-b/other", "extract-a", "extract-b", "sheet"]
    (tmp_path / "made/pick/a.png").unlink()
    assert launch("--layer", "pick") == ["pick-a"]
    assert launch("--force", "extract", "--only", "a") == ["extract-a", "sheet"]
    assert [step for step in traced(tmp_path, "edges/b/b.txt") if step[0] == 1] == [
        (1, "frames/b/b.png", "extract"),
        (1, "frames/a/link", "extract"),
    ]
    assert [step[1] for step in traced(tmp_path, "frames/a", down=True) if step[0] == 1] == [
        "edges/a/a.txt",
        "edges/a/other.txt",
        "edges/b/b.txt",
        "edges/b/other.txt",
        "pick/a.png",
        "sheet.txt",
    ]


NAMED = """
from outline.items import rows
from outline.modules.shell import Shell, ShellCommand

table = rows("table.csv")
ShellCommand("text", ["sh", "-c", 'split -l 1 "$0" "$1/"', "%{INPUT}", "%{OUTPUT}"], inputs="text.txt",
             outputs="parts/")
Shell("clip", ["sh", "-c", 'cp "$0" "$1/x.txt"', "%{INPUT}", "%{OUTPUT}"], items=table, inputs="text.txt",
      outputs="made/%{KEY}/")
for name, path in (("one", "%{ITEM:part}"), ("two", "made/%{ITEM:clip}"), ("three", "%{ITEM:folder}")):
    Shell(name, ["sh", "-c", f'echo {name}-%{{KEY}} >> ran; ls "$0" > "$1"', "%{INPUT}", "%{OUTPUT}"],
          items=table, inputs=path, outputs=f"{name}/%{{KEY}}.txt")
"""


def test_items_alone_may_say_where_in_a_folder_a_file_is(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "text.txt").write_text("one\ntwo\n")
    (tmp_path / "table.csv").write_text("k,part,clip,folder\na,parts/aa,a/x.txt,made/b\nb,parts/ab,a/x.txt,made/b\n")
    outline_file(tmp_path, NAMED)

    assert launch() == ["one-a", "one-b", "three-a", "three-b", "two-a", "two-b"]
    assert launch() == []
    (tmp_path / "text.txt").write_text("one\nthree\n")
    assert launch() == ["one-b", "three-a", "three-b", "two-a", "two-b"]
    assert traced(tmp_path, "one/b.txt") == [
        (0, "one/b.txt", "one"),
        (1, "parts/ab", "text"),
        (2, f"{tmp_path}/text.txt", ""),
    ]
