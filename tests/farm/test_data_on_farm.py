# SPDX-License-Identifier: Apache-2.0
"""Frames that come from data on a farm with a real RQD: what is rare, and must be as on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cuebot_stub.server import FarmServer
from outline.work.folder import WorkFolder
from outline.work.results import Summary, layer_records, results_of
from tests.conftest import REPOSITORY, RunPycuerun
from tests.farm.commands import RunAtFarm, script
from tests.farm.hosts import Rqd
from tests.support import environ_with, needs

pytestmark = pytest.mark.slow


def _files(folder: Path, pattern: str) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob(pattern)}


BALL = """
from outline.items import rows
from outline.modules.povray import PovRay
PovRay("ball", items=rows("frames.csv", key="name"), scene="ball.pov", outputs="pictures/%{KEY}.####.bmp",
       width=64, height=48, chunk=2)
"""


@pytest.mark.realtool
@needs("povray")
def test_a_renderer_renders_the_frames_that_items_name(
    run_at_farm: RunAtFarm, run_pycuerun: RunPycuerun, rqd: Rqd, tmp_path: Path
) -> None:
    shutil.copy(REPOSITORY / "tests" / "data" / "scenes" / "ball.pov", tmp_path)
    (tmp_path / "frames.csv").write_text("name,frame\nfirst,3\nlast,9\nmiddle,6\n")
    job = script(tmp_path, BALL)
    here = run_pycuerun(job, "--backend", "local", "--work", tmp_path / "here", cwd=tmp_path)

    farm = run_at_farm(job, "--wait", "--work", "farm")

    made = _files(tmp_path / "farm", "*.bmp")
    assert (here.returncode, farm.returncode) == (0, 0), here.stderr + farm.stderr
    assert set(made) == {f"pictures/{name}.bmp" for name in ("first.0003", "last.0009", "middle.0006")}
    assert made == _files(tmp_path / "here", "*.bmp")
    assert len(set(made.values())) == 3


COPIES = """
from outline.items import files
plates = files("plates/*.txt")
upper = Shell("upper", ["sh", "-c", 'echo ran >> ROOT/ran; tr a-z A-Z < "$0" > "$1"', "%{INPUT}", "%{OUTPUT}"],
              items=plates, outputs="upper/%{KEY}.txt", chunk=2)
Shell("twice", ["sh", "-c", 'echo ran >> ROOT/ran; cat "$0" "$0" > "$1"; echo \\'{"n": 2}\\' > "$2"',
                "%{INPUT}", "%{OUTPUT}", "%{RESULT}"], items=plates, inputs=upper, outputs="twice/%{KEY}.txt")
"""


def test_a_farm_copies_what_the_cache_holds(
    run_at_farm: RunAtFarm, run_pycuerun: RunPycuerun, rqd: Rqd, tmp_path: Path
) -> None:
    (tmp_path / "plates").mkdir()
    for name in "abc":
        (tmp_path / "plates" / f"{name}.txt").write_text(name * 5)
    job = script(tmp_path, COPIES.replace("ROOT", str(tmp_path)))
    kept = {"OUTLINE_OUTLINE_CACHE": str(tmp_path / "cache")}
    here = run_pycuerun(job, "--backend", "local", "--work", tmp_path / "here", cwd=tmp_path, env=kept)
    assert here.returncode == 0, here.stderr
    assert (tmp_path / "ran").read_text().count("ran") == 6
    (tmp_path / "plates" / "d.txt").write_text("d")

    farm = run_at_farm(job, "--wait", "--work", "farm", **kept)

    assert farm.returncode == 0, farm.stderr
    assert re.search(r"^upper .* 1 of 4  3 cached, 1 new$", farm.stdout, re.M), farm.stdout
    assert (tmp_path / "ran").read_text().count("ran") == 8
    made, before = _files(tmp_path / "farm", "*.txt"), _files(tmp_path / "here", "*.txt")
    assert len(made) == 8
    assert {name: made[name] for name in before} == before
    assert results_of(layer_records(WorkFolder(tmp_path / "farm"), "twice"))[0]["n"] == 2


PARTS = """
from outline.modules.shell import ShellCommand
ShellCommand("extract", ["sh", "-c", 'cp -r ROOT/movie/. "$0"', "%{OUTPUT}"], inputs="movie", outputs="frames/")
Shell("pick", ["sh", "-c", 'echo pick-$1 >> ROOT/ran; out=$0; shift; cat "$@" > "$out"', "%{OUTPUT}", "%{KEY}",
               "%{INPUT}", "%{INPUT:note}"], items=["a", "b", "c"], outputs="pick/%{KEY}.txt",
      inputs={"main": "frames/%{KEY}.txt", "note": "notes/%{KEY}.txt"}, optional="note")
