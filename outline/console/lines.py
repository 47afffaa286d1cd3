# SPDX-License-Identifier: Apache-2.0
"""Cuts a stream of bytes into lines of clean text."""

from __future__ import annotations

import re

__all__ = ["LONGEST_LINE", "LineSplitter", "clean", "without_codes"]

LONGEST_LINE = 8192
"""How many bytes of a line are looked at; what comes after them is skipped."""

# Terminal codes: colours and cursor (CSI), titles and links (OSC), and those of two characters. A text, because most
# output has none, and compiling it at import would cost every process half a millisecond; re keeps what it compiled.
_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"


class LineSplitter:
    """Keeps the line that is not complete yet. CR ends a line as LF does: progress is drawn over itself with it."""

    def __init__(self) -> None:
        self.__rest = b""

    def split(self, chunk: bytes) -> str:
        """Return the lines that are complete now, joined by LF; empty when there is none."""
        data = self.__rest + chunk if self.__rest else chunk
        if b"\r" in data:
            data = data.replace(b"\r", b"\n")
        block, _, rest = data.rpartition(b"\n")
        self.__rest = rest[:LONGEST_LINE]
        if _has_long_line(block):
            block = b"\n".join([line[:LONGEST_LINE] for line in block.split(b"\n")])
        return clean(block) if block else ""

    def unfinished(self) -> str:
        """Return the line that is not complete yet."""
        return clean(self.__rest) if self.__rest else ""

    def close(self) -> str:
        """Return the last line, which has no end, and forget it."""
        line = self.unfinished()
        self.__rest = b""
        return line


def _has_long_line(block: bytes) -> bool:
    """Tell whether a line is to be cut, by a few long jumps from the end of one line to that of a later one."""
    begin = 0
    while len(block) - begin > LONGEST_LINE:
        end = block.rfind(b"\n", begin, begin + LONGEST_LINE + 1)
        if end < 0:
            return True
        begin = end + 1
    return False


def clean(data: bytes) -> str:
    """Return bytes as text, with what is no UTF-8 replaced and without terminal codes."""
    return without_codes(data.decode("utf-8", "replace"))


def without_codes(text: str) -> str:
    """Return text without terminal codes."""
    return re.sub(_ANSI, "", text) if "\x1b" in text else text
