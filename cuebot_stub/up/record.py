# SPDX-License-Identifier: Apache-2.0
"""The file that says which processes a farm is made of, for the commands that come after ``up``."""

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
        name: What it calls itself.
        port: Its port on the loopback interface.
        process: Its process.
    """

    name: str
    port: int
    process: ProcessMark


class FarmRecord(NamedTuple):
    """A farm, as far as it has been started.

    Attributes:
        address: Where the server listens, ``HOST:PORT``; empty before it does.
        http: Where its page is, with the token that lets one steer jobs from it; or an empty text.
        server: The server's process, or None before there is one.
        hosts: The hosts, in the order of their names.
    """

    address: str = ""
    http: str = ""
    server: ProcessMark | None = None
    hosts: tuple[HostRecord, ...] = ()

    @property
    def processes(self) -> list[ProcessMark]:
        """The processes that were started."""
        return [*([self.server] if self.server else []), *(host.process for host in self.hosts)]

    @property
    def is_running(self) -> bool:
        """Whether any of its processes is alive."""
        return any(map(is_alive, self.processes))

    @property
    def ended(self) -> list[str]:
        """What was started and does not live any more: ``server``, and names of hosts."""
        parts = [("server", self.server), *((host.name, host.process) for host in self.hosts)]
        return [name for name, process in parts if process is not None and not is_alive(process)]


def write_record(path: Path, record: FarmRecord) -> None:
    """Write a farm down. A process is written down as soon as it is started, so that none can be forgotten."""
    data = {
        "format": _FORMAT,
        "address": record.address,
        "http": record.http,
        "server": record.server._asdict() if record.server else None,
        "hosts": [host._asdict() | {"process": host.process._asdict()} for host in record.hosts],
    }
    write_atomic(path, json.dumps(data, indent=1) + "\n", mode=0o600)


def read_record(path: Path) -> FarmRecord | None:
    """Return the farm that was written down, or None where there is none.

    Raises:
        FarmError: The file is there and cannot be understood.
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
