# SPDX-License-Identifier: Apache-2.0
"""What ``up`` and ``status`` tell about a farm."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import NamedTuple

from .client import FarmClient, HostLine
from .errors import FarmError, NoFarm
from .places import FarmPlaces, default_farm_folder
from .processes import is_alive
from .record import FarmRecord, read_record
from .start import RunningFarm

__all__ = ["FarmStatus", "export_line", "farm_lines", "status_of", "watch"]


class FarmStatus(NamedTuple):
    """What is there of a farm.

    Attributes:
        lines: It in words.
        is_whole: Whether the server answers and every host lives.
    """

    lines: list[str]
    is_whole: bool


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
    try:
        with FarmClient(record.address) as client:
            known = {host.name: host for host in client.hosts()}
            jobs = client.jobs()
    except FarmError as error:
        lives = record.server is not None and is_alive(record.server)
        state = str(error) if lives else f"{record.address} is not running"
        server = f"server   {state}; its log: {places.server_log}"
        return FarmStatus([server, *_host_lines(record, {}), *_mend_lines(places, record)], False)
    lines = [f"server   {record.address}", *([f"page     {record.http}"] if record.http else [])]
    lines += _host_lines(record, known)
    lines += [f"job      {job.name}  {job.state}  {_counts(job.frames)}" for job in jobs] or ["jobs     none"]
    lines += _mend_lines(places, record)
    return FarmStatus(lines, not record.ended)


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


def _host_lines(record: FarmRecord, known: dict[str, HostLine]) -> list[str]:
    lines = []
    for host in record.hosts:
        line = known.get(host.name)
        facts = f"{line.state}, {line.idle_cores:g} of {line.cores:g} cores idle, " if line else ""
        process = f"process {host.process.pid}" if is_alive(host.process) else "its process has ended"
        lines.append(f"host     {host.name}  {facts}{process}")
    return lines


def _mend_lines(places: FarmPlaces, record: FarmRecord) -> list[str]:
    here = _dir_option(places)
    return [f"mend     cuebot-stub down{here}, then up{here}: jobs stay"] if record.ended else []


def _counts(frames: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in frames.items()) or "no frames"
