# SPDX-License-Identifier: Apache-2.0
"""Runs a server until somebody stops it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from outline.files import write_atomic

from .up.addresses import check_port_is_free, is_loopback, join_address
from .up.errors import FarmError

if TYPE_CHECKING:
    from .server import FarmServer

__all__ = ["ServeOptions", "serve_until"]


class ServeOptions(NamedTuple):
    """The options of ``cuebot-stub serve``.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one.
        state: The database, or None to keep everything in memory.
        repair: Remove damaged rows from the database.
        log_root: Where the hosts write logs of frames, or None for the server's choice.
        rqd: Addresses of RQDs by the names that hosts report.
        strict: Do exactly what Cuebot does, even where that is unhelpful.
        http: The port of the page, or None for none.
        address_file: The file to write when the server is ready: its address, and the page's in a second line.
    """

    host: str = "127.0.0.1"
    port: int = 8443
    state: Path | None = None
    repair: bool = False
    log_root: Path | None = None
    rqd: Mapping[str, str] = {}
    strict: bool = False
    http: int | None = None
    address_file: Path | None = None


def serve_until(
    stop: threading.Event, options: ServeOptions, say: Callable[[str], None], warn: Callable[[str], None]
) -> None:
    """Serve until an event is set.

    Args:
        stop: Set by another thread or a signal handler.
        options: Where and how to serve.
        say: Called with the address when the server is ready.
        warn: Called when other machines can reach the server.

    Raises:
        FarmError: The server cannot listen there, or cannot use its state.
    """
    if not is_loopback(options.host):
        warn(
            f"warning: other machines can reach {options.host}, and OpenCue's protocol has no authentication: "
            "anyone who can reach the port can run commands on every host of the farm"
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    check_port_is_free(options.host, options.port)
    server = _start_server(options)
    try:
        address = join_address(options.host, server.port)
        say(f"serving OpenCue on {address}")
        if server.page_address:
            say(f"page at {server.page_address}")
        if options.address_file is not None:
            # The page's address has the token in it, with which anybody could kill jobs.
            lines = filter(None, [address, server.page_address])
            write_atomic(options.address_file, "\n".join([*lines, ""]), mode=0o600)
        stop.wait()
    finally:
        server.stop()


def _start_server(options: ServeOptions) -> FarmServer:
    from .server import FarmServer
    from .store import StoreError

    try:
        values = options._asdict()
        del values["address_file"]
        server = FarmServer(**values)
    except StoreError as error:
        raise FarmError(str(error)) from error
    try:
        server.start()
    except OSError as error:
        raise FarmError(f"cannot serve on {join_address(options.host, options.port)}: {error}") from error
    return server
