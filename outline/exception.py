# SPDX-License-Identifier: Apache-2.0
"""Errors of the library, one class per thing that a caller can do about it.

::

    OutlineException
    ├── LayerException              a layer was described, set up or run wrongly
    │   ├── LayerNotFound           a name in ``require`` or ``get_layer`` is unknown
    │   └── DependencyCycle         layers wait for one another in a cycle
    ├── SessionException            the session folder misses, refuses or clashes
    │   ├── SessionFileError        a file of it cannot be read or written; also an OSError
    │   └── SerializeException      a value cannot be saved into, or read from, outline.yaml
    ├── ItemException               a source of items cannot be read, or its keys name no frames
    │   └── NoItems                 it can be read, and nothing is there
    ├── StorageException            a file in a bucket cannot be read or written
    ├── ScriptException             an outline script raised while it was read
    │   └── ScriptExit              it called sys.exit with a status
    ├── WorkException               a work folder is in use, damaged, or cannot be written
    ├── ConfigException             a configuration file or value is wrong
    ├── LaunchException             a job could not be launched, or did not succeed in test mode
    ├── ShellCommandFailureException  a command ended with another status than 0
    │   └── CommandNotFound         its program is not there, or it is empty
    └── FailImmediately             raised by a listener to fail the frame at once
    FileSpecException               a file sequence pattern cannot be read (as in PyOutline, not an OutlineException)

``outline.frames.FrameRangeError`` is an OutlineException and a ValueError.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any  # of classes that are made here, and of the arguments of any subclass

__all__ = [
    "OutlineException",
    "LayerException",
    "LayerNotFound",
    "DependencyCycle",
    "ShellCommandFailureException",
    "CommandNotFound",
    "SessionException",
    "SessionFileError",
    "SerializeException",
    "ItemException",
    "NoItems",
    "StorageException",
    "ScriptException",
    "ScriptExit",
    "WorkException",
    "ConfigException",
    "LaunchException",
    "FileSpecException",
    "FailImmediately",
]


class OutlineException(Exception):
    """The base of every error that this library raises on purpose.

    In a program that has imported PyCue, every one is also an ``opencue.exception.CueException``. Tools that launch
    jobs, such as CueSubmit, catch only that class and show it in a dialog (docs/decisions/0027).
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> OutlineException:
        """Make an error of this class; where PyCue is in use, of a subclass that is PyCue's as well."""
        kind: Any = cls
        cue_exception = getattr(sys.modules.get("opencue.exception"), "CueException", None)
        if cue_exception is not None and not issubclass(cls, cue_exception):
            kind = _also_of_cue(kind, cue_exception)
        error: OutlineException = super().__new__(kind, *args, **kwargs)
        return error


@cache
def _also_of_cue(kind: Any, cue_exception: Any) -> Any:
    def reduce(error: OutlineException) -> Any:
        made_by, *rest = kind.__reduce__(error)
        return kind if made_by is of_both else made_by, *rest  # whoever reads it may have no PyCue

    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    of_both = type(kind.__name__, (kind, cue_exception), {**names, "__reduce__": reduce})
    return of_both


class LayerException(OutlineException):
    """A layer was described, set up or run wrongly."""


class LayerNotFound(LayerException):
    """An outline was asked for a layer that it does not have.

    Attributes:
        name: The name that was looked for.
        known: The names that the outline has.
        where: Who asked, such as ``"layer 'comp', require"``; may be empty.
    """

    def __init__(self, name: str, known: Sequence[str], where: str = "") -> None:
        super().__init__(name, list(known), where)  # all args, so that pickle can rebuild it
        self.name, self.known, self.where = name, list(known), where

    def __str__(self) -> str:
        prefix = f"{self.where}: " if self.where else ""
        return f"{prefix}no layer {self.name!r} in this outline{known_names(self.name, self.known)}"


class DependencyCycle(LayerException):
    """Layers wait for one another in a cycle, so none could ever start.

    Attributes:
        ring: Layer names in the order in which they wait, the first one repeated at the end.
        origins: Where these layers were made, as `` (shot.outline:12)``; may be empty.
    """

    def __init__(self, ring: Sequence[str], origins: Sequence[str] = ()) -> None:
        super().__init__(list(ring), list(origins))
        self.ring, self.origins = list(ring), list(origins)

    def __str__(self) -> str:
        origins = self.origins or [""] * len(self.ring)
        steps = [f"{name}{origin}" for name, origin in zip(self.ring, origins, strict=True)]
        return f"layers wait for one another in a cycle: {' -> '.join(steps)}; remove one of these dependencies"


