# SPDX-License-Identifier: Apache-2.0
"""What a tool in the comparison is: for each work a command, how to get ready for it, and a proof that it was done."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.envs import clean_environ
from benchmarks.measure import RunFailed

JOBS = Path(__file__).resolve().parent / "jobs"


class NotComparable(Exception):
    """A tool has nothing like this work; the text says what it lacks."""


@dataclass(frozen=True)
class Case:
    """One timed command of one tool.

    ``reset`` is called, untimed, before each run; ``missing`` after it, and gives an empty text when all the work
    was really done. ``scale`` is there when the run is smaller than the row and its time is to be extrapolated.
    """

    argv: Sequence[str]
    folder: Path
    env: dict[str, str]
    reset: Callable[[], None]
    missing: Callable[[], str]
    note: str = ""
    scale: Scale | None = None


class Scale(NamedTuple):
    """How the time of a run is carried over to the size of the row.

    Two sizes are run, so that the start of the tool, which does not grow, is not multiplied.
    """

    small: Case
    small_frames: int
    frames: int
    full_frames: int
    power: float = 1.0

    def full_seconds(self, small_seconds: float, seconds: float) -> float:
        """Return the seconds that the full size takes, from those of the two sizes that were run."""
        grown = self._work(self.frames) - self._work(self.small_frames)
        rest = self._work(self.full_frames) - self._work(self.small_frames)
        return small_seconds + max(seconds - small_seconds, 0.0) * rest / grown

    def _work(self, frames: int) -> float:
        return math.pow(frames, self.power)


@dataclass
class Tool:
    """One tool of the comparison; a method per work, all refused until a tool says how it does it.

    Made once for a run of the benchmarks. ``prepare`` installs it; the methods are called after that, each with a
    folder of its own.
    """

    name: str = field(default="", init=False)
    version: str = field(default="", init=False)

    def prepare(self) -> None:
        """Install the tool and learn its version."""

    def independent(self, folder: Path, frames: int) -> Case:
        """Run `true` for each frame, two at a time."""
        raise NotComparable("no such thing")

    def lines(self, folder: Path, frames: int) -> Case:
        """Write one line from Python for each frame, two at a time."""
        raise NotComparable("runs commands only")

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        """Run `sleep 0.02` in each frame of layers that wait frame by frame for the layer before."""
        raise NotComparable("no dependencies")

    def one(self, folder: Path) -> Case:
        """Run one frame of `true`."""
        return self.independent(folder, 1)

    def show_help(self, folder: Path) -> Case:
        """Print the help of the command."""
        raise NotComparable("not asked")

    def import_it(self, folder: Path) -> Case:
        """Import the library."""
        raise NotComparable("not asked")

    def list_jobs(self, folder: Path, jobs: int) -> Case:
        """List so many jobs that were run before."""
        raise NotComparable("not asked")

    def rerun(self, folder: Path, frames: int) -> Case:
        """Run a job again in which every hundredth frame had failed."""
        raise NotComparable("no memory of what was done")

    def describe(self, folder: Path, layers: int, frames: int) -> Case:
        """Describe, set up and write a job without running it."""
        raise NotComparable("nothing is written")

    def plan(self, folder: Path, layers: int, frames: int) -> Case:
        """Expand a chained job into frames and edges."""
        raise NotComparable("not asked")

    def drive(self, folder: Path, layers: int, frames: int) -> Case:
        """Take a chained job from its first frame to its last in the scheduler, running nothing."""
        raise NotComparable("not asked")


def job_env(folder: Path, work: str, *, layers: int = 1, frames: int = 1) -> dict[str, str]:
    """Return the environment of a run: clean, a home of its own, and the size of the job."""
    return {
        **clean_environ(),
        "HOME": str(folder),
        "BENCH_WORK": work,
        "BENCH_LAYERS": str(layers),
        "BENCH_FRAMES": str(frames),
    }


def clear(folder: Path) -> None:
    """Make a folder as it is before a first run."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("stamps", "lines"):
        (folder / name).mkdir(parents=True)
    shutil.copy2(JOBS / "frame.sh", folder)


def expect_files(folder: Path, pattern: str, count: int) -> Callable[[], str]:
    """Return a check that a run left this many files."""

    def missing() -> str:
        found = sum(1 for _ in folder.glob(pattern))
        return "" if found == count else f"{found} of {count} {pattern} were made"

    return missing


def expect_lines(path: Path, count: int) -> Callable[[], str]:
    """Return a check that a run left a file of this many lines."""

    def missing() -> str:
        found = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
        return "" if found == count else f"{found} of {count} frames are in {path.name}"

    return missing


def expect_nothing() -> str:
    """Check nothing: the exit status is the proof."""
    return ""


def failed_before(folder: Path, first: Callable[[], None]) -> Callable[[], None]:
    """Return a reset that brings back a job in which every hundredth frame failed, with the cause now repaired.

    The first run is made once; its folder is kept beside and copied back before each measured run.
    """
    kept = folder.with_name(folder.name + ".failed")

    def reset() -> None:
        if not kept.exists():
            clear(folder)
            first()
            if not (folder / "ran.txt").exists():
                raise RunFailed("the first run, in which some frames were to fail, ran none")
            (folder / "ran.txt").unlink()
            (folder / "repaired").touch()
            shutil.copytree(folder, kept, symlinks=True)
        shutil.rmtree(folder)
        shutil.copytree(kept, folder, symlinks=True)

    return reset


def run_once(argv: Sequence[str], folder: Path, env: dict[str, str]) -> Callable[[], None]:
    """Return a call that runs a command whatever its exit status."""

    def first() -> None:
        subprocess.run(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True)

    return first
