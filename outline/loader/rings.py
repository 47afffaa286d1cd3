# SPDX-License-Identifier: Apache-2.0
"""Finds dependency cycles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..layer import Layer

__all__ = ["find_ring"]


def find_ring(layers: list[Layer], left_out: set[int]) -> list[Layer]:
    """The layers of a dependency cycle, or an empty list. A frame-by-frame wait on oneself is not a cycle.

    Args:
        layers: The layers to search.
        left_out: Ids of layers whose dependencies to ignore.
    """
    done = set(left_out)
    for start in layers:
        path: list[Layer] = []
        on_path: set[int] = set()
        stack: list[tuple[Layer, Iterator[Any]]] = []
        if id(start) in done:
            continue
        stack.append((start, iter(start.get_depends())))
        path.append(start)
        on_path.add(id(start))
        while stack:
            layer, depends = stack[-1]
            for depend in depends:
                on = depend.get_depend_on_layer()
                if on is layer or id(on) in done:
                    continue
                if id(on) in on_path:
                    return path[path.index(on) :]
                stack.append((on, iter(on.get_depends())))
                path.append(on)
                on_path.add(id(on))
                break
            else:
                stack.pop()
                path.pop()
                on_path.discard(id(layer))
                done.add(id(layer))
    return []
