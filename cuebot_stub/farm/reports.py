# SPDX-License-Identifier: Apache-2.0
"""Handles the reports of RQDs: hosts, running frames, and how frames have ended."""

from __future__ import annotations

from collections.abc import Iterable

from outline.frame_end import EndedBy, FarmStatus, FrameEnd
from outline.scheduler import FrameState

from .facts import NEVER_RAN
from .hosting import default_allocation
from .hosts import FrameReport, Host, HostReport, LogEnd, Proc, host_address, short_name
from .losing import give_up, miss_frames, note_missing
from .memory import (
    end_users_of_swap,
    give_more_memory,
    is_full,
    lower_memory,
    note_memory,
    reserve_memory,
)
from .orders import KillOrder
from .running import ask_host, end_frame, kill_proc
from .state import FarmState
from .things import DEFAULT_FACILITY

__all__ = ["frame_ended", "host_reported", "launch_answered", "launch_unanswered", "log_answered"]

BUSY_STATUS, BUSY_STARTS = 126, 3
BLAMELESS_SIGNAL, SIGTERM = 119, 15
LONGEST_SECONDS = 12 * 3600
FULL_TEMP = "The temporary folder is full"
MIN_TEMP_SHARE, SYSTEM_MEMORY, GB = 0.05, 524288, 1048576


def host_reported(farm: FarmState, report: HostReport, running: Iterable[FrameReport] | None) -> Host:
    """Handle the report of a host. Creates a host that is not known yet.

    Args:
        report: The state of the machine.
        running: All frames that run there; None if the report does not list them.
    """
    name = short_name(report.name)
    host = farm.hosts.named(name) or _make_host(farm, name, report)
    was_full = host.state != "UP" or host.nimby_locked
    _update(farm, host, report)
    if running is not None:
        _compare(farm, host, {frame.resource_id: frame for frame in running})
    if report.is_boot and miss_frames(farm, host):
        # It takes launches before it says that it has begun: only it knows which frames are those of the RQD before.
        ask_host(farm, host)
    if was_full or report.is_boot or farm.jobs.hungry:
        farm.wake(host)
    farm.hosts.save(host)
    return host


def _make_host(farm: FarmState, name: str, report: HostReport) -> Host:
    known = farm.facilities.named(report.facility)
    facility = known.name if known else DEFAULT_FACILITY
    allocations = [farm.allocations.named(f"{facility}.{tag}") for tag in report.tags]
    default = default_allocation(farm.allocations)
    if default.facility != facility:
        default = farm.allocations.named(f"{facility}.general") or default
    allocation = next((one for one in allocations if one is not None), default)
    mode = "ALL" if report.nimby_enabled else "AUTO"
    return farm.hosts.create(name, "", allocation.facility, allocation.id, thread_mode=mode)


#: What a host has of its last report, by the same name.
_REPORTED = (
    "cores", "gpus", "gpu_memory", "locked_cores", "total_memory", "free_memory", "total_swap", "free_swap",
    "total_mcp", "free_mcp", "free_gpu_memory", "load", "boot_time", "nimby_enabled", "nimby_locked",
)  # fmt: skip


def _update(farm: FarmState, host: Host, report: HostReport) -> None:
    for name in _REPORTED:
        setattr(host, name, getattr(report, name))
    host.address = host_address(host.name, list(report.tags), dict(farm.settings.addresses), is_local=report.is_local)
    host.reported_tags, host.memory, host.os = list(report.tags), _memory_for_frames(report), report.os or host.os
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


def _check_temporary_space(farm: FarmState, host: Host) -> None:
    """Start no frames on a host while its temporary folder is full, and add a comment that says so."""
    notes = farm.comments.where(subject_of=host.id, subject=FULL_TEMP)
    is_full = host.total_mcp and host.free_mcp < host.total_mcp * MIN_TEMP_SHARE
    if is_full and host.state == "UP":
        host.state = "REPAIR"
        text = f"{host.free_mcp // 1024} MB of {host.total_mcp // 1024} MB are free; the host waits for more."
        farm.comments.create(host.id, int(farm.now()), "cuebot-stub", FULL_TEMP, text)
    elif notes and not is_full:
        host.state = "UP" if host.state == "REPAIR" else host.state
        farm.comments.remove(*notes)


