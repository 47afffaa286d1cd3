# SPDX-License-Identifier: Apache-2.0
"""``cuebot-stub serve``: ready when it says so, gone when it is told, and one line when it cannot."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cuebot_stub.up.addresses import check_port_is_free
from cuebot_stub.up.client import FarmClient
from cuebot_stub.up.errors import FarmError
from tests.farm.command import run_stub, start_stub
from tests.support import until

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

pytestmark = pytest.mark.measured

Serve = Callable[..., "subprocess.Popen[bytes]"]


def has_address(host: str) -> bool:
    """Tell whether one can listen on an address here."""
    try:
        check_port_is_free(host, 0)
    except FarmError:
        return False
    return True


@pytest.fixture
def address_file(tmp_path: Path) -> Path:
    """Name the file into which servers of this test write their address."""
    return tmp_path / "address"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Name the file of what servers of this test print."""
    return tmp_path / "serve.log"


@pytest.fixture
def serve(address_file: Path, log: Path) -> Iterator[Serve]:
    """Start ``serve`` on a free port with more arguments, and wait until it serves."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        process = start_stub("serve", "--port", 0, "--address-file", address_file, *arguments, log=log)
        started.append(process)
        until(lambda: address_file.exists() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_server_says_where_it_listens_and_answers_there(serve: Serve, address_file: Path, log: Path):
    serve()

    address = address_file.read_text().strip()
    with FarmClient(address) as client:
        assert client.answers()
    assert f"serving OpenCue on {address}\n" in log.read_text()
    assert "warning" not in log.read_text()


@pytest.mark.skipif(not has_address("::1"), reason="this machine has no address ::1")
def test_server_listens_on_an_ipv6_address(serve: Serve, address_file: Path, log: Path):
    serve("--host", "::1")

    address = address_file.read_text().strip()
    with FarmClient(address) as client:
        assert client.answers()
    assert address.startswith("[::1]:")
    assert "warning" not in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_server_ends_when_it_is_told(number: signal.Signals, serve: Serve, log: Path):
    process = serve()

    process.send_signal(number)

    assert process.wait() == 0
    assert "Traceback" not in log.read_text()


def test_server_for_others_says_that_nobody_is_asked_who_they_are(serve: Serve, log: Path):
    serve("--host", "0.0.0.0")

    assert "no authentication" in log.read_text()


def test_server_on_a_port_that_is_taken_says_so_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        done = run_stub("serve", "--port", port)

    assert done.returncode == 2
    assert done.stderr.startswith(f"cuebot-stub: cannot listen on 127.0.0.1:{port}: ")
    assert done.stderr.count("\n") == 1


def test_two_servers_do_not_share_a_port(serve: Serve, address_file: Path):
    serve()

    done = run_stub("serve", "--port", address_file.read_text().rpartition(":")[2].strip())

    assert done.returncode == 2


def test_server_without_the_extra_says_what_to_install(tmp_path: Path):
    (tmp_path / "grpc.py").write_text("raise ModuleNotFoundError('no module', name='grpc')\n")

    done = run_stub("serve", "--port", 0, PYTHONPATH=f"{tmp_path}:{Path(__file__).resolve().parents[2]}")

    assert (done.returncode, done.stdout) == (2, "")
    assert 'grpc is not installed; pip install "outline-farm[stub]"' in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["serve", "--rqd", "node1"], "'node1' is not NAME=HOST:PORT; see cuebot-stub serve --help"),
        (["serve", "--rqd", "node1=host:port"], "the port is a number from 1 to 65535"),
        (["serve", "--port", "65536"], "65536 is not in the range"),
        (["serve", "--wrong"], "No such option"),
        (["up", "--hosts", "0"], "0 is not in the range"),
        (["wrong"], "No such command 'wrong'; see cuebot-stub --help"),
    ],
)
def test_wrong_command_line_is_one_line(arguments: list[str], reason: str):
    done = run_stub(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_command_without_a_name_shows_all_of_them():
    done = run_stub()

    assert done.returncode == 2
    assert all(f"\n  {name} " in done.stdout for name in ("serve", "up", "status", "down"))
