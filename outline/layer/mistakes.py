# SPDX-License-Identifier: Apache-2.0
"""What is probably a mistake in a layer: arguments that nothing reads, tokens and hooks that are misspelt."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import config
from ..exception import LayerException
from ..plugins import PluginManager
from .args import KNOWN, where
from .context import report_problem
from .reach import inner_codes, reachable_functions
from .state import declared_args, required_args, state_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = [
    "Mistake",
    "check_argument_names",
    "class_mistakes",
    "means_its_own",
    "misspelt_sections",
    "reads_by_itself",
    "unread_arguments",
]

# Words that people carry over from other tools; spelling distance does not find them.
_FOREIGN = {
    "frame_range": "range",
    "framerange": "range",
    "frames": "range",
    "chunk_size": "chunk",
    "chunksize": "chunk",
    "depends": "require",
    "depend": "require",
    "environment": "env",
    "mem": "memory",
    "cmd": "command",
}
_READERS = {"get_arg", "is_arg_set", "require_arg", "set_default_arg"}
_HOOKS = ("_after_init", "_after_parented", "_setup", "_before_execute", "_execute", "_after_execute")
_LIKENESS = 0.85  # finds _exceute and _set_up, leaves _execute_frame and _setup_scene alone


# -- arguments -------------------------------------------------------------------------------------------------


def check_argument_names(layer: Layer, passed: Iterable[str]) -> None:
    """Refuse an argument that no code reads and that looks like the misspelt name of one that is read.

    A class that declares its arguments (``declared_args``) takes no other ones, unless a plug-in reads them. A class
    that does not may have any argument, also one that resembles a standard name, as long as its code mentions it.

    Args:
        layer: A layer that has just been made.
        passed: The names of the arguments that the caller gave to the constructor.

    Raises:
        LayerException: With the name that was probably meant.
    """
    cls, passed = type(layer), set(passed)
    unknown = _undeclared(layer)
    if not unknown:
        return
    is_closed = "declared_args" in vars(cls)
    is_of_studio = not is_closed and not cls.__module__.startswith("outline.")
    code = list(_plugin_code() if is_closed else _code_around(cls))
    read = set(_read_by(code))
    for name in unknown:
        meant = _meant(name, _known(layer) | read, 0.75 if is_closed else 0.84)
        if name in read or not (meant or (is_closed and name in passed)):
            continue
        if is_of_studio and (_mentions(cls, name) or reads_by_itself(cls, name)):
            continue
        hint = f"did you mean {meant!r}?" if meant else f"{cls.__name__} has no such argument"
        report_problem(LayerException(f"{where(layer)}: unknown argument {name!r}; {hint}"), layer)
        state_of(layer).args.pop(name)  # where problems are collected, it is told once


def unread_arguments(layer: Layer) -> list[str]:
    """The arguments that are not declared, and that neither the class, nor what it calls, nor a plug-in reads."""
    unknown = _undeclared(layer)
    read = set(_read_by(_code_around(type(layer)))) if unknown else set()
    cls = type(layer)
    return [
        name for name in unknown if name not in read and not _mentions(cls, name) and not reads_by_itself(cls, name)
    ]


def reads_by_itself(cls: type, name: str) -> bool:
    """Tell whether a studio's class asks for an argument in its own code, or in a function that it calls."""
    own = _studio_code(cls)
    return bool(own) and (any(name in _parameters(code) for code in own) or _asks_for(cls, name))


def means_its_own(cls: type, name: str) -> bool:
    """Tell whether a studio's class asks for an argument that layers have here, and uses nothing that belongs to it.

    Args:
        cls: The class.
        name: ``items`` or ``inputs``.
    """
    own = _studio_code(cls)
    methods, token = _BELONGS[name]
    is_used = any(methods.intersection(code.co_names) or _holds_token(code, token) for code in own)
    return bool(own) and not is_used and _asks_for(cls, name)


_BELONGS = {
    "items": ({"item", "item_key", "get_items"}, "%{ITEM"),
    "inputs": ({"input_path", "input_paths"}, "%{INPUT"),
}


def _holds_token(code: CodeType, token: str) -> bool:
    return any(isinstance(constant, str) and token in constant for constant in code.co_consts)


