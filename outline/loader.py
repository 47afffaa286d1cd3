# SPDX-License-Identifier: Apache-2.0
"""Outline, the description of one job, and where it is read from: scripts, JSON, sessions."""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from . import config, util
from .constants import OUTLINE_MODE_INIT, OUTLINE_MODE_READY, OUTLINE_MODE_SETUP
from .exception import (
    DependencyCycle,
    LayerException,
    LayerNotFound,
    OutlineException,
    SessionException,
)
from .files import write_atomic
from .frames import FrameRangeError, FrameSet
from .layer.problems import report_problem
from .script import run_script
from .session import Session, conform_name, is_session_path

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["Outline", "current_outline", "load_json", "load_outline", "parse_outline_script", "quick_outline"]

logger = logging.getLogger("outline.loader")


def current_outline() -> Outline | None:
    """Return the outline that new layers add themselves to, or None."""
    return Outline.current


@contextmanager
def current(ol: Outline | None) -> Iterator[None]:
    """Make an outline the current one for a while; the one before comes back, whatever happens."""
    before = Outline.current
    Outline.current = ol
    try:
        yield
    finally:
        Outline.current = before


def load_outline(path: str) -> Outline:
    """Read an outline.

    Args:
        path: A session's ``outline.yaml``, a ``.json`` description, or a Python script with any other ending.

    Returns:
        The outline; one from a session has its session and can run frames, or be launched again.

    Raises:
        OutlineException: The file is missing, or what is in it is wrong; a script's error names its line.
    """
    path = os.fspath(path)
    logger.info("loading outline %s", path)
    _wait_for(path)
    ext = os.path.splitext(path)[1]
    if ext == ".yaml" or "cue_archive" in path:
        return _load_yaml(path)
    if ext == ".json":
        with open(path, encoding="utf-8") as stream:
            ol = load_json(stream.read(), path)
        if ol.get_name() == "outline":
            ol.set_name(conform_name(os.path.splitext(os.path.basename(path))[0]))
        return ol
    return Outline(path=path)


def _wait_for(path: str) -> None:
    """Fail for a missing file, after the wait for slow file systems that the configuration asks for."""
    deadline = time.monotonic() + config.getfloat("outline", "wait_for_file_seconds", fallback=0.0)
    while not os.path.exists(path):
        if time.monotonic() >= deadline:
            raise OutlineException(f"no outline file {path}; current folder is {os.getcwd()}")
        time.sleep(0.2)
    if os.path.isdir(path):
        raise OutlineException(f"{path} is a folder, not an outline file")


def _load_yaml(path: str) -> Outline:
    from . import serialize

    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    ol = Outline()
    ol.set_path(path)
    with current(Outline()):  # takes the layers that a script makes when it is run again only for its classes
        if is_session_path(path):
            ol.load_session()
        if "!!python/object" in text[:200]:
            from .serialize.legacy import read_legacy

            read_legacy(ol, text, path)
        else:
            serialize.read_outline(ol, text, path)
    return ol


def load_json(json_str: str, path: str = "JSON") -> Outline:
    """Make an outline from its JSON description.

    ::

        {"name": "job", "range": "1-10",
         "layers": [{"name": "cmd", "module": "outline.modules.shell.Shell", "command": ["ls"]}]}

    Args:
        json_str: The text.
        path: Where it comes from, for messages.

    Raises:
        OutlineException: It is not JSON, or a layer misses its name, names no Layer class, or is refused by it.
    """
    try:
        data = json.loads(json_str)
    except ValueError as error:
        raise OutlineException(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("layers"), list):
        raise OutlineException(f"{path}: needs an object with a list 'layers'")
    ol = Outline(
        name=data.get("name"),
        frame_range=data.get("range"),
        facility=data.get("facility"),
        maxcores=data.get("maxcores"),
        maxgpus=data.get("maxgpus"),
    )
    with current(ol):
        for number, entry in enumerate(data["layers"], 1):
            _json_layer(entry, f"{path}: layer {number}")
    return ol


