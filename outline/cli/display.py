# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a job runs, here or on a farm: nothing, a line per change, or a live table.

A display knows nothing of where the job runs: observers tell it what a run on this machine, or a wait for a farm, has
seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from ..backend.status import JobStatus

__all__ = ["Display", "PlainDisplay"]


class Display:
    """Shows nothing, and is the base of those that show something. Made for one job, and closed after it.

    Attributes:
        period_seconds: How often it wants to draw; None when it only prints what happens.
    """

    period_seconds: float | None = None

    def draw(self, job: JobStatus) -> None:
        """Show new numbers."""

    def redraw(self) -> None:
        """Show the last numbers again, for the times beside them."""

    def event(self, line: str) -> None:
        """Something happened that the numbers tell as well."""

    def dead(self, name: str, reason: str) -> None:
        """A frame failed for good."""

    def note(self, topic: str, text: str) -> None:
        """Something holds from now on; an empty text takes it back."""

    def close(self) -> None:
        """Take away what is drawn, so that other text can be printed."""


class PlainDisplay(Display):
    """Prints one line per change, for logs, pipes and terminals that cannot move their cursor."""

    def __init__(self, stream: TextIO) -> None:
        self.__stream = stream
        self.__notes: dict[str, str] = {}

    def event(self, line: str) -> None:
        """Print the line."""
        self.__stream.write(f"{line}\n")
        self.__stream.flush()

    def note(self, topic: str, text: str) -> None:
        """Print the text when it is new."""
        if text and text != self.__notes.get(topic):
            self.event(text)
        self.__notes[topic] = text
