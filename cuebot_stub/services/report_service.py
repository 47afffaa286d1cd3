# SPDX-License-Identifier: Apache-2.0
"""The reports of RQDs."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from opencue_proto import report_pb2

from ..farm.farm import Farm
from ..farm.reports import FrameReport, HostReport, frame_ended, host_reported
from .rpc import Invalid, Service, peer

__all__ = ["ReportService", "take_host_report"]


class ReportService(Service):
    """``report.RqdReportInterface``."""

    name = "report.RqdReportInterface"

    def ReportRqdStartup(self, request: Any) -> None:
        report = request.boot_report
        host_reported(self.farm, _host(report.host, report.core_info, is_boot=True), None)

    def ReportStatus(self, request: Any) -> None:
        take_host_report(self.farm, request.host_report)

    def ReportRunningFrameCompletion(self, request: Any) -> None:
        """Handle the end of a process."""
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
        name=host.name,
        facility=host.facility,
        tags=[tag for tags in host.tags for tag in tags.split()],
        cores=core_info.total_cores or host.num_procs * host.cores_per_proc,
        total_memory=host.total_mem,
        free_memory=host.free_mem,
        total_swap=host.total_swap,
        free_swap=host.free_swap,
        total_mcp=host.total_mcp,
        free_mcp=host.free_mcp,
        gpus=host.num_gpus,
        gpu_memory=host.total_gpu_mem,
        free_gpu_memory=host.free_gpu_mem,
        load=host.load,
        boot_time=host.boot_time,
        os=host.attributes.get("SP_OS", ""),
        nimby_enabled=host.nimby_enabled,
        nimby_locked=host.nimby_locked,
        is_boot=is_boot,
        is_local=_is_local(peer()),
        locked_cores=core_info.locked_cores,
    )


def _is_local(address: str) -> bool:
    return address.startswith(("ipv4:127.", "ipv6:%5B::1%5D", "ipv6:[::1]", "unix:"))


def _frame(frame: Any) -> FrameReport:
    return FrameReport(
        resource_id=frame.resource_id,
        frame_id=frame.frame_id,
        rss=frame.rss,
        max_rss=frame.max_rss,
        used_swap=frame.used_swap_memory,
        pss=frame.pss,
        max_pss=frame.max_pss,
        children=b64encode(frame.children.SerializeToString()).decode(),
        llu_time=frame.llu_time,
    )
