# SPDX-License-Identifier: Apache-2.0
"""Layer, the class that every module derives from."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..constants import OUTLINE_MODE_INIT
from ..constants import LayerType as LayerTypeName
from ..event import (
    AFTER_EXECUTE,
    AFTER_INIT,
    AFTER_PARENTED,
    BEFORE_EXECUTE,
    SETUP,
    EventHandler,
    LayerEvent,
)
from ..exception import FailImmediately, LayerException, SessionException
from ..frames import FrameSet, chunk_at
from .args import check_argument_names
from .arguments import LayerArguments
from .depends import LayerDepends
from .paths import LayerPaths
from .problems import report_problem

if TYPE_CHECKING:
    from types import FrameType

    from typing_extensions import Unpack

    from ..loader import Outline
    from ..session import Session
    from .args import CommandArgs

__all__ = ["DEFAULT_FRAME_RANGE", "Layer", "LayerType"]

logger = logging.getLogger("outline.layer")

DEFAULT_FRAME_RANGE = "1000-1000"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\Z")
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class LayerType(type):
    """Makes a new layer part of the current outline, once its constructor has finished."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Construct a layer, check its arguments, register it and show it to the plug-ins."""
        from ..loader import current_outline
        from ..plugins import PluginManager

        layer: Layer = super().__call__(*args, **kwargs)
        check_argument_names(layer)
        current = current_outline()
        if current is not None and layer.get_arg("register"):
            current.add_layer(layer)
        PluginManager.init_plugins(layer)
        return layer


