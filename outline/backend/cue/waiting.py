# SPDX-License-Identifier: Apache-2.0
"""Why no frame of a job starts: what its layers ask for, held against what the hosts of the farm have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .client import connect, farm_errors

__all__ = ["ask_why_nothing_starts", "why_nothing_starts"]

_TOLERANCE = 1e-6  # cores are floats
_BUSY = "all hosts that it may run on are busy"
# Of a host, a Cuebot has 1.05 times its cores less its load to give away, and it gives a tenth of a core at least.
_LOADED = "all hosts that it may run on have a load above their cores, and a Cuebot starts nothing there"
_MOST_LOAD = 1.05
_LEAST_CORES = 0.1

# Any: PyCue's messages.


def ask_why_nothing_starts(job: Any) -> str:
    """Ask the server for its hosts, and say why none of them starts a frame of PyCue's job.

    Returns:
        The reason, or nothing when neither the hosts nor the share of the show are one: then it is a limit.

    Raises:
        LaunchException: No server answers, or it refuses.
    """
    opencue = connect()
    with farm_errors("list the hosts of the farm"):
        hosts = [host.data for host in opencue.api.getHosts()]
        layers = [layer.data for layer in job.getLayers()]
        subscriptions = [one.data for one in opencue.api.findShow(job.data.show).getSubscriptions()]
    return why_nothing_starts(job.data, layers, hosts, subscriptions)


def why_nothing_starts(job: Any, layers: Sequence[Any], hosts: Sequence[Any], subscriptions: Sequence[Any]) -> str:
    """Why no host starts a frame of a job, or nothing when the hosts are no reason.

    Args:
        job: The message of the job, which is pending and not paused.
        layers: The messages of its layers.
        hosts: The messages of all hosts.
        subscriptions: The messages of what the show may use.
    """
    found, reason = _of_the_job(job, hosts, subscriptions)
    if reason:
        return reason
    waiting = [layer for layer in layers if layer.layer_stats.waiting_frames]
    reasons = [_of_a_layer(job, layer, found) for layer in waiting]
    if not reasons or not all(reasons):
        return ""
    # What no wait can mend comes first.
    return min(reasons, key=lambda one: one in (_BUSY, _LOADED))


def _of_the_job(job: Any, hosts: Sequence[Any], subscriptions: Sequence[Any]) -> tuple[Sequence[Any], str]:
    """The hosts that a job may run on, and when there are none, why."""
    from opencue_proto import host_pb2

    steps: list[tuple[Callable[[Any], bool], str]] = [
        (lambda host: host.state == host_pb2.UP, "no host of the farm is UP"),
        (lambda host: host.lock_state == host_pb2.OPEN, "every host that is UP is locked"),
        (
            lambda host: host.alloc_name.partition(".")[0] == job.facility,
            f"no host that is UP and not locked is in the facility {job.facility}",
        ),
        (
            lambda host: any(one.allocation_name == host.alloc_name and one.burst for one in subscriptions),
            f"the show {job.show} has no subscription to the allocation of such a host; see cueadmin -create-sub",
        ),
        (
            lambda host: not job.os or job.os in re.split(r"[,\s]+", host.os),
            f"no host that is UP and not locked has the operating system {job.os}",
        ),
    ]
    return _narrowed(hosts, steps)


def _of_a_layer(job: Any, layer: Any, hosts: Sequence[Any]) -> str:
    """Why no frame of a layer starts on hosts that its job may run on."""
    if 0 < job.max_cores <= layer.min_cores:
        return f"the job may use {job.max_cores:g} cores, which must be more than a frame of {layer.name} needs"
    if 0 <= job.max_gpus <= layer.min_gpus:
        return f"the job may use {job.max_gpus:g} GPUs, which must be more than a frame of {layer.name} needs"
    tags = [tag.lower() for tag in layer.tags]
    asks = f"that the layer {layer.name} asks for"
    gpus = layer.min_gpus or int(layer.min_gpu_memory > 0)
    steps: list[tuple[Callable[[Any], bool], str]] = [
        (
            # As loosely as Cuebot, to which the tag of a layer is part of the tags of a host.
            lambda host: not tags or any(tag in " ".join(host.tags).lower() for tag in tags),
            f"no host has a tag of the layer {layer.name}: {', '.join(layer.tags)}",
        ),
        (
            lambda host: host.cores + _TOLERANCE >= max(0.0, _cores(layer, host)) > 0,
            f"no host has {_cores_in_words(layer.min_cores)} {asks}",
        ),
        (lambda host: host.memory >= layer.min_memory, f"no host has the {_gb(layer.min_memory)} {asks}"),
        (lambda host: host.gpus >= gpus, f"no host has the {gpus:g} GPUs {asks}"),
        (
            lambda host: host.gpu_memory >= layer.min_gpu_memory,
            f"no host has the {_gb(layer.min_gpu_memory)} of GPU memory {asks}",
        ),
        (
            lambda host: (
                host.idle_cores + _TOLERANCE >= _cores(layer, host)
                and host.idle_memory >= layer.min_memory
                and host.idle_gpus >= gpus
                and host.idle_gpu_memory >= layer.min_gpu_memory
            ),
            _BUSY,
        ),
        (
            lambda host: host.cores * _MOST_LOAD - host.load / 100 >= max(_LEAST_CORES, layer.min_cores) - _TOLERANCE,
            _LOADED,
        ),
    ]
    return _narrowed(hosts, steps)[1]


def _cores(layer: Any, host: Any) -> float:
    """The cores that a frame takes of a host: 0 asks for all of them, below 0 for all but so many."""
    return float(layer.min_cores if layer.min_cores > 0 else host.cores + layer.min_cores)


def _cores_in_words(cores: float) -> str:
    return f"the {cores:g} cores" if cores >= 0 else f"more than the {-cores:g} cores to be left free"


def _gb(kilobytes: int) -> str:
    return f"{kilobytes / 1048576:.1f} GB"


def _narrowed(hosts: Sequence[Any], steps: Sequence[tuple[Callable[[Any], bool], str]]) -> tuple[Sequence[Any], str]:
    """The hosts that pass all steps, or none and what is said of the step that the last ones fail."""
    for passes, reason in steps:
        hosts = [host for host in hosts if passes(host)]
        if not hosts:
            return hosts, reason
    return hosts, ""
