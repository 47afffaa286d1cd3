# SPDX-License-Identifier: Apache-2.0
"""A worker: runs one frame at a time, watches it, and reports how it ended. Runs none of the user's code itself."""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from ...constants import BACKUP
from ...environment import FrameFacts, frame_environment
from ...exception import OutlineException
from ...frame_end import STOPPED, EndedBy, FrameEnd
from ...frame_run import begin_commands, note_failure
from ...layer.life import begin_for_fork, leave_to_fork
from ...names import second_log
from ...process import find_executable
from ...session_places import file_mode
from .child_exit import ChildExit
from .interpreter import interpreter_argv
from .layer_setup import LayerSetup, layer_setup
from .log import NO_SPACE, FrameLog, with_progress, with_reason
from .spawn import fork_frame, signal_group, spawn
from .watch import Request, Watch
from .wire import BACK, END, PID, RUN, Lines, send

if TYPE_CHECKING:
    from ...loader import Outline

__all__ = ["Worker", "WorkerState"]


class WorkerState(NamedTuple):
    """What workers inherit from the runner.

    Attributes:
        host: The name of this machine, for logs.
        is_elsewhere: It is not the launcher's, so reports name it, too.
    """

    outline: Outline
    environ: dict[str, str]
    fork_is_safe: bool
    host: str
    log_path: str
    grace_seconds: float
    is_elsewhere: bool


_AHEAD_SECONDS = 0.05  # how long a frame waits for the one before it to end, when it might run elsewhere
_TELL_SECONDS = 0.01  # between two messages to the launcher, while all is well and there is more to do


