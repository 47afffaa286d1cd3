# SPDX-License-Identifier: Apache-2.0
"""The elements of dependencies."""

from __future__ import annotations

from collections.abc import Iterator

from ....constants import LayerType
from ....depend import Depend, DependType
from ....exception import LaunchException
from ....scheduler.plan import LayerPlan
from ..job import FarmJob, FarmLayer
from ..sent_depends import SentDepend, sent_depends
from .tree import Element, element, parent

__all__ = ["depend_elements"]


def depend_elements(job: FarmJob) -> Iterator[Element]:
    """The elements of what each layer waits for, of layers that are in the job."""
    layers = {layer.name: layer for layer in job.layers}
    plans = {name: LayerPlan(name, one.frames, one.layer.get_chunk_size()) for name, one in layers.items()}
    version = "" if job.version.has("onframe") else str(job.version)
    for layer in job.layers:
        for on, kinds in _depends_by_layer(job, layer, layers).items():
            if any(kind == DependType.LayerOnSimFrame for kind, _ in kinds):
                job.carries("onframe", f"the dependency of {layer.where} on {on!r}")
            try:
                depends, warning = sent_depends(kinds, plans[layer.name], plans[on], version)
            except LaunchException as error:
                raise LaunchException(f"{layer.where}: {error}") from error
            if warning:
                job.warn(layer, f"on the farm all of it waits for all of {on!r}, since {warning}")
            yield from (_element(job, layer, layers[on], depend) for depend in depends)


def _depends_by_layer(
    job: FarmJob, layer: FarmLayer, layers: dict[str, FarmLayer]
) -> dict[str, list[tuple[str, bool]]]:
    found: dict[str, list[tuple[str, bool]]] = {}
    for depend in layer.layer.get_depends():
        on = layers.get(depend.get_depend_on_layer().get_name())
        if on is not None and _can_be_sent(job, layer, on) and not _is_met(job, depend):
            found.setdefault(on.name, []).append((depend.get_type(), depend.is_any_frame()))
    return found


def _is_met(job: FarmJob, depend: Depend) -> bool:
    """Whether a layer waits for any frame of another one, and an earlier launch in the work folder has made one."""
    is_any = depend.get_type() == DependType.LayerOnAny or depend.is_any_frame()
    is_any = is_any and depend.get_type() != DependType.PreviousFrame
    return is_any and depend.get_depend_on_layer().get_name() in job.outline.get_work().get("has_done", ())


def _can_be_sent(job: FarmJob, layer: FarmLayer, on: FarmLayer) -> bool:
    """Whether the farm can hold a dependency; Post layers are a job of their own there, which runs at the end.

    Raises:
        LaunchException: A layer waits for one that only runs after it.
    """
    is_post, on_post = (one.layer.get_type() == LayerType.POST for one in (layer, on))
    if on_post and not is_post:
        raise LaunchException(
            f"{layer.where} waits for the Post layer {on.name!r}, which runs when all others are done"
        )
    if on_post:
        job.warn(None, f"a farm cannot carry that Post layer {layer.name!r} waits for {on.name!r}; they run together")
    return not is_post


def _element(job: FarmJob, layer: FarmLayer, on: FarmLayer, depend: SentDepend) -> Element:
    name = job.outline.get_name()
    waiting = ("depframe", depend.waiting_frame) if depend.waiting_frame else ("deplayer", layer.name)
    target = ("onframe", depend.on_frame) if depend.on_frame else ("onlayer", on.name)
    parts = [("depjob", name), waiting, ("onjob", name), target]
    made = [element(tag, text, f"{layer.where}, dependency") for tag, text in parts]
    return parent("depend", made, {"type": depend.type, "anyframe": str(depend.any_frame)})
