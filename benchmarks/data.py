# SPDX-License-Identifier: Apache-2.0
"""Measures jobs in a work folder against make and ninja: `python benchmarks/data.py [--quick] [--out FILE]`.

The tools take turns. Each copies every file twice, one layer after the other, then does the same again with nothing to
do, then with one file changed.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.envs import clean_environ

REPOSITORY = Path(__file__).resolve().parent.parent
LAYERS = ("one", "two")
_PR_SET_CHILD_SUBREAPER = 36

_OUTLINE = """
from outline.items import files
from outline.modules.shell import Shell

source = files("in/*.txt")
one = Shell("one", items=source, command=["cp", "%{INPUT}", "%{OUTPUT}"], outputs="one/%{KEY}.txt")
two = Shell("two", items=source, inputs=one, command=["cp", "%{INPUT}", "%{OUTPUT}"], outputs="two/%{KEY}.txt")
"""
_MAKEFILE = """
names := $(notdir $(wildcard in/*.txt))
all: $(addprefix two/,$(names))
one/%: in/%
	@cp $< $@
two/%: one/%
	@cp $< $@
.SECONDARY:
"""


class Line(NamedTuple):
    """One row of the table."""

    work: str
    reference: str
    figure: str
    target: str
    met: bool


class Cost(NamedTuple):
    """What a command took: seconds on the clock, and of the processor, with all that it has started."""

    seconds: float
    cpu: float


def cost(argv: Sequence[str], folder: Path) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: It failed.
    """
    environ = {**clean_environ(), "PYTHONPATH": str(REPOSITORY), "HOME": str(folder)}
    environ["OUTLINE_OUTLINE_SESSION_DIR"] = str(folder / "sessions")
    before, began = _used(), time.perf_counter()
    done = subprocess.run(argv, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    _reap_orphans()
    if done.returncode:
        raise RuntimeError(f"{argv[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Cost(seconds, _used() - before)


def _reap_orphans() -> None:
    """Wait for processes that have outlived the command; they are ours since ``main`` has asked for them."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Tool(NamedTuple):
    """A tool, and how it is called in a folder that holds its job."""

    name: str
    argv: list[str]
    outputs: str


def tools() -> list[Tool]:
    """This library first, then those of the field that are there."""
    ours = [sys.executable, "-m", "outline", "job.outline", "--backend", "local", "--work", "made", "--quiet"]
    found = [Tool("outline", ours, "made/two")]
    others = [Tool("make", ["make", "-s", "-j2"], "two"), Tool("ninja", ["ninja", "--quiet", "-j2"], "two")]
    return found + [tool for tool in others if shutil.which(tool.name)]


def prepare(folder: Path, count: int) -> None:
    """Put inputs and the job of every tool into a folder."""
    for name in ("in", *LAYERS):
        (folder / name).mkdir(parents=True)
    names = [f"f{number:05d}.txt" for number in range(count)]
    for name in names:
        (folder / "in" / name).write_text(f"{name}\n")
    (folder / "job.outline").write_text(_OUTLINE)
    (folder / "Makefile").write_text(_MAKEFILE)
    rules = ["rule cp", "  command = cp $in $out"]
    rules += [f"build one/{name}: cp in/{name}\nbuild two/{name}: cp one/{name}" for name in names]
    (folder / "build.ninja").write_text("\n".join(rules) + "\n")


# -- two layers of cp ------------------------------------------------------------------------------------------


def measure_copies(folder: Path, count: int, turns: int) -> Iterator[Line]:
    """First run, nothing to do, one file changed: in turns with make and ninja."""
    costs: dict[tuple[str, str], list[Cost]] = {}
    field = tools()
    for turn in range(turns):
        places = {tool.name: folder / f"{tool.name}{turn}" for tool in field}
        for place in places.values():
            prepare(place, count)
        for tool in field[turn % len(field) :] + field[: turn % len(field)]:
            costs.setdefault(("first", tool.name), []).append(cost(tool.argv, places[tool.name]))
            made = len(list((places[tool.name] / tool.outputs).iterdir()))
            if made != count:
                raise RuntimeError(f"{tool.name} made {made} of {count} files")
        for _ in range(3):
            for tool in field:
                costs.setdefault(("nothing", tool.name), []).append(cost(tool.argv, places[tool.name]))
        for tool in field:
            (places[tool.name] / "in" / "f00007.txt").write_text("another text\n")
            costs.setdefault(("one", tool.name), []).append(cost(tool.argv, places[tool.name]))
            if (places[tool.name] / tool.outputs / "f00007.txt").read_text() != "another text\n":
                raise RuntimeError(f"{tool.name} has not made the changed file")
        for place in places.values():
            shutil.rmtree(place)
    yield from _copy_lines(costs, count)


def _copy_lines(costs: dict[tuple[str, str], list[Cost]], count: int) -> Iterator[Line]:
    def median(work: str, tool: str) -> Cost:
        return Cost(*(statistics.median(column) for column in zip(*costs[work, tool], strict=True)))

    def figure(work: str, tool: str) -> str:
        return f"{tool} {median(work, tool).seconds:.2f} s (CPU {median(work, tool).cpu:.2f})"

    others = [tool for work, tool in costs if work == "first" and tool != "outline"]
    for work, title, share in (("first", f"2 x {count} files, first run", 1.5), ("nothing", "nothing to do", 0.6)):
        ratio = median(work, "outline").seconds / median(work, "make").seconds
        reference = ", ".join(figure(work, tool) for tool in others)
        yield Line(
            title, reference, f"{figure(work, 'outline')}, {ratio:.2f} x make", f"{share} x make", ratio <= share
        )
    more = median("one", "outline").seconds - median("nothing", "outline").seconds
    reference = ", ".join(figure("one", tool) for tool in others)
    own = f"{figure('one', 'outline')}, {more:+.2f} s"
    yield Line("one file changed", reference, own, "nothing to do + 0.3 s", more <= 0.3)


# -- plans and digests -----------------------------------------------------------------------------------------

_PLAN = """
import resource, sys, time
from outline.cuerun import OutlineLauncher
from outline.launch_in_folder import plan_in_folder
from outline.loader import load_outline
began = time.perf_counter()
plan = plan_in_folder(OutlineLauncher(load_outline("job.outline"), work="made", range=None))
assert not plan.has_work, [plan.counts(name) for name in plan.decisions]
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
_PLAN_OUTLINE = """
from outline.modules.shell import Shell
Shell("one", range="1-{count}", rerun="changed", command=["true"])
"""


def measure_plan(folder: Path, sizes: Sequence[int]) -> Iterator[Line]:
    """Seconds and memory of a plan of frames that are all done."""
    seconds = []
    for size in sizes:
        place = folder / f"plan{size}"
        place.mkdir(parents=True)
        (place / "job.outline").write_text(_PLAN_OUTLINE.replace("{count}", str(size)))
        _done_before(place, size)
        argv = [sys.executable, "-c", _PLAN]
        environ = {**clean_environ(), "PYTHONPATH": str(REPOSITORY)}
        text = subprocess.run(argv, cwd=place, env=environ, check=True, capture_output=True, text=True).stdout
        took, memory_mb = map(float, text.split())
        seconds.append(took)
        share = size / 1_000_000
        is_good = took <= 20 * share + 1 and memory_mb <= 1000 * share + 100
        own = f"{took:.2f} s, {memory_mb:.0f} MB"
        yield Line(f"plan of {size} frames that are done", "", own, f"{20 * share:g} s, 1 GB per million", is_good)
        shutil.rmtree(place)


def _done_before(place: Path, size: int) -> None:
    """Write the records of a launch in which all frames were done."""
    from outline.frame_end import FrameEnd
    from outline.loader import load_outline
    from outline.work.decide import Record
    from outline.work.fingerprint import layer_parts
    from outline.work.folder import WorkFolder
    from outline.work.records import begin_line, end_line

    folder = WorkFolder(place / "made")
    launch = folder.begin_launch({})
    launch.note(parts={"one": layer_parts(load_outline(str(place / "job.outline")).get_layer("one"))}, over=True)
    with open(os.path.join(folder.records, "1-host-1-00000000.jsonl"), "wb") as stream:
        for number in range(1, size + 1):
            record = Record("one", str(number), 1, 1, FrameEnd(seconds=0.1))
            stream.write(begin_line(record) + end_line(record))


_ITEMS = """
import resource, time
from outline.cuerun import OutlineLauncher
from outline.launch_in_folder import plan_in_folder
from outline.loader import load_outline
from outline.scheduler import JobState, plan_job
began = time.perf_counter()
ol = load_outline("job.outline")
plan = plan_in_folder(OutlineLauncher(ol, work="made", range=None))
ol.setup()
job = JobState(plan_job(ol, max_retries=0, autoeat=False))
assert len(job.frames) == 2 * len(plan.decisions["one"]), len(job.frames)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
_ITEMS_OUTLINE = """
from outline.items import lines
from outline.modules.shell import Shell
seeds = lines("seeds.txt")
one = Shell("one", items=seeds, command=["touch", "%{OUTPUT}"], outputs="one/%{KEY}.txt")
two = Shell("two", items=seeds, inputs=one, command=["cp", "%{INPUT}", "%{OUTPUT}"], outputs="two/%{KEY}.txt")
"""


def measure_items(folder: Path, count: int) -> Iterator[Line]:
    """Seconds and memory to read the items of two layers, set the job up and plan it."""
    place = folder / "items"
    place.mkdir(parents=True)
    (place / "job.outline").write_text(_ITEMS_OUTLINE)
    (place / "seeds.txt").write_text("".join(f"seed{number:06d}\n" for number in range(count)))
    environ = {**clean_environ(), "PYTHONPATH": str(REPOSITORY), "HOME": str(place)}
    environ["OUTLINE_OUTLINE_SESSION_DIR"] = str(place / "sessions")
    argv = [sys.executable, "-c", _ITEMS]
    text = subprocess.run(argv, cwd=place, env=environ, check=True, capture_output=True, text=True).stdout
    took, memory_mb = map(float, text.split())
    own = f"{took:.2f} s, {memory_mb:.0f} MB"
    yield Line(f"2 x {count} items set up and planned", "", own, "3 s, 300 MB", took <= 3 and memory_mb <= 300)
    shutil.rmtree(place)


def measure_digests(folder: Path, count: int, size_mb: int) -> Iterator[Line]:
    """Digests of big files by two processes, against sha256sum by two processes; and files that are unchanged."""
    place = folder / "digests"
    place.mkdir(parents=True)
    block = os.urandom(1 << 20)
    paths = [place / f"f{number:04d}" for number in range(count)]
    for number, path in enumerate(paths):
        with path.open("wb") as stream:
            for part in range(size_mb):
                stream.write(hashlib.sha256(b"%d %d" % (number, part)).digest() + block[32:])
    code = "import sys; from outline.work.digests import digest_file; [digest_file(path) for path in sys.argv[1:]]"
    ours = _two_at_once([sys.executable, "-c", code], paths)
    theirs = _two_at_once(["sha256sum"], paths)
    costs: dict[str, list[float]] = {"outline": [], "sha256sum": []}
    for _ in range(3):
        costs["sha256sum"].append(theirs())
        costs["outline"].append(ours())
    share = statistics.median(costs["sha256sum"]) / statistics.median(costs["outline"])
    rate = {name: count * size_mb / statistics.median(found) for name, found in costs.items()}
    own = f"{rate['outline']:.0f} MB/s, {share:.0%}"
    title = f"digests of {count} files of {size_mb} MB, two processes"
    yield Line(title, f"sha256sum {rate['sha256sum']:.0f} MB/s", own, "80 % of sha256sum", share >= 0.8)
    shutil.rmtree(place)


def _two_at_once(argv: list[str], paths: Sequence[Path]) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        environ = {**clean_environ(), "PYTHONPATH": str(REPOSITORY)}
        halves = [
            subprocess.Popen([*argv, *map(str, paths[half::2])], stdout=subprocess.DEVNULL, env=environ)
            for half in (0, 1)
        ]
        if any(process.wait() for process in halves):
            raise RuntimeError(f"{argv[0]} failed")
        return time.perf_counter() - began

    return run


# -- the table -------------------------------------------------------------------------------------------------


def markdown(lines: Sequence[Line]) -> str:
    """The table."""
    rows = [["work", "field", "outline", "target", "met"], ["---"] * 5]
    rows += [[line.work, line.reference, line.figure, line.target, "yes" if line.met else "no"] for line in lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> int:
    """Measure, print the table, and say by the exit code whether every target was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small jobs, one turn")
    parser.add_argument("--only", choices=["copies", "plan", "items", "digests"], help="one of them")
    parser.add_argument("--count", type=int, help="files of a layer")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the table to a file")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    count = options.count or (500 if options.quick else 10_000)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="data-") as scratch:
        folder = Path(scratch)
        if options.only in (None, "copies"):
            lines += measure_copies(folder, count, 1 if options.quick else options.turns)
        if options.only in (None, "plan"):
            lines += measure_plan(folder, [10_000] if options.quick else [100_000, 1_000_000])
        if options.only in (None, "items"):
            lines += measure_items(folder, 10_000 if options.quick else 100_000)
        if options.only in (None, "digests"):
            lines += measure_digests(folder, *((20, 5) if options.quick else (200, 50)))
    table = markdown(lines)
    print(table, end="")
    if options.out:
        options.out.write_text(table)
    return 0 if all(line.met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
