# SPDX-License-Identifier: Apache-2.0
"""After Effects renders a composition with its program ``aerender``.

Versions: by contract, After Effects CS6 to 2025; never run against After Effects, which needs Windows or macOS. Flags
are those of Adobe's help ("Automated rendering"); lines of output are from published logs and from the rules of CGRU
and of AWS Deadline Cloud. Builds in other languages print other words.

What is taken as known:

- ``-s -e -i`` are start, end and step, so every row of frames with one step takes a process.
- The number stands as ``[####]`` in the name of the output.
- ``PROGRESS:  0:00:00:01 (2): 0 Seconds`` tells the place of the frame among those that are rendered.
- A status of 0 proves little, so lines that tell of an error fail the frame by themselves.
"""

from __future__ import annotations

from typing import Any

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import Run, runs
from ..rendering.words import flags
from .render import RenderCommand, RenderLayer

__all__ = ["AfterEffects"]

AFTER_EFFECTS_RULES = OutputRules(
    frame_index=(r"^PROGRESS: .*\((\d+)\): ",),
    warning=(r"^WARNING:", r"Unable to (?!Render)"),
    error=(
        r"(?i)aerender error",
        r"(?i)after effects error",
        r"Unable to Render",
        r"Invalid Serial Number",
    ),
)


class AfterEffects(RenderLayer):
    """Renders frames of an After Effects composition; each row of frames with one step in one process.

    ::

        AfterEffects("titles", scene="titles.aep", comp="Main", outputs="out/titles.[####].png", chunk=20)

    Arguments besides those of ``RenderLayer``:

    - ``comp``: the name of the composition; or ``queue_index``: its place in the render queue, from 1 on;
    - ``render_template``, ``output_template``: names of templates for ``-RStemplate`` and ``-OMtemplate``;
    - ``ignore_missing_footage``: True goes on where footage is missing;
    - ``sound``: True renders sound too.
    """

    application = "AfterEffects"
    executable = "aerender"
    output_rules = AFTER_EFFECTS_RULES
    trusts_exit_code = False
    writes_beside = True

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with After Effects."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def check_required_args(self) -> None:
        """Check also that it is said what to render."""
        super().check_required_args()
        if bool(self.get_arg("comp")) == bool(self.get_arg("queue_index")):
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()} needs one of the arguments 'comp' and 'queue_index'"
            )

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return a run of aerender for each row of frames with one step."""
        program = self.get_program()
        return [RenderCommand([*program, *self._words(run)], run.frames()) for run in runs(frames)]

    def _words(self, run: Run) -> list[str]:
        return [
            *flags(
                ("-project", self.get_scene(run.start)),
                ("-comp", self.get_arg("comp")),
                ("-rqindex", self.get_arg("queue_index")),
                ("-s", run.start),
                ("-e", run.end),
                ("-i", run.step),
                ("-RStemplate", self.get_arg("render_template")),
                ("-OMtemplate", self.get_arg("output_template")),
                ("-output", self.get_target().brackets() if self.get_render_outputs() else None),
                ("-v", "ERRORS_AND_PROGRESS"),
                ("-sound", "ON" if self.get_arg("sound") else "OFF"),
            ),
            *(["-continueOnMissingFootage"] if self.get_arg("ignore_missing_footage") else []),
            *self.get_extra_args(),
        ]
