# SPDX-License-Identifier: Apache-2.0
"""What has to be done because time passes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .reports import lose_proc
from .running import ask_host, due_kill

if TYPE_CHECKING:
    from .farm import Farm
    from .hosts import Host

__all__ = ["host_answered", "tick"]

HOST_DOWN_STATUS = 399
_ASK_SECONDS = 2.0
_KILLS_BEFORE_ASKING = 3


def tick(farm: Farm) -> float:
    """Send kills that are due, ask hosts that owe an answer, and return the seconds until the next look.

    Called within ``Farm.work`` by whoever has a clock.
    """
    now = farm.now()
    for proc in list(farm.procs.values()):
        if proc.kill_reason and proc.kill_at <= now and proc.launched:
            farm.order(due_kill(farm, proc))
    for host in farm.hosts.values():
        if now - host.ping_time > _patience(farm, host):
            ask_host(farm, host, "ReportStatus")
    if farm.hungry:
        farm.wake()  # a layer may start after a given time, and a refused frame may be tried again
    kills = [proc.kill_at for proc in farm.procs.values() if proc.kill_reason]
    return min(1.0, max(0.05, min(kills, default=now + 1.0) - now))


def _patience(farm: Farm, host: Host) -> float:
    """Return how long a host may be silent; not long while frames run on it that may be gone."""
    for proc in farm.procs_of_host(host):
        if proc.missing_since or proc.kills >= _KILLS_BEFORE_ASKING:
            return _ASK_SECONDS
    if farm.usage.of("host", host.id).procs:
        return min(farm.settings.host_timeout_seconds, 5.0)
    return farm.settings.host_timeout_seconds if host.state == "UP" else math.inf


def host_answered(farm: Farm, host_id: str, error: str) -> None:
    """Take in that a host daemon could not be reached when it was asked; then it is DOWN and has lost its frames."""
    host = farm.hosts.get(host_id)
    if host is None or not error or host.state == "DOWN":
        return
    if farm.now() - host.ping_time < farm.settings.orphan_seconds:
        return
    if host.state == "UP":  # what somebody has said of a host stays
        host.state = "DOWN"
    farm.touch("host", host.id, host)
    for proc in farm.procs_of_host(host):
        lose_proc(farm, proc, HOST_DOWN_STATUS)
