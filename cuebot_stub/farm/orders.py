# SPDX-License-Identifier: Apache-2.0
"""Orders of the farm to RQDs, as plain data. ``cuebot_stub.rqd`` sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from outline.frames import FrameSet
from outline.names import frame_name, padded

if TYPE_CHECKING:
    from .farm import Farm
    from .hosts import Host, Proc
    from .jobs import Job

__all__ = [
    "RUN_VARIABLE", "EndLeftOrder", "HostOrder", "KillOrder", "LaunchOrder", "LogOrder", "Order", "RunFrame",
    "make_run_frame",
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


class HostOrder(NamedTuple):
    """Call an RQD: ``LockAll``, ``UnlockAll`` or ``ReportStatus``."""

    address: str
    host: str
    verb: str


class EndLeftOrder(NamedTuple):
    """End the processes of procs of a killed RQD, which will not know them when it starts again."""

    address: str
    procs: tuple[str, ...]


class LogOrder(NamedTuple):
    """Read in the log of a lost process how it has ended."""

    proc: str
    path: str


Order = LaunchOrder | KillOrder | HostOrder | EndLeftOrder | LogOrder


def make_run_frame(farm: Farm, host: Host, job: Job, proc: Proc) -> RunFrame:
    """Everything that RQD needs to run the frame of a proc."""
    number = job.layer_of(proc.ref)
    layer, facts = job.layers[number], job.facts
    frame = job.state.number(proc.ref)
    name = frame_name(frame, layer.name)
    members = job.state.frames_of(proc.ref)
    return RunFrame(
        resource_id=proc.id,
        job_id=job.id,
        job_name=job.name,
        layer_id=job.layer_id(number),
        frame_id=proc.frame_id,
        frame_name=name,
        command=_command(layer.command, job.name, layer.name, layer.chunk, frame, members),
        user_name=facts.user,
        uid=facts.uid if facts.uid and facts.uid > 0 else None,
        log_dir=facts.log_dir,
        show=farm.shows[facts.show].name,
        shot=facts.shot,
        start_time=int(proc.booked * 1000),
        num_cores=proc.cores,
        num_gpus=proc.gpus,
        os=facts.os or host.os.split(",")[0],
        soft_memory_limit=int(proc.memory * 1.6),
        hard_memory_limit=int(proc.memory * 2),
        environment=_environment(farm, host, job, proc, number, name, frame),
        ignore_nimby=facts.local_host == host.name,
    )


def _command(command: str, job: str, layer: str, chunk: int, frame: int, members: FrameSet) -> str:
    """Replace the tokens, in Cuebot's order."""
    for token, value in (
        ("#ZFRAME#", padded(frame)),
        ("#IFRAME#", str(frame)),
        ("#FRAME_START#", str(frame)),
        ("#FRAME_END#", str(members[-1])),
        ("#FRAME_CHUNK#", str(chunk)),
        ("#LAYER#", layer),
        ("#JOB#", job),
        ("#FRAMESPEC#", str(members)),
        ("#FRAME#", frame_name(frame, layer)),
    ):
        command = command.replace(token, value)
    return command


def _environment(farm: Farm, host: Host, job: Job, proc: Proc, number: int, name: str, frame: int) -> dict[str, str]:
    layer, facts = job.layers[number], job.facts
    # A daemon that is told so reserves whole cores, and refuses others.
    threadable = layer.threadable and not host.no_taskset and proc.cores % 100 == 0
    return {
        **facts.env,
        **layer.env,
        "CUE3": "1",
        "CUE_THREADS": str(max(1, proc.cores // 100)),
        "CUE_MEMORY": str(proc.memory),
        "CUE_GPUS": str(proc.gpus),
        "CUE_GPU_MEMORY": str(proc.gpu_memory),
        "CUE_LOG_PATH": facts.log_dir,
        "CUE_RANGE": layer.range,
        "CUE_CHUNK": str(layer.chunk),
        "CUE_IFRAME": str(frame),
        "CUE_LAYER": layer.name,
        "CUE_JOB": job.name,
        "CUE_FRAME": name,
        "CUE_SHOW": farm.shows[facts.show].name,
        "CUE_SHOT": facts.shot,
        "CUE_USER": facts.user,
        "CUE_JOB_ID": job.id,
        "CUE_LAYER_ID": job.layer_id(number),
        "CUE_FRAME_ID": proc.frame_id,
        "CUE_THREADABLE": "1" if threadable else "0",
        **({RUN_VARIABLE: proc.id} if farm.useful else {}),
    }
