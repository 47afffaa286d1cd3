# SPDX-License-Identifier: Apache-2.0
"""Hosts, and the procs that are reserved on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Host", "Proc", "host_address", "short_name"]

DEFAULT_RQD_PORT = 8444
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}\Z")


@dataclass(slots=True)
class Host:
    """A machine with a host daemon; made by its first report.

    Attributes:
        tags: What somebody gave it here.
        reported_tags: What its daemon says of it.
        memory: What frames may reserve; less than ``total_memory``.
        locked_cores: What its daemon keeps from frames, because somebody has told it so.
        asked: When it was asked last for a report.
        refusals: How many frames it has refused in a row; it gets none until ``refused_until``.
        no_taskset: It refused to reserve whole cores for a threadable frame, as it has fewer than it reports.
    """

    id: str
    name: str
    address: str
    facility: str
    allocation: str
    state: str = "UP"
    lock_state: str = "OPEN"
    thread_mode: str = "AUTO"
    os: str = "Linux"
    cores: int = 0
    locked_cores: int = 0
    memory: int = 0
    gpus: int = 0
    gpu_memory: int = 0
    tags: list[str] = field(default_factory=list)
    reported_tags: list[str] = field(default_factory=list)
    total_memory: int = 0
    free_memory: int = 0
    total_swap: int = 0
    free_swap: int = 0
    total_mcp: int = 0
    free_mcp: int = 0
    free_gpu_memory: int = 0
    load: int = 0
    boot_time: int = 0
    ping_time: float = 0.0
    asked: float = 0.0
    nimby_enabled: bool = False
    nimby_locked: bool = False
    no_taskset: bool = False
    refusals: int = 0
    refused_until: float = 0.0


@dataclass(slots=True)
class Proc:
    """Cores and memory of a host, reserved for the process of one frame.

    Its id is what the host daemon echoes as ``resource_id``, so a report about an older process of the same frame is
    told apart. With the frame's end it is gone.

    Attributes:
        launched: When the host daemon has taken the frame; 0 before.
        kill_reason: Why it must end; empty as long as it may run.
        kill_at: When to ask the host daemon for it the next time.
        missing_since: When the host daemon was first heard not to know of it; 0 as long as it does.
        lost_since: When it was given up, and its log was asked for how it has ended; 0 as long as it may run.
        lost_status: The exit status to show when its log does not tell.
        again: Its frame shall run again as soon as it has ended.
        unbooked: Its job has no preference for the room it leaves.
        redirect: The job or group that gets its room; empty for any.
    """

    id: str
    host: str
    job: str
    ref: int
    frame_id: str
    cores: int
    memory: int
    gpus: int = 0
    gpu_memory: int = 0
    booked: float = 0.0
    launched: float = 0.0
    pinged: float = 0.0
    used_memory: int = 0
    max_rss: int = 0
    llu_time: int = 0
    unbooked: bool = False
    timed_out: bool = False
    kill_reason: str = ""
    kill_at: float = 0.0
    kills: int = 0
    missing_since: float = 0.0
    lost_since: float = 0.0
    lost_status: int = 0
    again: bool = False
    redirect: str = ""


def short_name(reported: str) -> str:
    """Return the name of a host: without its domain, unless it is an address or has a port."""
    if ":" in reported or _ADDRESS.match(reported):
        return reported
    return reported.partition(".")[0]


def host_address(name: str, tags: list[str], known: dict[str, str], *, is_local: bool) -> str:
    """Return where the daemon of a host listens, as ``address:port``.

    Args:
        name: The host's name.
        tags: What it reported; ``rqdport_18602`` tells the port of a daemon on this machine.
        known: What the server was told at its start.
        is_local: The report came over the loopback interface.
    """
    if name in known:
        return known[name]
    if re.search(r":\d+\Z", name):
        return name
    ports = [tag.partition("_")[2] for tag in tags if re.match(r"rqdport_\d+\Z", tag)]
    if ports and is_local:
        return f"127.0.0.1:{ports[0]}"
    return f"{name}:{DEFAULT_RQD_PORT}"