class Worker:
    """Runs one frame at a time and reports how it ended. What it says and obeys is in ``wire``."""

    def __init__(self, sock: socket.socket, state: WorkerState) -> None:
        self.__sock = sock
        self.__lines = Lines(sock)
        self.__state = state
        self.__setups: dict[str, LayerSetup] = {}
        self.__checked: set[str] = set()
        self.__programs: dict[tuple[str, str], tuple[str, str]] = {}
        self.__environ = dict(os.environ)
        self.__cwd = os.getcwd()
        self.__hopeless, self.__tell_hopeless = os.pipe()
        os.set_blocking(self.__hopeless, False)
        self.__grace = state.grace_seconds
        self.__file_mode = file_mode()
        self.__queue: deque[Request] = deque()
        self.__back_at = 0.0
        self.__ends: list[tuple[float, FrameEnd]] = []
        self.__tell_at = 0.0
        self.__disk_is_full = False
        self.__say([PID, os.getpid()])  # for a launcher that has to end a worker that does not answer
        self.__poll = select.poll()
        self.__poll.register(sock, select.POLLIN)
        self.__child = ChildExit(self.__poll)

    def serve(self) -> None:
        """Run frames until the launcher closes the socket."""
        while (message := self.__lines.read()) is not None:
            if message[0] == RUN:
                self.__take(message[1])
            while self.__queue:
                self.__back_at = time.monotonic() + _AHEAD_SECONDS
                self.__note_end(self.__run_frame(self.__queue.popleft()))
            # BACK and KILL have crossed with the end of the frame that they were for

    def __take(self, requests: list[list[Any]]) -> None:
        if self.__disk_is_full:  # the launcher sent them before it knew
            self.__say([BACK, len(requests)])
            return
        if not self.__queue:
            self.__back_at = time.monotonic() + _AHEAD_SECONDS
        self.__queue.extend(Request(*one) for one in requests)

    def __note_end(self, end: FrameEnd) -> None:
        """Report the end of a frame: at once, unless all is well and there is more to do, which begins before."""
        if end.ended_by is EndedBy.FULL_DISK:
            self.__disk_is_full = True
            self.__give_back()
        now = time.monotonic()
        self.__ends.append((now, end))
        if not end.is_good or not self.__queue or now >= self.__ends[0][0] + _TELL_SECONDS:
            self.__tell_ends()

    def __tell_ends(self) -> None:
        if self.__ends:
            now, ends, self.__ends = time.monotonic(), self.__ends, []
            self.__tell_at = now + _TELL_SECONDS
            self.__say([END, [end._replace(told_after=round(now - ended, 3)).to_dict() for ended, end in ends]])

    def __give_back(self) -> None:
        """Leave the frames that have not begun, if there are any, to somebody else."""
        self.__tell_ends()
        if self.__queue:
            self.__say([BACK, len(self.__queue)])
            self.__queue.clear()

    def __say(self, *messages: object) -> None:
        try:
            send(self.__sock, *messages)
        except OSError:
            pass  # the launcher is gone, which the next read tells

    def __run_frame(self, request: Request) -> FrameEnd:
        try:
            setup = self.__setup_of(request.layer)
            facts = FrameFacts(request.frame, request.attempt, request.cores, request.memory_kb)
            env = frame_environment(setup.shared, facts)
            if request.frames:
                env["OL_LAYER_FRAMES"] = request.frames
            if request.is_second:
                env[BACKUP] = "1"
            path = os.path.join(self.__state.log_path, env["logfile"])
            log = FrameLog(second_log(path) if request.is_second else path, request.attempt, self.__file_mode)
        except OSError as error:
            return _not_written(error, f"cannot start: {_one_line(error)}")
        except Exception as error:
            return FrameEnd(1, reason=f"cannot start: {_one_line(error)}")
        try:
            return self.__run_logged(request, setup, env, log)
        except OSError as error:  # the disk with the log is full, most likely
            _close(log.fd)
            return _not_written(error, f"cannot write the log {log.path}: {error.strerror}")

    def __run_logged(self, request: Request, setup: LayerSetup, env: dict[str, str], log: FrameLog) -> FrameEnd:
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
                "cwd": self.__cwd,
                "started": time.strftime("%Y-%m-%d %H:%M:%S"),
            },
            env,
        )
        watch = Watch(log, started, request)
        try:
            end = self.__run(setup, request, {**setup.environ, **env}, watch)
        except OutlineException as error:
            log.write(f"outline: {error}\n")
            end = FrameEnd(1, reason=_one_line(error))
        if not setup.only_commands:
            end = with_progress(end, log.path)
        if not end.is_good:
            end = with_reason(end, log.path)
        if not end.seconds:
            end = end._replace(seconds=time.monotonic() - started)
        if not end.is_good:
            end = note_failure(setup.layer, request.frame, request.attempt, end)
        if self.__state.is_elsewhere:
            end = end._replace(host=self.__state.host)
        log.end(end)
        return end

    def __run(self, setup: LayerSetup, request: Request, environ: dict[str, str], watch: Watch) -> FrameEnd:
        """Run a frame in the cheapest way that its layer allows.

        Raises:
            OutlineException: Something is missing that the frame needs, or that it was to make.
        """
        is_as_loaded = not any(map(os.path.exists, setup.extras))
        if setup.only_commands and is_as_loaded:
            return self.__run_commands(setup, request, environ, watch)
        if not self.__state.fork_is_safe:
            return self.__run_interpreter(request, environ, watch)
        if setup.begins_before_fork and is_as_loaded:
            return self.__run_rest_in_fork(setup, request, environ, watch)
        return self.__run_fork(setup, request, environ, watch)

    def __run_rest_in_fork(
        self, setup: LayerSetup, request: Request, environ: dict[str, str], watch: Watch
    ) -> FrameEnd:
        """Begin a frame here, where that costs least, and run what is left of it in a fork."""
        begin_for_fork(setup.layer, request.frame, environ, is_checked=request.layer in self.__checked)
        self.__checked.add(request.layer)
        try:
            return self.__run_fork(setup, request, environ, watch)
        finally:
            leave_to_fork(setup.layer)

    def __run_fork(self, setup: LayerSetup, request: Request, environ: dict[str, str], watch: Watch) -> FrameEnd:
        self.__set_environ(environ)
        pid = fork_frame(setup.layer, request.frame, watch.log.fd, self.__sock, self.__tell_hopeless)
        return self.__wait_for_python(pid, watch)

    def __set_environ(self, environ: dict[str, str]) -> None:
        """Make this process's environment that of a frame; a fork then has it without writing to its memory."""
        for key in self.__environ.keys() - environ.keys():
            del os.environ[key]
        for key, value in environ.items():
            if self.__environ.get(key) != value:
                os.environ[key] = value
        self.__environ = environ

    def __setup_of(self, name: str) -> LayerSetup:
        if name not in self.__setups:
            self.__setups[name] = layer_setup(self.__state.outline, self.__state.environ, name)
        return self.__setups[name]

    def __run_commands(self, setup: LayerSetup, request: Request, environ: dict[str, str], watch: Watch) -> FrameEnd:
        """Run the commands of a layer that has no Python of its own."""
        end, rss_kb = FrameEnd(0), 0
        frame = begin_commands(
            setup.layer,
            request.frame,
            environ,
            is_plain=setup.is_plain,
            is_checked=request.layer in self.__checked,
            tell=watch.log.write,
        )
        self.__checked.add(request.layer)
        try:
            for place, argv in enumerate(frame.commands):
                if watch.stopped:  # the command before ended well all the same, but this one must not begin
                    return STOPPED._replace(rss_kb=rss_kb)
                end = self.__run_command(argv, environ, watch)
                rss_kb = max(rss_kb, end.rss_kb)
                if not end.is_good:
                    return end._replace(rss_kb=rss_kb)
                frame.ended(place)
            frame.finish()
            return end._replace(rss_kb=rss_kb)
        finally:
            frame.discard()

    def __run_command(self, argv: list[str], environ: dict[str, str], watch: Watch) -> FrameEnd:
        search_path = environ.get("PATH", os.defpath)
        program, problem = self.__find_program(argv[0], search_path) if argv else ("", "the command is empty")
        if problem:
            watch.log.write(f"outline: {problem}\n")
            return FrameEnd(126, reason=problem) if program else _hopeless(FrameEnd(127, reason=problem))
        try:
            pid = spawn(program, argv, environ, watch.log.fd)
        except (OSError, ValueError) as error:  # no program that this system knows, or too many arguments
            problem = f"cannot run {program}: {getattr(error, 'strerror', None) or error}"
            watch.log.write(f"outline: {problem}\n")
            return FrameEnd(126, reason=problem)
        end = self.__wait(pid, watch)
        if end.status and not end.reason:
            how = f"signal {end.signal}" if end.signal else f"exit status {end.status}"
            end = end._replace(reason=f"{shlex.join(argv)[:400]} ended with {how}")
        return end

    def __find_program(self, name: str, search_path: str) -> tuple[str, str]:
        found = self.__programs.get((name, search_path))
        if found is None:
            found = find_executable(name, search_path)
            if not found[1]:  # what is missing may be there next time
                self.__programs[name, search_path] = found
        return found

    def __run_interpreter(self, request: Request, environ: dict[str, str], watch: Watch) -> FrameEnd:
        pipe = self.__tell_hopeless
        words = (str(pipe), str(self.__state.outline.get_path()), request.layer, str(request.frame))
        argv = interpreter_argv("outline.backend.local.interpreter:run_frame_and_leave", *words)
        os.set_inheritable(pipe, True)
        try:
            pid = spawn(sys.executable, argv, environ, watch.log.fd)
        finally:
            os.set_inheritable(pipe, False)
        return self.__wait_for_python(pid, watch)

    def __wait_for_python(self, pid: int, watch: Watch) -> FrameEnd:
        end = self.__wait(pid, watch)
        try:
            os.read(self.__hopeless, 64)
        except BlockingIOError:  # the frame has not told so
            return end
        return _hopeless(end)

    def __wait(self, pid: int, watch: Watch) -> FrameEnd:
        """Wait for a frame's process, obeying the launcher and the time limits."""
        reason, ended_by, kill_at = "", EndedBy.ITSELF, float("inf")
        self.__child.watch(pid)
        while True:
            if _has_ended(pid):
                break
            now = time.monotonic()
            if now >= kill_at:
                signal_group(pid, signal.SIGKILL)
                kill_at = float("inf")
            next_look = float("inf")
            if watch.is_needed and ended_by is EndedBy.ITSELF:
                ended_by, reason = watch.overdue(now)
                if reason:
                    kill_at = now + self.__grace
                    signal_group(pid, signal.SIGTERM)
                else:
                    next_look = watch.next_look(now)
            if self.__ends and now >= self.__tell_at:
                self.__tell_ends()
            if self.__queue and now >= self.__back_at:
                self.__give_back()
            if self.__ends:
                next_look = min(next_look, self.__tell_at)
            elif self.__queue:
                next_look = min(next_look, self.__back_at)
            for message in self.__wait_for_news(min(next_look, kill_at) - now):
                if message is None:
                    signal_group(pid, signal.SIGKILL)
                    os._exit(0)
                if message[0] == RUN:
                    self.__take(message[1])
                    continue
                self.__give_back()
                if message[0] == BACK:
                    continue
                watch.stopped = True
                if ended_by is EndedBy.ITSELF and not _has_ended(pid):
                    ended_by, reason = STOPPED.ended_by, STOPPED.reason
                self.__grace = float(message[2])
                signal_group(pid, signal.SIGKILL if message[1] == "KILL" else signal.SIGTERM)
                kill_at = time.monotonic() + self.__grace
        signal_group(pid, signal.SIGKILL)  # what the frame left behind; its zombie still holds the number
        _, status, usage = os.wait4(pid, 0)
        self.__child.forget()
        sig = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = 128 + sig if sig else os.WEXITSTATUS(status)
        rss_kb = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss // 1024
        return FrameEnd(code, sig, ended_by, time.monotonic() - watch.started, rss_kb, reason)

    def __wait_for_news(self, seconds: float) -> list[Any]:
        """Wait until a child has changed, the launcher speaks or the time is up; return what the launcher says."""
        if self.__lines.is_waiting:
            return [self.__lines.read()]
        timeout = None if seconds == float("inf") else max(0, int(seconds * 1000) + 1)
        found = []
        for fd, _ in self.__poll.poll(timeout):
            if fd == self.__sock.fileno():
                found.append(self.__lines.read())
            else:
                self.__child.heard()
        return found


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; nobody has waited for it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _not_written(error: OSError, reason: str) -> FrameEnd:
    return FrameEnd(1, 0, EndedBy.FULL_DISK if error.errno in NO_SPACE else EndedBy.ITSELF, reason=reason)


def _hopeless(end: FrameEnd) -> FrameEnd:
    """An end that is known to come again with every new try, unless somebody else ended the frame."""
    return end._replace(ended_by=EndedBy.NOTHING_TO_RUN) if end.ended_by is EndedBy.ITSELF else end


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        pass


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
