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
    """Keeps the incomplete last line. CR ends a line as LF does, because applications redraw progress with it."""

    def __init__(self) -> None:
        self.__rest = b""

    def split(self, chunk: bytes) -> str:
        """The lines that are now complete, joined by LF. Empty when there is none."""
        data = self.__rest + chunk if self.__rest else chunk
        if b"\r" in data:
            data = data.replace(b"\r", b"\n")
        block, _, rest = data.rpartition(b"\n")
        self.__rest = rest[:LONGEST_LINE]
        if _has_long_line(block):
            block = b"\n".join([line[:LONGEST_LINE] for line in block.split(b"\n")])
        return clean(block) if block else ""

    def unfinished(self) -> str:
        """The incomplete line."""
        return clean(self.__rest) if self.__rest else ""

    def close(self) -> str:
        """Take the last line, which has no line end."""
        line = self.unfinished()
        self.__rest = b""
        return line


def _has_long_line(block: bytes) -> bool:
    """Whether some line is too long. Takes a few long jumps, each from one line end to a later one."""
    begin = 0
    while len(block) - begin > LONGEST_LINE:
        end = block.rfind(b"\n", begin, begin + LONGEST_LINE + 1)
        if end < 0:
            return True
        begin = end + 1
    return False


def clean(data: bytes) -> str:
    """Bytes as text, without terminal codes and with invalid UTF-8 replaced."""
    return without_codes(data.decode("utf-8", "replace"))


def without_codes(text: str) -> str:
    """Text without terminal codes."""
    return re.sub(_ANSI, "", text) if "\x1b" in text else text
