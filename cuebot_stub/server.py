# SPDX-License-Identifier: Apache-2.0
"""The server as one object: a farm with its state file, its gRPC services and its link to RQDs."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from outline.files import make_private_folder

from .farm.errors import CannotSave
from .farm.farm import Farm, FarmSettings
from .farm.hosts import short_name
from .farm.running import ask_host
from .farm.watch import StepWatch, clock_stepped, tick, trim_times
from .rqd import RqdLink
from .seed import seed
from .services.all import all_services
from .services.report_service import take_host_report
from .services.rpc import all_service_names, make_handlers
from .store import SqliteStore
from .up.addresses import join_address
from .up.errors import FarmError

__all__ = ["FarmServer"]

logger = logging.getLogger("cuebot_stub")

_MOST_SENT = 104857600  # as PyCue takes
# The largest spec within the limits of layers, commands and frames has some 30 MB; gRPC refuses more unread.
_MOST_RECEIVED = 33554432
# A call holds a thread from its first byte on. Threads are made when they are needed, so the limits cost nothing.
# Whoever begins calls and does not go on has as many as one connection may have, and loses them with that connection.
_MOST_CALLS, _MOST_CALLS_OF_ONE = 1000, 16
_CONNECTION_MS, _GRACE_MS = 300_000, 60_000


class FarmServer:
    """A small OpenCue server. Any thread may start it once and stop it once.

    Attributes:
        farm: Its jobs, hosts and shows. Use it within ``farm.work()``.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: Path | None = None,
        repair: bool = False,
        log_root: Path | None = None,
        rqd: Mapping[str, str] | None = None,
        strict: bool = False,
        http: int | None = None,
        settings: FarmSettings | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Read the state. ``start`` begins to serve.

        Args:
            host: The address to listen on.
            port: The port; 0 picks a free one.
            state: The state file; None keeps everything in memory.
            repair: Remove damaged rows from that file.
            log_root: The folder of the frames' logs. Default: one in the temporary folder.
            rqd: The addresses of RQDs, ``address:port``, by host name.
            strict: Do exactly what Cuebot does, even where that is unhelpful.
            http: The port of the page; None for no page.
            settings: Time limits, for tests. The arguments above override them.
            clock: Returns the time, for tests. Default: ``time.time``.

        Raises:
            FarmError: The file cannot be used, or another user owns the folder of the frames' logs.
        """
        self._address, self._http_port = (host, port), http
        root = log_root or _private_log_root()
        base = settings or FarmSettings()
        self._store = SqliteStore(state, repair=repair) if state else None
        self._steady = clock or time.monotonic
        chosen = base._replace(log_root=str(root), strict=strict, addresses=dict(rqd or {}))
        self.farm = _open_farm(chosen, clock or time.time, self._store)
        self._link = RqdLink(self.farm, self._take_report)
        self.farm.send, self.farm.tell = self._link.send, self._link.tell
        self._stop, self._alarm = threading.Event(), threading.Event()
        self.farm.alarm = self._alarm.set
        self._clock = threading.Thread(target=self._tick_for_ever, name="cuebot-stub-clock", daemon=True)
        self._grpc: Any = None
        self._page: Any = None
        self.port = 0

    def start(self) -> None:
        """Begin to serve.

        Raises:
            OSError: The port is taken, or the address is not of this machine.
        """
        self._grpc = grpc.server(
            ThreadPoolExecutor(_MOST_CALLS, thread_name_prefix="cuebot-stub"),
            options=(
                ("grpc.max_receive_message_length", _MOST_RECEIVED),
                ("grpc.max_send_message_length", _MOST_SENT),
                ("grpc.max_concurrent_streams", _MOST_CALLS_OF_ONE),
                ("grpc.max_connection_age_ms", _CONNECTION_MS),
                ("grpc.max_connection_age_grace_ms", _GRACE_MS),
                ("grpc.so_reuseport", 0),
            ),
            maximum_concurrent_rpcs=_MOST_CALLS,
        )
        self._grpc.add_generic_rpc_handlers(make_handlers(all_services(self.farm)))
        self._add_health_and_reflection()
        address = join_address(*self._address)
        try:
            self.port = self._grpc.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: {error}") from error
        if not self.port:
            raise OSError(f"cannot listen on {address}")
        self._grpc.start()
        if self._http_port is not None:
            from .web.serving import PageServer

            self._page = PageServer(self.farm, self._http_port)
        self._clock.start()
        self._ask_all_hosts()

    @property
    def page_address(self) -> str:
        """The address of the page with its token; empty without a page."""
        return self._page.address if self._page is not None else ""

    def stop(self, grace_seconds: float = 1.0) -> None:
        """Stop serving. Pending calls have the grace time to end."""
        self._stop.set()
        self._alarm.set()
        if self._page is not None:
            self._page.stop()
        if self._grpc is not None:
            self._grpc.stop(grace_seconds).wait()
        self._link.close()
        if self._clock.is_alive():
            self._clock.join()
        if self._store is not None:
            self._store.close()

    def _add_health_and_reflection(self) -> None:
        servicer = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, self._grpc)
        names = [*all_service_names(), health.SERVICE_NAME, reflection.SERVICE_NAME]
        for name in ("", *names):
            servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        reflection.enable_server_reflection(names, self._grpc)

    def _take_report(self, report: Any) -> None:
        """Take in a report that an RQD has sent as an answer, so its address is already known."""
        with self.farm.work() as farm:
            host = farm.hosts.named(short_name(report.host.name))
            take_host_report(farm, report, is_local=host is None or host.address.startswith("127."))

    def _ask_all_hosts(self) -> None:
        """Ask all hosts for a report after a restart: their frames may have ended while the server was down."""
        with self.farm.work() as farm:
            for host in farm.hosts.values():
                if host.state == "UP":
                    ask_host(farm, host)

    def _tick_for_ever(self) -> None:
        pause, steps = 0.0, StepWatch(self.farm.now, self._steady)
        while True:
            self._alarm.wait(pause)
            self._alarm.clear()
            if self._stop.is_set():
                return
            try:
                if self._store is not None:
                    self._store.look()
                with self.farm.work() as farm:
                    clock_stepped(farm, steps.step())
                    pause = tick(farm)
            except CannotSave:
                pause = 1.0  # it was logged
            except Exception:
                logger.exception("a periodic check of the farm failed; the next one follows")
                pause = 1.0


def _open_farm(settings: FarmSettings, clock: Callable[[], float], store: SqliteStore | None) -> Farm:
    """The farm of a state file, or a new one."""
    farm = Farm(settings, clock, store)
    if store is not None:
        store.load(farm)
        trim_times(farm)
    with farm.work():
        seed(farm)
    return farm


def _private_log_root() -> Path:
    """This user's folder for logs in the temporary folder."""
    folder = Path(tempfile.gettempdir()) / f"cuebot-stub-logs-{os.getuid()}"
    try:
        make_private_folder(str(folder))
    except OSError as error:
        raise FarmError(f"{folder} {error.strerror}; give another folder with --log-root") from error
    return folder
