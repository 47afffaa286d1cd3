# SPDX-License-Identifier: Apache-2.0
"""Runs a server until somebody stops it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outline.files import write_atomic

from .server import FarmServer
from .up.addresses import check_port_is_free, is_loopback, join_address
from .up.errors import FarmError

__all__ = ["serve_until"]


def serve_until(
    stop: threading.Event,
    say: Callable[[str], None],
    warn: Callable[[str], None],
    *,
    host: str,
    port: int,
    address_file: Path | None,
    **options: Any,
) -> None:
    """Serve until an event is set.

    Args:
        stop: Set by another thread or a signal handler.
        say: Called with the address when the server is ready.
        warn: Called when other machines can reach the server.
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one.
        address_file: The file to write when the server is ready: its address, and the page's in a second line.
        options: The other options of ``FarmServer``.

    Raises:
        FarmError: The server cannot listen there, or cannot use its state.
    """
    if not is_loopback(host):
        warn(
            f"warning: other machines can reach {host}, and OpenCue's protocol has no authentication: "
            "anyone who can reach the port can run commands on every host of the farm"
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    check_port_is_free(host, port)
    server = FarmServer(host=host, port=port, **options)
    try:
        server.start()
    except OSError as error:
        raise FarmError(f"cannot serve on {join_address(host, port)}: {error}") from error
    try:
        address = join_address(host, server.port)
        say(f"serving OpenCue on {address}")
        if server.page_address:
            say(f"page at {server.page_address}")
        if address_file is not None:
            # The page's address has the token in it, with which anybody could kill jobs.
            lines = filter(None, [address, server.page_address])
            write_atomic(address_file, "\n".join([*lines, ""]), mode=0o600)
        stop.wait()
    finally:
        server.stop()
