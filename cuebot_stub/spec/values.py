# SPDX-License-Identifier: Apache-2.0
"""Parses the values of a job spec: numbers, switches, cores, memory, tags, names and ranges.

Every function raises ValueError with the reason for a wrong value.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from outline.cuebot_limits import LONGEST_JOB_NAME, LONGEST_TEXT, MOST_CORES
from outline.frames import FrameSet
from outline.names import frame_name

__all__ = [
    "MOST_FRAMES", "conform_frame_name", "conform_job_name", "conform_name", "count_heads",
    "read_frames", "repeated_frames", "LARGEST_INT", "limit_text", "limited", "parse_cores", "parse_flag", "parse_int",
    "parse_long", "parse_max_cores", "parse_memory", "parse_tags",
]  # fmt: skip

LARGEST_INT = 2**31 - 1  # of the protocol, and of Cuebot
_LARGEST_LONG = 2**63 - 1
_SHOWN = 40  # characters of a text, in messages; no number is longer

CORE = 100  # core points
FEWEST_POINTS = 10
_MOST_JOB_POINTS = LARGEST_INT // CORE * CORE

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


def limited(most: int, what: str) -> Callable[[str], str]:
    """A parser of a text that Cuebot can store; see ``limit_text``."""
    return lambda text: limit_text(text, most, what)


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
    return min(points, MOST_CORES * CORE)


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
    limit_text(" | ".join(tags), LONGEST_TEXT, "the list of tags")
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


_SHOWN_OF_NAME = 60

_NAME = re.compile(r"[\w.-]{3,}", re.ASCII)
_FRAME = re.compile(r"([0-9]{4,6})-(\w+)", re.ASCII)
_RULE = "names are three or more letters, digits, dots and underscores"


def conform_name(name: str, kind: str) -> str:
    """The name of a shot or layer in lower case, with ``_`` instead of ``-``.

    Args:
        name: The user's text.
        kind: The word for the error message: ``shot`` or ``layer``.

    Raises:
        ValueError: The name is too short, too long, or has other characters.
    """
    conformed = name.replace("-", "_").lower()
    if not _NAME.fullmatch(conformed):
        raise ValueError(f"the {kind} name {name[:_SHOWN_OF_NAME]!r} cannot be used; {_RULE}")
    return _check_length(conformed, kind)


def conform_job_name(name: str, show: str, shot: str, user: str) -> str:
    """``show-shot-user_name`` in lower case. ``name`` may have this prefix already.

    Raises:
        ValueError: The part after the prefix is too short, or has other characters.
    """
    prefix = f"{show}-{shot}-{user}_"
    suffix = name[len(prefix) - 1 :] if name.startswith(prefix) else name
    suffix = re.sub("_{2,}", "_", suffix.lower()).replace("-", "_")
    if not _NAME.fullmatch(suffix) or not suffix.strip("_"):
        raise ValueError(f"the job name {name[:_SHOWN_OF_NAME]!r} cannot be used; {_RULE}")
    return _check_length(f"{prefix.rstrip('_')}_{suffix.lstrip('_')}".lower(), "job")


def conform_frame_name(name: str) -> str:
    """The name of a frame in a dependency, such as ``0012-beauty``.

    Raises:
        ValueError: The name has another form. Layers with dots cannot be named in this way.
    """
    match = _FRAME.fullmatch(name)
    if match is None:
        raise ValueError(
            f"the frame name {name[:_SHOWN_OF_NAME]!r} cannot be used; frames are named like 0012-beauty, "
            "with 4 to 6 digits and a layer without dots and dashes"
        )
    return frame_name(int(match[1]), conform_name(match[2], "layer"))


def _check_length(name: str, kind: str) -> str:
    if len(name) > LONGEST_JOB_NAME:
        shown = f"{name[:_SHOWN_OF_NAME]!r}..."
        raise ValueError(f"the {kind} name {shown} has {len(name)} characters; use at most {LONGEST_JOB_NAME}")
    return name


MOST_FRAMES = 1_000_000  # of one layer, repeats and members of chunks included: what listing them may cost

_NUMBER = "-?[0-9]{1,19}"
_PART = f"{_NUMBER}(?:-{_NUMBER}(?:[xy:]{_NUMBER})?)?"
_STEPPED = re.compile(f"({_NUMBER})-({_NUMBER})([xy:])({_NUMBER})")
_RANGE = re.compile(f"{_PART}(?:,{_PART})*")


def read_frames(text: str, *, strict: bool) -> FrameSet:
    """The frames of a range in render order, each once.

    As on Cuebot, parts without a frame, such as ``10-1x1``, and commas at the end are ignored.

    Args:
        text: The range in Cuebot's grammar, without blanks and the other forms of ``FrameSet``.
        strict: Accept a range without any frame. On Cuebot such a job never ends.

    Raises:
        ValueError: The text is not a range, or has too many frames.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"the range has {len(text)} characters; use at most {LONGEST_TEXT}")
    kept = _kept(text)
    if not kept and text:
        if strict:
            return FrameSet([])
        raise ValueError(f"the range {text[:60]!r} gives no frame, and the job would never end")
    frames = FrameSet(kept)  # before the grammar, because its messages point at the fault
    if not _RANGE.fullmatch(kept):
        raise ValueError(
            f"the range {text[:60]!r} must have no blanks, and no step other than 1-10x2, 1-10y2 and 1-10:2"
        )
    if len(frames) > MOST_FRAMES:
        raise ValueError(f"the range has {len(frames)} frames; use at most {MOST_FRAMES}")
    distinct = frames.unique()
    least, most = min(distinct), max(distinct)
    if max(-least, most) > LARGEST_INT:
        raise ValueError(f"the range {text[:60]!r} has frames beyond {LARGEST_INT}")
    return distinct


def repeated_frames(text: str) -> FrameSet:
    """The frames of a valid range, with repetitions."""
    kept = _kept(text)
    return FrameSet(kept) if kept else FrameSet([])


def _kept(text: str) -> str:
    return ",".join(part for part in text.rstrip(",").split(",") if not _gives_nothing(part))


def _gives_nothing(part: str) -> bool:
    """Whether Cuebot accepts a part of a range, which has no frame."""
    match = _STEPPED.fullmatch(part)
    if match is None:
        return False
    first, last, step = int(match[1]), int(match[2]), int(match[4])
    if match[3] != "y":
        return step == 1 and last < first
    hits_all = abs(step) == 1 or first == last
    return hits_all and (step == 1 or (step > 1 and first == last) or (step < 0 and last < first))


def count_heads(frames: FrameSet, chunk: int) -> int:
    """The number of farm frames of a layer, one for each chunk."""
    return -(-len(frames) // chunk)
