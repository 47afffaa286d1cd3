# SPDX-License-Identifier: Apache-2.0
"""What frames return, count and draw."""

from __future__ import annotations

import json
import math
import operator
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..logs import get_logger
from .args import where
from .state import state_of

if TYPE_CHECKING:
    from random import Random

    from .base import Layer

__all__ = [
    "SEED",
    "count",
    "discard",
    "emit",
    "is_there",
    "place_of",
    "random_of",
    "read",
    "seed_from",
    "seed_of",
    "take",
]

logger = get_logger("outline.layer")

SEED = "OL_SEED"

_SEEDS = 1 << 31  # what every program takes for a whole number

_told: set[str] = set()


def emit(layer: Layer, frame: int, result: dict[str, Any]) -> None:
    """Keep data about a frame until its record is written; arguments and errors are those of ``Layer.emit``."""
    try:
        text = json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise LayerException(f"{where(layer)}: what frame {frame} emits is not plain data: {error}") from error

    from ..io.output import HIDDEN

    hidden = re.search(HIDDEN, text)
    if hidden:
        raise LayerException(
            f"{where(layer)}: frame {frame} emits {hidden[0]}…, a hidden name that its output loses when the frame"
            " succeeds; leave it out, results name the outputs by themselves"
        )
    state_of(layer).results.setdefault(frame, {}).update(result)
    _tell_without_work_folder(layer)


def count(layer: Layer, name: str, number: float, frame: int | None) -> None:
    """Add to a counter of a frame; arguments and errors are those of ``Layer.count``."""
    try:
        added = operator.index(number) if hasattr(number, "__index__") else float(number)
    except (TypeError, ValueError):
        added = math.nan
    if not math.isfinite(added):  # no sum would ever be a number again
        raise LayerException(f"{where(layer)}: the counter {name!r} adds up numbers, not {number!r}")
    state = state_of(layer)
    if frame is None and state.frame is not None:
        frame = next((one for one in layer.get_local_frame_set(state.frame) if one not in state.finished), state.frame)
    if frame is not None:
        counts = state.counts.setdefault(frame, {})
        counts[name] = counts.get(name, 0) + added
    _tell_without_work_folder(layer)


def read(layer: Layer, name: str) -> list[dict[str, Any]]:
    """What the frames of a layer have returned; arguments and errors are those of ``Layer.results``."""
    ol = layer.get_outline()
    run = ol._ol_state.work_run if ol is not None else None
    if ol is None or run is None:
        raise LayerException(f"{where(layer)}: results are kept only in a work folder; launch with --work DIR")
    return run.results(ol.get_layer(name))


def _tell_without_work_folder(layer: Layer) -> None:
    ol = layer.get_outline()
    if (ol is None or not ol.get_work()) and layer.get_name() not in _told:
        _told.add(layer.get_name())
        logger.warning(
            "%s: what it emits and counts is kept only in a work folder; launch with --work DIR", where(layer)
        )


def seed_of(layer: Layer, frame: int) -> int:
    """The seed of a frame's random numbers, a whole number below 2**31."""
    from . import datasets

    ol = layer.get_outline()
    key = datasets.item_of(layer, frame).key if layer.get_items() is not None else str(frame)
    return seed_from(ol.get_arg("seed", 0) if ol is not None else 0, layer.get_name(), key)


def seed_from(job_seed: object, layer: str, key: str) -> int:
    """The seed that belongs to the seed of a job, the name of a layer and the key of a frame."""
    import hashlib  # most layers draw nothing

    text = json.dumps([job_seed, layer, key])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % _SEEDS


def random_of(layer: Layer, frame: int) -> Random:
    """Random numbers of a frame."""
    from random import Random  # slow to import

    return Random(seed_of(layer, frame))


# -- of commands -----------------------------------------------------------------------------------------------


def place_of(layer: Layer, frame: int) -> str:
    """The file for the result of a frame, which no other attempt writes."""
    files = state_of(layer).result_files
    if frame not in files:
        files[frame] = os.path.join(layer.get_path(), f".result-{frame}-{os.getpid()}-{os.urandom(4).hex()}.json")
    return files[frame]


def is_there(layer: Layer, frame: int) -> bool:
    """Whether the commands of a frame have written what they return, or were not asked for it."""
    path = state_of(layer).result_files.get(frame)
    return path is None or os.path.exists(path)


def take(layer: Layer, frames: Iterable[int]) -> None:
    """Emit what the commands of some frames have written to their places for results.

    Raises:
        LayerException: A command was given a place, and has written no JSON object there.
    """
    files = state_of(layer).result_files
    for frame in [frame for frame in frames if frame in files] if files else ():
        try:
            with open(files[frame], encoding="utf-8") as stream:
                result = json.load(stream)
        except FileNotFoundError:
            raise LayerException(f"{where(layer)}: the command of frame {frame} wrote no %{{RESULT}}") from None
        except (ValueError, RecursionError, OSError) as error:
            raise LayerException(f"{where(layer)}: the %{{RESULT}} of frame {frame} is not JSON: {error}") from error
        if not isinstance(result, dict):
            raise LayerException(
                f"{where(layer)}: the %{{RESULT}} of frame {frame} must be one JSON object, not {result!r:.60}"
            )
        emit(layer, frame, result)
        _remove(files.pop(frame))


def discard(layer: Layer) -> None:
    """Remove what commands have written as results of frames that failed."""
    files = state_of(layer).result_files
    while files:
        _remove(files.popitem()[1])


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
