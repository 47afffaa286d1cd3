# SPDX-License-Identifier: Apache-2.0
"""Dependencies between layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .exception import LayerException, did_you_mean

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["Depend", "DependType", "parse_depend_type", "parse_require_str"]


class DependType:
    """The ways in which the frames of one layer can wait for those of another.

    Attributes:
        FrameByFrame: Each frame waits for the frame of the same number.
        LayerOnLayer: Every frame waits for all frames. Short: ``all``.
        PreviousFrame: Each frame waits for the frame before it. Short: ``prev``.
        LayerOnSimFrame: Every frame waits for all frames of a simulation. Short: ``sim``.
        LayerOnAny: Every frame waits for a single frame, whichever is first. Short: ``any``.
    """

    FrameByFrame = "FRAME_BY_FRAME"
    LayerOnLayer = "LAYER_ON_LAYER"
    PreviousFrame = "PREVIOUS_FRAME"
    LayerOnSimFrame = "LAYER_ON_SIM_FRAME"
    LayerOnAny = "LAYER_ON_ANY"

    all = LayerOnLayer
    any = LayerOnAny
    sim = LayerOnSimFrame
    prev = PreviousFrame


_TYPE_BY_NAME: dict[str, str] = {name: value for name, value in vars(DependType).items() if not name.startswith("_")}
_TYPES = frozenset(_TYPE_BY_NAME.values())


class Depend:
    """A dependency of one layer on another. The waiting layer makes and owns it."""

    def __init__(
        self,
        depend_er: Layer,
        depend_on: Layer,
        depend_type: str = DependType.FrameByFrame,
        propigate: bool = False,
        any_frame: bool = False,
    ) -> None:
        """Keep the two layers and how they depend.

        Raises:
            LayerException: There is no such type.
        """
        self.__depend_er = depend_er
        self.__depend_on = depend_on
        self.__type = parse_depend_type(depend_type)
        self.__propigate = propigate
        self.__any_frame = any_frame

    def __repr__(self) -> str:
        return f"<Depend {self.__depend_er} on {self.__depend_on}, {self.__type}>"

    def get_dependant_layer(self) -> Layer:
        """The layer that waits."""
        return self.__depend_er

    def get_depend_on_layer(self) -> Layer:
        """The layer that the other one waits for."""
        return self.__depend_on

    def get_type(self) -> str:
        """The dependency type, one of the values of ``DependType``."""
        return self.__type

    def is_propagated(self) -> bool:
        """Whether layers that depend on the waiting layer also get this dependency.

        The dependency of a layer on its LayerPreProcess is of this kind.
        """
        return self.__propigate

    def is_any_frame(self) -> bool:
        """Whether the first finished frame of the other layer satisfies the dependency."""
        return self.__any_frame


def parse_require_str(require: object) -> tuple[str, str]:
    """Split ``name:type`` into the name of a layer and a dependency type.

    Without a type, the dependency is frame by frame. Layer names contain no colon.

    Args:
        require: A text such as ``"render:all"``, or a layer, whose ``str`` is its name.

    Raises:
        LayerException: There is no such type, no name, or more than one colon.
    """
    text = str(require)
    name, colon, type_name = (part.strip() for part in text.partition(":"))
    if not name or ":" in type_name or isinstance(require, Mapping):
        raise LayerException(f"require {text!r} must be the name of a layer, or name:type, such as 'render:all'")
    if not colon:
        return name, DependType.FrameByFrame
    try:
        return name, parse_depend_type(type_name)
    except LayerException as error:
        raise LayerException(f"require {text!r}: {error}") from error


def parse_depend_type(text: str) -> str:
    """The dependency type that a name (``all``, ``LayerOnLayer``) or a value (``LAYER_ON_LAYER``) stands for.

    Differs: docs/differences.md#unknown-dependency-types

    Raises:
        LayerException: There is no such type.
    """
    if text in _TYPES:
        return text
    if text not in _TYPE_BY_NAME:
        hint = did_you_mean(str(text), list(_TYPE_BY_NAME))
        raise LayerException(f"no dependency type {text!r}{hint}; there are {', '.join(sorted(_TYPE_BY_NAME))}")
    return _TYPE_BY_NAME[text]
