# SPDX-License-Identifier: Apache-2.0
"""The arguments that every layer understands, and the check for misspelt ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any, TypedDict

from ..exception import LayerException
from .problems import report_problem

if TYPE_CHECKING:
    from ..constants import LayerType
    from ..frames import FrameSet
    from .base import Layer

__all__ = ["CommandArgs", "LayerArgs", "check_argument_names", "is_known", "unread_arguments"]


class LayerArgs(TypedDict, total=False):
    """The standard arguments of a layer; modules add their own."""

    autoeat: bool  #: A frame that fails is EATEN instead of DEAD.
    chunk: int  #: Frames per farm task, at least 1.
    cores: float  #: Cores that one frame reserves; fractions allowed.
    env: dict[str, str]  #: Environment variables of every frame.
    gpu: float  #: GPU memory in GB, the old spelling.
    gpu_memory: str  #: GPU memory that one frame reserves, such as ``"4g"``.
    gpus: int  #: GPUs that one frame reserves.
    limits: list[str]  #: Names of farm limits that the frames count against.
    memory: str | int | float  #: Memory that one frame reserves, ``"512m"``, ``"4g"``; a number is GB.
    nocheck: bool  #: True leaves out the check for outputs.
    python_path: list[str]  #: Folders put before sys.path while a frame runs.
    proxy_enable: bool  #: Kept for PyOutline modules.
    range: str | int | list[int] | FrameSet | None  #: Frames of the layer; None means the job's range.
    register: bool  #: False keeps the layer out of the current outline.
    require: Any  #: Layers or names (``"x:all"``) that must be done before.
    service: str  #: The farm's name for the application.
    setshot: bool  #: False uses the farm wrapper without a shot environment.
    strace: bool  #: True traces the frame on the farm.
    suffix: str  #: Ends the name of a LayerPreProcess.
    tags: str | list[str]  #: Kinds of hosts that may run the frames.
    threadable: bool  #: True lets the farm give a frame more cores.
    threads: float  #: The old spelling of cores.
    timeout: float  #: Minutes after which a running frame is ended.
    timeout_llu: float  #: Minutes without log output after which a frame is ended.
    type: LayerType | str  #: ``"Render"``, ``"Util"`` or ``"Post"``.
    wrapper: str  #: A farm wrapper of your own.


class CommandArgs(LayerArgs, total=False):
    """The standard arguments and the command that many modules have."""

    command: str | list[Any]  #: What the frames run; a list is never split again.
    expand_hashes: bool  #: False leaves the ``#`` of file names to the program.
    progress: (
        str | None
    )  #: How the commands tell their progress: ``"alf"``, ``"tractor"``, ``"openjd"``, ``"percent"``.
    quote: bool  #: Without pycuerun, True quotes each word of the command for the shell of the host.


KNOWN = frozenset(LayerArgs.__annotations__) | {
    "code",
    "command",
    "commands",
    "expand_hashes",
    "progress",
    "quote",
    "script",
}

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


def is_known(name: str) -> bool:
    """Tell whether an argument is one that every layer understands."""
    return name in KNOWN


def check_argument_names(layer: Layer) -> None:
    """Refuse an argument that no code reads and that looks like a misspelt standard one.

    A module may have any argument of its own, also one that resembles a standard name. So a name is refused only
    when no method of the layer's own classes mentions it.

    Raises:
        LayerException: With the name that was probably meant.
    """
    required = layer._required_args()
    for name in layer.get_args():
        if name in KNOWN or name in required:
            continue
        meant = _meant(name)
        if meant and not _is_mentioned(type(layer), name):
            where = f"layer {layer.get_name()!r}{layer.get_origin()}"
            report_problem(LayerException(f"{where}: unknown argument {name!r}; did you mean {meant!r}?"), layer)


def unread_arguments(layer: Layer) -> list[str]:
    """Return the arguments that are no standard ones and that no method of the layer's own classes mentions.

    Those that look like a misspelt standard argument, which ``check_argument_names`` refuses, are not among them.
    """
    unknown = [name for name in layer.get_args() if name not in KNOWN and name not in layer._required_args()]
    return [name for name in unknown if not _meant(name) and not _is_mentioned(type(layer), name)]


def _meant(name: str) -> str:
    near = _FOREIGN.get(name.lower())
    if near:
        return near
    matches = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.84)
    return matches[0] if matches else ""


def _is_mentioned(layer_class: type, name: str) -> bool:
    own = [cls for cls in layer_class.__mro__ if not cls.__module__.startswith("outline.layer")]
    return any(
        name in _words(member.__code__) for cls in own for member in vars(cls).values() if hasattr(member, "__code__")
    )


def _words(code: CodeType) -> Iterator[str]:
    yield from code.co_varnames
    yield from _words_in(code.co_consts)


def _words_in(constants: Iterable[object]) -> Iterator[str]:
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, (tuple, frozenset)):  # tables of flags and arguments are tuples of tuples
            yield from _words_in(constant)
        elif isinstance(constant, CodeType):
            yield from _words(constant)
