# SPDX-License-Identifier: Apache-2.0
"""The template of a job, for Open Job Description 2023-09.

Each layer becomes a step, each chunk a task. A task runs ``pycuerun SESSION/outline.yaml -e FRAME-LAYER``, so a frame
means what it means everywhere. What the format cannot say is said as near as it can, and a warning names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..frames import FrameSet, chunk_heads
from ..scheduler import DependPlan, JobPlan, LayerPlan
from . import VERSION

__all__ = ["SESSION", "Exported", "StepFacts", "template_of"]

SESSION = "session"
"""The folder of a bundle that the job's session is in."""

_LONGEST_JOB, _LONGEST_STEP = 128, 64
_LONGER_NAMES = "FEATURE_BUNDLE_1"
_LONGEST_LONG_NAME = 512
_MOST_LISTED = 1024
# What pycuerun is told of the farm: where to work, and which paths are elsewhere on this host.
_TOLD = ("OL_FOLDER={{Param.Folder}}", "OL_PATH_MAPPING={{Session.PathMappingRulesFile}}")
_PYCUERUN = ("{{Param.Pycuerun}}", "{{Param.Session}}/outline.yaml", "-e")
_ONE_AFTER_ANOTHER = 'for frame in $4; do "$1" "$2" "$3" "$frame-$5" || exit; done'
_FRAME = "{{Task.Param.Frame}}"
_EXACT = ("LAYER_ON_LAYER", "LAYER_ON_SIM_FRAME")
_SAID = {
    "FRAME_BY_FRAME": "frame by frame",
    "PREVIOUS_FRAME": "for the frame before",
    "LAYER_ON_ANY": "for any frame",
}


class StepFacts(NamedTuple):
    """What a step is told of its layer beside the plan.

    Attributes:
        gpus: How many GPUs a chunk needs.
        gpu_memory_kb: How much memory of them.
        threads: How many threads a frame is told to use; 0 leaves that to pycuerun.
        tags: The kinds of hosts that somebody has asked for.
        lost: What of the layer a template has no word for, such as ``limits=['nuke']``.
    """

    gpus: int = 0
    gpu_memory_kb: int = 0
    threads: int = 0
    tags: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


class Exported(NamedTuple):
    """A template, and what it says otherwise than the outline."""

    template: dict[str, Any]
    warnings: list[str]


def template_of(
    plan: JobPlan,
    *,
    folder: str,
    variables: Mapping[str, str] | None = None,
    steps: Mapping[str, StepFacts] | None = None,
) -> Exported:
    """The template of a plan.

    Args:
        plan: The job.
        folder: Where frames run.
        variables: The environment of the whole job.
        steps: More of its layers, by name.
    """
    warnings: list[str] = []
    names = _step_names(plan.layers, warnings)
    made = [_step(plan, layer, names, (steps or {}).get(layer.name, StepFacts()), warnings) for layer in plan.layers]
    longest = max(map(len, names.values()), default=0)
    template: dict[str, Any] = {"specificationVersion": VERSION}
    if longest > _LONGEST_STEP:
        template["extensions"] = [_LONGER_NAMES]
    template["name"] = plan.name[:_LONGEST_JOB].replace("{{", "{ {")
    template["parameterDefinitions"] = _parameters(folder)
    if variables:
        template["jobEnvironments"] = [{"name": "outline", "variables": _variables(variables, warnings)}]
    template["steps"] = made
    if plan.autoeat:
        warnings.append("a frame that fails is not eaten (autoeat): it fails its step")
    return Exported(template, warnings)


def _parameters(folder: str) -> list[dict[str, Any]]:
    return [
        {
            "name": "Session",
            "type": "PATH",
            "objectType": "DIRECTORY",
            "dataFlow": "INOUT",
            "default": SESSION,
            "description": "The session of the job: the outline as data, and what its frames store.",
        },
        {"name": "Folder", "type": "STRING", "default": folder, "description": "Where the frames run."},
        {"name": "Pycuerun", "type": "STRING", "default": "pycuerun", "description": "The program, on every host."},
    ]


def _variables(variables: Mapping[str, str], warnings: list[str]) -> dict[str, str]:
    odd = [name for name, value in variables.items() if "{{" in value]
    if odd:
        warnings.append(
            f"variables that contain {{{{ are left out, since a template would expand them: {', '.join(odd)}"
        )
    return {name: value for name, value in variables.items() if name not in odd}


