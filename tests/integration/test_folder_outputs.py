# SPDX-License-Identifier: Apache-2.0
"""A frame whose output is a folder, or tiles: known with all files of it, a folder whole or not at all.

And outputs that frames may lack.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from outline.work.folder import WorkFolder
from outline.work.merge import merge
from outline.work.orphans import remove_orphans
from tests.conftest import RunPycuerun
from tests.support import launcher_in_work, outline_file

pytestmark = pytest.mark.measured

SCRIPT = """
from outline.items import lines
from outline.modules.shell import Shell

keys = lines("keys.txt")
sim = Shell("sim", items=keys, inputs={"code": "sim.sh"}, outputs="caches/%{KEY}/",
            command=["sh", "%{INPUT:code}", "%{OUTPUT}", "%{KEY}"])
Shell("size", items=keys, inputs="caches/%{KEY}", outputs="size/%{KEY}.txt",
      command=["sh", "-c", 'echo size-$2 >> ran; cat "$0"/*.bin "$0"/sub/* > "$1"', "%{INPUT}", "%{OUTPUT}", "%{KEY}"])
"""
SIM = 'echo "sim-$2" >> ran; mkdir "$1/sub"; echo "$2" > "$1/one.bin"; echo two > "$1/sub/two.bin"\n'

Launch = Callable[..., list[str]]


@pytest.fixture
def launch(tmp_path: Path, run_pycuerun: RunPycuerun) -> Launch:
    """Launch the job into ``made``, or another folder, and give what ran, or of a dry run why something will."""
    (tmp_path / "keys.txt").write_text("a b\nü/it's\n")
    (tmp_path / "sim.sh").write_text(SIM)
    outline_file(tmp_path, SCRIPT)
    return launcher_in_work(run_pycuerun, tmp_path, OUTLINE_OUTLINE_CACHE=str(tmp_path / "cache"))


def contents(folder: Path) -> dict[str, str]:
    """All files of a work folder but what it keeps for itself."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".outline" not in path.parts]
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def test_a_folder_is_made_whole_and_known_by_what_is_in_it(tmp_path: Path, launch: Launch) -> None:
    made = tmp_path / "made"
    everything = ["sim-a b", "sim-ü/it's", "size-a b", "size-ü/it's"]

    assert launch() == everything
    whole = contents(made)
    assert whole["caches/ü/it's/sub/two.bin"] == "two\n"
    assert whole["size/a b.txt"] == "a b\ntwo\n"
    assert launch() == []
    shutil.rmtree(tmp_path / "cache")
    (made / "caches/a b/sub/two.bin").unlink()
    (made / "caches/ü/it's/one.bin").write_text("painted")
    assert launch("--dry-run", "-V") == [
        "sim 1: missing (caches/a b lacks files)",
        "sim 2: edited (caches/ü/it's)",
        "size 1-2: upstream",
    ]
    assert launch() == everything[:2]  # they make the same bytes
    assert contents(made) == whole
    (edited,) = (made / ".outline" / "edited").rglob("one.bin")
    assert edited.read_text() == "painted"
    assert launch("--dry-run", "-V", work="another") == ["sim 1-2: cached", "size 1-2: new"]
    assert launch(work="another") == everything[2:]
    assert contents(tmp_path / "another") == whole


def test_a_frame_that_fails_leaves_the_folder_as_it_was(tmp_path: Path, launch: Launch) -> None:
    launch()
    before = contents(tmp_path / "made")
    (tmp_path / "sim.sh").write_text(f'{SIM}test "$2" = \'a b\' && rm -r "$1"/* || exit 3\n')

    launch(code=1)

    assert contents(tmp_path / "made") == before
    assert list((tmp_path / "made").rglob(".part-*")) == []


def test_an_output_in_a_folder_that_is_replaced_is_refused(
    tmp_path: Path, launch: Launch, run_pycuerun: RunPycuerun
) -> None:
    outline_file(tmp_path, SCRIPT.replace('outputs="size/%{KEY}.txt"', 'outputs="caches/%{KEY}/size.txt"'))

    done = run_pycuerun("shot.outline", "--backend", "local", "--work", "made", cwd=tmp_path)

    told = "caches/a b/size.txt, an output of frame 1 of layer 'size', is in caches/a b, which frame 1 of layer 'sim'"
    assert (done.returncode, f"{told} replaces as a whole; move it" in done.stderr) == (2, True)


