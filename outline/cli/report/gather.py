# SPDX-License-Identifier: Apache-2.0
"""Reads what a report tells, from where each fact is kept; no code of the user is needed."""

from __future__ import annotations

import time

from ...backend.log_tail import last_lines
from ...backend.status import JobStatus
from ..places import JobPlace
from .facts import Death, Report

__all__ = ["gather"]

_MOST_DEATHS = 100
_LAST_LINES = 20


def gather(place: JobPlace) -> Report:
    """Read a job.

    Raises:
        OutlineException: There is no such job, or it cannot be read.
    """
    job = place.status()
    return Report(job, time.time(), tuple(place.attempts()), _deaths(job))


def _deaths(job: JobStatus) -> tuple[Death, ...]:
    return tuple(Death(one, tuple(last_lines(one.log, _LAST_LINES))) for one in job.dead[:_MOST_DEATHS])
