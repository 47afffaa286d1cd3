# SPDX-License-Identifier: Apache-2.0
"""What the code of a layer's class reads and calls, as far as names tell without running anything."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ..plugins import PluginManager
from .state import state_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = [
    "data_arg",
    "inner_codes",
    "mentions",
    "reachable_functions",
    "read_around",
    "read_by_plugins",
    "reads_by_itself",
]

_MOST = 5000  # a studio's library may lead to all of its code; what is that far away reads no argument of a layer
_READERS = {"get_arg", "is_arg_set", "require_arg", "set_default_arg"}


def reachable_functions(cls: type) -> Iterator[FunctionType]:
    """Give the functions of a class and of the modules beside it, and those of other modules that they name.

    A class of layers that is named is another layer with arguments of its own, so it is left out. So are functions of
    Python and of this library, and modules that are not imported yet.
    """
    own = [one for one in cls.__mro__ if _is_foreign(one.__module__)]
    beside = [sys.modules.get(one.__module__) for one in own]
    waiting = [member for one in own for member in vars(one).values()]
    for module in filter(None, beside):
        waiting += [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST:
        for function in _functions_in(waiting.pop(0)):
            if id(function) not in seen and _is_foreign(function.__module__):
                seen.add(id(function))
                yield function
                waiting += _named_by(function)


def inner_codes(code: CodeType) -> Iterator[CodeType]:
    """Give a function's code, and that of the functions and comprehensions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from inner_codes(constant)


def _is_foreign(module: str | None) -> bool:
    top = (module or "builtins").partition(".")[0]
    return top != __package__.partition(".")[0] and top not in sys.stdlib_module_names


# Any: whatever stands in modules and classes.


def _functions_in(member: Any) -> list[FunctionType]:
    member = getattr(member, "__func__", getattr(member, "fget", member))
    if isinstance(member, type):
        if any(base.__module__ == f"{__package__}.base" for base in member.__mro__):
            return []
        members = [value for value in vars(member).values() if not isinstance(value, type)]
        return [one for value in members for one in _functions_in(value)]
    return [member] if isinstance(member, FunctionType) else []


def _named_by(function: FunctionType) -> list[Any]:
    """What a function names: functions, classes, what it takes out of modules, and what it was decorated with."""
    names = {name for code in inner_codes(function.__code__) for name in code.co_names}
    found = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    found += [function.__globals__[name] for name in names if name in function.__globals__]
    found += [sys.modules[name] for name in names if name in sys.modules]  # imported inside of the function
    modules = _foreign_modules(found)
    for module in modules:
        members = [vars(module)[name] for name in names if name in vars(module)]
        modules += [one for one in _foreign_modules(members) if one not in modules]
        found += members
    return found


def _foreign_modules(values: Iterable[Any]) -> list[ModuleType]:
    return [one for one in values if isinstance(one, ModuleType) and _is_foreign(one.__name__)]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # of a name that is defined later
        return False


# -- arguments -------------------------------------------------------------------------------------------------


def data_arg(layer: Layer, name: str) -> Any:
    """An argument of layers whose frames come from data, None where a studio's class means something of its own by it.

    Such a class may be older than these arguments, and goes on as it was.

    Args:
        name: ``items``, ``inputs`` or ``outputs``.
    """
    value = state_of(layer).args.get(name)
    if value is None or (name == "outputs" and layer.manages_outputs):
        return value
    return None if _means_its_own(type(layer), name) else value


@lru_cache(128)
def _means_its_own(cls: type, name: str) -> bool:
    """Tell whether a studio's class asks for an argument that layers have here, and uses nothing that belongs to it."""
    if name == "outputs":
        return reads_by_itself(cls, name)
    own = _studio_code(cls)
    methods, token = _BELONGS[name]
    is_used = any(methods.intersection(code.co_names) or _holds_token(code, token) for code in own)
    return bool(own) and not is_used and _asks_for(cls, name)


_BELONGS = {
    "items": ({"item", "item_key", "get_items"}, "%{ITEM"),
    "inputs": ({"input_path", "input_paths"}, "%{INPUT"),
}


