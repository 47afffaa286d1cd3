# SPDX-License-Identifier: Apache-2.0
"""Finds what a request means: by id, and where people type names, by name."""

from __future__ import annotations

from typing import Any

from ..farm.farm import Farm
from ..farm.jobs import Job, split_id
from .rpc import NotFound

__all__ = ["find_frame", "find_job", "find_layer"]


def find_job(farm: Farm, id: str) -> Job:
    """Return a job, finished ones too, by its id or the name of a pending one.

    Raises:
        NotFound: There is none.
    """
    job = farm.jobs.get(id) or farm.pending.get(id) or farm.pending.get(id.lower())
    if job is None:
        raise NotFound(f"no job {id!r}" if id else "the request names no job")
    return job


def find_layer(farm: Farm, message: Any) -> tuple[Job, int]:
    """Return job and number of a layer, for a message that has its id or the id itself.

    Raises:
        NotFound: There is none.
    """
    id = message if isinstance(message, str) else message.id
    job, number, _ = _split(farm, id, "layer")
    return job, number


def find_frame(farm: Farm, message: Any) -> tuple[Job, int]:
    """Return job and number of a frame, for a message that has its id or the id itself.

    Raises:
        NotFound: There is none.
    """
    id = message if isinstance(message, str) else message.id
    job, _, ref = _split(farm, id, "frame")
    if not 0 <= ref < len(job.state):
        raise NotFound(f"no frame {id!r}")
    return job, ref


def _split(farm: Farm, id: str, what: str) -> tuple[Job, int, int]:
    try:
        prefix, number, ref = split_id(id)
        job = farm.by_prefix[prefix]
    except (ValueError, KeyError):
        raise NotFound(f"no {what} {id!r}") from None
    if number >= len(job.layers):
        raise NotFound(f"no {what} {id!r}")
    return job, number, ref