def _json_layer(entry: Any, where: str) -> None:
    from importlib import import_module

    from .layer import Layer

    if not isinstance(entry, dict) or not entry.get("name") or not isinstance(entry.get("module"), str):
        raise OutlineException(f"{where}: needs a 'name' and a 'module' such as outline.modules.shell.Shell")
    args = {str(key): value for key, value in entry.items() if key not in ("name", "module")}
    module_name, _, class_name = entry["module"].rpartition(".")
    where = f"{where} ({entry['name']})"
    try:
        cls = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise OutlineException(f"{where}: cannot load the module {entry['module']!r}: {error}") from error
    if not (isinstance(cls, type) and issubclass(cls, Layer)):
        raise OutlineException(f"{where}: {entry['module']} is not a Layer class")
    try:
        cls(entry["name"], **args)
    except (OutlineException, TypeError) as error:
        raise OutlineException(f"{where}: {error}") from error


def parse_outline_script(path: str) -> None:
    """Run an outline script; the layers that it makes join the current outline.

    Raises:
        ScriptException: The script raised; names its line.
    """
    run_script(path)


def quick_outline(layer: Layer) -> Outline:
    """Return a new outline, named after the layer, that holds this one layer."""
    ol = Outline(name=layer.get_name())
    ol.add_layer(layer)
    return ol


