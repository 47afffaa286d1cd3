# SPDX-License-Identifier: Apache-2.0
"""Layers of applications over items: an application knows frames only, so each item says which one it stands for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..exception import ItemException, LayerException
from ..frames import FrameSet
from ..items.item import check_path_key, item_tokens
from ..names import padded
from .args import where
from .class_code import data_arg
from .datasets import item_finder, item_of, rendered_frame
from .outputs import declared_outputs
from .state import state_of

if TYPE_CHECKING:
    from ..loader import Outline
    from .base import Layer

__all__ = ["check_items", "filled_in", "rendered_span"]

_TOKEN = r"%\{(?:KEY|ITEM(?::[^{}]+)?|Z?FRAME)\}|#Z?IFRAME#"


def check_items(ol: Outline) -> None:
    """Check that keys can stand in the paths that hold them.

    Of a layer of an application, check too that each item says which frame it is, and that no two write one file.

    Raises:
        ItemException: A key cannot.
        LayerException: An item does not say its frame, or two write one file.
    """
    for layer in ol.get_layers():
        if layer.get_items() is not None and not ol.holds(layer):
            _check_keys(layer)
            if layer.renders_frame_of_item:
                _check(layer)


def _check_keys(layer: Layer) -> None:
    if "%{KEY}" in str([data_arg(layer, "inputs"), state_of(layer).args.get("outputs")]):
        find_item = item_finder(layer)
        for frame in FrameSet(layer.get_frame_range() or []).unique():
            try:
                check_path_key(find_item(frame))
            except ItemException as error:
                raise ItemException(f"{where(layer)}: {error}; put %{{FRAME}} into the path instead") from error


def _check(layer: Layer) -> None:
    writers: dict[str, int] = {}
    for frame in FrameSet(layer.get_frame_range() or []).unique():
        rendered_frame(layer, frame)
        for output in declared_outputs(layer):
            path = output.frame_path(frame)
            other = writers.setdefault(path, frame)
            if other != frame:
                keys = " and ".join(repr(item_of(layer, one).key) for one in (other, frame))
                raise LayerException(f"{where(layer)}: the items {keys} both write {path}; put %{{KEY}} into the path")


def rendered_span(layer: Layer) -> tuple[int, int]:
    """The first and the last frame that a layer of an application renders in this job.

    Raises:
        LayerException: An item names no frame.
    """
    state, frames = state_of(layer), FrameSet(layer.get_frame_range() or "1")
    if layer.get_items() is None:
        return min(frames), max(frames)
    if state.span is None:
        rendered = [rendered_frame(layer, frame) for frame in frames.unique()]
        state.span = (min(rendered), max(rendered))
    return state.span


@contextmanager
def filled_in(layer: Layer, frame: int, paths: tuple[str, ...]) -> Iterator[int]:
    """Let the arguments of a layer be those of one item, with its tokens filled in, and give the frame to render.

    Args:
        frame: The frame of the item.
        paths: The names of arguments that are paths; an absolute path in an item stands for itself.
    """
    state, item, rendered = state_of(layer), item_of(layer, frame), rendered_frame(layer, frame)
    if "%{KEY}" in str(state.args.get("outputs")):
        check_path_key(item)
    tokens = item_tokens(item)
    tokens |= dict.fromkeys(("%{FRAME}", "#IFRAME#"), str(rendered))
    tokens |= dict.fromkeys(("%{ZFRAME}", "#ZFRAME#"), padded(rendered))
    args = state.args
    try:
        state.args = {name: _filled(value, tokens, is_path=name in paths) for name, value in args.items()}
        state.item_frame = frame
        yield rendered
    finally:
        state.args, state.item_frame = args, None


def _filled(value: Any, tokens: Mapping[str, str], *, is_path: bool) -> Any:  # Any: an argument as a user wrote it
    """Text, and text in lists and dicts, with tokens replaced."""
    if isinstance(value, str):
        begin, token, rest = value.partition("%{") if is_path else ("", "", "")
        if token and begin.endswith("/"):
            value = f"%{{{rest}"
        filled = re.sub(_TOKEN, lambda found: tokens.get(found[0], found[0]), value)
        return os.path.join(begin, filled) if token and begin.endswith("/") else filled
    if type(value) in (list, tuple):
        return type(value)(_filled(one, tokens, is_path=is_path) for one in value)
    if type(value) is dict:
        return {key: _filled(one, tokens, is_path=is_path) for key, one in value.items()}
    return value
