# SPDX-License-Identifier: Apache-2.0
"""Serves the page in threads of its own, only to this machine."""

from __future__ import annotations

import secrets
import threading
from typing import Any

from ..farm.farm import Farm

__all__ = ["PageServer"]

_THREADS = 4
_GRACE_SECONDS = 0.3


class PageServer:
    """Made and stopped with the server whose farm it shows.

    Attributes:
        token: What lets a browser change something.
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(self, farm: Farm, port: int) -> None:
        """Listen on a port, 0 for any that is free.

        Raises:
            OSError: The port is taken.
            ImportError: Flask or cheroot is missing; they come with the extra ``stub``.
        """
        from cheroot import wsgi

        from .app import make_app

        self.token = secrets.token_urlsafe(16)
        app = make_app(farm, self.token)
        self._server: Any = wsgi.Server(("127.0.0.1", port), app, numthreads=_THREADS, server_name="cuebot-stub")
        self._server.shutdown_timeout = _GRACE_SECONDS
        self._server.prepare()
        self.port: int = self._server.bind_addr[1]
        self._thread = threading.Thread(target=self._server.serve, name="cuebot-stub-page", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The address to open; the token is in the part that a browser keeps to itself."""
        return f"http://127.0.0.1:{self.port}/#token={self.token}"

    def stop(self) -> None:
        """Serve no more."""
        self._server.stop()
        self._thread.join(2 * _GRACE_SECONDS)