TILES = """
from outline.modules.shell import Shell

tiles = Shell("tiles", range="1-2", inputs={"code": "tiles.sh"}, outputs="t.####.<UDIM>.txt",
              command=["sh", "%{INPUT:code}", "%{OUTPUT}"])
Shell("sheet", range="1-2", inputs=tiles, outputs="s.####.txt",
      command=["sh", "-c", 'echo sheet >> ran; echo "$0" > "$1"', "%{INPUT}", "%{OUTPUT}"])
"""
TILE = """echo tiles >> ran
for tile in 1001 1002; do echo $tile > "$(echo "$1" | sed "s/<UDIM>/$tile/")"; done
"""


def test_tiles_are_known_together(tmp_path: Path, launch: Launch) -> None:
    made = tmp_path / "made"
    (tmp_path / "tiles.sh").write_text(TILE)
    outline_file(tmp_path, TILES)

    assert launch() == ["sheet"] * 2 + ["tiles"] * 2
    assert (made / "s.0001.txt").read_text() == f"{made}/t.0001.<UDIM>.txt\n"
    assert launch() == []
    (made / "t.0001.1001.txt").write_text("painted")
    (made / "t.0002.1002.txt").unlink()
    assert launch("--dry-run", "-V") == [
        "tiles 1: edited (t.0001.<UDIM>.txt)",
        "tiles 2: missing (t.0002.<UDIM>.txt lacks files)",
        "sheet 1-2: upstream",
    ]
    assert launch() == ["tiles"] * 2
    (edited,) = (made / ".outline" / "edited").rglob("t.0001.1001.txt")
    assert edited.read_text() == "painted"
    (tmp_path / "tiles.sh").write_text(TILE.replace("echo $tile >", "echo new $tile >"))
    assert launch() == ["sheet"] * 2 + ["tiles"] * 2


def test_tiles_are_merged_and_removed_together(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "tiles.sh").write_text(TILE)
    outline_file(tmp_path, TILES)
    launch()
    work = WorkFolder(tmp_path / "merged")

    merge([WorkFolder(tmp_path / "made")], work)
    assert contents(tmp_path / "merged") == contents(tmp_path / "made")
    outline_file(tmp_path, SCRIPT)
    launch(work="merged")
    remove_orphans(work)

    assert not list((tmp_path / "merged").glob("*.txt"))


LOGS = """
from outline.items import lines
from outline.modules.shell import Shell

sim = Shell("sim", ["sh", "%{INPUT:code}", "%{OUTPUT}", "%{OUTPUT:log}", "%{KEY}"], items=lines("keys.txt"),
            inputs={"code": "sim.sh"}, outputs={"main": "sim/%{KEY}.txt", "log": "logs/%{KEY}.txt"}, optional="log")
Shell("look", ["sh", "-c", 'echo look-%{KEY} >> ran; cat "$@" > "$0"', "%{OUTPUT}", "%{INPUT:sim}", "%{INPUT:log}"],
      items=lines("keys.txt"), inputs={"sim": sim.output("main"), "log": sim.output("log")}, optional="log",
      outputs="look/%{KEY}.txt")
"""
LOG = 'echo "sim-$3" >> ran; echo "$3" > "$1"; if [ "$3" = a ]; then echo said > "$2"; fi\n'


def test_what_frames_may_lack_is_known_where_it_was_made(tmp_path: Path, launch: Launch) -> None:
    made = tmp_path / "made"
    (tmp_path / "keys.txt").write_text("a\nb\n")
    (tmp_path / "sim.sh").write_text(LOG)
    outline_file(tmp_path, LOGS)
    everything = ["look-a", "look-b", "sim-a", "sim-b"]

    assert launch() == everything
    assert launch() == []
    shutil.copytree(made, tmp_path / "copy")
    assert launch("--dry-run", "-V", work="another") == ["sim 1-2: cached", "look 1-2: cached"]
    assert launch(work="another") == []
    assert contents(tmp_path / "another") == contents(made)
    shutil.rmtree(tmp_path / "cache")
    (made / "logs/a.txt").unlink()
    assert launch("--dry-run", "-V") == ["sim 1: missing (logs/a.txt)", "look 1: upstream"]
    assert launch() == ["sim-a"]
    (made / "logs/a.txt").write_text("mine")
    assert launch("--dry-run", "-V") == ["sim 1: cached (edited logs/a.txt)", "look 1: upstream"]

    merge([WorkFolder(tmp_path / "copy")], WorkFolder(tmp_path / "merged"))
    assert contents(tmp_path / "merged") == contents(tmp_path / "copy")
    (tmp_path / "keys.txt").write_text("b\n")
    launch(work="copy")
    remove_orphans(WorkFolder(tmp_path / "copy"))
    assert set(contents(tmp_path / "copy")) == {"sim/b.txt", "look/b.txt"}