def _compare(farm: FarmState, host: Host, running: dict[str, FrameReport]) -> None:
    """Compare the frames that a host reports with those that should run there."""
    known = []
    for proc in farm.procs.on_host(host):
        report = running.pop(proc.id, None)
        if report is None:
            note_missing(farm, proc)
            continue
        proc.missing_since = proc.lost_since = 0.0
        proc.launched = proc.launched or farm.now()
        proc.pinged = farm.now()
        proc.llu_time = report.llu_time
        note_memory(farm, proc, report)
        _end_overdue(farm, proc)
        known.append((proc, report.used_swap))
    _end_strangers(farm, host, running)
    if host.nimby_enabled:
        return  # where somebody works, frames do not have the memory alone
    if is_full(host):
        end_users_of_swap(farm, host, known)
    else:
        for proc, _ in known:
            reserve_memory(farm.procs, host, proc)


def _end_strangers(farm: FarmState, host: Host, running: dict[str, FrameReport]) -> None:
    """End reported frames that the server has given up, and that may run elsewhere by now.

    A kill right after the start would end RQD itself. A frame is therefore ended at its second report.
    """
    before, now = farm.strangers.pop(host.id, {}), farm.now()
    seen = {id: before.get(id, now) for id in running}
    if seen:
        farm.strangers[host.id] = seen
    for id, since in seen.items():
        if now - since >= farm.settings.launch_grace_seconds:
            farm.orders.append(KillOrder(host.address, id, running[id].frame_id, "not known to the server any more"))


def _end_overdue(farm: FarmState, proc: Proc) -> None:
    """End a frame that has reached a time limit. Cuebot counts whole minutes, and one more than ``timeout``."""
    layer = farm.jobs[proc.job].layer(proc.ref)
    if 0 < layer.timeout < int(farm.now() - proc.booked) // 60:
        why = f"ran longer than its timeout of {layer.timeout} minutes"
    elif _is_silent(farm, proc):
        why = f"wrote nothing to its log for its timeout_llu of {layer.timeout_llu} minutes"
    else:
        return
    proc.timed_out = True
    kill_proc(farm, proc, why)


def _is_silent(farm: FarmState, proc: Proc) -> bool:
    """Whether a frame has written nothing to its log for too long; before RQD reports the log, it has not."""
    most = farm.jobs[proc.job].layer(proc.ref).timeout_llu
    return most > 0 and proc.llu_time > 0 and int(farm.now() - proc.llu_time) // 60 >= most


