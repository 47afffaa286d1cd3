# SPDX-License-Identifier: Apache-2.0
"""What the end of a frame's process means for the frame."""

from __future__ import annotations

from ..frame_end import EndedBy, FarmStatus, FrameEnd
from .plan import JobPlan, LayerPlan
from .states import Signal

__all__ = ["is_blameless", "meaning_of"]


def is_blameless(end: FrameEnd) -> bool:
    """Whether something other than the frame ended it, so the frame keeps its try."""
    return end.ended_by in (EndedBy.LOST_HOST, EndedBy.BATCH) or end.status == FarmStatus.RECLAIMED


def meaning_of(
    end: FrameEnd, plan: JobPlan, layer: LayerPlan, *, tries: int, losses: int, max_losses: int | None
) -> Signal:
    """What the end of a process means.

    Args:
        end: How the process ended.
        plan: The job.
        layer: The layer of the frame.
        tries: How often the frame has started, including this time.
        losses: How often it was lost in a row before.
        max_losses: How many losses in a row make the frame DEAD. None for no limit.
    """
    if is_blameless(end):
        is_last = max_losses is not None and losses + 1 >= max_losses
    elif end.is_good:
        return Signal.EXITED_GOOD
    else:
        is_spent = tries > plan.max_retries and end.ended_by is not EndedBy.MEMORY
        is_hopeless = end.is_timed_out and not layer.timeout_retry
        is_last = is_hopeless or end.ended_by is EndedBy.NOTHING_TO_RUN or is_spent
        if plan.autoeat or layer.autoeat or (is_last and layer.ignore_errors):
            return Signal.EATEN
    return Signal.GAVE_UP if is_last else Signal.EXITED_BAD
