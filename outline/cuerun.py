# SPDX-License-Identifier: Apache-2.0
"""Launches outlines: turns flags into a call of a backend, and runs single frames."""

from __future__ import annotations

import atexit
import os
import re
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import config
from .constants import OUTLINE_MODE_SETUP
from .exception import LaunchException, OutlineException
from .launch_options import check_launch_flags, flag_name, get_launch_facility
from .layer import Frame
from .layer.args import where
from .loader import Outline, load_outline
from .logs import get_logger
from .script import launch_noted, stop_if_only_read

if TYPE_CHECKING:
    from .layer import Layer
    from .option_parser import CuerunOptionParser

__all__ = [
    "CuerunOptionParser",
    "OutlineLauncher",
    "execute_frame",
    "get_launch_facility",
    "import_backend_module",
    "launch",
    "load_session_frame",
]

logger = get_logger("outline.cuerun")

_refused: set[str] = set()  # session folders
_DATE_IN_NAME = re.compile(r"_\d{2,4}_\d{2}_\d{2}_\d{2}_\d{2}")


def execute_frame(script: str, layer: str, frame: int | str) -> None:
    """Run one chunk of a session in this process.

    Args:
        script: The session's ``outline.yaml``.
        layer: The layer's name.
        frame: The first frame of the chunk.

    Raises:
        OutlineException: The session has no such layer or frame, or a check failed.
        Exception: Whatever the layer's hooks raise.
    """
    load_session_frame(script, layer, int(frame)).execute(int(frame))


def load_session_frame(script: str, layer: str, frame: int) -> Layer:
    """Load a session, set the variables of one of its frames that nobody has set, and return its layer.

    Raises:
        OutlineException: The script is not in a session, or has no such layer.
    """
    from .frame_run import prepare_environment
    from .session import is_session_path

    if not is_session_path(script):
        raise OutlineException(
            f"{script} is not in a session, and only a session's outline.yaml has frames to run; launch the job first"
        )
    ol = load_outline(script)
    found = ol.get_layer(layer)
    prepare_environment(ol, found, frame)
    return found


