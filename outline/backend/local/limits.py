# SPDX-License-Identifier: Apache-2.0
"""How much of a job may run at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ... import config
from ...exception import LaunchException
from ...process import host_memory_kb
from ...scheduler import JobPlan

__all__ = ["Limits", "limits_of", "read_max_retries"]


class Limits(NamedTuple):
    """What frames may use of this machine, or of a cluster.

    Attributes:
        cores: All of them together.
        memory_kb: Likewise.
        grace_seconds: How long a frame has to end after SIGTERM.
        most_cores: One frame, where that is less: those of the largest machine of a cluster.
        most_memory_kb: Likewise.
    """

    cores: float
    memory_kb: int
    grace_seconds: float = 10.0
    most_cores: float | None = None
    most_memory_kb: int | None = None

    @property
    def frame_memory_kb(self) -> int:
        """The most memory that one frame can have."""
        return self.memory_kb if self.most_memory_kb is None else min(self.memory_kb, self.most_memory_kb)

    def fit(self, plan: JobPlan) -> JobPlan:
        """The plan with no more cores and memory for a frame than there are."""
        cores = self.cores if self.most_cores is None else min(self.cores, self.most_cores)
        return plan.fitted(cores, self.frame_memory_kb)


def limits_of(flags: Mapping[str, Any]) -> Limits:
    """How much of a job may run at a time: the flag ``limits``, or what ``cores`` and ``memory`` give of this machine.

    Raises:
        OutlineException: A flag or an option of the configuration cannot be used.
    """
    given: Limits | None = flags.get("limits")
    if given is not None:
        return given
    grace_seconds = config.getfloat("local", "grace_seconds")
    return Limits(_cores(flags.get("cores")), _memory_kb(flags.get("memory")), grace_seconds)


def read_max_retries(value: Any) -> int:
    """How often a failed frame is tried again: a number, or its text; None leaves it to the configuration.

    Raises:
        LaunchException: It is no number from 0 on.
    """
    name, value = _setting("outline", "maxretries", value)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise LaunchException(f"{name} must be a number from 0 on, not {value!r}")
    return number


def _setting(section: str, name: str, value: Any) -> tuple[str, Any]:
    """A flag; where it was not given, the option of the configuration, whose name tells its section."""
    return (name, value) if value is not None else (f"[{section}] {name}", config.get(section, name))


def _cores(value: Any) -> float:
    name, value = _setting("local", "cores", value)
    if value == "":
        return float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    try:
        cores = float(value)
    except (TypeError, ValueError):
        cores = 0.0
    if cores <= 0:
        raise LaunchException(f"{name} must be a number above 0, not {value!r}")
    return cores


def _memory_kb(value: Any) -> int:
    from ...resources import parse_memory_kb

    name, value = _setting("local", "memory", value)
    if value == "":
        return host_memory_kb()
    try:
        memory_kb = parse_memory_kb(value)
    except ValueError as error:
        raise LaunchException(f"{name}: {error}") from error
    if memory_kb <= 0:
        raise LaunchException(f"{name} must be more than 0, not {value!r}")
    return memory_kb
