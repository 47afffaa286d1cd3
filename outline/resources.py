# SPDX-License-Identifier: Apache-2.0
"""Memory, cores, times, flags and tags as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import inf, isfinite, nan
from typing import Any  # arguments are what a user has written

__all__ = ["REQUESTS", "TRUTH", "is_true", "name_words", "parse_cores", "parse_memory_kb", "parse_number", "tag_words"]

_MEMORY = r"\s*(\d{1,15}(?:\.\d+)?)\s*([kmgt]?)b?\s*\Z"
_FEWEST_CORES = 0.1
TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
"""The words for a flag that is set, or not."""
_UNITS = {"k": 1, "m": 1024, "g": 1024**2, "t": 1024**3, "": 1024**2}


def parse_memory_kb(value: object) -> int:
    """Memory in kB: ``"512m"``, ``"4g"``, ``"1.5g"``; a bare number is GB, as on the farm.

    Raises:
        ValueError: The value has another form.
    """
    match = re.match(_MEMORY, str(value), re.IGNORECASE)
    if match is None:
        raise ValueError(f"{value!r} is not an amount of memory; write it like '512m' or '4g'")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def parse_cores(value: object) -> float:
    """A number of cores; fractions allowed, 0 means a whole machine, below 0 a machine less so many.

    Raises:
        ValueError: The value is no number, or above 0 and below 0.1, which the farm cannot count.
    """
    cores = parse_number(value, "a number of cores")
    if 0 < cores < _FEWEST_CORES:
        raise ValueError(f"{value!r} cores are too few; give {_FEWEST_CORES} or more, or 0 for a whole machine")
    return cores


def parse_number(value: object, meaning: str, least: float = -inf, below: float = inf) -> float:
    """A finite number.

    Args:
        value: The number or its text.
        meaning: What it should be, for the message, such as ``a number of minutes``.
        least: The smallest number allowed.
        below: Larger than all numbers allowed.

    Raises:
        ValueError: The value is no number, or not an allowed one.
    """
    try:
        number = float(str(value))
    except ValueError:
        number = nan
    if not (isfinite(number) and least <= number < below):
        raise ValueError(f"{value!r} is not {meaning}")
    return number


def _limit_seconds(value: object) -> float | None:
    minutes = parse_number(value, "a number of minutes")
    return minutes * 60 if minutes > 0 else None


def _delay_seconds(value: object) -> float:
    return parse_number(value, "a number of minutes, 0 or more", 0, 1e6) * 60


def _growth(value: object) -> float:
    return parse_number(value, "a number from 1 to 99, the factor for the time limit of a retry", 1, 100)


REQUESTS: Mapping[str, Callable[[object], Any]] = {
    "cores": parse_cores,
    "threads": parse_cores,
    "memory": parse_memory_kb,
    "timeout": _limit_seconds,
    "timeout_llu": _limit_seconds,
    "timeout_retry": _growth,
    "retry_delay": _delay_seconds,
}
"""How the arguments are read by which a layer asks for resources and time; errors are of ``ValueError``."""


def is_true(value: Any) -> bool:
    """Whether a flag is set, as a truth value, as a number, or as one of the words that say so."""
    return TRUTH.get(value.strip().lower(), False) if isinstance(value, str) else bool(value)


def tag_words(value: Any) -> list[str]:
    """The tags of a layer, which are given as a list, or as text with ``|`` between them."""
    return _words(value, "|")


def name_words(value: Any) -> list[str]:
    """Names that are given as a list, or as text with ``,`` between them; none for None."""
    return _words(value, ",")


def _words(value: Any, separator: str) -> list[str]:
    texts = [value] if isinstance(value, str) else [str(one) for one in value or ()]
    return [part.strip() for text in texts for part in text.split(separator) if part.strip()]