def import_backend_module(name: str) -> ModuleType:
    """A backend by its name: ``outline.backend.<name>``, or an entry point of the group ``outline.backends``.

    Raises:
        LaunchException: There is none, or it lacks a package that it needs.
    """
    if not str(name).isidentifier():
        raise LaunchException(f"no backend {name!r}; use --backend local to run on this machine")
    try:
        return import_module(f"outline.backend.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"outline.backend.{name}":
            raise LaunchException(
                f"the backend {name!r} cannot be used here, it needs the package {error.name!r};"
                " use --backend local to run on this machine"
            ) from error
    from importlib.metadata import entry_points

    for entry in entry_points(group="outline.backends"):
        if entry.name == name:
            try:
                module: ModuleType = entry.load()
            except ImportError as error:
                raise LaunchException(f"the backend {name!r} cannot be used here: {error}") from error
            return module
    raise LaunchException(f"no backend {name!r} in this installation; use --backend local to run on this machine")


def launch(ol: Outline, use_pycuerun: bool = True, **args: Any) -> Any:
    """Launch an outline.

    Args:
        ol: The outline; it is set up when it is not yet.
        use_pycuerun: False sends a farm the layers' commands without hooks and checks.
        args: Launch flags, named like the options of pycuerun: ``range``, ``pause``, ``wait`` (until the job is
            complete), ``test`` (wait, and raise when a frame dies), ``backend``, ``max_retries``, ``env`` and so on.

    Returns:
        A list of job objects.

    Raises:
        OutlineException: The job could not be launched, or with ``test`` did not succeed.
        TypeError: There is no such flag, or ``ol`` is no outline.
    """
    return OutlineLauncher(ol, **args).launch(use_pycuerun)


class OutlineLauncher:
    """One launch of one outline: its flags, and the backend that gets them.

    ::

        launcher = OutlineLauncher(ol, range="1-10")
        launcher.set_flag("pause", True)
        launcher.launch()
    """

    def __init__(self, outline: Outline, **args: Any) -> None:
        if not isinstance(outline, Outline):
            raise TypeError(f"a launch needs an Outline, not {outline!r}")
        self.__outline = outline
        self.__flags: dict[str, Any] = {
            "pause": False,
            "priority": 1,
            "wait": False,
            "test": False,
            "server": False,
            "shot": outline.get_shot(),
            "show": outline.get_show(),
            "user": outline.get_user(),
            "dev": False,
            "devuser": None,
            "autoeat": False,
            "range": None,
            "basename": None,
            "range_default": False,
            "nomail": False,
            "os": False,
            "env": [],
            "maxretries": config.get("outline", "maxretries"),
            "backend": config.get("outline", "backend"),
        }
        args = check_launch_flags(args, str(args.get("backend") or self.__flags["backend"]))
        self.__flags.update(args)
        self.__flags["facility"] = args.get("facility") or self.get_usual_facility()
        if not self.__flags["user"]:
            self.__flags["user"] = outline.get_user()
        self.__backend: Any = None
        self.__has_made_session = False

    def set_flag(self, key: str, value: Any) -> None:
        """Set a launch flag."""
        self.__flags[flag_name(key)] = value

    def get_flag(self, key: str, default: Any = None) -> Any:
        """A launch flag, or ``default`` when it was never set."""
        return self.__flags.get(flag_name(key), default)

    def get(self, key: str) -> Any:
        """A launch flag.

        Raises:
            KeyError: It was never set.
        """
        return self.__flags[flag_name(key)]

    def get_usual_facility(self) -> str:
        """The facility when no flag names one."""
        return self.__outline.get_facility() or get_launch_facility()

    def get_outline(self) -> Outline:
        """The outline to launch."""
        return self.__outline

    def setup(self) -> None:
        """Apply the flags to the outline, then set it up."""
        self.prepare()
        self.__outline._ol_state.is_plain = self.get_flag("use_pycuerun") is False
        self.__outline.setup()
        self.__has_made_session = True
        try:
            self.__outline.check_launch()
        except OutlineException:
            import shutil  # slow to import

            shutil.rmtree(self.__outline.get_session().get_path(), ignore_errors=True)
            raise

    def discard_session(self) -> None:
        """Remove the session that this launcher has made, when the process ends and it has not been launched since."""
        if self.__has_made_session:
            if not _refused:
                atexit.register(_remove_refused)
            _refused.add(self.__outline.get_session().get_path())

    def prepare(self) -> None:
        """Apply the flags to the outline without setting it up.

        Raises:
            OutlineException: An ``env`` flag is not ``NAME=value``.
        """
        ol = self.__outline
        if self.get("range") and not (self.get("range_default") and self.__has_all_ranges()):
            ol.set_frame_range(self.get("range"))
        if self.get_flag("only"):
            ol.set_only(self.get_flag("only"))
        if self.get_flag("user"):
            ol.set_user(self.get_flag("user"))
        if self.get_flag("shot"):
            ol.set_shot(self.get_flag("shot"))
        for pair in self.get_flag("env") or []:
            name, sep, value = pair.partition("=")
            if not sep or not name:
                raise OutlineException(f"--env needs NAME=value, not {pair!r}")
            ol.set_env(name, value)
        if self.get_flag("ignore_errors"):
            for layer in ol.get_layers():
                layer.set_arg("ignore_errors", True)
        ol.set_name(self.get_flag("basename") or _DATE_IN_NAME.sub("", ol.get_name()))

    def __has_all_ranges(self) -> bool:
        """Tell whether every layer brings its own frames, so that a range from the environment is not wanted."""
        return all(isinstance(layer, Frame) or layer.get_arg("range") for layer in self.__outline.get_layers())

    def launch(self, use_pycuerun: bool = True) -> Any:
        """Launch the outline, set up first when it is not yet, and return the backend's job objects.

        An outline that this process has launched before becomes another job, with a session of its own.
        """
        self.set_flag("use_pycuerun", use_pycuerun)
        stop_if_only_read(self)
        backend = self.__get_backend_module()
        if self.__outline._ol_state.is_launched:
            path = self.__outline.get_path() or ""
            _refused.discard(os.path.dirname(path))
            self.__outline = load_outline(path)
        if self.get_flag("work"):
            from .launch_in_folder import launch_in_folder

            farm = partial(import_backend_module, "cue")
            return launch_in_folder(self, lambda: self.__launch(backend, use_pycuerun), farm)
        return self.__launch(backend, use_pycuerun)

    def __make_ready(self) -> None:
        if self.__outline.get_mode() < OUTLINE_MODE_SETUP:
            self.setup()
        else:
            self.__outline.check_launch()

    def __launch(self, backend: Any, use_pycuerun: bool) -> Any:
        self.__make_ready()
        if not self.get_flag("work"):
            self.__tell_left_out()
        if not use_pycuerun:
            self.__mark_plain()
        self.__outline._ol_state.is_launched = True
        return launch_noted(self, lambda: backend.launch(self, use_pycuerun=use_pycuerun))

    def __tell_left_out(self) -> None:
        """Warn of files that are no items, since the job makes them; in a work folder the plan tells it."""
        book = self.__outline._ol_state.items
        for one in book.left_out if book is not None else ():
            logger.warning("%s", one.text)

    def __mark_plain(self) -> None:
        """Note in the session that its frames are the layers' commands alone, and warn of what that leaves out."""
        from .frame_run import PLAIN_DATA
        from .modules.shell import plain_line
        from .tokens import names_chunk

        for layer in self.__outline.get_layers():
            if layer.get_arg("command") in (None, ""):
                logger.warning(
                    "%s has no argument 'command', and a farm refuses it with use_pycuerun=False", where(layer)
                )
            elif layer.get_chunk_size() > 1 and not names_chunk([plain_line(layer)]):
                chunk = layer.get_chunk_size()
                text = "%s: its command names no chunk, so of each chunk of %d only the first frame runs"
                logger.warning(text, where(layer), chunk)
        self.__outline.put_data(PLAIN_DATA, False, force=True)

    def serialize(self, use_pycuerun: bool = True) -> Any:
        """What the backend would launch; the outline is set up first when it is not yet."""
        backend = self.__get_backend_module()
        self.set_flag("use_pycuerun", use_pycuerun)
        self.__make_ready()
        return backend.serialize(self) if use_pycuerun else backend.serialize_simple(self)

    def __get_backend_module(self) -> Any:
        if self.__backend is None:
            self.__backend = import_backend_module(self.get("backend"))
        return self.__backend


def _remove_refused() -> None:
    import shutil  # slow to import

    for folder in _refused:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            os.rmdir(os.path.dirname(folder))  # of all sessions of this job


def __getattr__(name: str) -> Any:
    """Load the option parser of PyOutline's tools only for who asks for it."""
    if name == "CuerunOptionParser":
        from .option_parser import CuerunOptionParser

        return CuerunOptionParser
    raise AttributeError(f"module 'outline.cuerun' has no attribute {name!r}")