def _step_names(layers: Sequence[LayerPlan], warnings: list[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for place, layer in enumerate(layers):
        name = layer.name
        if len(name) > _LONGEST_LONG_NAME:
            name = f"{name[: _LONGEST_LONG_NAME - 8]}-{place}"
            warnings.append(f"layer {layer.name}: its step has a shorter name, {name}")
        names[layer.name] = name
    return names


def _step(
    plan: JobPlan, layer: LayerPlan, names: Mapping[str, str], facts: StepFacts, warnings: list[str]
) -> dict[str, Any]:
    where = f"layer {layer.name}"
    depends = [depend for depend in plan.depends if depend.layer == layer.name]
    is_serial = any(depend.on == layer.name for depend in depends)
    heads = chunk_heads(layer.frames, layer.chunk)
    step: dict[str, Any] = {"name": names[layer.name]}
    on = _depends(layer, depends, plan, names, warnings)
    if on:
        step["dependencies"] = [{"dependsOn": name} for name in on]
    needs = _needs(layer, facts, where, warnings)
    if needs:
        step["hostRequirements"] = needs
    if facts.threads:
        step["stepEnvironments"] = [{"name": "threads", "variables": {"CUE_THREADS": str(facts.threads)}}]
    if is_serial:
        warnings.append(f"{where} waits for its own frames: they run one after another in a single task")
        numbers = " ".join(map(str, heads))
        args = [*_TOLD, "sh", "-c", _ONE_AFTER_ANOTHER, "outline", *_PYCUERUN, numbers, layer.name]
    else:
        frames = {"name": "Frame", "type": "INT", "range": _range(heads, where, warnings)}
        step["parameterSpace"] = {"taskParameterDefinitions": [frames]}
        args = [*_TOLD, *_PYCUERUN, f"{_FRAME}-{layer.name}"]
    action: dict[str, Any] = {"command": "env", "args": args}
    if layer.timeout_seconds:
        action["timeout"] = round(layer.timeout_seconds * (len(heads) if is_serial else 1)) or 1
    step["script"] = {"actions": {"onRun": action}}
    warnings += [
        f"{where}: {one} has no counterpart in a template and is left out" for one in (*facts.lost, *_lost(layer))
    ]
    return step


def _lost(layer: LayerPlan) -> list[str]:
    """What of the plan of a layer a template has no word for."""
    found = []
    if layer.timeout_llu_seconds:
        found.append(f"timeout_llu={layer.timeout_llu_seconds / 60:g}")
    if layer.timeout_retry:
        found.append(f"timeout_retry={layer.timeout_retry:g}")
    if layer.retry_delay_seconds:
        found.append(f"retry_delay={layer.retry_delay_seconds / 60:g}")
    if layer.chunk_seconds:
        found.append(f"a chunk of {layer.chunk_seconds:g} seconds")
    if layer.autoeat:
        found.append("autoeat")
    if layer.ignore_errors:
        found.append("ignore_errors")
    return found


def _range(heads: FrameSet, where: str, warnings: list[str]) -> str | list[int]:
    """The first frames of the chunks: an expression, which is sorted, or a list, which keeps the order and is short."""
    numbers = list(heads)
    if numbers != sorted(numbers):
        if len(numbers) <= _MOST_LISTED:
            return numbers
        warnings.append(f"{where}: its frames run in ascending order; only {_MOST_LISTED} can be listed in another one")
    return str(FrameSet(sorted(numbers))).replace("x", ":")


def _depends(
    layer: LayerPlan,
    depends: Sequence[DependPlan],
    plan: JobPlan,
    names: Mapping[str, str],
    warnings: list[str],
) -> list[str]:
    """The steps that a step waits for."""
    where, found = f"layer {layer.name}", []
    single = {one.name for one in plan.layers if len(chunk_heads(one.frames, one.chunk)) == 1}
    for depend in depends:
        if depend.on == layer.name:
            continue
        found.append(names[depend.on])
        kind = "LAYER_ON_ANY" if depend.any_frame else depend.type
        if kind not in _EXACT and not {layer.name, depend.on} <= single:
            waits = _SAID.get(kind, kind)
            warnings.append(f"{where} waits for all of {depend.on}, and not {waits} ({kind})")
    if layer.type == "Post":
        warnings.append(f"{where} is a Post layer: it runs when all else has succeeded, and not after a failure")
        found += [names[one.name] for one in plan.layers if one.type != "Post"]
    return list(dict.fromkeys(found))


def _needs(layer: LayerPlan, facts: StepFacts, where: str, warnings: list[str]) -> dict[str, Any]:
    amounts = []
    if layer.cores <= 0:
        warnings.append(f"{where} wants {'a whole machine' if not layer.cores else f'all but {-layer.cores:g} cores'}:"
                        " a step can only ask for a number of cores, so it asks for one")  # fmt: skip
    if layer.cores > 1:
        amounts.append({"name": "amount.worker.vcpu", "min": _number(layer.cores)})
    if layer.memory_kb:
        amounts.append({"name": "amount.worker.memory", "min": _mib(layer.memory_kb)})
    if facts.gpus:
        amounts.append({"name": "amount.worker.gpu", "min": facts.gpus})
    if facts.gpu_memory_kb:
        amounts.append({"name": "amount.worker.gpu.memory", "min": _mib(facts.gpu_memory_kb)})
    needs: dict[str, Any] = {"amounts": amounts} if amounts else {}
    if facts.tags:
        warnings.append(f"{where}: its tags become the attribute attr.tags, which the hosts of a farm must have")
        needs["attributes"] = [{"name": "attr.tags", "anyOf": list(facts.tags)}]
    return needs


def _mib(kilobytes: int) -> int:
    return -(-kilobytes // 1024)


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value
