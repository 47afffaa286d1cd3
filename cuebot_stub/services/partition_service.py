# SPDX-License-Identifier: Apache-2.0
"""Render partitions: cores of a locked host that its owner lends to a job, a layer or a frame."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import renderPartition_pb2

from ..farm import hosting, lending
from ..farm.farm import Farm
from ..farm.jobs import Job
from ..farm.things import RenderPartition
from .rpc import Fields, Invalid, NotFound, Service
from .thing_finding import find_host, find_owner

__all__ = ["PartitionService", "add_partition", "partition_message"]


def partition_message(farm: Farm, partition: RenderPartition) -> renderPartition_pb2.RenderPartition:
    """A partition with its use, in core points and kB."""
    job, procs = farm.jobs[partition.job], lending.procs_in(farm, partition)
    kind = "FRAME" if partition.ref >= 0 else "LAYER" if partition.layer >= 0 else "JOB"
    return renderPartition_pb2.RenderPartition(
        id=partition.id,
        job=job.name,
        layer=job.layers[partition.layer].name if partition.layer >= 0 else "",
        frame=job.state.frame_name(partition.ref) if partition.ref >= 0 else "",
        render_part_type=renderPartition_pb2.RenderPartitionType.Value(f"{kind}_PARTITION"),
        host=farm.hosts[partition.host].name,
        threads=partition.threads,
        cores=sum(proc.cores for proc in procs),
        memory=sum(proc.memory for proc in procs),
        gpus=sum(proc.gpus for proc in procs),
        gpu_memory=sum(proc.gpu_memory for proc in procs),
        max_cores=partition.max_cores,
        max_memory=partition.max_memory,
        max_gpus=partition.max_gpus,
        max_gpu_memory=partition.max_gpu_memory,
    )


def add_partition(farm: Farm, request: Any, job: Job, layer: int = -1, ref: int = -1) -> Fields:
    """Lend cores of a host to a job, a layer or a frame, and start frames there.

    Raises:
        Invalid: The host is not locked, or belongs to somebody else.
    """
    host, owner = find_host(farm, request.host), find_owner(farm, request.username)
    deed = farm.deed_of(host)
    if not lending.is_locked(host):
        raise Invalid(f"the host {host.name} is not locked; it takes frames of all jobs")
    if deed is None or deed.owner != owner.id:
        raise Invalid(f"{owner.name} is not the owner of the host {host.name}")
    values = {name: getattr(request, name) for name in ("threads", "max_memory", "max_gpus", "max_gpu_memory")}
    made = RenderPartition(str(uuid.uuid4()), host.id, job.id, layer, ref, max_cores=request.max_cores * 100, **values)
    hosting.lend(farm, made)
    return {"render_partition": partition_message(farm, made)}


class PartitionService(Service):
    """``renderPartition.RenderPartitionInterface``."""

    name = "renderPartition.RenderPartitionInterface"

    def SetMaxResources(self, request: Any) -> None:
        """Change the core points, kB and GPUs of a partition. 0 changes nothing."""
        partition = self._find(request)
        for name in ("cores", "memory", "gpus", "gpu_memory"):
            if getattr(request, name) > 0:
                setattr(partition, f"max_{name}", getattr(request, name))
        self.farm.touch("partition", partition.id, partition)
        self.farm.wake()

    def Delete(self, request: Any) -> None:
        """Delete a partition, and end its frames."""
        hosting.drop_partition(self.farm, self._find(request))

    def _find(self, request: Any) -> RenderPartition:
        partition = self.farm.partitions.get(request.render_partition.id)
        if partition is None:
            raise NotFound(f"no render partition {request.render_partition.id!r}")
        return partition
