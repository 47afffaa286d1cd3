# SPDX-License-Identifier: Apache-2.0
"""How far a running frame is, as a small file beside its log that anybody may read.

The process that reads the application's output writes it, some times a second at most and always in place, so that
no reader waits for a disk. Who runs the frame takes it away when the frame is over.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from .names import progress_path

if TYPE_CHECKING:
    from .console import OutputReader, OutputRules
    from .frames import FrameSet

__all__ = [
    "FrameProgress",
    "ProgressFile",
    "log_of",
    "read_progress",
    "take_progress",
    "watched_output",
]

SECONDS_BETWEEN_WRITES = 0.5
_LONGEST_FILE = 16 * 1024


class FrameProgress(NamedTuple):
    """What the file says.

    Attributes:
        attempt: Which attempt at the frame this is, from 1 on.
        percent: How much of the chunk is done; None when it is not known.
        frame: The frame of the chunk that is being worked on; None when it is not known.
        frames_done: How many frames of the chunk are known to be done.
        peak_memory_kb: The most memory that the application told of; 0 when it told nothing.
        note: What the application says that it does; may be empty.
        warnings: How many warnings it has printed.
        errors: How many errors it has printed.
    """

    attempt: int = 1
    percent: float | None = None
    frame: int | None = None
    frames_done: int = 0
    peak_memory_kb: int = 0
    note: str = ""
    warnings: int = 0
    errors: int = 0


def log_of(environ: Mapping[str, str]) -> str:
    """The path of the log of the frame whose environment this is; empty when it has none.

    Hosts of a farm tell the name only, and the farm the folder.
    """
    path = os.path.join(environ.get("CUE_LOG_PATH", ""), environ.get("logfile", ""))
    return path if environ.get("logfile") and os.path.isabs(path) else ""


class ProgressFile:
    """The writer's end: made for one attempt at a frame, by the process that runs it.

    The file appears with the first thing that is worth telling. Where it cannot be written nothing is: a frame must
    not fail for it.
    """

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.__path = path
        self.__clock = clock
        self.__fd = -1
        self.__next = float("-inf")
        self.__size = 0
        self.__gave_up = False

    def offer(self, progress: FrameProgress) -> bool:
        """Write when the last time is long enough ago; False: ask again later."""
        now = self.__clock()
        if now < self.__next:
            return False
        self.__next = now + SECONDS_BETWEEN_WRITES
        self.write(progress)
        return True

    def write(self, progress: FrameProgress) -> None:
        """Write now."""
        if self.__gave_up:
            return
        data = json.dumps(progress._asdict(), separators=(",", ":")).encode()
        self.__size = max(self.__size, len(data))
        try:
            if self.__fd < 0:
                self.__fd = os.open(self.__path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            os.pwrite(self.__fd, data.ljust(self.__size), 0)  # blanks over what was longer
        except OSError:
            self.__gave_up = True

    def close(self) -> None:
        """Close the file, which stays."""
        if self.__fd >= 0:
            os.close(self.__fd)
            self.__fd = -1


def read_progress(log: str) -> FrameProgress | None:
    """What the file beside a log says; None when there is none, or when it is being written right now."""
    try:
        with open(progress_path(log), "rb") as stream:
            data = json.loads(stream.read(_LONGEST_FILE))
        return FrameProgress(**data)
    except (OSError, ValueError, TypeError):
        return None


def take_progress(log: str) -> FrameProgress | None:
    """What the file beside a log says. Removes the file."""
    if not os.path.exists(progress_path(log)):
        return None
    found = read_progress(log)
    try:
        os.unlink(progress_path(log))
    except OSError:
        pass
    return found


@contextmanager
def watched_output(
    rules: OutputRules, frames: FrameSet, environ: Mapping[str, str] | None = None
) -> Iterator[OutputReader]:
    """A reader for the commands of the running frame, which tells everybody how far they are.

    Args:
        rules: What to look for in the output.
        frames: The frames of the chunk.
        environ: The environment of the frame; that of this process when None.
    """
    from .console import OutputReader  # readers and takers of the file do without

    environ = os.environ if environ is None else environ
    log, attempt = log_of(environ), environ.get("OL_ATTEMPT", "")
    if not log:
        reader = OutputReader(rules, frames)
        yield reader
        reader.close()
        return

    def record() -> FrameProgress:
        number = int(attempt) if attempt.isdigit() else 1
        return FrameProgress(number, *reader.progress, reader.warning_count, reader.error_count)

    file = ProgressFile(progress_path(log))
    reader = OutputReader(rules, frames, observe=lambda _: file.offer(record()))
    try:
        yield reader
    finally:
        reader.close()
        if record() != FrameProgress(attempt=record().attempt):
            file.write(record())
        file.close()