class Layer(LayerArguments, LayerDepends, LayerPaths, metaclass=LayerType):
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
    __frame: int | None
    __outline: Outline | None
    __evh: EventHandler
    __error: BaseException | None
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
            self.__origin = _caller()
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
        self.__frame = None
        self.__outline = None
        self.__error = None
        self.__evh = EventHandler(self)
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

    # -- hooks for modules -------------------------------------------------------------------------------------

    def _after_init(self, ol: Outline) -> None:
        """Hook: the layer has become part of an outline. May also be defined without the argument."""

    def _after_parented(self, parent: Layer) -> None:
        """Hook: the layer has become a child of another. May also be defined without the argument."""

    def _setup(self) -> None:
        """Hook: the user wants to run the outline; runs once, before the launch, with the session at hand."""

    def _before_execute(self) -> None:
        """Hook: a frame is about to run; the place to make objects that cannot be saved."""

    def _execute(self, frames: FrameSet) -> None:
        """Hook: do the work of these frames, all of one chunk."""

    def _after_execute(self) -> None:
        """Hook: ``_execute`` has ended, also by an error (``get_error``); not called when the frame was killed."""

    def after_init(self, ol: Outline) -> None:
        """Run ``_after_init`` and tell listeners; the outline calls this."""
        _call_hook(self, "_after_init", ol)
        self.__evh.emit(LayerEvent(AFTER_INIT, self))

    def after_parented(self, parent: Layer) -> None:
        """Run ``_after_parented`` and tell listeners; ``add_child`` calls this."""
        _call_hook(self, "_after_parented", parent, old_name="_parented")
        self.__evh.emit(LayerEvent(AFTER_PARENTED, self))

    def setup(self) -> None:
        """Check arguments, run ``_setup`` of this layer and its children, tell listeners; the outline calls this."""
        self.check_required_args()
        self._setup()
        for child in self.__children:
            child.setup()
        self.__evh.emit(LayerEvent(SETUP, self))

    def before_execute(self) -> None:
        """Run ``_before_execute`` and tell listeners."""
        _call_hook(self, "_before_execute", old_name="_pre_execute")
        self.__evh.emit(LayerEvent(BEFORE_EXECUTE, self))

    def after_execute(self) -> None:
        """Run ``_after_execute`` and tell listeners, which find ``frames`` and ``error`` on the event."""
        _call_hook(self, "_after_execute", old_name="_post_execute")
        frames = self.get_local_frame_set(self.__frame) if self.__frame is not None else None
        self.__evh.emit(LayerEvent(AFTER_EXECUTE, self, frames=frames, error=self.__error))

    # -- running a frame ---------------------------------------------------------------------------------------

    def execute(self, frame: int) -> None:
        """Run the chunk that begins with ``frame``, with all hooks and checks.

        The process gets its environment, working directory and ``sys.path`` back afterwards.

        Args:
            frame: The first frame of a chunk, as the farm names it.

        Raises:
            LayerException: The frame is not in the range, an input is missing, or an output was not made.
            Exception: Whatever the hooks raise.
        """
        with _restored_process():
            self.__frame = int(frame)
            self.__error = None
            self.setup_args_override()
            frames = self.get_local_frame_set(self.__frame)
            self.__set_environment(frames)
            self.__set_python_path()
            self.load_outputs()
            self.before_execute()
            self._create_output_paths()
            self.check_required_args()
            self.check_input(frames)
            os.environ.update(self.get_execute_env())
            logger.info("layer %s runs frames %s", self.get_name(), frames)
            self.__execute_and_after(frames)
            self.check_output(frames)

    def __execute_and_after(self, frames: FrameSet) -> None:
        try:
            self._execute(frames)
            for child in self.__children:
                child.execute(self.__frame or 0)
        except Exception as error:
            self.__error = error
            try:
                self.after_execute()
            except FailImmediately:
                raise
            except Exception:
                logger.exception("layer %s: _after_execute failed after the error of _execute", self.get_name())
            raise
        self.after_execute()

    def get_error(self) -> BaseException | None:
        """Return what ``_execute`` raised, or None; for ``_after_execute``."""
        return self.__error

    def get_execute_env(self) -> dict[str, str]:
        """Return the variables that are set right before ``_execute``: those of the outline, then the layer's."""
        ol = self.get_outline()
        env = {key: value for key, (value, pre) in ol.get_env().items() if not pre} if ol else {}
        env.update(self.__env)
        return env

    def setup_args_override(self) -> None:
        """Take over arguments that somebody put as data ``args_override`` into the layer's session folder.

        A LayerPreProcess hands them to its creator as well.
        """
        try:
            override = self.get_session().find_data("args_override", self.get_name())
        except SessionException:
            return
        for key, value in (override or {}).items():
            logger.warning("layer %s: args_override sets %s to %r", self.get_name(), key, value)
            self.set_arg(key, value)
            creator = getattr(self, "get_creator", None)
            if creator is not None and creator() is not None:
                creator().set_arg(key, value)

    def __set_environment(self, frames: FrameSet) -> None:
        os.environ["OL_BASE_SESSION_PATH"] = self.get_session().get_path()
        os.environ["OL_LAYER_SESSION_PATH"] = self.get_path()
        os.environ["OL_LAYER_RANGE"] = str(frames)

    def __set_python_path(self) -> None:
        paths = self.get_arg("python_path")
        if paths and not isinstance(paths, (list, tuple)):
            raise LayerException(f"layer {self.get_name()!r}: python_path must be a list of folders, not {paths!r}")
        if paths:
            logger.warning("layer %s: python_path puts %s before sys.path", self.get_name(), list(paths))
            sys.path[:0] = [str(path) for path in paths]

    @staticmethod
    def system(cmd: Any, ignore_error: bool = False, frame: int | None = None) -> None:
        """Run a command and wait for it, see ``outline.io.system``.

        Raises:
            ShellCommandFailureException: The command failed and ``ignore_error`` is False.
        """
        from .. import io

        io.system(cmd, ignore_error, frame)

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
        """
        if not isinstance(layer, Layer):
            raise LayerException(f"layer {self.get_name()!r}: its children must be Layers, not {layer!r}")
        ol = layer.get_outline()
        if ol is not None and layer in ol.get_layers():
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

    def add_event_listener(self, event_type: str, callback: Callable[[Any], object]) -> None:
        """Call ``callback(event)`` whenever the event happens; see ``outline.event``."""
        self.__evh.add_event_listener(event_type, callback)

    def get_event_handler(self) -> EventHandler:
        """Return the object that keeps the layer's listeners."""
        return self.__evh

    # -- frames ------------------------------------------------------------------------------------------------

    def set_frame_range(self, frame_range: Any) -> None:
        """Set the frames of the layer: text, numbers or a FrameSet; None means the frames of the job."""
        self.set_arg("range", None if frame_range is None else str(_as_frames(frame_range)))

    def get_frame_range(self) -> str | None:
        """Return the frames that the layer has in this job, as text in render order.

        The layer's own range cut by the job's range; one of them if the other is not set; ``1000-1000`` when
        neither is. None when the two have no frame in common: the layer is then left out of the job.

        Raises:
            FrameRangeError: A range cannot be read.
        """
        own = self.get_arg("range")
        if own is None or own == "":
            own = self.__parent.get_frame_range() if self.__parent else None
        ol = self.get_outline()
        job = ol.get_frame_range() if ol is not None else None
        if own is None or own == "":
            return job or DEFAULT_FRAME_RANGE
        if not job:
            return own if isinstance(own, str) else str(_as_frames(own))
        return _intersection(job, own)

    def get_local_frame_set(self, start_frame: int) -> FrameSet:
        """Return the frames of the chunk that begins with ``start_frame``; a child has those of its parent.

        Raises:
            LayerException: The layer has no such frame.
        """
        if self.__parent is not None:
            return self.__parent.get_local_frame_set(start_frame)
        chunk = self.get_chunk_size()
        if chunk == 1:
            return FrameSet([int(start_frame)])
        frames = FrameSet(self.get_frame_range() or "").unique() if self.get_frame_range() else FrameSet([])
        if int(start_frame) not in frames:
            raise LayerException(f"layer {self.get_name()!r} has no frame {start_frame}; its range is {frames}")
        return chunk_at(frames, int(start_frame), chunk)

    def set_chunk_size(self, size: int) -> None:
        """Set how many frames run together in one process, at least 1."""
        self.set_arg("chunk", int(size))
        self.get_chunk_size()

    def get_chunk_size(self) -> int:
        """Return how many frames run together in one process.

        Raises:
            LayerException: The argument ``chunk`` is no number, or below 1.
        """
        value = self.get_arg("chunk")
        try:
            size = int(value) if value is not None else 1
        except (TypeError, ValueError):
            size = 0
        if size < 1:
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()}: chunk must be 1 or more, not {value!r}"
            )
        return size


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


