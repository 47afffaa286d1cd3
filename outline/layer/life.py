# SPDX-License-Identifier: Apache-2.0
"""What happens to a layer, in which order: hooks, listeners, and the run of a frame."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..event import (
    AFTER_EXECUTE,
    AFTER_INIT,
    AFTER_PARENTED,
    BEFORE_EXECUTE,
    SETUP,
    EventHandler,
    LayerEvent,
)
from ..exception import FailImmediately, LayerException
from ..frames import FrameSet
from .arguments import LayerArguments
from .paths import LayerPaths
from .ranges import LayerRanges

if TYPE_CHECKING:
    from ..console import OutputReader
    from ..loader import Outline
    from .base import Layer

__all__ = ["LayerLife", "leave_process_changed"]

logger = logging.getLogger("outline.layer")


class LayerLife(LayerArguments, LayerPaths, LayerRanges):
    """The hooks of a layer, who listens to them, and the frame that runs."""

    __frame: int | None
    __error: BaseException | None
    __evh: EventHandler

    if TYPE_CHECKING:

        def get_name(self) -> str: ...
        def get_arg(self, key: str, default: Any = None) -> Any: ...
        def set_arg(self, key: str, value: Any) -> None: ...
        def get_children(self) -> list[Layer]: ...
        def get_envs(self) -> dict[str, str]: ...
        def get_parent(self) -> Layer | None: ...
        def get_outline(self) -> Outline | None: ...

    def _init_life(self) -> None:
        self.__frame = None
        self.__error = None
        self.__evh = EventHandler(self)

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
        self.__evh.emit(LayerEvent(AFTER_INIT, self.__layer()))

    def after_parented(self, parent: Layer) -> None:
        """Run ``_after_parented`` and tell listeners; ``add_child`` calls this."""
        _call_hook(self, "_after_parented", parent, old_name="_parented")
        self.__evh.emit(LayerEvent(AFTER_PARENTED, self.__layer()))

    def setup(self) -> None:
        """Check arguments, run ``_setup`` of this layer and its children, tell listeners; the outline calls this."""
        self.check_required_args()
        self._setup()
        for child in self.get_children():
            child.setup()
        self.__evh.emit(LayerEvent(SETUP, self.__layer()))

    def before_execute(self) -> None:
        """Run ``_before_execute`` and tell listeners."""
        _call_hook(self, "_before_execute", old_name="_pre_execute")
        self.__evh.emit(LayerEvent(BEFORE_EXECUTE, self.__layer()))

    def after_execute(self) -> None:
        """Run ``_after_execute`` and tell listeners, which find ``frames`` and ``error`` on the event."""
        _call_hook(self, "_after_execute", old_name="_post_execute")
        frames = self.get_local_frame_set(self.__frame) if self.__frame is not None else None
        self.__evh.emit(LayerEvent(AFTER_EXECUTE, self.__layer(), frames=frames, error=self.__error))

    # -- running a frame ---------------------------------------------------------------------------------------

    def execute(self, frame: int) -> None:
        """Run the chunk that begins with ``frame``, with all hooks and checks.

        The process gets its environment, working directory and ``sys.path`` back afterwards, unless it was said
        that it ends with the frame (``leave_process_changed``).

        Args:
            frame: The first frame of a chunk, as the farm names it.

        Raises:
            LayerException: The frame is not in the range, an input is missing, or an output was not made.
            Exception: Whatever the hooks raise.
        """
        if _process_ends_with_frame and self.get_parent() is None:
            self.__execute(int(frame))
            return
        with _restored_process():
            self.__execute(int(frame))

    def __execute(self, frame: int) -> None:
        self.__frame = frame
        self.__error = None
        self.setup_args_override()
        frames = self.get_local_frame_set(frame)
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
            self.__call_execute(frames)
            for child in self.get_children():
                child.execute(self.__frame or 0)
        except (Exception, SystemExit) as error:
            self.__error = error
            try:
                self.after_execute()
            except FailImmediately:
                raise
            except Exception:
                logger.exception("layer %s: _after_execute failed after the error of _execute", self.get_name())
            raise
        self.after_execute()

    def __call_execute(self, frames: FrameSet) -> None:
        """Run ``_execute``; ``sys.exit(0)`` in it ends its work, but not the children and checks that follow."""
        try:
            self._execute(frames)
        except SystemExit as stop:
            if stop.code not in (None, 0):
                raise

    def get_error(self) -> BaseException | None:
        """Return what ``_execute`` raised, or None; for ``_after_execute``."""
        return self.__error

    def get_execute_env(self) -> dict[str, str]:
        """Return the variables that are set right before ``_execute``: those of the outline, then the layer's."""
        ol = self.get_outline()
        env = {key: value for key, (value, pre) in ol.get_env().items() if not pre} if ol else {}
        env.update(self.get_envs())
        return env

    def setup_args_override(self) -> None:
        """Take over arguments that somebody put as data ``args_override`` into the layer's session folder.

        A LayerPreProcess hands them to its creator as well.

        Raises:
            SessionException: There is no session, or the data is not plain.
            LayerException: The data is not a dict, or an argument has another type than the layer asked for.
        """
        override = self.get_session().find_data("args_override", self.get_name()) or {}
        if not isinstance(override, dict):
            raise LayerException(f"layer {self.get_name()!r}: args_override must be a dict, not {override!r}")
        for key, value in override.items():
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
    def system(
        cmd: Any, ignore_error: bool = False, frame: int | None = None, *, reader: OutputReader | None = None
    ) -> None:
        """Run a command and wait for it, see ``outline.io.system``.

        Raises:
            ShellCommandFailureException: The command failed and ``ignore_error`` is False.
        """
        from .. import io

        io.system(cmd, ignore_error, frame, reader=reader)

    # -- listeners ---------------------------------------------------------------------------------------------

    def add_event_listener(self, event_type: str, callback: Callable[[Any], object]) -> None:
        """Call ``callback(event)`` whenever the event happens; see ``outline.event``."""
        self.__evh.add_event_listener(event_type, callback)

    def get_event_handler(self) -> EventHandler:
        """Return the object that keeps the layer's listeners."""
        return self.__evh

    def __layer(self) -> Layer:
        return self  # type: ignore[return-value]  # a part of Layer, never used alone


def _call_hook(layer: LayerLife, name: str, *args: Any, old_name: str = "") -> None:
    """Call a hook by its name or by its old one, with its argument or without."""
    hook = getattr(type(layer), name)
    if old_name and hook is getattr(LayerLife, name) and hasattr(layer, old_name):
        name = old_name
    bound = getattr(layer, name)
    code = getattr(bound, "__code__", None) or getattr(getattr(bound, "__func__", None), "__code__", None)
    if args and code is not None and code.co_argcount == 1 and not code.co_flags & 0x04:  # takes only self
        bound()
    else:
        bound(*args)


_process_ends_with_frame = False


def leave_process_changed() -> None:
    """Say that this process, or each fork of it, runs one frame and ends; then nothing has to be put back."""
    global _process_ends_with_frame
    _process_ends_with_frame = True


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
        try:
            os.chdir(cwd or os.curdir)
        except OSError as error:  # must not hide the frame's own error
            logger.warning("cannot go back to the folder %s: %s", cwd, error.strerror)
