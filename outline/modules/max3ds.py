# SPDX-License-Identifier: Apache-2.0
"""3ds Max renders a scene with ``3dsmaxcmd``, or runs a script for its frames with ``3dsmaxbatch``.

Versions: by contract, 3ds Max 2018 to 2025; never run against 3ds Max, which needs Windows. Switches and exit codes are
those of Autodesk's help ("Command-line rendering switches", "3ds Max Batch", the table of exit codes); lines of output
are from the rules of CGRU and of Thinkbox's Deadline plug-ins.

What is taken as known:

- ``-start -end -nthFrame`` are start, end and step, so each row of frames with one step takes a process.
- 3ds Max inserts the number before the extension. The module renames the files afterwards.
- ``3dsmaxbatch`` ends with negative codes, -8 for a missing licence. Of the codes of ``3dsmaxcmd`` only 1 is known, so
  every line with the word ``Error`` fails the frame.
- Pass through ``extra_args``: ``-continueOnError``, ``-skipRenderedFrames``, ``-gammaCorrection:1``, ``-preset:``,
  ``-sceneState:``, ``-pathFile:``, ``-renderElements:`` and ``-preRenderScript:``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import Run
from ..io.numbered import unnumbered
from ..io.output import Targets
from .per_frame import PerRowLayer
from .render import RenderArgs, RenderCommand, RenderLayer

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Max3ds", "Max3dsArgs", "Max3dsScript", "Max3dsScriptArgs"]

MAX_RULES = OutputRules(
    percent=(r"progr: +(\d+(?:\.\d+)?).*% +rendered",),
    frame_done=(r"Frame (-?\d+) completed",),
    warning=(r"(?i)^warning\b",),
    error=(r"\b(?:Error|ERROR)\b", r"(?i)\blicen[cs]e error\b"),
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


class Max3dsArgs(RenderArgs, total=False):
    """The arguments of ``Max3ds``."""

    camera: str  #: The camera.
    view: str  #: The name of a view of the batch renderer instead.
    width: int  #: In pixels.
    height: int  #: In pixels.


class Max3ds(PerRowLayer):
    """Renders frames of a 3ds Max scene: each row of frames with one step in one process.

    ::

        Max3ds("beauty", scene="shot.max", outputs="images/beauty.####.exr", camera="Camera001", chunk=5)
    """

    application = "3dsMax"
    executable = "3dsmaxcmd"
    declared_args = Max3dsArgs
    output_rules = MAX_RULES
    exit_reasons: ClassVar[dict[int, str]] = {1: "3ds Max ended in an unusual way"}
    trusts_exit_code = False
    writes_beside = True
    numbers_files = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[Max3dsArgs]) -> None: ...

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """The words for picture, frames, settings and scene."""
        settings = (("cam", "camera"), ("batchRender", "view"), ("width", "width"), ("height", "height"))
        return [
            *([f"-o:{unnumbered(targets.main)}"] if targets else []),
            *(f"-start:{row.start}", f"-end:{row.end}", f"-nthFrame:{row.step}"),
            *("-v:5", "-showRFW:0"),
            *(f"-{switch}:{self.get_arg(key)}" for switch, key in settings if self.get_arg(key)),
            *self.get_extra_args(),
            self.get_scene(row.start),
        ]


class Max3dsScriptArgs(RenderArgs, total=False):
    """The arguments of ``Max3dsScript``."""

    script: str  #: The file to run.


class Max3dsScript(RenderLayer):
    """Runs a MaxScript or Python script in 3ds Max without its windows, once for all frames of a chunk.

    The script finds the frames to render in the variable ``OL_LAYER_RANGE``, such as ``1-10x2``.

    ::

        Max3dsScript("sim", scene="shot.max", script="sim.ms", outputs="cache/sim.####.prt", chunk=10)
    """

    application = "3dsMaxBatch"
    executable = "3dsmaxbatch"
    declared_args = Max3dsScriptArgs
    output_rules = MAX_RULES
    trusts_exit_code = False
    # Windows makes the exit code an unsigned number, POSIX keeps its last eight bits.
    exit_reasons: ClassVar[dict[int, str]] = {
        **{code & 0xFFFFFFFF: why for code, why in _BATCH_CODES.items()},
        **{code & 0xFF: why for code, why in _BATCH_CODES.items()},
    }
    path_args = ("scene", "script")
    required_args = ("scene", "script")

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of 3dsmaxbatch, with the frames in its environment."""
        os.environ["OL_LAYER_RANGE"] = str(frames)
        words = [*self.get_program(), "-v", "5", str(self.get_arg("script")), "-sceneFile", self.get_scene(frames[0])]
        return [RenderCommand([*words, *self.get_extra_args()], frames)]
