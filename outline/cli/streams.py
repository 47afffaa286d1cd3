# SPDX-License-Identifier: Apache-2.0
"""The streams of a command: there in any case, and while a job runs, no reason to stop it."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

__all__ = ["drop_output", "keep_running_without_output", "open_streams", "why_output_is_lost"]


class _OutputFile(io.FileIO):
    """The file of a stream, which knows why it could not be written, and may drop what cannot be."""

    error: OSError | None = None
    may_be_lost = False

    # Any: BufferedWriter passes its own kinds of buffers.
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.error = error
            if not self.may_be_lost:
                raise
            drop_output(self.fileno())
            return len(data)


def open_streams() -> None:
    """Give this process the three streams that every process expects, also where the caller has closed one.

    Otherwise the next file that is opened, such as a job's journal, would be the standard output of its frames.
    Streams that somebody else has put in the place of the real ones are left alone.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        is_closed = stream is None and not _is_open(number)
        if is_closed:
            _open_null(number)
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        elif stream is None or stream is not getattr(sys, f"__{name}__"):
            continue
        if number and isinstance(stream, io.TextIOWrapper):
            stream = _with_output_file(stream)
            stream.buffer.raw.error = OSError("it is closed") if is_closed else None
        setattr(sys, name, stream)


def _with_output_file(stream: io.TextIOWrapper) -> Any:
    file = _OutputFile(stream.fileno(), "w", closefd=False)
    # For names that are not UTF-8, and for the C locale, which knows no umlaut.
    replaces = stream.errors == "strict" or stream.encoding.lower() not in ("utf-8", "utf8")
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding,
        errors="backslashreplace" if replaces else stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def keep_running_without_output() -> None:
    """Let this process go on when whoever reads its output is gone, or the disk that it goes to is full."""
    for stream in (sys.stdout, sys.stderr):
        file = _output_file(stream)
        if file is not None:
            file.may_be_lost = True


def why_output_is_lost() -> str:
    """Why the output could not be written, or an empty text."""
    file = _output_file(sys.stdout)
    if file is None or file.error is None:
        return ""
    return file.error.strerror or str(file.error)


def drop_output(fd: int = 1) -> None:
    """Send what is still to be written, and all that follows, nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, fd)
    os.close(null)


def _output_file(stream: Any) -> _OutputFile | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, _OutputFile) else None


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _open_null(number: int) -> None:
    fd = os.open(os.devnull, os.O_RDWR)
    if fd != number:
        os.dup2(fd, number)
        os.close(fd)
    os.set_inheritable(number, True)
