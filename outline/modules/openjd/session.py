# SPDX-License-Identifier: Apache-2.0
"""Runs a task: makes its folder and files, enters its environments, runs its command, exits the environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from ...exception import LayerException
from ...io.command import run_words
from ...layer import Layer
from .text import resolve

__all__ = ["run_task"]

_SET = ("openjd_env: ", "openjd_redacted_env: ")
_UNSET = "openjd_unset_env: "
_ENDS = {"LF": "\n", "CRLF": "\r\n", "AUTO": os.linesep}

# Any: scripts and environments as they stand in a template.


def run_task(layer: Layer, task: Mapping[str, str]) -> None:
    """Run a task of a step.

    Args:
        layer: The layer with the arguments of ``OpenJobArgs``.
        task: The values of its task parameters.

    Raises:
        ShellCommandFailureException: A command failed.
        OutlineException: A format string contains an unknown name.
    """
    values = dict(layer.get_arg("parameters") or {})
    with tempfile.TemporaryDirectory(prefix="openjd-") as folder, _in_folder(folder), ExitStack() as stack:
        rules = os.path.join(folder, "path_mapping_rules.json")
        _write(rules, json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": []}))
        values["Session.WorkingDirectory"] = folder
        values["Session.HasPathMappingRules"] = "false"
        values["Session.PathMappingRulesFile"] = rules
        for place, environment in enumerate(layer.get_arg("environments") or ()):
            _enter(environment, values, os.path.join(folder, f"environment{place}"), stack)
        values |= {f"Task.{kind}.{name}": text for kind in ("Param", "RawParam") for name, text in task.items()}
        _run(layer.get_arg("script"), "onRun", _with_files(layer.get_arg("script"), "Task", values, folder))


@contextmanager
def _in_folder(folder: str) -> Iterator[None]:
    """Work in a folder. Restores the environment and the current folder afterwards."""
    environ, before = dict(os.environ), os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environ)


def _enter(environment: Mapping[str, Any], values: Mapping[str, str], folder: str, stack: ExitStack) -> None:
    """Set the variables of an environment and run its enter action. Its exit action always runs at the end."""
    os.environ.update({name: resolve(str(text), values) for name, text in (environment.get("variables") or {}).items()})
    script = environment.get("script")
    if script:
        os.mkdir(folder)
        known = _with_files(script, "Env", values, folder)
        stack.callback(_run, script, "onExit", known)
        action = script["actions"].get("onEnter")
        if action:
            _listen(_words(action, known))


def _run(script: Mapping[str, Any], name: str, values: Mapping[str, str]) -> None:
    action = script["actions"].get(name)
    if action:
        run_words(_words(action, values))


def _words(action: Mapping[str, Any], values: Mapping[str, str]) -> list[str]:
    return [resolve(str(word), values) for word in (action["command"], *(action.get("args") or ()))]


def _with_files(script: Mapping[str, Any], scope: str, values: Mapping[str, str], folder: str) -> dict[str, str]:
    """Write the files of a script. Gives the values for its format strings."""
    files = script.get("embeddedFiles") or ()
    paths = {}
    for place, one in enumerate(files):
        inner = os.path.join(folder, f"file{place}")
        os.mkdir(inner)
        paths[f"{scope}.File.{one['name']}"] = os.path.join(inner, one.get("filename") or one["name"])
    known = {**values, **paths}
    for one, path in zip(files, paths.values(), strict=True):
        _write(
            path, resolve(str(one["data"]), known), one.get("endOfLine") or "AUTO", is_program=bool(one.get("runnable"))
        )
    return known


def _write(path: str, text: str, ends: str = "LF", *, is_program: bool = False) -> None:
    with open(path, "w", encoding="utf-8", newline=_ENDS[ends]) as stream:
        stream.write(text)
    os.chmod(path, 0o700 if is_program else 0o600)


def _listen(words: list[str]) -> None:
    """Run the enter action of an environment, and set the variables that it prints."""
    try:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise LayerException(f"cannot enter an environment: {words[0]}: {error.strerror}") from error
    changes: list[tuple[str, str | None]] = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            is_secret = text.startswith(_SET[1])
            sys.stdout.write(f"{_SET[1]}{text[len(_SET[1]) :].partition('=')[0]}=...\n" if is_secret else f"{text}\n")
            sys.stdout.flush()
            changes += _change(text)
    if process.returncode:
        raise LayerException(f"cannot enter an environment: {words[0]} ended with exit status {process.returncode}")
    for name, value in changes:
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _change(text: str) -> list[tuple[str, str | None]]:
    """The variable that a line sets or unsets. A value with line feeds comes as JSON text."""
    if text.startswith(_UNSET):
        return [(text[len(_UNSET) :].strip(), None)]
    for begin in _SET:
        if text.startswith(begin):
            pair = text[len(begin) :].strip()
            if pair.startswith('"'):
                pair = str(json.loads(pair))
            name, sign, value = pair.partition("=")
            if not sign or not name:
                raise LayerException(f"{text!r} sets no variable; write {begin}NAME=VALUE")
            return [(name, value)]
    return []
