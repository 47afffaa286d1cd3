# SPDX-License-Identifier: Apache-2.0
"""Changes the settings of jobs and layers while they run. Running frames keep what they have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .errors import CannotDo
from .job import Job
from .state import FarmState
from .things import Group

__all__ = ["change_job", "change_layer", "check_group", "move_to_group", "set_auto_eat", "set_look", "set_max_retries"]

MOST_RETRIES = 16  # what Cuebot allows


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
    with farm.procs.recounting(farm.procs.of_job(job)):
        job.facts.group = group.id
    defaults = {
        "priority": group.default_job_priority,
        "min_cores": group.default_job_min_cores,
        "max_cores": group.default_job_max_cores,
        "min_gpus": group.default_job_min_gpus,
        "max_gpus": group.default_job_max_gpus,
    }
    change_job(farm, job, **{name: value for name, value in defaults.items() if value >= 0 and name not in keep})


def change_layer(farm: FarmState, job: Job, number: int, **changes: Any) -> None:
    """Change facts of a layer: fields of ``LayerFacts`` that say what its frames need and where they may run."""
    layer = job.layers[number]
    procs = [proc for proc in farm.procs.of_job(job) if job.layer_of(proc.ref) == number]
    with farm.procs.recounting(procs):
        for name, value in changes.items():
            setattr(layer, name, value)
    job.needs_changed(number)
    farm.jobs.save(job)
    farm.wake()


def set_look(farm: FarmState, job: Job, ref: int, state: str, text: str, color: tuple[int, int, int]) -> None:
    """Set another text and colour with which clients show a frame while it is in a state."""
    job.facts.looks.setdefault(str(ref), {})[state] = [text, *color]
    farm.jobs.save(job)
