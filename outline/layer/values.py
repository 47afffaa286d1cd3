# SPDX-License-Identifier: Apache-2.0
"""What the standard arguments of a layer may be, and how the library keeps them.

What works with PyOutline works here, with a warning where it cannot be meant. What nobody could make sense of is an
error where the layer is made, and not in its frames or on the farm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..constants import LayerType
from ..exception import LayerException
from ..logs import get_logger
from ..resources import TRUTH, name_words

__all__ = ["check_declared", "environment", "layer_type", "read_value"]

logger = get_logger("outline.layer")

_MOST_GB = 16_384  # of memory; a larger number was meant in another unit


def read_value(name: str, value: Any, where: str) -> Any:
    """The value of an argument as the library keeps it; of one that is no standard argument, the value itself.

    Args:
        name: The argument.
        value: What the caller gave. None and an empty text stand for nothing.
        where: The layer, for messages.

    Raises:
        LayerException: The value means nothing.
    """
    read = _READ.get(name)
    if read is None or value is None or (isinstance(value, str) and not value):
        return value
    try:
        return read(value, f"{where}: {name}")
    except (TypeError, ValueError) as error:
        raise LayerException(f"{where}: {name} must be {error}, not {value!r}") from None


def check_declared(layer_class: type, args: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Check the values of arguments that a class declares as nothing but numbers, or as True and False.

    Texts that spell a number are fine, since the configuration and JSON have them.

    Args:
        args: The arguments.
        names: Those to look at.
        where: The layer, for messages.

    Raises:
        LayerException: One is something else.
    """
    kinds: dict[str, str] = {}
    for base in reversed(layer_class.__mro__):
        annotations = getattr(vars(base).get("declared_args"), "__annotations__", {})
        kinds.update({name: getattr(kind, "__forward_arg__", str(kind)) for name, kind in annotations.items()})
    for name in names:
        value, kind = args[name], set(kinds.get(name, "str").replace(" ", "").split("|"))
        if value is None or not kind <= {"int", "float", "bool", "None"}:
            continue
        if kind <= {"bool", "None"}:
            if isinstance(value, str):
                raise LayerException(f"{where}: {name} must be True or False, not {value!r}")
        elif not _is_number(value):
            raise LayerException(f"{where}: {name} must be a number, not {value!r}")


def _is_number(value: Any) -> bool:
    if isinstance(value, str) and ("%{" in value or "$" in value):
        return True  # once it is filled in, for its frame or by its host
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def layer_type(value: object, where: str) -> LayerType:
    """The type of a layer: ``Render``, ``Util`` or ``Post``.

    Raises:
        LayerException: There is no such type.
    """
    try:
        return LayerType(value)
    except ValueError:
        known = ", ".join(map(str, LayerType))
        raise LayerException(f"{where}: no type {value!r}; there are {known}") from None


def environment(value: Any, where: str = "") -> dict[str, str]:
    """Variables as texts; whoever reads arguments says for which layer, as for the others.

    Raises:
        ValueError: They are neither a dict nor pairs.
    """
    try:
        return {str(key): str(one) for key, one in dict(value or {}).items()}
    except (TypeError, ValueError):
        raise ValueError("a dict such as {'A': '1'}") from None


def _type(value: Any, where: str) -> LayerType:
    return layer_type(value, where.rpartition(":")[0])


def _names(value: Any, where: str) -> list[str]:
    return name_words(_texts(value, where))


def _texts(value: Any, where: str) -> Any:
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise ValueError("a name, or a list of names")
    return value


def _truth(value: Any, where: str) -> bool | None:
    if isinstance(value, str) and value.strip().lower() not in TRUTH:
        logger.warning("%s=%r is left out; give one of %s", where, value, ", ".join(TRUTH))
        return None
    return TRUTH[value.strip().lower()] if isinstance(value, str) else bool(value)


def _minutes(value: Any, where: str) -> Any:
    try:
        is_negative = float(str(value)) < 0
    except ValueError:
        return value  # the backend refuses it
    if is_negative:
        logger.warning("%s=%s is below 0 and sets no time limit", where, value)
        return None
    return value


def _chunk(value: Any, where: str) -> Any:
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        logger.warning("%s=%s is rounded down to %d", where, value, value)
        return int(value)
    return value


def _digest(value: Any, where: str) -> Any:
    if value not in (None, "content", "time"):
        raise ValueError("'content' or 'time'")
    return value


def _memory(value: Any, where: str) -> Any:
    if isinstance(value, (int, float)) and value > _MOST_GB:
        logger.warning("%s=%s is a number of GB; write kB as '%sk', and MB as '%sm'", where, value, value, value)
    return value


_READ: Mapping[str, Callable[[Any, str], Any]] = {
    "autoeat": _truth,
    "chunk": _chunk,
    "digest": _digest,
    "env": environment,
    "ignore_errors": _truth,
    "limits": _names,
    "memory": _memory,
    "tags": _texts,
    "timeout": _minutes,
    "timeout_llu": _minutes,
    "type": _type,
}
