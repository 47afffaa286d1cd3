# SPDX-License-Identifier: Apache-2.0
"""Handles the reports of RQDs: hosts, running frames, and how frames have ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from outline.frame_end import EndedBy, FrameEnd
from outline.scheduler import FrameState

from .hosts import Host, Proc, host_address, short_name
from .memory import (
    MEMORY_STATUS,
    end_users_of_swap,
    give_more_memory,
    is_full,
    lower_memory,
    note_memory,
    reserve_memory,
)
from .orders import KillOrder, LogOrder
from .running import ask_host, end_frame, end_left, kill_proc, was_busy
from .things import Comment

if TYPE_CHECKING:
    from .farm import Farm

__all__ = [
    "FrameReport", "HostReport", "LogEnd", "frame_ended", "give_up", "host_reported", "launch_answered",
    "launch_unanswered", "log_answered", "lose_proc",
]  # fmt: skip

OOM_STATUS, REFUSED_STATUS, ORPHAN_STATUS = 137, 299, 301
BUSY_STATUS = 126
BLAMELESS_STATUS, BLAMELESS_SIGNAL, SIGTERM, NO_START_STATUS = 286, 119, 15, 256
LONGEST_SECONDS, CUEBOT_ORPHAN_SECONDS = 12 * 3600, 300.0
FULL_TEMP = "The temporary folder is full"
MIN_TEMP_SHARE, SYSTEM_MEMORY, GB = 0.05, 524288, 1048576


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


# -- hosts -----------------------------------------------------------------------------------------------------


def host_reported(farm: Farm, report: HostReport, running: Iterable[FrameReport] | None) -> Host:
    """Handle the report of a host. Creates a host that is not known yet.

    Args:
        farm: The farm.
        report: The state of the machine.
        running: All frames that run there; None if the report does not list them.
    """
    name = short_name(report.name)
    host = farm.find_host(name) or _make_host(farm, name, report)
    was_full = host.state != "UP" or host.nimby_locked
    _update(farm, host, report)
    if running is not None:
        _compare(farm, host, {frame.resource_id: frame for frame in running})
    if report.is_boot and farm.procs_of_host(host):
        # It takes launches before it says that it has begun: only it knows which frames are those of the RQD before.
        ask_host(farm, host, "ReportStatus")
    if was_full or report.is_boot or farm.hungry:
        farm.wake(host)
    farm.touch("host", host.id, host)
    return host


def _make_host(farm: Farm, name: str, report: HostReport) -> Host:
    facility = next((one.name for one in farm.facilities.values() if one.name == report.facility.lower()), "local")
    allocations = [farm.find_allocation(f"{facility}.{tag}") for tag in report.tags]
    default = farm.default_allocation()
    if default.facility != facility:
        default = farm.find_allocation(f"{facility}.general") or default
    allocation = next((one for one in allocations if one is not None), default)
    host = Host(
        id=str(uuid.uuid4()),
        name=name,
        address="",
        facility=allocation.facility,
        allocation=allocation.id,
        thread_mode="ALL" if report.nimby_enabled else "AUTO",
    )
    farm.hosts[host.id] = host
    return host


def _update(farm: Farm, host: Host, report: HostReport) -> None:
    host.address = host_address(host.name, list(report.tags), dict(farm.settings.addresses), is_local=report.is_local)
    host.reported_tags = list(report.tags)
    host.cores, host.gpus, host.gpu_memory = report.cores, report.gpus, report.gpu_memory
    host.locked_cores = report.locked_cores
    host.total_memory, host.free_memory = report.total_memory, report.free_memory
    host.memory = _memory_for_frames(report)
    host.total_swap, host.free_swap = report.total_swap, report.free_swap
    host.total_mcp, host.free_mcp = report.total_mcp, report.free_mcp
    host.free_gpu_memory, host.load, host.boot_time = report.free_gpu_memory, report.load, report.boot_time
    host.os = report.os or host.os
    host.nimby_enabled, host.nimby_locked = report.nimby_enabled, report.nimby_locked
    host.ping_time = farm.now()
    if host.state == "DOWN" or (report.is_boot and host.state.startswith("REBOOT")):
        host.state = "UP"
    if report.is_boot:  # with another configuration, perhaps
        host.no_taskset, host.refusals, host.refused_until = False, 0, 0.0
    _check_temporary_space(farm, host)


def _memory_for_frames(report: HostReport) -> int:
    """The memory that frames may reserve, rounded as by Cuebot. With NIMBY it is less, since somebody works there."""
    rounded = -(-report.total_memory // GB) if "64bit" in report.tags else report.total_memory // GB
    memory = rounded * GB - SYSTEM_MEMORY
    return max(0, int(memory / 1.5) + SYSTEM_MEMORY if report.nimby_enabled else memory)


def _check_temporary_space(farm: Farm, host: Host) -> None:
    """Start no frames on a host while its temporary folder is full, and add a comment that says so."""
    notes = [one for one in farm.comments.values() if one.subject_of == host.id and one.subject == FULL_TEMP]
    is_full = host.total_mcp and host.free_mcp < host.total_mcp * MIN_TEMP_SHARE
    if is_full and host.state == "UP":
        host.state = "REPAIR"
        text = f"{host.free_mcp // 1024} MB of {host.total_mcp // 1024} MB are free; the host waits for more."
        note = Comment(str(uuid.uuid4()), host.id, int(farm.now()), "cuebot-stub", FULL_TEMP, text)
        farm.comments[note.id] = note
        farm.touch("comment", note.id, note)
    elif notes and not is_full:
        host.state = "UP" if host.state == "REPAIR" else host.state
        for note in notes:
            del farm.comments[note.id]
            farm.touch("comment", note.id, None)


def _compare(farm: Farm, host: Host, running: dict[str, FrameReport]) -> None:
    """Compare the frames that a host reports with those that should run there."""
    known = []
    for proc in farm.procs_of_host(host):
        report = running.pop(proc.id, None)
        if report is None:
            _is_missing(farm, proc)
            continue
        proc.missing_since = proc.lost_since = 0.0
        proc.launched = proc.launched or farm.now()
        proc.pinged = farm.now()
        proc.llu_time = report.llu_time
        note_memory(farm, proc, report)
        _end_overdue(farm, proc)
        known.append((proc, report.used_swap))
    _end_strangers(farm, host, running)
    if not host.nimby_enabled:  # where somebody works, frames do not have the memory alone
        _watch_memory(farm, host, known)


def _watch_memory(farm: Farm, host: Host, used_swap: list[tuple[Proc, int]]) -> None:
    if is_full(host):
        end_users_of_swap(farm, host, used_swap)
        return
    for proc, _ in used_swap:
        reserve_memory(farm, host, proc)


def _end_strangers(farm: Farm, host: Host, running: dict[str, FrameReport]) -> None:
    """End reported frames that the server has given up, and that may run elsewhere by now.

    A kill right after the start would end RQD itself. A frame is therefore ended at its second report.
    """
    before, now = farm.strangers.pop(host.id, {}), farm.now()
    seen = {id: before.get(id, now) for id in running}
    if seen:
        farm.strangers[host.id] = seen
    for id, since in seen.items():
        if now - since >= farm.settings.launch_grace_seconds:
            farm.order(KillOrder(host.address, id, running[id].frame_id, "not known to the server any more"))


def _is_missing(farm: Farm, proc: Proc) -> None:
    now = farm.now()
    began = proc.launched or proc.booked
    if now - began < farm.settings.launch_grace_seconds * 5:
        return  # it may be on its way
    proc.missing_since = proc.missing_since or now
    patience = CUEBOT_ORPHAN_SECONDS if farm.settings.strict else farm.settings.orphan_seconds
    if now - proc.missing_since >= patience / 2:  # its RQD may have been killed while nobody looked
        end_left(farm, farm.hosts[proc.host], [proc])
    if now - proc.missing_since >= patience:
        lose_proc(farm, proc, ORPHAN_STATUS)


def _end_overdue(farm: Farm, proc: Proc) -> None:
    """End a frame that has reached a time limit. Cuebot counts whole minutes, and one more than ``timeout``."""
    job = farm.jobs[proc.job]
    layer = job.layers[job.layer_of(proc.ref)]
    minutes = int(farm.now() - proc.booked) // 60
    if layer.timeout > 0 and minutes > layer.timeout:
        proc.timed_out = True
        kill_proc(farm, proc, f"ran longer than its timeout of {layer.timeout} minutes")
    elif _is_silent(farm, proc):
        proc.timed_out = True
        kill_proc(farm, proc, f"wrote nothing to its log for its timeout_llu of {layer.timeout_llu} minutes")


def _is_silent(farm: Farm, proc: Proc) -> bool:
    """Whether a frame has written nothing to its log for too long; before RQD reports the log, it has not."""
    job = farm.jobs[proc.job]
    most = job.layers[job.layer_of(proc.ref)].timeout_llu
    return most > 0 and proc.llu_time > 0 and int(farm.now() - proc.llu_time) // 60 >= most


# -- frames ----------------------------------------------------------------------------------------------------


def launch_answered(farm: Farm, resource_id: str, error: str) -> None:
    """Handle the answer of RQD to a launch.

    Args:
        farm: The farm.
        resource_id: The proc.
        error: Why RQD refused it; empty if it accepted.
    """
    proc = farm.procs.get(resource_id)
    if proc is None:
        return
    host = farm.hosts[proc.host]
    if not error:
        host.refusals = 0
        _note_launch(farm, proc)
        return
    if "hyperthreading" in error or "reserve" in error:
        host.no_taskset = True
    host.refusals += 1
    host.refused_until = farm.now() + min(10.0, 0.2 * 2.0**host.refusals)
    end_frame(farm, proc, FrameEnd(ended_by=EndedBy.LOST_HOST), status=REFUSED_STATUS)


def launch_unanswered(farm: Farm, resource_id: str) -> None:
    """Handle a launch that RQD may have got: the next report tells whether it runs the frame."""
    proc = farm.procs.get(resource_id)
    if proc is not None:
        _note_launch(farm, proc)
        ask_host(farm, farm.hosts[proc.host], "ReportStatus")


def _note_launch(farm: Farm, proc: Proc) -> None:
    """Note that a frame has begun. Not worth a write: a server that starts anew takes the booking for it."""
    if proc.launched:
        return  # a report was faster than the answer
    proc.launched = farm.now()
    if proc.kill_reason:
        proc.kill_at = max(proc.kill_at, proc.launched + farm.settings.launch_grace_seconds)
        farm.alarm()


def frame_ended(farm: Farm, report: FrameReport) -> bool:
    """Handle the end of a process, and return whether the proc was still there.

    A report about a proc that is gone changes nothing. It is probably a second report.
    """
    proc = farm.procs.get(report.resource_id)
    if proc is None or proc.frame_id != report.frame_id:
        return False
    proc.max_rss, proc.llu_time = max(proc.max_rss, report.max_rss), max(proc.llu_time, report.llu_time)
    if proc.outgrown and report.exit_status:
        report = report._replace(exit_status=MEMORY_STATUS)
    job = farm.jobs[proc.job]
    number = job.layer_of(proc.ref)
    exit = _meaning(farm, proc, report)
    if proc.outgrown or _is_out_of_memory(report):
        give_more_memory(farm, proc)
        proc.unbooked = True  # where it ran there may be no room for more
    status = MEMORY_STATUS if proc.outgrown else report.exit_status  # also of one that succeeded all the same
    state = end_frame(farm, proc, exit, status=status, seconds=report.run_seconds)
    if state is FrameState.SUCCEEDED and not job.state.is_layer_done(job.layers[number].name):
        lower_memory(farm, job, number)
    return True


def lose_proc(farm: Farm, proc: Proc, status: int) -> None:
    """Handle a process that has gone without a report: read in its log how it has ended.

    RQD drops a report if it cannot reach the server. Cuebot runs such frames again.
    """
    if proc.lost_since:
        return
    proc.lost_since, proc.lost_status = farm.now(), status
    if farm.settings.strict or not proc.launched:  # one that no daemon has taken has no log
        give_up(farm, proc)
    else:
        farm.order(LogOrder(proc.id, farm.jobs[proc.job].log_path(proc.ref)))


def log_answered(farm: Farm, resource_id: str, end: LogEnd | None) -> None:
    """Handle how a lost process has ended; None if its log does not say."""
    proc = farm.procs.get(resource_id)
    if proc is None or not proc.lost_since:
        return  # it was reported meanwhile
    if end is None:
        give_up(farm, proc)
    else:
        frame_ended(farm, FrameReport(resource_id, proc.frame_id, **end._asdict()))


def give_up(farm: Farm, proc: Proc) -> None:
    """Make the frame of a lost process WAITING again. This uses up no try."""
    end_frame(farm, proc, FrameEnd(ended_by=EndedBy.LOST_HOST), status=proc.lost_status)


def _meaning(farm: Farm, proc: Proc, report: FrameReport) -> FrameEnd:
    status, signal = report.exit_status, report.exit_signal
    if _is_blameless(farm, proc, report):
        return FrameEnd(status, signal, EndedBy.LOST_HOST)
    bad = status or (128 + signal if signal else 0)
    if bad and (proc.timed_out or _ran_too_long(farm, proc, report)):
        return FrameEnd(bad, signal, EndedBy.TIME_LIMIT)
    outgrown = farm.settings.strict and _is_out_of_memory(report)
    return FrameEnd(bad, signal, EndedBy.MEMORY if outgrown else EndedBy.ITSELF)


def _is_blameless(farm: Farm, proc: Proc, report: FrameReport) -> bool:
    """Whether a failure uses up no try."""
    job, status, signal = farm.jobs[proc.job], report.exit_status, report.exit_signal
    if status == BLAMELESS_STATUS or (signal == BLAMELESS_SIGNAL and job.facts.max_retries):
        return True
    if farm.useful and status == BUSY_STATUS and report.run_seconds == 0:
        return was_busy(job, proc.ref)
    if farm.settings.strict and NO_START_STATUS in (status, signal):
        return job.state.tries(proc.ref) <= job.facts.max_retries  # Cuebot does not count such a start
    return farm.hosts[proc.host].nimby_locked and signal == SIGTERM


def _ran_too_long(farm: Farm, proc: Proc, report: FrameReport) -> bool:
    """Whether a failed frame had used up its time limit, as another attempt would."""
    job = farm.jobs[proc.job]
    if _is_silent(farm, proc):
        return True
    layer = job.layers[job.layer_of(proc.ref)]
    longest = min(layer.timeout * 60 if layer.timeout > 0 else LONGEST_SECONDS, LONGEST_SECONDS)
    return report.run_seconds > longest


def _is_out_of_memory(report: FrameReport) -> bool:
    return MEMORY_STATUS in (report.exit_status, report.exit_signal) or report.exit_status == OOM_STATUS
