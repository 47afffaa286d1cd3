# SPDX-License-Identifier: Apache-2.0
"""What is probably a mistake in a layer: arguments that nothing reads, tokens and hooks that are misspelt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, NamedTuple

from .. import config
from ..exception import LayerException
from .args import KNOWN, where
from .class_code import inner_codes, mentions, read_around, read_by_plugins, reads_by_itself
from .context import report_problem
from .state import declared_args, required_args, state_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = [
    "Mistake",
    "check_argument_names",
    "class_mistakes",
    "misspelt_sections",
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
    read = read_by_plugins() if is_closed else read_around(cls)
    for name in unknown:
        meant = _meant(name, _known(layer) | read, 0.75 if is_closed else 0.84)
        if name in read or not (meant or (is_closed and name in passed)):
            continue
        if is_of_studio and (mentions(cls, name) or reads_by_itself(cls, name)):
            continue
        hint = f"did you mean {meant!r}?" if meant else f"{cls.__name__} has no such argument"
        report_problem(LayerException(f"{where(layer)}: unknown argument {name!r}; {hint}"), layer)
        state_of(layer).args.pop(name)  # where problems are collected, it is told once


def unread_arguments(layer: Layer) -> list[str]:
    """The arguments that are not declared, and that neither the class, nor what it calls, nor a plug-in reads."""
    cls, unknown = type(layer), _undeclared(layer)
    read = read_around(cls) if unknown else set()
    return [name for name in unknown if name not in read and not mentions(cls, name) and not reads_by_itself(cls, name)]


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
