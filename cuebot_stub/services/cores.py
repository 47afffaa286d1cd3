# SPDX-License-Identifier: Apache-2.0
"""Converts between cores in messages and core points (100 for a core), as Cuebot does."""

from __future__ import annotations

from ..farm.errors import Invalid

__all__ = ["as_cores", "core_points", "layer_points", "least_points", "whole_points"]

_NONE, _CORE, _LEAST = -1, 100, 10
_MOST_CORES = 21474836.0  # more core points do not fit Cuebot's 32 bits, where they wrap around


def as_cores(points: int) -> float:
    """Core points as cores. -1 means no limit in both."""
    return float(points) if points == _NONE else points / _CORE


def core_points(cores: float) -> int:
    """Cores as core points.

    Raises:
        Invalid: The value is not a number, or too large for a message.
    """
    if not -_MOST_CORES <= cores <= _MOST_CORES:
        raise Invalid(f"{cores:g} is not a number of cores")
    return round(cores * _CORE)


def whole_points(cores: float) -> int:
    """Whole cores as core points; -1 stays -1, which stands for no limit.

    Half a point is added and the rest cut off, towards 0, as Cuebot does: so -3 cores are 2 less than none.

    Raises:
        Invalid: The value is not a number, or too large for a message.
    """
    points = core_points(cores)
    return _NONE if points == _NONE * _CORE else int((cores * _CORE + 0.5) / _CORE) * _CORE


def least_points(cores: float) -> int:
    """Whole cores as core points, for what has no negative number of cores.

    Raises:
        Invalid: The value is negative, not a number, or too large for a message.
    """
    if cores < 0:
        raise Invalid(f"{cores:g} is not a number of cores")
    return whole_points(cores)


def layer_points(cores: float) -> int:
    """The minimum core points of a layer for a call. Less than a tenth of a core becomes one core.

    A spec can ask for all cores of a host by 0, and for all but some by a negative number. A call cannot.

    Raises:
        Invalid: The value is not a number, or too large for a message.
    """
    points = core_points(cores)
    return points if points >= _LEAST else _CORE
