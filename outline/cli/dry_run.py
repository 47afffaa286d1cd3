# SPDX-License-Identifier: Apache-2.0
"""``pycuerun --dry-run``: what would run, without writing anything and without running ``_setup``."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from ..backend.local.limits import read_max_retries
from ..cuerun import OutlineLauncher
from ..environment import FrameFacts, frame_environment, layer_environment
from ..frames import FrameSet, chunk_heads
from ..layer.datasets import item_of
from ..layer.fill import fill_in
from ..modules.shell import CommandLayer, plain_line
from ..names import frame_name
from ..scheduler import JobPlan, LayerPlan, plan_job
from ..tokens import FrameTokens, expand_command, expand_word, split_command
from .inspect import class_name, range_text
from .text import facts, frame_count, plural, quoted, shorten

if TYPE_CHECKING:
    from ..layer import Layer
    from ..loader import Outline

__all__ = ["dry_run_data", "dry_run_text"]

SESSION = "<session>"
_FILE_IN_SESSION = r"%\{(RESULT|INPUTLIST)(?::[^{}]+)?\}"
_UNKNOWN_IDS = ("CUE_JOB_ID", "CUE_LAYER_ID", "CUE_FRAME_ID")
_SHOWN_FRAMES = 2
_SHOWN_COMMANDS = 10  # of a chunk
_LONGEST = 300
_RULES = {
    "FRAME_BY_FRAME": "each chunk waits for the chunks of {} that hold its frames",
    "PREVIOUS_FRAME": "each frame waits for the frame before it in {}",
    "LAYER_ON_LAYER": "every chunk waits for all of {}",
    "LAYER_ON_SIM_FRAME": "every chunk waits for all of {}",
    "LAYER_ON_ANY": "every chunk waits for the first chunk of {} that succeeds",
}


class PlannedSession:
    """Stands for the session of a job that is not launched; its folder has no name yet."""

    def get_path(self) -> str:
        """A placeholder for the folder."""
        return SESSION

    def get_log_path(self) -> str:
        """Where the logs will be, below the placeholder."""
        return f"{SESSION}/logs"

    def get_job_id(self) -> str:
        """A placeholder for the id."""
        return "<id>"


def dry_run_text(ol: Outline, launch_args: dict[str, Any], format: str = "text") -> str:
    """What a launch would run: per layer frames, chunks, dependencies, commands, environment.

    Args:
        ol: An outline that is not set up.
        launch_args: The flags of the launch.
        format: ``text``, or ``json`` for the data of ``dry_run_data``.

    Raises:
        OutlineException: The outline could not be launched.
    """
    data = dry_run_data(ol, launch_args)
    if format == "json":
        return json.dumps(data, indent=2)
    blocks = [_head(data, range_text(ol)), *(_layer_text(layer) for layer in data["layers"])]
    first = data["layers"][0]
    blocks.append([f"environment of {first['runs'][0]['frame']}", *_variables(first["environment"], "  ")])
    if data["left_out"]:
        blocks.append([f"left out, no frame in the job's range: {', '.join(data['left_out'])}"])
    book = ol._ol_state.items
    if book is not None and book.left_out:
        blocks.append([one.text for one in book.left_out])
    return "\n\n".join("\n".join(block) for block in blocks)


def dry_run_data(ol: Outline, launch_args: dict[str, Any]) -> dict[str, Any]:
    """What a launch would run, as data for JSON; docs/command-line.md#instead-of-launching describes it.

    Raises:
        OutlineException: The outline could not be launched.
    """
    launcher = OutlineLauncher(ol, **launch_args)
    launcher.prepare()
    ol.check()
    retries = read_max_retries(launcher.get_flag("maxretries"))
    plan = plan_job(ol, max_retries=retries, autoeat=bool(launcher.get_flag("autoeat")))
    names = {layer.name for layer in plan.layers}
    for name in names:
        ol.get_layer(name).check_required_args()
    is_plain = launcher.get_flag("use_pycuerun") is False
    return {
        "job": plan.name,
        "backend": launcher.get("backend"),
        "range": ol.get_frame_range(),
        "max_retries": plan.max_retries,
        "frames": sum(len(chunk_heads(layer.frames, layer.chunk)) for layer in plan.layers),
        "left_out": [layer.get_name() for layer in ol.get_layers() if layer.get_name() not in names],
        "layers": [_layer_data(ol, plan, layer, is_plain) for layer in plan.layers],
    }


def _layer_data(ol: Outline, plan: JobPlan, planned: LayerPlan, is_plain: bool) -> dict[str, Any]:
    layer = ol.get_layer(planned.name)
    heads = chunk_heads(planned.frames, planned.chunk)
    shared = layer_environment(ol, layer, PlannedSession())
    runs, note = _runs(layer, heads, shared, planned, is_plain)
    environ = _environment(layer, shared, heads[0], planned)
    return {
        "name": planned.name,
        "class": class_name(layer),
        "type": planned.type,
        "range": str(planned.frames),
        "chunk": planned.chunk,
        "frames": len(planned.frames),
        "chunks": str(heads),
        "cores": planned.cores,
        "memory_kb": planned.memory_kb,
        "depends": [
            {"layer": depend.on, "type": depend.type, "any_frame": depend.any_frame}
            for depend in plan.depends
            if depend.layer == planned.name
        ],
        "runs": runs,
        "note": note,
        "env": layer.get_envs(),
        "environment": dict(sorted(environ.items())),
    }


def _environment(layer: Layer, shared: dict[str, str], frame: int, planned: LayerPlan) -> dict[str, str]:
    environ = frame_environment(shared, FrameFacts(frame, 1, max(planned.cores, 0.0), planned.memory_kb))
    environ.update(dict.fromkeys(_UNKNOWN_IDS, "<id>"))
    environ["OL_LAYER_SESSION_PATH"] = f"{SESSION}/layers/{layer.get_name()}"
    environ["OL_LAYER_RANGE"] = str(layer.get_local_frame_set(frame))
    environ.update(layer.get_execute_env())
    return environ


def _runs(
    layer: Layer, heads: FrameSet, shared: dict[str, str], planned: LayerPlan, is_plain: bool
) -> tuple[list[dict[str, Any]], str]:
    """What the first chunks run, and why that is not known, if it is not."""
    runs = []
    is_plain = is_plain and layer.get_arg("command") not in (None, "")
    tells_commands = is_plain or isinstance(layer, CommandLayer) or hasattr(layer, "render_commands")
    for head in heads[:_SHOWN_FRAMES]:
        frames = layer.get_local_frame_set(head)
        run: dict[str, Any] = {"frame": frame_name(head, layer.get_name()), "frames": str(frames), "commands": []}
        runs.append(run)
        if not tells_commands:
            continue
        try:
            environ = _environment(layer, shared, head, planned)
            if is_plain:
                line = expand_word(plain_line(layer), FrameTokens.from_environment(environ))
                run["commands"] = [["/bin/sh", "-c", line]]
            else:
                run["commands"] = _commands(layer, frames, environ)
        except Exception as error:  # a module's own code, which may need what its _setup prepares
            return runs, f"the command is not known before _setup has run: {error}"
    if tells_commands:
        return runs, ""
    return runs, f"Python: {type(layer).__name__}._execute"


def _commands(layer: Layer, frames: FrameSet, environ: dict[str, str]) -> list[list[str]]:
    if not isinstance(layer, CommandLayer):
        return _render_commands(layer, frames, environ)
    pairs = layer.frame_commands(frames)
    return [_expanded(layer, command, number, environ) for command, number in pairs]


def _expanded(layer: Layer, command: Any, frame: int | None, environ: dict[str, str]) -> list[str]:
    return expand_command(fill_in(layer, _in_session(command, frame), frame), _tokens(layer, environ, frame))


def _in_session(command: Any, frame: int | None) -> Any:  # Any: a command as a user has written it
    """A command with files that only a session has in the place of their tokens."""
    if not re.search(_FILE_IN_SESSION, str(command)):
        return command
    return [
        re.sub(_FILE_IN_SESSION, lambda found: f"{SESSION}/{found[1].lower()}-{frame}", word)
        for word in split_command(command)
    ]


def _tokens(layer: Layer, environ: dict[str, str], frame: int | None) -> FrameTokens:
    """The tokens of a command; items come from the layer, since there is no session to read them from."""
    tokens = FrameTokens.from_environment(environ, frame)
    if tokens.frame is None or layer.get_items() is None:
        return tokens
    return tokens._replace(item=item_of(layer, tokens.frame))


def _render_commands(layer: Any, frames: FrameSet, environ: dict[str, str]) -> list[list[str]]:
    """What a layer of an application runs; pictures are written under hidden names when it really runs."""
    before = dict(os.environ)
    os.environ.update(environ)
    try:
        commands = layer.list_commands(frames)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return [_expanded(layer, command.argv, command.frames[0], environ) for command in commands]


# -- text ------------------------------------------------------------------------------------------------------


def _head(data: dict[str, Any], frame_range: str) -> list[str]:
    frames = frame_count(sum(layer["frames"] for layer in data["layers"]), data["frames"])
    return facts(
        [
            ("job", data["job"]),
            ("backend", data["backend"]),
            ("range", frame_range),
            ("frames", f"{frames} to run in {plural(len(data['layers']), 'layer')}"),
            ("retries", str(data["max_retries"])),
        ]
    )


def _layer_text(layer: dict[str, Any]) -> list[str]:
    in_chunks = f" in {plural(len(FrameSet(layer['chunks'])), 'chunk')} of {layer['chunk']}" * (layer["chunk"] > 1)
    frames = f"{layer['range']}  ({plural(layer['frames'], 'frame')}{in_chunks})"
    memory = f", {layer['memory_kb'] / 1024:g} MB" if layer["memory_kb"] else ""
    pairs = [
        ("class", layer["class"]),
        ("type", layer["type"] if layer["type"] != "Render" else ""),
        ("frames", frames),
        ("needs", f"{plural(1, 'core') if layer['cores'] == 1 else format(layer['cores'], 'g') + ' cores'}{memory}"),
        ("depends", "\n".join(_rule(depend) for depend in layer["depends"])),
        ("runs", "\n".join(_run_lines(layer))),
        ("env", "\n".join(_variables(layer["env"]))),
    ]
    return [layer["name"], *facts(pairs, "  ")]


def _variables(environ: dict[str, str], indent: str = "") -> list[str]:
    return [f"{indent}{name}={shorten(value, _LONGEST)}" for name, value in environ.items()]


def _rule(depend: dict[str, Any]) -> str:
    rule = _RULES["LAYER_ON_ANY" if depend["any_frame"] else depend["type"]].format(depend["layer"])
    return f"{rule}  ({depend['type']}{', any frame' if depend['any_frame'] else ''})"


def _run_lines(layer: dict[str, Any]) -> list[str]:
    lines = []
    for run in layer["runs"]:
        commands = run["commands"][:_SHOWN_COMMANDS]
        lines += [f"{run['frame']}  {shorten(' '.join(map(quoted, command)), _LONGEST)}" for command in commands]
        if len(run["commands"]) > len(commands):
            lines.append(f"{run['frame']}  and {len(run['commands']) - len(commands)} more commands")
    if layer["note"]:
        lines.append(layer["note"])
    more = len(FrameSet(layer["chunks"])) - len(layer["runs"])
    noun = "more chunk" if layer["chunk"] > 1 else "more frame"
    return [*lines, f"and {plural(more, noun)}"] if more and not layer["note"] else lines
