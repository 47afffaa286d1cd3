# SPDX-License-Identifier: Apache-2.0
"""What whoever shows a job is told while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...frame_end import FrameEnd
    from ...scheduler import FrameState
    from .dispatch import RunLoop

__all__ = ["Observer"]


class Observer:
    """Is told what happens, to show it; this one shows nothing. The loop calls each method between two of its steps."""

    def begins(self, run: RunLoop) -> None:
        """The job starts; called once."""

    def started(self, ref: int) -> None:
        """A frame was started."""

    def ended(self, ref: int, state: FrameState, end: FrameEnd) -> None:
        """A frame ended, and this is its state now."""

    def tick(self) -> float | None:
        """Draw, if there is a need to; return the seconds until the next call, None for no call."""
        return None

    def stopping(self, hard: bool) -> None:
        """Somebody pressed Ctrl-C; ``hard`` the second time."""
