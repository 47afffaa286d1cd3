# SPDX-License-Identifier: Apache-2.0
"""Finds the objects that a request names, by id or by name."""

from __future__ import annotations

from typing import Any

from ..farm.farm import Farm
from ..farm.jobs import Job, split_id
from ..farm.linking import End
from .rpc import Invalid, NotFound

__all__ = [
    "enum_name",
    "find_frame",
    "find_frame_end",
    "find_job",
    "find_layer",
    "find_layer_end",
    "pending_job",
]


def find_job(farm: Farm, id: str) -> Job:
    """A job by its id, or a pending one by its name.

    Raises:
        NotFound: There is none.
    """
    job = farm.jobs.get(id) or farm.pending.get(id) or farm.pending.get(id.lower())
    if job is None:
        raise NotFound(f"no job {id!r}" if id else "the request names no job")
    return job


def enum_name(enum: Any, number: int) -> str:
    """The name of an enum value. Clients can send any number.

    Raises:
        Invalid: It has no such value.
    """
    try:
        return str(enum.Name(number))
    except ValueError:
        raise Invalid(f"{number} is not a value of {enum.DESCRIPTOR.full_name}") from None


def pending_job(farm: Farm, name: str) -> Job:
    """The pending job of a name.

    Raises:
        NotFound: No pending job has this name.
    """
    job = farm.pending.get(name.lower()) or farm.pending.get(name)
    if job is None:
        raise NotFound(f"no pending job {name!r}")
    return job


def find_layer(farm: Farm, message: Any) -> tuple[Job, int]:
    """Job and number of a layer, for a message that has its id or the id itself.

    Raises:
        NotFound: There is none.
    """
    id = message if isinstance(message, str) else message.id
    job, number, _ = _split(farm, id, "layer")
    return job, number


def find_frame(farm: Farm, message: Any) -> tuple[Job, int]:
    """Job and number of a frame, for a message that has its id or the id itself.

    Raises:
        NotFound: There is none.
    """
    id = message if isinstance(message, str) else message.id
    job, _, ref = _split(farm, id, "frame")
    if not 0 <= ref < len(job.state):
        raise NotFound(f"no frame {id!r}")
    return job, ref


def find_layer_end(farm: Farm, message: Any) -> End:
    """A layer as the end of a dependency."""
    return End(*find_layer(farm, message))


def find_frame_end(farm: Farm, message: Any) -> End:
    """A frame as the end of a dependency."""
    job, ref = find_frame(farm, message)
    return End(job, job.layer_of(ref), ref)


def _split(farm: Farm, id: str, what: str) -> tuple[Job, int, int]:
    try:
        prefix, number, ref = split_id(id)
        job = farm.by_prefix[prefix]
    except (ValueError, KeyError):
        raise NotFound(f"no {what} {id!r}") from None
    if number >= len(job.layers):
        raise NotFound(f"no {what} {id!r}")
    return job, number, ref
