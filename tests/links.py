# SPDX-License-Identifier: Apache-2.0
"""Ends of dependencies by name, for tests of what waits for what."""

from __future__ import annotations

from collections.abc import Callable

from cuebot_stub.farm.depend import Depend, End
from cuebot_stub.farm.farm import Farm
from cuebot_stub.farm.holds import connect
from cuebot_stub.farm.job import Job
from tests.fakes.farm import FakeFarm

__all__ = ["any_end", "by_frame", "frame_end", "job_end", "layer_end", "link", "run_layer", "steer"]


def job_end(farm: FakeFarm, name: str) -> End:
    """Return a job."""
    return End(farm.job(name))


def layer_end(farm: FakeFarm, name: str, layer_name: str) -> End:
    """Return a layer of a job."""
    found = farm.job(name)
    return End(found, found.by_name[layer_name])


def frame_end(farm: FakeFarm, name: str, layer_name: str, frame: int) -> End:
    """Return a frame of a layer."""
    found = farm.job(name)
    return End(found, found.by_name[layer_name], found.state.frames.ref(layer_name, frame))


def any_end(farm: FakeFarm, name: str, layer_name: str | None, frame: int | None) -> End:
    """Return a job, or one of its layers, or a frame of that."""
    if layer_name is None:
        return job_end(farm, name)
    return layer_end(farm, name, layer_name) if frame is None else frame_end(farm, name, layer_name, frame)


def link(farm: FakeFarm, er: End, on: End) -> Depend:
    """Let one end wait for another."""
    with farm.farm.work():
        return connect(farm.farm, er, on).depend


def steer(farm: FakeFarm, operation: Callable[[Farm, Job, list[int]], object], on: End) -> None:
    """Do something to a frame, or to all frames of a job or layer."""
    with farm.farm.work():
        refs = on.job.state.frames.refs(on.layer_name) if on.layer_name else range(len(on.job.state.frames))
        operation(farm.farm, on.job, [on.ref] if on.ref >= 0 else list(refs))


def run_layer(farm: FakeFarm, layer_name: str, **how: int) -> None:
    """Let the frames of a layer run to their ends."""
    while any(name.endswith(layer_name) for name in farm.names_running()):
        farm.end(next(name for name in farm.names_running() if name.endswith(layer_name)), **how)


def by_frame(farm: FakeFarm) -> Depend:
    """Let the frames of the layer ``comp`` of the job ``second`` wait for those of ``model`` of ``first``."""
    with farm.farm.work():
        er, on = layer_end(farm, "second", "comp"), layer_end(farm, "first", "model")
        return connect(farm.farm, er, on, "FRAME_BY_FRAME").depend