class SessionException(OutlineException):
    """The session folder is missing, refuses to be written, or already holds that name."""


class SessionFileError(SessionException, OSError):
    """A file of a session cannot be read, written, copied or linked. PyOutline raised an ``OSError`` then.

    It is made like one: with the ``errno`` and the message.
    """

    def __str__(self) -> str:
        return str(self.args[-1])


class SerializeException(SessionException):
    """A value cannot be saved into, or read back from, a session file."""


class ItemException(OutlineException):
    """A source of items cannot be read, or its keys cannot name frames."""


class NoItems(ItemException):
    """A source of items gives none.

    Attributes:
        source: What it is, as a user has written it.
        why: The rest of the message.
    """

    def __init__(self, source: str, why: str = "") -> None:
        super().__init__(source, why)
        self.source, self.why = source, why

    def __str__(self) -> str:
        return f"{self.source} has no items{self.why}"


class StorageException(OutlineException):
    """A file whose path is a URL cannot be read or written, or the package for it is not installed."""


class ScriptException(OutlineException):
    """An outline script raised while it was read.

    Attributes:
        path: The script.
        line: The line of the script that was running, 0 when unknown.
        source: The text of that line, stripped.
    """

    def __init__(self, path: str, line: int, source: str, reason: str) -> None:
        super().__init__(path, line, source, reason)
        self.path, self.line, self.source, self.reason = path, line, source, reason

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        quoted = f"\n    {self.source}" if self.source else ""
        return f"{where}: {self.reason}{quoted}"


class ScriptExit(ScriptException):
    """An outline script called ``sys.exit`` with a status other than 0, or before it made any layer.

    Attributes:
        code: What it was called with: a number, or a text to be printed.
    """

    def __init__(self, path: str, line: int, source: str, code: object) -> None:
        super().__init__(path, line, source, f"the script called sys.exit({code!r})")
        self.args = (path, line, source, code)
        self.code = code


class WorkException(OutlineException):
    """A work folder is in use, damaged, or cannot be written."""


class ConfigException(OutlineException):
    """A configuration file is missing, or holds a value that cannot be used."""


class LaunchException(OutlineException):
    """A job could not be launched, or did not succeed where the caller asked for success."""


class ShellCommandFailureException(OutlineException):
    """A command of a frame ended with another exit status than 0.

    Attributes:
        message: The whole message.
        exit_status: The status of the command; ``128 + n`` when signal n ended it, 127 when it was not found.
        signal: The signal that ended it, or 0.
    """

    def __init__(self, msg: str, status: int, signal: int = 0) -> None:
        super().__init__(msg, status, signal)
        self.message = msg
        self.exit_status = status
        self.signal = signal

    def __str__(self) -> str:
        return self.message


class CommandNotFound(ShellCommandFailureException):
    """A command of a frame has no program, or is empty; no attempt at the frame can change that."""


class FailImmediately(OutlineException):
    """Raise this in an event listener to fail the frame; other listener errors are only logged."""


class FileSpecException(Exception):
    """A file sequence pattern has not the form that was asked of it."""


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?`` for the closest known name, or an empty text."""
    import difflib  # only on the way to an error message

    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def known_names(name: str, known: Sequence[str]) -> str:
    """The closest known name, or else ``; there are a, b``; an empty text where nothing is known."""
    listed = f"; there are {', '.join(known[:20])}" if known[1:] else f"; there is only {known[0]}" if known else ""
    return did_you_mean(name, known) or listed


@contextmanager
def file_errors(kind: type[OutlineException], problem: str) -> Iterator[None]:
    """Turn an error of the file system into one of the library.

    Args:
        kind: The class of the error.
        problem: What could not be done. The reason of the system follows it in the message.
    """
    try:
        yield
    except OutlineException:
        raise  # it says already what is wrong, and may be an OSError as well
    except OSError as error:
        message = f"{problem}: {error.strerror or error}"  # those of shutil have no strerror
        raise (kind(error.errno, message) if issubclass(kind, OSError) else kind(message)) from error
