# SPDX-License-Identifier: Apache-2.0
"""A farm without processes, networks and time: its clock stands still, and its hosts do what a test tells them.

``FakeFarm`` is the whole of it: a real :class:`cuebot_stub.farm.farm.Farm`, in memory or in a file, a clock, and a
:class:`FakeRqd` in the place of all host daemons.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cuebot_stub.farm.farm import Farm, FarmSettings
from cuebot_stub.farm.hosts import FrameReport, Host, HostReport
from cuebot_stub.farm.job import Job
from cuebot_stub.farm.launch import launch, spec_rules
from cuebot_stub.farm.orders import EndLeftOrder, KillOrder, LaunchOrder, LogOrder, Order, ReportOrder, RunFrame
from cuebot_stub.farm.reports import frame_ended, host_reported, launch_answered, log_answered
from cuebot_stub.farm.watch import host_answered, tick
from cuebot_stub.logs import read_log
from cuebot_stub.seed import seed
from cuebot_stub.services.answers import answer
from cuebot_stub.services.rpc import Service, perform, response_class
from cuebot_stub.spec import read_spec
from cuebot_stub.store import SqliteStore
from tests import specs

__all__ = ["FakeClock", "FakeFarm", "FakeRqd"]

GB = 1048576
START = 1_700_000_000.0
KILLED = 9


class FakeClock:
    """A clock that moves only when it is told to."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class FakeRqd:
    """All host daemons of a farm. They answer orders at once, run what they are given, and end it when told.

    Attributes:
        orders: All orders so far.
        launched: The names of the frames that were started, in order.
        running: The frames that run, by the ids of their procs.
        refuses: What to answer to launches instead of running frames; empty to run them.
        ignores_kills: Frames outlive kills.
        is_silent: Nothing is answered at all, but logs can be read.
    """

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.orders: list[Order] = []
        self.launched: list[str] = []
        self.running: dict[str, RunFrame] = {}
        self.refuses = ""
        self.ignores_kills = False
        self.is_silent = False
        self._waiting: list[Order] = []
        self._is_answering = False

    def send(self, orders: list[Order]) -> None:
        """Take orders, and answer them before returning, also those that the answers lead to."""
        self.orders.extend(orders)
        self._waiting.extend(order for order in orders if isinstance(order, LogOrder) or not self.is_silent)
        if self._is_answering:
            return
        self._is_answering = True
        try:
            while self._waiting:
                self._answer(self._waiting.pop(0))
        finally:
            self._is_answering = False

    def _answer(self, order: Order) -> None:
        if isinstance(order, LaunchOrder):
            self._launch(order)
        elif isinstance(order, KillOrder):
            if not self.ignores_kills and order.proc in self.running:
                self.end(order.proc, status=1, signal=KILLED)
        elif isinstance(order, EndLeftOrder):
            for proc in order.procs:
                self.running.pop(proc, None)
        elif isinstance(order, LogOrder):
            with self.farm.work():
                log_answered(self.farm, order.proc, read_log(order.path, order.proc))
        else:
            assert isinstance(order, ReportOrder)
            self.report(order.host)

    def _launch(self, order: LaunchOrder) -> None:
        if not self.refuses:
            assert order.frame.frame_id not in {frame.frame_id for frame in self.running.values()}, "it runs twice"
            self.running[order.frame.resource_id] = order.frame
            self.launched.append(order.frame.frame_name)
        with self.farm.work():
            launch_answered(self.farm, order.frame.resource_id, self.refuses)

    def end(self, proc: str, *, status: int = 0, signal: int = 0, seconds: int = 10, max_rss: int = 1000) -> None:
        """End the process of a proc and report that."""
        frame = self.running.pop(proc)
        report = FrameReport(
            proc,
            frame.frame_id,
            max_rss=max_rss,
            run_seconds=seconds,
            exit_status=status,
            exit_signal=signal,
        )
        with self.farm.work():
            frame_ended(self.farm, report)

    def report(self, host_id: str) -> None:
        """Report what a host runs, as it does when it is asked."""
        host = self.farm.hosts.get(host_id)
        mine = [proc for proc in self.farm.procs.values() if proc.host == host_id and proc.id in self.running]
        reports = [FrameReport(proc.id, proc.frame_id, llu_time=int(self.farm.now())) for proc in mine]
        with self.farm.work():
            if host is None or host.state == "DOWN":
                host_answered(self.farm, host_id, "not reachable")
            else:
                host_reported(self.farm, host_report(host.name, host.cores // 100), reports)


def host_report(
    name: str, cores: int = 4, *, memory_gb: int = 64, tags: Sequence[str] = ("general",), gpus: int = 0, os: str = ""
) -> HostReport:
    """Return the report of a host that has all that jobs need."""
    return HostReport(
        name=name,
        facility="local",
        tags=tags,
        cores=cores * 100,
        total_memory=memory_gb * GB,
        free_memory=memory_gb * GB,
        total_swap=GB,
        free_swap=GB,
        total_mcp=100 * GB,
        free_mcp=90 * GB,
        gpus=gpus,
        gpu_memory=gpus * 8 * GB,
        free_gpu_memory=gpus * 8 * GB,
        load=0,
        boot_time=int(START),
        os=os,
        nimby_enabled=False,
        nimby_locked=False,
        is_boot=False,
        is_local=True,
    )


class FakeFarm:
    """A farm for tests, with OpenCue's shows and services, and hosts that obey.

    Attributes:
        farm: The farm; another one after ``restart``.
        clock: Its clock.
        rqd: Its host daemons; they outlive a restart.
    """

    def __init__(self, state: Path | None = None, **settings: Any) -> None:
        """Make a farm.

        Args:
            state: Its file; None to keep it in memory, where it cannot be restarted.
            settings: Of :class:`cuebot_stub.farm.farm.FarmSettings`.
        """
        self.clock = FakeClock()
        self._state, self._settings = state, FarmSettings(**settings)
        self._store = SqliteStore(state) if state else None
        self.farm = Farm(self._settings, self.clock, self._store)
        self.rqd = FakeRqd(self.farm)
        self.farm.send = self.rqd.send
        with self.farm.work():
            seed(self.farm)

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()

    def restart(self, *, repair: bool = False) -> None:
        """End the farm and make a new one of its file; jobs have to be looked up anew."""
        assert self._store is not None
        assert self._state is not None
        self._store.close()
        self._store = SqliteStore(self._state, repair=repair)
        self.farm = Farm(self._settings, self.clock, self._store)
        self.rqd.farm = self.farm
        self.farm.send = self.rqd.send
        with self.farm.work():
            self._store.load(self.farm)

    # -- hosts -------------------------------------------------------------------------------------------------

    def add_host(self, name: str = "node1", cores: int = 4, **facts: Any) -> Host:
        """Let a host report for the first time, or again."""
        with self.farm.work():
            return host_reported(self.farm, host_report(name, cores, **facts), [])

    # -- jobs --------------------------------------------------------------------------------------------------

    def launch(self, *layers: str, depends: str = "", name: str = "test", before: str = "") -> Job:
        """Launch a job of the layers that ``tests.specs.layer`` makes, and return it."""
        return self.launch_spec(specs.spec(specs.job(*layers, name=name, before=before), depends=depends))[0]

    def launch_spec(self, text: str) -> list[Job]:
        """Launch a whole spec."""
        with self.farm.work() as farm:
            return launch(farm, read_spec(text, spec_rules(farm)))

    def job(self, name: str = "test") -> Job:
        """Return a job by its short name, as it is after a restart too; of several the one launched last."""
        return [job for job in self.farm.jobs.values() if job.name.endswith(f"_{name}")][-1]

    def states(self, layer: str, name: str = "test") -> str:
        """Return the states of a layer's frames in the order of its range, the first letter of each.

        DEPEND is ``P``, since DEAD is ``D``.
        """
        job = self.job(name)
        letters = {"DEPEND": "P"}
        return "".join(
            letters.get(state, state[0]) for state in (job.state.state(ref).value for ref in self.refs(layer, name))
        )

    def refs(self, layer: str, name: str = "test") -> range:
        """Return the numbers of a layer's frames."""
        return self.job(name).state.frames.refs(layer)

    # -- frames ------------------------------------------------------------------------------------------------

    def run_frames(self) -> list[RunFrame]:
        """Return what the daemons were told to run, in order."""
        return [order.frame for order in self.rqd.orders if isinstance(order, LaunchOrder)]

    def names_running(self) -> list[str]:
        """Return the names of the frames that run, in the order of their start."""
        return [frame.frame_name for frame in self.rqd.running.values()]

    def end(self, frame: str, *, job: str = "", **how: Any) -> None:
        """End the process of a frame, named like ``0001-beauty``; see ``FakeRqd.end``."""
        found = [
            proc for proc, one in self.rqd.running.items() if one.frame_name == frame and one.job_name.endswith(job)
        ]
        self.rqd.end(found[0], **how)

    def end_all(self, **how: Any) -> list[str]:
        """End whatever runs and is started meanwhile, and return the names in the order of their ends."""
        ended = []
        while self.rqd.running:
            proc, frame = next(iter(self.rqd.running.items()))
            ended.append(frame.frame_name)
            self.rqd.end(proc, **how)
        return ended

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and do what has to be done because of that."""
        self.clock.advance(seconds)
        with self.farm.work():
            tick(self.farm)

    # -- calls -------------------------------------------------------------------------------------------------

    def call(self, service: type[Service], method: str, request: Any) -> Any:
        """Call a service as the server does for a client, and return the response."""
        with self.farm.work():
            response = response_class(service.name, method)
            return answer(self.farm, response, perform(service(self.farm), method, request))
