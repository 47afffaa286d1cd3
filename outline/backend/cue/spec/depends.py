# SPDX-License-Identifier: Apache-2.0
"""The elements of dependencies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....constants import LayerType
from ....depend import DependType
from ....exception import LaunchException
from ....frames import chunk_heads
from ..job import FarmJob, FarmLayer
from ..names import frame_name
from .tree import Element, element, parent

if TYPE_CHECKING:
    from ....depend import Depend

__all__ = ["depend_elements"]

logger = logging.getLogger("outline.backend.cue")


def depend_elements(job: FarmJob) -> Iterator[Element]:
    """Give an element for each dependency between two layers that are in the job."""
    layers = {layer.name: layer for layer in job.layers}
    for layer in job.layers:
        for depend in layer.layer.get_depends():
            on = layers.get(depend.get_depend_on_layer().get_name())
            if on is not None and _can_be_sent(layer, on):
                yield _depend_element(job, depend, layer, on)


def _can_be_sent(layer: FarmLayer, on: FarmLayer) -> bool:
    """Tell whether the farm can hold a dependency; Post layers are a job of their own there, which runs at the end.

    Raises:
        LaunchException: A layer waits for one that only runs after it.
    """
    is_post, on_post = (one.layer.get_type() == LayerType.POST for one in (layer, on))
    if on_post and not is_post:
        raise LaunchException(
            f"{layer.where} waits for the Post layer {on.name!r}, which runs when all others are done"
        )
    if on_post:
        logger.warning("a farm cannot carry that Post layer %r waits for %r; they run together", layer.name, on.name)
    return not is_post


def _depend_element(job: FarmJob, depend: Depend, layer: FarmLayer, on: FarmLayer) -> Element:
    name = job.outline.get_name()
    depend_type, any_frame = _farm_type(job, depend, layer, on)
    parts = [("depjob", name), ("deplayer", layer.name), ("onjob", name)]
    if depend_type == DependType.LayerOnSimFrame:
        parts.append(("onframe", frame_name(on.frames[0], on.name)))
    else:
        parts.append(("onlayer", on.name))
    made = [element(tag, text, f"{layer.where}, dependency") for tag, text in parts]
    return parent("depend", made, {"type": depend_type, "anyframe": str(any_frame)})


def _farm_type(job: FarmJob, depend: Depend, layer: FarmLayer, on: FarmLayer) -> tuple[str, bool]:
    """Return type and ``anyframe`` of a dependency, as the farm has them.

    A simulation of several chunks, all of which count, is a layer to the farm; so is one in a version of the spec
    that cannot name a frame.
    """
    wanted = depend.get_type()
    if wanted == DependType.PreviousFrame:
        return wanted, False
    if wanted == DependType.LayerOnAny or depend.is_any_frame():
        return DependType.LayerOnLayer, True
    if wanted == DependType.LayerOnSimFrame:
        chunks = len(chunk_heads(on.frames, on.layer.get_chunk_size()))
        if chunks > 1 or not job.carries("onframe", f"the dependency of {layer.where} on {on.name!r}"):
            return DependType.LayerOnLayer, False
    return wanted, False
