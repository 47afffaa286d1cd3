# SPDX-License-Identifier: Apache-2.0
"""What happened to a job on this machine, as lines of JSON in the session folder.

The launcher that runs the job is the only writer, and appends each step as it happens. The first line holds the plan
of the job, so that readers need none of the user's code. A line that was cut off by a crash is skipped; the log of the
frame then tells whether it had finished.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ...exception import SessionException
from ...frame_end import FrameEnd
from ...scheduler import FrameState, JobPlan, JobState
from ...session import share
from ...session_paths import SessionPaths
from .log import read_end

__all__ = ["FrameRecord", "Journal", "Record", "check_journal", "read_record"]

VERSION = 1
TOUCH_SECONDS = 30.0
ALIVE_SECONDS = 180.0


class Journal:
    """The writer's end. Made when a job starts or is resumed, closed when that run is over."""

    def __init__(self, paths: SessionPaths) -> None:
        self.paths = paths
        try:
            self.__fd = os.open(paths.journal, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            share(self.__fd)
            if _ends_within_line(self.__fd):
                os.write(self.__fd, b"\n")
        except OSError as error:
            raise SessionException(f"cannot write the journal {paths.journal}: {error.strerror}") from error

    def plan(self, plan: JobPlan, job_id: str) -> None:
        """Write the first line. The job is launched in the working directory of this process."""
        data = plan.to_dict()
        self.write({"e": "plan", "version": VERSION, "job_id": job_id, "cwd": os.getcwd(), "plan": data})

    def run(self, host: str, cores: float) -> None:
        """Note that this process runs the job from now on."""
        self.write({"e": "run", "host": host, "pid": os.getpid(), "born": process_birth(os.getpid()), "cores": cores})

    def start(self, layer: str, frame: int, attempt: int) -> None:
        """Note that a frame was started."""
        self.write({"e": "start", "layer": layer, "frame": frame, "try": attempt})

    def end(self, layer: str, frame: int, state: FrameState, end: FrameEnd) -> None:
        """Note how a frame ended and what its state became."""
        self.write({"e": "end", "layer": layer, "frame": frame, "state": state.value, **end.to_dict()})

    def retry(self, layer: str, frame: int) -> None:
        """Note that somebody wants a frame to run again."""
        self.write({"e": "retry", "layer": layer, "frame": frame})

    def over(self, why: str) -> None:
        """Note that this run is over."""
        self.write({"e": "over", "why": why})

    def write(self, entry: dict[str, Any]) -> None:
        """Append one line.

        Raises:
            SessionException: The disk is full or the session is gone; nothing is left of the line.
        """
        entry["t"] = round(time.time(), 3)
        data = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        size = -1
        try:
            written = os.write(self.__fd, data)
            if written != len(data):
                size = os.fstat(self.__fd).st_size - written
                os.ftruncate(self.__fd, size)
                raise OSError(28, "no space left on device")
        except OSError as error:
            raise SessionException(f"cannot write the journal {self.paths.journal}: {error.strerror}") from error

    def touch(self) -> None:
        """Show readers on other machines that the job is still being run."""
        os.utime(self.__fd)

    def close(self) -> None:
        """Close the file."""
        os.close(self.__fd)


def _ends_within_line(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"


def process_birth(pid: int) -> float:
    """Return when a process began, which with its number tells it from any other; 0.0 when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return float(stream.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        pass
    if os.path.isdir("/proc/self"):
        return 0.0
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


class FrameRecord(NamedTuple):
    """The last thing that is known of a frame."""

    attempt: int
    started: float
    end: FrameEnd | None


class Record(NamedTuple):
    """What a journal says.

    Attributes:
        job: The states of all frames. Nothing is RUNNING unless ``runner`` lives.
        job_id: The session's id.
        frames: The last attempt at each frame that was ever started, by its number in ``job``.
        runner: Host and process id of who runs the job right now, or None.
        found: Frames whose end was only in their logs, with how they ended.
        over: Why the last run ended; empty when it still runs or was cut off.
        cwd: Where the job was launched, and where its frames run.
    """

    job: JobState
    job_id: str
    frames: dict[int, FrameRecord]
    runner: tuple[str, int] | None
    found: dict[int, FrameEnd]
    over: str
    cwd: str


def read_record(session_path: str, fit: Callable[[JobPlan], JobPlan] = lambda plan: plan) -> Record:
    """Read the journal of a session.

    Args:
        session_path: The session folder.
        fit: Cuts the plan to the machine that is going to run it.

    Raises:
        SessionException: There is none, or it cannot be read.
    """
    paths = SessionPaths(session_path)
    path = paths.journal
    entries = list(_entries(path))
    if not entries or entries[0].get("e") != "plan" or entries[0].get("version") != VERSION:
        raise SessionException(f"{path} does not begin with the plan of a job in version {VERSION}")
    job = JobState(fit(JobPlan.from_dict(entries[0]["plan"])))
    reader = _Reader(job, paths)
    for entry in entries[1:]:
        reader.take(entry)
    return reader.record(entries[0]["job_id"], entries[0].get("cwd", ""))


def check_journal(session_path: str) -> None:
    """Check that a session has a journal.

    Raises:
        SessionException: There is none.
    """
    path = SessionPaths(session_path).journal
    try:
        os.stat(path)
    except OSError as error:
        raise SessionException(f"no job ran in this session: cannot read {path}: {error.strerror}") from error


def _entries(path: str) -> Any:
    try:
        with open(path, "rb") as stream:
            for line in stream:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # cut off by a crash
                if isinstance(entry, dict):
                    yield entry
    except OSError as error:
        raise SessionException(f"no job ran in this session: cannot read {path}: {error.strerror}") from error


class _Reader:
    def __init__(self, job: JobState, paths: SessionPaths) -> None:
        self.__job = job
        self.__paths = paths
        self.__written = os.stat(paths.journal).st_mtime
        self.__frames: dict[int, FrameRecord] = {}
        self.__states: dict[int, tuple[FrameState, int]] = {}
        self.__running: dict[int, int] = {}
        self.__run: dict[str, Any] = {}
        self.__over = ""

    def take(self, entry: dict[str, Any]) -> None:
        kind = entry.get("e")
        if kind == "run":
            self.__run, self.__over = entry, ""
            self.__running.clear()
        elif kind == "over":
            self.__over = str(entry.get("why"))
            self.__run = {}
        elif kind in ("start", "end", "retry"):
            ref = self.__job.ref(entry["layer"], entry["frame"])
            getattr(self, f"_take_{kind}")(ref, entry)

    def _take_start(self, ref: int, entry: dict[str, Any]) -> None:
        self.__running[ref] = self.__states.get(ref, (FrameState.WAITING, 0))[1]
        self.__frames[ref] = FrameRecord(entry["try"], entry["t"], None)
        self.__states[ref] = (FrameState.WAITING, entry["try"] - 1)

    def _take_end(self, ref: int, entry: dict[str, Any]) -> None:
        end = FrameEnd.from_dict(entry)
        self.__running.pop(ref, None)
        record = self.__frames.get(ref, FrameRecord(1, entry["t"], None))
        self.__frames[ref] = record._replace(end=end)
        self.__states[ref] = (FrameState(entry["state"]), record.attempt)

    def _take_retry(self, ref: int, entry: dict[str, Any]) -> None:
        self.__running.pop(ref, None)
        self.__states[ref] = (FrameState.WAITING, 0)

    def record(self, job_id: str, cwd: str) -> Record:
        runner = self.__living_runner()
        found: dict[int, FrameEnd] = {}
        for ref in self.__running if runner is None else ():
            log = self.__paths.log(self.__job.plan.name, self.__job.frame_name(ref))
            end = read_end(log, self.__frames[ref].attempt)
            if end is not None and end.status == 0:
                found[ref] = end
                self.__states[ref] = (FrameState.SUCCEEDED, self.__frames[ref].attempt)
                self.__frames[ref] = self.__frames[ref]._replace(end=end)
        for ref, (state, tries) in self.__states.items():
            if ref in self.__running and runner is not None:
                state, tries = FrameState.RUNNING, tries + 1
            self.__job.restore(ref, state, tries)
        self.__job.settle()
        return Record(self.__job, job_id, self.__frames, runner, found, self.__over, cwd)

    def __living_runner(self) -> tuple[str, int] | None:
        import platform

        if not self.__run:
            return None
        host, pid = self.__run["host"], self.__run["pid"]
        if host == platform.node():
            alive = process_birth(pid)
            return (host, pid) if alive and alive == self.__run["born"] else None
        # On another machine it cannot be asked; but whoever runs the job touches its journal all the time.
        return (host, pid) if time.time() - self.__written < ALIVE_SECONDS else None
