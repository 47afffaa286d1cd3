# SPDX-License-Identifier: Apache-2.0
"""Opens the logs that RQD writes, and reads from them how a process has ended."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Mapping
from contextlib import suppress

from outline.backend.log_tail import RULE

from .farm.hosts import LogEnd
from .farm.orders import RUN_VARIABLE

__all__ = ["open_log", "parse_log", "read_log"]

# A header has all variables of the frame, a footer the command lines of all its processes.
_MOST_BYTES = 262144
_FOOTER = f"\n{RULE}\nRenderQ Job Complete\n"
_CTIME = "%a %b %d %H:%M:%S %Y"


def open_log(path: str) -> int:
    """Open a log and return its file descriptor.

    A frame may have replaced its log with anything: this follows no links and does not wait for a pipe.

    Raises:
        OSError: The log does not exist, cannot be read, or is not a regular file.
    """
    log = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(log).st_mode):
        os.close(log)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return log


def read_log(path: str, run: str) -> LogEnd | None:
    """Read from a log how a run has ended; None if the log does not say, or belongs to another run.

    Args:
        path: The log.
        run: The id of the proc.
    """
    try:
        log = open_log(path)
    except OSError:
        return None
    with suppress(OSError), os.fdopen(log, "rb") as stream:
        head = stream.read(_MOST_BYTES)
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _MOST_BYTES))
        return parse_log(head.decode("utf-8", "replace"), stream.read().decode("utf-8", "replace"), run)
    return None


def parse_log(head: str, tail: str, run: str) -> LogEnd | None:
    """Find out from the header and the footer of a log how a run has ended.

    The header names the run. The footer repeats the time of the header. Text that the frame has printed, perhaps
    another log, does not have this time and is no footer.
    """
    header = head.partition(f"\n{RULE}\n")[0]
    began = re.search(r"^RenderQ JobSpec +(.*?) *$", header, re.MULTILINE)
    _, found, footer = tail.rpartition(_FOOTER)
    if not (began and found and footer.endswith(f"\n{RULE}\n")):
        return None
    facts: dict[str, str] = dict(re.findall(r"^(\w+) {2,}(.*)$", footer, re.MULTILINE))
    if f"\n{'env':<21}{RUN_VARIABLE}={run}\n" not in f"{header}\n" or facts.get("startTime") != began[1]:
        return None
    try:
        return LogEnd(int(facts["exitStatus"]), int(facts["exitSignal"]), _seconds(facts), int(facts["maxrss"]))
    except (KeyError, ValueError):
        return None


def _seconds(facts: Mapping[str, str]) -> int:
    start, end = (time.mktime(time.strptime(facts[name], _CTIME)) for name in ("startTime", "endTime"))
    return max(0, int(end - start))
