# SPDX-License-Identifier: Apache-2.0
"""Hosts, the procs on them, and what RQD reports of both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .things import Allocation

__all__ = ["FrameReport", "Host", "HostReport", "LogEnd", "Proc", "all_tags", "host_address", "short_name"]

DEFAULT_RQD_PORT = 8444
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}\Z")


@dataclass(slots=True)
class Host:
    """A machine with RQD. The first report creates it.

    Attributes:
        tags: The tags that clients have set.
        reported_tags: The tags that RQD reports.
        memory: The memory that frames may reserve; less than ``total_memory``.
        locked_cores: The cores that RQD has locked at a client's request.
        asked: When the server last asked for a report.
        refusals: The number of frames that it has refused in a row. It gets no others until ``refused_until``.
        no_taskset: RQD could not reserve whole cores for a threadable frame, because it has fewer than it reports.
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

    @property
    def is_locked(self) -> bool:
        """Whether only frames in a render partition start here."""
        return self.lock_state != "OPEN" or self.nimby_locked


@dataclass(slots=True)
class Proc:
    """Cores and memory of a host, reserved for the process of one frame.

    RQD returns its id as ``resource_id``, which tells reports about earlier processes of the same frame apart. It ends
    with its frame.

    Attributes:
        launched: When RQD accepted the frame; 0 before.
        kill_reason: Why it must end; empty while it may run.
        kill_at: When to send the next kill.
        missing_since: When RQD first reported without it; 0 while RQD reports it.
        lost_since: When the server gave it up and began to read its log; 0 before.
        lost_status: The exit status to use if the log has none.
        children: What RQD tells of its processes, as base64 of a ``ChildrenProcStats``.
        outgrown: The server ends it because its host has no memory left.
        again: Run the frame again when it has ended.
        unbooked: Its job does not come first for the room that it leaves.
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
    used_pss: int = 0
    max_pss: int = 0
    children: str = ""
    llu_time: int = 0
    unbooked: bool = False
    timed_out: bool = False
    kill_reason: str = ""
    kill_at: float = 0.0
    kills: int = 0
    missing_since: float = 0.0
    lost_since: float = 0.0
    lost_status: int = 0
    outgrown: bool = False
    again: bool = False
    redirect: str = ""


class HostReport(NamedTuple):
    """RQD's report about its machine, with memory in kB and cores in core points."""

    name: str
    facility: str
    tags: Sequence[str]
    cores: int
    total_memory: int
    free_memory: int
    total_swap: int
    free_swap: int
    total_mcp: int
    free_mcp: int
    gpus: int
    gpu_memory: int
    free_gpu_memory: int
    load: int
    boot_time: int
    os: str
    nimby_enabled: bool
    nimby_locked: bool
    is_boot: bool
    is_local: bool
    locked_cores: int = 0


class FrameReport(NamedTuple):
    """RQD's report about a process, with times in seconds since the epoch and memory in kB."""

    resource_id: str
    frame_id: str
    rss: int = 0
    max_rss: int = 0
    used_swap: int = 0
    pss: int = 0
    max_pss: int = 0
    children: str = ""
    llu_time: int = 0
    run_seconds: int = 0
    exit_status: int = 0
    exit_signal: int = 0


class LogEnd(NamedTuple):
    """How a process has ended according to its log, with memory in kB."""

    exit_status: int
    exit_signal: int
    run_seconds: int
    max_rss: int


def all_tags(host: Host, allocation: Allocation | None) -> list[str]:
    """The tags of a host, each once: of its allocation, its name, from RQD, and those set by clients."""
    tags = (allocation.tag if allocation else "", host.name, *host.reported_tags, *host.tags)
    return [tag for tag in dict.fromkeys(tags) if tag]


def short_name(reported: str) -> str:
    """The name of a host: without its domain, unless it is an address or has a port."""
    if ":" in reported or _ADDRESS.match(reported):
        return reported
    return reported.partition(".")[0]


def host_address(name: str, tags: list[str], known: dict[str, str], *, is_local: bool) -> str:
    """The address of a host's RQD, ``address:port``.

    Args:
        name: The host's name.
        tags: Its reported tags. ``rqdport_18602`` is the port of an RQD on this machine.
        known: The addresses from the options of the server.
        is_local: Whether the report came over the loopback interface.
    """
    if name in known:
        return known[name]
    if re.search(r":\d+\Z", name):
        return name
    ports = [tag.partition("_")[2] for tag in tags if re.match(r"rqdport_\d+\Z", tag)]
    if ports and is_local:
        return f"127.0.0.1:{ports[0]}"
    return f"{name}:{DEFAULT_RQD_PORT}"
