# SPDX-License-Identifier: Apache-2.0
"""The functions that the code of a studio's class may call, as far as names tell without running anything."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["inner_codes", "reachable_functions"]

_MOST = 5000  # a studio's library may lead to all of its code; what is that far away reads no argument of a layer


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
