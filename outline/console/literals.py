# SPDX-License-Identifier: Apache-2.0
"""Finds plain text that every match of a regular expression contains."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["required_texts"]


def required_texts(pattern: str) -> tuple[str, ...]:
    """Texts of which every match contains at least one. Empty when the expression guarantees none.

    Finding a text is about ten times faster than searching for an expression that does not begin with one. The texts
    are in lower case when the expression ignores case.

    Raises:
        re.error: The expression is invalid.
    """
    parser = _parser()
    if parser is None:
        re.compile(pattern)
        return ()
    parsed = parser.parse(pattern)
    texts = _of_sequence(parsed)
    return tuple(text.lower() for text in texts) if parsed.state.flags & re.IGNORECASE else texts


def _parser() -> Any:  # Any: the parser of re has no types
    """The standard library's own regular expression parser. None when it is missing.

    It has no public name, and a second parser of Python's expressions would be a second opinion about them. Without it
    the result is the same, and slower.
    """
    import importlib

    for name in ("re._parser", "sre_parse"):  # the second in Python 3.10
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _of_sequence(sequence: Any) -> tuple[str, ...]:
    """The texts of the part that filters best: the one whose shortest text is the longest."""
    found: list[tuple[str, ...]] = []
    run = ""
    for code, value in [*sequence, (None, None)]:
        if str(code) == "LITERAL":
            run += chr(value)
            continue
        if run:
            found.append((run,))
            run = ""
        found.append(_of_part(str(code), value))
    return max((texts for texts in found if texts), key=lambda texts: min(map(len, texts)), default=())


def _of_part(code: str, value: Any) -> tuple[str, ...]:
    if code == "SUBPATTERN":
        _, added, _, inner = value
        return () if added & re.IGNORECASE else _of_sequence(inner)
    if code in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, _, inner = value
        return _of_sequence(inner) if least else ()
    if code == "ATOMIC_GROUP":
        return _of_sequence(value)
    if code == "BRANCH":
        branches = [_of_sequence(branch) for branch in value[1]]
        return tuple(text for branch in branches for text in branch) if all(branches) else ()
    return ()
