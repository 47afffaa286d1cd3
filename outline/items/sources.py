# SPDX-License-Identifier: Apache-2.0
"""Where items come from."""

from __future__ import annotations

import fnmatch
import glob
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..exception import ItemException
from ..logs import get_logger
from ..storage import find_files, is_url, join
from .item import SCALARS, Item, Items, read_items
from .manifests import ROW_READERS, text_lines

__all__ = ["as_items", "files", "group", "is_group_of", "lines", "rows", "wedge"]

logger = get_logger("outline.items")

_PART = re.compile(r"\{([A-Za-z_]\w*)\}")
_DEEP = "_deep"
"""Begins the name of a ``**``, which may stand for no folder."""


def as_items(value: Any) -> Items:
    """Turn what users give as ``items=`` into a source: a source, a list, or a dict of values by key.

    Raises:
        ItemException: It is none of these.
    """
    if isinstance(value, Items):
        return value
    if isinstance(value, Mapping):
        return _Given(*((str(key), one) for key, one in value.items()))
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        value = list(value)
        keys = (str(one) if isinstance(one, SCALARS) else str(position) for position, one in enumerate(value, start=1))
        return _Given(*zip(keys, value, strict=True))
    raise ItemException(
        f"items={value!r} must be a source such as lines('seeds.txt'), a list, a dict or a layer that has items"
    )


def lines(path: str | os.PathLike[str]) -> Items:
    """One item per line of a text file; key and value are the line, without blanks around it.

    Blank lines and lines that begin with ``#`` are no items.
    """
    return _Lines(os.fspath(path))


def rows(path: str | os.PathLike[str], key: str = "") -> Items:
    """One item per row of a ``.csv``, ``.tsv``, ``.jsonl`` or ``.json`` file; the value is a dict.

    Args:
        path: The file, in UTF-8. A table begins with a row of column names; its values stay text. A ``.json`` file
            holds a list of objects, or an object of objects by key.
        key: The column whose value is the key; the first one when empty.

    Raises:
        ItemException: The name of the file does not end in one of these.
    """
    path = os.fspath(path)
    if os.path.splitext(path)[1].lower() not in ROW_READERS:
        raise ItemException(f"rows({path!r}): the name must end with {', '.join(ROW_READERS)}")
    return _Rows(path, key)


def files(pattern: str | os.PathLike[str], after: Any = None) -> Items:
    """One item per file that is there; the value is a dict of the named parts and ``path``.

    Args:
        pattern: A path with ``*``, ``?``, ``[…]`` and ``**`` as in a shell, and parts such as ``{shot}``, which match
            like a star and give the text a name. The key is the named parts joined by ``/``, without such parts what
            the wildcards matched. Files come in the order of their paths.
        after: The layer that makes the files, or its name. They are read when that layer is through, in the work
            folder of the job; the values then hold absolute paths.
    """
    name = getattr(after, "get_name", lambda: after)()
    return _Files(os.fspath(pattern), str(name or ""))


def group(items: Any, part: str) -> Items:
    """One item per value of a part of other items; its value holds that part and ``members``, the keys of the group."""
    return _Group(as_items(items), part)


def wedge(**axes: Sequence[Any]) -> Items:
    """All combinations of the values of some parameters.

    ``wedge(res=[64, 128], visc=[0.1])`` has the keys ``res64-visc0.1`` and ``res128-visc0.1``.

    Raises:
        ItemException: A parameter has no list of values.
    """
    for name, values in axes.items():
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable) or not list(values):
            raise ItemException(f"wedge({name}={values!r}) needs a list of values")
    if not axes:
        raise ItemException("wedge() needs parameters, such as wedge(res=[64, 128])")
    return _Wedge(*((name, tuple(values)) for name, values in axes.items()))


class _Source(Items):
    """A source that is described by a few values; no dataclass, whose import costs each frame 10 ms."""

    def __init__(self, *described: Any) -> None:
        self._described = described

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._described == self._described

    def __hash__(self) -> int:
        return hash((type(self), self._described))

    def __repr__(self) -> str:
        return str(self)


