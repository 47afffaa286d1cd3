# SPDX-License-Identifier: Apache-2.0
"""What several integration tests need: outline files, and the sessions that runs leave behind."""

from __future__ import annotations

import gc
import io
import logging
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from outline import FrameSet, Layer, Outline
from outline.backend.local.job import LocalJob
from outline.frames import chunk_heads
from outline.work.folder import WorkFolder

__all__ = [
    "Process",
    "call_here",
    "has_started",
    "job_in",
    "launcher_in_work",
    "log_of",
    "names_in",
    "needs",
    "only_session",
    "outline_file",
    "pycuerun_program",
    "run_layer",
    "start",
    "succeeded",
    "until",
    "write",
]

_PATIENCE_SECONDS = 200.0  # less than the time that pytest gives a test


def outline_file(folder: Path, text: str, name: str = "shot.outline") -> Path:
    """Write an outline script."""
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def only_session(root: Path) -> Path:
    """Return the one session below a session folder."""
    (found,) = sorted(path.parent for path in root.glob("*/*/outline.yaml"))
    return found


def job_in(root: Path) -> LocalJob:
    """Return the job of the one session below a session folder."""
    return LocalJob(str(only_session(root)))


def has_started(root: Path) -> bool:
    """Tell whether the journal of the one session below a session folder says that a frame runs, or has run."""
    return any('"e":"start"' in path.read_text() for path in root.glob("*/*/journal"))


def log_of(root: Path, frame_name: str, attempt: int | None = None) -> str:
    """Return a frame's log: the last one, or an older attempt's."""
    ending = f".{attempt}" if attempt else ""
    (path,) = only_session(root).glob(f"logs/*.{frame_name}.rqlog{ending}")
    return path.read_text(errors="replace")


def names_in(folder: Path) -> list[str]:
    """Return the names of what is in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def succeeded(work: Path) -> set[str]:
    """The frames of a work folder that have succeeded, each with its layer, as in ``grade-a``."""
    book = WorkFolder(work).read_records()
    return {f"{layer}-{key}" for layer, key in book if (end := book[layer, key].end) is not None and not end.status}


def write(folder: Path, *names: str, text: str = "x") -> None:
    """Write files with the same text into a folder."""
    for name in names:
        (folder / name).write_text(text)


def until(true: Callable[[], object]) -> None:
    """Wait until something is so, and fail the test when it never is.

    The time is for a machine that has much else to do. What takes seconds to come wrongly is no matter of this limit.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited {_PATIENCE_SECONDS} s for {true}"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def environ_with(**more: str) -> dict[str, str]:
    """Return the environment of this process with a few variables more, and the library on the Python path."""
    root = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": root, **more}


class Process(subprocess.Popen[str]):
    """A process that does not outlive its ``with`` when that fails, which would wait for it."""

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, *error)


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


def start(*args: object, cwd: Path, **environ: str) -> subprocess.Popen[str]:
    """Start pycuerun in a process session of its own and do not wait for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "outline", *map(str, args)],
        cwd=cwd,
        env=environ_with(**environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def pycuerun_program(folder: Path) -> Path:
    """Make a program ``pycuerun`` of this checkout in a folder, and return its path."""
    program = folder / "pycuerun"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m outline "$@"\n')
    program.chmod(0o755)
    return program


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip a test where a tool is missing, and say which."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not on the PATH: {', '.join(missing)}")


def launcher_in_work(run_pycuerun: Callable[..., Any], folder: Path, **environ: str) -> Callable[..., list[str]]:
    """Make a function that launches the outline of a folder into a work folder.

    It gives the lines of the file ``ran``, which frames append to, sorted; of a dry run why something will run.
    """

    def run(*options: str, code: int = 0, work: str = "made") -> list[str]:
        (folder / "ran").write_text("")
        words = ["shot.outline", "--backend", "local", "--max-retries", "0", "--work", work, *options]
        done = run_pycuerun(*words, cwd=folder, env=environ)
        assert done.returncode == code, done.stdout + done.stderr
        if "--dry-run" in options:
            return [line for line in done.stdout.splitlines() if ": " in line]
        return sorted((folder / "ran").read_text().splitlines())

    return run


def run_layer(kind: Callable[..., Layer], frames: str = "1", **args: Any) -> Layer:
    """Launch a job of one layer and run all its frames in this process; the first error is raised."""
    ol = Outline("shot", frame_range=frames, current=False)
    layer = kind("layer", **args)
    ol.add_layer(layer)
    ol.setup()
    for head in chunk_heads(FrameSet(layer.get_frame_range() or frames), layer.get_chunk_size()):
        layer.execute(head)
    return layer
