# SPDX-License-Identifier: Apache-2.0
"""Real RQDs for tests: one process each, on the loopback interface, ended with all that they have started."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cuebot_stub.up.addresses import free_ports
from cuebot_stub.up.client import FarmClient
from cuebot_stub.up.machine import loopback_interface, threads_per_core
from cuebot_stub.up.places import FarmPlaces
from cuebot_stub.up.processes import ProcessMark, end_marked, end_processes, is_alive, processes_with, start_process
from cuebot_stub.up.rqd_config import FARM_VARIABLE, RqdSettings, rqd_config, rqd_environ
from cuebot_stub.up.rqd_environment import python_of
from tests.support import until

__all__ = ["Rqd"]

FAST_PINGS = Path(__file__).resolve().parent / "rqd_with_fast_pings.py"


class Rqd:
    """A real RQD, unmodified opencue-rqd in a process and a session of its own.

    It pings every 5 to 30 seconds, and waits for ten before it says that it could not start a frame. Nothing but
    ``fast_pings`` changes that: then a launcher sets RQD's constants to at most a second before it starts. It can be
    started again after it was ended, with the same name and port.

    Attributes:
        name: What it reports as its name.
        address: Where it listens.
        places: The files of it.
        process: Its process.
    """

    def __init__(
        self,
        environment: Path,
        folder: Path,
        server_port: int,
        *,
        name: str = "node1",
        cores: int = 8,
        tags: tuple[str, ...] = ("general", "util"),
        environ: Mapping[str, str] | None = None,
        fast_pings: bool = False,
    ) -> None:
        (port,) = free_ports(1, avoid=[server_port])
        self.name = name
        self.address = f"127.0.0.1:{port}"
        self.places = FarmPlaces(folder / f"rqd {name}")
        self.process: ProcessMark | None = None
        self.child: subprocess.Popen[bytes] | None = None
        settings = RqdSettings(name, port, cores, "127.0.0.1", server_port, tags=tags)
        self.__settings = settings._replace(interface=loopback_interface(), threads_per_core=threads_per_core())
        self.__starts = 0
        self.__server = f"127.0.0.1:{server_port}"
        self.__environ = {**os.environ, **(environ or {})}
        launcher = [str(FAST_PINGS)] if fast_pings else ["-m", "rqd"]
        self.__command = [str(python_of(environment)), *launcher, "-c", str(self.__config), "--nimbyoff"]

    @property
    def __config(self) -> Path:
        return self.places.host_config(self.name)

    @property
    def log(self) -> str:
        """What it has printed."""
        return self.places.host_log(self.name).read_text(errors="replace")

    def start(self) -> None:
        """Start it, and return while it is still booting, which takes about a second."""
        temp = self.places.host_temp(self.name)
        for folder in (self.__config.parent, self.places.logs, temp):
            folder.mkdir(parents=True, exist_ok=True)
        self.__config.write_text(rqd_config(self.__settings), encoding="utf-8")
        self.__starts += 1
        self.child, self.process = start_process(
            self.__command,
            word=str(self.__config),
            log=self.places.host_log(self.name),
            cwd=self.places.folder,
            env=rqd_environ(self.__environ, self.places.folder, temp),
        )

    def wait_registered(self) -> None:
        """Wait until it has told the server that it was started, and the server knows it."""
        with FarmClient(self.__server) as client:
            until(lambda: self.__has_registered(client))

    def __has_registered(self, client: FarmClient) -> bool:
        assert self.process is not None
        assert is_alive(self.process), f"{self.name} has ended:\n{self.log}"
        is_known = any(host.name == self.name for host in client.hosts())
        return is_known and self.log.count("RQD Started") >= self.__starts

    def kill(self) -> None:
        """Kill it as the machine's end would, but leave its frames: they live in sessions of their own."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()

    def stop(self) -> None:
        """End it and all that it has started, whatever state it is in."""
        if self.process is not None and self.child is not None:
            end_marked([self.process], (0.5, 0.5))
            self.child.wait()  # or Python warns of a child that nobody has waited for
        end_processes(lambda: processes_with(FARM_VARIABLE, str(self.places.folder)), 0.2)
