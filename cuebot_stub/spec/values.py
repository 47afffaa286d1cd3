# SPDX-License-Identifier: Apache-2.0
"""Parses the values of a job spec: numbers, switches, cores, memory, tags.

Every function raises ValueError with the reason for a wrong value.
"""

from __future__ import annotations

import re

__all__ = [
    "LARGEST_INT",
    "limit_text",
    "parse_cores",
    "parse_flag",
    "parse_int",
    "parse_long",
    "parse_max_cores",
    "parse_memory",
    "parse_tags",
]

LARGEST_INT = 2**31 - 1  # of the protocol, and of Cuebot
_LARGEST_LONG = 2**63 - 1
_SHOWN = 40  # characters of a text, in messages; no number is longer

CORE = 100  # core points
FEWEST_POINTS = 10
MOST_POINTS = 2400
_MOST_JOB_POINTS = LARGEST_INT // CORE * CORE

LONGEST_TAGS = 4000  # of a layer, joined

_INT = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"([+-]?(?:[0-9]{1,15}\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)[fFdD]?")
_TAG = re.compile(r"[\w.-]{3,}", re.ASCII)
_TRUE = frozenset({"true", "yes", "1", "on"})
_MB, _GB = 1024, 1024**2


def parse_int(text: str) -> int:
    """An integer of 32 bits."""
    return _parse_whole(text, LARGEST_INT)


def parse_long(text: str) -> int:
    """An integer of 64 bits."""
    return _parse_whole(text, _LARGEST_LONG)


def limit_text(text: str, most: int, what: str) -> str:
    """The text if Cuebot can store it.

    Raises:
        ValueError: The text is too long for its column.
    """
    if len(text) > most:
        raise ValueError(f"{what} has {len(text)} characters; use at most {most}")
    return text


def parse_flag(text: str) -> bool:
    """Whether the text means yes. Every other word means no, as on Cuebot."""
    return text.lower() in _TRUE


def parse_cores(text: str) -> int:
    """Core points. ``2.0`` means two cores, ``200`` means points.

    0 means the whole host, a negative number all but so many. Too few points become one core, and too many become the
    maximum of a frame.
    """
    points = _to_points(text) if "." in text else parse_int(text)
    if 0 < points < FEWEST_POINTS:
        return CORE
    return min(points, MOST_POINTS)


def parse_max_cores(text: str) -> int:
    """The core points of whole cores. Too many become the maximum, negative numbers stay."""
    return min(parse_int(text) * CORE, _MOST_JOB_POINTS)


def parse_memory(text: str) -> int:
    """The kB of ``512m``, ``1.5m``, ``4g``, or ``4``, which means GB."""
    lowered = text.lower()
    unit = next((unit for unit in "mg" if unit in lowered), "")
    number = lowered[: lowered.rindex(unit)] if unit else lowered
    if unit == "m" and _DECIMAL.fullmatch(number):
        memory_kb = int(_to_float(number) * _MB)
    elif unit != "m" and _INT.fullmatch(number):
        memory_kb = int(number) * _GB
    else:
        raise ValueError(
            f"{text[:_SHOWN]!r} is not an amount of memory; write it like '512m', '1.5m' or '4g'; '4' alone means GB"
        )
    if memory_kb > _LARGEST_LONG:
        raise ValueError(f"{text[:_SHOWN]!r} is more memory than a spec can ask for")
    return memory_kb


def parse_tags(text: str) -> tuple[str, ...] | None:
    """The different tags of ``a | b``. None at all means those of the service."""
    words = text.replace(" ", "").rstrip("|").split("|") if text.replace(" ", "").rstrip("|") else []
    for word in words:
        if not _TAG.fullmatch(word):
            raise ValueError(
                f"the tag {word[:_SHOWN]!r} cannot be used; tags are three or more letters, digits and ._-"
            )
    tags = tuple(dict.fromkeys(words))
    limit_text(" | ".join(tags), LONGEST_TAGS, "the list of tags")
    return tags or None


def _parse_whole(text: str, largest: int) -> int:
    if not _INT.fullmatch(text):
        raise ValueError(f"{text[:_SHOWN]!r} is not a whole number")
    number = int(text)
    if not -largest <= number <= largest:
        raise ValueError(f"{text} is too large a number")
    return number


def _to_points(text: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text[:_SHOWN]!r} is not a number of cores")
    points = abs(_to_float(text)) * CORE + 0.5
    if points > LARGEST_INT:
        raise ValueError(f"{text} is too large a number")
    return -int(points) if text.startswith("-") else int(points)


def _to_float(text: str) -> float:
    """A number in Java's syntax of a double, which includes ``1.5f`` and ``1e3``."""
    match = _DECIMAL.fullmatch(text)
    assert match is not None
    return float(match[1])
