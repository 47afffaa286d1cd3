# SPDX-License-Identifier: Apache-2.0
"""What the library knows of one layer, kept apart from the attributes of the layer's own class."""

from __future__ import annotations

import copy
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeVar

from ..event import EventHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..depend import Depend
    from ..frames import FrameSet
    from ..io import Path
    from ..io.attempt import Attempt
    from ..io.output import Output
    from ..loader import Outline
    from .base import Layer
    from .frame import LayerPreProcess
    from .links import LayerLinks

__all__ = [
    "SLOT",
    "LayerState",
    "adopt",
    "declared_args",
    "make_with_state",
    "own_attributes",
    "required_args",
    "set_own_attribute",
    "shallow_copy",
    "state_of",
    "walk",
]

SLOT = "_ol_state"
"""The one attribute of a layer that is the library's.

Python's own mangling of ``__state`` would not do: a studio's class may be called ``Layer`` as well.
"""

T = TypeVar("T", bound="Layer | Outline")


class LayerState:
    """The state of one layer; ``Layer.__init__`` or a reader of sessions makes it, only the layer changes it.

    Attributes:
        args: What the layer was given, type, environment, service and limits among them.
        given: The names of arguments that the caller has set, so that no default replaces them.
        required: What ``require_arg`` asked for, with the types.
        origin: File and line of the statement that made the layer, ``("", 0)`` when not known.
        by_name: Dependencies on layers that the outline does not know yet, as arguments of ``depend_on``.
        frame: The first frame of the chunk that runs.
        todo: Those of its frames that must run, in a job that lives in a work folder.
        chunk: All of its frames, when there is ``todo``.
        finished: Frames of the chunk that are through before its end.
        when_done: What else is to be done when a frame of the chunk is done.
        results: What ``emit`` was given, by frame.
        counts: What ``count`` was given, by frame.
        declared: The outputs that ``outputs`` declares, by what stands there.
        links: What the frames read and write, behind what that was made of.
        result_files: Where the commands of the chunk that runs write what they return, by frame.
        in_chunk: A chunk runs in this process.
        begun: The frames of a chunk that has begun before this process was forked, which runs the rest of it.
        item_frame: The frame whose item is filled in in the arguments now.
        span: The first and the last frame that an application renders of the items, once somebody has asked.
        error: What ``_execute`` raised.
        attempt: The outputs of the chunk that runs, where they are written; None without outputs.
    """

    def __init__(
        self, name: str, args: dict[str, Any], required: dict[str, Any], origin: tuple[str, int] = ("", 0)
    ) -> None:  # no dataclass: importing dataclasses costs every frame 10 ms
        self.name = name
        self.args = args
        self.given = set(args)
        self.required = required
        self.origin = origin
        self.outline: Outline | None = None
        self.parent: Layer | None = None
        self.children: list[Layer] = []
        self.depends: list[Depend] = []
        self.by_name: list[tuple[str, str, bool, bool]] = []
        self.preprocesses: list[LayerPreProcess] = []
        self.inputs: dict[str, Path] = {}
        self.outputs: dict[str, Path] = {}
        self.frame: int | None = None
        self.todo: FrameSet | None = None
        self.chunk: FrameSet | None = None
        self.finished: set[int] = set()
        self.when_done: Callable[[int], object] | None = None
        self.results: dict[int, Any] = {}
        self.counts: dict[int, dict[str, float]] = {}
        self.declared: dict[tuple[str, str, bool], list[Output]] = {}
        self.links: tuple[list[object], LayerLinks] | None = None
        self.result_files: dict[int, str] = {}
        self.in_chunk = False
        self.begun: FrameSet | None = None
        self.item_frame: int | None = None
        self.span: tuple[int, int] | None = None
        self.error: BaseException | None = None
        self.attempt: Attempt | None = None
        self.listeners = EventHandler(self)

    def __str__(self) -> str:
        return self.name


def state_of(layer: Layer) -> LayerState:
    """The state of a layer, for the modules that save, restore and run it."""
    return layer._ol_state


def make_with_state(cls: type[T], state: Any) -> T:  # Any: that of a layer, or of an outline
    """A layer or an outline with a given state, made without its constructor."""
    made = cls.__new__(cls)
    made._ol_state = state
    return made


def shallow_copy(owner: T) -> T:
    """A layer or an outline of its own, with what another one holds."""
    made = make_with_state(type(owner), copy.copy(owner._ol_state))
    for name, value in own_attributes(owner).items():
        set_own_attribute(made, name, value)
    return made


def adopt(parent: Layer, child: Layer) -> None:
    """Make a restored layer the last child of another."""
    state_of(parent).children.append(child)
    state_of(child).parent = parent


def walk(layers: Iterable[Layer]) -> Iterator[Layer]:
    """Layers and their children, parents first."""
    for layer in layers:
        yield layer
        yield from walk(layer.get_children())


def required_args(cls: type) -> dict[str, Any]:
    """The arguments that a class and its bases require by ``required_args``, with their types."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        declared = vars(base).get("required_args", {})
        found.update(declared if isinstance(declared, dict) else dict.fromkeys(declared))
    return found


def declared_args(cls: type) -> set[str]:
    """The names of the arguments that a class and its bases declare by ``declared_args``."""
    declared = [vars(base).get("declared_args", ()) for base in cls.__mro__]
    return {name for one in declared for name in getattr(one, "__annotations__", one)}


def own_attributes(owner: Layer | Outline) -> dict[str, Any]:
    """The attributes that the own class of a layer or outline, and whoever used it, have set, in ``__slots__`` too."""
    return {**dict(_in_slots(owner)), **{name: value for name, value in vars(owner).items() if name != SLOT}}


def _in_slots(owner: object) -> Iterator[tuple[str, Any]]:
    for cls in type(owner).__mro__:
        for name, member in vars(cls).items():
            if isinstance(member, MemberDescriptorType):
                try:
                    yield name, member.__get__(owner)
                except AttributeError:  # nothing was set
                    pass


def set_own_attribute(owner: object, name: str, value: Any) -> None:
    """Set an attribute that ``own_attributes`` has given, without any code of the class."""
    slot = getattr(type(owner), name, None)
    if isinstance(slot, MemberDescriptorType):
        slot.__set__(owner, value)
    else:
        vars(owner)[name] = value
