# SPDX-License-Identifier: Apache-2.0
"""Looks at the classes of layers: hooks that are misspelt, hooks that cannot be called, layers that do nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from types import CodeType, FunctionType

from ...layer import Composite, Layer
from .report import Finding

__all__ = ["class_findings"]

_HOOKS = ("_after_init", "_after_parented", "_setup", "_before_execute", "_execute", "_after_execute")
_LIKENESS = 0.85  # finds _exceute and _set_up, leaves _execute_frame and _setup_scene alone


def class_findings(layers: Sequence[Layer]) -> list[Finding]:
    """Return what is wrong with the classes of the layers; each class is looked at once."""
    found: list[Finding] = []
    seen: set[type] = set()
    for layer in layers:
        file, line = layer.get_origin_line()
        if _does_nothing(layer):
            message = f"layer {layer.get_name()!r} does nothing: {type(layer).__name__} has no _execute and no children"
            found.append(Finding("warning", "class", message, layer.get_name(), file, line))
        for cls in type(layer).__mro__:
            if cls not in seen and issubclass(cls, Layer) and not cls.__module__.startswith("outline."):
                seen.add(cls)
                found += _look_at(cls, layer.get_name())
    return found


def _does_nothing(layer: Layer) -> bool:
    return type(layer)._execute is Layer._execute and not layer.get_children() and not isinstance(layer, Composite)


def _look_at(cls: type, layer: str) -> Iterator[Finding]:
    functions = {name: member for name, member in vars(cls).items() if isinstance(member, FunctionType)}
    called = {word for function in functions.values() for word in _names(function.__code__)}
    for name, function in functions.items():
        code = function.__code__
        place = (layer, code.co_filename, code.co_firstlineno)
        if name == "_execute" and code.co_argcount < 2 and not code.co_flags & 0x04:
            message = (
                f"{cls.__qualname__}._execute cannot be called with the frames; define it as _execute(self, frames)"
            )
            yield Finding("error", "class", message, *place)
        if not name.startswith("_") or name.startswith("__") or hasattr(Layer, name) or name in called:
            continue
        near = difflib.get_close_matches(name, _HOOKS, n=1, cutoff=_LIKENESS)
        if near:
            message = f"{cls.__qualname__}.{name} is never called; did you mean the hook {near[0]}?"
            yield Finding("warning", "class", message, *place)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
