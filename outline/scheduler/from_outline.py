# SPDX-License-Identifier: Apache-2.0
"""Makes the scheduler's plan from an outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..frames import FrameSet
from ..layer.args import where
from ..layer.ranges import chunk_seconds
from ..resources import REQUESTS, is_true
from .plan import DependPlan, JobPlan, LayerPlan

if TYPE_CHECKING:
    from ..layer import Layer
    from ..loader import Outline

__all__ = ["plan_job"]


def plan_job(outline: Outline, *, max_retries: int = 2, autoeat: bool = False) -> JobPlan:
    """What the scheduler needs to know about an outline.

    As on the farm, the plan leaves out layers without a frame in the job, and dependencies on them.

    Raises:
        LayerException: A resource or a time limit is invalid. Names layer and argument.
    """
    layers = [layer for layer in outline.get_layers() if layer.get_parent() is None and layer.get_arg("register", True)]
    plans = [plan for plan in map(_plan_layer, layers) if plan is not None]
    names = {plan.name for plan in plans}
    depends = tuple(
        DependPlan(layer.get_name(), depend.get_depend_on_layer().get_name(), depend.get_type(), depend.is_any_frame())
        for layer in layers
        for depend in layer.get_depends()
        if layer.get_name() in names and depend.get_depend_on_layer().get_name() in names
    )
    return JobPlan(outline.get_full_name(), tuple(plans), depends, max_retries, autoeat)


def _plan_layer(layer: Layer) -> LayerPlan | None:
    text = layer.get_frame_range()
    if not text:
        return None
    cores = layer.get_arg("cores")
    return LayerPlan(
        layer.get_name(),
        FrameSet(text).unique(),
        layer.get_chunk_size(),
        str(layer.get_type()),
        _read(layer, "cores" if cores is not None else "threads", 1.0),
        _read(layer, "memory", 0),
        _read(layer, "timeout", None),
        _read(layer, "timeout_llu", None),
        is_true(layer.get_arg("autoeat")),
        chunk_seconds=chunk_seconds(layer.get_arg("chunk")),
        timeout_retry=_read(layer, "timeout_retry", 0.0),
        retry_delay_seconds=_read(layer, "retry_delay", 0.0),
        ignore_errors=is_true(layer.get_arg("ignore_errors")),
    )


def _read(layer: Layer, name: str, default: Any) -> Any:
    value = layer.get_arg(name)
    if value is None or value == "":
        return default
    try:
        return REQUESTS[name](value)
    except ValueError as error:
        raise LayerException(f"{where(layer)}: {name}: {error}") from error
