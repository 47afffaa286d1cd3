# SPDX-License-Identifier: Apache-2.0
"""Commands that a frame runs and waits for."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..exception import CommandNotFound, ShellCommandFailureException
from ..logs import get_logger
from ..process import signal_name
from ..tokens import expand_in_frame

if TYPE_CHECKING:
    import subprocess

    from ..console import OutputReader

__all__ = ["NOT_FOUND", "prep_shell_command", "run_words", "system"]

logger = get_logger("outline.io")

LAST_LINES = "the last lines of its output:"
"""What comes before the output of a command in the message of its failure."""

_TAIL_LINES = 20
_TAIL_BYTES = 16 * 1024
_READ_BYTES = 64 * 1024
# A command may leave a process behind that keeps its output open; that one is listened to this long, and no longer.
_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.1
# How soon a silent command's last progress is told that came too soon after the one before.
_LOOK_AGAIN_SECONDS = 0.5
# What the command wrote before its exit may still be in the pipe, which holds this much at most by default. It is read
# even when passing it on takes longer than the grace.
_PIPE_BYTES = 1024 * 1024

# What a shell says for a command that it did not find, or found and could not start.
NOT_FOUND = 127
_NOT_STARTED = 126

Sink = Callable[[bytes], None]


def prep_shell_command(cmd: str | Sequence[object], frame: int | None = None) -> list[str]:
    """A command as a list of words with its tokens replaced, see ``outline.tokens``.

    Args:
        cmd: A list is never split again; a text is split once, by the rules of the shell.
        frame: The frame that tokens stand for; that of the environment when None.
    """
    return expand_in_frame(cmd, os.environ, frame)


def system(
    cmd: str | Sequence[object],
    ignore_error: bool = False,
    frame: int | None = None,
    *,
    reader: OutputReader | None = None,
) -> None:
    """Run a command and wait for it.

    The command gets exactly the words of the list, without a shell, and an empty standard input. What it writes to
    its output and its error output comes to our ``sys.stdout`` in the order and at the time in which it is written.

    A process that the command leaves behind with its output open is listened to for one more second; afterwards its
    output is closed.

    Args:
        cmd: A list of words, or a text that is split once, by the rules of the shell. Tokens in it are replaced.
        ignore_error: A command that fails, or cannot be started, is no error.
        frame: The frame that tokens stand for; that of the environment when None.
        reader: Is fed what the command writes, and told nothing of its end.

    Raises:
        ShellCommandFailureException: The command ended with another status than 0 (``128 + n`` when signal n ended
            it), was not found (127) or could not be started (126). The message holds the last lines of its output.
    """
    words = prep_shell_command(cmd, frame)
    try:
        run_words(words, reader=reader)
    except ShellCommandFailureException as error:
        if not ignore_error:
            raise
        logger.info("ignored: %s", error)


def run_words(words: list[str], *, reader: OutputReader | None = None) -> None:
    """Run a command whose words stay as they are; arguments and errors are those of ``system``."""
    logger.info("running: %s", words)
    status, tail = _run(words, reader)
    if status != 0:
        raise _failure(words, status, tail)


def _run(words: list[str], reader: OutputReader | None) -> tuple[int, bytes]:
    """Run the command and return what ``wait`` says, and the end of its output."""
    import subprocess  # 10 ms that a frame without commands does not need

    if not words:
        raise CommandNotFound("the command is empty", NOT_FOUND)
    sink = _open_sink() if reader is None else _tee(_open_sink(), reader)
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in a word
        raise _start_failure(words, error) from error
    with process:
        try:
            tail = _pump(process, sink, reader)
            return process.wait(), tail
        except BaseException as error:
            _stop(process, isinstance(error, KeyboardInterrupt))
            raise


def _stop(process: subprocess.Popen[bytes], has_had_ctrl_c: bool) -> None:
    """End a command whose output cannot be read or passed on any more."""
    import subprocess

    try:
        if has_had_ctrl_c:  # the terminal has sent it to the command as well, which may clean up
            process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()
        process.wait()


def _open_sink() -> Sink:
    """Where output goes: the file under ``sys.stdout``, or the stream itself when it has none."""
    stream = sys.stdout
    if stream is None:
        return lambda chunk: None
    stream.flush()
    try:
        fd = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return _stream_sink(stream)
    return lambda chunk: _write_all(fd, chunk)


def _stream_sink(stream: object) -> Sink:
    import codecs

    # A multi-byte character may lie across two chunks.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    write: Callable[[str], object] = stream.write  # type: ignore[attr-defined]  # whatever sys.stdout was set to

    def sink(chunk: bytes) -> None:
        write(decoder.decode(chunk))

    return sink


def _write_all(fd: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
    except BrokenPipeError:  # whoever read the output has had enough; the command need not end for that
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, fd)
        os.close(null)


def _tee(sink: Sink, reader: OutputReader) -> Sink:
    def both(chunk: bytes) -> None:
        sink(chunk)
        reader.feed(chunk)

    return both


def _pump(process: subprocess.Popen[bytes], sink: Sink, reader: OutputReader | None) -> bytes:
    """Pass the output on until its end, or until the grace after the exit is over; return the last part of it."""
    import select

    assert process.stdout is not None
    output = process.stdout.fileno()
    tail = b""
    if not hasattr(select, "poll"):  # Windows cannot wait for a pipe with a time limit
        while chunk := os.read(output, _READ_BYTES):
            sink(chunk)
            tail = (tail + chunk)[-_TAIL_BYTES:]
        return tail

    poller = select.poll()
    poller.register(output, select.POLLIN)
    exit_watch = _watch_exit(process.pid)
    if exit_watch is not None:
        poller.register(exit_watch, select.POLLIN)
    deadline, left_over = None, 0
    try:
        while deadline is None or time.monotonic() < deadline or left_over < _PIPE_BYTES:
            # Without a watch on the exit we have to look from time to time.
            wait_for_ever = deadline is None and exit_watch is not None
            ready = {fd for fd, _ in poller.poll(_patience(reader) if wait_for_ever else _POLL_SECONDS * 1000)}
            if reader is not None and not ready:
                reader.look_again()
            if output in ready:
                chunk = os.read(output, _READ_BYTES)
                if not chunk:
                    break
                sink(chunk)
                tail = (tail + chunk)[-_TAIL_BYTES:]
                left_over += len(chunk) if deadline else 0
            elif deadline and time.monotonic() >= deadline:
                break
            if deadline is None and (exit_watch is None or exit_watch in ready) and process.poll() is not None:
                deadline = time.monotonic() + _GRACE_SECONDS
                if exit_watch is not None:
                    poller.unregister(exit_watch)
    finally:
        if exit_watch is not None:
            os.close(exit_watch)
    return tail


def _patience(reader: OutputReader | None) -> float | None:
    """How many milliseconds to wait for output; None for ever."""
    return _LOOK_AGAIN_SECONDS * 1000 if reader is not None and reader.is_pending else None


def _watch_exit(pid: int) -> int | None:
    """A file descriptor that becomes readable when the process exits, where the system has that."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _failure(words: list[str], returncode: int, tail: bytes) -> ShellCommandFailureException:
    import shlex

    if returncode < 0:
        reason, status = f"was ended by {signal_name(-returncode)}", 128 - returncode
    else:
        reason, status = f"failed with exit status {returncode}", returncode
    message = f"command {reason}: {shlex.join(words)}"
    lines = [line.decode(errors="replace").rstrip() for line in tail.rstrip().splitlines()[-_TAIL_LINES:]]
    if lines:
        message = "\n".join((message, LAST_LINES, *(f"    {line}" for line in lines)))
    return ShellCommandFailureException(message, status, max(0, -returncode))


def _start_failure(words: list[str], error: OSError | ValueError) -> ShellCommandFailureException:
    """Say why a command could not be started: what was looked for, and where."""
    import shlex
    import shutil

    name, path = words[0], os.environ.get("PATH", os.defpath)
    found = name if os.path.dirname(name) else shutil.which(name, os.F_OK, path)
    status = _NOT_STARTED
    if isinstance(error, ValueError):
        reason = str(error)
    elif isinstance(error, (FileNotFoundError, NotADirectoryError)) and not (found and os.path.exists(found)):
        status = NOT_FOUND
        reason = f"there is no file {name!r}" if os.path.dirname(name) else f"there is no {name!r} on the PATH {path!r}"
    elif isinstance(error, FileNotFoundError):
        reason = f"{found} is there, but the interpreter in its #! line, or its loader, is not"
    elif error.errno == errno.ENOEXEC:
        reason = f"{found} is not a program; a script needs a #! line"
    elif isinstance(error, PermissionError):
        reason = f"{found or name} is not executable, or may not be run by this user"
    else:
        reason = error.strerror or str(error)
    kind = CommandNotFound if status == NOT_FOUND else ShellCommandFailureException
    return kind(f"command could not be started: {shlex.join(words)}\n{reason}", status)
