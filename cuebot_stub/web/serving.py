# SPDX-License-Identifier: Apache-2.0
"""Serves the page on the loopback interface, with a thread for each connection.

A connection has one request, which must be complete before a deadline. Slow clients, even a hundred of them, do not
block others.
"""

from __future__ import annotations

import io
import secrets
import socket
import threading
import time
from functools import partial
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from ..farm.farm import Farm
from .app import make_app

__all__ = ["PageServer"]

_MOST_CONNECTIONS = 100
_REQUEST_SECONDS = 10.0
_LOOK_SECONDS = 0.1


class _Timely(io.RawIOBase):
    """The bytes of a client, up to a deadline."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = time.monotonic() + _REQUEST_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(WSGIRequestHandler):
    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Timely(self.connection))

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log no requests, because the page sends some every second."""


class _Server(ThreadedWSGIServer):
    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        self._free = threading.Semaphore(_MOST_CONNECTIONS)
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect or are too slow. Flask logs errors of the page itself."""


class PageServer:
    """The HTTP server of the page. The farm's server starts and stops it.

    Attributes:
        token: The token for changes and logs.
        port: The port on 127.0.0.1.
    """

    def __init__(self, farm: Farm, port: int) -> None:
        """Listen on a port; 0 picks a free one.

        Raises:
            OSError: The port is in use.
        """
        self.token = secrets.token_urlsafe(16)
        # Bound here: werkzeug ends the process where a port is taken.
        listener = socket.create_server(("127.0.0.1", port), backlog=_MOST_CONNECTIONS)
        self.port: int = listener.getsockname()[1]
        app = make_app(farm, self.token)
        self._server = _Server("127.0.0.1", self.port, app, _Handler, False, None, listener.fileno())
        listener.close()  # the server has its own descriptor of it
        # So often it looks whether it shall stop.
        serve = partial(self._server.serve_forever, poll_interval=_LOOK_SECONDS)
        self._thread = threading.Thread(target=serve, name="cuebot-stub-page", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The address to open. The token is in the fragment, which browsers do not send."""
        return f"http://127.0.0.1:{self.port}/#token={self.token}"

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
