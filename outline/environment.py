# SPDX-License-Identifier: Apache-2.0
"""The CUE_* and OL_* variables of one frame.

Meaning and spelling are those of OpenCue: what its server sends with a frame and what its host daemon RQD adds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .constants import ITEM_TABLE
from .frames import LONGEST_TEXT
from .names import frame_name, log_name
from .resources import is_true

if TYPE_CHECKING:
    from .layer import Layer
    from .loader import Outline

__all__ = ["FrameFacts", "SessionFacts", "base_environment", "frame_environment", "layer_environment"]


_LONGEST_ITEM = 32_000  # a program is started with 128 kB of one variable at most, and 2 MB of all


class FrameFacts(NamedTuple):
    """What a scheduler knows of a frame that it is about to start."""

    frame: int
    attempt: int = 1
    cores: float = 1.0
    memory_kb: int = 0


class SessionFacts(Protocol):
    """What the variables tell of a session."""

    def get_path(self) -> str: ...
    def get_log_path(self) -> str: ...
    def get_job_id(self) -> str: ...


def layer_environment(ol: Outline, layer: Layer, session: SessionFacts | None = None) -> dict[str, str]:
    """The variables that all frames of a layer share.

    Args:
        ol: The job.
        session: Stands for the outline's session while it has none.
    """
    session = session or ol.get_session()
    job_id = session.get_job_id()
    env = {key: value for key, (value, pre) in ol.get_env().items() if pre}
    env.update(
        CUE3="1",
        CUE_JOB=ol.get_full_name(),
        CUE_JOB_ID=job_id,
        CUE_LAYER=layer.get_name(),
        CUE_LAYER_ID=_part_id(job_id, _position(ol, layer), 0xFFFFFFFF),
        CUE_LOG_PATH=session.get_log_path(),
        CUE_RANGE=str(layer.get_frame_range() or ""),
        CUE_CHUNK=str(layer.get_chunk_size()),
        CUE_SHOW=ol.get_show(),
        CUE_SHOT=ol.get_shot(),
        CUE_USER=ol.get_user(),
        CUE_GPUS=str(layer.get_arg("gpus") or 0),
        CUE_GPU_MEMORY="0",
        CUE_THREADABLE="1" if is_true(layer.get_arg("threadable")) else "0",
        OL_BASE_SESSION_PATH=session.get_path(),
        show=ol.get_show(),
        shot=ol.get_shot(),
        jobid=ol.get_full_name(),
    )
    source = layer.get_items()
    if source is not None and source.path:
        env[ITEM_TABLE] = source.path
        if len(env["CUE_RANGE"]) > LONGEST_TEXT:
            del env["CUE_RANGE"]
    return env


def frame_environment(shared: Mapping[str, str], facts: FrameFacts) -> dict[str, str]:
    """The variables of one frame.

    Args:
        shared: What ``layer_environment`` returned for its layer.
        facts: The frame.
    """
    name = frame_name(facts.frame, shared["CUE_LAYER"])
    env = dict(shared)
    env.update(
        CUE_FRAME=name,
        CUE_IFRAME=str(facts.frame),
        CUE_FRAME_ID=_part_id(shared["CUE_JOB_ID"], int(shared["CUE_LAYER_ID"][24:28], 16), facts.frame),
        CUE_MEMORY=str(facts.memory_kb),
        CUE_THREADS=str(max(1, int(facts.cores)) if shared["CUE_THREADABLE"] == "1" else 1),
        OL_ATTEMPT=str(facts.attempt),
        frame=name,
        zframe=name,
        logfile=log_name(shared["CUE_JOB"], name),
    )
    if ITEM_TABLE in shared:
        from .items import ItemTable  # most layers have no items

        item = ItemTable(shared[ITEM_TABLE]).item(facts.frame)
        value = json.dumps(item.value, ensure_ascii=False)
        env["OL_ITEM_KEY"] = item.key
        if len(value) <= _LONGEST_ITEM:
            env["OL_ITEM"] = value
    return env


def base_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without the frame variables of another job, for a job launched from within a frame."""
    return {key: value for key, value in environ.items() if not key.startswith(("CUE_", "OL_LAYER_", "OL_BASE_"))}


def _position(ol: Outline, layer: Layer) -> int:
    return next((place for place, one in enumerate(ol.get_layers()) if one is layer), 0xFFFF)


def _part_id(job_id: str, layer: int, frame: int) -> str:
    """An id that is the same in every attempt and after a resume.

    It is the job's, with the number of its machine replaced by the places of layer and frame.
    """
    return f"{job_id[:23]:0<23}-{layer & 0xFFFF:04x}{frame & 0xFFFFFFFF:08x}"
