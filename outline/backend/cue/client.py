# SPDX-License-Identifier: Apache-2.0
"""PyCue, the client of an OpenCue server, with errors that say what to do. It is imported when it is first needed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...exception import LaunchException, OutlineException

__all__ = [
    "JobPending",
    "ServerAway",
    "UnknownToServer",
    "connect",
    "farm_errors",
    "get_opencue",
    "patience",
    "server_names",
]

_MISSING = (
    "the farm needs the package opencue-pycue; use --backend local to run on this machine, or install it with:"
    ' pip install "outline-farm[cue]"'
)
# What PyCue puts in front of the server's own words.
_PYCUE_WORDS = re.compile(
    r"(Caught an unknown server exception\. Please check the server logs\.|Request deadline exceeded\.|"
    r"Object already exists\.|Object does not exist\.|Server caught an internal exception\.|"
    r"Unable to contact grpc server\.|RPC call was cancelled\.|Encountered a server error\.)\s*"
)


class ServerAway(LaunchException):
    """No server answers."""


class JobPending(LaunchException):
    """The server has a job of that name which is not finished.

    Attributes:
        name: The job's name.
    """

    def __init__(self, server: str, name: str) -> None:
        super().__init__(server, name)
        self.server, self.name = server, name

    def __str__(self) -> str:
        return (
            f"the farm server {self.server} has a job {self.name} that is not finished; wait for it, or end it"
            f" (outline kill {self.name}), or launch under another name with --base-name"
        )


class UnknownToServer(LaunchException):
    """The server has no such object."""


# Any: PyCue has no types.


def get_opencue() -> Any:
    """PyCue's module.

    Raises:
        LaunchException: It, or what it stands on, is not installed, or its configuration cannot be read.
    """
    # PyCue warns of every try to reach a server; our errors say it once. Whoever configures logging still sees it.
    logging.getLogger("opencue").addHandler(_quiet)
    try:
        import opencue
        import opencue.api
    except ModuleNotFoundError as error:
        raise LaunchException(f"{_MISSING} (No module named {error.name!r})") from error
    except Exception as error:  # PyCue reads its configuration while it is imported
        raise LaunchException(f"PyCue cannot be used: {one_line(error)}; check its opencue.yaml") from error
    return opencue


_quiet = logging.NullHandler()


def connect(server: Any = None) -> Any:
    """PyCue's module, connected to a server.

    Args:
        server: ``host`` or ``host:port``, or several of them with commas between; without it the server is PyCue's:
            that of ``CUEBOT_HOSTS``, else that of its facility in ``opencue.yaml``.

    Raises:
        ServerAway: None of the servers answers.
        LaunchException: PyCue is missing.
    """
    opencue = get_opencue()
    cuebot = opencue.Cuebot
    with farm_errors():
        if server:
            hosts = [host.strip() for host in str(server).split(",") if host.strip()]
            if cuebot.RpcChannel is None or list(cuebot.Hosts or ()) != hosts:
                cuebot.setHosts(hosts)
        elif cuebot.RpcChannel is None:
            cuebot.init()
    return opencue


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Wait so long for each answer of the server; PyCue by itself waits for hours."""
    cuebot = get_opencue().Cuebot
    usual = cuebot.Timeout
    cuebot.Timeout = seconds
    try:
        yield
    finally:
        cuebot.Timeout = usual


def server_names() -> str:
    """The servers that PyCue uses, for a message."""
    cuebot = get_opencue().Cuebot
    port = cuebot.Config.get("cuebot.grpc_port", 8443)
    return ", ".join(host if ":" in host else f"{host}:{port}" for host in cuebot.Hosts or ()) or "(none is set)"


@contextmanager
def farm_errors(doing: str = "") -> Iterator[None]:
    """Turn errors of PyCue and gRPC into one line.

    Args:
        doing: What the server was asked to do, for the message.

    Raises:
        ServerAway: No server answers.
        UnknownToServer: The server has no such object.
        LaunchException: The server refuses.
    """
    opencue = get_opencue()
    import grpc

    try:
        yield
    except OutlineException:
        raise  # it says already what is wrong, and is a CueException as well
    except (opencue.CueException, grpc.RpcError) as error:
        raise _translated(error, doing) from error


def one_line(error: BaseException) -> str:
    """What a server said, in one line and without PyCue's words."""
    details = getattr(error, "details", None)
    text = str(details() if callable(details) else error)
    return _PYCUE_WORDS.sub("", " ".join(text.split()), count=1) or type(error).__name__


def _translated(error: Any, doing: str) -> LaunchException:
    code = _code_name(error)
    said = one_line(error)
    server = server_names()
    if code in ("DEADLINE_EXCEEDED", "CANCELLED"):
        return ServerAway(f"the farm server {server} does not answer; it hangs, or the way to it is blocked")
    if code == "UNAVAILABLE":
        return ServerAway(
            f"no farm server answers at {server}; start it, or name another with --server or CUEBOT_HOSTS,"
            " or use --backend local"
        )
    if code == "NOT_FOUND":
        return UnknownToServer(f"the farm server {server} cannot {doing or 'do that'}: {said}")
    pending = re.search(r"job (\S+) is already pending", said)
    if pending:
        return JobPending(server, pending[1])
    asked = f" to {doing}" if doing else ""  # "refuses to launch the job"
    return LaunchException(f"the farm server {server} refuses{asked}: {said.removesuffix('.')}{_advice(said)}")


def _advice(said: str) -> str:
    if "Incorrect result size" in said:
        return (
            " (OpenCue hides the reason with these words: it may be an unknown limit, facility or service, a text that"
            " is too long for a column, or a dependency that it cannot make; its own log has it)"
        )
    if "as root" in said:
        return "; launch as another user"
    if re.search(r"\bshow\b", said.lower()):
        return "; name a show that the farm has with $SHOW (cueadmin -ls lists them)"
    return ""


def _code_name(error: Any) -> str:
    """The name that gRPC has for an error, also of those that PyCue has put into classes of its own."""
    code = getattr(error, "code", None)
    if callable(code):
        found = code()
        return str(getattr(found, "name", found))
    return {
        "ConnectionException": "UNAVAILABLE",
        "DeadlineExceededException": "DEADLINE_EXCEEDED",
        "EntityNotFoundException": "NOT_FOUND",
    }.get(type(error).__name__, "")
