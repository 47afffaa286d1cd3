# SPDX-License-Identifier: Apache-2.0
"""Two layers, one of which waits for the other, within a job or across jobs."""

from __future__ import annotations

from typing import Any

from cuebot_stub.farm import steering
from tests.fakes.farm import FakeFarm
from tests.specs import depend, job, layer, spec

__all__ = ["eat", "retry", "two_jobs", "two_layers"]


def steer(farm: FakeFarm, operation: Any, name: str, *frames: int, job_name: str = "test") -> None:
    """Do something to frames of a layer."""
    found = farm.job(job_name)
    with farm.farm.work():
        operation(farm.farm, found, [found.state.frames.ref(name, frame) for frame in frames])


def retry(farm: FakeFarm, name: str, *frames: int, job_name: str = "test") -> None:
    steer(farm, steering.retry_frames, name, *frames, job_name=job_name)


def eat(farm: FakeFarm, name: str, *frames: int, job_name: str = "test") -> None:
    steer(farm, steering.eat_frames, name, *frames, job_name=job_name)


def two_layers(
    farm: FakeFarm, kind: str, *, er: str = "1-4", on: str = "1-4", chunks: tuple[int, int] = (1, 1), **parts: str
) -> None:
    """Launch a job whose layer ``comp`` waits for its layer ``sim``."""
    named = {"deplayer": "comp", "onlayer": "sim", **parts}
    farm.launch(
        layer("sim", on, chunk=chunks[1], after="<tags>farm</tags>"),
        layer("comp", er, chunk=chunks[0], after="<tags>nowhere</tags>"),
        before="<maxretries>0</maxretries>",
        depends=depend(kind, **{name: value for name, value in named.items() if value}),
    )
    farm.add_host(cores=20, memory_gb=500, tags=("general", "farm"))


def two_jobs(
    farm: FakeFarm, kind: str, *, er: str = "1-4", on: str = "1-4", chunks: tuple[int, int] = (1, 1), **parts: str
) -> None:
    """Launch a job ``two`` whose layer ``comp`` waits for the layer ``sim`` of a job ``one``."""
    named = {"deplayer": "comp", "onlayer": "sim", **parts}
    retries = "<maxretries>0</maxretries>"
    farm.launch_spec(
        spec(
            job(layer("sim", on, chunk=chunks[1], after="<tags>farm</tags>"), name="one", before=retries),
            job(layer("comp", er, chunk=chunks[0], after="<tags>nowhere</tags>"), name="two", before=retries),
            depends=depend(kind, depjob="two", onjob="one", **{name: value for name, value in named.items() if value}),
        )
    )
    farm.add_host(cores=20, memory_gb=500, tags=("general", "farm"))
