# SPDX-License-Identifier: Apache-2.0
"""Numbers and tables as people like to read them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..progress import FrameProgress

__all__ = [
    "counted_chunks",
    "duration",
    "facts",
    "frame_count",
    "memory",
    "moment",
    "plural",
    "progress_words",
    "quoted",
    "rate",
    "server_option",
    "shorten",
    "shorten_middle",
    "spaced",
    "table",
]

_GAP = 2  # between the columns of a table
_INDENT = 2  # that some tables have
_SHORTEST_NAME = 12


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Count things: ``1 frame``, ``2 frames``; ``nouns`` is a plural that is not made with an s."""
    return f"{spaced(count)} {noun if count == 1 else nouns or noun + 's'}"


def spaced(number: int) -> str:
    """A number with its thousands apart: ``6 000``."""
    return f"{number:,}".replace(",", " ")


def frame_count(frames: int, chunks: int) -> str:
    """Count frames where some run together: ``24 frames in 9 chunks``; without chunks ``24 frames``."""
    return plural(frames, "frame") if frames == chunks else f"{plural(frames, 'frame')} in {plural(chunks, 'chunk')}"


def counted_chunks(frames: int, chunks: int) -> str:
    """Count what runs at a time: ``9 chunks (24 frames)``; without chunks ``24 frames``."""
    return plural(frames, "frame") if frames == chunks else f"{plural(chunks, 'chunk')} ({plural(frames, 'frame')})"


def duration(seconds: float) -> str:
    """A time such as ``4.2 s``, ``3:05 min`` or ``2:15 h``; a clock that was set back gives ``0.0 s``."""
    seconds = max(0.0, seconds)
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 100 else f"{minutes // 60}:{minutes % 60:02d} h"


def moment(seconds: float) -> str:
    """A time in seconds since 1970 as date and time of day here: ``2026-04-01 12:30``."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def memory(kilobytes: int) -> str:
    """An amount of memory such as ``512 kB``, ``87 MB`` or ``1.2 GB``."""
    if kilobytes < 1024:
        return f"{kilobytes} kB"
    megabytes = kilobytes / 1024
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1024:.1f} GB"


def rate(per_second: float) -> str:
    """A rate such as ``3.2/s`` or ``4.0/min``; empty for none."""
    if not per_second:
        return ""
    return f"{per_second:.1f}/s" if per_second >= 1 else f"{per_second * 60:.1f}/min"


def shorten(text: str, width: int) -> str:
    """The text, cut off with ``…`` where it is longer than ``width``."""
    return text if len(text) <= width else f"{text[: max(1, width - 1)]}…"


def shorten_middle(text: str, width: int) -> str:
    """The text, cut out of its middle where it is longer than ``width``; names often differ at their ends."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def quoted(word: object) -> str:
    """A word as a shell wants it."""
    import shlex

    return shlex.quote(str(word))


def server_option(server: object) -> str:
    """The option that names the farm server of a command line, with a blank in front; empty without one."""
    return f" --server {quoted(server)}" if server else ""


def progress_words(progress: FrameProgress) -> str:
    """Tell what is known beside the percentage: ``frame 12, 1.2 GB, 3 warnings, loading textures``."""
    words = [f"frame {progress.frame}"] if progress.frame is not None else []
    words += [memory(progress.peak_memory_kb)] if progress.peak_memory_kb else []
    words += [plural(progress.warnings, "warning")] if progress.warnings else []
    return ", ".join([*words, *([progress.note] if progress.note else [])])


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> list[str]:
    """Rows of texts as aligned lines.

    Where they would be wider than the terminal, the names in the first column are cut out of their middle, if that
    helps.

    Args:
        head: The titles of the columns.
        rows: The cells.
        numbers: The columns that are aligned on the right.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    room = _terminal_width() - _INDENT - sum(width + _GAP for width in widths[1:])
    if _SHORTEST_NAME <= room < widths[0]:
        widths[0] = room
        rows = [[shorten_middle(row[0], room), *row[1:]] for row in rows]
    lines = []
    for row in (head, *rows):
        cells = (
            f"{cell:>{width}}" if place in numbers else f"{cell:<{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append((" " * _GAP).join(cells).rstrip())
    return lines


def _terminal_width() -> int:
    """The columns of the terminal that the output goes to; very many for a file or a pipe."""
    try:
        return os.get_terminal_size().columns
    except OSError:
        return sys.maxsize


def facts(pairs: Sequence[tuple[str, str]], indent: str = "") -> list[str]:
    """Pairs of a word and its value as lines; pairs without a value are left out, more lines are indented."""
    width = max((len(word) for word, value in pairs if value), default=0)
    lines = []
    for word, value in pairs:
        if value:
            first, *more = value.split("\n")
            lines.append(f"{indent}{word:<{width}}  {first}")
            lines += [f"{indent}{'':<{width}}  {line}" for line in more]
    return lines
