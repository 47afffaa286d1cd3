# SPDX-License-Identifier: Apache-2.0
"""pycuerun and outline as people call them, against a farm."""

from __future__ import annotations

import gc
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from tests.support import environ_with, outline_file

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

__all__ = ["RunAtFarm", "argv_for", "call_here", "read_until", "script", "started"]

RunAtFarm = Callable[..., "subprocess.CompletedProcess[str]"]


def script(folder: Path, text: str) -> Path:
    """Write an outline script that has Shell."""
    return outline_file(folder, f"from outline.modules.shell import Shell\n{text}\n")


def argv_for(server: FarmServer, args: Sequence[object], tool: bool = False) -> list[str]:
    """Return the command line of pycuerun, or with ``tool`` of ``outline``, for a server."""
    entry = "outline_main" if tool else "pycuerun_main"
    code = f"import sys; from outline.cli import {entry}; sys.exit({entry}())"
    return [sys.executable, "-c", code, *map(str, args), "--server", f"127.0.0.1:{server.port}"]


def call_here(
    main: Callable[[Sequence[str]], int | None], args: Sequence[object], cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Call the main function of a program in this process, which takes a tenth of the time of a new one."""
    out, err = _Output(), _Output()
    with _as_a_process(cwd, environ), redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(arg) for arg in args])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
    gc.unfreeze()  # a command freezes what is there when it ends
    return subprocess.CompletedProcess(list(args), code or 0, out.text, err.text)


class _Output(io.TextIOWrapper):
    """A stream like stdout, with its bytes below it."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        return self._bytes.getvalue().decode()


@contextmanager
def _as_a_process(cwd: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Give a folder and variables to this process for a while, and let warnings go to stderr, past pytest."""
    root, before = logging.getLogger(), os.getcwd()
    handlers, root.handlers = root.handlers, []
    os.chdir(cwd)
    try:
        with mock.patch.dict(os.environ, environ):  # the real one, since it is what programs read
            yield
    finally:
        os.chdir(before)
        root.handlers = handlers


def started(server: FarmServer, folder: Path, *args: object) -> subprocess.Popen[str]:
    """Start pycuerun."""
    return subprocess.Popen(
        argv_for(server, args),
        cwd=folder,
        env=environ_with(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], word: str) -> None:
    """Read what a process prints until a line has a word."""
    assert process.stdout is not None
    assert any(word in line for line in iter(process.stdout.readline, ""))
