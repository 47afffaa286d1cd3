# SPDX-License-Identifier: Apache-2.0
"""3ds Max renders a scene with ``3dsmaxcmd``, or runs a script for its frames with ``3dsmaxbatch``.

Versions: by contract, 3ds Max 2018 to 2025; never run against 3ds Max, which needs Windows. Switches and exit codes are
those of Autodesk's help ("Command-line rendering switches", "3ds Max Batch", the table of exit codes); lines of output
are from the rules of CGRU.

What is taken as known:

- ``-start -end -nthFrame`` are start, end and step, so every row of frames with one step takes a process.
- The number is added to the name of the output before its extension; the files are renamed afterwards.
- ``3dsmaxbatch`` ends with negative codes, -8 for a missing licence. The codes of ``3dsmaxcmd`` are not documented, so
  lines that tell of an error fail the frame by themselves.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import Run, runs
from ..rendering.numbered import adopt_numbered, unnumbered
from .render import RenderCommand, RenderLayer

__all__ = ["Max3ds", "Max3dsScript"]

MAX_RULES = OutputRules(
    percent=(r"progr: +(\d+(?:\.\d+)?).*% +rendered",),
    frame_done=(r"Frame (-?\d+) completed",),
    warning=(r"(?i)^warning\b",),
    error=(
        r"Error occured while rendering job\.",
        r"(?i)\blicen[cs]e error\b",
    ),
)

_BATCH_CODES = {
    -1: "an unhandled exception",
    -2: "3ds Max aborted",
    -3: "a crash while closing",
    -4: "a crash while closing",
    -5: "a crash at the end",
    -6: "out of memory",
    -7: "no usable graphics device",
    -8: "licence error",
    -9: "3ds Max could not be started",
}


class _Max(RenderLayer):
    """What both programs share."""

    output_rules = MAX_RULES
    trusts_exit_code = False

    def __init__(self, name: str, **args: Any) -> None:
        super().__init__(name, **args)
        self.require_arg("scene")


class Max3ds(_Max):
    """Renders frames of a 3ds Max scene; each row of frames with one step in one process.

    ::

        Max3ds("beauty", scene="shot.max", outputs="images/beauty.####.exr", camera="Camera001", chunk=5)

    Arguments besides those of ``RenderLayer``:

    - ``camera``: the camera; or ``view``: the name of a view of the batch renderer.
    """

    application = "3dsMax"
    executable = "3dsmaxcmd"
    writes_beside = True

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return a run of 3dsmaxcmd for each row of frames with one step."""
        program = self.get_program()
        return [RenderCommand([*program, *self._words(run)], run.frames()) for run in runs(frames)]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Give the pictures the names that were asked for."""
        if self.get_render_outputs():
            adopt_numbered(self.get_target(), command.frames)

    def _words(self, run: Run) -> list[str]:
        camera, view = self.get_arg("camera"), self.get_arg("view")
        return [
            *([f"-o:{unnumbered(self.get_target())}"] if self.get_render_outputs() else []),
            *(f"-start:{run.start}", f"-end:{run.end}", f"-nthFrame:{run.step}"),
            *("-v:5", "-showRFW:0"),
            *([f"-cam:{camera}"] if camera else []),
            *([f"-batchRender:{view}"] if view else []),
            *self.get_extra_args(),
            self.get_scene(run.start),
        ]


class Max3dsScript(_Max):
    """Runs a MaxScript or Python script in 3ds Max without its windows, once for all frames of a chunk.

    The script finds the frames to render in the variable ``OL_LAYER_RANGE``, such as ``1-10x2``.

    ::

        Max3dsScript("sim", scene="shot.max", script="sim.ms", outputs="cache/sim.####.prt", chunk=10)

    Arguments besides those of ``RenderLayer``:

    - ``script``: the file to run.
    """

    application = "3dsMaxBatch"
    executable = "3dsmaxbatch"
    # Windows takes a status for a number without sign, POSIX for its last eight bits.
    exit_reasons: ClassVar[dict[int, str]] = {
        **{code & 0xFFFFFFFF: why for code, why in _BATCH_CODES.items()},
        **{code & 0xFF: why for code, why in _BATCH_CODES.items()},
    }
    path_args = ("scene", "script")

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that runs a script in 3ds Max."""
        super().__init__(name, **args)
        self.require_arg("script")

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return one run of 3dsmaxbatch, whose environment names the frames."""
        os.environ["OL_LAYER_RANGE"] = str(frames)
        words = [*self.get_program(), "-v", "5", str(self.get_arg("script")), "-sceneFile", self.get_scene(frames[0])]
        return [RenderCommand([*words, *self.get_extra_args()], frames)]
