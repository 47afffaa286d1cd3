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
import sys
import time
from typing import NoReturn

from ...frame_run import runs_only_commands
from ...layer.life import never_restore_process
from .interpreter import interpreter_argv
from .spawn import STOP_SIGNALS, forget_exit_handlers, open_streams, warm_up
from .wire import LOAD, WORKER, Lines, send
from .worker import Worker, WorkerState

__all__ = ["Runner", "fork_runner", "import_what_frames_need", "spawn_runner"]


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
        self.__sock.close()
        deadline = time.monotonic() + _END_SECONDS
        try:
            while not os.waitpid(self.__pid, os.WNOHANG)[0]:
                if time.monotonic() >= deadline:  # somebody has stopped it
                    os.kill(self.__pid, signal.SIGKILL)
                    os.waitpid(self.__pid, 0)
                    return
                time.sleep(0.001)
        except ChildProcessError:
            pass  # a host program reaps its children by itself


def fork_runner() -> Runner:
    """Start a runner as a fork of this process, which has run none of the user's code yet and has one thread.

    It imports what its frames need while this process goes on, unless the caller has done that before, for both.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return Runner(ours, pid)
    ours.close()
    _serve(theirs)


def spawn_runner() -> Runner:
    """Start a runner as a new interpreter, which knows nothing of this process."""
    import subprocess

    ours, theirs = socket.socketpair()
    with theirs:
        child = subprocess.Popen(
            interpreter_argv("outline.backend.local.runner:serve_fd", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    child.returncode = 0  # Runner.close waits for it
    return Runner(ours, child.pid)


def serve_fd(fd: str) -> NoReturn:
    """Be the runner; the socket was inherited."""
    _serve(socket.socket(fileno=int(fd)))


def _serve(sock: socket.socket) -> NoReturn:
    """Be the runner until the launcher closes the socket."""
    _ignore_signals()
    import_what_frames_need()  # while the launcher reads what has been done already
    state: WorkerState | None = None
    buffer = b""
    while True:
        try:
            data, fds, _, _ = socket.recv_fds(sock, 65536, 16)
        except OSError:
            data, fds = b"", []
        if not data:
            os._exit(0)
        _reap()
        buffer += data
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message[0] == LOAD:
                state, error = _load(*message[1:])
                _ignore_signals()  # a module of the user's may have set handlers
                send(sock, error)
            elif message[0] == WORKER and state is not None:
                _fork_worker(sock, fds.pop(0), state)


def _ignore_signals() -> None:
    """Leave it to the launcher what a signal to the whole process group means.

    A terminal that is closed, Ctrl-C, ``timeout`` and batch systems send theirs to the group. A worker that obeyed
    would leave its frame behind. Runner and workers end when their sockets close, however the launcher ends.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _fork_worker(control: socket.socket, fd: int, state: WorkerState) -> None:
    if os.fork():
        os.close(fd)
        return
    control.close()
    os.set_inheritable(fd, False)  # held by a command, it would hide from the launcher that its worker has died
    try:
        Worker(socket.socket(fileno=fd), state).serve()
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(70)
    os._exit(0)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _load(path: str, folder: str, host: str) -> tuple[WorkerState | None, str]:
    import gc
    import platform

    from ... import config
    from ...environment import base_environment
    from ...exception import OutlineException
    from ...loader import load_outline

    environ = base_environment(os.environ)
    try:
        os.chdir(folder)
        ol = load_outline(path)
        if "outline.console" in sys.modules or any(layer.get_arg("progress") for layer in ol.get_layers()):
            from ...console import reader  # noqa: F401
    except OutlineException as error:
        return None, str(error)
    except Exception as error:  # a module of the user's: its fault is the message
        import traceback

        return None, f"{path}: {type(error).__name__}: {error}\n{traceback.format_exc()}"
    os.environ.clear()
    os.environ.update(environ)
    safe = config.get("local", "frame_process", fallback="fork") == "fork" and _thread_count() == 1
    open_streams()
    never_restore_process()  # what a worker forks runs one frame; runner and worker run none
    forget_exit_handlers()
    if safe and not all(map(runs_only_commands, ol.get_layers())):
        warm_up()
    gc.freeze()  # no collection before: it costs more than the garbage of one job
    grace_seconds = config.getfloat("local", "grace_seconds", fallback=10.0)
    log_path = ol.get_session().get_log_path()
    return WorkerState(ol, environ, safe, host or platform.node(), log_path, grace_seconds, bool(host)), ""


def import_what_frames_need() -> None:
    """Import once what the launcher, every worker and every frame would import otherwise."""
    import resource  # noqa: F401  # os.wait4 does

    from ... import environment, frame_run, io, loader, process, progress, serialize, tokens  # noqa: F401
    from ...modules import shell  # noqa: F401


def _thread_count() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()
