# SPDX-License-Identifier: Apache-2.0
"""A job spec as plain data."""

from __future__ import annotations

from typing import NamedTuple

from outline.frames import FrameSet

__all__ = ["DependSpec", "JobSpec", "LayerSpec", "LocalBook", "SpecDocument", "SpecError", "SpecRules"]


class SpecError(ValueError):
    """A job spec is refused.

    Attributes:
        element: The path of the element, such as ``spec/job/layers/layer[2]``; ``document`` before the first one.
        reason: The reason.
        line: The line where the element starts, or where the parser stopped; 0 if unknown.
    """

    def __init__(self, element: str, reason: str, line: int = 0) -> None:
        super().__init__(element, reason, line)  # all args, so that pickle can rebuild it
        self.element, self.reason, self.line = element, reason, line

    def __str__(self) -> str:
        where = f"{self.element} (line {self.line})" if self.line else self.element
        return f"{where}: {self.reason}"


class SpecRules(NamedTuple):
    """The names that a spec may use, and how strictly it is read.

    Attributes:
        strict: Do exactly what Cuebot does, even where that is unhelpful.
        facilities: The facilities of the farm, in lower case.
        shows: The shows that accept jobs.
        services: The services of the farm. A layer with none of them gets ``default``.
        limits: The limits of the farm.
    """

    strict: bool = False
    facilities: frozenset[str] = frozenset()
    shows: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()


class LocalBook(NamedTuple):
    """A host that runs frames of the job for its owner: ``cores`` as written, ``memory`` and ``gpu`` in kB."""

    host: str
    cores: int
    memory: int
    threads: int
    gpu: int


class LayerSpec(NamedTuple):
    """A layer of a job spec, with the values that the spec gives.

    Attributes:
        name: Conformed: lower case, no ``-``.
        type: ``Render``, ``Util`` or ``Post``.
        command: What a frame runs, tokens such as ``#IFRAME#`` still in it.
        range: The frames as they were written.
        frames: The frames in render order, each once.
        chunk: Frames that run together, at least 1.
        min_cores: Core points of a frame; 0 a whole host, below 0 a host less so many, None those of the service.
        threadable: Whether a frame may get more cores than that; None as the service says. False when ``min_cores`` is
            a part of one core.
        memory_kb: Memory of a frame; None as the service says.
        gpus: GPUs of a frame; None as the service says.
        gpu_memory_kb: GPU memory of a frame; None as the service says.
        timeout_minutes: How long a frame may run; None as the service says.
        timeout_llu_minutes: How long a frame may be silent; None as the service says.
        tags: Tags of which a host must have one; None those of the service.
        limits: Limits that a running frame counts for.
        env: Environment of a frame, after that of the job.
        services: As written; followed by ``default`` when none of them is known, so that the first known one counts.
        outputs: Paths, each once.
    """

    name: str
    type: str
    command: str
    range: str
    frames: FrameSet
    chunk: int
    min_cores: int | None
    threadable: bool | None
    memory_kb: int | None
    gpus: int | None
    gpu_memory_kb: int | None
    timeout_minutes: int | None
    timeout_llu_minutes: int | None
    tags: tuple[str, ...] | None
    limits: tuple[str, ...]
    env: dict[str, str]
    services: tuple[str, ...]
    outputs: tuple[str, ...]


class JobSpec(NamedTuple):
    """A job of a job spec.

    Attributes:
        name: Conformed: ``show-shot-user_name``.
        paused: Whether it waits for somebody to resume it.
        priority: Higher first.
        max_retries: How often a frame that failed is tried again.
        max_cores: Core points that all its frames may use together; None as the server says.
        max_gpus: GPUs that all its frames may use together; None as the server says.
        autoeat: Whether frames that fail are eaten.
        os: Operating system that a host must have, empty for any.
        localbook: A host of the owner's that runs its frames, if there is one.
        env: Environment of all its frames.
        layers: In the order of the spec, Post layers among them.
    """

    name: str
    paused: bool
    priority: int
    max_retries: int
    max_cores: int | None
    max_gpus: int | None
    autoeat: bool
    os: str
    localbook: LocalBook | None
    env: dict[str, str]
    layers: tuple[LayerSpec, ...]


class DependSpec(NamedTuple):
    """One dependency: the ``dep`` side waits for the ``on`` side.

    Names are conformed, and empty where ``type`` needs none; a frame's name tells its layer.

    Attributes:
        where: The way to the element, for messages.
        line: Its line.
    """

    type: str
    any_frame: bool
    dep_job: str
    dep_layer: str
    dep_frame: str
    on_job: str
    on_layer: str
    on_frame: str
    where: str = ""
    line: int = 0

    def error(self, reason: str) -> SpecError:
        """The error that names this dependency."""
        return SpecError(self.where, reason, self.line)


class SpecDocument(NamedTuple):
    """A whole spec.

    Attributes:
        facility: In lower case, known; None for the server's own.
        show: Known.
        shot: Conformed.
        user: Who owns the jobs.
        uid: The number of that user, if the spec has it.
        email: Where to write to, may be empty.
        jobs: In the order of the spec.
        depends: In the order of the spec; what they name in its own jobs exists.
    """

    facility: str | None
    show: str
    shot: str
    user: str
    uid: int | None
    email: str
    jobs: tuple[JobSpec, ...]
    depends: tuple[DependSpec, ...]
