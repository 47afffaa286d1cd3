# SPDX-License-Identifier: Apache-2.0
"""The reports of RQDs, and the state of the server."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from opencue_proto import cue_pb2, report_pb2

from ..farm.errors import Invalid
from ..farm.farm import Farm
from ..farm.hosts import FrameReport, HostReport
from ..farm.reports import frame_ended, host_reported
from .calls import call
from .rpc import Answer, Service, peer

__all__ = ["CueService", "ReportService", "take_host_report"]


_SAME_OF_HOST = (
    "name", "facility", "total_swap", "free_swap", "total_mcp", "free_mcp", "load", "boot_time", "nimby_enabled",
    "nimby_locked",
)  # fmt: skip
_SAME_OF_FRAME = ("resource_id", "frame_id", "rss", "max_rss", "pss", "max_pss", "llu_time")


class CueService(Service):
    """``cue.CueInterface``: the call with which every client begins."""

    name = "cue.CueInterface"

    def GetSystemStats(self, request: Any) -> Answer:
        """The counters of the server. It has no queues, so their figures are 0."""
        booked, waiting = self.farm.procs.booked, sum(len(job.state.frames) for job in self.farm.jobs.hungry.values())
        return cue_pb2.SystemStats(dispatch_executed=booked, booked_procs=booked, booking_waiting=waiting)


class ReportService(Service):
    """``report.RqdReportInterface``."""

    name = "report.RqdReportInterface"

    def ReportRqdStartup(self, request: Any) -> None:
        report = request.boot_report
        host_reported(self.farm, _host(report.host, report.core_info, is_boot=True), None)

    ReportStatus = call(lambda farm, request: take_host_report(farm, request.host_report))

    def ReportRunningFrameCompletion(self, request: Any) -> None:
        report = request.frame_complete_report
        frame = _frame(report.frame)._replace(
            run_seconds=report.run_time, exit_status=report.exit_status, exit_signal=report.exit_signal
        )
        frame_ended(self.farm, frame)


def take_host_report(farm: Farm, report: report_pb2.HostReport, *, is_local: bool | None = None) -> None:
    """Handle a status report, requested or not. Call it within ``Farm.work``."""
    host = _host(report.host, report.core_info, is_boot=False)
    if is_local is not None:
        host = host._replace(is_local=is_local)
    host_reported(farm, host, [_frame(frame) for frame in report.frames])


def _host(host: report_pb2.RenderHost, core_info: report_pb2.CoreDetail, *, is_boot: bool) -> HostReport:
    if not host.name:
        raise Invalid("the report names no host")
    return HostReport(
        **{name: getattr(host, name) for name in _SAME_OF_HOST},
        tags=[tag for tags in host.tags for tag in tags.split()],
        cores=core_info.total_cores or host.num_procs * host.cores_per_proc,
        total_memory=host.total_mem,
        free_memory=host.free_mem,
        gpus=host.num_gpus,
        gpu_memory=host.total_gpu_mem,
        free_gpu_memory=host.free_gpu_mem,
        os=host.attributes.get("SP_OS", ""),
        is_boot=is_boot,
        is_local=_is_local(peer()),
        locked_cores=core_info.locked_cores,
    )


def _is_local(address: str) -> bool:
    return address.startswith(("ipv4:127.", "ipv6:%5B::1%5D", "ipv6:[::1]", "unix:"))


def _frame(frame: Any) -> FrameReport:
    children = b64encode(frame.children.SerializeToString()).decode()
    same = {name: getattr(frame, name) for name in _SAME_OF_FRAME}
    return FrameReport(**same, used_swap=frame.used_swap_memory, children=children)
