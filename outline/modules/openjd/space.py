# SPDX-License-Identifier: Apache-2.0
"""The task parameters of a step: their values, and how these combine into tasks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...exception import OutlineException, known_names
from ...frames import FrameSet
from .text import resolve

__all__ = ["CHUNK", "Space", "combine", "numbers_of", "space_of"]

CHUNK = "CHUNK[INT]"
_PART = re.compile(r"\s*(-?\d+)\s*(?:-\s*(-?\d+)\s*(?::\s*(-?\d+)\s*)?)?\Z")
_WORD = re.compile(r"\s*([A-Za-z_]\w*|[(),*])")

# Any: definitions as they stand in a template.
Definitions = Sequence[Mapping[str, Any]]


class Space(NamedTuple):
    """The tasks of a step.

    Attributes:
        frames: The values of the only parameter, when that is a number. They become the frame numbers.
        chunk: The most of them in one task.
        items: The values of several parameters, or of one that is not a number, by name.
    """

    frames: FrameSet | None = None
    chunk: int = 1
    items: tuple[dict[str, str], ...] = ()


def space_of(space: Mapping[str, Any], values: Mapping[str, str]) -> Space:
    """The tasks of a step.

    Args:
        space: ``parameterSpace`` as in a template.
        values: The values of the names in its format strings.

    Raises:
        OutlineException: A range is invalid, or the combination contains an unknown name.
    """
    definitions = space["taskParameterDefinitions"]
    if len(definitions) == 1 and definitions[0]["type"] in ("INT", CHUNK):
        (one,) = definitions
        count = resolve(str(one.get("chunks", {}).get("defaultTaskCount", 1)), values)
        if not count.isdecimal() or not int(count):
            raise OutlineException(
                f"task parameter {one['name']}: defaultTaskCount is {count!r}, which is not a number"
            )
        return Space(FrameSet(_texts(one, values)), int(count) if one["type"] == CHUNK else 1)
    ranges = {one["name"]: list(map(str, _texts(one, values))) for one in definitions}
    for name in [one["name"] for one in definitions if one["type"] == CHUNK]:
        ranges[name] = [f"{text}-{text}" for text in ranges[name]]
    return Space(items=tuple(combine(space.get("combination") or " * ".join(ranges), ranges)))


def _texts(definition: Mapping[str, Any], values: Mapping[str, str]) -> list[Any]:
    """The values of a task parameter: numbers, or texts."""
    given, is_number = definition["range"], definition["type"] in ("INT", CHUNK)
    if isinstance(given, str):
        if not is_number:
            raise OutlineException(f"task parameter {definition['name']}: {given!r} is not a list of values")
        return numbers_of(resolve(given, values))
    texts = [resolve(str(one), values) for one in given]
    try:
        return [int(text) for text in texts] if is_number else texts
    except ValueError:
        raise OutlineException(f"task parameter {definition['name']}: {given!r} are not numbers") from None


def numbers_of(text: str) -> list[int]:
    """The numbers of a range such as ``1-10,20-30:5``, in ascending order.

    Raises:
        OutlineException: The range is invalid.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.match(part)
        step = int(match[3] or 1) if match else 0
        if match is None or not step:
            raise OutlineException(f"{text!r} is not a range of numbers; write it like 1-10 or 1-9:2")
        first, last = int(match[1]), int(match[2] or match[1])
        found.update(range(first, last + (1 if step > 0 else -1), step))
    return sorted(found)


def combine(expression: str, ranges: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """The values of each task: ``A * B`` stands for all pairs, ``(A, B)`` for the first of both, the second, and so on.

    Raises:
        OutlineException: The expression is invalid, contains an unknown name, or pairs ranges of different lengths.
    """
    words = _WORD.findall(expression)
    if "".join(words) != re.sub(r"\s", "", expression):
        raise OutlineException(
            f"{expression!r} is not a valid combination of task parameters; write it like '(A, B) * C'"
        )
    tasks = _product(words, ranges, expression)
    if words:
        raise OutlineException(f"{expression!r} is not a valid combination of task parameters: unexpected {words[0]!r}")
    return iter(tasks)


Tasks = list[dict[str, str]]


def _product(words: list[str], ranges: Mapping[str, Sequence[str]], whole: str) -> Tasks:
    factors = [_factor(words, ranges, whole)]
    while words[:1] == ["*"]:
        words.pop(0)
        factors.append(_factor(words, ranges, whole))
    return [_joined(parts) for parts in itertools.product(*factors)]


def _factor(words: list[str], ranges: Mapping[str, Sequence[str]], whole: str) -> Tasks:
    word = words.pop(0) if words else ""
    if word != "(":
        if word not in ranges:
            raise OutlineException(f"{whole!r}: unknown task parameter {word!r}{known_names(word, list(ranges))}")
        return [{word: value} for value in ranges[word]]
    parts = [_product(words, ranges, whole)]
    while words[:1] == [","]:
        words.pop(0)
        parts.append(_product(words, ranges, whole))
    if words[:1] != [")"]:
        raise OutlineException(f"{whole!r} is not a valid combination of task parameters: a ) is missing")
    words.pop(0)
    if len({len(part) for part in parts}) > 1:
        raise OutlineException(
            f"{whole!r} pairs ranges of {' and '.join(str(len(part)) for part in parts)} values;"
            " give them the same length"
        )
    return [_joined(pair) for pair in zip(*parts, strict=True)]


def _joined(parts: Sequence[dict[str, str]]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.items()}
