# SPDX-License-Identifier: Apache-2.0
"""Which files are outputs of a job, so that no source of items takes them for its own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..io.path import absolute_path, expand_path
from ..io.pattern import find_slot
from .depends import all_before
from .outputs import declared_outputs

if TYPE_CHECKING:
    from ..items import Items
    from ..loader import Outline

__all__ = ["look_of", "maker_finder"]

_TOKEN = r"(%\{[^{}]*\}|(?i:<udim>))"


def maker_finder(ol: Outline, folder: str) -> Callable[[Items], Callable[[str], str]]:
    """What tells of a source which layer makes a file, when it is none that the source is there for.

    A source that waits for a layer is there for what that layer makes, and for what that layer itself waits for.

    Args:
        ol: The outline.
        folder: Where relative outputs begin.
    """

    def of(source: Items) -> Callable[[str], str]:
        before = _with_all_before(ol, source.after)
        outputs = [
            (layer.get_name(), re.compile(look_of(output.path, folder) + "(?:/.*)?" * output.is_folder, re.DOTALL))
            for layer in ol.get_layers()
            if layer.get_name() not in before
            for output in declared_outputs(layer)
        ]

        def maker(path: str) -> str:
            path = os.path.normpath(path)
            return next((layer for layer, look in outputs if look.fullmatch(path)), "")

        return maker

    return of


def _with_all_before(ol: Outline, name: str) -> set[str]:
    """The names of a layer and of all that it waits for; of none without a name."""
    if not ol.is_layer(name):  # told by whoever needs it
        return set()
    return {name, *(layer.get_name() for layer in all_before(ol.get_layer(name)))}


def look_of(path: str, folder: str) -> str:
    """What the paths of an output look like, as a regular expression."""
    path = expand_path(path, os.environ).rstrip("/")
    begins_with_item = path.startswith("%{ITEM")  # a path of its own, perhaps
    pattern = find_slot(path if begins_with_item else os.path.normpath(absolute_path(path, folder)))
    return _with_tokens(pattern.prefix) + ("-?[0-9]+" if pattern.slot else "") + _with_tokens(pattern.suffix)


def _with_tokens(text: str) -> str:
    pieces = re.split(_TOKEN, text)
    return "".join(".+" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))
