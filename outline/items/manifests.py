# SPDX-License-Identifier: Apache-2.0
"""Files that list items: line by line, as tables, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ..exception import ItemException
from ..storage import open_file

__all__ = ["ROW_READERS", "text_lines"]

_Row = tuple[dict[str, Any], str, str | None]
"""A row, where it stands, and its key when the file itself gives one."""


def text_lines(path: str, shown: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line of a file in UTF-8, with or without a byte order mark."""
    number = 0
    try:
        with open_file(path) as stream:
            for number, line in enumerate(stream, start=1):
                if b"\0" in line:
                    raise ItemException(f"{shown}:{number}: has a NUL character, as no text has")
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise ItemException(f"{shown}:{number}: not UTF-8 (byte 0x{error.object[error.start]:02x})") from error
    except OSError as error:
        raise ItemException(f"cannot read {shown}: {error.strerror}") from error


def _table_rows(path: str, shown: str, delimiter: str) -> Iterator[_Row]:
    import csv

    reader = csv.reader((line for _, line in text_lines(path, shown)), delimiter=delimiter, strict=True)
    try:
        names = next(filter(None, reader), None)
        if names is None:
            raise ItemException(f"{shown} is empty; its first row must name the columns")
        if len(set(names)) < len(names) or "" in names:
            origin = f"{shown}:{reader.line_num}"
            raise ItemException(f"{origin}: the columns need different names; they are {names}")
        for row in reader:
            if not row:
                continue
            origin = f"{shown}:{reader.line_num}"
            if len(row) != len(names):
                values = "1 value" if len(row) == 1 else f"{len(row)} values"
                raise ItemException(f"{origin}: {values} for {len(names)} columns ({', '.join(names)})")
            yield dict(zip(names, row, strict=True)), origin, None
    except csv.Error as error:
        raise ItemException(f"{shown}:{reader.line_num}: {error}") from error


def _jsonl_rows(path: str, shown: str) -> Iterator[_Row]:
    for number, line in text_lines(path, shown):
        if line.strip():
            origin = f"{shown}:{number}"
            yield _as_row(_json(line.strip(), shown, number), origin), origin, None


def _json_rows(path: str, shown: str) -> Iterator[_Row]:
    text = "".join(line for _, line in text_lines(path, shown))
    if not text.strip():
        raise ItemException(f"{shown} is empty; it must hold a list of objects, or objects by key")
    data = _json(text, shown, 1)
    if isinstance(data, dict):
        for key, row in data.items():
            yield _as_row(row, f"{shown}: {key!r}"), f"{shown}: {key!r}", key
    elif isinstance(data, list):
        for position, row in enumerate(data, start=1):
            yield _as_row(row, f"{shown}: row {position}"), f"{shown}: row {position}", None
    else:
        raise ItemException(f"{shown} must hold a list of objects, or objects by key, not {type(data).__name__}")


def _json(text: str, shown: str, first_line: int) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise ItemException(f"{shown}:{first_line + error.lineno - 1}: no JSON: {error.msg}") from error
    except _TwoOfOneName as error:
        raise ItemException(f"{shown}:{first_line}: an object has two values named {error}") from None
    except RecursionError:
        raise ItemException(f"{shown}:{first_line}: JSON nested too deeply") from None


class _TwoOfOneName(ValueError):
    """An object has two values of one name, of which JSON readers drop the first."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwoOfOneName(repr(next(name for name in names if names.count(name) > 1)))
    return found


def _as_row(value: Any, origin: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ItemException(f"{origin}: each row must be an object, not {value!r:.60}")
    return value


ROW_READERS: dict[str, Callable[[str, str], Iterator[_Row]]] = {
    ".csv": partial(_table_rows, delimiter=","),
    ".tsv": partial(_table_rows, delimiter="\t"),
    ".jsonl": _jsonl_rows,
    ".json": _json_rows,
}
