# SPDX-License-Identifier: Apache-2.0
"""A job in a work folder is the same on a farm as here."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cuebot_stub.server import FarmServer
from outline.work.folder import WorkFolder
from outline.work.results import layer_records, results_of
from tests.conftest import RunPycuerun
from tests.farm.commands import RunAtFarm, script
from tests.farm.hosts import Rqd
from tests.support import succeeded, until

pytestmark = [pytest.mark.measured, pytest.mark.slow]

OUTLINE = """
import os
from outline import Layer
from outline.items import files
plates = files("PLATES/*.txt")
grade = Shell("grade", items=plates, outputs="grade/%{KEY}.txt",
              command=["sh", "-c", 'echo grade-$2 >> "RAN"; tr a-z A-Z < "$0" > "$1"; '
                       'echo "{\\\\"s\\\\": [$3, $OL_SEED]}" > "$4"',
                       "%{INPUT}", "%{OUTPUT}", "%{KEY}", "%{SEED}", "%{RESULT}"])
class Size(Layer):
    def _execute(self, frames):
        for frame in frames:
            with open(self.output_path(frame), "w") as stream:
                print(os.path.getsize(self.input_path(frame)), self.random(frame).random(), file=stream)
            self.emit(frame, key=self.item_key(frame))
Size("size", items=plates, inputs=grade, outputs="size/%{KEY}.txt", chunk=2)
Shell("pack", items=plates, inputs=grade, outputs="pack/%{KEY}/", command=["cp", "%{INPUT}", "%{OUTPUT}/copy.txt"])
"""


def test_a_farm_makes_the_same_and_runs_only_what_is_missing(
    run_at_farm: RunAtFarm, run_pycuerun: RunPycuerun, rqd: Rqd, tmp_path: Path
) -> None:
    plates, ran = tmp_path / "plates", tmp_path / "ran"
    plates.mkdir()
    for name in "abc":
        (plates / f"{name}.txt").write_text(name * 7)
    job = script(tmp_path, OUTLINE.replace("PLATES", str(plates)).replace("RAN", str(ran)))
    here = run_pycuerun(job, "--backend", "local", "--work", tmp_path / "here")
    ran.unlink()

    first = run_at_farm(job, "--wait", "--work", str(tmp_path / "farm"))
    first_ran = sorted(ran.read_text().split())
    nothing = run_at_farm(job, "--wait", "--work", str(tmp_path / "farm"))
    (plates / "d.txt").write_text("dd")
    second = run_at_farm(job, "--wait", "--work", str(tmp_path / "farm"))

    assert [done.returncode for done in (here, first, nothing, second)] == [0, 0, 0, 0]
    assert first_ran == ["grade-a", "grade-b", "grade-c"]
    assert "nothing to do: all frames are done" in nothing.stdout
    assert sorted(ran.read_text().split()) == ["grade-a", "grade-b", "grade-c", "grade-d"]
    made = {path.relative_to(tmp_path / "here"): path.read_bytes() for path in (tmp_path / "here").rglob("*.txt")}
    assert len(made) == 9
    assert {name: (tmp_path / "farm" / name).read_bytes() for name in made} == made
    returned = [results_of(layer_records(WorkFolder(tmp_path / name), "grade"))[:3] for name in ("here", "farm")]
    assert returned[0] == returned[1]
    assert all(row["s"][0] == row["s"][1] for row in returned[0])


def test_a_chunk_keeps_the_frames_before_a_failure(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    folder, (ran, bad) = tmp_path / "made", (tmp_path / "ran", tmp_path / "bad-3")
    command = f"echo $0 >> {ran}; test ! -e {tmp_path}/bad-$0 || exit 3; echo $0 > $1"
    layer = f'Shell("render", ["sh", "-c", "{command}", "%{{FRAME}}", "%{{OUTPUT}}"], outputs="a.####.txt", chunk=4)'
    job = script(tmp_path, layer)
    bad.touch()

    failed = run_at_farm(job, "1-4", "--wait", "--max-retries", "1", "--work", str(folder))
    assert failed.returncode == 1, failed.stderr
    first = ran.read_text().split()
    bad.unlink()
    second = run_at_farm(job, "1-4", "--wait", "--work", str(folder))

    assert second.returncode == 0, second.stderr
    assert first == ["1", "2", "3", "3"]
    assert ran.read_text().split()[4:] == ["3", "4"]
    assert "is ended: superseded by launch 2 of" in second.stderr
    assert [(folder / f"a.000{frame}.txt").read_text() for frame in range(1, 5)] == ["1\n", "2\n", "3\n", "4\n"]


PASSES = """
from outline.items import files
from outline.modules.shell import ShellCommand
make = "echo cut >> RAN; mkdir -p WORK/cut; for i in 1 2; do echo $i > WORK/cut/$i.png; done"
cut = ShellCommand("cut", ["sh", "-c", make], inputs="MOVIE")
edges = Shell("edges", ["sh", "-c", 'echo edges-$2 >> RAN; cat "$0" > "$1"', "%{INPUT}", "%{OUTPUT}", "%{KEY}"],
              items=files("cut/*.png", after=cut), outputs="edges/%{KEY}.png")
