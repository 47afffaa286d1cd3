# SPDX-License-Identifier: Apache-2.0
"""Gaffer executes nodes of a script.

Versions: by contract, Gaffer 0.5 to 1.4; never run against Gaffer. Facts are from the source of its applications and
from Gaffer's own tests of them.

What is taken as known:

- ``-frames`` takes a list with steps: ``1,3-9x2``. One process executes all frames.
- ``-threads N`` is an option of every application.
- ``-nodes`` takes all words up to the next flag. ``-context`` takes all words to the end, flags too, so it comes last.
  Gaffer reads its values as Python.
- Errors go to stderr with the word ``ERROR``, and the exit code is then not 0.
- The nodes choose the file names, so ``outputs`` must match them, and Gaffer writes them in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import gaffer_list
from ..io.output import Targets
from .render import RenderArgs, RenderCommand, RenderLayer, words_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Gaffer", "GafferArgs"]


class GafferArgs(RenderArgs, total=False):
    """The arguments of ``Gaffer``."""

    nodes: str | list[str]  #: Names of the nodes. Defaults to all executable nodes.
    context: dict[str, Any]  #: Context variables, with numbers, texts and such as values.
    ignore_load_errors: bool  #: True goes on when a part of the script does not load.


class Gaffer(RenderLayer):
    """Executes nodes of a Gaffer script: all frames of a chunk in one process.

    ::

        Gaffer("beauty", scene="shot.gfr", nodes=["Render"], outputs="images/beauty.####.exr", chunk=5)
    """

    application = "Gaffer"
    executable = "gaffer"
    declared_args = GafferArgs
    output_rules = OutputRules(
        percent=(r"\| +(\d+)% done", r"R90000\s+(\d+)%"),
        warning=(r"^WARNING\b",),
        error=(r"^ERROR\b", r"^\w*Error: .+", r"\{SEVERE\} License"),
    )
    required_args = ("scene",)
    arg_types: ClassVar[dict[str, type]] = {"context": dict}

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[GafferArgs]) -> None: ...

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of Gaffer for all frames."""
        nodes = words_of(self.get_arg("nodes"))
        context = self.get_arg("context") or {}
        words = [
            *(*self.get_program(), "execute", "-script", self.get_scene(frames[0])),
            *(["-ignoreScriptLoadErrors"] if self.get_arg("ignore_load_errors") else []),
            *(["-nodes", *nodes] if nodes else []),
            *("-frames", gaffer_list(frames), "-threads", str(self.get_threads())),
            *self.get_extra_args(),
            *(["-context"] if context else []),
            *(word for name, value in context.items() for word in (f"-{name}", repr(value))),
        ]
        return [RenderCommand(words, frames)]