class Outline:
    """A job: layers, frames, and what is common to them.

    It begins in the mode INIT, where layers are added. ``setup`` makes the session, runs every layer's ``_setup``,
    writes ``outline.yaml`` and leaves it in the mode READY; it never goes back. One outline of a process may be the
    current one, which new layers add themselves to: while its script is read, or after ``current=True`` until it is
    set up.
    """

    current: Outline | None = None

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
            name: Part of the job's name; the name of the script, or ``outline``, when not given.
            frame_range: The frames of the job, as text, numbers or a FrameSet.
            path: An outline script that is read at once.
            serialize: Kept for PyOutline; a session always holds ``outline.yaml``.
            name_unique: Add a few random characters to the name.
            current: Make it the current outline.
            shot: Shot; the environment's SHOT when not given.
            show: Show; the environment's SHOW when not given.
            user: User; the one of this process when not given.
            facility: Where the job shall run.
            maxcores: The most cores that the job may have at a time on a farm.
            maxgpus: The most GPUs that the job may have at a time on a farm.

        Raises:
            ScriptException: The script raised.
            FrameRangeError: The range cannot be read.
        """
        self.__name = name or ""
        self.__frame_range: str | None = None
        self.__shot, self.__show, self.__user = shot, show, user
        self.__facility, self.__maxcores, self.__maxgpus = facility, maxcores, maxgpus
        self.__args: dict[str, Any] = {}
        self.__env: dict[str, tuple[str, bool]] = {}
        self.__mode = OUTLINE_MODE_INIT
        self.__layers: dict[str, Layer] = {}
        self.__session: Session | None = None
        self.__path: str | None = None
        self.__adopts = current
        self.set_frame_range(frame_range)
        if current:
            Outline.current = self
        if path:
            self.__path = path
            self.__name = self.__name or conform_name(os.path.splitext(os.path.basename(path))[0])
            self.parse_outline_script(path)
        self.__name = self.__name or "outline"
        if name_unique:
            self.__name = f"{self.__name}_{str(uuid.uuid4())[:7]}"

    def __repr__(self) -> str:
        return f"<Outline {self.__name!r} with {len(self.__layers)} layers>"

    def parse_outline_script(self, path: str) -> None:
        """Run an outline script; the layers that it makes join this outline."""
        self.__adopts = True
        with current(self):
            run_script(path)

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
                f"outline {self.__name!r} is set up already; load its outline.yaml to launch it again"
            )
        self.check()
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
            if Outline.current is self:
                Outline.current = None
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

    def __setup_in_session(self, session: Session) -> None:
        from . import serialize

        with current(self if self.__adopts else Outline.current):
            for layer in self.get_layers():
                if layer.get_frame_range():
                    layer.setup()
        self.setup_depends()
        text = serialize.outline_text(self)
        folder = session.get_path()
        try:
            scripts = serialize.scripts_of(self)
            if scripts:
                os.makedirs(os.path.join(folder, "scripts"), exist_ok=True)
            for script in scripts:
                name = f"{script.module_name.partition('.')[2]}.outline"
                write_atomic(os.path.join(folder, "scripts", name), script.source)
            self.__path = os.path.join(folder, "outline.yaml")
            write_atomic(self.__path, text)
        except OSError as error:
            raise SessionException(f"cannot write the session {folder}: {error.strerror}") from error
        session.save()

    def __check_name(self) -> None:
        if conform_name(self.__name) != self.__name:
            raise OutlineException(
                f"outline name {self.__name!r} has characters that no job name may have; use letters, digits, '_', '-'"
                f" and '.', for instance {conform_name(self.__name)!r}"
            )

    def __frames_of(self, layer: Layer) -> str | None:
        try:
            return layer.get_frame_range()
        except FrameRangeError as error:
            raise LayerException(f"layer {layer.get_name()!r}{layer.get_origin()}: {error}") from error

    def __nothing_to_run(self) -> str:
        if not self.__layers:
            return f"outline {self.__name!r} has no layers, so there is nothing to run"
        ranges = ", ".join(f"{layer.get_name()} {layer.get_arg('range')}" for layer in self.get_layers())
        return f"no layer has a frame in the job's range {self.__frame_range}: {ranges}"

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
        while ring := _find_ring(self.get_layers(), in_rings):
            report_problem(DependencyCycle([layer.get_name() for layer in [*ring, ring[0]]]), ring[0])
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
            raise OutlineException(f"layer {layer.get_name()!r} cannot be removed, outline {self.__name!r} is set up")
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
        for layer in self.get_layers():
            for child in layer.get_children():
                if child.get_name() == name:
                    return child
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

    def _restore_settings(self, data: dict[str, Any]) -> None:
        self.__name = data["name"]
        self.set_frame_range(data.get("range"))
        self.__show, self.__shot, self.__user = data.get("show"), data.get("shot"), data.get("user")
        self.__facility, self.__maxcores, self.__maxgpus = (
            data.get("facility"),
            data.get("maxcores"),
            data.get("maxgpus"),
        )
        self.__args = data.get("args", {})
        self.__env = {key: (entry["value"], bool(entry["pre"])) for key, entry in data.get("env", {}).items()}

    # -- names and places --------------------------------------------------------------------------------------

    def get_path(self) -> str | None:
        """Return the script, or from ``setup`` on the session's outline.yaml; None for a procedural outline."""
        return self.__path

    def set_path(self, path: str) -> None:
        """Set the path of the outline's file."""
        self.__path = path

    def get_name(self) -> str:
        """Return the outline's part of the job's name."""
        return self.__name

    def set_name(self, name: str) -> None:
        """Set the outline's part of the job's name, without show, shot and user; no effect once it is set up."""
        self.__name = name

    def get_full_name(self) -> str:
        """Return ``show-shot-user_name``."""
        if self.__session is not None:
            return self.__session.get_name().split("/")[0]
        return f"{self.get_show()}-{self.get_shot()}-{self.get_user()}_{self.__name}"

    def get_shot(self) -> str:
        """Return the shot; the environment's when none was set."""
        return util.get_shot() if self.__shot is None else self.__shot

    def set_shot(self, shot: str) -> None:
        """Set the shot."""
        self.__shot = shot

    def get_show(self) -> str:
        """Return the show; the environment's when none was set."""
        return util.get_show() if self.__show is None else self.__show

    def set_show(self, show: str) -> None:
        """Set the show."""
        self.__show = show

    def get_user(self) -> str:
        """Return the user; the one of this process when none was set."""
        return util.get_user() if self.__user is None else self.__user

    def set_user(self, user: str) -> None:
        """Set the user."""
        self.__user = user

    def get_facility(self) -> str | None:
        """Return the facility that the job shall run in."""
        return self.__facility

    def set_facility(self, facility: str) -> None:
        """Set the facility that the job shall run in."""
        self.__facility = facility

    def get_maxcores(self) -> int | None:
        """Return the most cores that the job may have at a time."""
        return self.__maxcores

    def set_maxcores(self, maxcores: int) -> None:
        """Set the most cores that the job may have at a time."""
        self.__maxcores = maxcores

    def get_maxgpus(self) -> int | None:
        """Return the most GPUs that the job may have at a time."""
        return self.__maxgpus

    def set_maxgpus(self, maxgpus: int) -> None:
        """Set the most GPUs that the job may have at a time."""
        self.__maxgpus = maxgpus

    def get_mode(self) -> int:
        """Return the mode, one of ``outline.constants.OUTLINE_MODE_*``."""
        return self.__mode

    def set_mode(self, mode: int) -> None:
        """Set the mode.

        Raises:
            OutlineException: It would go back.
        """
        if mode < self.__mode:
            raise OutlineException(f"outline {self.__name!r} cannot go back from mode {self.__mode} to mode {mode}")
        self.__mode = mode

    def get_session(self) -> Session:
        """Return the session.

        Raises:
            SessionException: There is none yet.
        """
        if self.__session is None:
            raise SessionException(f"outline {self.__name!r} has no session before it is set up")
        return self.__session

    # -- frames, environment, arguments, data ------------------------------------------------------------------

    def set_frame_range(self, frame_range: Any) -> None:
        """Set the frames of the job: text, numbers or a FrameSet; None or an empty text for none.

        Raises:
            FrameRangeError: The text cannot be read.
        """
        empty = frame_range is None or (isinstance(frame_range, str) and not frame_range.strip())
        self.__frame_range = None if empty else str(FrameSet(frame_range))

    def get_frame_range(self) -> str | None:
        """Return the frames of the job as text in render order, or None."""
        return self.__frame_range

    def set_env(self, key: str, value: str, pre: bool = False) -> None:
        """Set an environment variable of every frame.

        Args:
            key: Its name.
            value: Its value.
            pre: Set it before the shot environment of a farm, so from the start of the frame's process; otherwise
                right before ``_execute``.

        Raises:
            OutlineException: Key or value is not text.
        """
        if not isinstance(key, str) or not isinstance(value, str):
            raise OutlineException(f"an environment variable needs texts as key and value, not {key!r} and {value!r}")
        if key in self.__env:
            logger.warning("outline %s: %s changes from %s to %s", self.__name, key, self.__env[key][0], value)
        self.__env[key] = (value, pre)

    @overload
    def get_env(self) -> dict[str, tuple[str, bool]]: ...
    @overload
    def get_env(self, key: str) -> str: ...
    def get_env(self, key: str | None = None) -> Any:
        """Return one variable's value, or a dict of all as ``name: (value, pre)``."""
        return self.__env[key][0] if key else dict(self.__env)

    def get_args(self) -> dict[str, Any]:
        """Return a copy of the outline's own arguments."""
        return dict(self.__args)

    def set_arg(self, key: str, value: Any) -> None:
        """Set an argument of the outline."""
        if key in self.__args:
            logger.warning("outline %s: argument %s changes from %r to %r", self.__name, key, self.__args[key], value)
        self.__args[key] = value

    def get_arg(self, key: str, default: Any = None) -> Any:
        """Return an argument of the outline, or ``default``."""
        return self.__args.get(key, default)

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


def _find_ring(layers: list[Layer], left_out: set[int]) -> list[Layer]:
    """Return the layers of a ring of dependencies, or an empty list. A frame-wise wait on oneself is no ring.

    Args:
        layers: Where to look.
        left_out: Ids of layers whose dependencies do not count.
    """
    done = set(left_out)
    for start in layers:
        path: list[Layer] = []
        on_path: set[int] = set()
        stack: list[tuple[Layer, Iterator[Any]]] = []
        if id(start) in done:
            continue
        stack.append((start, iter(start.get_depends())))
        path.append(start)
        on_path.add(id(start))
        while stack:
            layer, depends = stack[-1]
            for depend in depends:
                on = depend.get_depend_on_layer()
                if on is layer or id(on) in done:
                    continue
                if id(on) in on_path:
                    return path[path.index(on) :]
                stack.append((on, iter(on.get_depends())))
                path.append(on)
                on_path.add(id(on))
                break
            else:
                stack.pop()
                path.pop()
                on_path.discard(id(layer))
                done.add(id(layer))
    return []
