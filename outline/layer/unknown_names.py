# SPDX-License-Identifier: Apache-2.0
"""Tokens that name an input, an output or a part of an item that there is not: nothing would fill them in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..frames import FrameSet
from .args import where
from .doubts import texts_in
from .state import state_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = ["tell_unknown_names", "unknown_names"]

_NAMED = r"%\{(INPUT|INPUTLIST|OUTPUT|ITEM):([^{}\n]+)\}"


def tell_unknown_names(layers: Iterable[Layer]) -> Iterator[str]:
    """What ``unknown_names`` gives of some layers and their children, with the line of the script."""
    for layer in layers:
        for one in (layer, *layer.get_children()):
            yield from (f"{where(one)}: {problem}" for problem in unknown_names(one))


def unknown_names(layer: Layer) -> Iterator[str]:
    """A sentence for each name in a token that no input, output or part of the first item has.

    Other items may have other parts, so it is no error.
    """
    known: dict[str, tuple[str, list[str]]] = {}
    for argument, value in state_of(layer).args.items():
        text = "\n".join(texts_in(value))
        for kind, name in dict.fromkeys(re.findall(_NAMED, text)) if "%{" in text else ():
            kind = kind.removesuffix("LIST")
            if kind not in known:
                known[kind] = _names_of(layer, kind)
            owner, names = known[kind]
            if owner and name not in names:
                yield f"its argument {argument!r} names {name!r} of {owner}, which has {', '.join(names) or 'none'}"


def _names_of(layer: Layer, kind: str) -> tuple[str, list[str]]:
    """What has the names that a kind of token can have, for people, and these names; nothing where nobody knows."""
    from .datasets import item_of  # with what reads tables and files, and most layers name none
    from .links import links_of

    owner = layer.get_parent() or layer
    ol = owner.get_outline()
    if kind != "ITEM":
        links = links_of(owner)
        return f"the {kind.lower()}s", [one.name for one in (links.inputs if kind == "INPUT" else links.outputs)]
    frames = None if ol is None or owner.get_items() is None or ol.holds(owner) else owner.get_frame_range()
    if not frames:
        return "", []
    item = item_of(owner, FrameSet(frames)[0])
    return f"the item {item.key!r}", list(map(str, item.value)) if isinstance(item.value, Mapping) else []
