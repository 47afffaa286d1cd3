# SPDX-License-Identifier: Apache-2.0
"""The arguments of a layer: those that every layer understands, defaults, and the checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypedDict

from .. import config
from ..exception import LayerException
from .context import report_problem
from .state import required_args
from .values import check_declared

if TYPE_CHECKING:
    from ..constants import LayerType
    from ..frames import FrameSet
    from .base import Layer

__all__ = [
    "KNOWN",
    "CommandArgs",
    "LayerArgs",
    "check_layer_name",
    "check_required",
    "check_type",
    "default_args",
    "is_default",
    "listed",
    "name_text",
    "reported",
    "short",
    "where",
]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\Z")


class LayerArgs(TypedDict, total=False):
    """The standard arguments of a layer; modules add their own."""

    autoeat: bool  #: A frame that fails is EATEN instead of DEAD.
    chunk: int | str  #: Frames per farm task, at least 1; or how long a process is to run, such as ``"10m"``.
    cores: float  #: Cores that one frame reserves; fractions allowed.
    env: dict[str, str]  #: Environment variables of every frame.
    gpu: float  #: GPU memory in GB, the old spelling.
    gpu_memory: str  #: GPU memory that one frame reserves, such as ``"4g"``.
    digest: str  #: ``"time"`` lets size and time of files stand for their content, in a work folder.
    gpus: int  #: GPUs that one frame reserves.
    inputs: Any  #: What each frame reads: a path, a layer, an output of a layer, a list or a dict of these.
    items: Any  #: What the frames stand for: a source of ``outline.items``, a list, a dict, or a layer that has items.
    ignore_errors: bool  #: A frame that has failed for the last time is EATEN instead of DEAD.
    limits: list[str]  #: Names of farm limits that the frames count against.
    beside: bool  #: False gives commands the final paths of ``outputs``, for programs that derive names from them.
    check_outputs: bool  #: False leaves out the check of ``outputs``.
    memory: str | int | float  #: Memory that one frame reserves, ``"512m"``, ``"4g"``; a number is GB.
    min_bytes: int  #: Files of ``outputs`` must be larger.
    nocheck: bool  #: True leaves out the check for outputs.
    optional: Any  #: Names or values of ``outputs`` and ``inputs`` that frames may lack.
    outputs: Any  #: What each frame leaves behind: a path with the frame in any style, a list, or a dict of names.
    python_path: list[str]  #: Folders put before sys.path while a frame runs.
    proxy_enable: bool  #: Kept for PyOutline modules.
    range: str | int | list[int] | FrameSet | None  #: Frames of the layer; None means the job's range.
    register: bool  #: False keeps the layer out of the current outline.
    require: Any  #: Layers or names (``"x:all"``) that must be done before.
    rerun: str  #: In a work folder, what makes a frame run again: ``"changed"``, ``"missing"`` or ``"always"``.
    retry_delay: float  #: Minutes that a frame waits after a failure before it is tried again.
    service: str  #: The farm's name for the application.
    setshot: bool  #: False uses the farm wrapper without a shot environment.
    strace: bool  #: True traces the frame on the farm.
    suffix: str  #: Ends the name of a LayerPreProcess.
    tags: str | list[str]  #: Kinds of hosts that may run the frames.
    threadable: bool  #: True lets the farm give a frame more cores.
    threads: float  #: The old spelling of cores.
    timeout: float  #: Minutes after which a running frame is ended.
    timeout_llu: float  #: Minutes without log output after which a frame is ended.
    timeout_retry: float  #: A frame that hit a time limit is tried again with so many times the limit.
    type: LayerType | str  #: ``"Render"``, ``"Util"`` or ``"Post"``.
    version: Any  #: In a work folder, another value makes the frames run again: the version of a program, say.
    wrapper: str  #: A farm wrapper of your own.


class CommandArgs(LayerArgs, total=False):
    """The standard arguments and the command that many modules have."""

    command: str | list[Any]  #: What the frames run; a list is never split again.
    expand_hashes: bool  #: False leaves the ``#`` of file names to the program.
    progress: str | None  #: How commands tell their progress: ``"alf"``, ``"tractor"``, ``"openjd"``, ``"percent"``.
    quote: bool  #: Without pycuerun, True quotes each word of the command for the shell of the host.


KNOWN = frozenset(CommandArgs.__annotations__) | {"code", "commands", "script"}


@contextmanager
def reported(layer: Layer) -> Iterator[None]:
    """Report an error about a layer, so that a check which collects errors goes on."""
    try:
        yield
    except LayerException as error:
        report_problem(error, layer)


def where(layer: Layer) -> str:
    """The beginning of an error about a layer: its name, and the script line that made it."""
    return f"layer {layer.get_name()!r}{layer.get_origin()}"


def name_text(name: Any) -> Any:  # Any: what a script gives
    """A name as text; PyOutline took the number of a shot, too."""
    return str(name) if type(name) is int else name


def check_layer_name(name: object, origin: str = "") -> None:
    """Refuse a name that cannot stand in file names, frame names and on the farm.

    Raises:
        LayerException: With the first character that is not allowed.
    """
    if isinstance(name, str) and _NAME.match(name):
        return
    if not isinstance(name, str) or not name:
        raise LayerException(f"a layer needs a name of letters, digits, '_', '-' and '.', not {name!r}{origin}")
    bad = next((char for char in name if not re.match(r"[A-Za-z0-9_.\-]", char)), name[0])
    raise LayerException(
        f"layer name {name!r}{origin} has the illegal character {bad!r};"
        " use letters, digits, '_', '-' and '.', and begin with a letter, digit or '_'"
    )


# -- values ----------------------------------------------------------------------------------------------------

_DEFAULTS: Mapping[str, Any] = {"register": True, "chunk": 1, "range": None}


def default_args(class_name: str) -> dict[str, Any]:
    """The arguments of a layer that was given none: the defaults, then the class's section of the configuration."""
    section = config.typed_items(class_name) if config.has_section(class_name) else {}
    return {**_DEFAULTS, **section}


