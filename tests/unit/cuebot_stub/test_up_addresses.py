# SPDX-License-Identifier: Apache-2.0
"""Addresses as people write them, and ports that nobody has."""

from __future__ import annotations

import socket

import pytest

from cuebot_stub.up.addresses import (
    check_port_is_free,
    free_ports,
    is_loopback,
    join_address,
    read_rqd_entry,
    split_address,
)
from cuebot_stub.up.errors import FarmError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node1:8444", ("node1", 8444)),
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("[::1]:8444", ("::1", 8444)),
        ("render-07.studio.example:65535", ("render-07.studio.example", 65535)),
    ],
)
def test_address_is_split_and_joined_again(text: str, expected: tuple[str, int]):
    found = split_address(text)

    assert found == expected
    assert join_address(*found) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("node1", "not HOST:PORT"),
        (":8444", "not HOST:PORT"),
        ("node1:", "from 1 to 65535"),
        ("node1:0", "from 1 to 65535"),
        ("node1:65536", "from 1 to 65535"),
        ("node1:84a", "from 1 to 65535"),
        ("node1:-1", "from 1 to 65535"),
        ("node1:²", "from 1 to 65535"),
        ("::1:8444", "brackets"),
    ],
)
def test_address_that_is_none_says_why(text: str, reason: str):
    with pytest.raises(ValueError, match=reason):
        split_address(text)


def test_rqd_entry_names_a_host_and_its_address():
    assert read_rqd_entry("node1=127.0.0.1:9001") == ("node1", "127.0.0.1:9001")
    assert read_rqd_entry(" node1 = [::1]:9001 ") == ("node1", "[::1]:9001")


@pytest.mark.parametrize("text", ["node1", "=127.0.0.1:9001", "node1=9001", ""])
def test_rqd_entry_that_is_none_is_refused(text: str):
    with pytest.raises(ValueError):
        read_rqd_entry(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.4", False),
        ("farm.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool):
    assert is_loopback(host) is expected


def test_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(FarmError, match=f"cannot listen on 127.0.0.1:{port}: .*--port 0"):
            check_port_is_free("127.0.0.1", port)


def test_port_that_is_free_is_left_free():
    (port,) = free_ports(1)

    check_port_is_free("127.0.0.1", port)

    socket.create_server(("127.0.0.1", port)).close()


def test_address_of_another_machine_is_told():
    with pytest.raises(FarmError, match="cannot listen on 192.0.2.1:0"):
        check_port_is_free("192.0.2.1", 0)


def test_free_ports_are_different_ports():
    found = free_ports(20)

    assert len(set(found)) == 20
