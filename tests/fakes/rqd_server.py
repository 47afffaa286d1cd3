# SPDX-License-Identifier: Apache-2.0
"""A host daemon that speaks RQD's protocol and runs nothing: its frames use, write and end what a test says."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from opencue_proto import report_pb2, report_pb2_grpc, rqd_pb2, rqd_pb2_grpc

from tests.support import until

__all__ = ["RqdServer"]

GB = 1048576


class RqdServer(rqd_pb2_grpc.RqdInterfaceServicer):
    """One host; made, and stopped, by a test.

    Attributes:
        host: What it reports of its machine; fields of ``RenderHost``.
        frames: What it runs, by the names of frames.
        kills: The names and the reasons of frames that it was told to end, in their order; they end at once.
        ignores_kills: They go on.
    """

    def __init__(self, port: int, name: str = "node1", *, cores: int = 4, tags: tuple[str, ...] = ("general",)) -> None:
        """Listen on a port of the loopback interface, and tell the server at ``port`` that the host is there."""
        self.frames: dict[str, rqd_pb2.RunFrame] = {}
        self.kills: list[tuple[str, str]] = []
        self.ignores_kills = False
        self._lock = threading.Lock()
        self._cores = cores * 100
        self._grpc, self._ends = grpc.server(ThreadPoolExecutor(1)), ThreadPoolExecutor(1)
        rqd_pb2_grpc.add_RqdInterfaceServicer_to_server(self, self._grpc)
        own = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._reports = report_pb2_grpc.RqdReportInterfaceStub(self._channel)
        self.host: dict[str, Any] = {
            "name": name, "facility": "local", "tags": [*tags, f"rqdport_{own}"], "num_procs": 1,
            "cores_per_proc": self._cores, "total_mem": 16 * GB, "free_mem": 15 * GB, "total_swap": 8 * GB,
            "free_swap": 8 * GB, "total_mcp": 100 * GB, "free_mcp": 90 * GB, "attributes": {"SP_OS": "Linux"},
        }  # fmt: skip
        boot = report_pb2.BootReport(host=self._host(), core_info=self._core_info())
        self._reports.ReportRqdStartup(report_pb2.RqdReportRqdStartupRequest(boot_report=boot))

    def stop(self) -> None:
        """Serve no more."""
        self._grpc.stop(0).wait()
        self._ends.shutdown()
        self._channel.close()

    def _host(self) -> report_pb2.RenderHost:
        return report_pb2.RenderHost(**self.host)

    def _core_info(self) -> report_pb2.CoreDetail:
        return report_pb2.CoreDetail(total_cores=self._cores, idle_cores=self._cores)

    # -- what a server asks for ----------------------------------------------------------------------------------

    def LaunchFrame(self, request: Any, context: Any) -> Any:
        """Take a frame."""
        with self._lock:
            self.frames[request.run_frame.frame_name] = request.run_frame
        return rqd_pb2.RqdStaticLaunchFrameResponse()

    def KillRunningFrame(self, request: Any, context: Any) -> Any:
        """End a frame, as RQD does: by signal 9, with the exit status 1."""
        with self._lock:
            found = [frame for frame in self.frames.values() if frame.frame_id == request.frame_id]
            self.kills += [(frame.frame_name, request.message) for frame in found]
            for frame in found if not self.ignores_kills else ():
                del self.frames[frame.frame_name]
                self._ends.submit(self._report_end, frame, 1, 9, 1)
        return rqd_pb2.RqdStaticKillRunningFrameResponse()

    def ReportStatus(self, request: Any, context: Any) -> Any:
        """Say what the host is and runs."""
        return rqd_pb2.RqdStaticReportStatusResponse(host_report=self._status({}))

    # -- what a test lets happen ---------------------------------------------------------------------------------

    def wait_for(self, *names: str) -> None:
        """Wait until frames of these names have come, and no other ones run."""
        until(lambda: sorted(self.frames) == sorted(names))

    def report(self, **uses: dict[str, Any]) -> None:
        """Report the host, with all frames that run on it.

        Args:
            uses: What they use, by the names of their layers; fields of ``RunningFrameInfo``.
        """
        self._reports.ReportStatus(report_pb2.RqdReportStatusRequest(host_report=self._status(uses)))

    def _status(self, uses: dict[str, dict[str, Any]]) -> report_pb2.HostReport:
        with self._lock:
            frames = [self._info(frame, **uses.get(name.partition("-")[2], {})) for name, frame in self.frames.items()]
        return report_pb2.HostReport(host=self._host(), core_info=self._core_info(), frames=frames)

    @staticmethod
    def _info(frame: rqd_pb2.RunFrame, **values: Any) -> report_pb2.RunningFrameInfo:
        names = ("resource_id", "job_id", "job_name", "frame_id", "frame_name", "layer_id", "num_cores", "start_time")
        return report_pb2.RunningFrameInfo(**{name: getattr(frame, name) for name in names}, **values)

    def end(self, name: str, *, status: int = 0, signal: int = 0, seconds: int = 1, **used: Any) -> None:
        """End a frame and report that; ``used`` are fields of ``RunningFrameInfo``."""
        with self._lock:
            frame = self.frames.pop(name)
        self._report_end(frame, status, signal, seconds, **used)

    def _report_end(self, frame: rqd_pb2.RunFrame, status: int, signal: int, seconds: int, **used: Any) -> None:
        report = report_pb2.FrameCompleteReport(
            host=self._host(),
            frame=self._info(frame, **used),
            exit_status=status,
            exit_signal=signal,
            run_time=seconds,
        )
        request = report_pb2.RqdReportRunningFrameCompletionRequest(frame_complete_report=report)
        self._reports.ReportRunningFrameCompletion(request)
