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
import select
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .log import FrameEnd, FrameLog

if TYPE_CHECKING:
    from ...layer import Layer
    from ...loader import Outline

__all__ = ["Runner", "fork_runner", "spawn_runner"]

LOAD, WORKER, RUN, KILL = "load", "worker", "run", "kill"


class Runner:
    """The launcher's end of the runner process.

    Made by ``fork_runner`` before any of the user's code has run, or by ``spawn_runner`` at any time. The launcher
    closes it when the job is over; then the runner ends, and the workers do.
    """

    def __init__(self, sock: socket.socket, pid: int) -> None:
        self.__sock = sock
        self.__pid = pid

    def load(self, outline_path: str) -> str:
        """Load a session in the runner.

        Returns:
            An empty text, or why it could not be loaded.
        """
        try:
            _send(self.__sock, [LOAD, outline_path])
            reply = _Lines(self.__sock).read()
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
        try:
            os.waitpid(self.__pid, 0)
        except ChildProcessError:
            pass  # a host program reaps its children by itself


def fork_runner() -> Runner:
    """Start a runner as a fork of this process, which has run none of the user's code yet and has one thread."""
    _import_what_frames_need()
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
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append(sys.argv[2]);"
        "from outline.backend.local.runner import serve_fd; serve_fd(int(sys.argv[1]))"
    )
    with theirs:
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(theirs.fileno()), root],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    child.returncode = 0  # Runner.close waits for it
    return Runner(ours, child.pid)


def serve_fd(fd: int) -> NoReturn:
    """Be the runner; the socket was inherited."""
    _serve(socket.socket(fileno=fd))


