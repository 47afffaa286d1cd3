# SPDX-License-Identifier: Apache-2.0
"""Plain data as YAML and back, without running any code.

Besides YAML's own types (text, numbers, booleans, None, bytes, dates, lists, dicts, sets) there are tags for tuples,
frozen sets, ordered dicts, frame sets, paths, loggers, text that is not Unicode and, inside an outline, references to
its layers. The loader refuses every other tag.
"""

from __future__ import annotations

import datetime
import os
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from enum import Enum
from io import StringIO
from typing import TYPE_CHECKING, Any

import yaml

from ..constants import LayerType
from ..exception import SerializeException
from ..frames import FrameSet
from .references import LayerRef, OutlineRef, SessionRef

if TYPE_CHECKING:
    import logging
    import pathlib

    from .outline_data import Writer

    _BaseDumper = yaml.SafeDumper
    _BaseLoader = yaml.SafeLoader
else:  # libyaml when it is there: ten times faster
    _BaseDumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    _BaseLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

__all__ = ["Dumper", "Loader", "dump", "find_logger", "find_unsaveable", "load", "load_file", "make_file"]


class Dumper(_BaseDumper):
    """Writes plain data. Inside an outline, writes layers as references."""

    writer: Writer | None = None

    def ignore_aliases(self, data: Any) -> bool:
        """Repeat short values instead of using aliases."""
        return bool(super().ignore_aliases(data)) or isinstance(data, (FrameSet, Enum))


class Loader(_BaseLoader):
    """Reads plain data. Refuses everything else, and data that would take excessive time or memory."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.__hash_costs: dict[int, int] = {}

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse merged mappings: the library writes none, and nested ones grow exponentially."""
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise yaml.constructor.ConstructorError(None, None, "found <<, which is not plain data", node.start_mark)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> Any:
        """Read a number of at most a few thousand digits. The time for more grows with their square."""
        if len(node.value) > _MOST_DIGITS:
            raise yaml.constructor.ConstructorError(None, None, "found a number that is too long", node.start_mark)
        return super().construct_yaml_int(node)

    def hashable(self, made: Any) -> Any:
        """A tuple or frozen set, unless its hash takes excessive time, because Python does not cache a tuple's hash.

        A tuple that contains the same tuple twice, and so on, doubles the time with every level.
        """
        cost = 1 + sum(self.__hash_costs.get(id(value), 1) for value in made)
        if cost > _MOST_HASHED:
            raise yaml.constructor.ConstructorError(None, None, "found tuples that are nested too deeply", None)
        self.__hash_costs[id(made)] = cost
        return made


_MOST_DIGITS = 4000
_MOST_HASHED = 1_000_000
_LONGEST_LOGGER = 500


# Any: the values are the user's.
def dump(data: Any, what: str, writer: Writer | None = None) -> str:
    """Data as YAML text.

    Args:
        data: The value.
        what: What the value is, for the message.
        writer: Knows the outline of the layers in the data.

    Raises:
        SerializeException: Some part is not plain data. Names the part and its type.
    """
    stream = StringIO()
    dumper = Dumper(stream, allow_unicode=True, sort_keys=False, default_flow_style=False, width=120)
    dumper.writer = writer
    try:
        dumper.open()
        dumper.represent(data)
        dumper.close()
    except (yaml.YAMLError, RecursionError) as error:
        is_reference = writer.is_reference if writer is not None else _is_no_reference
        part, kind = find_unsaveable(data, is_reference) or ("", str(error))
        raise SerializeException(f"{what}{part} cannot be saved, it is {kind}") from error
    return stream.getvalue()


