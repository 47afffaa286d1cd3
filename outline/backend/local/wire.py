# SPDX-License-Identifier: Apache-2.0
"""What launcher, runner and workers say to one another: lines of JSON over sockets.

=================  ====================  ==============================================================================
from               message               meaning
=================  ====================  ==============================================================================
launcher (runner)  LOAD path dir host    Load a session. The answer is why it cannot be loaded, or an empty text.
launcher (runner)  WORKER                Start a worker behind the socket that comes with the message.
launcher           RUN requests          Run frames, one after the other, after those that the worker has already.
launcher           BACK                  Give back the frames that have not begun.
launcher           KILL signal seconds   BACK, and end the frame that runs.
worker             PID number            The first message.
worker             END ends              So many frames have ended, in their order; the next one, if there is one, runs.
worker             BACK number           So many frames, those after the one that runs, will not begin here.
=================  ====================  ==============================================================================

Both sides keep the frames of a worker in the same order, so they always agree about who has which; see
docs/decisions/0034.
"""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["BACK", "END", "KILL", "LOAD", "PID", "RUN", "WORKER", "Lines", "send"]

LOAD, WORKER, RUN, BACK, KILL = "load", "worker", "run", "back", "kill"
PID, END = "pid", "end"


def send(sock: socket.socket, *messages: object) -> None:
    """Send messages, all at once.

    Raises:
        OSError: The other end is closed.
    """
    sock.sendall("".join([json.dumps(message) + "\n" for message in messages]).encode())


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
