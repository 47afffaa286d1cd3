# SPDX-License-Identifier: Apache-2.0
"""Options that plug-ins define in the words of ``optparse``, as options of click."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import click

from ..exception import OutlineException

__all__ = ["PluginParser"]

_TYPES: dict[Any, type] = {"int": int, "long": int, "float": float, "string": str, "str": str, int: int, float: float, str: str}


class PluginParser:
    """Stands for the option parser that plug-ins ask the launching tool for.

    Attributes:
        params: The plug-ins' options for click.
        values: Where their values go.
    """

    def __init__(self) -> None:
        self.params: list[click.Option] = []
        self.values = SimpleNamespace()
        self.__callbacks: dict[str, Callable[[Any], None]] = {}

    def add_plugin_option(self, *flags: str, **kwargs: Any) -> None:
        """Add an option; arguments as for ``optparse.OptionParser.add_option``.

        Raises:
            OutlineException: Its ``action`` is not known.
        """
        action = kwargs.pop("action", "store")
        dest = kwargs.pop("dest", None) or _dest_of(flags)
        name = f"plugin_{dest}"
        callback = kwargs.pop("callback", None)
        callback_args, callback_kwargs = kwargs.pop("callback_args", ()) or (), kwargs.pop("callback_kwargs", {}) or {}
        settings: dict[str, Any] = {"help": kwargs.get("help"), "metavar": kwargs.get("metavar")}
        constant = kwargs.get("const", True)
        if action in ("store_true", "store_false", "store_const") or (action == "callback" and not kwargs.get("type")):
            settings["is_flag"] = True
        elif action in ("store", "append", "callback"):
            settings.update(type=_click_type(kwargs), multiple=action == "append", nargs=kwargs.get("nargs") or 1)
        elif action == "count":
            settings["count"] = True
        else:
            raise OutlineException(f"option {'/'.join(flags)} of a plug-in: action {action!r} is not known")
        settings["default"] = None if action != "count" else 0
        setattr(self.values, dest, kwargs.get("default"))
        self.params.append(click.Option([*flags, name], **settings))

        def take(value: Any) -> None:
            if action == "callback":
                callback(self.params, flags[-1], value, self, *callback_args, **callback_kwargs)
            elif action in ("store_true", "store_false", "store_const"):
                setattr(self.values, dest, {"store_true": True, "store_false": False}.get(action, constant))
            else:
                setattr(self.values, dest, list(value) if action == "append" else value)

        self.__callbacks[name] = take

    def take_values(self, params: dict[str, Any]) -> None:
        """Hand the parsed values to the plug-ins, and remove them from ``params``."""
        for name, take in self.__callbacks.items():
            value = params.pop(name, None)
            if value not in (None, False, (), 0):
                take(value)


def _dest_of(flags: tuple[str, ...]) -> str:
    long = next((flag for flag in flags if flag.startswith("--")), flags[0])
    return long.lstrip("-").replace("-", "_")


def _click_type(kwargs: dict[str, Any]) -> Any:
    if kwargs.get("choices"):
        return click.Choice(list(kwargs["choices"]))
    return _TYPES.get(kwargs.get("type", "string"), str)