def launch_answered(farm: FarmState, resource_id: str, error: str) -> None:
    """Handle the answer of RQD to a launch.

    Args:
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
    end_frame(farm, proc, FrameEnd(ended_by=EndedBy.LOST_HOST), status=FarmStatus.REFUSED)


def launch_unanswered(farm: FarmState, resource_id: str) -> None:
    """Handle a launch that RQD may have got: the next report tells whether it runs the frame."""
    proc = farm.procs.get(resource_id)
    if proc is not None:
        _note_launch(farm, proc)
        ask_host(farm, farm.hosts[proc.host])


def _note_launch(farm: FarmState, proc: Proc) -> None:
    """Note that a frame has begun. Not worth a write: a server that starts anew takes the booking for it."""
    if proc.launched:
        return  # a report was faster than the answer
    proc.launched = farm.now()
    if proc.kill_reason:
        proc.kill_at = max(proc.kill_at, proc.launched + farm.settings.launch_grace_seconds)
        farm.alarm()


def frame_ended(farm: FarmState, report: FrameReport) -> bool:
    """Handle the end of a process, and return whether the proc was still there.

    A report about a proc that is gone changes nothing. It is probably a second report.
    """
    proc = farm.procs.get(report.resource_id)
    if proc is None or proc.frame_id != report.frame_id:
        return False
    proc.max_rss, proc.llu_time = max(proc.max_rss, report.max_rss), max(proc.llu_time, report.llu_time)
    job = farm.jobs[proc.job]
    number = job.layer_of(proc.ref)
    before = job.frames.get(proc.ref, NEVER_RAN).exit_status
    outgrown = proc.outgrown or (farm.settings.strict and before == FarmStatus.OUT_OF_MEMORY)
    if outgrown and report.exit_status:
        report = report._replace(exit_status=FarmStatus.OUT_OF_MEMORY)
    if _is_busy_start(report):
        job.facts_of(proc.ref).busy_starts += 1
    exit = _meaning(farm, proc, report)
    if outgrown or _is_out_of_memory(report):
        give_more_memory(farm, proc)
        proc.unbooked = True  # where it ran there may be no room for more
    status = FarmStatus.OUT_OF_MEMORY if outgrown else report.exit_status  # also of one that succeeded all the same
    state = end_frame(farm, proc, exit, status=status, seconds=report.run_seconds)
    if state is FrameState.SUCCEEDED and not job.state.is_layer_done(job.layers[number].name):
        lower_memory(farm, job, number)
    return True


def log_answered(farm: FarmState, resource_id: str, end: LogEnd | None) -> None:
    """Handle how a lost process has ended; None if its log does not say."""
    proc = farm.procs.get(resource_id)
    if proc is None or not proc.lost_since:
        return  # it was reported meanwhile
    if end is None:
        give_up(farm, proc)
    else:
        frame_ended(farm, FrameReport(resource_id, proc.frame_id, **end._asdict()))


def _meaning(farm: FarmState, proc: Proc, report: FrameReport) -> FrameEnd:
    status, signal = report.exit_status, report.exit_signal
    if _is_blameless(farm, proc, report):
        return FrameEnd(status, signal, EndedBy.LOST_HOST)
    bad = status or (128 + signal if signal else 0)
    if bad and (proc.timed_out or _ran_too_long(farm, proc, report)):
        return FrameEnd(bad, signal, EndedBy.TIME_LIMIT)
    outgrown = farm.settings.strict and _is_out_of_memory(report)
    return FrameEnd(bad, signal, EndedBy.MEMORY if outgrown else EndedBy.ITSELF)


def _is_blameless(farm: FarmState, proc: Proc, report: FrameReport) -> bool:
    """Whether a failure uses up no try."""
    job, status, signal = farm.jobs[proc.job], report.exit_status, report.exit_signal
    if status == FarmStatus.RECLAIMED or (signal == BLAMELESS_SIGNAL and job.facts.max_retries):
        return True
    if _is_busy_start(report) and not farm.settings.strict:
        return job.facts_of(proc.ref).busy_starts <= BUSY_STARTS
    if farm.settings.strict and FarmStatus.NOT_STARTED in (status, signal):
        return job.state.tries(proc.ref) <= job.facts.max_retries  # Cuebot does not count such a start
    return farm.hosts[proc.host].nimby_locked and signal == SIGTERM


def _is_busy_start(report: FrameReport) -> bool:
    """Whether another start on the host may have made the start of a frame fail.

    RQD 1.37 writes the command to a file and forks for several frames at once. A fork at that moment keeps the file
    open, and the system refuses to run it: "Text file busy", in 2 of 500 frames on 8 slots. A command that really
    cannot run fails in the same way again.
    """
    return report.exit_status == BUSY_STATUS and report.run_seconds == 0


def _ran_too_long(farm: FarmState, proc: Proc, report: FrameReport) -> bool:
    """Whether a failed frame had used up its time limit, as another attempt would."""
    minutes = farm.jobs[proc.job].layer(proc.ref).timeout
    longest = min(minutes * 60 if minutes > 0 else LONGEST_SECONDS, LONGEST_SECONDS)
    return report.run_seconds > longest or _is_silent(farm, proc)


def _is_out_of_memory(report: FrameReport) -> bool:
    status, signal = report.exit_status, report.exit_signal
    return FarmStatus.OUT_OF_MEMORY in (status, signal) or status == FarmStatus.KILLED
