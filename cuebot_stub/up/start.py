# SPDX-License-Identifier: Apache-2.0
"""Starts a farm, and ends it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .addresses import check_port_is_free, free_ports
from .client import FarmClient
from .errors import FarmError, FarmIsRunning, NoFarm
from .machine import check_machine, loopback_interface, threads_per_core
from .places import FarmPlaces
from .processes import ProcessMark, end_marked, end_processes, processes_with, start_process
from .record import FarmRecord, HostRecord, read_record, write_record
from .rqd_config import FARM_VARIABLE, RqdSettings, rqd_config, rqd_environ
from .rqd_environment import python_of

__all__ = ["FarmOptions", "RunningFarm", "start_farm", "stop_farm"]

HOST = "127.0.0.1"

# RQD sometimes sleeps through its first SIGTERM; the server writes its state down before every reply anyway.
_RQD_PATIENCE = (0.5, 0.5)
_SERVER_PATIENCE = (5.0,)
_FRAME_SECONDS = 1.0


class FarmOptions(NamedTuple):
    """What to start.

    Attributes:
        hosts: The number of RQDs.
        cores: The cores of each, also more than the machine has.
        port: The server's port; 0 picks a free one.
        http: The port of its page, or None for no page.
        strict: Do exactly what Cuebot does, even where that is unhelpful.
        patience_seconds: The time limit for the start of the server, and of the hosts.
    """

    hosts: int = 2
    cores: int = 4
    port: int = 8443
    http: int | None = None
    strict: bool = False
    patience_seconds: float = 60.0


class RunningFarm:
    """A farm that this process has started.

    The farm outlives this process. To end it, this process calls :meth:`stop`, and others call :func:`stop_farm`.
    """

    def __init__(self, places: FarmPlaces, environ: Mapping[str, str]) -> None:
        self.places = places
        self.record = FarmRecord()
        self.__environ = dict(environ)
        self.__children: dict[int, subprocess.Popen[bytes]] = {}

    def start_server(self, options: FarmOptions) -> None:
        """Start the server and wait until it answers."""
        places = self.places
        command = [sys.executable, "-m", "cuebot_stub", "serve", "--host", HOST, "--port", str(options.port)]
        command += ["--state", str(places.state), "--log-root", str(places.frame_logs)]
        command += ["--address-file", str(places.address), *(["--strict"] if options.strict else [])]
        command += ["--http", str(options.http)] if options.http is not None else []
        mark = self.__start(command, word=str(places.state), log=places.server_log, env=_server_environ(self.__environ))
        self.__note(server=mark)
        self.__wait(self.__server_is_there, mark, "the server", places.server_log, options.patience_seconds)
        address, *page = places.address.read_text(encoding="utf-8").split()
        self.__note(address=address, http="".join(page))

    def start_hosts(self, options: FarmOptions, rqd_python: Path) -> None:
        """Start the RQDs, and wait until all have reported to the server."""
        started = int(time.time())
        server_port = int(self.record.address.rpartition(":")[2])
        ports = free_ports(options.hosts, avoid=[server_port, options.port])
        for number, port in enumerate(ports, 1):
            settings = RqdSettings(f"node{number}", port, options.cores, HOST, server_port)
            self.__start_host(settings, rqd_python)
        with FarmClient(self.record.address) as client:
            for host in self.record.hosts:
                log = self.places.host_log(host.name)
                is_there = lambda name=host.name: _has_reported(client, name, started)
                self.__wait(is_there, host.process, f"RQD {host.name}", log, options.patience_seconds)

    def stop(self) -> list[str]:
        """End all processes of the farm, and return lines about those that did not end by themselves."""
        told = _end(self.places, self.record)
        for child in self.__children.values():
            child.poll()  # it has been waited for
        return told

    def __start_host(self, settings: RqdSettings, rqd_python: Path) -> None:
        config = self.places.host_config(settings.name)
        temp = self.places.host_temp(settings.name)
        config.parent.mkdir(parents=True, exist_ok=True)
        temp.mkdir(parents=True)
        settings = settings._replace(interface=loopback_interface(), threads_per_core=threads_per_core())
        config.write_text(rqd_config(settings), encoding="utf-8")
        command = [str(rqd_python), "-m", "rqd", "-c", str(config), "--nimbyoff"]
        environ = rqd_environ(self.__environ, self.places.folder, temp)
        mark = self.__start(command, word=str(config), log=self.places.host_log(settings.name), env=environ)
        self.__note(hosts=(*self.record.hosts, HostRecord(settings.name, settings.port, mark)))

    def __start(self, command: list[str], *, word: str, log: Path, env: Mapping[str, str]) -> ProcessMark:
        child, mark = start_process(command, word=word, log=log, cwd=self.places.folder, env=env)
        self.__children[mark.pid] = child
        return mark

    def __note(self, **facts: object) -> None:
        self.record = self.record._replace(**facts)  # type: ignore[arg-type]  # the names are checked when it runs
        write_record(self.places.record, self.record)

    def __server_is_there(self) -> bool:
        try:
            address = self.places.address.read_text(encoding="utf-8").split()[0]
        except OSError:
            return False
        with FarmClient(address) as client:
            return client.answers()

    def __wait(
        self, is_there: Callable[[], bool], mark: ProcessMark, what: str, log: Path, patience_seconds: float
    ) -> None:
        deadline = time.monotonic() + patience_seconds
        while not is_there():
            if self.__children[mark.pid].poll() is not None:
                raise FarmError(f"{what} has ended before it was ready: {_last_line(log)} ({log})")
            if time.monotonic() > deadline:
                raise FarmError(f"{what} is not ready after {patience_seconds:g} s: {_last_line(log)} ({log})")
            time.sleep(0.05)


def start_farm(
    places: FarmPlaces,
    options: FarmOptions,
    find_rqd: Callable[[], Path],
    environ: Mapping[str, str] | None = None,
) -> RunningFarm:
    """Start a server and its hosts, and return when all are ready.

    Args:
        places: The folder of the farm. Created if it does not exist.
        options: The options of the farm.
        find_rqd: Returns the environment with RQD. May take minutes to create it.
        environ: The environment of the processes. Default: that of this process.

    Raises:
        FarmIsRunning: The folder already has a farm.
        FarmError: The farm cannot be started. No process of it is left.
    """
    check_machine()
    with _locked(places):
        _clear(places)
        if options.port:
            check_port_is_free(HOST, options.port)
        rqd_python = python_of(find_rqd())
        farm = RunningFarm(places, os.environ if environ is None else environ)
        try:
            farm.start_server(options)
            farm.start_hosts(options, rqd_python)
        except BaseException:
            farm.stop()
            raise
    return farm


def stop_farm(places: FarmPlaces) -> list[str]:
    """End all processes of the farm in a folder, also if some have ended already.

    Returns:
        Lines about processes that did not end by themselves.

    Raises:
        NoFarm: The folder has no farm.
    """
    if not places.record.exists():
        raise NoFarm(f"no farm is running in {places.folder}; cuebot-stub up starts one")
    with _locked(places):
        return _end(places, read_record(places.record) or FarmRecord())


def _clear(places: FarmPlaces) -> None:
    """Remove the rest of a farm that was not ended."""
    record = read_record(places.record)
    if record is not None and record.is_running:
        where = f" at {record.address}" if record.address else ""
        farm = f"a farm is running{where} ({places.folder})"
        if record.ended:
            ended = ", ".join(record.ended)
            raise FarmIsRunning(f"{farm}, but not {ended}; run cuebot-stub down, then up")
        raise FarmIsRunning(f"{farm}; cuebot-stub status shows it, down ends it")
    if record is not None:
        _end(places, record)
    shutil.rmtree(places.temp, ignore_errors=True)
    places.address.unlink(missing_ok=True)
    places.frame_logs.mkdir(parents=True, exist_ok=True)


def _end(places: FarmPlaces, record: FarmRecord) -> list[str]:
    """End server, hosts and frames, in this order.

    A running server would start these frames again, or count a failure. After a restart it finds new RQDs and puts
    the frames back to WAITING without counting a try.
    """
    told = []
    if record.server and end_marked([record.server], _SERVER_PATIENCE):
        told.append("the server had to be killed")
    killed = end_marked([host.process for host in record.hosts], _RQD_PATIENCE)
    told += [f"RQD {host.name} had to be killed" for host in record.hosts if host.process.pid in killed]
    count = end_processes(lambda: processes_with(FARM_VARIABLE, str(places.folder)), _FRAME_SECONDS)
    if count:
        told.append(f"ended {count} processes of frames that still ran")
    _remove_temp(places)
    places.address.unlink(missing_ok=True)
    places.record.unlink(missing_ok=True)
    return told


def _remove_temp(places: FarmPlaces, work: Path = Path("/mcp")) -> None:
    """Remove the temporary files of RQDs. They use the folder /mcp if it exists."""
    for command in places.temp.glob("*/rqd-cmd-*"):
        frame_id = command.name.removeprefix("rqd-cmd-").rpartition("-")[0]
        for statistics in work.glob(f"rqd-stat-{frame_id}-*"):
            statistics.unlink(missing_ok=True)
    shutil.rmtree(places.temp, ignore_errors=True)


def _has_reported(client: FarmClient, name: str, since: int) -> bool:
    """Whether a host has reported since the start: the server also knows the hosts of an earlier farm."""
    return any(host.name == name and host.pinged >= since for host in client.hosts())


def _server_environ(environ: Mapping[str, str]) -> dict[str, str]:
    checkout = str(Path(__file__).resolve().parents[2])
    paths = [checkout, *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]
    # The folder of this very package, so that a farm which is started from a checkout serves what is in it.
    return {**environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")


@contextmanager
def _locked(places: FarmPlaces) -> Iterator[None]:
    """Lock the farm, so that no other command starts or ends it."""
    try:
        places.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        places.folder.chmod(0o700)  # the logs and variables of everybody's jobs are in it
        lock = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FarmError(f"cannot use the folder {places.folder}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise FarmError(f"another command is starting or ending the farm in {places.folder}") from error
    finally:
        os.close(lock)
