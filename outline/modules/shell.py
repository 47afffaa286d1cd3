# SPDX-License-Identifier: Apache-2.0
"""Layers that run commands, and one that runs Python code."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..exception import LaunchException, LayerException, OutlineException
from ..frames import FrameSet
from ..layer import Frame, Layer
from ..layer.args import listed, where
from ..layer.context import report_problem
from ..layer.fill import fill_in
from ..layer.life import end_frames, ended_with, runs_of
from ..logs import get_logger
from ..tokens import (
    farm_line,
    fill_chunk,
    fill_hashes,
    holds_token,
    names_chunk,
    names_ends,
    split_command,
    wants_hashes,
)
from ..util import get_slice

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..console import OutputReader
    from ..layer import LayerArgs

logger = get_logger("outline.modules.shell")  # as PyOutline has it

__all__ = ["CommandLayer", "PyEval", "Shell", "ShellCommand", "ShellScript", "ShellSequence", "shell"]


class CommandLayer(Layer):
    """A layer that only runs commands, which a subclass lists in ``frame_commands``.

    A backend can start such commands itself, without a Python process for each frame. If the layer has the argument
    ``progress``, a Python process must read the output of the commands.
    """

    def frame_commands(self, frames: FrameSet) -> list[tuple[Any, int | None]]:
        """The commands that do the work of these frames, in order.

        Returns:
            Pairs of a command (a list is never split again, a text is split once) and the frame number for its tokens.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say which commands it runs")

    def check_required_args(self) -> None:
        """Also check ``progress``, and that there are commands that can be split, so that no frame fails for that."""
        super().check_required_args()
        self.__check_progress()
        own = type(self)
        if own._setup is Layer._setup and own._before_execute is Layer._before_execute:  # else they may still make them
            for command in (self.get_arg("command"), *listed(self.get_arg("commands"))):
                self.__check_command(command)

    def __check_command(self, command: Any) -> None:
        problem = ""
        try:
            if command is not None and not isinstance(command, (str, bytes, os.PathLike, Iterable)):
                problem = f"a command is a list of words or a text, not {command!r}"
            elif command is not None and not split_command(command):
                problem = f"the command {command!r} is empty"
        except OutlineException as error:
            problem = str(error)
        if problem:
            report_problem(LayerException(f"{where(self)}: {problem}"), self)

    def __check_progress(self) -> None:
        progress = self.get_arg("progress")
        if not progress:
            return

        from ..console import PROGRESS_RULES  # most layers have no progress

        if not isinstance(progress, str) or progress not in PROGRESS_RULES:
            known = ", ".join(map(repr, PROGRESS_RULES))
            raise LayerException(f"{where(self)}: progress must be one of {known}, not {progress!r}")

    def _execute(self, frames: FrameSet) -> None:
        if not self.get_arg("progress"):
            self.__run(frames)
            return

        from ..console import PROGRESS_RULES
        from ..progress import watched_output

        with watched_output(PROGRESS_RULES[self.get_arg("progress")], frames) as reader:
            self.__run(frames, reader)

    def __run(self, frames: FrameSet, reader: OutputReader | None = None) -> None:
        """Run the commands. To a reader, a command renders its frame, a single command renders all frames."""
        commands = list(self.frame_commands(frames))
        for (command, frame), ended in zip(commands, ended_with([one for _, one in commands], frames), strict=True):
            options: dict[str, Any] = {} if frame is None else {"frame": frame}  # a studio's system may have no more
            if reader is not None:
                own = frames if frame is None or len(commands) == 1 else FrameSet([frame])
                reader.begin(own, share=1 / len(commands))
                options["reader"] = reader
            self.system(command, **options)
            end_frames(self, ended, base=CommandLayer)


def _require(layer: Layer, key: str, value: Any) -> None:  # Any: whatever the argument is
    """Require an argument, and take over what was given for it by position."""
    if value is not None:
        layer.set_arg(key, value)
    layer.require_arg(key)


class Shell(CommandLayer):
    """Runs a command for every frame.

    A command that names its chunk (``#FRAME_START#``, ``#FRAME_END#``, ``#FRAMESPEC#``, ``%{RANGE}``) runs once per
    chunk. Any other command runs once per frame. When only some frames of a chunk must run, a command that names its
    ends runs once for each group of consecutive frames. When nothing else in the command names the frame, the ``#`` or
    ``####`` in its file names does, unless ``expand_hashes=False`` leaves them to the program.
    """

    def __init__(self, name: str, command: Any = None, **args: Unpack[LayerArgs]) -> None:
        """Make a layer of commands.

        Args:
            name: The layer's name.
            command: The command: a list of arguments, or a text that is split once. May be given by keyword.
            args: Arguments of every layer.
        """
        old_spelling = args.pop("cmd", None)  # type: ignore[typeddict-item]
        command = old_spelling if command is None else command
        super().__init__(name, **args)
        _require(self, "command", command)
        self.set_arg("proxy_enable", False)

    def frame_commands(self, frames: FrameSet) -> list[tuple[Any, int | None]]:
        """The command, once per chunk or once per frame."""
        command = self.get_arg("command")
        if names_chunk(command):
            runs = runs_of(self, frames) if names_ends(command) else [frames]
            if len(runs) == 1:
                return [(command, frames[0])]
            return [(fill_chunk(fill_in(self, command, run[0]), run), run[0]) for run in runs]
        if _expands_hashes(self):
            return [(fill_hashes(command, frame), frame) for frame in frames]
        return [(command, frame) for frame in frames]


