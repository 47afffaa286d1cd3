# SPDX-License-Identifier: Apache-2.0
"""Which depends a job spec holds, so that frames wait on a farm for what the outline says. Pure.

Cuebot makes its own edges of a dependency. Where those are the edges that the outline means, the dependency is sent
as it is. Else it is sent frame by frame, which is exact, or as one layer that waits for the other, which is later than
needed and never too early.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ...depend import DependType
from ...exception import LaunchException
from ...frames import chunk_heads
from ...scheduler.cuebot_edges import CuebotRefuses, cuebot_pairs
from ...scheduler.edges import frame_edges
from ...scheduler.plan import DependPlan, LayerPlan
from .names import frame_name

__all__ = ["MOST_FRAME_DEPENDS", "Decision", "SentDepend", "sent_depends"]

# Cuebot needs 2 milliseconds for each.
MOST_FRAME_DEPENDS = 10_000

_NAMEABLE = re.compile(r"\d{4,6}-\w+\Z", re.ASCII)
_ALL, _ANY = (DependType.LayerOnLayer, False), (DependType.LayerOnLayer, True)
_FRAME_BY_FRAME = (DependType.FrameByFrame, False)

Kind = tuple[str, bool]  # type and any_frame
Pairs = set[tuple[int, int]]  # (chunk that is waited for, chunk that waits), counted from 0


class SentDepend(NamedTuple):
    """A depend of a job spec; one between two frames has their names, one on a simulation the name of its frame."""

    type: str
    any_frame: bool = False
    waiting_frame: str = ""
    on_frame: str = ""


class Decision(NamedTuple):
    """What is sent, and a reason when frames wait for more than they need."""

    depends: list[SentDepend]
    warning: str = ""


class _Part(NamedTuple):
    """A dependency between frames: its edges less those of earlier ones, and whether Cuebot makes just these."""

    kind: Kind
    pairs: Pairs
    is_exact: bool


def sent_depends(kinds: Iterable[Kind], waiting: LayerPlan, on: LayerPlan, version: str = "") -> Decision:
    """Decide how all dependencies of one layer on another are sent.

    Args:
        kinds: Type and ``any_frame`` of each, in their order.
        waiting: The layer that waits.
        on: The layer that it waits for.
        version: The version of the spec, when that cannot name frames.

    Raises:
        LaunchException: A layer waits for chunks of its own, which cannot be named on a farm.
    """
    kinds = list(kinds)
    if kinds == [_FRAME_BY_FRAME] and waiting[1:3] == on[1:3]:  # frames and chunk; nearly always
        return Decision([SentDepend(*_FRAME_BY_FRAME)])
    unnameable = _why_unnameable(waiting, on, version)
    # Cuebot takes nothing twice, and to it these are one: all, any, and frame by frame on a layer of one chunk.
    wanted = dict.fromkeys(_farm_kind(kind, on, unnameable) for kind in kinds)
    wholes = [kind for kind in wanted if kind == _ALL or _becomes_whole(kind, waiting, on)]
    parts = {part.kind: part for part in _parts([k for k in wanted if k not in (*wholes, _ANY)], waiting, on)}
    warning = "" if wholes else _why_later(parts.values(), unnameable, on is waiting)
    sent: list[SentDepend] = []
    for kind in wanted:
        if kind in parts and parts[kind].is_exact:
            sent.append(SentDepend(*kind, on_frame=_sim_frame(kind, on)))
        elif kind in parts and not wholes and not warning:
            sent += _by_frames(parts[kind].pairs, waiting, on)
        elif kind in wholes[:1] or (kind == _ANY and not wholes and not warning):
            sent.append(SentDepend(*kind))
    return Decision([*sent, SentDepend(*_ALL)] if warning else sent, warning)


def _farm_kind(kind: Kind, on: LayerPlan, unnameable: str) -> Kind:
    depend_type, any_frame = kind
    if depend_type == DependType.PreviousFrame:
        return depend_type, False
    if any_frame or depend_type == DependType.LayerOnAny:
        return _ANY
    if depend_type == DependType.LayerOnSimFrame and (unnameable or len(_heads(on)) > 1):
        return _ALL  # of a simulation in several chunks all count
    return depend_type, False


def _becomes_whole(kind: Kind, waiting: LayerPlan, on: LayerPlan) -> bool:
    """Whether Cuebot makes one edge between the layers of it, and that is what it means."""
    if kind[0] != DependType.FrameByFrame or _cuebots(kind, waiting, on) is not None:
        return False
    return len(_meant(kind, waiting, on)) == len(_heads(waiting)) * len(_heads(on))


def _parts(kinds: list[Kind], waiting: LayerPlan, on: LayerPlan) -> Iterable[_Part]:
    held: Pairs = set()
    for kind in kinds:
        meant = _meant(kind, waiting, on)
        yield _Part(kind, meant - held, held.isdisjoint(meant) and _cuebots(kind, waiting, on) == meant)
        held |= meant


def _meant(kind: Kind, waiting: LayerPlan, on: LayerPlan) -> Pairs:
    """The edges that the outline means."""
    if kind[0] == DependType.LayerOnSimFrame:
        return {(0, place) for place in range(len(_heads(waiting)))}
    count = len(_heads(on))
    layers, er = ([on], 0) if on is waiting else ([on, waiting], 1)
    edges = frame_edges(DependPlan(waiting.name, on.name, *kind), layers, er, 0, count)
    return {(target, waiter) for target in range(count) for waiter in edges.waiting_for(target)}


def _cuebots(kind: Kind, waiting: LayerPlan, on: LayerPlan) -> Pairs | None:
    """The edges that Cuebot makes; None when the layers wait as a whole, and none at all when it refuses."""
    if kind[0] == DependType.LayerOnSimFrame:
        return _meant(kind, waiting, on)
    try:
        pairs = cuebot_pairs(kind[0], waiting, on)
    except CuebotRefuses:
        return {(-1, -1)}
    return None if pairs is None else set(pairs)


def _why_later(parts: Iterable[_Part], unnameable: str, on_itself: bool) -> str:
    """Why frames have to wait for a whole layer.

    Raises:
        LaunchException: The layer is the one that waits.
    """
    count = sum(len(part.pairs) for part in parts if not part.is_exact)
    if not count:
        return ""
    if on_itself:
        if unnameable:
            raise LaunchException(f"its chunks cannot wait for each other on a farm: {unnameable}")
        return ""
    if unnameable:
        return unnameable
    few = count <= MOST_FRAME_DEPENDS
    return "" if few else f"{count} depends between frames are needed, {MOST_FRAME_DEPENDS} at most; use equal chunks"


def _why_unnameable(waiting: LayerPlan, on: LayerPlan, version: str) -> str:
    if version:
        return f"spec version {version} cannot name frames in depends"
    for layer in (on, waiting):
        name = frame_name(max(layer.frames, default=0), layer.name)
        if not _NAMEABLE.match(name):
            return f"depends cannot name the frame {name}; use a layer name without '.', and frames below 1000000"
    return ""


def _by_frames(pairs: Pairs, waiting: LayerPlan, on: LayerPlan) -> Iterable[SentDepend]:
    waiting_heads, on_heads = _heads(waiting), _heads(on)
    for target, waiter in sorted(pairs):
        names = frame_name(waiting_heads[waiter], waiting.name), frame_name(on_heads[target], on.name)
        yield SentDepend("FRAME_ON_FRAME", False, *names)


def _sim_frame(kind: Kind, on: LayerPlan) -> str:
    return frame_name(on.frames[0], on.name) if kind[0] == DependType.LayerOnSimFrame else ""


def _heads(layer: LayerPlan) -> list[int]:
    return list(chunk_heads(layer.frames, layer.chunk))
