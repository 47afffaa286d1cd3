# SPDX-License-Identifier: Apache-2.0
"""How far the running frames are, below the live table and in the status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..progress import FrameProgress, read_progress
from .text import memory, shorten

__all__ = ["RunningFrames", "progress_rows", "progress_words"]

# A frame that is over sooner is not worth looking at: a job of very short frames is never slowed down by it.
_SOONEST_SECONDS = 1.0
_SECONDS_BETWEEN_LOOKS = 0.5
_MOST_READ, _MOST_SHOWN = 64, 8


class RunningFrames:
    """Knows which frames run, and reads how far they are; made for one run, owned by its display."""

    def __init__(self) -> None:
        self.__begun: dict[int, float] = {}
        self.__found: list[tuple[int, FrameProgress]] = []
        self.__next_look = 0.0

    def started(self, ref: int, now: float) -> None:
        """Note that a frame was started."""
        self.__begun[ref] = now

    def ended(self, ref: int) -> None:
        """Note that a frame has ended."""
        self.__begun.pop(ref, None)

    def look(self, now: float, log_path: Callable[[int], str]) -> list[tuple[int, FrameProgress]]:
        """Return the frames that tell how far they are, those that run longest first.

        Args:
            now: The time, of the clock that ``started`` was told.
            log_path: Gives the path of a frame's log.
        """
        if now >= self.__next_look:
            self.__next_look = now + _SECONDS_BETWEEN_LOOKS
            old = [ref for ref, begun in self.__begun.items() if now - begun >= _SOONEST_SECONDS][:_MOST_READ]
            read = [(ref, read_progress(log_path(ref))) for ref in old]
            self.__found = [(ref, progress) for ref, progress in read if progress is not None]
        return [(ref, progress) for ref, progress in self.__found if ref in self.__begun]


def progress_words(progress: FrameProgress) -> str:
    """Return what is known beside the percentage: ``frame 12, 1.2 GB, 3 warnings, loading textures``."""
    words = []
    if progress.frame is not None:
        words.append(f"frame {progress.frame}")
    if progress.peak_memory_kb:
        words.append(memory(progress.peak_memory_kb))
    if progress.warnings:
        words.append(f"{progress.warnings} warning{'' if progress.warnings == 1 else 's'}")
    if progress.note:
        words.append(progress.note)
    return ", ".join(words)


def progress_rows(found: list[tuple[str, FrameProgress]], width: int) -> list[Any]:
    """Return what the live display shows of running frames: a row each, and how many more there are.

    Args:
        found: Names of frames and how far they are.
        width: The columns of the terminal.

    Returns:
        Renderables of rich, which has no types here.
    """
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    if not found:
        return []
    shown, more = found[:_MOST_SHOWN], len(found) - _MOST_SHOWN
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    names = min(max(len(name) for name, _ in shown), max(12, width // 3))
    table.add_column(no_wrap=True, width=names)
    table.add_column(width=20 if width >= 64 else 8)
    table.add_column(justify="right", no_wrap=True, width=5)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, progress in shown:
        percent = progress.percent
        table.add_row(
            Text(shorten(name, names)),
            ProgressBar(total=100, completed=percent or 0.0),
            Text("" if percent is None else f"{percent:.0f} %"),
            Text(progress_words(progress), style="dim"),
        )
    return [Text(""), table, *([Text(f"and {more} more", style="dim")] if more > 0 else [])]