class _Given(_Source):
    """Items that stand in the outline itself: pairs of key and value."""

    is_given = True

    def __str__(self) -> str:
        return f"items={[value for _, value in self._described[:3]]!r}"

    def __hash__(self) -> int:  # values may be dicts
        return hash(tuple(key for key, _ in self._described))

    def read(self, folder: str) -> Iterator[Item]:
        for key, value in self._described:
            yield Item(key, value)


class _Lines(_Source):
    """Lines of a file, given by its path."""

    def __str__(self) -> str:
        return str(self._described[0])

    def read(self, folder: str) -> Iterator[Item]:
        (path,) = self._described
        for number, line in text_lines(join(folder, path), path):
            text = line.strip()
            if text and not text.startswith("#"):
                yield Item(text, text, f"{path}:{number}")


class _Rows(_Source):
    """Rows of a file, given by its path and the key column."""

    def __str__(self) -> str:
        return str(self._described[0])

    def read(self, folder: str) -> Iterator[Item]:
        path, key = self._described
        read = ROW_READERS[os.path.splitext(path)[1].lower()]
        for row, origin, given_key in read(join(folder, path), path):
            if given_key is not None and not key:
                yield Item(given_key, row, origin)
                continue
            column = key or next(iter(row), "")
            if column not in row:
                raise ItemException(f"{origin}: no column {column!r}; there are {', '.join(map(repr, row)) or 'none'}")
            if not isinstance(row[column], SCALARS) or row[column] == "":
                raise ItemException(f"{origin}: the key column {column!r} holds {row[column]!r}, which names nothing")
            yield Item(str(row[column]), row, origin)


class _Files(_Source):
    """Files that are there, given by a pattern and the name of the layer that makes them."""

    gives_files = True

    def __init__(self, pattern: str, after: str) -> None:
        super().__init__(pattern, after)
        self.after = after

    def __str__(self) -> str:
        return f"files({self._described[0]!r})"

    def read(self, folder: str) -> Iterator[Item]:
        pattern, after = self._described
        matcher, stars, names = _file_matcher(pattern)
        wanted = _PART.sub("*", pattern)
        found = find_files(wanted) if is_url(wanted) else _find_here(wanted, folder)
        for path in sorted(found):
            match = matcher.fullmatch(path)
            if match is None:
                continue
            parts = {name: match[name] for name in names}
            texts = {name: match[name].strip("/") for name in names or stars}
            key = "/".join(text for name, text in texts.items() if text or not name.startswith(_DEEP)) or path
            origin = path if path.isprintable() else repr(path)
            yield Item(key, {**parts, "path": join(folder, path) if after else path}, origin)


class _Group(_Source):
    """Items put together by a part of their values."""

    def __init__(self, items: Items, part: str) -> None:
        super().__init__(items, part)
        self.after = items.after
        self.groups = items

    def __str__(self) -> str:
        return f"group({self._described[0]}, {self._described[1]!r})"

    def read(self, folder: str) -> Iterator[Item]:
        yield from self.put_together(read_items(self._described[0], folder))

    def put_together(self, items: Iterable[Item]) -> Iterator[Item]:
        _, part = self._described
        members: dict[str, list[str]] = {}
        for item in items:
            if not isinstance(item.value, Mapping) or part not in item.value:
                has = ", ".join(map(repr, item.value)) if isinstance(item.value, Mapping) else "no parts"
                raise ItemException(f"{self}: the item {item.key!r} has no part {part!r}; it has {has}")
            members.setdefault(str(item.value[part]), []).append(item.key)
        for key, keys in members.items():
            yield Item(key, {part: key, "members": keys})


def is_group_of(source: Items, items: Items) -> bool:
    """Tell whether a source puts the items of another one together."""
    return source.groups is not None and source.groups == items


