# SPDX-License-Identifier: Apache-2.0
"""Memory and cores as people write them."""

from __future__ import annotations

import re
from math import isfinite

__all__ = ["parse_cores", "parse_memory_kb"]

_MEMORY = re.compile(r"\s*(\d{1,15}(?:\.\d+)?)\s*([kmgt]?)b?\s*\Z", re.IGNORECASE)
_FEWEST_CORES = 0.1
_UNITS = {"k": 1, "m": 1024, "g": 1024**2, "t": 1024**3, "": 1024**2}


def parse_memory_kb(value: object) -> int:
    """Return memory in kB: ``"512m"``, ``"4g"``, ``"1.5g"``; a bare number is GB, as on the farm.

    Raises:
        ValueError: The value has another form.
    """
    match = _MEMORY.match(str(value))
    if match is None:
        raise ValueError(f"{value!r} is no amount of memory; write it like '512m' or '4g'")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def parse_cores(value: object) -> float:
    """A number of cores; fractions allowed, 0 means a whole machine, below 0 a machine less so many.

    Raises:
        ValueError: The value is no number, or above 0 and below 0.1, which the farm cannot count.
    """
    try:
        cores = float(str(value))
    except ValueError:
        cores = float("nan")
    if not isfinite(cores):
        raise ValueError(f"{value!r} is no number of cores")
    if 0 < cores < _FEWEST_CORES:
        raise ValueError(f"{value!r} cores are too few; {_FEWEST_CORES} is the least, and 0 means a whole machine")
    return cores