def _serve(sock: socket.socket) -> NoReturn:
    """Be the runner until the launcher closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    state: _State | None = None
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
                state, error = _load(message[1])
                _send(sock, error)
            elif message[0] == WORKER and state is not None:
                _fork_worker(sock, fds.pop(0), state)


def _fork_worker(control: socket.socket, fd: int, state: _State) -> None:
    if os.fork():
        os.close(fd)
        return
    control.close()
    try:
        _Worker(socket.socket(fileno=fd), state).serve()
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


class _State(NamedTuple):
    """What workers inherit from the runner."""

    outline: Outline
    environ: dict[str, str]
    fork_is_safe: bool
    host: str
    log_path: str


def _load(path: str) -> tuple[_State | None, str]:
    import gc
    import platform

    from ... import config
    from ...environment import base_environment
    from ...exception import OutlineException
    from ...loader import load_outline

    environ = base_environment(os.environ)
    try:
        ol = load_outline(path)
        _import_what_frames_need()
    except OutlineException as error:
        return None, str(error)
    except Exception as error:  # a module of the user's: its fault is the message
        import traceback

        return None, f"{path}: {type(error).__name__}: {error}\n{traceback.format_exc()}"
    os.environ.clear()
    os.environ.update(environ)
    safe = config.get("local", "frame_process", fallback="fork") == "fork" and _thread_count() == 1
    gc.collect()
    gc.freeze()
    return _State(ol, environ, safe, platform.node(), ol.get_session().get_log_path()), ""


def _import_what_frames_need() -> None:
    """Import once what the launcher, every worker and every frame would import otherwise."""
    from ... import environment, frame_run, io, loader, process, serialize, tokens  # noqa: F401
    from ...modules import shell  # noqa: F401


def _thread_count() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


class _Plan(NamedTuple):
    """How the frames of one layer are run."""

    layer: Layer
    shared: dict[str, str]
    environ: dict[str, str]
    only_commands: bool


class _Worker:
    """Runs one frame at a time and reports how it ended."""

    def __init__(self, sock: socket.socket, state: _State) -> None:
        self.__sock = sock
        self.__lines = _Lines(sock)
        self.__state = state
        self.__plans: dict[str, _Plan] = {}
        self.__programs: dict[tuple[str, str], tuple[str, str]] = {}
        self.__grace = 10.0
        self.__wake, wake_write = os.pipe()
        os.set_blocking(self.__wake, False)
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, _ignore_signal)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self.__poll = select.poll()
        self.__poll.register(sock, select.POLLIN)
        self.__poll.register(self.__wake, select.POLLIN)

    def serve(self) -> None:
        """Run frames until the launcher closes the socket."""
        while True:
            message = self.__lines.read()
            if message is None:
                return
            if message[0] == RUN:
                end = self.__run_frame(_Request(*message[1:]))
                try:
                    _send(self.__sock, list(end))
                except OSError:
                    return

    def __run_frame(self, request: _Request) -> FrameEnd:
        from ...environment import FrameFacts, frame_environment

        try:
            plan = self.__plan(request.layer)
            facts = FrameFacts(request.frame, request.attempt, request.cores, request.memory_kb)
            env = frame_environment(plan.shared, facts)
            log = FrameLog(env["logfile"], request.attempt)
        except Exception as error:
            return FrameEnd(1, reason=f"cannot start: {_one_line(error)}")
        try:
            return self.__run_logged(request, plan, env, log)
        except OSError as error:  # the disk with the log is full, most likely
            _close(log.fd)
            return FrameEnd(1, reason=f"cannot write the log {log.path}: {error.strerror}")

    def __run_logged(self, request: _Request, plan: _Plan, env: dict[str, str], log: FrameLog) -> FrameEnd:
        started = time.monotonic()
        name = env["CUE_FRAME"]
        log.begin(
            {
                "frame": name,
                "job": env["CUE_JOB"],
                "command": f"pycuerun {self.__state.outline.get_path()} -e {name}",
                "attempt": str(request.attempt),
                "host": self.__state.host,
                "user": env["CUE_USER"],
                "cwd": os.getcwd(),
                "started": time.strftime("%Y-%m-%d %H:%M:%S"),
            },
            env,
        )
        watch = _Watch(log, started, request)
        if plan.only_commands and not _has_session_extras(plan.layer):
            end = self.__run_commands(plan, request, env, watch)
        elif self.__state.fork_is_safe:
            end = self.__wait(
                _fork_frame(plan.layer, request.frame, {**plan.environ, **env}, log.fd, self.__sock), watch
            )
        else:
            end = self.__run_interpreter(name, {**plan.environ, **env}, watch)
        end = end._replace(seconds=time.monotonic() - started)
        log.end(end)
        return end

    def __plan(self, name: str) -> _Plan:
        if name not in self.__plans:
            from ...environment import layer_environment
            from ...frame_run import runs_only_commands

            layer = self.__state.outline.get_layer(name)
            shared = layer_environment(self.__state.outline, layer)
            self.__plans[name] = _Plan(layer, shared, self.__state.environ, runs_only_commands(layer))
        return self.__plans[name]

    def __run_commands(self, plan: _Plan, request: _Request, env: dict[str, str], watch: _Watch) -> FrameEnd:
        """Run the commands of a layer that has no Python of its own."""
        from ...exception import OutlineException
        from ...frame_run import frame_commands

        environ = {**plan.environ, **env}
        try:
            end = FrameEnd(0)
            rss_kb = 0
            for argv in frame_commands(plan.layer, request.frame, environ):
                end = self.__run_command(argv, environ, watch)
                rss_kb = max(rss_kb, end.rss_kb)
                if end.status:
                    return end._replace(rss_kb=rss_kb)
            end = end._replace(rss_kb=rss_kb)
            plan.layer.check_output(plan.layer.get_local_frame_set(request.frame))
            return end
        except OutlineException as error:
            watch.log.write(f"outline: {error}\n")
            return FrameEnd(1, reason=_one_line(error))

    def __run_command(self, argv: list[str], environ: dict[str, str], watch: _Watch) -> FrameEnd:
        search_path = environ.get("PATH", os.defpath)
        program, problem = self.__find_program(argv[0], search_path) if argv else ("", "the command is empty")
        if problem:
            watch.log.write(f"outline: {problem}\n")
            return FrameEnd(126 if program else 127, reason=problem)
        try:
            pid = _spawn(program, argv, environ, watch.log.fd)
        except (OSError, ValueError) as error:  # no program that this system knows, or too many arguments
            problem = f"cannot run {program}: {getattr(error, 'strerror', None) or error}"
            watch.log.write(f"outline: {problem}\n")
            return FrameEnd(126, reason=problem)
        end = self.__wait(pid, watch)
        if end.status and not end.reason:
            import shlex

            how = f"signal {end.signal}" if end.signal else f"exit status {end.status}"
            end = end._replace(reason=f"{shlex.join(argv)[:400]} ended with {how}")
        return end

    def __find_program(self, name: str, search_path: str) -> tuple[str, str]:
        from ...process import find_executable

        found = self.__programs.get((name, search_path))
        if found is None:
            found = find_executable(name, search_path)
            if not found[1]:  # what is missing may be there next time
                self.__programs[name, search_path] = found
        return found

    def __run_interpreter(self, name: str, environ: dict[str, str], watch: _Watch) -> FrameEnd:
        argv = [sys.executable, "-m", "outline", str(self.__state.outline.get_path()), "-e", name]
        return self.__wait(_spawn(sys.executable, argv, environ, watch.log.fd), watch)

    def __wait(self, pid: int, watch: _Watch) -> FrameEnd:
        """Wait for a frame's process, obeying the launcher and the time limits."""
        reason = ""
        timed_out = False
        kill_at = float("inf")
        while True:
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
            now = time.monotonic()
            if now >= kill_at:
                _signal_group(pid, signal.SIGKILL)
                kill_at = float("inf")
            why = "" if timed_out else watch.overdue(now)
            if why:
                reason, timed_out, kill_at = why, True, now + self.__grace
                _signal_group(pid, signal.SIGTERM)
            for message in self.__wait_for_news(min(watch.next_look(now), kill_at) - now):
                if message is None:
                    _signal_group(pid, signal.SIGKILL)
                    os._exit(0)
                reason = "ended by the launcher"
                self.__grace = float(message[2])
                _signal_group(pid, signal.SIGKILL if message[1] == "KILL" else signal.SIGTERM)
                kill_at = time.monotonic() + self.__grace
        _signal_group(pid, signal.SIGKILL)  # what the frame left behind; its zombie still holds the number
        _, status, usage = os.wait4(pid, 0)
        sig = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = 128 + sig if sig else os.WEXITSTATUS(status)
        rss_kb = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss // 1024
        return FrameEnd(code, sig, timed_out, 0.0, rss_kb, reason)

    def __wait_for_news(self, seconds: float) -> list[Any]:
        """Wait until a child has changed, the launcher speaks or the time is up; return what the launcher says."""
        timeout = None if seconds == float("inf") else max(0, int(seconds * 1000) + 1)
        found = []
        for fd, _ in self.__poll.poll(timeout):
            if fd == self.__wake:
                try:
                    os.read(self.__wake, 4096)
                except BlockingIOError:
                    pass
            else:
                found.append(self.__lines.read())
        return found