def load(text: str, where: str) -> Any:
    """The data of YAML text.

    Args:
        text: The text.
        where: The file, for the message.

    Raises:
        SerializeException: The text is not YAML, or contains something other than plain data.
    """
    try:
        return yaml.load(text, Loader=Loader)
    except (yaml.YAMLError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise SerializeException(f"{where}: refused, it does not hold plain data: {reason}") from error


def load_file(path: str) -> Any:
    """The data of a YAML file.

    Raises:
        OSError: The file cannot be read.
        UnicodeDecodeError: It is not text.
        SerializeException: As for ``load``.
    """
    with open(path, encoding="utf-8") as stream:
        return load(stream.read(), path)


_PLAIN = {str, int, float, bool, bytes, type(None), FrameSet, LayerType, datetime.date, datetime.datetime}


def find_unsaveable(data: Any, is_reference: Callable[[Any], bool]) -> tuple[str, str] | None:
    """The place and the type of the first value that is not plain, or None.

    Args:
        data: The value.
        is_reference: Returns whether a value is part of the outline and is saved as a reference.
    """
    return _find_unsaveable(data, "", {}, is_reference)


def _find_unsaveable(
    data: Any, part: str, seen: dict[int, bool], is_reference: Callable[[Any], bool]
) -> tuple[str, str] | None:
    """Search a value. ``seen`` maps the ids of containers to whether the search through them is complete."""
    if not isinstance(data, (dict, list, tuple, set, frozenset)):
        is_text = isinstance(data, str) and not isinstance(data, Enum)
        is_plain = is_text or type(data) in _PLAIN or isinstance(data, os.PathLike) or _is_logger(data)
        if is_plain or is_reference(data) or _is_path(data):
            return None
        return part, f"a {_type_path(type(data))}{_plain_instead(data)}"
    if type(data) not in _CONTAINERS:
        return part, f"a {_type_path(type(data))}"
    if id(data) in seen:
        is_inside_itself = isinstance(data, tuple) and not seen[id(data)]
        return (part, "a value that contains itself") if is_inside_itself else None
    seen[id(data)] = False
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        bad = _find_unsaveable(value, f"{part}[{key!r}]", seen, is_reference)
        if bad is None and isinstance(data, dict):
            bad = _find_unsaveable(key, f"{part} key {key!r}", seen, is_reference)
        if bad is not None:
            return bad
    seen[id(data)] = True
    return None


def _is_path(data: Any) -> bool:
    from ..io import Path  # few outlines have one

    return isinstance(data, Path)


def _plain_instead(data: Any) -> str:
    """How to make a value plain, for the message. Empty when there is no way."""
    if isinstance(data, Enum):
        return " (its .value may be plain)" if find_unsaveable(data.value, _is_no_reference) is None else ""
    kind = next((cls.__name__ for cls in (int, float, bytes) if isinstance(data, cls)), "")
    return f" ({kind}() makes it plain)" if kind else ""


_CONTAINERS = {dict, list, tuple, set, frozenset, OrderedDict}


def _is_no_reference(data: Any) -> bool:
    return False


def _type_path(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _is_logger(data: Any) -> bool:
    """Tell whether it is a logger. There is none where nobody has imported ``logging``, which slows down each fork."""
    logging = sys.modules.get("logging")
    return logging is not None and isinstance(data, logging.Logger)


def _represent_other(dumper: Dumper, data: Any) -> yaml.Node:
    from ..io import Path

    if isinstance(data, Path):
        tag = {"FileSpec": "!filespec", "Output": "!filespec", "Image": "!image"}.get(type(data).__name__, "!path")
        return dumper.represent_mapping(tag, {"path": data.get_path(), **data.get_attributes()}, flow_style=True)
    if _is_logger(data):
        return dumper.represent_scalar("!logger", data.name)
    if isinstance(data, os.PathLike):  # a pathlib path
        kind = type(data).__name__ if type(data).__name__.startswith("Pure") else ""
        return _represent_file(dumper, os.fspath(data), kind)
    if dumper.writer is not None and dumper.writer.is_reference(data):
        return dumper.writer.represent_reference(dumper, data)
    raise yaml.representer.RepresenterError("cannot represent an object", data)


_SURROGATE = "[\ud800-\udfff]"


def _represent_str(dumper: Dumper, data: Any) -> yaml.Node:
    """Write text. Escapes the surrogates of file names that are not UTF-8, because YAML does not allow them."""
    if isinstance(data, Enum) and type(data) is not LayerType:
        raise yaml.representer.RepresenterError("cannot represent an object", data)
    text = str(data)
    if text.isascii() or not re.search(_SURROGATE, text):
        return dumper.represent_str(text)
    return dumper.represent_scalar("!escaped", text.encode("unicode_escape").decode("ascii"))


def _represent_file(dumper: Dumper, path: Any, kind: str) -> yaml.Node:
    if kind or (isinstance(path, str) and re.search(_SURROGATE, path)):
        return dumper.represent_mapping("!file", {"path": path, **({"kind": kind} if kind else {})}, flow_style=True)
    return dumper.represent_scalar("!file", path)


Dumper.add_representer(str, _represent_str)
Dumper.add_representer(tuple, lambda dumper, data: dumper.represent_sequence("!tuple", data, flow_style=True))
Dumper.add_representer(OrderedDict, lambda dumper, data: dumper.represent_mapping("!ordered", data.items()))
Dumper.add_representer(frozenset, lambda dumper, data: dumper.represent_sequence("!frozenset", data, flow_style=True))
Dumper.add_representer(FrameSet, lambda dumper, data: dumper.represent_scalar("!frames", str(data)))
Dumper.add_multi_representer(str, _represent_str)
Dumper.add_multi_representer(object, _represent_other)


def _construct_path(loader: Any, node: yaml.Node) -> Any:
    from .. import io

    data = loader.construct_mapping(node, deep=True)
    cls = {"!filespec": io.FileSpec, "!image": io.Image}.get(node.tag, io.Path)
    path = data.pop("path")
    return cls(path, **data)


def _construct_old_filespec(loader: Any, node: yaml.Node) -> Any:
    from .. import io

    path, attributes = yaml.load(loader.construct_scalar(node), Loader=Loader)
    return io.FileSpec(path, **attributes)


def _hashable(kind: type) -> Callable[[Any, Any], Any]:
    return lambda loader, node: loader.hashable(kind(loader.construct_sequence(node, deep=True)))


def _construct_ordered(loader: Any, node: yaml.Node) -> Iterator[OrderedDict[Any, Any]]:
    made: OrderedDict[Any, Any] = OrderedDict()
    yield made  # known from here on, so that what it holds may point back to it
    made.update(loader.construct_mapping(node))


def _construct_file(loader: Any, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return make_file("Path", loader.construct_scalar(node))
    data = loader.construct_mapping(node)
    return make_file(data.get("kind", "Path"), data["path"])


def make_file(kind: str, *parts: str) -> pathlib.PurePath:
    """A ``pathlib`` path of a kind. A kind that this system cannot instantiate becomes a pure path.

    Raises:
        KeyError: There is no such kind.
    """
    import pathlib  # slow to import, and few outlines hold such a path

    names = ("PurePath", "PurePosixPath", "PureWindowsPath", "Path", "PosixPath", "WindowsPath")
    kinds: dict[str, type[pathlib.PurePath]] = {name: getattr(pathlib, name) for name in names}
    foreign = "PosixPath" if os.name == "nt" else "WindowsPath"
    return kinds[f"Pure{kind}" if kind == foreign else kind](*parts)


def find_logger(name: str) -> logging.Logger:
    """The logger with a name. Refuses a very long name, because Python keeps one more logger for each dot in it."""
    import logging

    if len(name) > _LONGEST_LOGGER:
        raise ValueError(f"the name of a logger is {len(name)} characters long")
    return logging.getLogger(name)


def _constructor(make: Callable[[str], Any]) -> Callable[[Any, Any], Any]:
    return lambda loader, node: make(loader.construct_scalar(node))


Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)
Loader.add_constructor("!tuple", _hashable(tuple))
Loader.add_constructor("tag:yaml.org,2002:python/tuple", _hashable(tuple))  # PyOutline's data files
Loader.add_constructor("!frozenset", _hashable(frozenset))
Loader.add_constructor("!ordered", _construct_ordered)
Loader.add_constructor("!frames", _constructor(FrameSet))
Loader.add_constructor("!file", _construct_file)
Loader.add_constructor("!escaped", _constructor(lambda text: text.encode("ascii").decode("unicode_escape")))
Loader.add_constructor("!logger", _constructor(find_logger))
Loader.add_constructor("!layer", _constructor(LayerRef))
Loader.add_constructor("!outline", _constructor(lambda _: OutlineRef()))
Loader.add_constructor("!session", _constructor(lambda _: SessionRef()))
Loader.add_constructor("!path", _construct_path)
Loader.add_constructor("!filespec", _construct_path)
Loader.add_constructor("!image", _construct_path)
Loader.add_constructor("!FileSpec", _construct_old_filespec)
