# SPDX-License-Identifier: Apache-2.0
"""Reads the dependencies of a spec, and checks the names that they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from outline.exception import did_you_mean
from outline.frames import FrameSet, chunk_heads
from outline.names import split_frame_name

from .markup import Element
from .model import DependSpec, JobSpec, LayerSpec
from .values import conform_frame_name, conform_name, parse_flag

__all__ = ["DependReader"]


class _Side(NamedTuple):
    """The names of the elements for one end of a dependency."""

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


class DependReader:
    """Reads the dependencies of one document, after its jobs.

    It lists the heads of a layer when the first dependency names one of its frames.
    """

    def __init__(self, jobs: Sequence[JobSpec], conform_job: Callable[[str], str]) -> None:
        """Take the jobs of the document.

        Args:
            jobs: The jobs of the document. Dependencies on other jobs are not checked.
            conform_job: Returns the job name for a user's text, or raises ValueError.
        """
        self._layers: dict[str, dict[str, LayerSpec]] = {
            job.name: {layer.name: layer for layer in job.layers} for job in jobs
        }
        self._heads: dict[tuple[str, str], FrameSet] = {}
        self._conform_job = conform_job

    def read(self, element: Element) -> DependSpec:
        """A dependency, after a check of the names that are in this document. Raises SpecError."""
        kind = element.attributes["type"]
        if kind == "LAYER_ON_FRAME":
            raise element.error(
                f"Cuebot cannot read {kind} from a job spec; use LAYER_ON_SIM_FRAME, which means the same"
            )
        dep_needs, on_needs = _NEEDS.get(kind) or kind.split("_ON_")
        dep, dep_frame = self._read_side(element, _DEP, dep_needs)
        on, on_frame = self._read_side(element, _ON, on_needs)
        if dep_frame and dep_frame == on_frame:
            raise element.error(f"the frame {dep_frame!r} cannot depend on itself, nor on one of that name elsewhere")
        # Cuebot reads anyframe for this type alone.
        any_frame = kind == "LAYER_ON_LAYER" and parse_flag(element.attributes.get("anyframe", ""))
        return DependSpec(kind, any_frame, *dep, *on, element.path, element.line)

    def _read_side(self, element: Element, names: _Side, needs: str) -> tuple[_Side, str]:
        """The names that a type needs for one end, and the name of its frame in any case."""
        written = _Side(
            element.required(names.job).read(self._conform_job),
            element.read_child(names.layer, lambda text: conform_name(text, "layer"), ""),
            element.read_child(names.frame, conform_frame_name, ""),
        )
        for part, name in ("LAYER", names.layer), ("FRAME", names.frame):
            if needs == part and element.find(name) is None:
                raise element.error(f"{element.attributes['type']} needs <{name}>")
        layer, frame = written.layer if needs == "LAYER" else "", written.frame if needs == "FRAME" else ""
        layers = self._layers.get(written.job)
        if layers is not None:
            self._check_layer(element, names.layer, layer, layers)
            self._check_frame(element, names.frame, written.job, frame, layers)
        return _Side(written.job, layer, frame), written.frame

    def _check_layer(self, element: Element, child: str, name: str, layers: Mapping[str, LayerSpec]) -> None:
        at = element.find(child) or element
        if name and name not in layers:
            raise at.error(f"the job has no layer {name!r}{did_you_mean(name, list(layers))}")
        if name and layers[name].type == "Post":
            raise at.error(f"{name!r} is a Post layer, which starts when the job is done; nothing can wait for it")

    def _check_frame(self, element: Element, child: str, job: str, frame: str, layers: Mapping[str, LayerSpec]) -> None:
        if not frame:
            return
        number, layer = split_frame_name(frame)
        self._check_layer(element, child, layer, layers)
        at = element.find(child) or element
        if number not in self._heads_of(job, layers[layer]):
            inside = number in layers[layer].frames
            why = "it is in a chunk that begins with another one" if inside else "it is not in the range"
            raise at.error(f"layer {layer!r} has no frame {frame!r}: {why}")

    def _heads_of(self, job: str, layer: LayerSpec) -> FrameSet:
        key = job, layer.name
        if key not in self._heads:
            self._heads[key] = chunk_heads(layer.frames, layer.chunk)
        return self._heads[key]
