# SPDX-License-Identifier: Apache-2.0
"""The YAML text of what most outlines hold, written and read without PyYAML, whose import takes 10 ms.

It is the text that PyYAML makes of such data, to the byte. All other data, and all other text, is left to PyYAML; see
docs/decisions/0040.
"""

from __future__ import annotations

from typing import Any

__all__ = ["read_plain_text", "write_plain_text"]

_WIDTH = 118  # a space after it may break a line
_LONGEST_KEY = 100  # bytes of UTF-8
_LAST_LETTER = "\uffff"  # libyaml escapes those after it
_CONSTANTS = {"null": None, "true": True, "false": False}
_WORDS = ("yes", "no", "true", "false", "on", "off", "null")
_NOT_TEXT = {"", "~", "<<", "=", *_WORDS, *map(str.upper, _WORDS), *map(str.capitalize, _WORDS)}
_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")


class _NotKnown(Exception):
    """A value or a text that is for PyYAML."""


# Any: the values are the user's.
def write_plain_text(data: dict[str, Any]) -> str | None:
    """The text of dicts, lists, numbers, booleans, None, and texts of one line. None for all other data."""
    try:
        lines = _lines(data, set())
    except (_NotKnown, RecursionError):
        return None
    if any(line.rfind(" ") >= _WIDTH for line in lines):
        return None
    return "\n".join([*lines, ""])


def read_plain_text(text: str) -> Any:
    """The data of a text that ``write_plain_text`` has written. None for all other text.

    Whatever is read is written again and compared, so that nothing can be read in another way than PyYAML reads it.
    """
    try:
        data = _Reader(text).block(0)
    except (_NotKnown, IndexError, TypeError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and write_plain_text(data) == text else None


def _lines(value: Any, seen: set[int]) -> list[str]:
    if type(value) not in (dict, list):
        return [_scalar(value)]
    if id(value) in seen:  # PyYAML writes an alias
        raise _NotKnown
    seen.add(id(value))
    if not value:
        return ["{}" if type(value) is dict else "[]"]
    lines: list[str] = []
    if type(value) is list:
        for one in value:
            head, *rest = _lines(one, seen)
            lines += [f"- {head}", *(f"  {line}" for line in rest)]
        return lines
    if not all(0 < len(str(key).encode(errors="replace")) < _LONGEST_KEY for key in value):
        raise _NotKnown  # PyYAML writes it as a complex key, one way or another
    for key, one in value.items():
        inner = _lines(one, seen)
        if one and type(one) in (dict, list):
            indent = "  " if type(one) is dict else ""
            lines += [f"{_scalar(key)}:", *(indent + line for line in inner)]
        else:
            lines.append(f"{_scalar(key)}: {inner[0]}")
    return lines


def _scalar(value: Any) -> str:
    if type(value) is str:
        return _quoted(value)
    if value is None or type(value) is bool:
        return {None: "null", True: "true", False: "false"}[value]
    if type(value) is int or (type(value) is float and _is_decimal(str(abs(value)))):
        return str(value)
    raise _NotKnown


def _quoted(text: str) -> str:
    """A text, in quotes when YAML would take it for something else without."""
    if not text.isprintable() or text != text.strip() or "  " in text or max(text, default="") > _LAST_LETTER:
        raise _NotKnown
    if text[:1] in ("?", ":") or text.startswith(("---", "...")):
        raise _NotKnown
    is_number = _is_digits(text) or _is_decimal(text)
    if text[:1] in tuple("+-.0123456789") and not (is_number or _is_option(text) or _is_range(text)):
        raise _NotKnown  # perhaps a number or a date
    if _is_digits(text) and text[0] == "0" != text:
        raise _NotKnown  # perhaps an octal number
    if text in _NOT_TEXT or is_number or text[0] in _INDICATORS or text[-1] == ":":
        return _in_quotes(text)
    return _in_quotes(text) if ": " in text or " #" in text else text


def _in_quotes(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def _is_option(text: str) -> bool:
    return text.lstrip("-")[:1].isalpha()


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_decimal(text: str) -> bool:
    first, _, last = text.partition(".")
    return _is_digits(first) and _is_digits(last)


def _is_range(text: str) -> bool:
    first, _, last = text.partition("-")
    return _is_digits(first) and _is_digits(last.replace("x", "", 1))


class _Reader:
    """Reads lines from the first to the last. It need not refuse anything, since the result is written and compared."""

    def __init__(self, text: str) -> None:
        self.__lines = text.split("\n")
        self.__at = 0

    def block(self, indent: int) -> Any:
        """The value that begins in the line at hand, whose own text begins at the column ``indent``."""
        if self.__starts(indent, "- "):
            return self.__list(indent)
        key, sep, _ = _split(self.__rest(indent))
        if sep:
            return self.__dict(indent)
        self.__at += 1
        return _value(key)

    def __rest(self, indent: int) -> str:
        return self.__lines[self.__at][indent:]

    def __starts(self, indent: int, mark: str = "") -> bool:
        line = self.__lines[self.__at]
        return line.startswith(" " * indent + mark) and line[indent : indent + 1] not in ("", " ")

    def __list(self, indent: int) -> list[Any]:
        found = []
        while self.__starts(indent, "- "):
            self.__lines[self.__at] = " " * (indent + 2) + self.__rest(indent + 2)
            found.append(self.block(indent + 2))
        return found

    def __dict(self, indent: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while self.__starts(indent) and not self.__starts(indent, "- "):
            key, _, value = _split(self.__rest(indent))
            self.__at += 1
            if value:
                found[_value(key)] = _value(value)
            else:
                found[_value(key)] = self.block(indent if self.__starts(indent, "- ") else indent + 2)
        return found


def _split(text: str) -> tuple[str, str, str]:
    """Key, colon and value of a line; the second is empty for a value alone."""
    end = 0
    while text[end : end + 1] == "'":  # also a doubled quote within
        end = text.index("'", end + 1) + 1
    at = f"{text} ".find(": ", end)
    return (text, "", "") if at < 0 else (text[:at], ":", text[at + 2 :])


def _value(text: str) -> Any:
    if text[:1] == "'":
        return text[1:-1].replace("''", "'")
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text in ("{}", "[]"):
        return {} if text == "{}" else []
    if _is_decimal(text.lstrip("-")):
        return float(text)
    return int(text) if _is_digits(text.lstrip("-")) else text
