# SPDX-License-Identifier: Apache-2.0
"""What happened to a job on this machine, as lines of JSON in the session folder.

The launcher that runs the job is the only writer, and appends each step as it happens. The first line holds the plan
of the job, so that readers need none of the user's code. Each line ends with its checksum. A line that a crash has cut
off, or that is damaged, is skipped; the log of the frame then tells whether it had finished.
"""

from __future__ import annotations

import json
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from ...exception import SessionException, file_errors
from ...files import write_to_disk
from ...frame_end import FrameEnd
from ...frames import FrameSet
from ...logs import get_logger
from ...names import log_name
from ...scheduler import FrameState, JobPlan, JobState
from ...session_paths import SessionPaths
from ...session_places import share
from .log import read_end

if TYPE_CHECKING:
    from .attempts import AttemptBook

__all__ = ["FrameRecord", "JobRecord", "Journal", "RunEnd", "check_journal", "read_record"]

logger = get_logger("outline.backend.local")

VERSION = 1
_CHECKSUM = b',"crc":'
_DISK_SECONDS = 1.0
_read_json = json.JSONDecoder().raw_decode
_write_json = json.JSONEncoder(separators=(",", ":")).encode  # one for all lines: to make it takes as long as a line
_MOST = 2**31  # of a number that a frame may have in here: a damaged line may hold any


class RunEnd(str, Enum):
    """Why a run of a job ended."""

    DONE = "done"  #: Every frame is SUCCEEDED or EATEN.
    FAILED = "failed"  #: Nothing more can run, or a frame died in a run that was to end then.
    INTERRUPTED = "interrupted"  #: Somebody stopped it.
    FULL_DISK = "full disk"  #: A frame, or its log, found no space on a disk.


class Journal:
    """The writer's end. Made when a job starts or is resumed, closed when that run is over."""

    def __init__(self, paths: SessionPaths) -> None:
        self.paths = paths
        self.__saver: threading.Thread | None = None
        self.__is_over = threading.Event()
        self.__is_saved = True
        self.__is_hidden = not os.path.exists(paths.journal)  # until its first line is there
        path, how = (paths.new_journal, os.O_TRUNC) if self.__is_hidden else (paths.journal, 0)
        with file_errors(SessionException, f"cannot write the journal {paths.journal}"):
            self.__fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | how, 0o666)
            share(self.__fd)
            if _ends_within_line(self.__fd):
                os.write(self.__fd, b"\n")

    def plan(self, plan: JobPlan, job_id: str) -> None:
        """Write the first line. The job is launched in the working directory of this process."""
        data = plan.to_dict()
        self.write({"e": "plan", "version": VERSION, "job_id": job_id, "cwd": os.getcwd(), "plan": data})

    def run(self, host: str, cores: float) -> None:
        """Note that this process runs the job from now on."""
        self.write({"e": "run", "host": host, "pid": os.getpid(), "cores": cores})

    def start(self, layer: str, frame: int, attempt: int) -> float:
        """Note that a frame was started, and return when."""
        return self.write({"e": "start", "layer": layer, "frame": frame, "try": attempt})

    def end(self, layer: str, frame: int, attempt: int, state: FrameState, end: FrameEnd) -> None:
        """Note how a frame ended and what its state became."""
        facts = {"e": "end", "layer": layer, "frame": frame, "try": attempt, "state": state.value}
        self.write({**facts, **end.to_dict()})

    def settled(self, layer: str, frames: str, state: FrameState) -> None:
        """Note that frames have a state from the start, since an earlier launch has run them."""
        self.write({"e": "settled", "layer": layer, "frames": frames, "state": state.value})

    def retry(self, layer: str, frame: int) -> None:
        """Note that somebody wants a frame to run again."""
        self.write({"e": "retry", "layer": layer, "frame": frame})

    def over(self, why: RunEnd, counts: Mapping[FrameState, int], reason: str = "") -> None:
        """Note that this run is over, and how many frames are in each state, for whoever lists many jobs."""
        found = {state.value: count for state, count in counts.items() if count}
        self.write({"e": "over", "why": why.value, "reason": reason, "counts": found})
        self.__is_over.set()  # the disk may begin to take the rest of it

    def write(self, entry: dict[str, Any]) -> float:
        """Append one line and return its time, in seconds since 1970.

        Raises:
            SessionException: The disk is full or the session is gone; nothing is left of the line.
        """
        entry["t"] = now = round(time.time(), 3)
        body = _write_json(entry).encode()
        data = b"%s%s%d}\n" % (body[:-1], _CHECKSUM, zlib.crc32(body))
        self.__is_saved = False
        try:
            written = os.write(self.__fd, data)
            if written != len(data):
                os.ftruncate(self.__fd, os.fstat(self.__fd).st_size - written)
                raise OSError(28, "no space left on device")
            if self.__is_hidden:
                os.rename(self.paths.new_journal, self.paths.journal)
                self.__is_hidden = False
        except OSError as error:
            import shlex

            go_on = f"pycuerun --resume {shlex.quote(self.paths.folder)}"
            raise SessionException(
                f"cannot write the journal {self.paths.journal}: {error.strerror}; the job goes on with {go_on}"
            ) from error
        return now

    def touch(self) -> None:
        """Show readers on other machines that the job is still being run."""
        os.utime(self.__fd)

    def save_each_second(self, *files: str) -> None:
        """Have the disk keep what is written, from now on and until ``close``: a power cut takes a second of it.

        A thread does it, since a disk may take its time, and frames must not wait for it.

        Args:
            files: Other files and folders of the session, which are saved once.
        """
        self.__saver = threading.Thread(target=self.__save, args=(files,), name="disk", daemon=True)
        self.__saver.start()

    def __save(self, files: tuple[str, ...]) -> None:
        write_to_disk(files)
        is_over = False
        while not is_over:
            is_over = self.__is_over.wait(_DISK_SECONDS)
            if not self.__is_saved:
                self.__is_saved = True
                try:
                    os.fsync(self.__fd)
                except OSError:
                    pass  # the next line that is written tells more of it

    def close(self) -> None:
        """Close the file, once the disk has it."""
        self.__is_over.set()
        if self.__saver is not None:
            self.__saver.join()
        os.close(self.__fd)


