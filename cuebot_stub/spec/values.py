# SPDX-License-Identifier: Apache-2.0
"""What single words of a job spec mean: numbers, switches, cores, memory, tags.

Every function raises ValueError with the reason when a word has no meaning.
"""

from __future__ import annotations

import re

from outline.resources import parse_memory_kb

__all__ = [
    "LARGEST_INT",
    "parse_cores",
    "parse_count",
    "parse_flag",
    "parse_int",
    "parse_long",
    "parse_max_cores",
    "parse_memory",
    "parse_memory_as_cuebot",
    "parse_tags",
]

LARGEST_INT = 2**31 - 1  # of the protocol, and of Cuebot
_LARGEST_LONG = 2**63 - 1
_SHOWN = 40  # characters of a text, in messages; no number is longer

CORE = 100  # core points
FEWEST_POINTS = 10
MOST_POINTS = 2400

_INT = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,15}\.?[0-9]*|\.[0-9]+)")
_TAG = re.compile(r"[\w.-]{3,}", re.ASCII)
_TRUE = frozenset({"true", "yes", "1", "on"})
_MB, _GB = 1024, 1024**2


def parse_int(text: str) -> int:
    """Return a whole number that fits 32 bits."""
    return _parse_whole(text, LARGEST_INT)


def parse_long(text: str) -> int:
    """Return a whole number that fits 64 bits."""
    return _parse_whole(text, _LARGEST_LONG)


def parse_count(text: str) -> int:
    """Return a whole number that is not below 0."""
    count = parse_int(text)
    if count < 0:
        raise ValueError(f"{text} is below 0")
    return count


def parse_flag(text: str) -> bool:
    """Return whether the text says yes; every other word is a no, as on Cuebot."""
    return text.lower() in _TRUE


def parse_cores(text: str) -> int:
    """Return core points: ``2.0`` is two cores, ``200`` are points already.

    0 is a whole host and below 0 a host less so many. Points that are too few for a core become one core, and more than
    a frame may have become the most.
    """
    points = _to_points(text) if "." in text else parse_int(text)
    if 0 < points < FEWEST_POINTS:
        return CORE
    return min(points, MOST_POINTS)


def parse_max_cores(text: str) -> int | None:
    """Return core points of a number of cores; -1 is no limit."""
    points = _to_points(text)
    if points == -CORE:
        return None
    if points <= 0:
        raise ValueError(f"{text!r} is no number of cores that a job may use")
    return points


def parse_memory(text: str) -> int:
    """Return kB of ``512m``, ``4g``, ``1.5g``, or of ``4``, which means GB."""
    if len(text) > _SHOWN:
        raise ValueError(f"{text[:_SHOWN]!r}... is no amount of memory")
    return _check_memory(text, parse_memory_kb(text))


def parse_memory_as_cuebot(text: str) -> int:
    """Return kB as Cuebot reads memory: decimals with ``m`` only, and no other units than ``m`` and ``g``."""
    lowered = text.lower()
    unit = next((unit for unit in "mg" if unit in lowered), "")
    number = lowered[: lowered.rindex(unit)] if unit else lowered
    if unit == "m" and _DECIMAL.fullmatch(number):
        return _check_memory(text, int(float(number) * _MB))
    if unit == "m" or not _INT.fullmatch(number):
        raise ValueError(
            f"{text[:_SHOWN]!r} is no amount of memory; Cuebot reads '512m', '1.5m', '4g' and '4', which is GB"
        )
    return _check_memory(text, int(number) * _GB)


def parse_tags(text: str) -> tuple[str, ...] | None:
    """Return the tags of ``a | b``, each once; none at all means those of the service."""
    words = [word for word in text.replace(" ", "").split("|") if word]
    for word in words:
        if not _TAG.fullmatch(word):
            raise ValueError(
                f"the tag {word[:_SHOWN]!r} cannot be used; tags are three or more letters, digits and ._-"
            )
    return tuple(dict.fromkeys(words)) or None


def _parse_whole(text: str, largest: int) -> int:
    if not _INT.fullmatch(text):
        raise ValueError(f"{text[:_SHOWN]!r} is no whole number")
    number = int(text)
    if not -largest <= number <= largest:
        raise ValueError(f"{text} is too large a number")
    return number


def _to_points(text: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text[:_SHOWN]!r} is no number of cores")
    points = abs(float(text)) * CORE + 0.5
    if points > LARGEST_INT:
        raise ValueError(f"{text} is too large a number")
    return -int(points) if text.startswith("-") else int(points)


def _check_memory(text: str, memory_kb: int) -> int:
    if memory_kb > _LARGEST_LONG:
        raise ValueError(f"{text[:_SHOWN]!r} is too much memory")
    return memory_kb