class _Request(NamedTuple):
    """A frame to run."""

    layer: str
    frame: int
    attempt: int
    cores: float
    memory_kb: int
    timeout_seconds: float | None
    timeout_llu_seconds: float | None


class _Watch:
    """Knows when a frame has run, or has been silent, for too long. Uses the steady clock and the size of the log."""

    def __init__(self, log: FrameLog, started: float, request: _Request) -> None:
        self.log = log
        self.__request = request
        self.__started = started
        self.__size = -1
        self.__grown = started

    def overdue(self, now: float) -> str:
        """Return why the frame must end, or an empty text."""
        limit = self.__request.timeout_seconds
        if limit is not None and now - self.__started >= limit:
            return f"ran longer than its timeout of {limit / 60:g} minutes"
        limit = self.__request.timeout_llu_seconds
        if limit is not None:
            size = os.fstat(self.log.fd).st_size
            if size != self.__size:
                self.__size, self.__grown = size, now
            if now - self.__grown >= limit:
                return f"wrote nothing to its log for its timeout_llu of {limit / 60:g} minutes"
        return ""

    def next_look(self, now: float) -> float:
        """Return when ``overdue`` may give another answer."""
        times = [float("inf")]
        if self.__request.timeout_seconds is not None:
            times.append(self.__started + self.__request.timeout_seconds)
        if self.__request.timeout_llu_seconds is not None:
            times.append(now + min(1.0, self.__request.timeout_llu_seconds / 4))
        return min(times)


def _spawn(program: str, argv: list[str], environ: dict[str, str], log_fd: int) -> int:
    """Start a program in a process group of its own, without input, its output into the log."""
    return os.posix_spawn(
        program,
        argv,
        environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log_fd, 1),
            (os.POSIX_SPAWN_DUP2, log_fd, 2),
        ],
        setpgroup=0,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM],
    )


def _fork_frame(layer: Layer, frame: int, environ: dict[str, str], log_fd: int, sock: socket.socket) -> int:
    """Run a frame's Python in a fork, in a process group of its own, and return the process id."""
    pid = os.fork()
    if pid:
        try:
            os.setpgid(pid, pid)  # here and in the child, so that it is true for both from now on
        except OSError:
            pass
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        sock.close()
        _redirect(log_fd)
        os.environ.clear()
        os.environ.update(environ)
        from ...frame_run import run_frame

        code = run_frame(layer, frame)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _redirect(log_fd: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    os.close(null)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _has_session_extras(layer: Layer) -> bool:
    """Tell whether data in the session changes the layer while the job runs; then its frames need their own process."""
    folder = os.path.join(layer.get_session().get_path(), "layers", layer.get_name())
    return os.path.exists(os.path.join(folder, "args_override")) or os.path.exists(os.path.join(folder, "ol:outputs"))


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        pass


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _ignore_signal(number: int, frame: object) -> None:
    """Let the signal interrupt a poll, nothing else."""


def _send(sock: socket.socket, message: object) -> None:
    sock.sendall(json.dumps(message).encode() + b"\n")


class _Lines:
    """Reads JSON lines from a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.__sock = sock
        self.__buffer = b""

    def read(self) -> Any:
        """Return the next message, or None when the other end is closed."""
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
