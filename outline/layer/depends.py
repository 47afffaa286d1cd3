# SPDX-License-Identifier: Apache-2.0
"""Which layers a layer waits for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..depend import Depend, DependType, parse_depend_type, parse_require_str
from ..exception import LayerException, LayerNotFound
from .problems import report_problem

if TYPE_CHECKING:
    from ..loader import Outline
    from .base import Layer
    from .frame import LayerPreProcess

__all__ = ["LayerDepends"]

logger = logging.getLogger("outline.layer")


class LayerDepends:
    """The dependencies of a layer, and the pre-processes that it has.

    A dependency on a name is kept as it is until the layer's outline knows the layer, at the latest until the
    outline is set up.
    """

    __depends: list[Depend]
    __preprocess_layers: list[LayerPreProcess]
    __by_name: list[tuple[str, str, bool, bool]]

    if TYPE_CHECKING:

        def get_name(self) -> str: ...
        def get_origin(self) -> str: ...
        def get_arg(self, key: str, default: Any = None) -> Any: ...
        def get_outline(self) -> Outline | None: ...

    def _init_depends(self) -> None:
        self.__depends = []
        self.__preprocess_layers = []
        self.__by_name = []

    def _restore_depend(self, depend: Depend) -> None:
        self.__depends.append(depend)

    def depend_on(
        self,
        on_layer: Layer | str,
        depend_type: str = DependType.FrameByFrame,
        propigate: bool = False,
        any_frame: bool = False,
    ) -> None:
        """Wait for another layer.

        Two dependencies of different types on one layer both count; the same one twice counts once.

        Args:
            on_layer: The layer, or its name.
            depend_type: One of ``DependType``, or the short name of one (``all``).
            propigate: Layers that come to wait for this one pass the wait on to what they wait for already.
            any_frame: A single finished frame of the other layer is enough, whatever the type.

        Raises:
            LayerNotFound: The outline is set up and has no such layer.
            LayerException: The type is unknown.
        """
        try:
            depend_type = parse_depend_type(depend_type)
        except LayerException as error:
            raise LayerException(f"{self.__where()}: {error}") from error
        found = self.__find(on_layer)
        if found is None:
            self.__by_name.append((str(on_layer), depend_type, propigate, any_frame))
            return
        if any_frame or depend_type == DependType.LayerOnAny:
            depend_type, any_frame = DependType.LayerOnLayer, True
        if found is self.__layer() and depend_type != DependType.PreviousFrame:
            logger.info("layer %s: a dependency on itself is left out", self.get_name())
            return
        if self.__has(found, depend_type, any_frame):
            return
        self.__depends.append(Depend(self.__layer(), found, depend_type, propigate, any_frame))
        self.__follow_preprocesses(found, any_frame)
        self.__propagate(found)

    def depend_all(self, on_layer: Layer | str, propigate: bool = False, any_frame: bool = False) -> None:
        """Wait for all frames of another layer, or for any one of them; arguments as for ``depend_on``."""
        self.depend_on(on_layer, DependType.LayerOnLayer, propigate, any_frame)

    def depend_previous(self, on_layer: Layer | str) -> None:
        """Let each frame wait for the frame before it in another layer, or in this very layer."""
        self.depend_on(on_layer, DependType.PreviousFrame)

    def undepend(self, depend: Depend) -> None:
        """Remove a dependency; one that the layer does not have is ignored."""
        if depend in self.__depends:
            self.__depends.remove(depend)

    def get_depends(self) -> list[Depend]:
        """Return a copy of the list of what this layer waits for."""
        return list(self.__depends)

    def get_dependents(self) -> list[Depend]:
        """Return the dependencies of other layers on this one."""
        ol = self.get_outline()
        layers = ol.get_layers() if ol else []
        return [depend for layer in layers for depend in layer.get_depends() if depend.get_depend_on_layer() is self]

    def get_preprocess_layers(self) -> list[LayerPreProcess]:
        """Return the pre-processes of this layer, in the order in which they were made."""
        return list(self.__preprocess_layers)

    def add_preprocess_layer(self, preprocess: LayerPreProcess) -> None:
        """Make a pre-process known to its creator; ``LayerPreProcess`` calls this."""
        self.__preprocess_layers.append(preprocess)

    def _resolve_depends(self) -> None:
        """Turn ``require`` and dependencies on names into dependencies on layers."""
        waiting, self.__by_name = self.__by_name, []
        for name, depend_type, propigate, any_frame in waiting:
            try:
                self.depend_on(self.__get_layer(name), depend_type, propigate, any_frame)
            except LayerException as error:
                report_problem(error, self)
        for require in _as_list(self.get_arg("require")):
            try:
                self.__require(require)
            except LayerException as error:
                report_problem(error, self)

    def __require(self, require: Any) -> None:
        if isinstance(require, LayerDepends):
            self.depend_on(require.__layer())
        else:
            name, depend_type = self.__parse(require)
            self.depend_on(self.__get_layer(name), depend_type)

    def __parse(self, require: Any) -> tuple[str, str]:
        try:
            return parse_require_str(require)
        except LayerException as error:
            raise LayerException(f"{self.__where()}: {error}") from error

    def __get_layer(self, name: str) -> Layer:
        ol = self.get_outline()
        if ol is None:
            raise LayerException(f"{self.__where()}: cannot wait for {name!r} before it is part of an outline")
        if not ol.is_layer(name):
            raise LayerNotFound(name, [layer.get_name() for layer in ol.get_layers()], self.__where())
        return ol.get_layer(name)

    def __find(self, on_layer: Layer | str) -> Layer | None:
        if isinstance(on_layer, LayerDepends):
            return on_layer.__layer()
        ol = self.get_outline()
        if ol is not None and ol.is_layer(str(on_layer)):
            return ol.get_layer(str(on_layer))
        if ol is not None and ol.get_mode() > 1:
            return self.__get_layer(str(on_layer))
        return None

    def __has(self, on_layer: Layer, depend_type: str, any_frame: bool) -> bool:
        return any(
            depend.get_depend_on_layer() is on_layer
            and depend.get_type() == depend_type
            and depend.is_any_frame() == any_frame
            for depend in self.__depends
        )

    def __follow_preprocesses(self, on_layer: Layer, any_frame: bool) -> None:
        for mine in self.__preprocess_layers:
            if any_frame and mine is not on_layer:
                mine.depend_on(on_layer, DependType.LayerOnLayer, any_frame=True)
            for theirs in on_layer.get_preprocess_layers():
                if mine is not theirs:
                    mine.depend_on(theirs, DependType.LayerOnLayer)

    def __propagate(self, on_layer: Layer) -> None:
        """Pass on what ``on_layer`` waits for, where its dependency asks for that.

        A waits for B by a propagated dependency, C comes to wait for A: then what C waits for waits for B too. A
        wait that would close a ring is left out, as is one that is there already in any form.
        """
        for theirs in on_layer.get_depends():
            target = theirs.get_depend_on_layer()
            if not theirs.is_propagated():
                continue
            for mine in self.get_depends():
                other = mine.get_depend_on_layer()
                if other is on_layer or other is target or _waits_for(target, other) or _waits_for(other, target):
                    continue
                other.depend_all(target, propigate=False)

    def __where(self) -> str:
        return f"layer {self.get_name()!r}{self.get_origin()}"

    def __layer(self) -> Layer:
        return self  # type: ignore[return-value]  # a part of Layer, never used alone


def _as_list(require: Any) -> list[Any]:
    if not require:
        return []
    return list(require) if isinstance(require, (list, tuple, set, frozenset)) else [require]


def _waits_for(layer: Layer, target: Layer) -> bool:
    """Tell whether a layer waits for another one, directly or through others."""
    seen: set[int] = set()
    stack = [layer]
    while stack:
        for depend in stack.pop().get_depends():
            on = depend.get_depend_on_layer()
            if on is target:
                return True
            if id(on) not in seen:
                seen.add(id(on))
                stack.append(on)
    return False