def _ends_within_line(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"


class FrameRecord(NamedTuple):
    """The last thing that is known of a frame."""

    attempt: int
    started: float
    end: FrameEnd | None


class JobRecord:
    """What is known of a job; whoever reads its journal makes it, and whoever runs the job keeps it up to date.

    Attributes:
        job: The states of all frames. Nothing is RUNNING unless ``runner`` lives.
        job_id: The session's id.
        frames: The last attempt at each frame that was ever started, by its number in ``job``.
        runner: Host and process id of who runs the job right now, or None.
        found: Frames whose success was only in their logs, with how they ended.
        over: Why the last run ended; None when it still runs or was cut off.
        reason: Which frame ended it, and how, when it found a disk full.
        cwd: Where the job was launched, and where its frames run.
    """

    def __init__(self, job: JobState, job_id: str, cwd: str) -> None:
        self.job, self.job_id, self.cwd = job, job_id, cwd
        self.frames: dict[int, FrameRecord] = {}
        self.runner: tuple[str, int] | None = None
        self.found: dict[int, FrameEnd] = {}
        self.over: RunEnd | None = None
        self.reason = ""


def read_record(
    paths: SessionPaths,
    runner: tuple[str, int] | None,
    fit: Callable[[JobPlan], JobPlan] = lambda plan: plan,
    book: AttemptBook | None = None,
) -> JobRecord:
    """What the journal of a session says; damaged lines are left out, which is logged once.

    Args:
        paths: The session.
        runner: Who runs the job right now, see ``living_runner``.
        fit: Cuts the plan to the machine that is going to run it.
        book: Gets every attempt at a frame.

    Raises:
        SessionException: There is no journal, or no plan in it.
    """
    damaged: list[int] = []
    entries = _entries(paths.journal, damaged)
    before_plan = []
    for number, entry in entries:
        if entry.get("e") != "plan" or entry.get("version") != VERSION:
            before_plan.append((number, entry))
            continue
        try:
            job = JobState(fit(JobPlan.from_dict(entry["plan"])))
            reader = _Reader(JobRecord(job, str(entry["job_id"]), str(entry.get("cwd", ""))), book)
            break
        except _DAMAGES:
            damaged.append(number)
    else:
        raise SessionException(f"{paths.journal} holds no plan of a job in version {VERSION}")
    for number, entry in chain(before_plan, entries):
        try:
            reader.take(entry)
        except _DAMAGES:
            damaged.append(number)
    if damaged and paths.journal not in _told_of:
        _told_of.add(paths.journal)
        logger.warning(
            "%s: %d damaged lines are left out, the first is line %d; logs of frames that are done count all the same",
            *(paths.journal, len(damaged), min(damaged)),
        )
    return reader.record_of(paths, runner)


_DAMAGES = (KeyError, ValueError, TypeError, AttributeError)
_told_of: set[str] = set()


def check_journal(paths: SessionPaths) -> None:
    """Check that a session has a journal.

    Raises:
        SessionException: There is none.
    """
    with _reading(paths.journal):
        os.stat(paths.journal)


def _reading(path: str) -> AbstractContextManager[None]:
    return file_errors(SessionException, f"no job ran in this session: cannot read {path}")


def _entries(path: str, damaged: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and entry of each whole line, and note the numbers of those that are damaged.

    Journals of older versions have no checksums; once a line has one, all that follow must.
    """
    has_checksums = False
    with _reading(path), open(path, "rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                return  # it is being written, or a crash has cut it off
            body, mark, checksum = line.rpartition(_CHECKSUM)
            try:
                if mark and int(checksum[:-2]) == zlib.crc32(body + b"}"):
                    has_checksums = True
                elif mark or has_checksums:
                    raise ValueError
                text = line.decode()
                entry, end = _read_json(text)  # json.loads looks for the encoding, and twice for white space
                if end != len(text) - 1:
                    raise ValueError
            except (ValueError, RecursionError):
                entry = None
            if isinstance(entry, dict):
                yield number, entry
            elif line.strip():
                damaged.append(number)


class _Reader:
    def __init__(self, record: JobRecord, book: AttemptBook | None) -> None:
        self.__record, self.__job, self.__frames, self.__book = record, record.job, record.frames, book
        self.__states: dict[int, tuple[FrameState, int]] = {}
        self.__running: set[int] = set()
        self.__host, self.__seen = "", 0.0

    def take(self, entry: dict[str, Any]) -> None:
        """Take in an entry that is whole.

        Raises:
            KeyError, ValueError, TypeError: It says what cannot be.
        """
        kind = entry.get("e")
        if kind in _OF_FRAMES:
            ref = self.__job.frames.ref(entry["layer"], entry["frame"])
            _OF_FRAMES[kind](self, ref, entry)
        elif kind == "run":
            self.__record.over, self.__record.reason = None, ""
            self.__running.clear()
            self.__lose_attempts()
            self.__host = str(entry.get("host", ""))
        elif kind == "over":
            self.__record.over, self.__record.reason = RunEnd(entry["why"]), str(entry.get("reason", ""))
        elif kind == "settled":
            for frame in FrameSet(entry["frames"]):
                self.__states[self.__job.frames.ref(entry["layer"], frame)] = (FrameState(entry["state"]), 0)
        self.__seen = float(entry.get("t", self.__seen))

    def __lose_attempts(self) -> None:
        if self.__book is not None:
            self.__book.lose(self.__seen)

    def _take_start(self, ref: int, entry: dict[str, Any]) -> None:
        attempt, started = _number(entry["try"]), float(entry["t"])
        self.__frames[ref] = FrameRecord(attempt, started, None)
        self.__states[ref] = (FrameState.WAITING, attempt - 1)
        self.__running.add(ref)
        if self.__book is not None:
            self.__book.start(ref, attempt, self.__host, started)

    def _take_end(self, ref: int, entry: dict[str, Any]) -> None:
        end, state, ended = FrameEnd.from_dict(entry), _STATES[entry["state"]], float(entry["t"])
        ended -= end.told_after
        record = self.__frames.get(ref) or FrameRecord(1, ended - end.seconds, None)
        attempt = _number(entry.get("try", record.attempt))
        self.__frames[ref] = FrameRecord(attempt, record.started, end)
        self.__states[ref] = (state, attempt)
        self.__running.discard(ref)
        if self.__book is not None:
            self.__book.end(ref, attempt, self.__host, ended, state, end)

    def _take_retry(self, ref: int, entry: dict[str, Any]) -> None:
        self.__states[ref] = (FrameState.WAITING, 0)
        self.__running.discard(ref)

    def record_of(self, paths: SessionPaths, runner: tuple[str, int] | None) -> JobRecord:
        if runner is None:
            self.__lose_attempts()
        found = {} if runner is not None else self.__find_in_logs(paths)
        for ref, (attempt, end) in found.items():
            started = self.__frames[ref].started if ref in self.__frames else 0.0
            self.__frames[ref] = FrameRecord(attempt, started, end)
            self.__states[ref] = (FrameState.SUCCEEDED, attempt)
        for ref, (state, tries) in self.__states.items():
            if ref in self.__running and runner is not None:
                state, tries = FrameState.RUNNING, tries + 1
            self.__job.restore(ref, state, tries)
        self.__job.settle()
        self.__record.runner = runner
        self.__record.found = {ref: end for ref, (_, end) in found.items()}
        return self.__record

    def __find_in_logs(self, paths: SessionPaths) -> dict[int, tuple[int, FrameEnd]]:
        """Attempt and end of each frame that has succeeded by its log and not by the journal, which has lost that."""
        try:
            names = set(os.listdir(paths.logs))
        except OSError:
            return {}
        found = {}
        for ref in self.__job.frames if names else ():
            state, record = self.__states.get(ref, _NEVER)[0], self.__frames.get(ref)
            if state in (FrameState.SUCCEEDED, FrameState.EATEN):
                continue
            name = log_name(self.__job.plan.name, self.__job.frames.name(ref))
            told = read_end(os.path.join(paths.logs, name)) if name in names else None
            if told is None or not told[1].is_good:
                continue
            is_late = record is not None and record.end is not None and record.end.is_good
            is_other = record is not None and ref in self.__running and record.attempt != told[0]
            if not is_late and not is_other:
                found[ref] = told
        return found


_OF_FRAMES = {"start": _Reader._take_start, "end": _Reader._take_end, "retry": _Reader._take_retry}
_STATES = {state.value: state for state in FrameState}  # to call the enum takes ten times as long
_NEVER = (FrameState.WAITING, 0)


def _number(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < _MOST:
        raise ValueError(value)
    return value
