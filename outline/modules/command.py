# SPDX-License-Identifier: Apache-2.0
"""What modules that render are given, and what they say: arguments, words, commands."""

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

    scene: str  #: The file to render; may hold a place for the frame.
    outputs: Any  #: What each frame leaves behind: a path with the frame in any style, a list, or a dict of names.
    optional: str | list[str]  #: Names of outputs that frames may lack.
    min_bytes: int  #: Outputs must be larger; 0 when not given.
    check_outputs: bool  #: False leaves out all checks of outputs.
    check_images: bool  #: Open each picture: it is whole, has no NaN, is not all black, has the size of the others.
    image_size: tuple[int, int]  #: With ``check_images``, width and height that each picture must have.
    allow_black: bool  #: With ``check_images``, pictures may be all black.
    skip_existing: bool  #: Leave out frames whose outputs are there and whole.
    copy_scene: bool  #: Copy the scene into the session at launch and render the copy.
    success_when_outputs_complete: bool  #: A program that fails when all outputs are there and whole has succeeded.
    executable: Any  #: The program, a list of it and words that follow it, or a dict of programs by version.
    version: Any  #: Which version of the application to run.
    extra_args: str | list[Any]  #: More words for the command.


class RenderCommand(NamedTuple):
    """One run of the application.

    Attributes:
        argv: The whole command, beginning with the program. ``#`` in file names stays as it is, tokens such as
            ``#IFRAME#`` stand for the first of ``frames``.
        frames: The frames whose outputs this run makes.
    """

    argv: list[str]
    frames: FrameSet


class CommandEnd(NamedTuple):
    """What a command left behind and said.

    Attributes:
        failure: How it failed; None: its status was 0.
        faults: A sentence for each output that lacks frames.
        said: Lines that are errors.
        fatal: Those of them that fail a frame whatever the status.
    """

    failure: ShellCommandFailureException | None
    faults: list[str]
    said: list[str]
    fatal: list[str]

    @property
    def left_all(self) -> bool:
        """Whether all outputs are there and no line says that they are worthless."""
        return not self.faults and not self.fatal

    def tell(self, application: str, what: str) -> str:
        """Lines that say what is wrong; the last one alone is enough to know the cause.

        Args:
            application: Who said the lines.
            what: Begins the last line.
        """
        order = [*self.said, *self.fatal] if self.failure else [*self.fatal, *self.said]
        said = list(dict.fromkeys(order))
        reasons = "; ".join(self.faults)
        joint = "; " if reasons and not what.endswith(": ") else ""
        first = f"; {application} said: {said[0]}" if said else ""
        return "\n".join([*(f"    {line}" for line in said[1:_MOST_TOLD]), f"{what}{joint}{reasons}{first}"])


def words_of(value: Any) -> list[str]:  # Any: an argument as a user has written it
    """An argument that is one thing or several, as a list of words; empty when it was not given."""
    if value is None or value == "":
        return []
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return [str(value)]
    return [str(one) for one in value]


def flags(*pairs: tuple[str, Any]) -> list[str]:
    """Pairs of a flag and its value as words; pairs without a value are left out."""
    return [word for flag, value in pairs if value is not None and value != "" for word in (flag, str(value))]
