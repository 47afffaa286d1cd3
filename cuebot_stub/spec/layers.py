# SPDX-License-Identifier: Apache-2.0
"""What the elements of a layer mean."""

from __future__ import annotations

from outline.exception import did_you_mean

from .markup import Element
from .model import LayerSpec, SpecRules
from .names import conform_name
from .ranges import read_frames
from .values import (
    CORE,
    parse_cores,
    parse_count,
    parse_flag,
    parse_int,
    parse_memory,
    parse_memory_as_cuebot,
    parse_tags,
)

__all__ = ["read_env", "read_layer"]

LONGEST_COMMAND = 4000
LEAST_MEMORY_KB = 256 * 1024
DEFAULT_SERVICE = "default"


def read_layer(element: Element, rules: SpecRules) -> LayerSpec:
    """Return a layer; raise SpecError where it says what cannot be."""
    frames = element.required("range")
    points: int | None = element.read_child("cores", parse_cores, None)
    return LayerSpec(
        name=element.read_attribute("name", lambda name: conform_name(name, "layer")),
        type=element.attributes["type"],
        command=element.required("cmd").read(_check_command),
        range=frames.text,
        frames=frames.read(lambda text: read_frames(text, strict=rules.strict)),
        chunk=element.required("chunk").read(_parse_chunk),
        min_cores=points,
        threadable=_read_threadable(element, points),
        memory_kb=_read_memory(element, rules),
        gpus=element.read_child("gpus", parse_count, 0),
        gpu_memory_kb=_read_gpu_memory(element, rules),
        timeout_minutes=max(0, element.read_child("timeout", parse_int, 0)),
        timeout_llu_minutes=max(0, element.read_child("timeout_llu", parse_int, 0)),
        tags=element.read_child("tags", parse_tags, None),
        limits=_read_limits(element, rules),
        env=read_env(element, rules),
        services=_read_services(element, rules),
        outputs=_read_outputs(element),
    )


def read_env(element: Element, rules: SpecRules) -> dict[str, str]:
    """Return the environment that a job or layer sets.

    Cuebot cuts blanks off the values; we do that only when strict.
    """
    keys = [key for env in element.every("env") for key in env.children]
    return {key.attributes["name"]: key.text if rules.strict else key.raw_text for key in keys}


def _check_command(text: str) -> str:
    if not text:
        raise ValueError("the command is empty")
    if len(text) > LONGEST_COMMAND:
        raise ValueError(f"the command has {len(text)} characters; {LONGEST_COMMAND} are the most")
    return text


def _parse_chunk(text: str) -> int:
    size = parse_int(text)
    if size < 1:
        raise ValueError(f"a chunk of {size} frames; 1 is the least")
    return size


def _read_threadable(element: Element, points: int | None) -> bool | None:
    if points is not None and 0 < points < CORE:
        return False
    return element.read_child("threadable", parse_flag, None)


def _read_memory(element: Element, rules: SpecRules) -> int | None:
    parse = parse_memory_as_cuebot if rules.strict else parse_memory
    memory_kb: int | None = element.read_child("memory", parse, None)
    return None if memory_kb is None else max(memory_kb, LEAST_MEMORY_KB)


def _read_gpu_memory(element: Element, rules: SpecRules) -> int:
    """Return the GPU memory; what cannot be read is none of it on Cuebot, and an error for us."""
    name = "gpu" if element.find("gpu_memory") is None else "gpu_memory"
    if not rules.strict:
        return element.read_child(name, parse_memory, 0)
    return max(0, element.read_child(name, _parse_gpu_memory_as_cuebot, 0))


def _parse_gpu_memory_as_cuebot(text: str) -> int:
    try:
        return parse_memory_as_cuebot(text)
    except ValueError:
        return 0


def _read_limits(element: Element, rules: SpecRules) -> tuple[str, ...]:
    for limit in _listed(element, "limits"):
        if limit.text not in rules.limits:
            raise limit.error(
                f"there is no limit {limit.text[:40]!r}{did_you_mean(limit.text[:40], sorted(rules.limits))}"
            )
    return tuple(dict.fromkeys(limit.text for limit in _listed(element, "limits")))


def _read_services(element: Element, rules: SpecRules) -> tuple[str, ...]:
    names = list(dict.fromkeys(service.text for service in _listed(element, "services")))
    if not rules.services.intersection(names):
        names.append(DEFAULT_SERVICE)
    return tuple(dict.fromkeys(names))


def _read_outputs(element: Element) -> dict[str, str]:
    """Return paths by name; a name that comes again gets a number, so that no path is lost."""
    outputs: dict[str, str] = {}
    places: dict[str, int] = {}
    for output in _listed(element, "outputs"):
        written = name = output.attributes["name"]
        while name in outputs:
            places[written] = places.get(written, 1) + 1
            name = f"{written}_{places[written]}"
        outputs[name] = output.text
    return outputs


def _listed(element: Element, name: str) -> list[Element]:
    """Return the members of a list that have a text."""
    return [member for members in element.every(name) for member in members.children if member.text]
