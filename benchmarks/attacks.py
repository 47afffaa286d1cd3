# SPDX-License-Identifier: Apache-2.0
"""Measures how long others wait while clients misbehave: `python benchmarks/attacks.py [--seconds N]`.

A server of its own, the clients that misbehave in a second process, and one that asks again and again over a
connection of its own each time, for as long as each of them goes on.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import grpc
from opencue_proto import cue_pb2, cue_pb2_grpc, job_pb2, job_pb2_grpc

from tests.farm.bad_calls import BEGIN, begun_call

REPOSITORY = Path(__file__).resolve().parent.parent
_UNLIMITED = (("grpc.max_send_message_length", -1),)


# -- clients that misbehave ------------------------------------------------------------------------------------------


def nothing(grpc_port: int, page_port: int) -> None:
    """Do nothing, for comparison."""
    time.sleep(3600)


def drip(grpc_port: int, page_port: int) -> None:
    """Send headers to the page letter by letter, over 40 connections; one that is closed is opened again."""
    connections: list[socket.socket | None] = [None] * 40
    while True:
        for place, connection in enumerate(connections):
            try:
                if connection is None:
                    connections[place] = connection = socket.create_connection(("127.0.0.1", page_port), timeout=5)
                    connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
                connection.sendall(b"a")
            except OSError:
                connections[place] = None
        time.sleep(0.2)


def half_calls(grpc_port: int, page_port: int) -> None:
    """Begin 20 calls over each of 50 connections, and send no message."""
    held = []
    for _ in range(50):
        one = socket.create_connection(("127.0.0.1", grpc_port), timeout=10)
        one.sendall(BEGIN + b"".join(begun_call(2 * number + 1) for number in range(20)))
        held.append(one)
    time.sleep(3600)


def large_specs(grpc_port: int, page_port: int) -> None:
    """Send 8 specs of 90 MB at once, again and again."""
    _launch_for_ever(grpc_port, "x" * 90_000_000)


def long_specs(grpc_port: int, page_port: int) -> None:
    """Send 8 specs of 30 MB at once, which the server takes and reads, again and again."""
    _launch_for_ever(grpc_port, "<spec>" + "<a>" * 10_000_000)


def _launch_for_ever(grpc_port: int, spec: str) -> None:
    """Launch a spec from 8 threads, whatever the answer."""

    def send() -> None:
        while True:
            with grpc.insecure_channel(f"127.0.0.1:{grpc_port}", options=_UNLIMITED) as channel:
                stub = job_pb2_grpc.JobInterfaceStub(channel)
                stub.LaunchSpecAndWait.future(job_pb2.JobLaunchSpecAndWaitRequest(spec=spec), timeout=60).exception()

    for _ in range(8):
        threading.Thread(target=send, daemon=True).start()
    time.sleep(3600)


ATTACKS: dict[str, Callable[[int, int], None]] = {
    "nobody": nothing,
    "40 clients that drip headers": drip,
    "50 connections with 20 half-sent calls each": half_calls,
    "8 specs of 90 MB at a time": large_specs,
    "8 specs of 30 MB at a time": long_specs,
}


# -- the one that asks ------------------------------------------------------------------------------------------------


def ask_server(port: int) -> float:
    """Return how many seconds an answer over a new connection takes."""
    begun = time.monotonic()
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=(("grpc.use_local_subchannel_pool", 1),)) as channel:
        cue_pb2_grpc.CueInterfaceStub(channel).GetSystemStats(cue_pb2.CueGetSystemStatsRequest(), timeout=60)
    return time.monotonic() - begun


def ask_page(address: str) -> float:
    """Return how many seconds the page takes."""
    begun = time.monotonic()
    with urllib.request.urlopen(f"{address}/api/farm", timeout=60) as answer:
        answer.read()
    return time.monotonic() - begun


def shown(seconds: list[float]) -> str:
    """Return median and worst in milliseconds."""
    return f"{1000 * statistics.median(seconds):.0f} / {1000 * max(seconds):.0f} ms"


def measure(name: str, port: int, page: str, seconds: float) -> str:
    """Return a row of the table for some clients that misbehave."""
    page_port = int(page.rpartition(":")[2])
    argv = [sys.executable, __file__, "--attack", name, str(port), str(page_port)]
    attacker = subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    try:
        time.sleep(2.0)
        server, looks, end = [], [], time.monotonic() + seconds
        while time.monotonic() < end:
            server.append(ask_server(port))
            looks.append(ask_page(page))
            time.sleep(0.02)
        assert attacker.poll() is None
    finally:
        attacker.kill()
        attacker.wait()
    time.sleep(1.0)
    return f"| {name} | {shown(server)} | {shown(looks)} | {len(server)} |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--attack", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.attack:
        name, *ports = options.attack
        ATTACKS[name](*map(int, ports))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "address"
        argv = [sys.executable, "-m", "cuebot_stub", "serve", "--port", "0", "--http", "0", "--address-file", str(file)]
        argv += ["--log-root", folder]
        server = subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.DEVNULL)
        try:
            while not file.exists():
                assert server.poll() is None
                time.sleep(0.02)
            address, page = file.read_text().split()
            print("| who misbehaves | server: median / worst | page: median / worst | times asked |\n|---|---|---|---|")
            for name in ATTACKS:
                port = int(address.rpartition(":")[2])
                print(measure(name, port, page.partition("/#")[0], options.seconds), flush=True)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
