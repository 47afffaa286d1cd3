# SPDX-License-Identifier: Apache-2.0
"""Plain data as Python text that people read and change."""

from __future__ import annotations

from typing import Any

__all__ = ["literal"]

_INDENT = "    "
_WIDTH = 100


def literal(value: Any, level: int = 0) -> str:
    """A value as Python text: short ones in a line, long ones in lines of their own, texts of several lines as such.

    Args:
        value: Texts, numbers, None, and lists and dicts of these.
        level: How deep the line is indented that it stands in.
    """
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, (list, dict)):
        return repr(value)
    inner, outer = _INDENT * (level + 1), _INDENT * level
    if isinstance(value, dict):
        begin, end = "{", "}"
        parts = [f"{_line(str(key))}: {literal(one, level + 1)}" for key, one in value.items()]
    else:
        begin, end = "[", "]"
        parts = [literal(one, level + 1) for one in value]
    short = f"{begin}{', '.join(parts)}{end}"
    if len(short) + len(outer) <= _WIDTH and "\n" not in short:
        return short
    return f"{begin}\n{''.join(f'{inner}{part},{chr(10)}' for part in parts)}{outer}{end}"


def _line(text: str) -> str:
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in text and "\\'" not in shown else shown


def _text(value: str) -> str:
    if "\n" not in value or not all(one.isprintable() or one in "\n\t" for one in value):
        return _line(value)
    lines = value.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').replace("\t", "\\t")
    return f'"""\\\n{lines}\\\n"""' if value.endswith('"') else f'"""\\\n{lines}"""'
