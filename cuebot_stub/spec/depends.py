# SPDX-License-Identifier: Apache-2.0
"""What depends mean, and whether what they name inside the spec is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from outline.exception import did_you_mean
from outline.frames import FrameSet, chunk_heads
from outline.names import split_frame_name

from .markup import Element
from .model import DependSpec, JobSpec, LayerSpec, SpecRules
from .names import conform_frame_name, conform_name
from .values import parse_flag

__all__ = ["DependReader"]


class _Side(NamedTuple):
    """The elements of the one that waits, or of the one that is waited for."""

    job: str
    layer: str
    frame: str


_DEP = _Side("depjob", "deplayer", "depframe")
_ON = _Side("onjob", "onlayer", "onframe")

# Which part of each side a type needs, where its name does not say so.
_NEEDS = {
    "FRAME_BY_FRAME": ("LAYER", "LAYER"),
    "PREVIOUS_FRAME": ("LAYER", "LAYER"),
    "LAYER_ON_SIM_FRAME": ("LAYER", "FRAME"),
}

# Types that make sense between frames of one layer.
_WITHIN_LAYER = ("PREVIOUS_FRAME", "FRAME_ON_FRAME")


class DependReader:
    """Reads the depends of one document; made for it, when its jobs are read.

    Heads of layers are listed at the first depend that names a frame of them.
    """

    def __init__(self, jobs: Sequence[JobSpec], rules: SpecRules, conform_job: Callable[[str], str]) -> None:
        """Know the jobs that depends may name.

        Args:
            jobs: Those of the document. Depends on other ones are not looked into.
            rules: How strict to be.
            conform_job: Makes a job name of what a user wrote, or raises ValueError.
        """
        self._layers: dict[str, dict[str, LayerSpec]] = {
            job.name: {layer.name: layer for layer in job.layers} for job in jobs
        }
        self._heads: dict[tuple[str, str], FrameSet] = {}
        self._strict = rules.strict
        self._conform_job = conform_job

    def read(self, element: Element) -> DependSpec:
        """Return a depend whose parts are there as far as the document can tell; raise SpecError otherwise."""
        kind = element.attributes["type"]
        dep_needs, on_needs = _NEEDS.get(kind) or kind.split("_ON_")
        dep = self._read_side(element, _DEP, dep_needs)
        on = self._read_side(element, _ON, on_needs)
        if dep.job == on.job:
            self._check_pair(element, dep, on)
            whole_job = "JOB" in (dep_needs, on_needs)
            if not self._strict and (whole_job or (kind not in _WITHIN_LAYER and _layer_of(dep) == _layer_of(on))):
                raise element.error(f"with {kind} it would wait for itself")
        # The farm server reads anyframe for this type alone.
        any_frame = kind == "LAYER_ON_LAYER" and parse_flag(element.attributes.get("anyframe", ""))
        return DependSpec(kind, any_frame, *dep, *on)

    def _read_side(self, element: Element, names: _Side, needs: str) -> _Side:
        side = _Side(
            element.required(names.job).read(self._conform_job),
            element.read_child(names.layer, lambda text: conform_name(text, "layer"), ""),
            element.read_child(names.frame, lambda text: conform_frame_name(text, strict=self._strict), ""),
        )
        for part, name in ("LAYER", names.layer), ("FRAME", names.frame):
            if needs == part and element.find(name) is None:
                raise element.error(f"{element.attributes['type']} needs <{name}>")
        layers = self._layers.get(side.job)
        if layers is not None:
            self._check_layer(element, names.layer, side.layer, layers)
            self._check_frame(element, names.frame, side, layers)
        return side

    def _check_layer(self, element: Element, child: str, name: str, layers: Mapping[str, LayerSpec]) -> None:
        if name and name not in layers:
            at = element.find(child) or element
            raise at.error(f"the job has no layer {name!r}{did_you_mean(name, list(layers))}")

    def _check_frame(self, element: Element, child: str, side: _Side, layers: Mapping[str, LayerSpec]) -> None:
        if not side.frame:
            return
        number, layer = split_frame_name(side.frame)
        self._check_layer(element, child, layer, layers)
        at = element.find(child) or element
        if side.layer and layer != side.layer:
            raise at.error(f"{side.frame!r} is no frame of layer {side.layer!r}")
        if number not in self._heads_of(side.job, layers[layer]):
            inside = number in layers[layer].frames
            why = "it is in a chunk that begins with another one" if inside else "it is not in the range"
            raise at.error(f"layer {layer!r} has no frame {side.frame!r}: {why}")

    def _heads_of(self, job: str, layer: LayerSpec) -> FrameSet:
        key = job, layer.name
        if key not in self._heads:
            self._heads[key] = chunk_heads(layer.frames, layer.chunk)
        return self._heads[key]

    def _check_pair(self, element: Element, dep: _Side, on: _Side) -> None:
        """Refuse within one job what Cuebot refuses too."""
        if dep.frame and dep.frame == on.frame:
            raise element.error(f"the frame {dep.frame!r} cannot depend on itself")
        if self._is_post(on) and not self._is_post(dep):
            raise element.error("a Post layer starts when the job is done, so nothing in the job can wait for it")

    def _is_post(self, side: _Side) -> bool:
        layer = self._layers.get(side.job, {}).get(_layer_of(side))
        return layer is not None and layer.type == "Post"


def _layer_of(side: _Side) -> str:
    return split_frame_name(side.frame)[1] if side.frame else side.layer
