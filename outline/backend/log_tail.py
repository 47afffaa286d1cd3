# SPDX-License-Identifier: Apache-2.0
"""Both ends of a frame's log, as every backend shows it."""

from __future__ import annotations

import os

__all__ = ["RULE", "beginning_of", "end_of", "last_lines"]

RULE = "=" * 59
# What the footer begins with that a worker of this machine writes, or RQD.
_FOOTERS = (f"\n{RULE}\nexitStatus", f"\n{RULE}\nRenderQ Job Complete")
_ENOUGH_BYTES = 64 * 1024


def last_lines(path: str, count: int) -> list[str]:
    """The last lines that a frame printed, without header, footer and what would steer a terminal.

    Empty when there is no log, or this machine does not see it.
    """
    body = f"\n{end_of(path)}"
    for footer in _FOOTERS:
        before, found, _ = body.rpartition(footer)
        body = before if found else body
    if body.startswith(f"\n{RULE}\n"):
        body = body.removeprefix(f"\n{RULE}").partition(f"\n{RULE}\n")[2]
    return [_plain(line) for line in body.splitlines() if line.strip()][-count:]


def _plain(line: str) -> str:
    if line.isprintable():
        return line
    from ..console.lines import without_codes  # most lines have none

    return "".join(char for char in without_codes(line) if char >= " " or char == "\t")


def beginning_of(path: str, size: int) -> str:
    """The first bytes of a file as text; empty when it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(size).decode("utf-8", "replace")
    except OSError:
        return ""


def end_of(path: str, size: int = _ENOUGH_BYTES) -> str:
    """The last bytes of a file as text; empty when it cannot be read."""
    try:
        with open(path, "rb") as stream:
            length = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, length - size))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
