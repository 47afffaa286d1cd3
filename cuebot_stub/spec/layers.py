# SPDX-License-Identifier: Apache-2.0
"""Reads the elements of a layer."""

from __future__ import annotations

from outline.cuebot_limits import (
    LEAST_MEMORY_KB,
    LONGEST_ENV,
    LONGEST_FRAME_NAME,
    LONGEST_OUTPUT,
    LONGEST_SERVICES,
    LONGEST_TEXT,
    MOST_GPU_MEMORY_KB,
)
from outline.exception import did_you_mean
from outline.names import frame_name

from .markup import Element
from .model import LayerSpec, SpecRules
from .values import (
    CORE,
    conform_name,
    limit_text,
    limited,
    parse_cores,
    parse_flag,
    parse_int,
    parse_memory,
    parse_tags,
    read_frames,
)

__all__ = ["read_env", "read_layer"]

DEFAULT_SERVICE = "default"


def read_layer(element: Element, rules: SpecRules) -> LayerSpec:
    """A layer. Raises SpecError."""
    name = element.read_attribute("name", lambda name: conform_name(name, "layer"))
    written = element.required("range")
    frames = written.read(lambda text: read_frames(text, strict=rules.strict))
    longest = frame_name(max(frames, key=abs, default=0), name)
    element.check(lambda: limit_text(longest, LONGEST_FRAME_NAME, f"the name of the frame {longest[:40]!r}..."))
    points: int | None = element.read_child("cores", parse_cores, None)
    return LayerSpec(
        name=name,
        type=element.attributes["type"],
        command=element.required("cmd").read(limited(LONGEST_TEXT, "the command")),
        range=written.text,
        frames=frames,
        chunk=element.required("chunk").read(_parse_chunk),
        min_cores=points,
        threadable=_read_threadable(element, points),
        memory_kb=_read_memory(element),
        gpus=element.read_child("gpus", parse_int, None),
        gpu_memory_kb=_read_gpu_memory(element),
        timeout_minutes=element.read_child("timeout", parse_int, None),
        timeout_llu_minutes=element.read_child("timeout_llu", parse_int, None),
        tags=element.read_child("tags", parse_tags, None),
        limits=_read_limits(element, rules),
        env=read_env(element),
        services=_read_services(element, rules),
        outputs=_read_outputs(element),
    )


def read_env(element: Element) -> dict[str, str]:
    """The environment of a job or layer, from the first ``env`` only, with values stripped."""
    found = {}
    for key in element.members("env"):
        name = key.read_attribute("name", limited(LONGEST_ENV, "the name of the variable"))
        found[name] = key.read(limited(LONGEST_ENV, "the value of the variable"))
    return found


def _parse_chunk(text: str) -> int:
    size = parse_int(text)
    if size < 1:
        raise ValueError(f"a chunk of {size} frames; give 1 or more")
    return size


def _read_threadable(element: Element, points: int | None) -> bool | None:
    if points is not None and 0 < points < CORE:
        return False
    return element.read_child("threadable", parse_flag, None)


def _read_memory(element: Element) -> int | None:
    memory_kb: int | None = element.read_child("memory", parse_memory, None)
    return None if memory_kb is None else max(memory_kb, LEAST_MEMORY_KB)


def _read_gpu_memory(element: Element) -> int | None:
    """The GPU memory. As on Cuebot, a wrong or too large value counts as none."""
    name = "gpu" if element.find("gpu_memory") is None else "gpu_memory"
    return element.read_child(name, _parse_gpu_memory, None)


def _parse_gpu_memory(text: str) -> int:
    try:
        memory_kb = parse_memory(text)
    except ValueError:
        return 0
    return memory_kb if 0 <= memory_kb <= MOST_GPU_MEMORY_KB else 0


def _read_limits(element: Element, rules: SpecRules) -> tuple[str, ...]:
    for limit in _listed(element, "limits"):
        if limit.text not in rules.limits:
            raise limit.error(f"no limit {limit.text[:40]!r}{did_you_mean(limit.text[:40], sorted(rules.limits))}")
    return tuple(dict.fromkeys(limit.text for limit in _listed(element, "limits")))


def _read_services(element: Element, rules: SpecRules) -> tuple[str, ...]:
    names = list(dict.fromkeys(service.text for service in _listed(element, "services")))
    if not rules.services.intersection(names):
        names.append(DEFAULT_SERVICE)
    element.check(lambda: limit_text(",".join(names), LONGEST_SERVICES, "the list of services"))
    return tuple(names)


def _read_outputs(element: Element) -> tuple[str, ...]:
    check = limited(LONGEST_OUTPUT, "the path of the output")
    return tuple(dict.fromkeys(output.read(check) for output in _listed(element, "outputs")))


def _listed(element: Element, name: str) -> list[Element]:
    """The non-empty members of the first list of a name, as on Cuebot."""
    return [member for member in element.members(name) if member.text]