def reads_by_itself(cls: type, name: str) -> bool:
    """Tell whether a studio's class asks for an argument in its own code, or in a function that it calls."""
    own = _studio_code(cls)
    return bool(own) and (any(name in _parameters(code) for code in own) or _asks_for(cls, name))


def _holds_token(code: CodeType, token: str) -> bool:
    return any(isinstance(constant, str) and token in constant for constant in code.co_consts)


def _studio_code(cls: type) -> list[CodeType]:
    """The code of the classes that are not the library's."""
    own = (one for one in cls.__mro__ if _is_foreign(one.__module__))
    return [code for one in own for code in _code_in(vars(one).values())]


def _asks_for(cls: type, name: str) -> bool:
    functions = [list(inner_codes(function.__code__)) for function in reachable_functions(cls)]
    return name in _read_by(code for codes in functions for code in codes) or any(
        _reads_many(codes, name) for codes in functions
    )


def _reads_many(codes: Sequence[CodeType], name: str) -> bool:
    """Tell whether a function takes all arguments at once, or those of a list of names, and one is among them."""
    called = {word for code in codes for word in code.co_names}
    constants = [constant for code in codes for constant in code.co_consts]
    tables = [constant for constant in constants if isinstance(constant, (tuple, frozenset))]
    return bool(_READERS & called and _holds(tables, name)) or ("get_args" in called and name in constants)


def _parameters(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _own(cls: type) -> list[type]:
    """The classes that may read arguments of a layer, those of the library's modules among them."""
    return [one for one in cls.__mro__ if not one.__module__.startswith("outline.layer")]


def read_around(cls: type) -> set[str]:
    """The arguments that a class, its module or a plug-in asks for by their names."""
    return set(_read_by(_code_around(cls)))


def read_by_plugins() -> set[str]:
    """The arguments that plug-ins ask for by their names."""
    return set(_read_by(_plugin_code()))


def _code_around(cls: type) -> Iterator[CodeType]:
    """The code that may read arguments of a layer: its classes, the modules of a studio's ones, and plug-ins."""
    for one in _own(cls):
        yield from _code_in(vars(one).values())
    for name in {one.__module__ for one in _own(cls) if not one.__module__.startswith("outline.")}:
        module = sys.modules.get(name)
        yield from _code_of_module(module) if isinstance(module, ModuleType) else ()
    yield from _plugin_code()


def _plugin_code() -> Iterator[CodeType]:
    for plugin in PluginManager.get_plugins():
        yield from _code_of_module(plugin)


def _code_of_module(module: ModuleType) -> Iterator[CodeType]:
    for member in list(vars(module).values()):
        if getattr(member, "__module__", "") == module.__name__:
            yield from _code_in(vars(member).values() if isinstance(member, type) else [member])


def _code_in(members: Iterable[object]) -> Iterator[CodeType]:
    for member in members:
        function: Any = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if isinstance(function, FunctionType):
            yield from inner_codes(function.__code__)


def mentions(cls: type, name: str) -> bool:
    """Tell whether methods of a class have a name as a text or a variable, or take all arguments at once."""
    codes = [code for one in _own(cls) for code in _code_in(vars(one).values())]
    return any(
        name in code.co_varnames or "get_args" in code.co_names or _holds(code.co_consts, name) for code in codes
    )


def _holds(constants: Iterable[object], name: str) -> bool:
    return any(  # tables of flags and arguments are tuples of tuples
        one == name if isinstance(one, str) else isinstance(one, (tuple, frozenset)) and _holds(one, name)
        for one in constants
    )


def _read_by(codes: Iterable[CodeType]) -> Iterator[str]:
    """The arguments that code asks for by a text: ``self.get_arg("gain")``."""
    import dis  # only where an argument is not known

    for code in codes:
        if not _READERS.intersection(code.co_names):
            continue
        asks = False
        for step in dis.get_instructions(code):
            if asks and isinstance(step.argval, str) and step.opname == "LOAD_CONST":
                yield step.argval
            asks = step.argval in _READERS
