# SPDX-License-Identifier: Apache-2.0
"""Network addresses as people write them, and free ports."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterable
from contextlib import ExitStack, suppress

from .errors import FarmError

__all__ = ["check_port_is_free", "free_ports", "is_loopback", "join_address", "read_rqd_entry", "split_address"]

_PORTS = 20_000, 32_768  # below those that systems give to whoever asks for any


def split_address(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``. An IPv6 host has brackets.

    Raises:
        ValueError: A part is missing, or the port is not a number from 1 to 65535.
    """
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r}: write an IPv6 address in brackets, as in [::1]:8444")
    if not colon or not host:
        raise ValueError(f"{text!r} is not HOST:PORT")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r}: the port is a number from 1 to 65535")
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """``HOST:PORT``, with brackets around an IPv6 host."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_rqd_entry(text: str) -> tuple[str, str]:
    """Split ``NAME=HOST:PORT`` into the name that a host reports and the address where its RQD listens.

    Raises:
        ValueError: The text has another form.
    """
    name, equals, address = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"{text!r} is not NAME=HOST:PORT")
    return name.strip(), join_address(*split_address(address.strip()))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address that a server listens on."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_port_is_free(host: str, port: int) -> None:
    """Check that a server can listen here. gRPC would share a port that another process uses.

    Raises:
        FarmError: The port is in use, or this machine does not have the address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        hint = "; --port names another one, --port 0 takes any" if port else ""
        raise FarmError(f"cannot listen on {join_address(host, port)}: {error.strerror or error}{hint}") from error


def free_ports(count: int, avoid: Iterable[int] = ()) -> list[int]:
    """Different free ports of this machine, by chance, and none that the system may give to somebody else soon.

    Ask for all of them at once: two RQDs would share a port silently.
    """
    taken = set(avoid)
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            port = random.randrange(*_PORTS)
            probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found += {port} - taken
    return found
