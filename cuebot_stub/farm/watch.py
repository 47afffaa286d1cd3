# SPDX-License-Identifier: Apache-2.0
"""Time limits of the farm: kills that are due, silent hosts, and steps of the clock."""

from __future__ import annotations

import math
from collections.abc import Callable

from outline.frame_end import FarmStatus

from .hosts import Host
from .losing import end_left, give_up, lose_proc, miss_frames
from .running import ask_host, due_kill
from .state import FarmState

__all__ = ["StepWatch", "clock_stepped", "host_answered", "tick", "trim_times"]

_SMALLEST_STEP = 2.0
_KILLS_BEFORE_ASKING = 3
_LOG_SECONDS = 10.0


def tick(farm: FarmState) -> float:
    """Send due kills, ask silent hosts, and return the seconds until the next call.

    The server calls it again and again, within ``Farm.work``.
    """
    now = farm.now()
    for proc in list(farm.procs.values()):
        if proc.kill_reason and proc.kill_at <= now and proc.launched:
            farm.orders.append(due_kill(farm, proc))
        if proc.lost_since and now - proc.lost_since >= _LOG_SECONDS:
            give_up(farm, proc)  # the disk with its log hangs
    for host in farm.hosts.values():
        if now - host.ping_time > _patience(farm, host) and now - host.asked >= farm.settings.ask_seconds:
            host.asked = now
            ask_host(farm, host)
    if farm.jobs.hungry:
        farm.wake()  # a layer may start after a given time, and a refused frame may be tried again
    kills = [proc.kill_at for proc in farm.procs.values() if proc.kill_reason]
    return min(1.0, max(0.05, min(kills, default=now + 1.0) - now))


def _patience(farm: FarmState, host: Host) -> float:
    """How long a host may be silent. The time is short while frames on it may be gone."""
    for proc in farm.procs.on_host(host):
        if proc.missing_since or proc.kills >= _KILLS_BEFORE_ASKING:
            return farm.settings.ask_seconds
    if farm.procs.usage.of("host", host.id).procs:
        return min(farm.settings.host_timeout_seconds, 5.0)
    return farm.settings.host_timeout_seconds if host.state == "UP" else math.inf


def host_answered(farm: FarmState, host_id: str, error: str) -> None:
    """Handle a host whose RQD could not be reached.

    After some time the host is DOWN, and its frames are lost.
    """
    host = farm.hosts.get(host_id)
    if host is None or host.state == "DOWN":
        return
    silent_since, patience = host.ping_time, farm.settings.host_timeout_seconds
    if _is_gone(error):
        end_left(farm, host, miss_frames(farm, host))
        missed = [proc.missing_since for proc in farm.procs.on_host(host) if proc.missing_since]
        silent_since, patience = max(missed, default=silent_since), farm.settings.orphan_seconds
    if farm.now() - silent_since < patience:
        return
    if host.state == "UP":  # what somebody has said of a host stays
        host.state = "DOWN"
    farm.hosts.save(host)
    for proc in farm.procs.on_host(host):
        lose_proc(farm, proc, FarmStatus.HOST_DOWN)


def _is_gone(error: str) -> bool:
    """Whether RQD is gone. An RQD that only answers too late still runs its frames."""
    return "refused" in error


class StepWatch:
    """Detects that somebody has set the clock, or that the machine has slept."""

    def __init__(self, wall: Callable[[], float], steady: Callable[[], float]) -> None:
        """Compare the system clock with one that nobody can set."""
        self._wall, self._steady = wall, steady
        self._difference = wall() - steady()

    def step(self) -> float:
        """The seconds by which the clock was set since the last call; 0 for small steps."""
        before, now = self._difference, self._wall() - self._steady()
        if abs(now - before) < _SMALLEST_STEP:
            return 0.0
        self._difference = now
        return now - before


_HOST_TIMES = ("ping_time", "asked", "refused_until")
_PROC_TIMES = ("booked", "launched", "kill_at", "missing_since", "lost_since")


def clock_stepped(farm: FarmState, seconds: float) -> None:
    """Shift stored times after a step of the clock, so that no time limit ends too early or hours late."""
    if not seconds:
        return
    _change_times(farm, lambda name, time: time + seconds if time else time)
    for seen in farm.strangers.values():
        for id in seen:
            seen[id] += seconds
    trim_times(farm)  # some of it was noted after the step


def trim_times(farm: FarmState) -> None:
    """Set times in the future, stored while the clock was ahead, to now."""
    now, grace = farm.now(), farm.settings.launch_grace_seconds
    _change_times(farm, lambda name, time: min(time, now + grace if name == "kill_at" else now))


def _change_times(farm: FarmState, change: Callable[[str, float], float]) -> None:
    for things, names in ((farm.hosts.values(), _HOST_TIMES), (farm.procs.values(), _PROC_TIMES)):
        for thing in things:
            for name in names:
                setattr(thing, name, change(name, getattr(thing, name)))
