# SPDX-License-Identifier: Apache-2.0
"""Values as the farm server reads them; it is narrower than people are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ....exception import LaunchException
from ....logs import get_logger
from ....resources import is_true, parse_cores, parse_memory_kb, parse_number, tag_words

__all__ = ["cores_text", "memory_text", "minutes_text", "tags", "truth", "whole_number"]

_PLAIN_MEMORY = re.compile(r"\d+[mg]?\Z")
logger = get_logger("outline.backend.cue")

_TAG_SIGNS = r"[A-Za-z0-9_.\-]+"
_TAG = re.compile(r"[A-Za-z0-9_.\-]{3,}\Z")
_MOST = 2**31 - 1

# Any: arguments of layers are whatever a script gives.


def cores_text(value: Any, where: str) -> str:
    """A number of cores, always with a dot: the server takes a number without one for hundredths of a core."""
    with _refused(where):
        cores = parse_cores(value)
    text = f"{cores:.2f}"
    return text[:-1] if text.endswith("0") else text


def memory_text(value: Any, where: str) -> str:
    """An amount of memory; of fractions the server reads only those of MB."""
    text = str(value).strip().lower()
    with _refused(where):
        kilobytes = parse_memory_kb(text)
    if _PLAIN_MEMORY.match(text):
        return text
    if kilobytes % 1024**2 == 0:
        return f"{kilobytes // 1024**2}g"
    return f"{kilobytes / 1024:.10f}".rstrip("0").rstrip(".") + "m"


def minutes_text(value: Any, where: str) -> str:
    """A number of minutes, rounded up to whole ones, or an empty text for no limit."""
    with _refused(where):
        minutes = parse_number(value, "a number of minutes")
    return str(whole_number(math.ceil(minutes), where)) if minutes > 0 else ""


@contextmanager
def _refused(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise LaunchException(f"{where}: {error}") from error


def whole_number(value: Any, where: str) -> int:
    """A whole number that the server's 32 bits can hold.

    Raises:
        LaunchException: It is none, or below 0, or too large.
    """
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not number.is_integer() or number < 0:
        raise LaunchException(f"{where} must be a whole number from 0 on, not {value!r}")
    if number > _MOST:
        raise LaunchException(f"{where} is {value!r}, and the farm takes at most {_MOST}")
    return int(number)


def truth(value: Any) -> str:
    """``True`` or ``False``; of text, what it says."""
    return str(is_true(value))


def tags(value: Any, where: str) -> list[str]:
    """Tags that were given as a list, or as text with ``|`` between them.

    Of a text, a part that can be no tag (``"maya,nuke"``) is left out with a warning, since PyOutline leaves it out.

    Raises:
        LaunchException: A tag is shorter than 3 characters, or one of a list has others than letters, digits, ``_``,
            ``-``, ``.``.
    """
    found = tag_words(value)
    for tag in list(found):
        if isinstance(value, str) and not re.fullmatch(_TAG_SIGNS, tag):
            logger.warning(
                "%s: %r is not a valid tag and is left out; separate tags by ' | ', or give a list", where, tag
            )
            found.remove(tag)
        elif not _TAG.match(tag):
            raise LaunchException(
                f"{where}: the farm takes no tag like {tag!r}; use 3 or more letters, digits, '_', '-' and '.',"
                " and separate tags by ' | '"
            )
    return found