class _Wedge(_Source):
    """All combinations of parameters, given by pairs of a name and its values."""

    is_given = True

    def __hash__(self) -> int:  # values may be lists and dicts
        return hash(tuple(name for name, _ in self._described))

    def __str__(self) -> str:
        return f"wedge({', '.join(name for name, _ in self._described)})"

    def read(self, folder: str) -> Iterator[Item]:
        names = [name for name, _ in self._described]
        for values in itertools.product(*(values for _, values in self._described)):
            key = "-".join(f"{name}{value}" for name, value in zip(names, values, strict=True))
            yield Item(key, dict(zip(names, values, strict=True)))


def _find_here(pattern: str, folder: str) -> Iterable[str]:
    """The files that match a pattern. Folders of others that cannot be read are told, and have no files.

    Raises:
        ItemException: A folder that the pattern names cannot be read, so all of its files would seem to be gone.
    """
    found: dict[str, None] = {}  # two ** may lead to one file
    told: set[str] = set()

    def may(place: str, needed: int, is_named: bool) -> bool:
        path = os.path.join(folder, place)
        if not place or os.access(path, needed) or not os.path.isdir(path):
            return True
        if is_named:
            raise ItemException(f"files({pattern!r}): the folder {place} cannot be read")
        if place not in told:
            text = "files(%r): the folder %s cannot be read, so what is in it is no item"
            logger.warning(text, pattern, place)
        told.add(place)
        return False

    def look(place: str, parts: list[str], is_named: bool, entries: list[tuple[str, bool]] | None = None) -> None:
        """Find the files in a place that match parts of the pattern; ``is_named`` when no wildcard has led there."""
        part, *rest = parts
        if not glob.has_magic(part):
            path = os.path.join(folder, place, part)
            if rest and may(place, os.X_OK, is_named):
                look(f"{place}{part}/", rest, is_named)
            elif may(place, os.X_OK, is_named) and os.path.lexists(path) and not os.path.isdir(path):
                found[place + part] = None
            return
        if entries is None:
            is_open = may(place, os.R_OK | os.X_OK, is_named)
            entries = _entries(os.path.join(folder, place)) if is_open else []
        if part == "**" and rest:
            look(place, rest, is_named, entries)
        for name, is_folder in entries:
            if (name[0] == "." and part[0] != ".") or (part != "**" and not fnmatch.fnmatchcase(name, part)):
                continue
            following = parts if part == "**" else rest
            if is_folder and following:
                look(f"{place}{name}/", following, False)
            elif not is_folder and not rest:
                found[place + name] = None

    look("", pattern.split("/"), True)
    return found


def _entries(folder: str) -> list[tuple[str, bool]]:
    """The names in a folder, each with whether it is a folder; none where there is no such folder."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            return [(one.name, os.path.isdir(one) if one.is_symlink() else one.is_dir()) for one in entries]
    except OSError:
        return []


def _file_matcher(pattern: str) -> tuple[re.Pattern[str], list[str], list[str]]:
    """Compile a pattern of ``files``; returns it with the names of its wildcards and of its parts."""
    stars: list[str] = []
    names: list[str] = []
    text = ""
    for piece in re.findall(r"\{[A-Za-z_]\w*\}|\*\*/|\*\*|\*|\?|\[!?[^/]+?\]|.", pattern, re.DOTALL):
        part = _PART.fullmatch(piece)
        if part is not None and part[1] in names:
            text += f"(?P={part[1]})"
        elif part is not None:
            names.append(part[1])
            text += f"(?P<{part[1]}>[^/]+)"
        elif piece[0] in "*?" or len(piece) > 1:
            stars.append(f"{_DEEP if piece[:2] == '**' else '_star'}{len(stars)}")
            text += f"(?P<{stars[-1]}>{_wildcard(piece)})"
        else:
            text += re.escape(piece)
    return re.compile(text, re.DOTALL), stars, names


def _wildcard(piece: str) -> str:
    if piece == "**/":
        return "(?:[^/]+/)*"
    if piece == "**":
        return ".*"
    if piece[0] == "[":
        body = piece[1:-1].replace("\\", "\\\\")
        return f"[{'^' + body[1:] if body[0] == '!' else body.replace('^', chr(92) + '^')}]"
    return "[^/]*" if piece == "*" else "[^/]"
