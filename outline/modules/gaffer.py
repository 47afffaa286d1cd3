# SPDX-License-Identifier: Apache-2.0
"""Gaffer executes nodes of a script.

Versions: by contract, Gaffer 0.5 to 1.4; never run against Gaffer. Facts are from the source of its application
``execute`` and from Gaffer's own tests of it.

What is taken as known:

- ``-frames`` takes a list with steps: ``1,3-9x2``. All frames are executed in one process.
- ``-nodes`` takes all words up to the next flag. ``-context`` takes all words to the end, flags too, so it is the last;
  its values are read as Python.
- Errors go to the error output with the word ``ERROR``, and the status is then not 0.
- The nodes choose the names of the files, so ``outputs`` says what they are, and they are written in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import gaffer_list
from ..rendering.words import words_of
from .render import RenderCommand, RenderLayer

__all__ = ["Gaffer"]

GAFFER_RULES = OutputRules(
    percent=(r"\| +(\d+)% done", r"R90000\s+(\d+)%"),
    warning=(r"^WARNING\b",),
    error=(r"^ERROR\b", r"^\w*Error: .+", r"\{SEVERE\} License"),
)


class Gaffer(RenderLayer):
    """Executes nodes of a Gaffer script; all frames of a chunk in one process.

    ::

        Gaffer("beauty", scene="shot.gfr", nodes=["Render"], outputs="images/beauty.####.exr", chunk=5)

    Arguments besides those of ``RenderLayer``:

    - ``nodes``: names of the nodes; all that can be executed when not given;
    - ``context``: a dict of context variables; values are numbers, texts and such.
    """

    application = "Gaffer"
    executable = "gaffer"
    output_rules = GAFFER_RULES

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that executes nodes of Gaffer."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def check_required_args(self) -> None:
        """Check also that the context is a dict."""
        super().check_required_args()
        context = self.get_arg("context")
        if context is not None and not isinstance(context, Mapping):
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()}: context must be a dict, not {context!r}"
            )

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return one run of Gaffer for all frames."""
        nodes = words_of(self.get_arg("nodes"))
        context = self.get_arg("context") or {}
        words = [
            *(*self.get_program(), "execute", "-script", self.get_scene(frames[0])),
            *(["-nodes", *nodes] if nodes else []),
            *("-frames", gaffer_list(frames)),
            *self.get_extra_args(),
            *(["-context"] if context else []),
            *(word for name, value in context.items() for word in (f"-{name}", repr(value))),
        ]
        return [RenderCommand(words, frames)]
