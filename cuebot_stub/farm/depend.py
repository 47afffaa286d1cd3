# SPDX-License-Identifier: Apache-2.0
"""A dependency: how Cuebot's rules make it, and which pairs of frames a dependency between frames has."""

from __future__ import annotations

import uuid
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from outline.scheduler.cuebot_edges import CuebotRefuses, cuebot_pairs
from outline.scheduler.plan import LayerPlan

from ..spec.values import repeated_frames
from .errors import CannotDo
from .facts import LayerFacts
from .job import Job

__all__ = ["Depend", "Edges", "End", "Row", "edges_of", "make_depend"]

#: Frame by frame: clients see the parts, which are FRAME_ON_FRAME, and the whole, which stays active for ever.
_COMPOSITE = ("FRAME_BY_FRAME", "PREVIOUS_FRAME")
_PAIRED = (*_COMPOSITE, "LAYER_ON_SIM_FRAME")


class Edges:
    """Pairs of frames, numbered from 0, with an index for each end.

    Attributes:
        on: By number, the frame that is waited for; ascending.
        er: By number, the frame that waits.
        done: By frame of the job that is waited for, whether it has succeeded; see ``Job.done``.
    """

    def __init__(self, pairs: Sequence[tuple[int, int]], done: bytearray) -> None:
        """Take sorted pairs: the frame that is waited for, and the frame that waits."""
        self.on, self.er = array("l", [on for on, _ in pairs]), array("l", [er for _, er in pairs])
        self.done = done
        self._by_er: dict[int, list[int]] | None = None

    def __len__(self) -> int:
        return len(self.on)

    def of_on(self, ref: int) -> range:
        """The numbers of the pairs whose first frame is waited for."""
        return range(bisect_left(self.on, ref), bisect_right(self.on, ref))

    def on_any(self, refs: Collection[int]) -> list[int]:
        """The numbers of the pairs whose first frame is one of these."""
        if len(refs) < len(self.on):
            return [pair for ref in refs for pair in self.of_on(ref)]
        wanted = set(refs)
        return [pair for pair, ref in enumerate(self.on) if ref in wanted]

    def of_er(self, ref: int) -> list[int]:
        """The numbers of the pairs in which a frame waits."""
        if self._by_er is None:
            found: defaultdict[int, list[int]] = defaultdict(list)
            for number, er in enumerate(self.er):
                found[er].append(number)
            self._by_er = dict(found)
        return self._by_er.get(ref, [])


@dataclass(slots=True)
class Depend:
    """One dependency: ``er`` waits for ``on``.

    Attributes:
        er_layer: The layer that waits; empty for the whole job.
        er_ref: The frame that waits; -1 for the whole layer.
        active: Whether it holds frames back. Not used for dependencies with pairs.
        odd: The pairs that differ from the state of the frame they wait for: satisfied before it has succeeded, or
            active although it has.
        edges: The pairs, if frames wait for frames. They are not saved, because the type gives them.
    """

    id: str
    type: str
    er_job: str
    er_layer: str
    er_ref: int
    on_job: str
    on_layer: str
    on_ref: int
    any_frame: bool = False
    active: bool = True
    odd: set[int] = field(default_factory=set)
    edges: Edges | None = field(default=None, init=False, compare=False)

    def __post_init__(self) -> None:
        """Restore the set from saved data."""
        self.odd = set(self.odd)

    @property
    def is_internal(self) -> bool:
        """Whether both ends are in one job."""
        return self.er_job == self.on_job

    @property
    def layers(self) -> tuple[str, str, str, str]:
        """The jobs and layers at its ends."""
        return self.er_job, self.er_layer, self.on_job, self.on_layer

    @property
    def signature(self) -> tuple[object, ...]:
        """The fields that must differ between two active dependencies; ``any_frame`` does not count."""
        return (self.type, self.er_job, self.er_layer, self.er_ref, self.on_job, self.on_layer, self.on_ref)

    def active_pairs(self, pairs: Iterable[int] | None = None) -> list[int]:
        """The numbers of the pairs that hold frames back, of all pairs or of some."""
        if self.edges is None:
            return []
        on, done, odd = self.edges.on, self.edges.done, self.odd
        return [pair for pair in (range(len(on)) if pairs is None else pairs) if (pair in odd) == bool(done[on[pair]])]

    def signatures(self, pairs: Iterable[int] | None = None) -> Iterator[tuple[object, ...]]:
        """Its own signature, and those of the dependencies that its pairs are, of all pairs or of some."""
        yield self.signature
        if self.edges is not None:
            er, on = (self.er_job, self.er_layer), (self.on_job, self.on_layer)
            for pair in range(len(self.edges)) if pairs is None else pairs:
                yield ("FRAME_ON_FRAME", *er, self.edges.er[pair], *on, self.edges.on[pair])


