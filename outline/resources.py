# SPDX-License-Identifier: Apache-2.0
"""Memory and cores as people write them."""

from __future__ import annotations

import re

__all__ = ["parse_cores", "parse_memory_kb"]

_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*\Z", re.IGNORECASE)
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
    """Return a number of cores; fractions allowed, 0 means a whole machine, below 0 a machine less so many.

    Raises:
        ValueError: The value is no number.
    """
    try:
        return float(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is no number of cores") from None