"""


def test_items_that_a_layer_makes_are_a_second_job(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    movie, work, ran = tmp_path / "movie.mov", tmp_path / "made", tmp_path / "ran"
    movie.write_text("movie")
    replaced = {"MOVIE": str(movie), "WORK": str(work), "RAN": str(ran)}
    text = PASSES
    for name, value in replaced.items():
        text = text.replace(name, value)
    job = script(tmp_path, text)

    both = run_at_farm(job, "--wait", "--work", str(work))
    assert both.returncode == 0, both.stderr
    first = sorted(ran.read_text().split())
    other = run_at_farm(job, "--work", str(tmp_path / "other"))

    assert other.returncode == 0, other.stderr
    assert first == ["cut", "edges-1", "edges-2"]
    assert (work / "edges" / "1.png").read_text() == "1\n"
    assert other.stdout.splitlines()[-1] == "1 source waits for cut; run the same command again"


THINNED = """
run = 'echo $0-$1 >> RAN; test ! -e BAD-$0-$1 || exit 3; echo $1 > "$2"'
Shell("render", ["sh", "-c", run, "render", "%{FRAME}", "%{OUTPUT}"], outputs="r.####.txt", chunk=4)
Shell("comp", ["sh", "-c", run, "comp", "%{FRAME}", "%{OUTPUT}"], outputs="c.####.txt", inputs=["r.####.txt"], chunk=2)
Shell("first", ["true"], require=["render:any"])
Shell("sim", ["sh", "-c", run, "sim", "%{FRAME}", "%{OUTPUT}"], outputs="s.####.txt", require=["sim:prev"])
"""


def _ranges(pycue: Any, job: int) -> dict[str, str]:
    """The ranges that a farm got, by layer, of the job that was launched as the first, second or so."""
    jobs = sorted(pycue.api.getJobs(include_finished=True), key=lambda one: one.data.start_time)
    return {layer.data.name: layer.data.range for layer in jobs[job].getLayers()}


def test_a_farm_gets_only_the_frames_that_run_or_may_follow(
    run_at_farm: RunAtFarm, pycue: Any, rqd: Rqd, tmp_path: Path
) -> None:
    work, ran = tmp_path / "made", tmp_path / "ran"
    job = script(tmp_path, THINNED.replace("RAN", str(ran)).replace("BAD", str(tmp_path / "bad")))
    words = (job, "1-8", "--wait", "--max-retries", "1", "--work", str(work))
    whole = run_at_farm(*words)
    ran.write_text("")
    for name in ("r.0003.txt", "r.0006.txt", "c.0006.txt", "s.0002.txt"):
        (work / name).unlink()

    part = run_at_farm(*words, "-j", "part")
    part_ran = sorted(ran.read_text().split())
    (work / "r.0003.txt").unlink()
    (tmp_path / "bad-render-3").touch()
    ran.write_text("")
    run_at_farm(*words, "-j", "bad")
    (work / "r.0008.txt").unlink()
    ran.write_text("")
    left = run_at_farm(*words, "-j", "left", "--no-retry", "render")
    Path(job).write_text(Path(job).read_text().partition('Shell("first"')[0])
    none = run_at_farm(*words, "-j", "none", "--no-retry", "render")

    assert (whole.returncode, part.returncode, left.returncode) == (0, 0, 0), part.stderr + left.stderr
    assert part_ran == ["comp-6", "render-3", "render-6", "sim-2"]
    assert _ranges(pycue, 1) == {"render": "3,6", "comp": "3,6", "first": "1-8", "sim": "1-8"}
    assert sorted(ran.read_text().split()) == ["render-8"]
    assert "nothing can run: what is left waits for frames that failed" in none.stderr
    assert [(work / f"c.000{frame}.txt").read_text() for frame in range(1, 9)] == [f"{one}\n" for one in range(1, 9)]


def test_a_folder_belongs_to_its_job_until_that_is_over(
    run_at_farm: RunAtFarm, pycue: Any, rqd: Rqd, tmp_path: Path
) -> None:
    job = script(tmp_path, 'Shell("one", ["sh", "-c", "echo 1 > $0", "%{OUTPUT}"], range="1", outputs="one.txt")')
    run_at_farm(job, "--pause", "--work", str(tmp_path / "made"))

    refused = run_at_farm(job, "--work", str(tmp_path / "made"), "-j", "another")
    (paused,) = pycue.api.getJobs()
    paused.kill(reason="test")
    until(lambda: not pycue.api.getJobs())
    after = run_at_farm(job, "--wait", "--work", str(tmp_path / "made"))

    assert refused.returncode == 2
    assert f"is in use by the job {paused.data.name} on the farm since " in refused.stderr
    assert " (launch 1); wait for it, or use --take-over when you know that it is over\n" in refused.stderr
    assert after.returncode == 0
    assert (tmp_path / "made" / "one.txt").read_text() == "1\n"


#: How often a host is killed; OUTLINE_TEST_KILLS=50 is the whole check.
HOST_KILLS = 2 if "OUTLINE_TEST_KILLS" not in os.environ else int(os.environ["OUTLINE_TEST_KILLS"]) // 5


@pytest.mark.timeout(300 + 40 * HOST_KILLS)
def test_a_host_that_is_killed_costs_what_was_not_finished(
    run_at_farm: RunAtFarm,
    run_pycuerun: RunPycuerun,
    farm_server: FarmServer,
    start_rqd: Callable[..., Rqd],
    tmp_path: Path,
) -> None:
    plates, ran, made = tmp_path / "plates", tmp_path / "ran", tmp_path / "farm"
    plates.mkdir()
    for number in range(6 + 4 * HOST_KILLS):
        (plates / f"p{number}.txt").write_text(f"plate {number}")
    text = OUTLINE.replace("PLATES", str(plates)).replace("RAN", str(ran)).replace("tr a-z", "sleep 0.3; tr a-z")
    job = script(tmp_path, text)
    run_pycuerun(job, "--backend", "local", "--work", tmp_path / "here")
    expected = {path.relative_to(tmp_path / "here"): path.read_bytes() for path in (tmp_path / "here").rglob("*.txt")}
    ran.write_text("")
    host = start_rqd(farm_server, cores=2, fast_pings=True)
    chance = random.Random(random.randrange(10**6))

    assert run_at_farm(job, "--work", str(made)).returncode == 0
    done_before: list[tuple[set[str], int]] = []
    for _ in range(HOST_KILLS):
        time.sleep(chance.uniform(0.5, 4))
        done_before.append((succeeded(made), len(ran.read_text().split())))
        host.kill()
        host.start()
        host.wait_registered()
    until(lambda: all((made / name).exists() for name in expected))
    until(lambda: run_at_farm(job, "--wait", "--work", str(made)).stdout.startswith("nothing to do"))

    assert {name: (made / name).read_bytes() for name in expected} == expected
    for done, lines in done_before:
        assert done.isdisjoint(ran.read_text().split()[lines:])
