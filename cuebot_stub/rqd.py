# SPDX-License-Identifier: Apache-2.0
"""Sends the farm's orders to the RQDs of hosts over gRPC, and reports the results to the farm.

Nothing here waits: a callback gets the answer of each call. The rest of the server works around these traps of RQD
1.37: a kill within about 0.3 s of a launch ends RQD itself, the report of a finished frame may come twice or never, RQD
may refuse a launch that answers an early report, and a status report may lack frames that have just started.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import grpc
from opencue_proto import report_pb2, rqd_pb2, rqd_pb2_grpc

from .farm.errors import CannotSave
from .farm.farm import Farm
from .farm.orders import RUN_VARIABLE, EndLeftOrder, KillOrder, LaunchOrder, LogOrder, Order, ReportOrder, RunFrame
from .farm.reports import launch_answered, launch_unanswered, log_answered
from .farm.watch import host_answered
from .logs import read_log
from .up.addresses import is_loopback
from .up.processes import end_processes, processes_with

__all__ = ["RqdLink"]

logger = logging.getLogger("cuebot_stub.rqd")

# A channel to a daemon that was started anew must not wait for minutes before it tries again.
_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 1000))


class RqdLink:
    """The gRPC channels to RQDs, by address. The server makes it and closes it."""

    def __init__(self, farm: Farm, report: Callable[[report_pb2.HostReport], None]) -> None:
        """Make a link without channels.

        Args:
            farm: The farm that gets the results of orders.
            report: Called with each host report that an RQD sends as an answer.
        """
        self._farm = farm
        self._seconds = farm.settings.answer_seconds
        self._report = report
        self._stubs: dict[str, Any] = {}
        self._channels: list[grpc.Channel] = []
        self._lock = threading.Lock()
        self._closed = False

    def send(self, orders: list[Order]) -> None:
        """Send orders without waiting. Each host gets its orders in this sequence."""
        left = [order for order in orders if isinstance(order, EndLeftOrder)]
        logs = [order for order in orders if isinstance(order, LogOrder)]
        if left or logs:  # a disk may hang, and then nobody waits for this thread
            threading.Thread(target=self._clear_up, args=(left, logs), name="cuebot-stub-lost", daemon=True).start()
        for order in orders:
            if isinstance(order, EndLeftOrder | LogOrder):
                continue
            if isinstance(order, LaunchOrder):
                frame = run_frame_message(order.frame)
                self._ask(order.address, "LaunchFrame", partial(self._launched, order), run_frame=frame)
            elif isinstance(order, KillOrder):
                what = {"frame_id": order.frame_id, "message": order.reason}
                self._ask(order.address, "KillRunningFrame", partial(_note, order), **what)
            else:
                self._ask(order.address, "ReportStatus", partial(self._reported, order))

    def tell(self, address: str, verb: str) -> str:
        """Send one order and wait, up to the time limit. Returns the error, or an empty text."""
        call = self._ask(address, verb)
        return "the server is stopping" if call is None else _problem(call)

    def close(self) -> None:
        """Close all channels and drop pending answers."""
        with self._lock:
            self._closed = True
            for channel in self._channels:
                channel.close()

    def _stub(self, address: str) -> Any:
        with self._lock:
            if self._closed:
                return None
            if address not in self._stubs:
                channel = grpc.insecure_channel(address, options=_OPTIONS)
                self._channels.append(channel)
                self._stubs[address] = rqd_pb2_grpc.RqdInterfaceStub(channel)
            return self._stubs[address]

    def _ask(self, address: str, verb: str, done: Callable[[Any], None] | None = None, **what: Any) -> Any:
        """Begin a call, and return it; None after ``close``. At its end, ``done`` gets it."""
        stub = self._stub(address)
        if stub is None:
            return None
        call = getattr(stub, verb).future(getattr(rqd_pb2, f"RqdStatic{verb}Request")(**what), timeout=self._seconds)
        if done is not None:
            call.add_done_callback(done)
        return call

    def _launched(self, order: LaunchOrder, call: Any) -> None:
        error, frame = _problem(call), order.frame
        if self._closed:
            return
        is_unanswered = bool(error) and _may_have_arrived(call)
        if error:
            what = "did not say whether it took" if is_unanswered else "refused"
            logger.warning("%s %s %s of %s: %s", order.address, what, frame.frame_name, frame.job_name, error)
        with suppress(CannotSave), self._farm.work() as farm:
            if is_unanswered:
                launch_unanswered(farm, frame.resource_id)
            else:
                launch_answered(farm, frame.resource_id, error)

    def _clear_up(self, left: list[EndLeftOrder], logs: list[LogOrder]) -> None:
        for one in left:  # first, since a frame runs again as soon as its log is read
            _end_left(one)
        for order in logs:
            end = read_log(order.path, order.proc)
            if self._closed:
                return
            with suppress(CannotSave), self._farm.work() as farm:
                log_answered(farm, order.proc, end)

    def _reported(self, order: ReportOrder, call: Any) -> None:
        error = _problem(call)
        if self._closed:
            return
        with suppress(CannotSave):
            if not error:
                self._report(call.result().host_report)
                return
            logger.warning("%s does not answer: %s", order.address, error)
            with self._farm.work() as farm:
                host_answered(farm, order.host, error)


def _problem(call: Any) -> str:
    """Why a call failed, or an empty text."""
    try:
        error = call.exception()
    except (grpc.FutureCancelledError, grpc.FutureTimeoutError) as cancelled:
        error = cancelled
    if error is None:
        return ""
    return str(error.details() if isinstance(error, grpc.Call) else error) or type(error).__name__


def _may_have_arrived(call: Any) -> bool:
    """Whether RQD may have got a failed call: the connection or the time ended before there was an answer."""
    details = call.details() or ""
    if call.code() is grpc.StatusCode.UNAVAILABLE:
        return "failed to connect" not in details
    return call.code() is grpc.StatusCode.DEADLINE_EXCEEDED or details.startswith("Stream removed")


def _note(order: KillOrder, call: Any) -> None:
    problem = _problem(call)
    if problem:  # the farm asks again, and then asks the daemon what it runs
        logger.info("%s did not kill %s: %s", order.address, order.frame_id, problem)


def _end_left(order: EndLeftOrder) -> None:
    """End the processes of procs. Works on this machine only: elsewhere no RQD knows them."""
    if not is_loopback(order.address.rpartition(":")[0].strip("[]")):
        return
    for proc in order.procs:
        count = end_processes(partial(processes_with, RUN_VARIABLE, proc), 0.0)
        if count:
            logger.warning("ended %s processes of a frame that the RQD at %s has left behind", count, order.address)


def run_frame_message(frame: RunFrame) -> rqd_pb2.RunFrame:
    """The message for a frame."""
    values = frame._asdict()
    if frame.uid is None:
        del values["uid"]  # a daemon refuses 0 and below, and takes one that is not there
    return rqd_pb2.RunFrame(**values)
