# SPDX-License-Identifier: Apache-2.0
"""What the server makes of a launch that RQD has not answered: whether the frame may run."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.orders import LaunchOrder
from cuebot_stub.rqd import RqdLink
from tests.fakes.farm import FakeFarm
from tests.specs import layer
from tests.support import until

EMPTY_SETTINGS = b"\0\0\0\4\0\0\0\0\0"  # with which a server begins to speak HTTP/2


@pytest.fixture
def farm() -> Iterator[FakeFarm]:
    """A farm with one frame that it has ordered to launch, and no answer."""
    farm = FakeFarm()
    farm.rqd.is_silent = True
    farm.launch(layer("beauty", "1"))
    farm.add_host(cores=1)
    yield farm
    farm.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of the loopback interface at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def launch_at(farm: FakeFarm, port: int) -> str:
    """Send the launch to a port, and return the states of the frame when the farm knows the result."""
    (proc,) = farm.farm.procs.values()
    (order,) = (order for order in farm.rqd.orders if isinstance(order, LaunchOrder))
    link = RqdLink(farm.farm, lambda report: None)
    link.send([order._replace(address=f"127.0.0.1:{port}")])
    until(lambda: proc.launched or proc.id not in farm.farm.procs)
    link.close()
    return farm.states("beauty")


def break_off(listener: socket.socket) -> None:
    """Take a launch, and end without an answer, as an RQD does that is killed."""
    connection, _ = listener.accept()
    with connection:
        connection.sendall(EMPTY_SETTINGS)
        seen = b""
        while b"0001-beauty" not in seen:
            seen += connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_frame_may_run_when_the_connection_broke_after_its_launch_was_sent(farm: FakeFarm, listener: socket.socket):
    thread = threading.Thread(target=break_off, args=(listener,))
    thread.start()

    states = launch_at(farm, listener.getsockname()[1])

    thread.join()
    assert states == "R"


def test_frame_does_not_run_when_nobody_listens(farm: FakeFarm, listener: socket.socket):
    port = listener.getsockname()[1]
    listener.close()

    assert launch_at(farm, port) == "W"