class Row(NamedTuple):
    """A dependency as clients see it: a whole one, or one of its pairs."""

    depend: Depend
    pair: int = -1

    @property
    def id(self) -> str:
        """The id: of the dependency, or made of it and the number of the pair."""
        return self.depend.id if self.pair < 0 else f"{self.depend.id[:24]}{self.pair:012x}"

    @property
    def er_ref(self) -> int:
        """The frame that waits; -1 for more than one."""
        edges = self.depend.edges
        return self.depend.er_ref if edges is None or self.pair < 0 else edges.er[self.pair]

    @property
    def on_ref(self) -> int:
        """The frame that is waited for; -1 for more than one."""
        edges = self.depend.edges
        return self.depend.on_ref if edges is None or self.pair < 0 else edges.on[self.pair]

    @property
    def is_active(self) -> bool:
        """Whether it holds frames back. Always true for a frame-by-frame dependency as a whole."""
        return self.depend.active if self.pair < 0 else bool(self.depend.active_pairs([self.pair]))


class End(NamedTuple):
    """A job, one of its layers, or one of its frames.

    Attributes:
        layer: The layer's number; -1 for the whole job.
        ref: The frame; -1 for the whole layer.
    """

    job: Job
    layer: int = -1
    ref: int = -1

    @classmethod
    def of_frame(cls, job: Job, ref: int) -> End:
        """A frame as an end."""
        return cls(job, job.layer_of(ref), ref)

    @property
    def facts(self) -> LayerFacts:
        """The facts of the layer."""
        return self.job.layers[self.layer]

    @property
    def refs(self) -> range:
        """The frame, or the frames of the layer."""
        return range(self.ref, self.ref + 1) if self.ref >= 0 else self.job.state.frames.refs_of(self.layer)

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
            return f"the frame {self.job.frame_name(self.ref)} of {self.job.name}"
        return f"the layer {self.layer_name} of {self.job.name}" if self.layer_name else f"the job {self.job.name}"


def make_depend(type: str, er: End, on: End, *, any_frame: bool = False) -> Depend | None:
    """A new dependency, with its pairs if frames wait for frames. It holds nothing yet.

    Returns None where Cuebot silently makes none: frame by frame on a layer of another job with ``_tile_`` in its
    name.

    Raises:
        CannotDo: A part of the job would wait for itself, or Cuebot cannot make the dependency.
    """
    if type != "PREVIOUS_FRAME" and _covers(er, on):
        raise CannotDo(f"{er.spelled} cannot wait for {on.spelled}: it would wait for itself")
    if type == "FRAME_BY_FRAME" and er.job is not on.job and "_tile_" in on.layer_name:
        return None
    edges = _edges(type, er, on)
    if edges is None and type in _COMPOSITE:
        type = "LAYER_ON_LAYER"
    ends = (er.job.id, er.layer_name, er.ref, on.job.id, on.layer_name, on.ref)
    depend = Depend(str(uuid.uuid4()), type, *ends, any_frame)
    depend.edges = edges
    return depend


def edges_of(depend: Depend, er: Job, on: Job) -> Edges | None:
    """The pairs of a saved dependency."""
    if depend.type not in _PAIRED:
        return None
    return _edges(
        depend.type, End(er, er.by_name[depend.er_layer]), End(on, on.by_name[depend.on_layer], depend.on_ref)
    )


def _edges(type: str, er: End, on: End) -> Edges | None:
    """The pairs of a type of dependency; None when all of one end waits for all of the other.

    Raises:
        CannotDo: Cuebot cannot make them.
    """
    if type == "LAYER_ON_SIM_FRAME":
        return Edges([(on.ref, ref) for ref in er.job.state.frames.refs(er.layer_name)], on.job.done)
    if type not in _COMPOSITE:
        return None
    try:
        pairs = cuebot_pairs(type, _farm_layer(er), _farm_layer(on), across_jobs=er.job is not on.job)
    except CuebotRefuses as error:
        raise CannotDo(str(error)) from error
    if pairs is None:
        return None
    er_first, on_first = (end.job.state.frames.refs(end.layer_name).start for end in (er, on))
    return Edges([(on_first + on_place, er_first + er_place) for on_place, er_place in pairs], on.job.done)


def _covers(er: End, on: End) -> bool:
    """Whether one end contains the other, so that frames would wait for themselves."""
    if er.job is not on.job:
        return False
    if "JOB" in (er.kind, on.kind):
        return True
    return er.layer == on.layer and (er.ref == on.ref or -1 in (er.ref, on.ref))


def _farm_layer(end: End) -> LayerPlan:
    layer = end.job.layers[end.layer]
    return LayerPlan(layer.name, repeated_frames(layer.range), layer.chunk)
