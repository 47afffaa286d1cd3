# SPDX-License-Identifier: Apache-2.0
"""Reads the elements of a job."""

from __future__ import annotations

from .layers import read_env, read_layer
from .markup import Element
from .model import JobSpec, LayerSpec, LocalBook, SpecRules
from .values import LONGEST_NAME, count_heads, limit_text, parse_flag, parse_int, parse_long, parse_max_cores

__all__ = ["MOST_HEADS", "MOST_LAYERS", "Budget", "post_job_name", "read_job"]

MOST_LAYERS = 2000  # of a job, and once more of its post job
MOST_HEADS = 100_000  # frames of the farm, which are chunks; of all jobs of the spec
MOST_FRAMES = 4_000_000  # of all layers, members of chunks included
LONGEST_OS = 12
POST_USER = "monitor"
_RETRIES = 1  # what a job gets that says nothing, and the most that Cuebot grants


def post_job_name(name: str, user: str, number: int) -> str:
    """The name of the job of a job's Post layers, which has another user."""
    return f"{name}_post_job_{number}".replace(user, POST_USER, 1)


def read_job(element: Element, name: str, user: str, rules: SpecRules, budget: Budget) -> JobSpec:
    """A job. Raises SpecError.

    Args:
        element: The element of the job.
        name: Its conformed name.
        user: Its owner.
        rules: The names that the spec may use.
        budget: The limits of all jobs of the spec together.
    """
    localbook = element.find("localbook")
    return JobSpec(
        name=name,
        paused=element.read_child("paused", parse_flag, False),
        priority=element.read_child("priority", parse_int, 1),
        max_retries=min(_RETRIES, max(0, element.read_child("maxretries", parse_int, _RETRIES))),
        max_cores=element.read_child("maxcores", parse_max_cores, None),
        max_gpus=element.read_child("maxgpus", parse_int, None),
        autoeat=element.read_child("autoeat", parse_flag, False),
        os=element.read_child("os", lambda text: limit_text(text, LONGEST_OS, "the operating system"), ""),
        localbook=None if localbook is None else _read_localbook(localbook),
        env=read_env(element),
        layers=_read_layers(element, post_job_name(name, user, 10**12), rules, budget),
    )


def _read_localbook(element: Element) -> LocalBook:
    return LocalBook(
        host=element.attributes["host"],
        cores=element.read_attribute("cores", parse_int),
        memory=element.read_attribute("memory", parse_long),
        threads=element.read_attribute("threads", parse_int),
        gpu=element.read_attribute("gpu", parse_long),
    )


def _read_layers(element: Element, post_name: str, rules: SpecRules, budget: Budget) -> tuple[LayerSpec, ...]:
    parent = element.find("layers")
    found: dict[str, LayerSpec] = {}
    budget.begin_job()
    for child in parent.children if parent is not None else ():
        layer = read_layer(child, rules)
        if layer.name in found:
            raise child.error(f"the job already has a layer {layer.name!r}")
        found[layer.name] = layer
        budget.spend(layer, child)
    types = {layer.type for layer in found.values()}
    if types <= {"Post"}:
        raise element.error("the job has no layers, or only Post layers")
    if "Post" in types and len(post_name) > LONGEST_NAME:
        raise element.error(f"the name of the job of the Post layers has more than {LONGEST_NAME} characters")
    return tuple(found.values())


class Budget:
    """Counts layers and frames of one spec against the limits."""

    def __init__(self) -> None:
        self._heads = self._frames = 0
        self._layers = {False: 0, True: 0}

    def begin_job(self) -> None:
        """Begin a new count of layers. Frames count over all jobs."""
        self._layers = {False: 0, True: 0}

    def spend(self, layer: LayerSpec, element: Element) -> None:
        """Add a layer. Raises SpecError above a limit."""
        self._layers[layer.type == "Post"] += 1
        self._heads += count_heads(layer.frames, layer.chunk)
        self._frames += len(layer.frames)
        if max(self._layers.values()) > MOST_LAYERS:
            raise element.error(f"the job has more than {MOST_LAYERS} layers")
        if self._heads > MOST_HEADS:
            upto = f"the layers up to {layer.name!r} have {self._heads} frames"
            raise element.error(f"{upto}; a spec can have at most {MOST_HEADS}")
        if self._frames > MOST_FRAMES:
            raise element.error(f"the chunks of the spec hold more than {MOST_FRAMES} frames")
