# SPDX-License-Identifier: Apache-2.0
"""The argument table of a layer: defaults, required names, overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import config
from ..exception import LayerException
from .problems import report_problem

if TYPE_CHECKING:
    from .base import Layer

__all__ = ["LayerArguments"]


class LayerArguments:
    """Holds what a layer was given as keyword arguments.

    Defaults come first, then the ``[ClassName]`` section of the configuration, then the caller's arguments.
    """

    __args: dict[str, Any]
    __given: set[str]
    __required: dict[str, Any]

    if TYPE_CHECKING:

        def get_name(self) -> str: ...
        def get_origin(self) -> str: ...

    def _init_arguments(self, args: dict[str, Any]) -> None:
        self.__given = set(args)
        self.__args = self.get_default_args(merge=args)
        self.__required = {}

    def _restore_arguments(self, args: dict[str, Any], required: dict[str, Any]) -> None:
        self.__given = set(args)
        self.__args = args
        self.__required = required

    def _required_args(self) -> dict[str, Any]:
        return self.__required

    # Any: arguments are whatever the user's module takes.
    def get_default_args(self, merge: Any = None) -> dict[str, Any]:
        """Return the default arguments, updated by those of ``merge``."""
        defaults: dict[str, Any] = {"register": True, "chunk": 1, "range": None}
        section = type(self).__name__
        if config.has_section(section):
            defaults.update(config.typed_items(section))
        if merge:
            defaults.update(merge)
        return defaults

    def set_default_arg(self, key: str, value: Any) -> None:
        """Set an argument that neither the caller nor the configuration has given."""
        if key in self.__given or (key in self.__args and key not in {"register", "chunk", "range"}):
            return
        if key in {"register", "chunk", "range"} and config.has_option(type(self).__name__, key):
            return
        self.__args[key] = value

    def get_arg(self, key: str, default: Any = None) -> Any:
        """Return an argument, or ``default`` when it was never set."""
        return self.__args.get(key, default)

    def set_arg(self, key: str, value: Any) -> None:
        """Set an argument.

        Raises:
            LayerException: ``require_arg`` asked for another type.
        """
        wanted = self.__required.get(key)
        if wanted and not isinstance(value, wanted):
            raise LayerException(
                f"layer {self.get_name()!r}: argument {key!r} must be {_type_name(wanted)}, not {value!r}"
            )
        self.__given.add(key)
        self.__args[key] = value

    def is_arg_set(self, key: str) -> bool:
        """Tell whether the argument has a value, even if it is None."""
        return key in self.__args

    def get_args(self) -> dict[str, Any]:
        """Return a copy of all arguments."""
        return dict(self.__args)

    def copy_args_from(self, layer: Layer, *names: str) -> None:
        """Take over the named arguments of another layer."""
        for name in names:
            self.set_arg(name, layer.get_arg(name))

    def require_arg(self, key: str, rtype: Any = None) -> None:
        """Demand that an argument is set, and has the type, when the outline is launched and when a frame runs."""
        self.__required[key] = rtype

    def check_required_args(self) -> None:
        """Check that every required argument is there, and that no word of a command is None.

        Raises:
            LayerException: One is missing or has another type.
        """
        for command in (self.__args.get("command"), *_as_list(self.__args.get("commands"))):
            if any(word is None for word in _as_list(command)):
                problem = f"layer {self.get_name()!r}{self.get_origin()}: the command {command!r} has None for a word"
                report_problem(LayerException(problem), self)
        for key, wanted in self.__required.items():
            if key not in self.__args:
                problem = f"layer {self.get_name()!r} ({type(self).__name__}) needs the argument {key!r}"
            elif wanted and not isinstance(self.__args[key], wanted):
                value = self.__args[key]
                problem = f"layer {self.get_name()!r}: argument {key!r} must be {_type_name(wanted)}, not {value!r}"
            else:
                continue
            report_problem(LayerException(problem), self)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _type_name(wanted: Any) -> str:
    if isinstance(wanted, tuple):
        return " or ".join(_type_name(one) for one in wanted)
    return getattr(wanted, "__name__", str(wanted))
