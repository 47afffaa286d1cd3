# SPDX-License-Identifier: Apache-2.0
"""The path of an input of one frame, out of a path with places for frame and item."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..io.path import expand_path
from ..io.pattern import find_slot, is_fixed
from ..tokens import FrameTokens, expand_word
from .datasets import rendered_frame

if TYPE_CHECKING:
    from ..items import Item
    from .base import Layer

__all__ = ["ITEM_TOKEN", "frame_path_of"]

ITEM_TOKEN = "%{ITEM}"


def frame_path_of(layer: Layer, path: str, frame: int, find_item: Callable[[int], Item]) -> str:
    """A path with its places for frame and item filled in; empty where it is nothing but what an item leaves empty.

    Only what the layer says has such places, and variables: what comes from an item stays as it is.

    Args:
        layer: The layer that reads it.
        path: The path as it was written.
        find_item: Gives the item of a frame.
    """
    if path == ITEM_TOKEN:  # what most layers with files read; no key is a part of such a path
        return _path_in(find_item(frame))
    if is_fixed(path) and path[-1:] != "/" and "%{" not in path:
        return path
    pattern = find_slot(expand_path(path.rstrip("/") or path, os.environ))
    number = rendered_frame(layer, frame) if layer.renders_frame_of_item and layer.get_items() is not None else frame
    if "%{" in path:
        item = _item_in_path(path, frame, find_item)
        tokens = FrameTokens(number, layer=layer.get_name(), item=item)
        prefix, suffix = expand_word(pattern.prefix, tokens), expand_word(pattern.suffix, tokens)
        pattern = pattern._replace(prefix=prefix, suffix=suffix)
    return pattern.frame_path(number)


def _path_in(item: Item) -> str:
    path = item.value.get("path") if isinstance(item.value, dict) else item.value
    if isinstance(path, str):
        return path
    from ..items.item import item_tokens

    return item_tokens(item).get(ITEM_TOKEN, ITEM_TOKEN)


def _item_in_path(path: str, frame: int, find_item: Callable[[int], Item]) -> Item | None:
    """The item whose tokens a path holds; None when it holds none."""
    if "%{KEY}" not in path and "%{ITEM" not in path:
        return None
    item = find_item(frame)
    if "%{KEY}" in path:
        from ..items import check_path_key

        check_path_key(item)
    return item