class ShellSequence(CommandLayer):
    """Runs a list of different commands, one per frame. Its range is 1 to their number."""

    def __init__(self, name: str, commands: Sequence[Any] | None = None, **args: Unpack[LayerArgs]) -> None:
        """Make a layer of ``commands``."""
        super().__init__(name, **args)
        _require(self, "commands", None if commands is None else list(commands))
        if not self.get_arg("commands"):
            raise LayerException(f"{where(self)} needs the argument 'commands', a list of commands")
        self.set_frame_range(f"1-{len(self.get_arg('commands'))}")
        self.set_arg("proxy_enable", False)

    def frame_commands(self, frames: FrameSet) -> list[tuple[Any, int | None]]:
        """The command at the position of each frame in the layer's range; the number, where it has tokens."""
        commands = get_slice(str(self.get_arg("range")), frames, self.get_arg("commands"))
        pairs = zip(commands, frames, strict=True)
        return [(command, frame if holds_token(command) else None) for command, frame in pairs]


class ShellCommand(CommandLayer, Frame):
    """Runs one command in a single frame, whatever the range of the job."""

    def __init__(self, name: str, command: Any = None, **args: Unpack[LayerArgs]) -> None:
        """Make a frame that runs ``command``."""
        super().__init__(name, **args)
        _require(self, "command", command)
        self.set_arg("proxy_enable", False)

    def frame_commands(self, frames: FrameSet) -> list[tuple[Any, int | None]]:
        """The command, with the number of the first frame for its tokens."""
        return [(self.get_arg("command"), frames[0])]


class ShellScript(CommandLayer, Frame):
    """Copies a script into the session and runs it, in a single frame."""

    def __init__(self, name: str, script: str | None = None, **args: Unpack[LayerArgs]) -> None:
        """Make a frame that runs the file ``script``, which must be executable by itself (``#!``)."""
        super().__init__(name, **args)
        _require(self, "script", script)

    def _setup(self) -> None:
        path = self.put_file(self.get_arg("script"), "script")
        os.chmod(path, os.stat(path).st_mode | 0o111)

    def frame_commands(self, frames: FrameSet) -> list[tuple[Any, int | None]]:
        """The path of the script in the session."""
        return [(shlex.quote(self.get_file("script")), frames[0])]


class PyEval(Layer):
    """Runs Python code given as text. The code can use ``self`` and ``frames``."""

    def __init__(self, name: str, code: str, **args: Unpack[LayerArgs]) -> None:
        """Make a layer that runs ``code``."""
        super().__init__(name, **args)
        self.__code = code

    def _setup(self) -> None:
        path = self.get_file("script", check=False)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(self.__code)

    def _execute(self, frames: FrameSet) -> None:
        path = self.get_file("script")
        with open(path, encoding="utf-8") as stream:
            code = compile(stream.read(), path, "exec")
        exec(code, {"__name__": "__main__", "__file__": path, "self": self, "frames": frames})


def shell(name: str, command: Any, **args: Unpack[LayerArgs]) -> Shell:
    """A Shell layer."""
    return Shell(name, command, **args)


def plain_line(layer: Layer) -> str:
    """A layer's command as hosts run it without pycuerun: one line for their shell, with the farm's tokens.

    A text is the line itself. The words of a list are joined with blanks. With the layer's argument ``quote``, each
    word of a list reaches the program unchanged.

    Raises:
        LaunchException: The layer has no argument ``command``, or the command has a token that the farm lacks.
    """
    command = layer.get_arg("command")
    if command is None or command == "":
        raise LaunchException(f"{where(layer)} has no argument 'command'; launch it with use_pycuerun=True")
    if layer.get_items() is not None:
        raise LaunchException(f"{where(layer)} has items, which a farm does not know; launch it with use_pycuerun=True")
    try:
        return farm_line(command, quote=bool(layer.get_arg("quote")), hashes=_expands_hashes(layer))
    except OutlineException as error:
        raise LaunchException(f"{where(layer)}: {error}") from error


def _expands_hashes(layer: Layer) -> bool:
    """Whether ``#`` in the file names of a layer's command means the frame."""
    if not isinstance(layer, Shell) or layer.get_arg("expand_hashes") is False:
        return False
    command = layer.get_arg("command")
    return wants_hashes([command] if isinstance(command, str) else command)  # the shell splits a text
