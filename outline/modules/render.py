# SPDX-License-Identifier: Apache-2.0
"""The base of all modules for renderers and image tools: a frame is done only when its pictures are there."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..frames import FrameSet
from ..io import FileSpec
from ..io.pattern import parse_pattern
from ..layer import Layer
from ..rendering.outputs import MAIN, Output, read_outputs

if TYPE_CHECKING:
    from ..output import OutputRules

__all__ = ["RenderCommand", "RenderLayer"]

logger = logging.getLogger("outline.modules.render")


class RenderCommand(NamedTuple):
    """One run of the application.

    Attributes:
        argv: The whole command, beginning with the program. ``#`` in file names stays as it is.
        frames: The frames whose outputs this run makes.
    """

    argv: list[str]
    frames: FrameSet


class RenderLayer(Layer):
    """Runs an application for its frames, in the application's own dialect, and checks what it left behind.

    A module derives from it, sets the class attributes and writes ``render_commands``.
    """

    application: ClassVar[str] = ""
    executable: ClassVar[str | tuple[str, ...]] = ""
    output_rules: ClassVar[OutputRules | None] = None
    trusts_exit_code: ClassVar[bool] = True
    writes_beside: ClassVar[bool] = False

    def __init__(self, name: str, **args: Any) -> None:
        super().__init__(name, **args)
        self.set_default_arg("proxy_enable", False)
        for output in self.get_render_outputs():
            self.add_output(output.name, FileSpec(output.path))

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return the runs of the application that make these frames, and no others.

        Args:
            frames: Frames of one chunk, in render order, each once. Never empty.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say which commands it runs")

    def get_program(self) -> list[str]:
        """Return the words that start the application on this host."""
        return [self.executable if isinstance(self.executable, str) else self.executable[0]]

    def get_scene(self, frame: int | None = None) -> str:
        """Return the path of the scene file, for one frame where the name holds a place for it."""
        path = str(self.get_arg("scene"))
        return path if frame is None else parse_pattern(path).frame_path(frame)

    def get_render_outputs(self) -> list[Output]:
        """Return the outputs of the layer where they are in the end."""
        return read_outputs(self.get_arg("outputs"), self.get_arg("optional"))

    def get_target(self, name: str = MAIN) -> Output:
        """Return where the application is to write an output: in a frame with ``writes_beside`` a name beside it."""
        found = {output.name: output for output in self.get_render_outputs()}
        return found[name]

    def get_extra_args(self) -> list[str]:
        """Return the argument ``extra_args`` as a list of words."""
        return [str(word) for word in self.get_arg("extra_args") or ()]

    def get_threads(self) -> int:
        """Return how many threads the frame may use: what the host gave it, or else the layer's cores."""
        given = os.environ.get("CUE_THREADS", "")
        return max(1, int(given) if given.isdigit() else int(float(self.get_arg("cores") or 1)))

    def _execute(self, frames: FrameSet) -> None:
        from ..io import system

        for command in self.render_commands(frames):
            system(command.argv, frame=command.frames[0], sequences=False)
