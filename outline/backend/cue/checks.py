# SPDX-License-Identifier: Apache-2.0
"""The limits of an OpenCue server, checked before anything is sent to it.

A server that meets them only in the middle of a launch often says no more than that something went wrong.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import Any

from ...constants import LayerType
from ...exception import LaunchException
from ...frames import chunk_heads
from ...resources import parse_memory_kb
from .job import FarmJob, FarmLayer
from .names import conform_layer, frame_name, own_job_name

__all__ = ["check_job"]

logger = logging.getLogger("outline.backend.cue")

MOST_CHARACTERS = 4000
MOST_LAYERS = 2000
MOST_FRAMES = 100_000
LONGEST_NAME = 255
LEAST_MEMORY_KB = 256 * 1024
MOST_MEMORY_KB = 50 * 1024**2

_NAME = re.compile(r"[A-Za-z0-9_.\-]{3,}\Z")


def check_job(job: FarmJob) -> None:
    """Check that an OpenCue server can take a job.

    Raises:
        LaunchException: It cannot; says what is wrong, with what, and what the server allows.
    """
    _check_names(job)
    _check_layer_names(job)
    _check_counts(job)
    for layer in job.layers:
        _check_frames(layer)
        _check_length("command", layer, layer.command)
        _check_memory(layer, "memory")


def _check_names(job: FarmJob) -> None:
    own = own_job_name(job.show, job.shot, job.user, job.outline.get_name())
    for what, name in (("name", own), ("shot", job.shot)):
        if not _NAME.match(name):
            raise LaunchException(
                f"the job's {what} {name!r} is nothing for the farm, which wants 3 or more letters, digits, '_', '-'"
                f" and '.'; {'use --base-name' if what == 'name' else 'use --shot'}"
            )


def _check_layer_names(job: FarmJob) -> None:
    seen: dict[str, FarmLayer] = {}
    for layer in job.layers:
        name = conform_layer(layer.name)
        if not _NAME.match(name):
            raise LaunchException(f"{layer.where}: the farm wants layer names of 3 or more characters")
        if len(frame_name(999999, name)) > LONGEST_NAME:
            raise LaunchException(f"{layer.where}: its name is too long, frames are named after it")
        other = seen.setdefault(name, layer)
        if other is not layer:
            raise LaunchException(
                f"{layer.where} and {other.where} are both {name!r} on the farm,"
                " which knows neither capitals nor '-' in names; rename one"
            )


def _check_counts(job: FarmJob) -> None:
    if len(job.layers) > MOST_LAYERS:
        raise LaunchException(f"the job has {len(job.layers)} layers, {MOST_LAYERS} is the most; use several jobs")
    counts: Counter[bool] = Counter()  # Post layers become a job of their own
    for layer in job.layers:
        counts[layer.layer.get_type() == LayerType.POST] += _chunk_count(layer)
    most = max(counts.values())
    if most > MOST_FRAMES:
        raise LaunchException(
            f"the job has {most} frames, {MOST_FRAMES} is the most; use larger chunks, or several jobs"
        )


def _chunk_count(layer: FarmLayer) -> int:
    return len(chunk_heads(layer.frames, layer.layer.get_chunk_size()))


def _check_frames(layer: FarmLayer) -> None:
    _check_length("range", layer, str(layer.frames))
    negative = next((frame for frame in layer.frames if frame < 0), None)
    if negative is not None:
        raise LaunchException(
            f"{layer.where} has the frame {negative}, and the farm cannot run frames below 0;"
            " shift the range, or use --backend local"
        )


def _check_length(what: str, layer: FarmLayer, text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise LaunchException(
            f"{layer.where}: its {what} has {len(text)} characters, {MOST_CHARACTERS} is the most on the farm:"
            f" {text[:40]}..."
        )


def _check_memory(layer: FarmLayer, name: str) -> None:
    """Warn of what the farm changes; a form that it cannot read is refused where the value is written."""
    kilobytes = _memory_kb(layer.layer.get_arg(name))
    if kilobytes and kilobytes < LEAST_MEMORY_KB:
        logger.warning("%s: %s is raised to 256m by the farm", layer.where, name)
    if kilobytes > MOST_MEMORY_KB:
        logger.warning("%s: %s is above 50g, which a farm may cut, or have no host for", layer.where, name)


def _memory_kb(value: Any) -> int:
    try:
        return parse_memory_kb(value) if value else 0
    except ValueError:
        return 0