"""


def test_a_farm_reads_single_files_of_a_folder_and_lacks_what_may_be_lacking(
    run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path
) -> None:
    movie, made = tmp_path / "movie", tmp_path / "made"
    movie.mkdir()
    for name in "ab":
        (movie / f"{name}.txt").write_text(name)
    job = script(tmp_path, PARTS.replace("ROOT", str(tmp_path)))

    done = run_at_farm(job, "--wait", "--max-retries", "0", "--work", "made")

    assert done.returncode == 1, done.stdout + done.stderr
    (failed,) = results_of(layer_records(WorkFolder(made), "pick"), failed=True)
    lacking = f"layer 'extract' has not made its input 'main', {made}/frames/c.txt"
    assert (failed["key"], failed["error"]) == (
        "c",
        f"layer 'pick': frame 3: {lacking}; make it there, or name the input in optional=",
    )
    assert (made / "pick/a.txt").read_text() == "a"
    (movie / "c.txt").write_text("c")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/b.txt").write_text(" noted")
    (tmp_path / "ran").unlink()
    done = run_at_farm(job, "--wait", "--max-retries", "0", "--work", "made")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted((tmp_path / "ran").read_text().split()) == ["pick-b", "pick-c"]
    assert [(made / f"pick/{name}.txt").read_text() for name in "abc"] == ["a", "b noted", "c"]


BAD = """
from outline.items import lines
make = 'test "$0" != bad || exit 3; echo $0 > "$1"'
Shell("make", ["sh", "-c", make, "%{KEY}", "%{OUTPUT}"], items=lines("names.txt"), outputs="%{KEY}.txt"IGNORE)
Shell("after", ["true"], range="1", require=["make:all"])
"""


@pytest.mark.parametrize(
    ("argument", "option"), [(", ignore_errors=True", ()), ("", ("--ignore-errors",))], ids=["argument", "option"]
)
def test_a_farm_eats_frames_whose_errors_are_ignored(
    run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path, argument: str, option: tuple[str, ...]
) -> None:
    (tmp_path / "names.txt").write_text("one\nbad\nthree\n")
    job = script(tmp_path, BAD.replace("IGNORE", argument))

    done = run_at_farm(job, "--wait", "--max-retries", "1", "--work", "made", *option)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^  make +2 +1 +3$", done.stdout, re.M), done.stdout
    found = Summary(WorkFolder(tmp_path / "made"))
    assert [words.partition(": ")[0] for _, words in found.errors] == ["exit status 3"]
    states = found.layers["make"]
    assert {name: sorted(keys) for name, keys in states.items()} == {"done": ["one", "three"], "failed": ["bad"]}


def test_a_session_of_this_machine_hides_no_job_that_only_a_farm_can_end(
    run_at_farm: RunAtFarm, run_pycuerun: RunPycuerun, farm_server: FarmServer, tmp_path: Path
) -> None:
    job = script(tmp_path, 'Shell("one", ["true"], range="1")')
    run_at_farm(job, "--pause")
    run_pycuerun(job, "--backend", "local", "--quiet")
    name = "testing-default-tester_shot"
    assert run_at_farm("status", name, tool=True).returncode == 0

    code = "import sys; from outline.cli import outline_main; sys.exit(outline_main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "kill", name],
        env=environ_with(CUEBOT_HOSTS=f"127.0.0.1:{farm_server.port}"),
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (0, f"{name} is killed\n"), done.stderr


CUT = """
from outline import Layer, current_outline
from outline.items import files
from outline.modules.shell import ShellCommand
current_outline().set_arg("seed", 7)
cut = ShellCommand("cut", ["sh", "-c", 'mkdir -p "$0"; for i in 1 2 3; do echo $i > "$0/$i.png"; done', "WORK/cut"],
                   inputs="movie.mov")
class Edges(Layer):
    def _execute(self, frames):
        for frame in frames:
            with open(self.output_path(frame), "w") as stream:
                print(open(self.input_path(frame)).read(), self.random(frame).random(), file=stream)
            self.emit(frame, edge=self.random(frame).random())
            self.count("edges", 2)
Edges("edges", items=files("cut/*.png", after=cut), outputs="edges/%{KEY}.png", chunk=2)
"""


def test_the_same_command_again_is_the_second_pass(
    run_at_farm: RunAtFarm, run_pycuerun: RunPycuerun, rqd: Rqd, tmp_path: Path
) -> None:
    (tmp_path / "movie.mov").write_text("movie")
    job = script(tmp_path, CUT.replace("WORK", str(tmp_path / "here")))
    here = run_pycuerun(job, "--backend", "local", "--work", tmp_path / "here", cwd=tmp_path)
    assert here.returncode == 0, here.stderr
    job = script(tmp_path, CUT.replace("WORK", str(tmp_path / "farm")))

    first = run_at_farm(job, "--work", "farm", "--base-name", "first")
    run_at_farm("status", "testing-default-tester_first", "--watch", tool=True)
    second = run_at_farm(job, "--work", "farm", "--base-name", "second", "--wait")
    third = run_at_farm(job, "--work", "farm", "--base-name", "third")

    assert first.stdout.splitlines()[-1] == "1 source waits for cut; run the same command again"
    assert second.returncode == 0, second.stderr
    assert re.search(r"^edges .* 3 of 3  3 new$", second.stdout, re.M), second.stdout
    assert third.stdout == "nothing to do: all frames are done\n"
    assert _files(tmp_path / "farm", "*.png") == _files(tmp_path / "here", "*.png")
    summaries = [Summary(WorkFolder(tmp_path / name)) for name in ("here", "farm")]
    assert summaries[0].counts == summaries[1].counts == {("edges", "edges"): 6}
    results = [results_of(layer_records(WorkFolder(tmp_path / name), "edges")) for name in ("here", "farm")]
    assert results[0] == results[1]
    assert len({row["edge"] for row in results[0]}) == 3
