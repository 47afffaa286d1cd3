# SPDX-License-Identifier: Apache-2.0
"""Host daemons without processes: they take every frame, and end it when a test says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cuebot_stub.farm.farm import Farm, FarmSettings
from cuebot_stub.farm.hosts import FrameReport, Host, HostReport, Proc
from cuebot_stub.farm.launch import launch, spec_rules
from cuebot_stub.farm.orders import KillOrder, LaunchOrder, LogOrder, Order, ReportOrder, RunFrame
from cuebot_stub.farm.reports import frame_ended, host_reported, launch_answered, log_answered
from cuebot_stub.seed import seed
from cuebot_stub.spec import read_spec
from tests.fakes import farm as fakes
from tests.fakes.farm import GB, FakeClock

__all__ = ["FakeDaemons", "host_report", "new_farm"]


def new_farm(clock: FakeClock | None = None, store: Any = None, **settings: Any) -> Farm:
    """Return a farm with what every new farm has; keyword arguments are settings."""
    farm = Farm(FarmSettings(**settings), clock or FakeClock(), store)
    with farm.work():
        seed(farm)
    return farm


def host_report(name: str, **values: Any) -> HostReport:
    """Return the report of a host with 4 cores and 16 GB in local.general; keyword arguments are other values."""
    usual = {"total_memory": 16 * GB, "free_memory": 15 * GB, "total_swap": 0, "free_swap": 0, "os": "Linux"}
    return fakes.host_report(name)._replace(**{**usual, **values})


@dataclass
class FakeDaemons:
    """The daemons of all hosts of a farm.

    Attributes:
        farm: The farm; its orders come here.
        started: Host and frame of each order to start one, in their order.
        frames: What was ordered, by the names of frames.
        orders: All orders.
    """

    farm: Farm
    started: list[tuple[str, str]] = field(default_factory=list)
    frames: dict[str, RunFrame] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    reports: dict[str, HostReport] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.farm.send = self.send
        self.farm.tell = lambda address, verb: ""

    def add(self, name: str, **values: Any) -> Host:
        """Start a daemon on a host; keyword arguments are what it reports instead of what is usual."""
        self.reports[name] = host_report(name, **values)
        return self.report(name, is_boot=True)

    def report(self, name: str, **values: Any) -> Host:
        """Let a daemon report its host, with what runs there."""
        with self.farm.work():
            host = self.farm.hosts.named(name)
            procs = self.farm.procs.on_host(host) if host else []
            running = [FrameReport(proc.id, proc.frame_id, llu_time=int(self.farm.now())) for proc in procs]
            is_boot = values.get("is_boot", False)
            return host_reported(self.farm, self.reports[name]._replace(**values), None if is_boot else running)

    def send(self, orders: list[Order]) -> None:
        """Take orders."""
        self.orders += orders
        for order in orders:
            if isinstance(order, LaunchOrder):
                self._start(order)
            elif isinstance(order, KillOrder):
                self.end(order.proc, exit_status=1, exit_signal=9)
            elif isinstance(order, LogOrder):
                with self.farm.work():
                    log_answered(self.farm, order.proc, None)
            elif isinstance(order, ReportOrder):
                self.report(self.farm.hosts[order.host].name)

    def _start(self, order: LaunchOrder) -> None:
        with self.farm.work() as farm:
            proc = farm.procs[order.frame.resource_id]
            self.started.append((farm.hosts[proc.host].name, order.frame.frame_name))
            self.frames[order.frame.frame_name] = order.frame
            launch_answered(farm, proc.id, "")

    def finish(self, frame_name: str, exit_status: int = 0) -> None:
        """End a frame that runs."""
        self.end(self.proc(frame_name).id, exit_status=exit_status)

    def end(self, proc_id: str, **values: int) -> None:
        """End the process of a proc; keyword arguments are what its report says of that."""
        with self.farm.work() as farm:
            if proc_id in farm.procs:
                frame_ended(farm, FrameReport(proc_id, farm.procs[proc_id].frame_id, run_seconds=1, **values))

    def proc(self, frame_name: str) -> Proc:
        """Return the proc of a frame that runs."""
        return next(proc for proc in self.farm.procs.values() if self._name_of(proc) == frame_name)

    def _name_of(self, proc: Proc) -> str:
        return self.farm.jobs[proc.job].state.frames.name(proc.ref)

    def launch(self, spec: str) -> str:
        """Launch a spec of one job and return its id."""
        with self.farm.work() as farm:
            return launch(farm, read_spec(spec, spec_rules(farm)))[0].id

    @property
    def running(self) -> list[str]:
        """The names of the frames that run, sorted."""
        return sorted(map(self._name_of, self.farm.procs.values()))
