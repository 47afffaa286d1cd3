# SPDX-License-Identifier: Apache-2.0
"""Changes jobs and layers while they run: settings, and the order of frames. Running frames keep what they have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from outline.cuebot_limits import MOST_RETRIES
from outline.frames import FrameSet

from .errors import CannotDo
from .job import Job
from .search import read_range
from .state import FarmState
from .things import Group

__all__ = [
    "change_job", "change_layer", "check_group", "move_to_group", "put_into_group", "reorder", "set_auto_eat",
    "set_look", "set_max_retries", "stagger",
]  # fmt: skip

#: The facts for which groups have defaults.
_DEFAULTS = ("priority", "min_cores", "max_cores", "min_gpus", "max_gpus")


def change_job(farm: FarmState, job: Job, **changes: Any) -> None:
    """Change facts of a job: fields of ``JobFacts`` that only the dispatcher reads."""
    for name, value in changes.items():
        setattr(job.facts, name, value)
    farm.jobs.save(job)
    farm.wake()


def set_max_retries(farm: FarmState, job: Job, retries: int) -> None:
    """Set how often a frame may fail before it is DEAD at the next failure.

    Raises:
        CannotDo: It is below 0 or above 16.
    """
    if not 0 <= retries <= MOST_RETRIES:
        raise CannotDo(f"{retries} retries are not possible; give 0 to {MOST_RETRIES}")
    job.state.change(max_retries=retries)
    change_job(farm, job, max_retries=retries)


def set_auto_eat(farm: FarmState, job: Job, value: bool) -> None:
    """Switch autoeat, which makes frames EATEN at their first failure."""
    job.state.change(autoeat=value)
    change_job(farm, job, autoeat=value)
    set_max_retries(farm, job, 0 if value else 1)


def check_group(job: Job, group: Group) -> None:
    """Check that a job can move into a group.

    Raises:
        CannotDo: The group is of another show.
    """
    if group.show != job.facts.show:
        raise CannotDo(f"the group {group.name} is of another show than the job {job.name}")


def move_to_group(farm: FarmState, job: Job, group: Group, keep: Collection[str] = ()) -> None:
    """Move a job to another group of its show and apply the group's defaults, except for facts that it shall keep.

    Raises:
        CannotDo: The group is of another show.
    """
    check_group(job, group)
    put_into_group(farm, job, group.id)
    defaults = {name: getattr(group, f"default_job_{name}") for name in _DEFAULTS}
    change_job(farm, job, **{name: value for name, value in defaults.items() if value >= 0 and name not in keep})


def put_into_group(farm: FarmState, job: Job, group: str) -> None:
    """Let a job, with its procs, count for another group of its show."""
    with farm.procs.recounting(farm.procs.of_job(job)):
        change_job(farm, job, group=group)


def change_layer(farm: FarmState, job: Job, number: int, **changes: Any) -> None:
    """Change facts of a layer: fields of ``LayerFacts`` that say what its frames need and where they may run."""
    layer = job.layers[number]
    procs = [proc for proc in farm.procs.of_job(job) if job.layer_of(proc.ref) == number]
    with farm.procs.recounting(procs):
        for name, value in changes.items():
            setattr(layer, name, value)
    job.needs_changed(number)
    farm.jobs.save_layers(job)
    farm.wake()


def set_look(farm: FarmState, job: Job, ref: int, state: str, text: str, color: tuple[int, int, int]) -> None:
    """Set another text and colour with which clients show a frame while it is in a state."""
    job.facts.looks.setdefault(str(ref), {})[state] = [text, *color]
    farm.jobs.save(job)


MOST_FRAMES = 1_000_000  # a job has at most a tenth of them


def _first(order: Sequence[int], wanted: list[int]) -> list[int]:
    return [*wanted, *_others(order, wanted)]


def _last(order: Sequence[int], wanted: list[int]) -> list[int]:
    return [*_others(order, wanted), *wanted]


def _reverse(order: Sequence[int], wanted: list[int]) -> list[int]:
    ranks = {ref: rank for rank, ref in enumerate(order)}
    return _refill(order, {ranks[ref]: other for ref, other in zip(wanted, reversed(wanted), strict=True)})


_WAYS: dict[str, Callable[[Sequence[int], list[int]], list[int]]] = {
    "FIRST": _first,
    "LAST": _last,
    "REVERSE": _reverse,
}


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
        _keep_order(farm, job, name, _WAYS[way](job.state.ready.order(name), wanted))


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
        order = job.state.ready.order(name)
        among = set(wanted)
        places = [rank for rank, ref in enumerate(order) if ref in among]
        _keep_order(farm, job, name, _refill(order, dict(zip(places, wanted, strict=True))))


def _read(text: str) -> FrameSet:
    frames = read_range(text)
    if len(frames) > MOST_FRAMES:
        raise CannotDo(f"the frame range {text!r} has {len(frames)} frames; give one with at most {MOST_FRAMES}")
    return frames


def _refs(job: Job, number: int, frames: FrameSet) -> list[int]:
    places = {ref: frames.index(job.state.frames.number(ref)) for ref in job.state.frames.refs(job.layers[number].name)}
    return sorted((ref for ref, place in places.items() if place >= 0), key=places.__getitem__)


def _others(order: Sequence[int], wanted: list[int]) -> list[int]:
    among = set(wanted)
    return [ref for ref in order if ref not in among]


def _refill(order: Sequence[int], changes: dict[int, int]) -> list[int]:
    return [changes.get(rank, ref) for rank, ref in enumerate(order)]


def _keep_order(farm: FarmState, job: Job, name: str, order: list[int]) -> None:
    job.state.ready.reorder(name, order)
    job.facts.orders[name] = order
    farm.jobs.save(job)
    farm.wake()
