# SPDX-License-Identifier: Apache-2.0
"""Orders of the farm to RQDs, as plain data. ``cuebot_stub.rqd`` sends them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "RUN_VARIABLE", "EndLeftOrder", "KillOrder", "LaunchOrder", "LogOrder", "Order", "ReportOrder", "RunFrame",
]  # fmt: skip

#: Names the proc in the environment of a frame, and so in the header of its log.
RUN_VARIABLE = "CUEBOT_STUB_PROC"


class RunFrame(NamedTuple):
    """A frame for RQD. Fields and units are those of the message of the same name."""

    resource_id: str
    job_id: str
    job_name: str
    layer_id: str
    frame_id: str
    frame_name: str
    command: str
    user_name: str
    uid: int | None
    log_dir: str
    show: str
    shot: str
    start_time: int
    num_cores: int
    num_gpus: int
    os: str
    soft_memory_limit: int
    hard_memory_limit: int
    environment: dict[str, str]
    ignore_nimby: bool = False


class LaunchOrder(NamedTuple):
    """Start a frame."""

    address: str
    frame: RunFrame


class KillOrder(NamedTuple):
    """End the process of a proc."""

    address: str
    proc: str
    frame_id: str
    reason: str


class ReportOrder(NamedTuple):
    """Ask the RQD of a host for a report."""

    address: str
    host: str


class EndLeftOrder(NamedTuple):
    """End the processes of procs of a killed RQD, which will not know them when it starts again."""

    address: str
    procs: tuple[str, ...]


class LogOrder(NamedTuple):
    """Read in the log of a lost process how it has ended."""

    proc: str
    path: str


Order = LaunchOrder | KillOrder | ReportOrder | EndLeftOrder | LogOrder
