# SPDX-License-Identifier: Apache-2.0
"""A job as the scheduler sees it: plain facts, without any of the user's classes."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..frames import FrameSet

__all__ = ["DependPlan", "JobPlan", "LayerPlan"]


class LayerPlan(NamedTuple):
    """What the scheduler knows of a layer.

    Attributes:
        name: Its name.
        frames: Its frames in render order, without repeats.
        chunk: Frames that run together.
        type: ``Render``, ``Util`` or ``Post``.
        cores: Cores that one chunk needs. 0 means all of the machine, a negative number means all but that many.
        memory_kb: Memory that one chunk needs, 0 when unset.
        timeout_seconds: How long a chunk may run, or None.
        timeout_llu_seconds: How long a chunk may go without output, or None.
        autoeat: A chunk that fails becomes EATEN.
        ignore_errors: A chunk that has failed for the last time becomes EATEN.
        group: A text that layers share when they may run on the same machines. Only the code that chooses machines
            knows its meaning.
        chunk_seconds: How long a process should run. It may render several frames of this layer. 0 means one frame
            each.
        retry_delay_seconds: How long a failed chunk waits before its retry.
        timeout_retry: The factor for the limits at each retry of a chunk that hit a limit. 0 means no retry.
    """

    name: str
    frames: FrameSet
    chunk: int = 1
    type: str = "Render"
    cores: float = 1.0
    memory_kb: int = 0
    timeout_seconds: float | None = None
    timeout_llu_seconds: float | None = None
    autoeat: bool = False
    group: str = ""
    timeout_retry: float = 0.0
    chunk_seconds: float = 0.0
    retry_delay_seconds: float = 0.0
    ignore_errors: bool = False

    def time_limits(self, tries: int, chunks: int = 1) -> tuple[float | None, float | None]:
        """How long a process may run, and how long it may go without output.

        Args:
            tries: The number of this try, counted from 1.
            chunks: The number of chunks in the process.
        """
        growth = self.timeout_retry ** (tries - 1) if self.timeout_retry else 1.0
        run, silent = self.timeout_seconds, self.timeout_llu_seconds
        return run and run * growth * chunks, silent and silent * growth


class DependPlan(NamedTuple):
    """One dependency: ``layer`` waits for ``on``; types as in ``outline.depend.DependType``."""

    layer: str
    on: str
    type: str
    any_frame: bool = False


class JobPlan(NamedTuple):
    """What the scheduler knows of a job: plain data, so it travels through the journal as JSON."""

    name: str
    layers: tuple[LayerPlan, ...]
    depends: tuple[DependPlan, ...] = ()
    max_retries: int = 2
    autoeat: bool = False

    def fitted(self, cores: float, memory_kb: int) -> JobPlan:
        """The plan with resources limited to what a machine has, so that every frame can at least run alone.

        Args:
            cores: The machine's cores. A layer that asks for 0 gets all of them, a negative number gets all but that
                many.
            memory_kb: The machine's memory.
        """
        layers = tuple(
            layer._replace(cores=_fit_cores(layer.cores, cores), memory_kb=min(layer.memory_kb, memory_kb))
            for layer in self.layers
        )
        return self._replace(layers=layers)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON data."""
        layers = [{**layer._asdict(), "frames": str(layer.frames)} for layer in self.layers]
        depends = [depend._asdict() for depend in self.depends]
        return {**self._asdict(), "layers": layers, "depends": depends}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> JobPlan:
        """The plan that ``to_dict`` wrote."""
        layers = tuple(LayerPlan(**{**entry, "frames": FrameSet(entry["frames"])}) for entry in data["layers"])
        depends = tuple(DependPlan(**entry) for entry in data["depends"])
        return cls(data["name"], layers, depends, data["max_retries"], data["autoeat"])


def _fit_cores(wanted: float, cores: float) -> float:
    if wanted <= 0:
        wanted = max(cores + wanted, min(1.0, cores))
    return min(wanted, cores)
