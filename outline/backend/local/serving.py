# SPDX-License-Identifier: Apache-2.0
"""The runner's process: loads a session once, and forks the workers. The launcher's end is in ``runner``."""

from __future__ import annotations

import gc
import json
import os
import resource  # noqa: F401  # os.wait4 does
import socket
import sys
from typing import NoReturn

from ... import config, io, progress, tokens  # noqa: F401  # what workers and frames import otherwise
from ...environment import base_environment
from ...exception import OutlineException
from ...frame_run import runs_only_commands
from ...layer.life import never_restore_process
from ...loader import load_outline
from ...modules import shell  # noqa: F401
from ...process import host_name
from ...serialize import outline_reader  # noqa: F401
from .interpreter import forks_frames
from .signals import ignore_stop_signals
from .spawn import forget_exit_handlers, open_streams, warm_up
from .wire import LOAD, WORKER, send
from .worker import Worker, WorkerState

__all__ = ["serve", "serve_fd"]


def serve_fd(fd: str) -> NoReturn:
    """Be the runner; the socket was inherited."""
    serve(socket.socket(fileno=int(fd)))


def serve(sock: socket.socket) -> NoReturn:
    """Be the runner until the launcher closes the socket."""
    ignore_stop_signals()
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
                ignore_stop_signals()  # a module of the user's may have set handlers
                _answer(sock, error)
            elif message[0] == WORKER and state is not None:
                _fork_worker(sock, fds.pop(0), state)


def _answer(sock: socket.socket, error: str) -> None:
    try:
        send(sock, error)
    except OSError:
        pass  # the launcher is gone, which the next read tells


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
    safe = forks_frames() and _thread_count() == 1
    open_streams()
    never_restore_process()  # what a worker forks runs one frame; runner and worker run none
    forget_exit_handlers()
    if safe and not all(map(runs_only_commands, ol.get_layers())):
        from ...serialize import data  # noqa: F401  # imports PyYAML, for frames that put or get data

        warm_up()
    gc.freeze()  # no collection before: it costs more than the garbage of one job
    grace_seconds = config.getfloat("local", "grace_seconds")
    log_path = ol.get_session().get_log_path()
    return WorkerState(ol, environ, safe, host or host_name(), log_path, grace_seconds, bool(host)), ""


def _thread_count() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()