def _studio_code(cls: type) -> list[CodeType]:
    """The code of the classes that are not the library's."""
    own = (one for one in cls.__mro__ if not one.__module__.startswith("outline.") and one is not object)
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


def _known(layer: Layer) -> frozenset[str]:
    return KNOWN | declared_args(type(layer)) | set(required_args(type(layer))) | set(state_of(layer).required)


def _undeclared(layer: Layer) -> list[str]:
    known = _known(layer)
    return [name for name in state_of(layer).args if name not in known]


def _meant(name: str, known: Collection[str], likeness: float) -> str:
    foreign = _FOREIGN.get(name.lower())
    if foreign:
        return foreign
    turned = next((one for one in known if len(one) > 3 and sorted(one) == sorted(name)), "")  # gian for gain
    return turned or next(iter(_close_matches(name, known, likeness)), "")


def _close_matches(name: str, known: Collection[str], likeness: float = _LIKENESS) -> list[str]:
    if not known:
        return []
    from difflib import get_close_matches  # slow to import

    return get_close_matches(name, known, n=1, cutoff=likeness)


def _own(cls: type) -> list[type]:
    return [one for one in cls.__mro__ if not one.__module__.startswith("outline.layer")]


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


def _mentions(cls: type, name: str) -> bool:
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


def misspelt_sections(layers: Iterable[Layer]) -> list[str]:
    """Sections of the configuration that look like the one of a class that ships with the library, a sentence each."""
    from ..config.parser import sections_of_others

    found: dict[str, str] = {}
    classes = {type(layer) for layer in layers}
    names = {cls.__name__ for cls in classes}
    others = [section for section in sections_of_others(config.sections()) if section not in names]
    ours = [cls for cls in classes if cls.__module__.startswith("outline.")]
    for name in {name for cls in ours for name in (cls.__name__, getattr(cls, "application", "")) if name}:
        sections = [] if config.has_section(name) else others
        near = _close_matches(name, sections)
        near = near or [section for section in sections if section.lower() == name.lower()]
        for section in near:
            if not section.startswith(name):  # [Blender4] may be of a class of a studio
                found[section] = f"no layer reads the section [{section}] of the configuration; did you mean [{name}]?"
    return sorted(found.values())


# -- classes ---------------------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """Something in a class that cannot be meant; an ``error`` fails every frame, a ``warning`` has no effect."""

    level: str
    message: str
    file: str
    line: int


def class_mistakes(layers: Iterable[Layer]) -> Iterator[tuple[Layer, Mistake]]:
    """The mistakes in the classes of layers, each class with the first layer of it.

    Hooks are misspelt, cannot be called, or are replaced by what calls them.
    """
    seen: set[type] = set()
    for layer in layers:
        for cls in type(layer).__mro__:
            if cls not in seen and not cls.__module__.startswith("outline."):
                seen.add(cls)
                yield from ((layer, mistake) for mistake in _look_at(cls, layer))


def _look_at(cls: type, layer: Layer) -> Iterator[Mistake]:
    base = next(one for one in type(layer).__mro__ if one.__module__ == f"{__package__}.base")
    functions = {name: member for name, member in vars(cls).items() if isinstance(member, FunctionType)}
    called = {word for function in functions.values() for word in _words(function.__code__)}
    for name, function in functions.items():
        code = function.__code__
        problem = _problem_of(name, code, hasattr(base, name), called)
        if problem:
            level = "error" if name == "_execute" else "warning"
            yield Mistake(level, f"{cls.__qualname__}.{name} {problem}", code.co_filename, code.co_firstlineno)


def _words(code: CodeType) -> set[str]:
    return {word for one in inner_codes(code) for word in one.co_names}


def _problem_of(name: str, code: CodeType, is_of_layer: bool, called: set[str]) -> str:
    if name == "_execute" and code.co_argcount < 2 and not code.co_flags & 0x04:
        return "cannot be called with the frames; define it as _execute(self, frames)"
    if f"_{name}" in _HOOKS and name not in _words(code):
        return f"replaces what calls the hooks, with its checks and events; did you mean the hook _{name}?"
    if not name.startswith("_") or name.startswith("__") or is_of_layer or name in called:
        return ""
    near = _close_matches(name, _HOOKS)
    return f"is never called; did you mean the hook {near[0]}?" if near else ""