def _intersection(job: str, own: Any) -> str | None:
    common = FrameSet(job).intersection(_as_frames(own))
    return str(common) if common else None


def _as_frames(spec: Any) -> FrameSet:
    return FrameSet(spec)


def _call_hook(layer: Layer, name: str, *args: Any, old_name: str = "") -> None:
    """Call a hook by its name or by its old one, with its argument or without."""
    hook = getattr(type(layer), name)
    if old_name and hook is getattr(Layer, name) and hasattr(layer, old_name):
        name = old_name
    bound = getattr(layer, name)
    code = getattr(bound, "__code__", None) or getattr(getattr(bound, "__func__", None), "__code__", None)
    if args and code is not None and code.co_argcount == 1 and not code.co_flags & 0x04:  # takes only self
        bound()
    else:
        bound(*args)


def _caller() -> tuple[str, int]:
    """Return file and line of the statement outside of this package that makes the layer whose constructor runs.

    Constructors of studio classes, which call ``Layer.__init__``, are passed over.
    """
    frame: FrameType | None = sys._getframe(1)
    made = False
    while frame is not None:
        path = frame.f_code.co_filename
        made = made or frame.f_code is LayerType.__call__.__code__
        if made and not path.startswith(_PACKAGE):
            return path, frame.f_lineno
        frame = frame.f_back
    return "", 0


@contextmanager
def _restored_process() -> Iterator[None]:
    environ, path = dict(os.environ), list(sys.path)
    try:
        cwd = os.getcwd()
    except OSError:  # the folder was removed under us; there is nothing to go back to
        cwd = ""
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(environ)
        sys.path[:] = path
        if cwd and (not os.path.isdir(os.curdir) or os.getcwd() != cwd):
            os.chdir(cwd)
