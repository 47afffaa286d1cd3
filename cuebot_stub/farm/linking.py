# SPDX-License-Identifier: Apache-2.0
"""Dependencies that people make and drop while jobs run."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from .depends import Depend
from .errors import CannotDo

if TYPE_CHECKING:
    from .farm import Farm
    from .jobs import Job

__all__ = ["End", "connect", "connect_frames", "drop", "of_frame", "of_layer", "on_frame", "on_layer"]


class End(NamedTuple):
    """A job, one of its layers, or one of its frames.

    Attributes:
        job: The job.
        layer: The layer's number; -1 for all of the job.
        ref: The frame; -1 for all of the layer.
    """

    job: Job
    layer: int = -1
    ref: int = -1

    @property
    def kind(self) -> str:
        """What it is, as in the types of dependencies."""
        if self.layer < 0:
            return "JOB"
        return "LAYER" if self.ref < 0 else "FRAME"

    @property
    def layer_name(self) -> str:
        """The name of the layer, empty for all of a job."""
        return self.job.layers[self.layer].name if self.layer >= 0 else ""

    def covers(self, other: End) -> bool:
        """Tell whether the other end is this one or a part of it."""
        if self.job is not other.job:
            return False
        return self.layer in (-1, other.layer) and self.ref in (-1, other.ref)


def connect(farm: Farm, er: End, on: End) -> Depend:
    """Let one end wait for another; a dependency that is met already is stored inactive.

    Raises:
        CannotDo: The one waited for is over, or would wait for itself.
    """
    return _add(farm, f"{er.kind}_ON_{on.kind}", er, on)


def connect_frames(farm: Farm, er: End, on: End) -> Depend:
    """Let each frame of a layer wait for the frames of the same numbers of another layer.

    Raises:
        CannotDo: Both are one layer.
    """
    return _add(farm, "FRAME_BY_FRAME", er, on)


def _add(farm: Farm, type: str, er: End, on: End) -> Depend:
    is_frame_wise = type == "FRAME_BY_FRAME"
    if er.covers(on) or on.covers(er) or (farm.useful and _leads_back(farm, er, on, is_frame_wise=is_frame_wise)):
        raise CannotDo(f"{_spelled(er)} cannot wait for {_spelled(on)}: it would wait for itself")
    if "JOB" in (er.kind, on.kind) and on.job.facts.state == "FINISHED":
        raise CannotDo(f"the job {on.job.name} is already complete; nothing can wait for it")
    depend = Depend(
        str(uuid.uuid4()), type, er.job.id, er.layer_name, er.ref, on.job.id, on.layer_name, on.ref
    )  # fmt: skip
    depend = farm.depends.add(depend)
    farm.wake()
    return depend


def _leads_back(farm: Farm, er: End, on: End, *, is_frame_wise: bool) -> bool:
    """Tell whether what shall be waited for waits itself, in the end, for the one that shall wait.

    Where that hangs on single frames, a ring may be left unseen; none is seen that is not there.
    """
    seen: set[str] = set()
    ends = [on]
    while ends:
        end = ends.pop()
        if end.covers(er) or er.covers(end):
            return True
        for depend in farm.depends.of_job(end.job.id):
            if depend.id in seen or depend.any_frame or not farm.depends.is_active(depend):
                continue
            if depend.is_frame_wise and (end.ref >= 0 or er.ref >= 0):
                continue
            if depend.type == "PREVIOUS_FRAME" and is_frame_wise:
                continue
            waiter = _end(farm, depend.er_job, depend.er_layer, depend.er_ref)
            if waiter.covers(end) or end.covers(waiter):
                seen.add(depend.id)
                ends.append(_end(farm, depend.on_job, depend.on_layer, depend.on_ref))
    return False


def _end(farm: Farm, job_id: str, layer: str, ref: int) -> End:
    job = farm.jobs[job_id]
    return End(job, job.by_name[layer] if layer else -1, ref)


def _spelled(end: End) -> str:
    if end.ref >= 0:
        return f"the frame {end.job.state.frame_name(end.ref)} of {end.job.name}"
    return f"the layer {end.layer_name} of {end.job.name}" if end.layer_name else f"the job {end.job.name}"


def drop(farm: Farm, depends: Iterable[Depend], target: str) -> None:
    """Satisfy dependencies by hand.

    Args:
        farm: The farm.
        depends: Those to look at.
        target: ``INTERNAL`` for those within one job, ``EXTERNAL`` for those across jobs, ``ANY_TARGET`` for all.
    """
    for depend in list(depends):
        if target == "ANY_TARGET" or depend.is_internal == (target == "INTERNAL"):
            farm.depends.satisfy(depend)
    farm.wake()


# -- finding ---------------------------------------------------------------------------------------------------


def of_layer(farm: Farm, job: Job, number: int) -> list[Depend]:
    """Return the dependencies by which a layer, or a frame of it, waits."""
    return [one for one in farm.depends.of_job(job.id) if one.er_layer == job.layers[number].name]


def on_layer(farm: Farm, job: Job, number: int) -> list[Depend]:
    """Return the dependencies that wait for a layer, or a frame of it."""
    return [one for one in farm.depends.on_job(job.id) if one.on_layer == job.layers[number].name]


def of_frame(farm: Farm, job: Job, ref: int) -> list[Depend]:
    """Return all dependencies that may hold a frame back: its own, those of its layer and those of its job."""
    layer = job.state.layer(ref).name
    return [one for one in farm.depends.of_job(job.id) if one.er_layer in ("", layer) and one.er_ref in (-1, ref)]


def on_frame(farm: Farm, job: Job, ref: int) -> list[Depend]:
    """Return the dependencies that wait for a frame: for just it, or frame by frame for its layer."""
    layer = job.state.layer(ref).name
    depends = [one for one in farm.depends.on_job(job.id) if one.on_layer == layer]
    return [one for one in depends if one.on_ref == ref or (one.on_ref < 0 and one.is_frame_wise)]
