# SPDX-License-Identifier: Apache-2.0
"""The output of ``up`` and ``status``."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from .client import FarmClient, HostLine, JobLine
from .errors import FarmError, NoFarm
from .places import FarmPlaces, default_farm_folder
from .processes import is_alive
from .record import FarmRecord, read_record
from .start import RunningFarm

__all__ = ["FarmStatus", "HostStatus", "export_line", "farm_lines", "status_of", "watch"]


class HostStatus(NamedTuple):
    """A host: what the server says of it, if it does, and the process of its RQD."""

    name: str
    state: str | None
    cores: float | None
    idle_cores: float | None
    pid: int
    is_alive: bool

    def line(self) -> str:
        """The line to print."""
        facts = f"{self.state}, {self.idle_cores:g} of {self.cores:g} cores idle, " if self.state else ""
        process = f"process {self.pid}" if self.is_alive else "its process has ended"
        return f"host     {self.name}  {facts}{process}"


class FarmStatus(NamedTuple):
    """What ``cuebot-stub status`` shows.

    Attributes:
        server: The address of the server.
        page: The address of its page; empty without a page.
        problem: Why the server does not answer; empty if it does.
        hosts: The hosts of the farm.
        jobs: The jobs that the server reports.
        mend: The commands that restart the parts that have ended; empty if none has.
        is_whole: Whether the server answers and all RQDs run.
    """

    server: str
    page: str
    problem: str
    hosts: list[HostStatus]
    jobs: list[JobLine]
    mend: str
    is_whole: bool

    def lines(self) -> list[str]:
        """The lines to print."""
        lines = [f"server   {self.problem or self.server}"]
        lines += [f"page     {self.page}"] if self.page and not self.problem else []
        lines += [host.line() for host in self.hosts]
        jobs = [f"job      {job.name}  {job.state}  {_counts(job.frames)}" for job in self.jobs] or ["jobs     none"]
        lines += [] if self.problem else jobs
        return lines + ([f"mend     {self.mend}: jobs stay"] if self.mend else [])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        hosts, jobs = ([one._asdict() for one in many] for many in (self.hosts, self.jobs))
        return {**self._asdict(), "hosts": hosts, "jobs": jobs}


def farm_lines(places: FarmPlaces, record: FarmRecord) -> list[str]:
    """The lines that ``up`` prints: addresses, logs, and the commands that come next."""
    here = _dir_option(places)
    hosts = ", ".join(f"{host.name} (port {host.port})" for host in record.hosts)
    return [
        f"server   {record.address}",
        *([f"page     {record.http}"] if record.http else []),
        f"hosts    {hosts}",
        f"logs     {places.logs}",
        f"look     cuebot-stub status{here}",
        f"stop     cuebot-stub down{here}",
        "",
        f"export CUEBOT_HOSTS={record.address}",
    ]


def _dir_option(places: FarmPlaces) -> str:
    usual = FarmPlaces(default_farm_folder()).folder
    return "" if places.folder == usual else f" --dir {shlex.quote(str(places.folder))}"


def export_line(places: FarmPlaces) -> str:
    """The ``export`` line with which PyCue finds the server.

    Raises:
        NoFarm: No farm is running.
    """
    return f"export CUEBOT_HOSTS={_running(places).address}"


def status_of(places: FarmPlaces) -> FarmStatus:
    """The status of a farm, from its processes and from the answers of the server.

    Raises:
        NoFarm: No farm is running.
    """
    record = _running(places)
    known: dict[str, HostLine] = {}
    jobs: list[JobLine] = []
    problem = ""
    try:
        with FarmClient(record.address) as client:
            known = {host.name: host for host in client.hosts()}
            jobs = client.jobs()
    except FarmError as error:
        lives = record.server is not None and is_alive(record.server)
        state = str(error) if lives else f"{record.address} is not running"
        problem, known, jobs = f"{state}; its log: {places.server_log}", {}, []
    hosts = []
    for host in record.hosts:
        said = known.get(host.name)
        facts: tuple[str | None, float | None, float | None] = (None, None, None)
        if said is not None:
            facts = said.state, said.cores, said.idle_cores
        hosts.append(HostStatus(host.name, *facts, host.process.pid, is_alive(host.process)))
    here = _dir_option(places)
    mend = f"cuebot-stub down{here}, then up{here}" if record.ended else ""
    whole = not problem and not record.ended
    return FarmStatus(record.address, record.http or "", problem, hosts, jobs, mend, whole)


def watch(farm: RunningFarm, warn: Callable[[str], None]) -> None:
    """Wait for an interrupt, then end the farm. Warns once for each RQD that has ended.

    Raises:
        FarmError: The server has ended. The caller ends hosts and frames.
    """
    missed: set[str] = set()
    try:
        while True:
            time.sleep(0.5)
            for host in farm.record.hosts:
                if host.name not in missed and not is_alive(host.process):
                    missed.add(host.name)
                    warn(f"RQD {host.name} has ended; its log: {farm.places.host_log(host.name)}")
            if farm.record.server is None or not is_alive(farm.record.server):
                raise FarmError(f"the server has ended; its log: {farm.places.server_log}")
    except KeyboardInterrupt:
        for line in farm.stop():
            warn(line)


def _running(places: FarmPlaces) -> FarmRecord:
    record = read_record(places.record)
    if record is None or not record.is_running:
        raise NoFarm(f"no farm is running in {places.folder}; cuebot-stub up starts one")
    return record


def _counts(frames: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in frames.items()) or "no frames"
