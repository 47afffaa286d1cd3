# SPDX-License-Identifier: Apache-2.0
"""What the elements of a job mean."""

from __future__ import annotations

from .layers import read_env, read_layer
from .markup import Element
from .model import JobSpec, LayerSpec, LocalBook, SpecRules
from .ranges import count_heads
from .values import parse_count, parse_flag, parse_int, parse_long, parse_max_cores

__all__ = ["MOST_HEADS", "MOST_LAYERS", "read_job"]

MOST_LAYERS = 2000  # of the job, and once more of its post job
MOST_HEADS = 100_000  # frames of the farm, which are chunks
MOST_FRAMES = 4_000_000  # of all layers, members of chunks included
_RETRIES = 1  # what a job gets that says nothing, and the most that Cuebot grants


def read_job(element: Element, name: str, rules: SpecRules) -> JobSpec:
    """Return a job; raise SpecError where it says what cannot be.

    Args:
        element: The job.
        name: Its conformed name.
        rules: What the spec may name.
    """
    localbook = element.find("localbook")
    return JobSpec(
        name=name,
        paused=element.read_child("paused", parse_flag, False),
        priority=element.read_child("priority", parse_int, 1),
        max_retries=_read_retries(element, rules),
        max_cores=element.read_child("maxcores", parse_max_cores, None),
        max_gpus=element.read_child("maxgpus", _parse_max_gpus, None),
        autoeat=element.read_child("autoeat", parse_flag, False),
        os=element.read_child("os", str, ""),
        localbook=None if localbook is None else _read_localbook(localbook),
        env=read_env(element, rules),
        layers=_read_layers(element, rules),
    )


def _read_retries(element: Element, rules: SpecRules) -> int:
    retries = max(0, element.read_child("maxretries", parse_int, _RETRIES))
    return min(retries, _RETRIES) if rules.strict else retries


def _parse_max_gpus(text: str) -> int | None:
    return None if text == "-1" else parse_count(text)


def _read_localbook(element: Element) -> LocalBook:
    return LocalBook(
        host=element.attributes["host"],
        cores=element.read_attribute("cores", parse_int),
        memory=element.read_attribute("memory", parse_long),
        threads=element.read_attribute("threads", parse_int),
        gpu=element.read_attribute("gpu", parse_long),
    )


def _read_layers(element: Element, rules: SpecRules) -> tuple[LayerSpec, ...]:
    parent = element.find("layers")
    found: dict[str, LayerSpec] = {}
    budget = _Budget()
    for child in parent.children if parent is not None else ():
        layer = read_layer(child, rules)
        if layer.name in found:
            raise child.error(f"the job has a layer {layer.name!r} already")
        found[layer.name] = layer
        budget.spend(layer, child)
    if all(layer.type == "Post" for layer in found.values()):
        raise element.error("the job has no layer, or none before its Post layers")
    return tuple(found.values())


class _Budget:
    """Adds up what the layers of one job cost; made and dropped with the reading of that job."""

    def __init__(self) -> None:
        self._heads = self._frames = 0
        self._layers = {False: 0, True: 0}

    def spend(self, layer: LayerSpec, element: Element) -> None:
        self._layers[layer.type == "Post"] += 1
        self._heads += count_heads(layer.frames, layer.chunk)
        self._frames += len(layer.frames)
        if max(self._layers.values()) > MOST_LAYERS:
            raise element.error(f"the job has more than {MOST_LAYERS} layers")
        if self._heads > MOST_HEADS:
            upto = f"the layers up to {layer.name!r} have {self._heads} frames"
            raise element.error(f"{upto}; {MOST_HEADS} are the most of a job")
        if self._frames > MOST_FRAMES:
            raise element.error(f"the chunks of the job hold more than {MOST_FRAMES} frames")
