# SPDX-License-Identifier: Apache-2.0
"""Arguments, words and commands of modules that render."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..exception import ShellCommandFailureException
from ..frames import FrameSet
from ..layer import LayerArgs

__all__ = ["CommandEnd", "RenderArgs", "RenderCommand", "flags", "words_of"]

_MOST_TOLD = 5


class RenderArgs(LayerArgs, total=False):
    """The arguments of all modules that render."""

    scene: str  #: The file to render. May contain a frame placeholder.
    check_images: bool  #: Open each picture: it is whole, has no NaN, is not all black, has the size of the others.
    image_size: tuple[int, int]  #: With ``check_images``, width and height that each picture must have.
    allow_black: bool  #: With ``check_images``, pictures may be all black.
    skip_existing: bool  #: Skip frames whose outputs are complete.
    copy_scene: bool  #: Copy the scene into the session at launch and render the copy.
    success_when_outputs_complete: bool  #: A program that fails although all outputs are complete counts as successful.
    executable: Any  #: The program, a list of it and words that follow it, or a dict of programs by version.
    version: Any  #: Which version of the application to run.
    extra_args: str | list[Any]  #: More words for the command.


class RenderCommand(NamedTuple):
    """One run of the application.

    Attributes:
        argv: The whole command, starting with the program. ``#`` in file names stays unchanged. Tokens such as
            ``#IFRAME#`` mean the first of ``frames``.
        frames: The frames whose outputs this run makes.
    """

    argv: list[str]
    frames: FrameSet


class CommandEnd(NamedTuple):
    """The outcome of a command.

    Attributes:
        failure: How it failed. None when it exited with 0.
        faults: A sentence for each output that lacks frames.
        said: Lines that are errors.
        fatal: Those of them that fail a frame whatever the exit code.
    """

    failure: ShellCommandFailureException | None
    faults: list[str]
    said: list[str]
    fatal: list[str]

    @property
    def left_all(self) -> bool:
        """Whether all outputs exist and no line says that they are unusable."""
        return not self.faults and not self.fatal

    def tell(self, application: str, what: str) -> str:
        """Lines that explain the failure. The last line alone names the cause.

        Args:
            application: The application that printed the lines.
            what: Begins the last line.
        """
        order = [*self.said, *self.fatal] if self.failure else [*self.fatal, *self.said]
        said = list(dict.fromkeys(order))
        reasons = "; ".join(self.faults)
        joint = "; " if reasons and not what.endswith(": ") else ""
        first = f"; {application} said: {said[0]}" if said else ""
        return "\n".join([*(f"    {line}" for line in said[1:_MOST_TOLD]), f"{what}{joint}{reasons}{first}"])


def words_of(value: Any) -> list[str]:  # Any: an argument as the user wrote it
    """An argument of one or several values, as a list of words. Empty when not given."""
    if value is None or value == "":
        return []
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return [str(value)]
    return [str(one) for one in value]


def flags(*pairs: tuple[str, Any]) -> list[str]:
    """Pairs of a flag and its value as words. Skips pairs without a value; several values repeat the flag."""
    return [word for flag, value in pairs for one in words_of(value) for word in (flag, one)]
