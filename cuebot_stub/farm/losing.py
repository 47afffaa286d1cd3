# SPDX-License-Identifier: Apache-2.0
"""Processes that go without a report: they are missed, then lost, and their logs tell how they have ended.

The frames of those whose logs say nothing run again.
"""

from __future__ import annotations

from collections.abc import Sequence

from outline.frame_end import EndedBy, FarmStatus, FrameEnd

from .hosts import Host, Proc
from .orders import EndLeftOrder, LogOrder
from .running import end_frame
from .state import FarmState

__all__ = ["end_left", "give_up", "lose_proc", "miss_frames", "note_missing"]

CUEBOT_ORPHAN_SECONDS = 300.0


def miss_frames(farm: FarmState, host: Host) -> list[Proc]:
    """Mark the frames of an RQD that was killed as missing, except those whose launch has no answer yet.

    They are lost after some time, like other missing frames. A report that lists one finds it again.

    Returns:
        The procs of these frames.
    """
    missing = [proc for proc in farm.procs.on_host(host) if proc.launched]
    for proc in missing:
        proc.missing_since = proc.missing_since or farm.now()
    return missing


def note_missing(farm: FarmState, proc: Proc) -> None:
    """Handle a frame that a report of its RQD lacks. It is lost after some time."""
    now = farm.now()
    began = proc.launched or proc.booked
    if now - began < farm.settings.launch_grace_seconds * 5:
        return  # it may be on its way
    proc.missing_since = proc.missing_since or now
    patience = CUEBOT_ORPHAN_SECONDS if farm.settings.strict else farm.settings.orphan_seconds
    if now - proc.missing_since >= patience / 2:  # its RQD may have been killed while nobody looked
        end_left(farm, farm.hosts[proc.host], [proc])
    if now - proc.missing_since >= patience:
        lose_proc(farm, proc, FarmStatus.ORPHANED)


def end_left(farm: FarmState, host: Host, procs: Sequence[Proc]) -> None:
    """Order the end of processes that a killed RQD has left running. A strict server leaves them, as Cuebot does."""
    if procs and not farm.settings.strict:
        farm.orders.append(EndLeftOrder(host.address, tuple(proc.id for proc in procs)))


def lose_proc(farm: FarmState, proc: Proc, status: int) -> None:
    """Handle a process that has gone without a report: read in its log how it has ended.

    RQD drops a report if it cannot reach the server. Cuebot runs such frames again.
    """
    if proc.lost_since:
        return
    proc.lost_since, proc.lost_status = farm.now(), status
    if farm.settings.strict or not proc.launched:  # one that no daemon has taken has no log
        give_up(farm, proc)
    else:
        farm.orders.append(LogOrder(proc.id, farm.jobs[proc.job].log_path(proc.ref)))


def give_up(farm: FarmState, proc: Proc) -> None:
    """Make the frame of a lost process WAITING again. This uses up no try."""
    end_frame(farm, proc, FrameEnd(ended_by=EndedBy.LOST_HOST), status=proc.lost_status)
