# SPDX-License-Identifier: Apache-2.0
"""What launcher, runner and workers say to one another: lines of JSON over sockets."""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["KILL", "LOAD", "RUN", "WORKER", "Lines", "send"]

LOAD, WORKER, RUN, KILL = "load", "worker", "run", "kill"


def send(sock: socket.socket, message: object) -> None:
    """Send a message.

    Raises:
        OSError: The other end is closed.
    """
    sock.sendall(json.dumps(message).encode() + b"\n")


class Lines:
    """Reads JSON lines from a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.__sock = sock
        self.__buffer = b""

    @property
    def is_waiting(self) -> bool:
        """A message has been received already, so that no poll of the socket would tell of it."""
        return b"\n" in self.__buffer

    def read(self) -> Any:
        """The next message, or None when the other end is closed."""
        while b"\n" not in self.__buffer:
            try:
                data = self.__sock.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self.__buffer += data
        line, _, self.__buffer = self.__buffer.partition(b"\n")
        return json.loads(line)
