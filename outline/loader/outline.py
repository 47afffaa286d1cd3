# SPDX-License-Identifier: Apache-2.0
"""Outline, the description of one job."""

from __future__ import annotations

import logging
import os
import uuid
from typing import TYPE_CHECKING, Any

from ..constants import OUTLINE_MODE_INIT, OUTLINE_MODE_READY, OUTLINE_MODE_SETUP
from ..exception import (
    DependencyCycle,
    LayerException,
    LayerNotFound,
    OutlineException,
    SessionException,
)
from ..frames import FrameRangeError, FrameSet
from ..layer.problems import report_problem
from ..layer.registry import registry, use_outline
from ..script import run_script
from ..session import Session, conform_name, is_session_path
from .rings import find_ring
from .settings import OutlineSettings

if TYPE_CHECKING:
    from types import ModuleType

    from ..layer import Layer

__all__ = ["Outline"]

logger = logging.getLogger("outline.loader")


class _OutlineType(type):
    """Lets ``Outline.current`` be read and set as in PyOutline."""

    @property
    def current(cls) -> Outline | None:
        """The outline that new layers add themselves to."""
        return registry.current

    @current.setter
    def current(cls, ol: Outline | None) -> None:
        registry.current = ol


class Outline(OutlineSettings, metaclass=_OutlineType):
    """A job: layers, frames, and what is common to them.

    It begins in the mode INIT, where layers are added. ``setup`` makes the session, runs every layer's ``_setup``,
    writes ``outline.yaml`` and leaves it in the mode READY; it never goes back. One outline of a process may be the
    current one, which new layers add themselves to: while its script is read, or after ``current=True`` until it is
    set up.
    """

    def __init__(
        self,
        name: str | None = None,
        frame_range: Any = None,
        path: str | None = None,
        serialize: bool = True,
        name_unique: bool = False,
        current: bool = False,
        shot: str | None = None,
        show: str | None = None,
        user: str | None = None,
        facility: str | None = None,
        maxcores: int | None = None,
        maxgpus: int | None = None,
    ) -> None:
        """Make an outline.

        Args:
            name: Part of the job's name; the script's, or ``outline``, when not given.
            frame_range: The frames of the job, as text, numbers or a FrameSet.
            path: An outline script that is read at once.
            serialize: Kept for PyOutline; outline.yaml is always written.
            name_unique: Add a few random characters to the name.
            current: Make it the current outline.
            shot: The environment's SHOT when not given.
            show: The environment's SHOW when not given.
            user: User; the one of this process when not given.
            facility: Where the job shall run.
            maxcores: The most cores that the job may have at a time on a farm.
            maxgpus: The most GPUs that the job may have at a time on a farm.

        Raises:
            ScriptException: The script raised.
            FrameRangeError: The range cannot be read.
        """
        self._init_settings(name or "", shot, show, user, facility, maxcores, maxgpus)
        self.__mode = OUTLINE_MODE_INIT
        self.__layers: dict[str, Layer] = {}
        self.__session: Session | None = None
        self.__path: str | None = None
        self.__adopts = current
        self.__script_modules: list[ModuleType] = []
        self.set_frame_range(frame_range)
        if current:
            registry.current = self
        if path:
            self.__read_script(path)
        self.set_name(self.get_name() or "outline")
        if name_unique:
            self.set_name(f"{self.get_name()}_{str(uuid.uuid4())[:7]}")

    def __read_script(self, path: str) -> None:
        self.__path = path
        self.set_name(self.get_name() or conform_name(os.path.splitext(os.path.basename(path))[0]))
        self.parse_outline_script(path)

    def __repr__(self) -> str:
        return f"<Outline {self.get_name()!r} with {len(self.__layers)} layers>"

    def parse_outline_script(self, path: str) -> None:
        """Run an outline script; the layers that it makes join this outline."""
        self.__adopts = True
        with use_outline(self):
            self._keep_script(run_script(path))

    def _keep_script(self, module: ModuleType) -> None:
        """Remember the module of a script that made layers of this outline; another run of it makes another module."""
        self.__script_modules.append(module)

    def _script_modules(self) -> list[ModuleType]:
        return self.__script_modules

    def load_session(self) -> None:
        """Find the session that the outline's path is in.

        Raises:
            OutlineException: The path is not in a session.
        """
        if not is_session_path(self.__path):
            raise OutlineException(f"{self.__path} is not part of a session: no file 'session' with its name beside it")
        self.__session = Session(self)

    # -- setup -------------------------------------------------------------------------------------------------

    def setup(self) -> None:
        """Make the outline ready to run: dependencies, session, ``_setup`` of every layer with frames, outline.yaml.

        Raises:
            OutlineException: It was set up before, no layer has a frame in the job, or something is wrong with a
                layer. Nothing is left in the session folder then.
        """
        if self.__mode >= OUTLINE_MODE_SETUP:
            raise OutlineException(
                f"outline {self.get_name()!r} is set up already; load its outline.yaml to launch it again"
            )
        self.check()
        self.__tell_what_is_left_out()
        self.__mode = OUTLINE_MODE_SETUP
        self.__path = None
        self.__session = Session(self)
        try:
            self.__setup_in_session(self.__session)
        except BaseException:
            import shutil  # slow to import

            shutil.rmtree(self.__session.get_path(), ignore_errors=True)
            raise
        finally:
            if registry.current is self:
                registry.current = None
        self.__mode = OUTLINE_MODE_READY

    def check(self) -> None:
        """Check, before anything is made, that the outline can be set up.

        Raises:
            OutlineException: No layer has a frame in the job, a name is not allowed, or a dependency cannot be met.
        """
        self.setup_depends()
        self.__check_name()
        ranges = [self.__frames_of(layer) for layer in self.get_layers()]
        if not any(ranges):
            raise OutlineException(self.__nothing_to_run())

    def __tell_what_is_left_out(self) -> None:
        for layer in self.get_layers():
            if not layer.get_frame_range() and layer.get_arg("range"):
                logger.warning(
                    "layer %r%s is left out: its range %s has no frame of the job's range %s",
                    layer.get_name(),
                    layer.get_origin(),
                    layer.get_arg("range"),
                    self.get_frame_range(),
                )

    def __setup_in_session(self, session: Session) -> None:
        from .. import serialize

        with use_outline(self if self.__adopts else None):  # never into another outline
            for layer in self.get_layers():
                if layer.get_frame_range():
                    layer.setup()
        self.setup_depends()
        text = serialize.outline_text(self)
        scripts = {serialize.script_file_name(script): script.source for script in serialize.scripts_of(self)}
        self.__path = session.write_outline(text, scripts)
        session.save()

    def __check_name(self) -> None:
        if conform_name(self.get_name()) != self.get_name():
            raise OutlineException(
                f"outline name {self.get_name()!r} has characters that no job name may have;"
                f" use letters, digits, '_', '-' and '.', for instance {conform_name(self.get_name())!r}"
            )

    def __frames_of(self, layer: Layer) -> str | None:
        try:
            layer.get_chunk_size()
            frames = layer.get_frame_range()
            FrameSet(frames or "1")  # without a job range it is as the script wrote it
            return frames
        except FrameRangeError as error:
            raise LayerException(f"layer {layer.get_name()!r}{layer.get_origin()}: {error}") from error

    def __nothing_to_run(self) -> str:
        if not self.__layers:
            return f"outline {self.get_name()!r} has no layers, so there is nothing to run"
        ranges = ", ".join(f"{layer.get_name()} {layer.get_arg('range')}" for layer in self.get_layers())
        return f"no layer has a frame in the job's range {self.get_frame_range()}: {ranges}"

    def setup_depends(self) -> None:
        """Turn the argument ``require`` of every layer into dependencies, and check that none waits for ever.

        Raises:
            LayerNotFound: A name is unknown; names the layer that asked and the script line.
            DependencyCycle: Layers wait for one another in a ring.
            LayerException: A layer waits for one that is not part of this outline.
        """
        for layer in self.get_layers():
            for preprocess in layer.get_preprocess_layers():
                if preprocess.get_outline() is None:
                    self.add_layer(preprocess)
        for layer in self.get_layers():
            layer._resolve_depends()
        for layer in self.get_layers():
            for depend in layer.get_depends():
                on = depend.get_depend_on_layer()
                if self.__layers.get(on.get_name()) is not on:
                    problem = (
                        f"layer {layer.get_name()!r}{layer.get_origin()} waits for {on.get_name()!r}{on.get_origin()},"
                        " which is not a layer of this outline; add it with add_layer"
                    )
                    report_problem(LayerException(problem), layer)
        in_rings: set[int] = set()
        while ring := find_ring(self.get_layers(), in_rings):
            ring.append(ring[0])
            names, origins = [layer.get_name() for layer in ring], [layer.get_origin() for layer in ring]
            report_problem(DependencyCycle(names, origins), ring[0])
            in_rings.update(id(layer) for layer in ring)

    # -- layers ------------------------------------------------------------------------------------------------

    def add_layer(self, layer: Layer) -> None:
        """Add a layer; one that is part of another outline moves over. Layers with ``register=False`` are left out.

        Raises:
            LayerException: The outline has another layer of that name.
        """
        if not layer.get_arg("register"):
            return
        name = layer.get_name()
        there = self.__layers.get(name)
        if there is layer:
            return
        if there is not None:
            problem = (
                f"layer name {name!r} is taken:{layer.get_origin() or ' a new layer'}"
                f" and{there.get_origin() or ' one before'};"
                " every layer of an outline needs a name of its own"
            )
            report_problem(LayerException(problem), layer)
            return
        before = layer.get_outline()
        if before is not None and before is not self:
            before._forget(layer)
        self.__layers[name] = layer
        self.__adopt(layer)
        if self.__mode == OUTLINE_MODE_SETUP:
            layer._resolve_depends()
            if layer.get_frame_range():
                layer.setup()

    def __adopt(self, layer: Layer) -> None:
        layer.set_outline(self)
        layer.after_init(self)
        for child in layer.get_children():
            self.__adopt(child)

    def remove_layer(self, layer: Layer) -> None:
        """Remove a layer, while the outline is in the mode INIT; one that it does not have is ignored."""
        if self.__mode >= OUTLINE_MODE_SETUP:
            raise OutlineException(
                f"layer {layer.get_name()!r} cannot be removed, outline {self.get_name()!r} is set up"
            )
        self._forget(layer)

    def _forget(self, layer: Layer) -> None:
        self.__layers = {name: one for name, one in self.__layers.items() if one is not layer}

    def get_layer(self, name: str) -> Layer:
        """Return a layer by its name; a child by ``parent.child``.

        Raises:
            LayerNotFound: There is none.
        """
        if name in self.__layers:
            return self.__layers[name]
        below = [child for layer in self.get_layers() for child in layer.get_children()]
        while below:
            layer = below.pop()
            if layer.get_name() == name:
                return layer
            below += layer.get_children()
        raise LayerNotFound(name, list(self.__layers))

    def get_layers(self) -> list[Layer]:
        """Return a copy of the list of layers, in the order in which they were added."""
        return list(self.__layers.values())

    def is_layer(self, name: str) -> bool:
        """Tell whether there is a layer of that name."""
        return name in self.__layers

    def _renamed(self) -> None:
        self.__layers = {layer.get_name(): layer for layer in self.__layers.values()}

    def _restore_layers(self, layers: list[Layer]) -> None:
        self.__layers = {layer.get_name(): layer for layer in layers}
        for layer in layers:
            layer.set_outline(self)

    def get_path(self) -> str | None:
        """Return the script, or from ``setup`` on the session's outline.yaml; None for a procedural outline."""
        return self.__path

    def set_path(self, path: str) -> None:
        """Set the path of the outline's file."""
        self.__path = path

    def get_mode(self) -> int:
        """Return the mode, one of ``outline.constants.OUTLINE_MODE_*``."""
        return self.__mode

    def set_mode(self, mode: int) -> None:
        """Set the mode.

        Raises:
            OutlineException: It would go back.
        """
        if mode < self.__mode:
            raise OutlineException(f"outline {self.get_name()!r} cannot go back from mode {self.__mode} to mode {mode}")
        self.__mode = mode

    def _has_session(self) -> bool:
        return self.__session is not None

    def get_session(self) -> Session:
        """Return the session.

        Raises:
            SessionException: There is none yet.
        """
        if self.__session is None:
            raise SessionException(f"outline {self.get_name()!r} has no session before it is set up")
        return self.__session

    def put_file(self, src: str, rename: str | None = None) -> str:
        """Copy a file into the job's session folder; see ``Session.put_file``."""
        return self.get_session().put_file(src, rename=rename)

    def get_file(self, name: str, check: bool = True, new: bool = False) -> str:
        """Return the path of a file in the job's session folder; see ``Session.get_file``."""
        return self.get_session().get_file(name, check=check, new=new)

    def put_data(self, key: str, value: Any, force: bool = False) -> None:
        """Store plain data for the whole job; see ``Session.put_data``."""
        self.get_session().put_data(key, value, force=force)

    def get_data(self, key: str) -> Any:
        """Return data stored for the whole job; see ``Session.get_data``."""
        return self.get_session().get_data(key)
