# SPDX-License-Identifier: Apache-2.0
"""Render partitions: the cores that the owner of a locked host lends to jobs."""

from __future__ import annotations

from .hosts import Host, Proc
from .job import Job
from .saving import Table
from .state import FarmState
from .things import RenderPartition

__all__ = ["forget_partitions", "is_lent", "lends", "procs_in"]


def is_lent(partitions: Table[RenderPartition], host: Host, job: Job) -> bool:
    """Whether a job has a partition on a host."""
    return job.facts.local_host == host.name or partitions.first(host=host.id, job=job.id) is not None


def lends(farm: FarmState, host: Host, job: Job, number: int, cores: int) -> bool:
    """Whether a partition has room for a frame of a layer, beside the frames that run in it."""
    layer, procs = job.layers[number], [proc for proc in farm.procs.on_host(host) if proc.job == job.id]
    used = sum(proc.cores for proc in procs) + cores
    if job.facts.local_host == host.name and used <= job.facts.local_cores:
        return True
    memory = sum(proc.memory for proc in procs) + layer.memory
    gpus = sum(proc.gpus for proc in procs) + layer.gpus
    return any(
        one.ref < 0
        and one.layer in (-1, number)
        and used <= one.max_cores
        and memory <= one.max_memory
        and gpus <= one.max_gpus
        for one in farm.partitions.where(host=host.id, job=job.id)
    )


def procs_in(farm: FarmState, partition: RenderPartition) -> list[Proc]:
    """The procs in a partition."""
    job = farm.jobs.get(partition.job)
    if job is None:
        return []
    return [
        proc
        for proc in farm.procs.of_job(job)
        if proc.host == partition.host
        and partition.ref in (-1, proc.ref)
        and partition.layer in (-1, job.layer_of(proc.ref))
    ]


def forget_partitions(partitions: Table[RenderPartition], id: str) -> None:
    """Delete the partitions of a finished job or a deleted host."""
    partitions.remove(*[one for one in partitions.values() if id in (one.job, one.host)])
