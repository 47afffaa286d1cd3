# SPDX-License-Identifier: Apache-2.0
"""What ``up`` and ``status`` tell about a farm."""

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
    """A host: its name, the process of its RQD, whether that lives, and what the server knows of it."""

    name: str
    pid: int
    is_alive: bool
    known: HostLine | None

    def line(self) -> str:
        """It in words."""
        known = self.known
        facts = f"{known.state}, {known.idle_cores:g} of {known.cores:g} cores idle, " if known else ""
        process = f"process {self.pid}" if self.is_alive else "its process has ended"
        return f"host     {self.name}  {facts}{process}"

    def to_dict(self) -> dict[str, Any]:
        """It as data."""
        known = self.known
        state, cores, idle = (known.state, known.cores, known.idle_cores) if known else (None, None, None)
        return {
            "name": self.name,
            "state": state,
            "cores": cores,
            "idle_cores": idle,
            "pid": self.pid,
            "is_alive": self.is_alive,
        }


class FarmStatus(NamedTuple):
    """What is there of a farm.

    Attributes:
        server: The address of the server.
        page: That of its page, empty without one.
        problem: Why the server does not answer; empty when it does.
        hosts: The hosts of the farm.
        jobs: The jobs, as the server tells of them.
        mend: The commands that start again what has ended; empty when nothing has.
        is_whole: Whether the server answers and every host lives.
    """

    server: str
    page: str
    problem: str
    hosts: list[HostStatus]
    jobs: list[JobLine]
    mend: str
    is_whole: bool

    def lines(self) -> list[str]:
        """It in words."""
        lines = [f"server   {self.problem or self.server}"]
        lines += [f"page     {self.page}"] if self.page and not self.problem else []
        lines += [host.line() for host in self.hosts]
        jobs = [f"job      {job.name}  {job.state}  {_counts(job.frames)}" for job in self.jobs] or ["jobs     none"]
        lines += [] if self.problem else jobs
        return lines + ([f"mend     {self.mend}: jobs stay"] if self.mend else [])

    def to_dict(self) -> dict[str, Any]:
        """It as data, for programs."""
        hosts, jobs = [host.to_dict() for host in self.hosts], [job._asdict() for job in self.jobs]
        return {**self._asdict(), "hosts": hosts, "jobs": jobs}


def farm_lines(places: FarmPlaces, record: FarmRecord) -> list[str]:
    """Return what somebody wants to know who has just started a farm."""
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
    """Return the line with which a shell finds the server.

    Raises:
        NoFarm: No farm is running.
    """
    return f"export CUEBOT_HOSTS={_running(places).address}"


def status_of(places: FarmPlaces) -> FarmStatus:
    """Return what is there of a farm: processes as this machine sees them, the rest as the server tells it.

    Raises:
        NoFarm: Nothing is there.
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
    hosts = [
        HostStatus(host.name, host.process.pid, is_alive(host.process), known.get(host.name)) for host in record.hosts
    ]
    here = _dir_option(places)
    mend = f"cuebot-stub down{here}, then up{here}" if record.ended else ""
    whole = not problem and not record.ended
    return FarmStatus(record.address, record.http or "", problem, hosts, jobs, mend, whole)


def watch(farm: RunningFarm, warn: Callable[[str], None]) -> None:
    """Stay with a farm until this process is interrupted, and end it then; tell once when a part of it is gone.

    Raises:
        FarmError: The server is gone; hosts and frames are ended, since nobody tells them what to do.
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
