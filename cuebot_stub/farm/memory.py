# SPDX-License-Identifier: Apache-2.0
"""Tracks the memory of frames, and adjusts what their layers ask for."""

from __future__ import annotations

from collections.abc import Iterable

from outline.cuebot_limits import LEAST_MEMORY_KB
from outline.frame_end import FarmStatus

from .changing import change_layer
from .hosts import FrameReport, Host, Proc
from .job import Job
from .procs import Procs
from .running import kill_proc
from .state import FarmState

__all__ = [
    "end_users_of_swap",
    "give_more_memory",
    "is_full",
    "lower_memory",
    "note_memory",
    "reserve_memory",
]

_SPARE = 262144  # above what the largest frame of a layer has used
# Of a host, from Cuebot's configuration: above both it is full, and frames that use swap are ended.
_MOST_MEMORY, _MOST_SWAP = 0.9, 0.05
_MOST_ENDED = 5


def note_memory(farm: FarmState, proc: Proc, report: FrameReport) -> None:
    """Store the memory of a running frame. Frames of its layer that start later get at least as much."""
    job = farm.jobs[proc.job]
    number = job.layer_of(proc.ref)
    totals = job.totals[number]
    proc.used_memory, proc.max_rss = report.rss, max(proc.max_rss, report.max_rss)
    proc.used_pss, proc.max_pss, proc.children = report.pss, max(proc.max_pss, report.max_pss), report.children
    farm.procs.save(proc)
    if proc.max_rss > totals.max_rss or proc.max_pss > totals.max_pss:
        totals.max_rss, totals.max_pss = max(totals.max_rss, proc.max_rss), max(totals.max_pss, proc.max_pss)
        farm.jobs.save_totals(job, number)
    _raise(farm, job, number, proc.max_rss)


def reserve_memory(procs: Procs, host: Host, proc: Proc) -> None:
    """Reserve the memory that a running frame uses, if that is more than it has and the host has enough."""
    more = proc.used_memory - proc.memory
    if 0 < more <= host.memory - procs.usage.of("host", host.id).memory:
        with procs.recounting([proc]):
            proc.memory = proc.used_memory
        procs.save(proc)


def is_full(host: Host) -> bool:
    """Tell whether a host has so little memory left that it swaps; one without swap never does."""
    memory, swap = _used(host.free_memory, host.total_memory), _used(host.free_swap, host.total_swap)
    return memory > _MOST_MEMORY and swap > _MOST_SWAP


def _used(free: int, total: int) -> float:
    return 1 - free / total if total > 0 else 0.0


def end_users_of_swap(farm: FarmState, host: Host, used_swap: Iterable[tuple[Proc, int]]) -> None:
    """End the frames of a full host that use most of its swap, until the others fit; they get more memory.

    Args:
        used_swap: Its procs, each with the swap that its frame uses, in kB.
    """
    swap, allowed = host.total_swap - host.free_swap, host.total_swap * _MOST_SWAP
    users = sorted(((used, proc) for proc, used in used_swap if used > 0), key=lambda user: -user[0])
    for used, proc in users[:_MOST_ENDED]:
        proc.outgrown = True
        job = farm.jobs[proc.job]
        job.facts_of(proc.ref).exit_status = FarmStatus.OUT_OF_MEMORY  # from now on, as on Cuebot
        farm.jobs.save_frame(job, proc.ref)
        kill_proc(farm, proc, "the host ran out of memory, and of all frames on it this one used most of its swap")
        swap -= used
        if swap <= allowed:
            break


def lower_memory(farm: FarmState, job: Job, number: int) -> None:
    """Lower the memory of a layer to a little more than its largest frame has used so far."""
    layer, most = job.layers[number], job.totals[number].max_rss
    enough = most + _SPARE if most >= LEAST_MEMORY_KB else LEAST_MEMORY_KB
    if layer.memory_optimizer and layer.memory > enough:
        change_layer(farm, job, number, memory=enough)


def give_more_memory(farm: FarmState, proc: Proc) -> None:
    """Raise the memory of a layer after a frame ran out of it. It is not lowered again."""
    job = farm.jobs[proc.job]
    number = job.layer_of(proc.ref)
    layer = job.layers[number]
    if layer.memory_optimizer:
        change_layer(farm, job, number, memory_optimizer=False)
    _raise(farm, job, number, proc.memory + layer.memory_increase)


def _raise(farm: FarmState, job: Job, number: int, memory: int) -> None:
    """Raise the memory of a layer, but not above the largest host: then no frame of it could run."""
    is_possible = farm.settings.strict or any(memory <= host.memory for host in farm.hosts.values())
    if memory > job.layers[number].memory and is_possible:
        change_layer(farm, job, number, memory=memory)
