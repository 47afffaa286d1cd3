# SPDX-License-Identifier: Apache-2.0
"""The arguments of layers whose frames come from data, where a class does not mean something else by them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .state import state_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = ["data_arg"]


def data_arg(layer: Layer, name: str) -> Any:
    """An argument of a layer, None where a studio's class means something of its own by it.

    Such a class may be older than these arguments, and goes on as it was.

    Args:
        name: ``items``, ``inputs`` or ``outputs``.
    """
    value = state_of(layer).args.get(name)
    if value is None or (name == "outputs" and layer.manages_outputs):
        return value
    return None if _means_its_own(type(layer), name) else value


@lru_cache(128)
def _means_its_own(cls: type, name: str) -> bool:
    from .mistakes import means_its_own, reads_by_itself  # most layers have none of them

    return reads_by_itself(cls, name) if name == "outputs" else means_its_own(cls, name)
