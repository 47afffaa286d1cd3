# SPDX-License-Identifier: Apache-2.0
"""Layer, the class that every module derives from."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from ..constants import OUTLINE_MODE_INIT
from ..constants import LayerType as LayerTypeName
from ..exception import LayerException, SessionException
from ..plugins import PluginManager
from .args import check_argument_names
from .depends import LayerDepends
from .life import LayerLife
from .naming import calling_statement, check_layer_name
from .problems import report_problem
from .ranges import DEFAULT_FRAME_RANGE
from .registry import registry

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..loader import Outline
    from ..session import Session
    from .args import CommandArgs

__all__ = ["DEFAULT_FRAME_RANGE", "Layer", "LayerType"]

logger = logging.getLogger("outline.layer")


class LayerType(type):
    """Makes a new layer part of the current outline, once its constructor has finished."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Construct a layer, check its arguments, register it and show it to the plug-ins."""
        layer: Layer = super().__call__(*args, **kwargs)
        check_argument_names(layer)
        current = registry.current
        if current is not None and layer.get_arg("register"):
            current.add_layer(layer)
        PluginManager.init_plugins(layer)
        return layer


class Layer(LayerLife, LayerDepends, metaclass=LayerType):
    """A numbered set of frames that differ in nothing but their number.

    Modules derive from it and override the hooks whose names begin with one underscore. A constructor keeps
    arguments and has no side effects, since layers are also made without ever being run. ``_setup`` runs once, on
    the machine that launches; ``_before_execute``, ``_execute`` and ``_after_execute`` run for every chunk of
    frames, in a process of their own, perhaps elsewhere. In between the layer lives in ``outline.yaml``: attributes
    that are plain data survive.

    While an outline script is read, or after ``Outline(current=True)``, a new layer adds itself to that outline.
    """

    __name: str
    __type: LayerTypeName
    __parent: Layer | None
    __children: list[Layer]
    __env: dict[str, str]
    __service: str
    __limits: list[str] | None
    __outline: Outline | None
    __origin: tuple[str, int]

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[CommandArgs]) -> None: ...

    else:

        def __init__(self, name: str, **args: Unpack[CommandArgs]) -> None:
            """Keep the name and the arguments.

            Args:
                name: Letters, digits, ``_``, ``-`` and ``.``; unique in the outline.
                args: Standard arguments (``LayerArgs``) and those of the module, read with ``get_arg``.

            Raises:
                LayerException: The name or the type is not allowed.
            """
            super().__init__()
            self.__origin = calling_statement(LayerType.__call__.__code__)
            self._init_arguments(args)
            self.__init_state(name)
            try:
                self.set_type(self.get_arg("type") or LayerTypeName.RENDER)
            except LayerException as error:
                report_problem(error, self)
            self.__env.update({str(key): str(value) for key, value in (self.get_arg("env") or {}).items()})
            self.__service = self.get_arg("service", "shell")
            self.__limits = self.get_arg("limits")
            try:
                check_layer_name(name, self.get_origin())
            except LayerException as error:
                report_problem(error, self)

    def __init_state(self, name: str) -> None:
        self.__name = name
        self.__type = LayerTypeName.RENDER
        self.__parent = None
        self.__children = []
        self.__env = {}
        self.__service = "shell"
        self.__limits = None
        self.__outline = None
        self._init_life()
        self._init_depends()
        self._init_paths()

    def _restore(self, name: str, args: dict[str, Any], required: dict[str, Any], env: dict[str, str]) -> None:
        """Give a layer that was made without its constructor the state that outline.yaml holds."""
        self.__origin = ("", 0)
        self._restore_arguments(args, required)
        self.__init_state(name)
        self.__env.update(env)

    def __str__(self) -> str:
        return self.get_name()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.get_name()!r} of type {self.get_type()}>"

    # -- parent and children -----------------------------------------------------------------------------------

    def get_parent(self) -> Layer | None:
        """Return the layer that this one is a child of."""
        return self.__parent

    def set_parent(self, layer: Layer) -> None:
        """Make this layer a child of another; use ``add_child``."""
        if not isinstance(layer, Layer):
            raise LayerException(f"layer {self.get_name()!r}: its parent must be a Layer, not {layer!r}")
        self.__parent = layer

    def add_child(self, layer: Layer) -> None:
        """Run another layer's work right after this one's, in the same frames.

        The child is then no longer a layer of the job: it gets this layer's chunk and session.

        Raises:
            LayerException: It is no layer, or the outline is set up with it as a layer of its own.
        """
        if not isinstance(layer, Layer):
            raise LayerException(f"layer {self.get_name()!r}: its children must be Layers, not {layer!r}")
        ol = layer.get_outline()
        if ol is not None and layer in ol.get_layers():
            if ol.get_mode() > OUTLINE_MODE_INIT:
                raise LayerException(
                    f"layer {layer.get_name()!r}{layer.get_origin()} is a layer of the job already; make it with"
                    " register=False to add it as a child while the outline is set up"
                )
            ol.remove_layer(layer)
        if self.__outline is not None:
            layer.set_outline(self.__outline)
        layer.set_parent(self)
        self.__children.append(layer)
        layer.after_parented(self)

    def get_children(self) -> list[Layer]:
        """Return a copy of the list of children, in the order in which they run."""
        return list(self.__children)

    def _restore_child(self, layer: Layer) -> None:
        layer.__parent = self
        self.__children.append(layer)

    # -- identity ----------------------------------------------------------------------------------------------

    def get_name(self) -> str:
        """Return the layer's name; a child's is ``parent.child``."""
        return f"{self.__parent.get_name()}.{self.__name}" if self.__parent else self.__name

    def set_name(self, name: str) -> None:
        """Rename the layer, before its outline is set up."""
        if self.__outline is not None and self.__outline.get_mode() > OUTLINE_MODE_INIT:
            raise LayerException(f"layer {self.__name!r} cannot be renamed any more, its outline is set up")
        check_layer_name(name, self.get_origin())
        ol = self.__outline
        if ol is not None and name != self.__name and ol.is_layer(name):
            raise LayerException(f"layer {self.__name!r} cannot become {name!r}, the outline has a layer of that name")
        self.__name = name
        if ol is not None and self.__parent is None:
            ol._renamed()

    def get_origin(self) -> str:
        """Return where the layer was made as `` (shot.outline:12)``, for messages; empty when not known."""
        path, line = self.__origin
        return f" ({os.path.basename(path)}:{line})" if line else ""

    def get_origin_line(self) -> tuple[str, int]:
        """Return file and line of the statement that made the layer, ``("", 0)`` when not known."""
        return self.__origin

    def get_type(self) -> LayerTypeName:
        """Return Render, Util (setup and clean-up) or Post (runs when all other layers are through)."""
        return self.__type

    def set_type(self, t: LayerTypeName | str) -> None:
        """Set the type.

        Raises:
            LayerException: It is not one of ``Render``, ``Util`` and ``Post``.
        """
        try:
            self.__type = LayerTypeName(t)
        except ValueError:
            known = ", ".join(str(one) for one in LayerTypeName)
            raise LayerException(
                f"layer {self.__name!r}{self.get_origin()}: no type {t!r}; there are {known}"
            ) from None

    def get_outline(self) -> Outline | None:
        """Return the outline that the layer, or its parent, is part of."""
        return self.__parent.get_outline() if self.__parent else self.__outline

    def set_outline(self, new_outline: Outline) -> None:
        """Tell the layer which outline it is part of; use ``Outline.add_layer``."""
        self.__outline = new_outline

    def get_session(self) -> Session:
        """Return the session of the outline.

        Raises:
            SessionException: There is none before the outline is set up.
        """
        ol = self.get_outline()
        if ol is None:
            raise SessionException(f"layer {self.get_name()!r} is not part of an outline, so it has no session")
        return ol.get_session()

    def get_service(self) -> str:
        """Return the farm's name for the application that the layer runs."""
        return self.__service

    def set_service(self, service: str) -> None:
        """Set the farm's name for the application that the layer runs."""
        self.__service = service

    def get_limits(self) -> list[str] | None:
        """Return the names of the farm limits that the frames count against."""
        return self.__limits

    def set_limits(self, limits: list[str]) -> None:
        """Set the names of the farm limits that the frames count against."""
        self.__limits = limits

    # -- environment and events --------------------------------------------------------------------------------

    def set_env(self, key: str, value: str) -> None:
        """Set an environment variable of every frame; both are turned into text."""
        if key in self.__env:
            logger.warning("layer %s: %s changes from %s to %s", self.get_name(), key, self.__env[key], value)
        self.__env[str(key)] = str(value)

    def get_env(self, key: str, default: str | None = None) -> str | None:
        """Return an environment variable set on the layer."""
        return self.__env.get(key, default)

    def get_envs(self) -> dict[str, str]:
        """Return a copy of the environment variables set on the layer."""
        return dict(self.__env)
