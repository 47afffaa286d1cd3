# SPDX-License-Identifier: Apache-2.0
"""Changes the order in which the frames of a layer start."""

from __future__ import annotations

from collections.abc import Callable

from outline.frames import FrameRangeError, FrameSet

from .errors import CannotDo
from .job import Job
from .state import FarmState

__all__ = ["reorder", "stagger"]

MOST_FRAMES = 1_000_000  # a job has at most a tenth of them


def _first(order: list[int], wanted: list[int]) -> list[int]:
    return [*wanted, *_others(order, wanted)]


def _last(order: list[int], wanted: list[int]) -> list[int]:
    return [*_others(order, wanted), *wanted]


def _reverse(order: list[int], wanted: list[int]) -> list[int]:
    ranks = {ref: rank for rank, ref in enumerate(order)}
    return _refill(order, {ranks[ref]: other for ref, other in zip(wanted, reversed(wanted), strict=True)})


_WAYS: dict[str, Callable[[list[int], list[int]], list[int]]] = {"FIRST": _first, "LAST": _last, "REVERSE": _reverse}


def reorder(farm: FarmState, job: Job, number: int, frames: str, way: str) -> None:
    """Move frames of a layer to the start or to the end of its order, or reverse them.

    Args:
        number: The layer.
        frames: The range. Frames that the layer does not have are ignored.
        way: ``FIRST``, ``LAST`` or ``REVERSE``.

    Raises:
        CannotDo: The range cannot be read.
    """
    wanted = _refs(job, number, _read(frames))
    if wanted:
        name = job.layers[number].name
        _keep_order(farm, job, name, _WAYS[way](job.state.order(name), wanted))


def stagger(farm: FarmState, job: Job, number: int, frames: str, step: int) -> None:
    """Order frames of a layer coarse to fine: ``1-10`` with a step of 5 as ``1-10:5``. Others keep their places.

    Raises:
        CannotDo: The range cannot be staggered, or the step is below 1.
    """
    if step < 1:
        raise CannotDo(f"frames cannot be staggered by {step}; give 1 or more")
    wanted = _refs(job, number, _read(f"{frames}:{step}"))
    if wanted:
        name = job.layers[number].name
        order = job.state.order(name)
        among = set(wanted)
        places = [rank for rank, ref in enumerate(order) if ref in among]
        _keep_order(farm, job, name, _refill(order, dict(zip(places, wanted, strict=True))))


def _read(text: str) -> FrameSet:
    try:
        frames = FrameSet(text)
    except FrameRangeError as error:
        raise CannotDo(f"the frame range {text!r} cannot be read: {error}") from error
    if len(frames) > MOST_FRAMES:
        raise CannotDo(f"the frame range {text!r} has {len(frames)} frames; give one with at most {MOST_FRAMES}")
    return frames


def _refs(job: Job, number: int, frames: FrameSet) -> list[int]:
    places = {ref: frames.index(job.state.frames.number(ref)) for ref in job.state.frames.refs(job.layers[number].name)}
    return sorted((ref for ref, place in places.items() if place >= 0), key=places.__getitem__)


def _others(order: list[int], wanted: list[int]) -> list[int]:
    among = set(wanted)
    return [ref for ref in order if ref not in among]


def _refill(order: list[int], changes: dict[int, int]) -> list[int]:
    return [changes.get(rank, ref) for rank, ref in enumerate(order)]


def _keep_order(farm: FarmState, job: Job, name: str, order: list[int]) -> None:
    job.state.reorder(name, order)
    job.facts.orders[name] = order
    farm.jobs.save(job)
    farm.wake()
