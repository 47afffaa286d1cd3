# SPDX-License-Identifier: Apache-2.0
"""What frames return, count and draw."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from .args import where
from .state import state_of

if TYPE_CHECKING:
    from random import Random

    from .base import Layer

__all__ = ["count", "emit", "random_of", "seed_of"]

logger = logging.getLogger("outline.layer")

_told: set[str] = set()


def emit(layer: Layer, frame: int, result: dict[str, Any]) -> None:
    """Keep data about a frame until its record is written; arguments and errors are those of ``Layer.emit``."""
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        raise LayerException(f"{where(layer)}: what frame {frame} emits is not plain data: {error}") from error
    state_of(layer).results.setdefault(frame, {}).update(result)
    _tell_without_work_folder(layer)


def count(layer: Layer, name: str, number: float, frame: int | None) -> None:
    """Add to a counter of a frame; arguments are those of ``Layer.count``."""
    state = state_of(layer)
    if frame is None and state.frame is not None:
        frame = next((one for one in layer.get_local_frame_set(state.frame) if one not in state.finished), state.frame)
    if frame is not None:
        counts = state_of(layer).counts.setdefault(frame, {})
        counts[name] = counts.get(name, 0) + number
    _tell_without_work_folder(layer)


def _tell_without_work_folder(layer: Layer) -> None:
    ol = layer.get_outline()
    if (ol is None or not ol.get_work()) and layer.get_name() not in _told:
        _told.add(layer.get_name())
        logger.warning(
            "%s: what it emits and counts is kept only in a work folder; launch with --work DIR", where(layer)
        )


def seed_of(layer: Layer, frame: int) -> int:
    """A number of 64 bits for the random numbers of a frame."""
    import hashlib  # most layers draw nothing

    from . import datasets

    ol = layer.get_outline()
    key = datasets.item_of(layer, frame).key if layer.get_items() is not None else str(frame)
    text = json.dumps([ol.get_arg("seed", 0) if ol is not None else 0, layer.get_name(), key])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big")


def random_of(layer: Layer, frame: int) -> Random:
    """Random numbers of a frame."""
    from random import Random  # slow to import

    return Random(seed_of(layer, frame))
