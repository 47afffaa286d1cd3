# SPDX-License-Identifier: Apache-2.0
"""Small jobs for farms in tests, launched over gRPC as any client does it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

import grpc
from opencue_proto import job_pb2, job_pb2_grpc

from outline.scheduler import FrameState

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer

__all__ = ["Layer", "counts", "launch", "launch_spec", "spec_text", "state_of"]


class Layer(NamedTuple):
    """A layer of a job spec; memory is small, so that many frames fit on any machine."""

    name: str
    command: str
    range: str = "1"
    chunk: int = 1
    type: str = "Render"
    more: str = "<memory>256m</memory>"


def spec_text(
    layers: Iterable[Layer],
    *,
    name: str = "job",
    retries: int = 0,
    job: str = "",
    depends: str = "",
    show: str = "testing",
) -> str:
    """Return a job spec.

    Args:
        layers: The layers.
        name: The job's name.
        retries: How often a failed frame is tried again.
        job: More elements of the job, which come after ``maxretries``.
        depends: The elements of ``depends``.
        show: The show.
    """
    parts = "".join(
        f'<layer name="{layer.name}" type="{layer.type}"><cmd>{escape(layer.command)}</cmd>'
        f"<range>{layer.range}</range><chunk>{layer.chunk}</chunk>{layer.more}</layer>"
        for layer in layers
    )
    return (
        '<?xml version="1.0"?><!DOCTYPE spec PUBLIC "SPI Cue  Specification Language"'
        ' "http://localhost:8080/spcue/dtd/cjsl-1.15.dtd">'
        f"<spec><facility>local</facility><show>{show}</show><shot>shot</shot><user>tester</user>"
        f'<job name="{name}"><paused>False</paused><maxretries>{retries}</maxretries>{job}'
        f"<layers>{parts}</layers></job><depends>{depends}</depends></spec>"
    )


def launch_spec(server: FarmServer, spec: str) -> str:
    """Launch a spec with one job and return the job's id."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = job_pb2_grpc.JobInterfaceStub(channel)
        response = stub.LaunchSpecAndWait(job_pb2.JobLaunchSpecAndWaitRequest(spec=spec))
    return str(response.jobs.jobs[0].id)


def launch(server: FarmServer, *layers: Layer, name: str = "job", retries: int = 0) -> str:
    """Launch a job of some layers and return its id."""
    return launch_spec(server, spec_text(layers, name=name, retries=retries))


def counts(server: FarmServer, job_id: str) -> dict[str, int]:
    """Return how many frames of a job are in each state; states without frames are left out."""
    with server.farm.work() as farm:
        return {state.value: count for state, count in farm.jobs[job_id].state.counts().items() if count}


def state_of(server: FarmServer, job_id: str, ref: int = 0) -> FrameState:
    """Return the state of a frame."""
    with server.farm.work() as farm:
        return farm.jobs[job_id].state.state(ref)
