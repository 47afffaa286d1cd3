# SPDX-License-Identifier: Apache-2.0
"""Computes the progress of a chunk from what the output shows about its frames."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from outline.frames import FrameSet

__all__ = ["Progress", "Tracker"]


class Progress(NamedTuple):
    """The progress of a chunk.

    Attributes:
        percent: How much of the chunk is done, from 0 to 100. None while unknown.
        frame: The current frame of the chunk. None while unknown.
        frames_done: How many frames of the chunk are done for certain.
        peak_memory_kb: The highest memory figure in the output, 0 when there is none.
        note: What the application says it is doing. May be empty.
    """

    percent: float | None = None
    frame: int | None = None
    frames_done: int = 0
    peak_memory_kb: int = 0
    note: str = ""


class Tracker:
    """Counts the frames of one chunk. One command may render them all, or several commands some each.

    Args:
        chunk: The frames of the chunk in render order. None when unknown.
        tells_frames_apart: Percentages refer to the current frame, not to the whole command.
        tells_done: The application says when a frame is done. Otherwise a frame is done when the next one begins.
    """

    def __init__(self, chunk: FrameSet | None, *, tells_frames_apart: bool, tells_done: bool) -> None:
        self.__total = len(chunk.unique()) if chunk else 0
        self.__apart = tells_frames_apart
        self.__tells_done = tells_done
        self.__before = 0.0
        self.__finished: set[int] = set()
        self.__has_begun = False
        self.__start(list(chunk.unique()) if chunk else [], None)

    def __start(self, frames: list[int], share: float | None) -> None:
        self.__frames = frames
        self.__weight = float(max(1, len(frames))) if share is None else share * max(1, self.__total)
        self.__members = set(frames)
        self.__done: set[int] = set()
        self.__uncounted = 0
        self.__current: int | None = frames[0] if len(frames) == 1 else None
        self.__percent: float | None = None

    def begin(self, frames: FrameSet, share: float | None = None) -> None:
        """Record that a command begins to render these frames. This completes the frames of the command before.

        Args:
            share: This command's share of the whole work, up to 1. None means in proportion to its frames.
        """
        if self.__has_begun:
            self.__before += self.__weight
            self.__finished |= self.__members
        self.__start(list(frames.unique()), share)
        self.__finished -= self.__members
        self.__has_begun = True

    def percent(self, value: float) -> None:
        """Record a percentage."""
        self.__percent = min(100.0, max(0.0, value))

    def begin_frame(self, frame: int) -> None:
        """Record that a frame begins or goes on. Ignores a number that is not one of the chunk's frames."""
        if frame == self.__current or (self.__members and frame not in self.__members):
            return
        if self.__current is not None and not self.__tells_done:
            self.__done.add(self.__current)
        self.__current, self.__percent = frame, None

    def begin_place(self, place: int) -> None:
        """Record that the frame at a position, counted from 1, begins."""
        if 1 <= place <= len(self.__frames):
            if not self.__tells_done:
                self.__done.update(self.__frames[: place - 1])
            self.begin_frame(self.__frames[place - 1])

    def end_frame(self, name: str) -> None:
        """Record that a frame is done, given by its number or the name of its output file."""
        frame = self.__frame_of(name)
        if frame is None:
            frame = self.__current
        if frame is not None:
            self.__done.add(frame)
        else:
            self.__uncounted += 1

    def __frame_of(self, name: str) -> int | None:
        numbers = re.findall(r"-?\d+", os.path.splitext(os.path.basename(name.replace("\\", "/")))[0])
        if not numbers:
            return None
        number = int(numbers[-1])
        if not self.__members:
            return number
        # The hyphen in shot-0012.exr is not a minus sign.
        return next((one for one in (number, abs(number)) if one in self.__members), None)

    def progress(self, percent: float | None, memory_kb: int, note: str) -> Progress:
        """The progress of the chunk.

        Args:
            percent: A newer, provisional percentage to use in place of the last one.
            memory_kb: The most memory.
            note: A short text for people.
        """
        current = self.__percent if percent is None else min(100.0, max(0.0, percent))
        size = max(1, len(self.__frames))
        done = min(size, len(self.__done) + self.__uncounted)
        part = (current or 0.0) / 100.0
        if self.__apart:
            part = min(size, done + (0.0 if self.__current in self.__done else part)) / size
        total = max(float(self.__total), self.__before + self.__weight)
        known = current is not None or self.__before or done
        whole = round(100.0 * (self.__before + self.__weight * part) / total, 2) if known else None
        return Progress(whole, self.__current, len(self.__finished) + done, memory_kb, note)
