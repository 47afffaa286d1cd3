# SPDX-License-Identifier: Apache-2.0
"""Cinema 4D renders a scene with its program ``Commandline``.

Versions: by contract, Cinema 4D R20 to 2024; never run against Cinema 4D. The command line and the lines of output are
those of CGRU; Maxon's own reference has not been read.

What is taken as known:

- ``-frame 1 10 2`` is start, end and step, so every row of frames with one step takes a process.
- The number and the extension are added to the name of the output; the files are renamed afterwards. The format is that
  of the scene, so ``outputs`` must have its extension. Whether a dot in the name is taken for the begin of an extension
  is not known, so pictures are not written under a hidden name, which begins with one.
- Statuses are not known, so lines that tell of an error fail the frame by themselves.
"""

from __future__ import annotations

from typing import Any

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import Run, runs
from ..rendering.numbered import adopt_numbered
from ..rendering.words import flags
from .render import RenderCommand, RenderLayer

__all__ = ["Cinema4D"]

CINEMA4D_RULES = OutputRules(
    percent=(r"Progress: (\d+)%",),
    frame=(r"Rendering frame (-?\d+)",),
    warning=(r"(?i)^warning\b",),
    error=(
        r"Files cannot be written - please check output paths!",
        r"Error rendering project",
        r"(?i)\blicen[cs]e\b.*\b(?:fail|error|denied|not found|unavailable)",
    ),
)


class Cinema4D(RenderLayer):
    """Renders frames of a Cinema 4D scene; each row of frames with one step in one process.

    ::

        Cinema4D("beauty", scene="shot.c4d", outputs="images/beauty.####.exr", chunk=5)
    """

    application = "Cinema4D"
    executable = "Commandline"
    output_rules = CINEMA4D_RULES
    trusts_exit_code = False

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with Cinema 4D."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return a run of Commandline for each row of frames with one step."""
        program = self.get_program()
        return [RenderCommand([*program, *self._words(run)], run.frames()) for run in runs(frames)]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Give the pictures the names that were asked for."""
        if self.get_render_outputs():
            adopt_numbered(self.get_target(), command.frames)

    def _words(self, run: Run) -> list[str]:
        image = self.get_target().pattern.prefix.rstrip("._-") if self.get_render_outputs() else None
        return [
            *("-nogui", "-render", self.get_scene(run.start)),
            *("-frame", str(run.start), str(run.end), str(run.step)),
            *flags(("-oimage", image), ("-threads", self.get_threads())),
            *self.get_extra_args(),
        ]
