# SPDX-License-Identifier: Apache-2.0
"""Arguments of layers as words of a command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["flags", "words_of"]


def words_of(value: Any) -> list[str]:  # Any: an argument as a user has written it
    """Return an argument that is one thing or several as a list of words; empty when it was not given."""
    if value is None or value == "":
        return []
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return [str(value)]
    return [str(one) for one in value]


def flags(*pairs: tuple[str, Any]) -> list[str]:
    """Return pairs of a flag and its value as words; pairs without a value are left out."""
    return [word for flag, value in pairs if value is not None and value != "" for word in (flag, str(value))]
