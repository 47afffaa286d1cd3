# SPDX-License-Identifier: Apache-2.0
"""The elements of a layer, one function each."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ....constants import IGNORE_ERRORS, RETRY_DELAY
from ....resources import is_true, name_words
from ..job import FarmJob, FarmLayer
from . import values
from .tree import Element, element, named_texts, parent

__all__ = ["LAYER_ELEMENTS", "layer_element"]

# What a server has that gives a frame a GPU, when only one of the two is asked for.
_SOME_GPU_MEMORY = "1g"


def layer_element(job: FarmJob, layer: FarmLayer) -> Element:
    """The element of a layer."""
    made = [part for write in LAYER_ELEMENTS if (part := write(job, layer)) is not None]
    return parent("layer", made, {"name": layer.name, "type": str(layer.layer.get_type())})


def _cmd(job: FarmJob, layer: FarmLayer) -> Element:
    return element("cmd", layer.command, f"{layer.where}, command")


def _range(job: FarmJob, layer: FarmLayer) -> Element:
    return element("range", layer.frames, f"{layer.where}, range")


def _chunk(job: FarmJob, layer: FarmLayer) -> Element:
    where = f"{layer.where}, chunk"
    return element("chunk", values.whole_number(layer.layer.get_chunk_size(), where), where)


def _cores(job: FarmJob, layer: FarmLayer) -> Element | None:
    cores, threads = _given(layer, "cores"), _given(layer, "threads")
    if cores is not None and threads is not None and cores != threads:
        job.warn(layer, f"has cores and threads; cores {cores} counts")
    value = threads if cores is None else cores
    where = f"{layer.where}, cores"
    return None if value is None else element("cores", values.cores_text(value, where), where)


def _threadable(job: FarmJob, layer: FarmLayer) -> Element | None:
    value = _given(layer, "threadable")
    return None if value is None else element("threadable", values.truth(value), layer.where)


def _memory(job: FarmJob, layer: FarmLayer) -> Element | None:
    return _memory_element("memory", layer, _given(layer, "memory"))


def _gpus(job: FarmJob, layer: FarmLayer) -> Element | None:
    count = _gpu_count(layer)
    if not job.carries("gpus", layer.where, wanted=bool(_given(layer, "gpus"))) or not count:
        return None
    return element("gpus", count, layer.where)


def _gpu(job: FarmJob, layer: FarmLayer) -> Element | None:
    """The old spelling of ``gpu_memory``, for versions that have nothing else."""
    if job.version.has("gpu_memory") or not (_given(layer, "gpu_memory") or _given(layer, "gpu")):
        return None
    return _memory_element("gpu", layer, _gpu_memory_of(layer)) if job.carries("gpu", layer.where) else None


def _gpu_memory(job: FarmJob, layer: FarmLayer) -> Element | None:
    if not job.version.has("gpu_memory") or not _gpu_count(layer):
        return None
    return _memory_element("gpu_memory", layer, _gpu_memory_of(layer))


def _timeout(job: FarmJob, layer: FarmLayer) -> Element | None:
    return _minutes(job, layer, "timeout")


def _timeout_llu(job: FarmJob, layer: FarmLayer) -> Element | None:
    return _minutes(job, layer, "timeout_llu")


def _tags(job: FarmJob, layer: FarmLayer) -> Element | None:
    found = values.tags(os.environ.get("OL_TAG_OVERRIDE") or layer.layer.get_arg("tags"), f"{layer.where}, tags")
    return element("tags", " | ".join(found), layer.where) if found else None


def _limits(job: FarmJob, layer: FarmLayer) -> Element | None:
    found = name_words(layer.layer.get_limits())
    where = f"{layer.where}, limits"
    return parent("limits", [element("limit", name, where) for name in found]) if found else None


def _env(job: FarmJob, layer: FarmLayer) -> Element:
    env = dict(layer.layer.get_envs())
    if layer.layer.get_arg("retry_delay"):
        env[RETRY_DELAY] = layer.layer.get_arg("retry_delay")
    if is_true(layer.layer.get_arg("ignore_errors")):
        env[IGNORE_ERRORS] = "1"
    return parent("env", named_texts("key", env, f"{layer.where}, variable"))


def _services(job: FarmJob, layer: FarmLayer) -> Element:
    where = f"{layer.where}, service"
    found = name_words(layer.layer.get_service()) or ["default"]
    return parent("services", [element("service", name, where) for name in found])


def _outputs(job: FarmJob, layer: FarmLayer) -> Element | None:
    paths = {name: path.get_path() for name, path in layer.layer.get_outputs().items()}
    if not job.carries("outputs", layer.where, wanted=bool(paths)):
        return None
    return parent("outputs", named_texts("output", paths, f"{layer.where}, output"))


# In the order of the DTD, which the server insists on.
LAYER_ELEMENTS: tuple[Callable[[FarmJob, FarmLayer], Element | None], ...] = (
    _cmd,
    _range,
    _chunk,
    _cores,
    _threadable,
    _memory,
    _gpus,
    _gpu,
    _gpu_memory,
    _timeout,
    _timeout_llu,
    _tags,
    _limits,
    _env,
    _services,
    _outputs,
)


# Any: an argument is whatever the script gave.
def _given(layer: FarmLayer, name: str) -> Any:
    value = layer.layer.get_arg(name)
    return None if value == "" else value


def _memory_element(tag: str, layer: FarmLayer, value: Any) -> Element | None:
    where = f"{layer.where}, {tag}"
    return element(tag, values.memory_text(value, where), where) if value else None


def _gpu_count(layer: FarmLayer) -> int:
    """How many GPUs a frame needs; one, when it only asks for their memory."""
    gpus = _given(layer, "gpus")
    count = 0 if gpus is None else values.whole_number(gpus, f"{layer.where}, gpus")
    return count or (1 if _given(layer, "gpu_memory") or _given(layer, "gpu") else 0)


def _gpu_memory_of(layer: FarmLayer) -> Any:
    return _given(layer, "gpu_memory") or _given(layer, "gpu") or _SOME_GPU_MEMORY


def _minutes(job: FarmJob, layer: FarmLayer, name: str) -> Element | None:
    value = _given(layer, name)
    where = f"{layer.where}, {name}"
    text = "" if value is None else values.minutes_text(value, where)
    return element(name, text, where) if text and job.carries(name, layer.where) else None
