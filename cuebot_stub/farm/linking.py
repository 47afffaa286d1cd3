# SPDX-License-Identifier: Apache-2.0
"""Makes dependencies, of a job spec or while jobs run, by Cuebot's rules."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from outline.scheduler import CuebotRefuses, FarmLayer, cuebot_pairs

from ..spec.ranges import repeated_frames
from .depend import COMPOSITE, Depend, Edges, Row
from .errors import CannotDo

if TYPE_CHECKING:
    from .farm import Farm
    from .jobs import Job

__all__ = ["End", "connect", "drop", "edges_of", "make_depend"]


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

    @property
    def spelled(self) -> str:
        """What it is called in messages."""
        if self.ref >= 0:
            return f"the frame {self.job.state.frame_name(self.ref)} of {self.job.name}"
        return f"the layer {self.layer_name} of {self.job.name}" if self.layer_name else f"the job {self.job.name}"


def make_depend(type: str, er: End, on: End, *, any_frame: bool = False) -> tuple[Depend, Edges | None] | None:
    """Return a dependency that nobody knows yet, with its pairs when frames wait for frames.

    None stands for one that Cuebot leaves out without a word: frame by frame on a layer of another job with ``_tile_``
    in its name.

    Raises:
        CannotDo: Something would wait for itself, or Cuebot cannot make it.
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
    """Return the pairs of a dependency that was saved."""
    if depend.type in COMPOSITE or depend.type == "LAYER_ON_SIM_FRAME":
        ends = End(er, er.by_name[depend.er_layer]), End(on, on.by_name[depend.on_layer], depend.on_ref)
        made = make_depend(depend.type, *ends)
        return made[1] if made else None
    return None


def _covers(er: End, on: End) -> bool:
    """Tell whether something would wait for itself, for a part of it, or for what it is a part of."""
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


def connect(farm: Farm, er: End, on: End, type: str = "") -> Row:
    """Let one end wait for another; a dependency on a part that is done already is stored inactive.

    Args:
        farm: The farm.
        er: What waits.
        on: What is waited for.
        type: The type, if it is not what the kinds of the ends say.

    Raises:
        CannotDo: The job that is waited for is over, it would wait for itself, there is such a dependency already, or
            Cuebot makes none.
    """
    made = make_depend(type or f"{er.kind}_ON_{on.kind}", er, on)
    if made is None:
        raise CannotDo(f"Cuebot makes no dependency, frame by frame, on {on.spelled}, because of its name")
    if on.kind == "JOB" and on.job.state.succeeded:
        raise CannotDo(f"the job {on.job.name} is already complete; nothing can wait for it")
    farm.depends.add(*made)
    farm.follow()
    return Row(made[0])


def drop(farm: Farm, rows: Iterable[Row], target: str) -> None:
    """Satisfy dependencies by hand.

    Args:
        farm: The farm.
        rows: Those to look at.
        target: ``INTERNAL`` for those within one job, ``EXTERNAL`` for those across jobs, ``ANY_TARGET`` for all.
    """
    for row in rows:
        if target == "ANY_TARGET" or row.depend.is_internal == (target == "INTERNAL"):
            farm.depends.satisfy(row)
    farm.follow()
