# SPDX-License-Identifier: Apache-2.0
"""This library, PyOutline and the bare loop, in the comparison."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.envs import installed_version, library_env, python_env
from benchmarks.field import RERUN_SHARE, PipTool
from benchmarks.tools import (
    JOBS,
    Case,
    NotComparable,
    Scale,
    Tool,
    clear,
    expect_files,
    expect_lines,
    expect_nothing,
    failed_before,
    job_env,
    run_once,
)

SESSIONS = "sessions"
LOGS = f"{SESSIONS}/**/logs/*.rqlog"


@dataclass
class Outline(Tool):
    """This library: `pycuerun FILE RANGE --backend local --cores 2 --quiet`; state, log and record of each frame."""

    library: Path
    name: str = field(default="outline", init=False)
    env: Path = field(default=Path(), init=False)

    def prepare(self) -> None:
        self.env = library_env(self.library)
        self.version = installed_version(self.env, "outline-farm")

    def independent(self, folder: Path, frames: int) -> Case:
        env = self._env(folder, "independent", 1, frames)
        check = expect_files(folder, LOGS, frames)
        return Case(self._argv("independent", frames), folder, env, lambda: clear(folder), check)

    def lines(self, folder: Path, frames: int) -> Case:
        env = self._env(folder, "lines", 1, frames)
        check = expect_files(folder, "lines/*", frames)
        return Case(self._argv("lines", frames), folder, env, lambda: clear(folder), check)

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        env = self._env(folder, "chain", layers, frames)
        check = expect_files(folder, LOGS, layers * frames)
        return Case(self._argv("chain", frames), folder, env, lambda: clear(folder), check)

    def show_help(self, folder: Path) -> Case:
        env = self._env(folder, "help", 1, 1)
        return Case([self._program("pycuerun"), "--help"], folder, env, lambda: clear(folder), expect_nothing)

    def import_it(self, folder: Path) -> Case:
        env = self._env(folder, "import", 1, 1)
        argv = [self._program("python"), "-c", "import outline"]
        return Case(argv, folder, env, lambda: clear(folder), expect_nothing)

    def rerun(self, folder: Path, frames: int) -> Case:
        env = self._env(folder, "rerun", 1, frames)
        first = [*self._argv("rerun", frames), "--maxretries", "0"]
        back = failed_before(folder, run_once(first, folder, env))
        argv = [self._program("pycuerun"), "--resume", "", "--quiet", "--cores", "2"]

        def reset() -> None:
            back()
            argv[2] = str(next((folder / SESSIONS).glob("**/outline.yaml")).parent)

        return Case(argv, folder, env, reset, expect_lines(folder / "ran.txt", frames // RERUN_SHARE))

    def list_jobs(self, folder: Path, jobs: int) -> Case:
        env = self._env(folder, "independent", 1, 100)
        first = run_once(self._argv("independent", 100), folder, env)

        def reset() -> None:
            if not (folder / SESSIONS).exists():
                clear(folder)
                first()
                _multiply(next((folder / SESSIONS).glob("*/*/journal")).parent, jobs)

        return Case([self._program("outline"), "list"], folder, env, reset, expect_nothing)

    def describe(self, folder: Path, layers: int, frames: int) -> Case:
        argv = [self._program("python"), str(JOBS / "describe_outline.py"), str(layers), str(frames)]
        env = self._env(folder, "describe", layers, frames)
        check = expect_files(folder, f"{SESSIONS}/**/outline.yaml", 1)
        return Case(argv, folder, env, lambda: clear(folder), check)

    def plan(self, folder: Path, layers: int, frames: int) -> Case:
        return self._planned(folder, "plan", layers, frames)

    def drive(self, folder: Path, layers: int, frames: int) -> Case:
        return self._planned(folder, "drive", layers, frames)

    def _planned(self, folder: Path, work: str, layers: int, frames: int) -> Case:
        argv = [self._program("python"), str(JOBS / "plan_outline.py"), work, str(layers), str(frames)]
        env = self._env(folder, work, layers, frames)
        return Case(argv, folder, env, lambda: clear(folder), expect_nothing)

    def _argv(self, work: str, frames: int) -> list[str]:
        start = [self._program("pycuerun"), str(JOBS / f"{work}.outline"), f"1-{frames}"]
        return [*start, "--backend", "local", "--cores", "2", "--quiet"]

    def _env(self, folder: Path, work: str, layers: int, frames: int) -> dict[str, str]:
        sessions = str(folder / SESSIONS)
        return {**job_env(folder, work, layers=layers, frames=frames), "OUTLINE_OUTLINE_SESSION_DIR": sessions}

    def _program(self, name: str) -> str:
        return str(self.env / "bin" / name)


def _multiply(session: Path, count: int) -> None:
    """Make of one session so many, each of a job with a name of its own."""
    for number in range(1, count):
        copy = session.parent.with_name(f"{session.parent.name}_{number}") / session.name
        copy.mkdir(parents=True)
        shutil.copy2(session / "journal", copy)
        (copy / "session").write_text(f"{copy.parent.name}/{copy.name}", encoding="utf-8")


WRAPPER = """#!/bin/bash
# In place of the tcsh wrapper: enter the folder, drop show and shot, and leave out -v and -r, which break the frame.
cd "$1" || exit 1
eval "$4 $5"
status=$?
[ $status -eq 0 ] && echo ok >> ran.txt
exit $status
"""


@dataclass
class PyOutline(PipTool):
    """PyOutline 1.37.0's local backend, which runs only with its tcsh wrapper replaced; one slot, no dependencies.

    A frame costs it some 0.3 s, so 50 are run and the rest is extrapolated from those and a run of one.
    """

    name: str = field(default="pyoutline", init=False)
    package: str = field(default="opencue-pyoutline==1.37.0", init=False)
    some_frames: int = field(default=50, init=False)

    def prepare(self) -> None:
        # It imports `packaging` without asking for it.
        self.env = python_env(self.name, [self.package, "packaging"])
        self.version = installed_version(self.env, "opencue-pyoutline")

    def independent(self, folder: Path, frames: int) -> Case:
        return self._scaled(folder, "independent", frames)

    def lines(self, folder: Path, frames: int) -> Case:
        return self._scaled(folder, "pyoutline_lines", frames)

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        raise NotComparable("the local backend ignores dependencies")

    def one(self, folder: Path) -> Case:
        return self._launch(folder, "independent", 1)

    def show_help(self, folder: Path) -> Case:
        env = self._env(folder)
        return Case([self.program("pycuerun"), "--help"], folder, env, lambda: clear(folder), expect_nothing)

    def import_it(self, folder: Path) -> Case:
        argv = [self.program("python"), "-c", "import outline"]
        return Case(argv, folder, self._env(folder), lambda: clear(folder), expect_nothing)

    def describe(self, folder: Path, layers: int, frames: int) -> Case:
        if frames > 100_000:
            raise NotComparable("its range arithmetic is quadratic")
        if frames <= 1000:
            return self._described(folder, layers, frames)
        some = 4000
        scale = Scale(self._described(folder, layers, some // 2), some // 2, some, frames, power=2.0)
        note = f"{some // 2} and {some} frames measured, extrapolated with the square of their number"
        return self._with_scale(self._described(folder, layers, some), note, scale)

    def _described(self, folder: Path, layers: int, frames: int) -> Case:
        argv = [self.program("python"), str(JOBS / "describe_outline.py"), str(layers), str(frames)]
        check = expect_files(folder, f"{SESSIONS}/**/outline.yaml", 1)
        return Case(argv, folder, self._env(folder), lambda: self._clear(folder), check)

    def _scaled(self, folder: Path, work: str, frames: int) -> Case:
        some = min(frames, self.some_frames)
        if some == frames:
            return self._launch(folder, work, frames)
        note = f"one slot only; 1 and {some} frames measured, extrapolated"
        scale = Scale(self._launch(folder, work, 1), 1, some, frames)
        return self._with_scale(self._launch(folder, work, some), note, scale)

    def _with_scale(self, case: Case, note: str, scale: Scale) -> Case:
        return Case(case.argv, case.folder, case.env, case.reset, case.missing, note, scale)

    def _launch(self, folder: Path, work: str, frames: int) -> Case:
        argv = [self.program("pycuerun"), str(JOBS / f"{work}.outline"), f"1-{frames}", "--backend", "local"]
        check = expect_lines(folder / "ran.txt", frames)
        return Case(argv, folder, self._env(folder), lambda: self._clear(folder), check, "one slot only")

    def _clear(self, folder: Path) -> None:
        clear(folder)
        (folder / SESSIONS).mkdir()
        wrapper = folder / "wrappers" / "local_wrap_frame"
        wrapper.parent.mkdir()
        wrapper.write_text(WRAPPER, encoding="utf-8")
        wrapper.chmod(0o755)

    def _env(self, folder: Path) -> dict[str, str]:
        return {
            **job_env(folder, "pyoutline"),
            "PYTHONPATH": str(JOBS),
            "OUTLINE_OUTLINE_SESSION_DIR": str(folder / SESSIONS),
            "OUTLINE_OUTLINE_WRAPPER_DIR": str(folder / "wrappers"),
            "OUTLINE_OUTLINE_USER_DIR": str(folder),
            "OUTLINE_OUTLINE_BIN_DIR": str(self.env / "bin"),
        }


@dataclass
class Bare(Tool):
    """No tool at all: a loop over subprocess, a loop that forks a loaded Python, and a Python that does nothing."""

    name: str = field(default="bare", init=False)
    python: str = field(default="", init=False)

    def prepare(self) -> None:
        # What a frame of the library's Python layers has loaded too, so that the fork row forks the like.
        self.python = str(python_env(self.name, ["click", "PyYAML"]) / "bin" / "python")
        self.version = ".".join(str(part) for part in sys.version_info[:3])

    def independent(self, folder: Path, frames: int) -> Case:
        note = "a loop over subprocess on two threads: no log, no record"
        return Case(
            self._argv("independent"),
            folder,
            job_env(folder, "", frames=frames),
            lambda: clear(folder),
            expect_nothing,
            note,
        )

    def lines(self, folder: Path, frames: int) -> Case:
        note = "a loop that forks a Python with click and yaml loaded: no log, no record"
        check = expect_files(folder, "lines/*", frames)
        return Case(self._argv("lines"), folder, job_env(folder, "", frames=frames), lambda: clear(folder), check, note)

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        env = job_env(folder, "", layers=layers, frames=frames)
        note = "two threads that take a chain each: what starting `sleep` costs here, next to the ideal"
        return Case(self._argv("chain"), folder, env, lambda: clear(folder), expect_nothing, note)

    def one(self, folder: Path) -> Case:
        return self._nothing(folder)

    def show_help(self, folder: Path) -> Case:
        return self._nothing(folder)

    def import_it(self, folder: Path) -> Case:
        return self._nothing(folder)

    def _nothing(self, folder: Path) -> Case:
        argv = [self.python, "-c", "pass"]
        return Case(argv, folder, job_env(folder, ""), lambda: clear(folder), expect_nothing, "`python -c pass`")

    def _argv(self, work: str) -> list[str]:
        return [self.python, str(JOBS / "bare.py"), work]
