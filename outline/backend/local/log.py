# SPDX-License-Identifier: Apache-2.0
"""The log of a frame: a header, what the frame prints, a footer.

The frame writes into the file itself, so nothing is lost and nothing waits for a reader. Header and footer come from
the worker that runs the frame, the only other writer.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping

from ...frame_end import EndedBy, FrameEnd
from ...names import older_log
from ...process import signal_name
from ...progress import take_progress
from ..log_tail import RULE, beginning_of, end_of, last_lines

__all__ = [
    "NO_SPACE",
    "FrameLog",
    "is_begun",
    "put_aside",
    "read_end",
    "read_host",
    "with_progress",
    "with_reason",
]

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_FOOTER = {
    "exit": "exitStatus",
    "signal": "exitSignal",
    "ended_by": "endedBy",
    "reason": "reason",
    "attempt": "attempt",
    "seconds": "seconds",
    "rss_kb": "maxrss_kb",
    "peak_kb": "peak_kb",
    "warnings": "warnings",
    "host": "host",
}


class FrameLog:
    """The log file of one attempt at a frame; a worker makes it and ends it.

    Logs of older attempts are renamed ``.1``, ``.2`` and so on, the oldest being ``.1``. ``mode`` is what
    ``file_mode`` says of files in sessions.
    """

    def __init__(self, path: str, attempt: int = 1, mode: int | None = None) -> None:
        self.path = path
        self.__attempt = attempt
        try:
            self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        except FileExistsError:
            put_aside(path)
            self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        if mode is not None:
            os.fchmod(self.fd, mode)

    def begin(self, head: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Write the header: facts about the frame, and the variables that it got."""
        lines = [RULE, *(f"{key:<11} {value}" for key, value in head.items()), "environment"]
        lines += [f"  {key}={value}" for key, value in sorted(environment.items())]
        lines += [RULE, ""]
        self.write("\n".join(lines))

    def write(self, text: str) -> None:
        """Append text."""
        data = text.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(self.fd, data) :]

    def end(self, end: FrameEnd) -> None:
        """Write the footer and close the file."""
        facts = {"signal": 0, "attempt": self.__attempt, **end.to_dict()}
        lines = [f"{label:<11} {facts[name]}" for name, label in _FOOTER.items() if name in facts]
        lines.append(f"{'finished':<11} {time.strftime('%Y-%m-%d %H:%M:%S')}")
        self.write("\n".join(["", RULE, *lines, RULE, ""]))
        os.close(self.fd)


def put_aside(path: str) -> None:
    """Rename the log of an attempt that is over, if there is one, to the next free number; its progress goes."""
    number = 1
    while os.path.exists(older_log(path, number)):
        number += 1
    try:
        os.rename(path, older_log(path, number))
    except FileNotFoundError:
        pass
    take_progress(path)  # of an attempt whose worker was killed


def read_end(path: str) -> tuple[int, FrameEnd] | None:
    """The number of an attempt at a frame and how it ended, as the footer of its log says; None without a footer."""
    block = end_of(path, 4096).split(f"\n{RULE}\n")
    if len(block) < 3 or block[-1].strip():
        return None
    values = dict(line.split(None, 1) for line in block[-2].splitlines() if len(line.split(None, 1)) == 2)
    facts = {name: values[label] for name, label in _FOOTER.items() if label in values}
    try:
        return int(facts["attempt"]), FrameEnd.from_dict(facts)
    except (KeyError, ValueError):
        return None


def is_begun(path: str) -> bool:
    """Tell whether a log is of an attempt that has begun and not ended."""
    return os.path.exists(path) and read_end(path) is None


def read_host(path: str) -> str:
    """Where the attempt runs, or ran, that a log is of, as its header says; empty when there is none yet."""
    for line in beginning_of(path, 4096).partition("\nenvironment\n")[0].splitlines():
        label, _, value = line.partition(" ")
        if label == "host":
            return value.strip()
    return ""


def with_progress(end: FrameEnd, path: str) -> FrameEnd:
    """How a frame ended with what its application told of itself."""
    told = take_progress(path)
    return end._replace(peak_kb=told.peak_memory_kb, warnings=told.warnings) if told is not None else end


def with_reason(end: FrameEnd, path: str) -> FrameEnd:
    """How a frame failed, with why: what is known, or the signal that ended it, or the last line that it printed."""
    if not end.reason and end.signal:
        end = end._replace(reason=f"ended by {signal_name(end.signal)}")
    elif not end.reason:  # Python says why in its last words
        end = end._replace(reason="".join(last_lines(path, 1)).strip()[:300])
    if end.ended_by is EndedBy.ITSELF and _tells_of_full_disk(path):
        end = end._replace(ended_by=EndedBy.FULL_DISK)
    return end


def _tells_of_full_disk(path: str) -> bool:
    """Tell whether the last words of a frame are those of the system for a full disk."""
    words = "\n".join(last_lines(path, 20))
    return any(os.strerror(number) in words for number in NO_SPACE)
