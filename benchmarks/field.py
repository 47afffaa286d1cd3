# SPDX-License-Identifier: Apache-2.0
"""The field: what a person would use in this library's place, each in its best natural setting."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.envs import installed_version, python_env, system_tool
from benchmarks.tools import (
    JOBS,
    Case,
    NotComparable,
    Tool,
    clear,
    expect_files,
    expect_lines,
    expect_nothing,
    failed_before,
    job_env,
    run_once,
)

RERUN_SHARE = 100  # every hundredth frame fails at first, see jobs/frame.sh


@dataclass
class PipTool(Tool):
    """A tool that pip installs into an environment of its own."""

    package: str = field(default="", init=False)
    env: Path = field(default=Path(), init=False)

    def prepare(self) -> None:
        self.env = python_env(self.name, [self.package])
        self.version = installed_version(self.env, self.package)

    def program(self, name: str) -> str:
        """Return the path of a program of the environment."""
        return str(self.env / "bin" / name)


@dataclass
class Make(Tool):
    """GNU make: `-j2`, no output sync; the stamp of a frame is its log and its record."""

    name: str = field(default="make", init=False)

    def prepare(self) -> None:
        path = system_tool("make", "apt-get install make")
        self.version = _first_line([path, "--version"]).split()[-1]

    def independent(self, folder: Path, frames: int) -> Case:
        argv = self._argv("independent")
        return _stamped(argv, folder, job_env(folder, "independent", frames=frames), frames)

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        env = job_env(folder, "chain", layers=layers, frames=frames)
        return _stamped(self._argv("chain"), folder, env, layers * frames)

    def rerun(self, folder: Path, frames: int) -> Case:
        argv = self._argv("rerun", "-k")
        return _rerun(argv, folder, job_env(folder, "rerun", frames=frames), frames)

    def describe(self, folder: Path, layers: int, frames: int) -> Case:
        work = "describe" if layers == 1 else "describe-chain"
        env = job_env(folder, work, layers=layers, frames=frames)
        note = "reads the makefile and plans (`make -n`)"
        return Case(self._argv(work, "-n"), folder, env, lambda: clear(folder), expect_nothing, note)

    def _argv(self, work: str, *options: str) -> list[str]:
        return ["make", "-s", "-j2", "-Onone", *options, "-f", str(JOBS / "Makefile.jobs"), work]


@dataclass
class Parallel(Tool):
    """GNU parallel: `-j2` with a job log, which is its record; output kept and grouped as it does by default."""

    name: str = field(default="parallel", init=False)

    def prepare(self) -> None:
        path = system_tool("parallel", "apt-get install parallel")
        self.version = _first_line([path, "--version"]).split()[-1]

    def independent(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "independent", frames=frames)
        argv = self._argv(f"seq {frames}", "", "true {}")
        return Case(argv, folder, env, lambda: clear(folder), expect_lines(folder / "joblog", frames + 1))

    def rerun(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "rerun", frames=frames)
        first = self._argv(f"seq {frames}", "", "sh frame.sh {}")
        again = self._argv(f"seq {frames}", "--resume-failed", "sh frame.sh {}")
        reset = failed_before(folder, run_once(first, folder, env))
        return Case(again, folder, env, reset, expect_lines(folder / "ran.txt", frames // RERUN_SHARE))

    def _argv(self, numbers: str, option: str, command: str) -> list[str]:
        return ["sh", "-c", f"{numbers} | parallel --will-cite -j2 --joblog joblog {option} {command}"]


@dataclass
class Doit(PipTool):
    """doit: `-n 2`, on threads where frames are commands, in two processes where they are Python."""

    name: str = field(default="doit", init=False)
    package: str = field(default="doit", init=False)

    def independent(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "independent", frames=frames)
        return _unproved(self._argv("thread"), folder, env)

    def lines(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "lines", frames=frames)
        return _lined(self._argv("process"), folder, env, frames, "frames share two processes")

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        env = job_env(folder, "chain", layers=layers, frames=frames)
        return _unproved(self._argv("thread"), folder, env)

    def rerun(self, folder: Path, frames: int) -> Case:
        return _rerun(self._argv("thread", "-c"), folder, job_env(folder, "rerun", frames=frames), frames)

    def _argv(self, kind: str, *options: str) -> list[str]:
        start = [self.program("doit"), "-f", str(JOBS / "dodo.py"), "-d", ".", "run", "-n", "2"]
        return [*start, "-P", kind, "-r", "zero", *options]


@dataclass
class Luigi(PipTool):
    """luigi: local scheduler, two workers, which fork a process for each task; stamps are the record."""

    name: str = field(default="luigi", init=False)
    package: str = field(default="luigi", init=False)

    def independent(self, folder: Path, frames: int) -> Case:
        return _stamped(self._argv("independent"), folder, self._env(folder, "independent", 1, frames), frames)

    def lines(self, folder: Path, frames: int) -> Case:
        env = self._env(folder, "lines", 1, frames)
        return _lined(self._argv("lines"), folder, env, frames)

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        return _stamped(self._argv("chain"), folder, self._env(folder, "chain", layers, frames), layers * frames)

    def rerun(self, folder: Path, frames: int) -> Case:
        return _rerun(self._argv("rerun"), folder, self._env(folder, "rerun", 1, frames), frames)

    def _env(self, folder: Path, work: str, layers: int, frames: int) -> dict[str, str]:
        return {**job_env(folder, work, layers=layers, frames=frames), "PYTHONPATH": str(JOBS)}

    def _argv(self, work: str) -> list[str]:
        start = [self.program("luigi"), "--module", "luigi_jobs", "All", "--job", work]
        return [*start, "--local-scheduler", "--workers", "2", "--log-level", "CRITICAL"]


@dataclass
class Dask(PipTool):
    """dask: commands on two threads, Python on two processes; it keeps no record."""

    name: str = field(default="dask", init=False)
    package: str = field(default="dask", init=False)

    def independent(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "independent", frames=frames)
        return _unproved(self._argv("independent"), folder, env, "no record")

    def lines(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "lines", frames=frames)
        return _lined(self._argv("lines"), folder, env, frames, "frames share two processes")

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        env = job_env(folder, "chain", layers=layers, frames=frames)
        return _unproved(self._argv("chain"), folder, env, "no record")

    def _argv(self, work: str) -> list[str]:
        return [self.program("python"), str(JOBS / "dask_jobs.py"), work]


@dataclass
class Joblib(PipTool):
    """joblib: commands on two threads, Python on two processes; its cache is the record of the re-run."""

    name: str = field(default="joblib", init=False)
    package: str = field(default="joblib", init=False)

    def independent(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "independent", frames=frames)
        return _unproved(self._argv("independent"), folder, env, "no record")

    def lines(self, folder: Path, frames: int) -> Case:
        env = job_env(folder, "lines", frames=frames)
        return _lined(self._argv("lines"), folder, env, frames, "frames share two processes")

    def rerun(self, folder: Path, frames: int) -> Case:
        return _rerun(self._argv("rerun"), folder, job_env(folder, "rerun", frames=frames), frames)

    def _argv(self, work: str) -> list[str]:
        return [self.program("python"), str(JOBS / "joblib_jobs.py"), work]


@dataclass
class OpenJd(PipTool):
    """openjd-cli: one slot, there is no other; a chain waits step by step, finer is not to be had."""

    name: str = field(default="openjd", init=False)
    package: str = field(default="openjd-cli", init=False)

    def independent(self, folder: Path, frames: int) -> Case:
        return self._case(folder, 1, frames, ["true"])

    def chain(self, folder: Path, layers: int, frames: int) -> Case:
        return self._case(folder, layers, frames, ["sleep", "0.02"])

    def describe(self, folder: Path, layers: int, frames: int) -> Case:
        if frames > 100_000:
            raise NotComparable("100,000 frames are enough to see the growth")
        argv = [self.program("python"), str(JOBS / "describe_openjd.py"), str(layers), str(frames)]
        env = job_env(folder, "describe")
        return Case(argv, folder, env, lambda: clear(folder), expect_files(folder, "job.json", 1))

    def _case(self, folder: Path, layers: int, frames: int, command: list[str]) -> Case:
        def reset() -> None:
            clear(folder)
            (folder / "job.json").write_text(json.dumps(openjd_template(layers, frames, command)), encoding="utf-8")

        argv = [self.program("openjd"), "run", "job.json"]
        env = {**job_env(folder, "run"), "TMPDIR": str(folder)}
        return Case(argv, folder, env, reset, expect_nothing, "one slot only")


def openjd_template(layers: int, frames: int, command: list[str]) -> dict[str, object]:
    """Return the job as an Open Job Description template."""
    steps: list[dict[str, object]] = []
    for number in range(1, layers + 1):
        parameter = {"name": "Frame", "type": "INT", "range": f"1-{frames}"}
        step: dict[str, object] = {
            "name": f"Layer{number}",
            "parameterSpace": {"taskParameterDefinitions": [parameter]},
            "script": {"actions": {"onRun": {"command": command[0], **({"args": command[1:]} if command[1:] else {})}}},
        }
        if number > 1:
            step["dependencies"] = [{"dependsOn": f"Layer{number - 1}"}]
        steps.append(step)
    return {"specificationVersion": "jobtemplate-2023-09", "name": "bench", "steps": steps}


def _stamped(argv: list[str], folder: Path, env: dict[str, str], frames: int) -> Case:
    return Case(argv, folder, env, lambda: clear(folder), expect_files(folder, "stamps/*", frames))


def _lined(argv: list[str], folder: Path, env: dict[str, str], frames: int, note: str = "") -> Case:
    return Case(argv, folder, env, lambda: clear(folder), expect_files(folder, "lines/*", frames), note)


def _unproved(argv: list[str], folder: Path, env: dict[str, str], note: str = "") -> Case:
    return Case(argv, folder, env, lambda: clear(folder), expect_nothing, note)


def _rerun(argv: list[str], folder: Path, env: dict[str, str], frames: int) -> Case:
    reset = failed_before(folder, run_once(argv, folder, env))
    return Case(argv, folder, env, reset, expect_lines(folder / "ran.txt", frames // RERUN_SHARE))


def _first_line(argv: list[str]) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()[0]
