# SPDX-License-Identifier: Apache-2.0
"""``pycuerun`` and ``outline`` for tests: each call is a process of its own, a fork of one that has the library loaded.

An interpreter that begins anew takes 0.1 s of processor time until it does anything, and twice that under coverage.
What a test sees is the same: arguments, environment, working directory, output, exit code, and the end of an
interpreter. Where the environment changes the interpreter itself, and in tests of how programs begin, they start as
users start them.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import IO, Any

__all__ = ["CODE_OF_OUTLINE", "close_servers", "python_path", "run_program"]

# The program ``outline``, for those who start it by themselves.
CODE_OF_OUTLINE = "import sys; from outline.cli import outline_main; sys.exit(outline_main())"

_STARTS = {"pycuerun": ["-m", "outline"], "outline": ["-c", CODE_OF_OUTLINE]}
# Read once for all, by the interpreter or by the package of modules.
_OF_INTERPRETER = ("PYTHON", "COV", "LANG", "LC_", "OUTLINE_MODULES_PATHS")

_LOADED = (
    *("outline.cli.dry_run", "outline.cli.passes", "outline.cli.places", "outline.cli.plain_line"),
    *("outline.cli.pycuerun", "outline.cli.run_observer", "outline.cli.running", "outline.cli.sessions"),
    *("outline.cli.status", "outline.cli.tool", "outline.cli.work", "outline.cli.work_tool", "outline.config.parser"),
    *("outline.backend.local.dispatch", "outline.backend.local.runner", "outline.backend.local.status"),
    *("outline.launch_in_folder", "outline.layer.own_files", "outline.modules.shell", "outline.plugins.local"),
    *("outline.serialize", "outline.work.launch", "pwd", "resource", "yaml"),
)


def python_path() -> str:
    """Return a Python path with this checkout first."""
    root = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))


# Servers that wait for a call, by what is special about their interpreters.
_idle: defaultdict[tuple[tuple[str, str], ...], list[_Server]] = defaultdict(list)


def run_program(
    program: str, *args: object, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``pycuerun`` or ``outline`` to its end, with its output captured; a test that fails meanwhile kills it.

    Args:
        program: Its name.
        args: Its arguments.
        cwd: Where it runs.
        env: What is added to the environment of the test.
    """
    words = list(map(str, args))
    environ = {**os.environ, "PYTHONPATH": python_path(), **(env or {})}
    if any(name.startswith(_OF_INTERPRETER) for name in env or ()):
        return _run_anew(program, words, cwd, environ)
    idle = _idle[tuple((name, value) for name, value in environ.items() if name.startswith(_OF_INTERPRETER))]
    server = idle.pop() if idle else _Server(environ)
    request = {"program": program, "words": words, "cwd": str(cwd), "environ": environ}
    try:
        done = server.call(request)
    except BaseException:
        server.close()
        raise
    idle.append(server)
    return done


def close_servers() -> None:
    """End the servers that calls have started; there must be no call."""
    for servers in _idle.values():
        while servers:
            servers.pop().close()


def _run_anew(program: str, words: list[str], cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *_STARTS[program], *words],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )


class _Server:
    """A process that has loaded the library and forks for each call, one at a time."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.__sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.__process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env=environ,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self.__called = 0

    def call(self, request: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        with _text_file() as out, _text_file() as err:
            socket.send_fds(self.__sock, [json.dumps(request).encode()], [out.fileno(), err.fileno()])
            self.__called = int(self.__sock.recv(100))
            code = int(self.__sock.recv(100))
            self.__called = 0
            for stream in (out, err):
                stream.seek(0)
            return subprocess.CompletedProcess(request["words"], code, out.read(), err.read())

    def close(self) -> None:
        """End the server, and the call that it is at."""
        self.__sock.close()
        if self.__called:
            os.kill(self.__called, signal.SIGKILL)
        self.__process.wait()


def _text_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", errors="replace")


def _serve(sock: socket.socket) -> str:
    """Fork for each request until the other end closes; return in each fork the name of the program that it is."""
    while True:
        message, fds, _, _ = socket.recv_fds(sock, 1 << 20, 2)
        if not message:
            os._exit(0)
        called = os.fork()
        if not called:
            sock.close()
            return _become(json.loads(message), *fds)
        for fd in fds:
            os.close(fd)
        sock.send(b"%d" % called)
        sock.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(called, 0)[1]))


def _become(request: dict[str, Any], out: int, err: int) -> str:
    """Make this process what it would be if a request had started it."""
    for fd, target in ((out, 1), (err, 2)):
        os.dup2(fd, target)
        os.close(fd)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    program: str = request["program"]
    sys.argv = [program, *request["words"]]
    sys.orig_argv = [sys.executable, *_STARTS[program], *request["words"]]
    return program


def _load() -> None:
    """Import what launches of jobs import, and commands that look at them; a fork writes none of it."""
    for name in _LOADED:
        importlib.import_module(name)
    if "coverage" in sys.modules:
        from coverage import Coverage

        measuring = Coverage.current()
        if measuring:
            measuring.save()  # what ran until now, else each fork would write it
    gc.freeze()


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file
    _load()
    called = _serve(socket.socket(fileno=int(sys.argv[1])))
    from outline.cli import outline_main, pycuerun_main

    sys.exit({"pycuerun": pycuerun_main, "outline": outline_main}[called]())
