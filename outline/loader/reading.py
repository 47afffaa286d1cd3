# SPDX-License-Identifier: Apache-2.0
"""Reads outlines from scripts, JSON and sessions."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from .. import config
from ..constants import OUTLINE_MODE_INIT
from ..exception import OutlineException
from ..files import check_current_folder
from ..layer.context import noted, registry, use_outline
from ..logs import get_logger
from ..script import ended_early, run_main_block, run_script, was_stopped
from ..session import conform_name, is_session_path
from .outline import Outline

if TYPE_CHECKING:
    from ..layer import Layer

__all__ = ["current_outline", "load_json", "load_outline", "parse_outline_script", "quick_outline"]

logger = get_logger("outline.loader")


def current_outline() -> Outline | None:
    """The outline that new layers add themselves to, or None."""
    return registry.current


def load_outline(path: str) -> Outline:
    """Read an outline.

    Args:
        path: A session's ``outline.yaml``, a ``.json`` description, or a Python script with any other ending.

    Returns:
        The outline, which is now the current one. An outline from a session has its session and can run frames or
        launch again. When a script makes one outline of its own and does not launch it, the result is that outline.

    Raises:
        OutlineException: The file is missing or invalid. A script's error names the line.
    """
    path = os.fspath(path)
    if not os.path.isabs(path):
        check_current_folder()
    logger.info("loading outline %s", path)
    _wait_for(path)
    ext = os.path.splitext(path)[1]
    if ext == ".yaml" or "cue_archive" in path:
        with noted():
            ol = _load_yaml(path)
    elif ext == ".json":
        ol = load_json(_read_text(path), path)
        if ol.get_name() == "outline":
            ol.set_name(_name_of(path))
    else:
        with noted():
            empty = Outline(name=_name_of(path))
        empty.set_path(path)
        ol = read_script(empty, path)
        if registry.made is not None:
            registry.made.outlines.append(ol)
    registry.current = ol
    return ol


def _name_of(path: str) -> str:
    return conform_name(os.path.splitext(os.path.basename(path))[0])


def read_script(ol: Outline, path: str) -> Outline:
    """Run a script whose layers join an outline, and find the outline that is the job.

    Returns:
        ``ol``, or if the script leaves that empty, the only outline that the script made and did not launch.

    Raises:
        ScriptException: The script raised; names its line.
        ScriptExit: It called ``sys.exit(0)`` before it made any layer, such as for ``--help``.
        OutlineException: The script makes several outlines and launches none.
    """
    with noted() as made:
        ol.parse_outline_script(path)
        if not (ol.get_layers() or made.outlines or made.loose_layers):
            module = ol._ol_state.script_modules[-1]
            with use_outline(ol):
                run_main_block(module, path)
            ending = ended_early(module)
            if ending and not (ol.get_layers() or made.outlines or made.loose_layers):
                raise ending
    for layer in made.loose_layers:
        if layer.get_outline() is None and layer.get_parent() is None:
            logger.warning("layer %r%s is in no outline, so it does not run", layer.get_name(), layer.get_origin())
    if was_stopped():
        return ol
    own = [one for one in made.outlines if one.get_mode() == OUTLINE_MODE_INIT and one.get_layers()]
    if len(own) == len(made.outlines) == 1 and not ol.get_layers():
        own[0]._ol_state.script_modules.append(ol._ol_state.script_modules[-1])
        if own[0].get_name() == "outline":
            own[0].set_name(ol.get_name())
        if own[0].get_path() is None:
            own[0].set_path(path)
        return own[0]
    names = ", ".join(repr(one.get_name()) for one in own)
    if len(own) > 1 and len(own) == len(made.outlines) and not ol.get_layers():
        raise OutlineException(f"{path} makes the outlines {names} and launches none of them; use cuerun.launch")
    if own:
        logger.warning("%s does not launch every outline that it makes: %s does not run", path, names)
    return ol


def _wait_for(path: str) -> None:
    """Fail for a missing file, after the configured wait for slow file systems."""
    deadline = time.monotonic() + config.getfloat("outline", "wait_for_file_seconds", fallback=0.0)
    while not os.path.exists(path):
        if time.monotonic() >= deadline:
            raise OutlineException(f"no outline file {path}; current folder is {os.getcwd()}")
        time.sleep(0.2)
    if os.path.isdir(path):
        raise OutlineException(f"{path} is a folder, not an outline file")


def _read_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except UnicodeDecodeError as error:
        raise OutlineException(f"{path}: not text in UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise OutlineException(f"cannot read {path}: {error.strerror}") from error


def _load_yaml(path: str) -> Outline:
    text = _read_text(path)
    ol = Outline()
    ol.set_path(path)
    with use_outline(Outline()):  # collects the layers that a script makes when it runs again only for its classes
        if is_session_path(path):
            ol.load_session()
        if "!!python/object" in text[:200]:
            from ..serialize.legacy import read_legacy

            read_legacy(ol, text, path)
        else:
            from ..serialize.outline_reader import read_outline

            return read_outline(ol, text, path)
    return ol


def load_json(json_str: str, path: str = "JSON") -> Outline:
    """Make an outline from its JSON description.

    ::

        {"name": "job", "range": "1-10",
         "layers": [{"name": "cmd", "module": "outline.modules.shell.Shell", "command": ["ls"]}]}

    Args:
        json_str: The text.
        path: The source of the text, for messages.

    Raises:
        OutlineException: The text is not JSON, or a layer lacks a name, names no Layer class, or its class refuses the
            arguments.
    """
    try:
        data = json.loads(json_str)
    except (ValueError, RecursionError) as error:
        raise OutlineException(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("layers"), list):
        raise OutlineException(f"{path}: needs an object with a list 'layers'")
    ol = Outline(
        name=data.get("name"),
        frame_range=data.get("range"),
        facility=data.get("facility"),
        maxcores=data.get("maxcores"),
        maxgpus=data.get("maxgpus"),
    )
    with use_outline(ol):
        for number, entry in enumerate(data["layers"], 1):
            _json_layer(entry, f"{path}: layer {number}")
    return ol


def _json_layer(entry: Any, where: str) -> None:
    from ..layer import Layer
    from ..serialize.outline_reader import import_layer_module

    if not isinstance(entry, dict) or not entry.get("name") or "." not in str(entry.get("module")):
        raise OutlineException(f"{where}: needs a 'name' and a 'module' such as outline.modules.shell.Shell")
    args = {str(key): value for key, value in entry.items() if key not in ("name", "module")}
    module_name, _, class_name = entry["module"].rpartition(".")
    where = f"{where} ({entry['name']})"
    cls = getattr(import_layer_module(module_name, where), class_name, None)
    if not (isinstance(cls, type) and issubclass(cls, Layer)):
        raise OutlineException(f"{where}: {entry['module']} is not a Layer class")
    try:
        cls(entry["name"], **args)
    except (OutlineException, TypeError) as error:
        raise OutlineException(f"{where}: {error}") from error


def parse_outline_script(path: str) -> None:
    """Run an outline script. The layers that it makes join the current outline.

    Raises:
        ScriptException: The script raised; names its line.
    """
    module = run_script(path)
    if registry.current is not None:
        registry.current._ol_state.script_modules.append(module)


def quick_outline(layer: Layer) -> Outline:
    """A new outline with this one layer, named after the layer."""
    ol = Outline(name=layer.get_name())
    ol.add_layer(layer)
    return ol
