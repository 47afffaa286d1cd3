# SPDX-License-Identifier: Apache-2.0
"""Makes dependencies by Cuebot's rules, from a job spec or for running jobs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import NamedTuple

from outline.scheduler.cuebot_edges import CuebotRefuses, FarmLayer, cuebot_pairs

from ..spec.values import repeated_frames
from .depend import COMPOSITE, Depend, Edges, Row
from .errors import CannotDo
from .job import Job
from .life import follow
from .state import FarmState

__all__ = ["End", "connect", "drop", "edges_of", "make_depend"]


class End(NamedTuple):
    """A job, one of its layers, or one of its frames.

    Attributes:
        layer: The layer's number; -1 for the whole job.
        ref: The frame; -1 for the whole layer.
    """

    job: Job
    layer: int = -1
    ref: int = -1

    @property
    def kind(self) -> str:
        """``JOB``, ``LAYER`` or ``FRAME``, as in the types of dependencies."""
        if self.layer < 0:
            return "JOB"
        return "LAYER" if self.ref < 0 else "FRAME"

    @property
    def layer_name(self) -> str:
        """The name of the layer; empty for a whole job."""
        return self.job.layers[self.layer].name if self.layer >= 0 else ""

    @property
    def spelled(self) -> str:
        """The text for messages."""
        if self.ref >= 0:
            return f"the frame {self.job.state.frame_name(self.ref)} of {self.job.name}"
        return f"the layer {self.layer_name} of {self.job.name}" if self.layer_name else f"the job {self.job.name}"


def make_depend(type: str, er: End, on: End, *, any_frame: bool = False) -> tuple[Depend, Edges | None] | None:
    """A new dependency, with its pairs if frames wait for frames. The book does not have it yet.

    Returns None where Cuebot silently makes none: frame by frame on a layer of another job with ``_tile_`` in its
    name.

    Raises:
        CannotDo: A part of the job would wait for itself, or Cuebot cannot make the dependency.
    """
    if type != "PREVIOUS_FRAME" and _covers(er, on):
        raise CannotDo(f"{er.spelled} cannot wait for {on.spelled}: it would wait for itself")
    pairs: list[tuple[int, int]] | None = None
    if type == "LAYER_ON_SIM_FRAME":
        pairs = [(on.ref, ref) for ref in er.job.state.refs(er.layer_name)]
    elif type in COMPOSITE:
        across = er.job is not on.job
        if across and type == "FRAME_BY_FRAME" and "_tile_" in on.layer_name:
            return None
        try:
            pairs = cuebot_pairs(type, _farm_layer(er), _farm_layer(on), across_jobs=across)
        except CuebotRefuses as error:
            raise CannotDo(str(error)) from error
        type = "LAYER_ON_LAYER" if pairs is None else type
        pairs = None if pairs is None else _refs(er, on, pairs)
    ends = (er.job.id, er.layer_name, er.ref, on.job.id, on.layer_name, on.ref)
    return Depend(str(uuid.uuid4()), type, *ends, any_frame), None if pairs is None else Edges(pairs)


def edges_of(depend: Depend, er: Job, on: Job) -> Edges | None:
    """The pairs of a saved dependency."""
    if depend.type in COMPOSITE or depend.type == "LAYER_ON_SIM_FRAME":
        ends = End(er, er.by_name[depend.er_layer]), End(on, on.by_name[depend.on_layer], depend.on_ref)
        made = make_depend(depend.type, *ends)
        return made[1] if made else None
    return None


def _covers(er: End, on: End) -> bool:
    """Whether one end contains the other, so that frames would wait for themselves."""
    if er.job is not on.job:
        return False
    if "JOB" in (er.kind, on.kind):
        return True
    return er.layer == on.layer and (er.ref == on.ref or -1 in (er.ref, on.ref))


def _farm_layer(end: End) -> FarmLayer:
    layer = end.job.layers[end.layer]
    return FarmLayer(layer.name, repeated_frames(layer.range), layer.chunk)


def _refs(er: End, on: End, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    er_first, on_first = (end.job.state.refs(end.layer_name).start for end in (er, on))
    return [(on_first + on_place, er_first + er_place) for on_place, er_place in pairs]


def connect(farm: FarmState, er: End, on: End, type: str = "") -> Row:
    """Make one end wait for another. If the other is done already, the dependency is inactive.

    Args:
        er: The end that waits.
        on: The end that it waits for.
        type: The type, if the kinds of the ends do not give it.

    Raises:
        CannotDo: The job to wait for is finished, the job would wait for itself, the dependency exists, or Cuebot makes
            none.
    """
    made = make_depend(type or f"{er.kind}_ON_{on.kind}", er, on)
    if made is None:
        raise CannotDo(f"Cuebot makes no dependency, frame by frame, on {on.spelled}, because of its name")
    if on.kind == "JOB" and on.job.state.succeeded:
        raise CannotDo(f"the job {on.job.name} is already complete; nothing can wait for it")
    farm.depends.add(*made)
    follow(farm)
    return Row(made[0])


def drop(farm: FarmState, rows: Iterable[Row], target: str) -> None:
    """Satisfy dependencies by hand.

    Args:
        rows: The dependencies to choose from.
        target: ``INTERNAL`` for those within a job, ``EXTERNAL`` for those between jobs, ``ANY_TARGET`` for all.
    """
    for row in rows:
        if target == "ANY_TARGET" or row.depend.is_internal == (target == "INTERNAL"):
            farm.depends.satisfy(row)
    follow(farm)
