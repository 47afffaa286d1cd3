# SPDX-License-Identifier: Apache-2.0
"""The file that lists the processes of a farm, for the commands that follow ``up``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from outline.files import write_atomic

from .errors import FarmError
from .processes import ProcessMark, is_alive

__all__ = ["FarmRecord", "HostRecord", "read_record", "write_record"]

_FORMAT = 1


class HostRecord(NamedTuple):
    """An RQD of the farm.

    Attributes:
        name: The name that it reports.
        port: Its port on the loopback interface.
        process: Its process.
    """

    name: str
    port: int
    process: ProcessMark


class FarmRecord(NamedTuple):
    """The parts of a farm that were started.

    Attributes:
        address: The server's address, ``HOST:PORT``; empty before it listens.
        http: The page's address with its token; empty without a page.
        server: The server's process; None before it starts.
        hosts: The hosts, by name.
    """

    address: str = ""
    http: str = ""
    server: ProcessMark | None = None
    hosts: tuple[HostRecord, ...] = ()

    @property
    def processes(self) -> list[ProcessMark]:
        """All processes of the farm."""
        return [*([self.server] if self.server else []), *(host.process for host in self.hosts)]

    @property
    def is_running(self) -> bool:
        """Whether any of its processes is alive."""
        return any(map(is_alive, self.processes))

    @property
    def ended(self) -> list[str]:
        """The parts whose process has ended: ``server``, and names of hosts."""
        parts = [("server", self.server), *((host.name, host.process) for host in self.hosts)]
        return [name for name, process in parts if process is not None and not is_alive(process)]


def write_record(path: Path, record: FarmRecord) -> None:
    """Write the record of a farm. Call it after each start of a process, so that none is forgotten."""
    data = {
        "format": _FORMAT,
        "address": record.address,
        "http": record.http,
        "server": record.server._asdict() if record.server else None,
        "hosts": [host._asdict() | {"process": host.process._asdict()} for host in record.hosts],
    }
    write_atomic(path, json.dumps(data, indent=1) + "\n", mode=0o600)


def read_record(path: Path) -> FarmRecord | None:
    """The record of a farm, or None if there is none.

    Raises:
        FarmError: The file cannot be read.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            raise ValueError(f"format {data['format']!r} is not known")
        return FarmRecord(
            address=str(data["address"]),
            http=str(data["http"]),
            server=_process(data["server"]) if data["server"] else None,
            hosts=tuple(_host(entry) for entry in data["hosts"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        hint = "remove it when no process of a farm runs"
        raise FarmError(f"cannot read {path}, which names the processes of a farm; {hint} ({reason})") from error


def _host(data: Any) -> HostRecord:
    return HostRecord(str(data["name"]), int(data["port"]), _process(data["process"]))


def _process(data: Any) -> ProcessMark:
    return ProcessMark(int(data["pid"]), float(data["born"]), str(data["word"]))
