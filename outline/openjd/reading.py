# SPDX-License-Identifier: Apache-2.0
"""A template of Open Job Description as the text of an outline script."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..exception import OutlineException
from ..modules.openjd.parameters import TYPES
from ..modules.openjd.space import CHUNK
from ..modules.openjd.text import names_in
from ..session import conform_name
from . import VERSION

__all__ = ["Imported", "literal", "script_of"]

_EXTENSIONS = ("TASK_CHUNKING", "REDACTED_ENV_VARS", "FEATURE_BUNDLE_1")
# Program, end of the file's name, and words before it.
_INTERPRETERS = {
    "python": ("python", ".py", ()),
    "bash": ("bash", ".sh", ()),
    "cmd": ("cmd", ".bat", ("/C",)),
    "powershell": ("powershell", ".ps1", ("-File",)),
    "node": ("node", ".js", ()),
}
_OF_TEMPLATES = (
    *("$schema", "specificationVersion", "extensions", "name", "description"),
    *("parameterDefinitions", "jobEnvironments", "steps"),
)
_OF_STEPS = (
    *("name", "description", "dependencies", "stepEnvironments", "hostRequirements", "parameterSpace", "script"),
    *_INTERPRETERS,
)
_OF_PARAMETERS = ("name", "type", "default", "minValue", "maxValue", "minLength", "maxLength", "allowedValues")
_AMOUNTS = {
    "amount.worker.vcpu": "cores",
    "amount.worker.memory": "memory",
    "amount.worker.gpu": "gpus",
    "amount.worker.gpu.memory": "gpu_memory",
}
_INDENT = "    "
_WIDTH = 100
_TASK_TYPES = ("INT", "FLOAT", "STRING", "PATH", CHUNK)

# Any: a template as its file holds it.
Data = Mapping[str, Any]


class Imported(NamedTuple):
    """A script, and what it does otherwise than the template."""

    text: str
    warnings: list[str]


def script_of(template: Data, *, source: str, folder: str) -> Imported:
    """The script of a template.

    Args:
        template: The template; it must be one that ``openjd check`` accepts.
        source: The name of its file, for people.
        folder: The way from the script's folder to that of the template.

    Raises:
        OutlineException: It is no template of a version that is known, or uses what is not.
    """
    _check(template)
    warnings: list[str] = []
    shared = list(template.get("jobEnvironments") or ())
    names = _layer_names(template["steps"], warnings)
    steps = [_step(step, names, warnings) for step in template["steps"]]
    for environment in _environments(template):
        warnings += _environment_warnings(environment)
    way = "" if folder == "." else f", {literal(folder)}"
    classes = sorted({step[0] for step in steps})
    lines = [
        f'"""{_sentence(template, source)}"""',
        "",
        "from outline import current_outline",
        f"from outline.modules.openjd import {', '.join([*classes, 'job_name', 'job_parameters'])}",
        "",
        "# On the command line: pycuerun SCRIPT -- --NAME VALUE",
        f"parameters = job_parameters({literal(_definitions(template))}, __file__{way})",
        *([f"environments = {literal(shared)}"] if shared else []),
        "",
        f"current_outline().set_name(job_name({literal(template['name'])}, parameters))",
    ]
    for cls, name, own, args in steps:
        lines += ["", f"{cls}(", f"    {literal(name)},", "    parameters=parameters,"]
        both = " + ".join([*(["environments"] if shared else []), *([literal(own, 1)] if own else [])])
        lines += [f"    environments={both},"] if both else []
        lines += [f"    {key}={literal(value, 1)}," for key, value in args.items()]
        lines.append(")")
    return Imported("\n".join(lines) + "\n", warnings)


def _sentence(template: Data, source: str) -> str:
    text = str(template.get("description") or "").strip()
    made = f"Made of {source} by outline import."
    whole = f"{text}\n\n{made}\n" if text else made
    plain = "".join(one for one in whole if one.isprintable() or one == "\n")
    return _between_quotes(plain)


def _check(template: Data) -> None:
    """Check that nothing in a template is lost.

    Raises:
        OutlineException: Something is not known.
    """
    if not isinstance(template, Mapping) or template.get("specificationVersion") != VERSION:
        found = template.get("specificationVersion") if isinstance(template, Mapping) else None
        raise OutlineException(f"specificationVersion is {found!r}, and outline import reads only {VERSION}")
    unknown = [name for name in template.get("extensions") or () if name not in _EXTENSIONS]
    if unknown:
        raise OutlineException(
            f"the template uses {', '.join(unknown)}, and outline import reads only {', '.join(_EXTENSIONS)}"
        )
    _known(template, _OF_TEMPLATES, "the template")
    for one in template.get("parameterDefinitions") or ():
        if one["type"] not in TYPES:
            raise OutlineException(
                f"parameter {one['name']} is a {one['type']}, and outline import reads only {', '.join(TYPES)}"
            )
    for step in template["steps"]:
        _known(step, _OF_STEPS, f"step {step.get('name')!r}")
        for one in (step.get("parameterSpace") or {}).get("taskParameterDefinitions", ()):
            if one["type"] not in _TASK_TYPES:
                raise OutlineException(f"step {step['name']!r}: task parameter {one['name']} is a {one['type']}")
    for text in _texts(template):
        names_in(text)


def _known(data: Data, keys: Sequence[str], what: str) -> None:
    unknown = [key for key in data if key not in keys]
    if unknown:
        raise OutlineException(f"{what} has {', '.join(map(str, unknown))}, which outline import does not know")


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)


def _definitions(template: Data) -> list[dict[str, Any]]:
    """The parameters without what a dialog makes of them."""
    return [
        {key: one[key] for key in _OF_PARAMETERS if key in one} for one in template.get("parameterDefinitions") or ()
    ]


def _environments(template: Data) -> Iterator[Data]:
    yield from template.get("jobEnvironments") or ()
    for step in template["steps"]:
        yield from step.get("stepEnvironments") or ()


def _environment_warnings(environment: Data) -> list[str]:
    actions = (environment.get("script") or {}).get("actions", {})
    limited = [name for name, action in actions.items() if "timeout" in action]
    unknown = [name for name in actions if name not in ("onEnter", "onExit")]
    if unknown:
        raise OutlineException(f"environment {environment['name']!r} has {', '.join(unknown)}, which is not known")
    return [f"environment {environment['name']}: the timeout of {name} is left out" for name in limited]


# -- steps -----------------------------------------------------------------------------------------------------


def _layer_names(steps: Sequence[Data], warnings: list[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for step in steps:
        name = made = conform_name(step["name"]).lstrip("-.") or "step"
        number = 2
        while made in names.values():
            made, number = f"{name}_{number}", number + 1
        names[step["name"]] = made
        if made != step["name"]:
            warnings.append(f"step {step['name']!r} becomes the layer {made}")
    return names


Step = tuple[str, str, list[Any], dict[str, Any]]


def _step(step: Data, names: Mapping[str, str], warnings: list[str]) -> Step:
    """The class of a layer, its name, its own environments, and its arguments."""
    where, space = f"step {step['name']}", step.get("parameterSpace")
    args: dict[str, Any] = {"space": space} if space else {}
    script = step.get("script") or _interpreted(step)
    run = {key: value for key, value in script["actions"]["onRun"].items() if key in ("command", "args")}
    args["script"] = {**script, "actions": {"onRun": run}}
    on = [names[one["dependsOn"]] for one in step.get("dependencies") or ()]
    if on:
        args["require"] = [f"{name}:all" for name in on]
    args.update(_needs(step.get("hostRequirements") or {}, where, warnings))
    args.update(_limit(script["actions"]["onRun"].get("timeout"), where, warnings))
    definitions = (space or {}).get("taskParameterDefinitions", ())
    kinds = [one["type"] for one in definitions]
    if CHUNK in kinds and len(kinds) > 1:
        warnings.append(f"{where}: with several task parameters each task has a chunk of one")
    if any(one.get("chunks", {}).get("targetRuntimeSeconds") for one in definitions):
        warnings.append(f"{where}: targetRuntimeSeconds is left out; give the layer a chunk such as '10m' instead")
    cls = "OpenJobStep" if space else "OpenJobTask"
    return cls, names[step["name"]], list(step.get("stepEnvironments") or ()), args


def _interpreted(step: Data) -> dict[str, Any]:
    """The script of a step that gives the text of a program alone."""
    kind = next((kind for kind in _INTERPRETERS if kind in step), None)
    if kind is None:
        raise OutlineException(f"step {step['name']!r} has no script")
    (program, end, before), one = _INTERPRETERS[kind], step[kind]
    _known(one, ("script", "args", "timeout", "cancelation"), f"step {step['name']!r}: {kind}")
    action = {"command": program, "args": [*before, "{{Task.File.Program}}", *(one.get("args") or ())]}
    if "timeout" in one:
        action["timeout"] = one["timeout"]
    file = {"name": "Program", "type": "TEXT", "filename": f"program{end}", "runnable": True, "data": one["script"]}
    return {"actions": {"onRun": action}, "embeddedFiles": [file]}


def _needs(needs: Data, where: str, warnings: list[str]) -> dict[str, Any]:
    """What hosts must have, as arguments of a layer."""
    args: dict[str, Any] = {}
    for one in needs.get("amounts") or ():
        name, least = one["name"].lower(), one.get("min")
        if name not in _AMOUNTS or not isinstance(least, (int, float)) or isinstance(least, bool):
            warnings.append(f"{where}: the amount {one['name']} is left out")
            continue
        if "max" in one:
            warnings.append(f"{where}: the max of {one['name']} is left out")
        argument = _AMOUNTS[name]
        args[argument] = f"{math.ceil(least)}m" if argument in ("memory", "gpu_memory") else least
    for one in needs.get("attributes") or ():
        wanted = one.get("anyOf") or one.get("allOf") or ()
        if one["name"] == "attr.tags" and "anyOf" in one:
            args["tags"] = list(wanted)
        else:
            warnings.append(f"{where}: {one['name']} = {', '.join(map(str, wanted))} is left out")
    return args


def _limit(timeout: Any, where: str, warnings: list[str]) -> dict[str, Any]:
    """The time limit of a task, in the whole minutes that a farm counts."""
    if timeout is None:
        return {}
    if not isinstance(timeout, int):
        warnings.append(f"{where}: the timeout {timeout} is left out, since it is not a number")
        return {}
    minutes = math.ceil(timeout / 60)
    if minutes * 60 != timeout:
        warnings.append(f"{where}: the timeout of {timeout} s becomes {minutes} min")
    return {"timeout": minutes}


# -- Python ----------------------------------------------------------------------------------------------------


def literal(value: Any, level: int = 0) -> str:
    """A value as Python text: short ones in a line, long ones in lines of their own, texts of several lines as such.

    Args:
        value: Texts, numbers, None, and lists and dicts of these.
        level: How deep the line is indented that it stands in.
    """
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, (list, dict)):
        return repr(value)
    inner, outer = _INDENT * (level + 1), _INDENT * level
    if isinstance(value, dict):
        begin, end = "{", "}"
        parts = [f"{_line(str(key))}: {literal(one, level + 1)}" for key, one in value.items()]
    else:
        begin, end = "[", "]"
        parts = [literal(one, level + 1) for one in value]
    short = f"{begin}{', '.join(parts)}{end}"
    if len(short) + len(outer) <= _WIDTH and "\n" not in short:
        return short
    return f"{begin}\n{''.join(f'{inner}{part},{chr(10)}' for part in parts)}{outer}{end}"


def _line(text: str) -> str:
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in text and "\\'" not in shown else shown


def _text(value: str) -> str:
    if "\n" not in value or not all(one.isprintable() or one in "\n\t" for one in value):
        return _line(value)
    lines = _between_quotes(value).replace("\t", "\\t")
    return f'"""\\\n{lines}\\\n"""' if value.endswith('"') else f'"""\\\n{lines}"""'


def _between_quotes(text: str) -> str:
    """A text as it stands between three quotes."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