def is_default(name: str, args: Mapping[str, Any], given: set[str], class_name: str) -> bool:
    """Tell whether neither the caller nor the configuration has set an argument, so that a module may."""
    if name in given:
        return False
    return not config.has_option(class_name, name) if name in _DEFAULTS else name not in args


def check_type(name: str, value: Any, wanted: Any, where: str) -> None:
    """Check the type of an argument.

    Args:
        name: The argument.
        wanted: A type, or several as a tuple; None allows all.
        where: The layer, for the message.

    Raises:
        LayerException: The value is of another type.
    """
    if wanted and not isinstance(value, wanted):
        names = [getattr(one, "__name__", str(one)) for one in (wanted if isinstance(wanted, tuple) else (wanted,))]
        raise LayerException(f"{where}: argument {name!r} must be {' or '.join(names)}, not {short(value)}")


def check_required(layer: Layer, args: Mapping[str, Any], required: Mapping[str, Any]) -> None:
    """Check that every required argument is there, and that no word of a command is None.

    Raises:
        LayerException: One is missing or has another type.
    """
    for command in (args.get("command"), *listed(args.get("commands"))):
        if any(word is None for word in listed(command)):
            report_problem(LayerException(f"{where(layer)}: the command {command!r} has None for a word"), layer)
    of_class = required_args(type(layer))
    for name, wanted in {**of_class, **required}.items():
        with reported(layer):
            if name not in args or (name in of_class and args[name] is None):
                raise LayerException(f"{where(layer)}: {type(layer).__name__} needs the argument {name!r}")
            check_type(name, args[name], wanted, where(layer))
    with reported(layer):
        check_declared(type(layer), args, set(args) - KNOWN, where(layer))


def short(value: Any) -> str:
    """A value as text for a message: large ones are cut, and those that hold one another a million times, too."""
    from reprlib import Repr  # few messages have a value

    text = Repr()
    text.maxstring = text.maxother = 200
    text.maxlist = text.maxtuple = text.maxdict = text.maxset = 10
    text.maxlevel = 4
    return text.repr(value)


def listed(value: Any) -> list[Any]:
    """What a list or a tuple holds; nothing for anything else."""
    return list(value) if isinstance(value, (list, tuple)) else []
