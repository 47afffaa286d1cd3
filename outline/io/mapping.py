# SPDX-License-Identifier: Apache-2.0
r"""Paths of one system on another: the section ``[path_mapping]`` of the configuration.

::

    [path_mapping]
    shots = P:\shots -> /mnt/shots
    tools = /Volumes/tools -> /opt/tools

The name of a rule is for people. The longest source that fits wins. A source with a drive letter or two backslashes is
a Windows path: it fits in any case and with both kinds of slashes. Behind what was replaced, slashes become those of
the target. A source fits whole names only: ``/shots`` is no part of ``/shots2``.

A farm of Open Job Description has rules of its own, in a file that the variable OL_PATH_MAPPING names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..config import config
from ..exception import ConfigException

__all__ = ["SECTION", "PathRule", "configured_rules", "map_environment", "map_path", "map_value", "read_rules"]

SECTION = "path_mapping"
VARIABLE = "OL_PATH_MAPPING"

_ARROW = re.compile(r"\s+->\s+")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]?|\\\\|//")
# Where a path may begin inside a longer text such as -proj=P:\a or /a:/b, and what ends one.
_BEGIN = r"""(?:^|(?<=[=;,"'|]))"""
_BEGIN_IN_LIST = r"""(?:^|(?<=[=;:,"'|]))"""
_REST = r"""(?P<rest>(?:[\\/][^;,"'|]*)?)"""
_REST_IN_LIST = r"""(?P<rest>(?:/[^;:,"'|]*)?)"""
_END = r"""(?=$|[;,"'|:])"""


class PathRule(NamedTuple):
    """Paths below ``source`` are below ``target`` on this host."""

    source: str
    target: str

    @property
    def is_windows(self) -> bool:
        """Tell whether the source is a path of Windows."""
        return bool(_WINDOWS.match(self.source))

    def pattern(self) -> str:
        """The expression that finds the source in a text."""
        names = [re.escape(name) for name in re.split(r"[\\/]", self.source)]
        if self.is_windows:
            return "".join(("(?i:", _BEGIN, r"[\\/]".join(names), ")", _REST, _END))
        return "".join((_BEGIN_IN_LIST, "/".join(names), _REST_IN_LIST, _END))


def configured_rules() -> list[PathRule]:
    """The rules of the configuration of this host, and those of the farm that runs this frame."""
    if not config.has_section(SECTION) and VARIABLE not in os.environ:  # on most hosts; each frame asks many times
        return []
    named = config.items(SECTION) if config.has_section(SECTION) else []
    rules = read_rules({key: value for key, value in named if key not in config.defaults()})
    file = os.environ.get(VARIABLE)
    return sorted([*rules, *read_rules_file(file)], key=lambda rule: -len(rule.source)) if file else rules


def read_rules_file(path: str) -> list[PathRule]:
    """The rules in a file as farms of Open Job Description write it.

    Raises:
        ConfigException: It cannot be read, or holds something else.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream).get("path_mapping_rules") or ()  # {} stands for none
        pairs = [(str(rule["source_path"]), str(rule["destination_path"])) for rule in found]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigException(f"${VARIABLE} names {path}, which holds no rules: {error!r}") from error
    return [PathRule(source.rstrip("\\/") or source, target.rstrip("\\/") or target) for source, target in pairs]


def read_rules(options: Mapping[str, str]) -> list[PathRule]:
    """The rules of the section, the longest source first.

    Raises:
        ConfigException: A rule is not written ``source -> target``.
    """
    rules = []
    for name, text in options.items():
        parts = _ARROW.split(text.strip())
        if len(parts) != 2 or not all(parts):
            raise ConfigException(
                f"[{SECTION}] {name} = {text!r} is not a rule; write it as source -> target, such as"
                " P:\\shots -> /mnt/shots"
            )
        source, target = (part.rstrip("\\/") or part for part in parts)
        rules.append(PathRule(source, target))
    return sorted(rules, key=lambda rule: -len(rule.source))


def map_path(text: str, rules: list[PathRule]) -> str:
    """A text in which every path below a source is the one below its target, each mapped once."""
    if not rules:
        return text
    numbered = (rule.pattern().replace("(?P<rest>", f"(?P<rest{place}>") for place, rule in enumerate(rules))
    whole = "|".join(f"(?P<rule{place}>{pattern})" for place, pattern in enumerate(numbered))

    def replace(match: re.Match[str]) -> str:
        place = next(place for place in range(len(rules)) if match[f"rule{place}"] is not None)
        return _below(rules[place], match[f"rest{place}"])

    return re.sub(whole, replace, text)


def map_value(value: Any, rules: list[PathRule]) -> Any:
    """A value with the paths in it mapped: text, and text inside of lists, tuples and dicts."""
    if isinstance(value, str):
        return map_path(value, rules)
    if isinstance(value, list):
        return [map_value(one, rules) for one in value]
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map_value(one, rules) for one in value)
    if isinstance(value, dict):
        return {key: map_value(one, rules) for key, one in value.items()}
    if isinstance(value, os.PathLike):
        return map_path(str(os.fspath(value)), rules)
    return value


def map_environment(environ: Mapping[str, str], rules: list[PathRule]) -> dict[str, str]:
    """Variables with the paths in them mapped; ``;`` between paths of Windows becomes this system's sign."""
    mapped = {}
    for name, value in environ.items():
        new = map_path(value, rules)
        if new != value and ";" in new and re.match(r"[A-Za-z]:[\\/]|\\\\", value):
            new = new.replace(";", os.pathsep)
        mapped[name] = new
    return mapped


def _below(rule: PathRule, rest: str) -> str:
    is_windows = bool(re.match(r"[A-Za-z]:|\\\\", rule.target))
    slashes = rest.replace("/", "\\") if is_windows else rest.replace("\\", "/") if rule.is_windows else rest
    return (rule.target.rstrip("\\/") if slashes else rule.target) + slashes
