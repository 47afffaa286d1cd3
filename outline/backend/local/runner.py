# SPDX-License-Identifier: Apache-2.0
"""The processes that run frames on this machine.

::

    pycuerun ── runner: has loaded the session once, runs no frame
                  └── worker, one per frame that runs at a time
                        └── the frame: a command, or a fork that runs a layer's Python

The launcher talks to each worker over a socket of its own. A worker that finds its socket closed kills its frame and
ends: the launcher is gone. Runner and workers never run users' code after the session is loaded.
"""

from __future__ import annotations

import json
import os
import signal
import socket

from .interpreter import interpreter_argv
from .signals import ignore_stop_signals
from .wire import LOAD, WORKER, Lines, send

__all__ = ["Runner", "fork_runner", "spawn_runner"]


_END_SECONDS = 3.0


class Runner:
    """The launcher's end of the runner process.

    Made by ``fork_runner`` before any of the user's code has run, or by ``spawn_runner`` at any time. The launcher
    closes it when the job is over; then the runner ends, and the workers do.

    Attributes:
        runs_ahead: Its workers take the frame after the one that they run; see ``wire``.
        batch_seconds: How long frames of a layer together may take that are handed over in one message, one to run
            after the other; 0 where a message costs next to nothing.
    """

    runs_ahead = True
    batch_seconds = 0.0

    def __init__(self, sock: socket.socket, pid: int) -> None:
        self.__sock = sock
        self.__pid = pid

    def load(self, outline_path: str, folder: str, host: str = "") -> str:
        """Load a session in the runner.

        Args:
            outline_path: The session's outline.yaml, absolute.
            folder: The working directory of the frames.
            host: What to call this machine, when it is not the launcher's.

        Returns:
            An empty text, or why it could not be loaded.
        """
        try:
            send(self.__sock, [LOAD, outline_path, folder, host])
            reply = Lines(self.__sock).read()
        except OSError as error:
            return f"the runner process has ended: {error}"
        return "the runner process has ended" if reply is None else str(reply)

    def new_worker(self) -> socket.socket:
        """Start a worker and return the socket to talk to it.

        Raises:
            OSError: The runner has ended.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.__sock, [json.dumps([WORKER]).encode() + b"\n"], [theirs.fileno()])
        return ours

    def close(self) -> None:
        """End the runner."""
        try:
            self.__sock.shutdown(socket.SHUT_WR)
            self.__sock.settimeout(_END_SECONDS)
            while self.__sock.recv(65536):
                pass
        except TimeoutError:  # somebody has stopped it
            os.kill(self.__pid, signal.SIGKILL)
        except OSError:
            pass  # it has ended, or was closed before
        self.__sock.close()
        try:
            os.waitpid(self.__pid, 0)
        except ChildProcessError:
            pass  # a host program reaps its children by itself


def fork_runner() -> Runner:
    """Start a runner as a fork of this process, which has run none of the user's code yet and has one thread.

    What only frames need it imports by itself, while this process goes on.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return Runner(ours, pid)
    try:
        ours.close()
        ignore_stop_signals()
        from .serving import serve

        serve(theirs)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(70)


def spawn_runner() -> Runner:
    """Start a runner as a new interpreter, which knows nothing of this process."""
    import subprocess

    ours, theirs = socket.socketpair()
    with theirs:
        child = subprocess.Popen(
            interpreter_argv("outline.backend.local.serving:serve_fd", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    child.returncode = 0  # Runner.close waits for it
    return Runner(ours, child.pid)
