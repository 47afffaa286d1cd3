# SPDX-License-Identifier: Apache-2.0
"""What frames of the farm have printed, out of the logs that its hosts write."""

from __future__ import annotations

import os

__all__ = ["last_lines"]

_RULE = "=" * 59
_END = f"{_RULE}\nRenderQ Job Complete"
_ENOUGH_BYTES = 64 * 1024


def last_lines(path: str, count: int) -> list[str]:
    """Return the last lines that a frame has printed, without the header and footer of its host.

    Empty when there is no log, or this machine does not see it.
    """
    body = _tail(path)
    before, end, _ = body.rpartition(_END)
    body = before if end else body
    if body.startswith(_RULE):
        body = body.partition(f"\n{_RULE}\n")[2]
    return [line for line in body.splitlines() if line.strip()][-count:]


def _tail(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            length = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, length - _ENOUGH_BYTES))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
