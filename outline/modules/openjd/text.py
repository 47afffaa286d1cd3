# SPDX-License-Identifier: Apache-2.0
"""Format strings: texts with ``{{Param.Name}}`` in them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...exception import OutlineException, did_you_mean

__all__ = ["names_in", "resolve"]

_BRACES = r"\{\{(.*?)\}\}"
_NAME = r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\Z"


def resolve(text: str, values: Mapping[str, str]) -> str:
    """A format string with the values of its names.

    Raises:
        OutlineException: The string contains an unknown name.
    """

    def value(found: re.Match[str]) -> str:
        name = _name(found[1])
        if name not in values:
            raise OutlineException(f"{found[0]} has no value{did_you_mean(name, list(values))}")
        return values[name]

    return re.sub(_BRACES, value, text, flags=re.DOTALL)


def names_in(text: str) -> list[str]:
    """The names in a format string.

    Raises:
        OutlineException: The string contains an expression instead of a name.
    """
    return [_name(found) for found in re.findall(_BRACES, text, re.DOTALL)]


def _name(inner: str) -> str:
    match = re.match(_NAME, inner)
    if not match:
        raise OutlineException(
            f"{{{{{inner}}}}} is an expression; only names such as {{{{Param.Frames}}}} can be resolved"
        )
    return match[1]
