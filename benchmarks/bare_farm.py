# SPDX-License-Identifier: Apache-2.0
"""The least that makes a real RQD run commands: the reference for cuebot-stub's throughput."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from opencue_proto import report_pb2, report_pb2_grpc, rqd_pb2, rqd_pb2_grpc

__all__ = ["BareFarm"]

_LOST_SECONDS = 3.0


class BareFarm(report_pb2_grpc.RqdReportInterfaceServicer):  # type: ignore[misc]  # generated code has no types
    """Starts a command again whenever one has ended; keeps no state, no queue, no log of what it did."""

    def __init__(self, port: int = 0) -> None:
        self._server = grpc.server(ThreadPoolExecutor(16), options=(("grpc.so_reuseport", 0),))
        report_pb2_grpc.add_RqdReportInterfaceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self._server.start()
        self._seen, self._done, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._left = self._running = self._number = self._ended = 0
        self._last = 0.0
        self._rqd: Any = None
        self._channel: Any = None

    def stop(self) -> None:
        """Serve no more."""
        self._channel.close()
        self._server.stop(0.2).wait()

    def wait_for_host(self, address: str, timeout_seconds: float = 60.0) -> None:
        """Wait until the daemon can be reached, and has reported once if it has just been started."""
        self._channel = grpc.insecure_channel(address)
        grpc.channel_ready_future(self._channel).result(timeout_seconds)
        self._rqd = rqd_pb2_grpc.RqdInterfaceStub(self._channel)

    def run(self, frames: int, slots: int) -> float:
        """Run a command so often, so many at once, and return the seconds that it took.

        RQD may lose a report for good; such a slot stays empty, and the time is scaled to all frames.
        """
        self._left, self._ended = frames, 0
        began = self._last = time.perf_counter()
        for _ in range(slots):
            self._launch()
        while not self._done.wait(0.05) and time.perf_counter() - self._last < _LOST_SECONDS:
            pass
        return (self._last - began) * frames / max(1, self._ended)

    def _launch(self) -> None:
        with self._lock:
            if not self._left:
                return
            self._left -= 1
            self._running += 1
            self._number += 1
            number = self._number
        frame = rqd_pb2.RunFrame(
            resource_id=f"resource{number}",
            job_id="job",
            job_name="bare",
            layer_id="layer",
            frame_id=f"frame{number}",
            frame_name=f"{number:04d}-bare",
            command="true",
            user_name="bare",
            log_dir="/tmp/bare-farm-logs",
            show="testing",
            shot="shot",
            start_time=int(time.time() * 1000),
            num_cores=100,
            environment={"CUE_THREADABLE": "0"},
        )
        call = self._rqd.LaunchFrame.future(rqd_pb2.RqdStaticLaunchFrameRequest(run_frame=frame))
        call.add_done_callback(self._launched)

    def _launched(self, call: Any) -> None:
        if call.exception() is not None:  # it had not given back its cores yet
            time.sleep(0.01)
            with self._lock:
                self._left += 1
                self._running -= 1
            self._launch()

    def ReportRqdStartup(self, request: Any, context: Any) -> Any:
        """Take note of a daemon's start."""
        self._seen.set()
        return report_pb2.RqdReportRqdStartupResponse()

    def ReportStatus(self, request: Any, context: Any) -> Any:
        """Take no note of a daemon's state."""
        return report_pb2.RqdReportStatusResponse()

    def ReportRunningFrameCompletion(self, request: Any, context: Any) -> Any:
        """Start the next command."""
        with self._lock:
            self._running -= 1
            self._ended, self._last = self._ended + 1, time.perf_counter()
            is_over = not self._left and not self._running
        if is_over:
            self._done.set()
        else:
            self._launch()
        return report_pb2.RqdReportRunningFrameCompletionResponse()
