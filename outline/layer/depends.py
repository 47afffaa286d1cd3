# SPDX-License-Identifier: Apache-2.0
"""Which layers a layer waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..constants import OUTLINE_MODE_INIT
from ..depend import Depend, DependType, parse_depend_type, parse_require_str
from ..exception import LayerException, LayerNotFound
from ..logs import get_logger
from .args import reported, where
from .state import SLOT, state_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = ["all_before", "depend", "dependents", "resolve"]

logger = get_logger("outline.layer")


def depend(layer: Layer, on_layer: Any, depend_type: str, propigate: bool, any_frame: bool) -> None:
    """Let a layer wait for another one, or for a name until its outline knows a layer of that name.

    Arguments and errors are those of ``Layer.depend_on``.
    """
    depend_type = _read(parse_depend_type, depend_type, layer)
    found = on_layer if _is_layer(on_layer) else _find(layer, str(on_layer))
    if found is None:
        state_of(layer).by_name.append((str(on_layer), depend_type, propigate, any_frame))
        return
    if any_frame or depend_type == DependType.LayerOnAny:
        depend_type, any_frame = DependType.LayerOnLayer, True
    if found is layer and depend_type != DependType.PreviousFrame:
        logger.info("layer %s: a dependency on itself is left out", layer.get_name())
        return
    new = Depend(layer, found, depend_type, propigate, any_frame)
    depends = state_of(layer).depends
    if any(_is_same(new, one) for one in depends):
        return
    depends.append(new)
    _follow_preprocesses(layer, found, any_frame)
    _propagate(layer, found)


def resolve(layer: Layer) -> None:
    """Turn the argument ``require``, and dependencies on names, into dependencies on layers.

    Raises:
        LayerNotFound: The outline has no layer of a name; names the layer that asked and the script line.
        LayerException: A dependency cannot be read.
    """
    state = state_of(layer)
    waiting, state.by_name = state.by_name, []
    for name, depend_type, propigate, any_frame in waiting:
        with reported(layer):
            layer.depend_on(_named(layer, name), depend_type, propigate, any_frame)
    for require in _as_list(layer.get_arg("require")):
        with reported(layer):
            _require(layer, require)


def dependents(layer: Layer) -> list[Depend]:
    """The dependencies of other layers of the outline on a layer."""
    ol = layer.get_outline()
    depends = [one for other in ol.get_layers() for one in other.get_depends()] if ol else []
    return [one for one in depends if one.get_depend_on_layer() is layer]


def _require(layer: Layer, require: Any) -> None:
    if _is_layer(require):
        layer.depend_on(require)
        return
    name, depend_type = _read(parse_require_str, require, layer)
    layer.depend_on(_named(layer, name), depend_type)


def _read(read: Callable[[Any], Any], value: Any, layer: Layer) -> Any:
    try:
        return read(value)
    except LayerException as error:
        raise LayerException(f"{where(layer)}: {error}") from error


def _is_layer(value: Any) -> bool:
    return hasattr(value, SLOT)


def _find(layer: Layer, name: str) -> Layer | None:
    ol = layer.get_outline()
    if ol is None or (ol.get_mode() == OUTLINE_MODE_INIT and not ol.is_layer(name)):
        return None
    return _named(layer, name)


def _named(layer: Layer, name: str) -> Layer:
    ol = layer.get_outline()
    if ol is None:
        raise LayerException(f"{where(layer)}: cannot wait for {name!r} before it is part of an outline")
    if not ol.is_layer(name):
        raise LayerNotFound(name, [one.get_name() for one in ol.get_layers()], where(layer))
    return ol.get_layer(name)


def _is_same(one: Depend, other: Depend) -> bool:
    return (
        one.get_depend_on_layer() is other.get_depend_on_layer()
        and one.get_type() == other.get_type()
        and one.is_any_frame() == other.is_any_frame()
    )


def _follow_preprocesses(layer: Layer, on_layer: Layer, any_frame: bool) -> None:
    for mine in layer.get_preprocess_layers():
        if any_frame and mine is not on_layer:
            mine.depend_on(on_layer, DependType.LayerOnLayer, any_frame=True)
        for theirs in on_layer.get_preprocess_layers():
            if mine is not theirs:
                mine.depend_on(theirs, DependType.LayerOnLayer)


def _propagate(layer: Layer, on_layer: Layer) -> None:
    """Pass on what ``on_layer`` waits for, where its dependency asks for that.

    A waits for B by a propagated dependency, C comes to wait for A: then what C waits for waits for B too. A wait
    that would close a cycle is left out, as is one that is there already in any form.
    """
    for theirs in on_layer.get_depends():
        target = theirs.get_depend_on_layer()
        if not theirs.is_propagated():
            continue
        for mine in layer.get_depends():
            other = mine.get_depend_on_layer()
            if other is on_layer or other is target or _are_ordered(target, other):
                continue
            other.depend_all(target, propigate=False)


def _are_ordered(one: Layer, other: Layer) -> bool:
    return any(before is other for before in all_before(one)) or any(before is one for before in all_before(other))


def _as_list(require: Any) -> list[Any]:
    if not require:
        return []
    return list(require) if isinstance(require, (list, tuple, set, frozenset)) else [require]


def all_before(layer: Layer) -> Iterator[Layer]:
    """Yield the layers that a layer waits for, directly or through others, each once."""
    seen: set[int] = set()
    waiting = [layer]
    while waiting:
        for depend in waiting.pop().get_depends():
            on = depend.get_depend_on_layer()
            if id(on) not in seen:
                seen.add(id(on))
                waiting.append(on)
                yield on
