# SPDX-License-Identifier: Apache-2.0
"""What frames may lack: the argument ``optional`` names outputs and inputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..exception import LayerException
from ..io.path import expand_path
from .state import SLOT

__all__ = ["OptionalParts", "is_output", "is_same", "named_inputs", "split_optional"]

# Any: arguments as a user has written them, in all of these functions.


class OptionalParts(NamedTuple):
    """The entries of the argument ``optional``, by what they name.

    Attributes:
        outputs: The names of outputs that are named, or whose paths are.
        inputs: Those that are the name or value of an input, and nothing of an output.
    """

    outputs: list[str]
    inputs: list[Any]

    def holds(self, name: str, value: Any) -> bool:
        """Whether an input may be lacking."""
        return any(is_same(one, name) or is_same(one, value) for one in self.inputs)


def split_optional(optional: Any, outputs: Mapping[str, str], inputs: Any) -> OptionalParts:
    """Tell which entries of ``optional`` name outputs and which inputs; what could be both is an output.

    Args:
        optional: The argument: a name, a path, a layer, an output of a layer, or a list of these.
        outputs: The paths of outputs by names.
        inputs: The argument ``inputs``.

    Raises:
        LayerException: An entry is neither.
    """
    if not optional:
        return OptionalParts([], [])
    is_many = isinstance(optional, (list, tuple, set, frozenset)) and not _is_output_itself(optional)
    entries, values = list(optional) if is_many else [optional], named_inputs(inputs)
    found = OptionalParts([], [])
    unknown: list[Any] = []
    for entry in entries:
        named = [name for name, path in outputs.items() if is_same(entry, name) or is_same(entry, path)]
        is_input = any(is_same(entry, value) for value in (*values, *values.values()))
        found.outputs.extend(named)
        if not named:
            (found.inputs if is_input else unknown).append(entry)
    if unknown:
        known = f"the outputs are {sorted(outputs)} and the inputs are {sorted(values)}"
        raise LayerException(f"optional names {unknown}, but {known}")
    return found


def is_same(one: Any, other: Any) -> bool:
    """Compare what may be paths, with variables or without."""
    if isinstance(one, (str, os.PathLike)) and isinstance(other, (str, os.PathLike)):
        return _expanded(one) == _expanded(other)
    return one is other or (is_output(one) and is_output(other) and list(one) == list(other))


def _expanded(path: str | os.PathLike[str]) -> str:
    return expand_path(os.fspath(path), os.environ)


def named_inputs(spec: Any) -> dict[str, Any]:
    """The argument ``inputs`` by names."""
    if spec is None:
        return {}
    if isinstance(spec, Mapping):
        return {str(name): value for name, value in spec.items()}
    values = list(spec) if isinstance(spec, (list, tuple)) and not _is_output_itself(spec) else [spec]
    return {"main" if place == 0 else f"input{place + 1}": value for place, value in enumerate(values)}


def _is_output_itself(argument: Any) -> bool:
    """Tell whether an argument, which could be a list of several things, is what ``Layer.output`` gives."""
    return isinstance(argument, tuple) and is_output(argument)


def is_output(value: Any) -> bool:
    """Tell whether one value is what ``Layer.output`` gives; what maps paths may have made a list of it."""
    if not (isinstance(value, (tuple, list)) and len(value) in (2, 3) and hasattr(value[0], SLOT)):
        return False
    return all(isinstance(text, str) for text in value[1:])
