# SPDX-License-Identifier: Apache-2.0
"""Options that plug-ins define in the words of ``optparse``, as options of click."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import click

from ..exception import OutlineException

__all__ = ["PluginParser"]

_TYPES = {"int": int, "long": int, "float": float, "string": str, "str": str}
_FLAGS = ("store_true", "store_false", "store_const", "append_const")


class PluginParser:
    """Stands for the option parser that plug-ins ask the launching tool for.

    Attributes:
        params: The plug-ins' options for click.
        values: Where their values go, under the name ``dest`` of each option.
    """

    def __init__(self) -> None:
        self.params: list[click.Option] = []
        self.values = SimpleNamespace()
        self.__takers: dict[str, Callable[[Any], None]] = {}
        self.__counts: set[str] = set()

    # Any: the arguments of optparse, and values of whatever type the option has.

    def add_plugin_option(self, *flags: str, **kwargs: Any) -> None:
        """Add an option; arguments as for ``optparse.OptionParser.add_option``.

        Raises:
            OutlineException: Its ``action`` is not known.
        """
        action = kwargs.get("action") or "store"
        dest = kwargs.get("dest") or _dest_of(flags)
        name = f"plugin_{len(self.params)}"
        option = click.Option([*flags, name], **_settings(flags, action, kwargs))
        self.params.append(option)
        if kwargs.get("dest") or action != "callback":
            setattr(self.values, dest, kwargs.get("default", getattr(self.values, dest, None)))

        def take(value: Any) -> None:
            if action == "callback":
                given = None if option.is_flag else value
                args, more = kwargs.get("callback_args") or (), kwargs.get("callback_kwargs") or {}
                kwargs["callback"](option, max(flags, key=len), given, self, *args, **more)
            else:
                setattr(self.values, dest, _stored(action, value, kwargs.get("const"), getattr(self.values, dest)))

        self.__takers[name] = take
        if option.count:
            self.__counts.add(name)

    def take_values(self, params: dict[str, Any]) -> None:
        """Hand the parsed values to the plug-ins, and remove them from ``params``."""
        for name, take in self.__takers.items():
            value = params.pop(name, None)
            if value is not None and value is not False and value != () and not (value == 0 and name in self.__counts):
                take(value)

    def check_flags(self, taken: set[str]) -> None:
        """Refuse an option whose flag exists already.

        Raises:
            OutlineException: With the flag.
        """
        for option in self.params:
            for flag in option.opts:
                if flag in taken:
                    raise OutlineException(f"a plug-in adds the option {flag}, which exists already; rename it there")
                taken.add(flag)


def _settings(flags: tuple[str, ...], action: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a ``click.Option``."""
    settings: dict[str, Any] = {"help": kwargs.get("help"), "metavar": kwargs.get("metavar"), "default": None}
    if action in _FLAGS or (action == "callback" and not kwargs.get("type")):
        settings.update(is_flag=True, default=False)
    elif action in ("store", "append", "callback"):
        settings.update(type=_click_type(kwargs), multiple=action == "append", nargs=kwargs.get("nargs") or 1)
    elif action == "count":
        settings["count"] = True
    else:
        raise OutlineException(f"option {'/'.join(flags)} of a plug-in: action {action!r} is not known")
    return settings


def _stored(action: str, value: Any, constant: Any, before: Any) -> Any:
    if action == "store_true":
        return True
    if action == "store_false":
        return False
    if action == "store_const":
        return constant
    if action == "append_const":
        return [*(before or []), constant]
    if action == "count":
        return (before or 0) + value
    return [*(before or []), *value] if action == "append" else value


def _dest_of(flags: tuple[str, ...]) -> str:
    long = next((flag for flag in flags if flag.startswith("--")), flags[0])
    return long.lstrip("-").replace("-", "_")


def _click_type(kwargs: dict[str, Any]) -> Any:
    if kwargs.get("choices"):
        return click.Choice(list(kwargs["choices"]))
    kind = kwargs.get("type") or "string"
    return kind if isinstance(kind, type) else _TYPES.get(kind, str)
