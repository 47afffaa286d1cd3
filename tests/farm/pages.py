# SPDX-License-Identifier: Apache-2.0
"""Farms whose page is looked at: their frames run until a test ends them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from cuebot_stub.farm.hosts import FrameReport, HostReport
from cuebot_stub.farm.reports import frame_ended, host_reported
from cuebot_stub.server import FarmServer

__all__ = ["NAME", "call", "end_frames", "page_server"]

NAME = "testing-shot-tester_job"
HOST = HostReport(
    name="node1",
    facility="local",
    tags=["general"],
    cores=400,
    total_memory=8 * 1048576,
    free_memory=4 * 1048576,
    total_swap=0,
    free_swap=0,
    total_mcp=0,
    free_mcp=0,
    gpus=0,
    gpu_memory=0,
    free_gpu_memory=0,
    load=50,
    boot_time=1,
    os="Linux",
    nimby_enabled=False,
    nimby_locked=False,
    is_boot=True,
    is_local=True,
)


def page_server(make_farm_server: Callable[..., FarmServer]) -> FarmServer:
    """Start a server with a page, and with a host that answers nothing."""
    server = make_farm_server(http=0)
    server.farm.send = lambda orders: None
    with server.farm.work() as farm:
        host_reported(farm, HOST, None)
    return server


def end_frames(server: FarmServer, job_id: str, status: int, first: int | None = None) -> None:
    """End the frames of a job that run, or the first of them, with an exit status."""
    with server.farm.work() as farm:
        procs = sorted(farm.procs.of_job(farm.jobs[job_id]), key=lambda proc: proc.ref)
        for proc in procs[:first]:
            frame_ended(farm, FrameReport(proc.id, proc.frame_id, exit_status=status))


def call(server: FarmServer, path: str, **how: Any) -> Any:
    """Send a request to the page's server and return what it answers."""
    base = server.page_address.partition("/#")[0]
    request = urllib.request.Request(base + path, **how)
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())
