# SPDX-License-Identifier: Apache-2.0
"""Houdini renders: output nodes of a scene by hython, USD stages by husk, IFD files by mantra.

Versions: by contract, Houdini 18 to 20.5; never run against Houdini. Facts are from SideFX's help
(``hou.RopNode.render``, husk, mantra, the HScript command ``render``), from published logs, and from the rules of CGRU
and of AWS Deadline Cloud.

What is taken as known:

- An output node takes a start, an end and a step; several rows of frames are rendered in one hython, one after another.
- husk takes the first frame, how many frames (no end!) and a step, so every row of frames takes a process.
- mantra renders one IFD file, so every frame takes a process; the picture's name is its last word.
- ``-V a`` lets husk and mantra print ``ALF_PROGRESS 42%``. What husk prints between two frames is not known, so in a
  row of several frames the percentage begins anew with each.
- Without a licence these programs say ``No licenses could be found to run this application``. With which status is not
  known, so such lines fail the frame by themselves.
"""

from __future__ import annotations

import json
import os
from typing import Any, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import CountedRun, counted_runs, runs
from ..rendering.words import flags
from .per_frame import PerFrameLayer
from .render import RenderCommand, RenderLayer

__all__ = ["HoudiniRop", "Husk", "Mantra"]

SCRIPT = os.path.join(os.path.dirname(__file__), "scripts", "houdini_rop.py")

HOUDINI_RULES = OutputRules(
    percent=(r"ALF_PROGRESS\s+(\d+)\s*%", r"ABC_PROGRESS (\d+)"),
    memory=(r"Peak Memory Usage: *(?P<number>[\d.]+) *(?P<unit>[KMG])",),
    warning=(r"^(?:mantra|husk|karma): WARNING", r"Unable to (?:access file|load texture)", r"^Warning: "),
    error=(
        r"No licenses could be found to run this application",
        r"Please check for a valid license server host",
        r"Failed to create file",
        r"Error loading geometry .* from stdin",
        r"^houdini_rop: error: ",
    ),
)

# Only where one process renders several frames. That a picture is done is told by some renderers only, so it is not
# read: a frame is done when the next one begins.
_ROP_RULES = HOUDINI_RULES._replace(frame=(r"RopNode\.render: frame (-?\d+)",))


class HoudiniRop(RenderLayer):
    """Renders an output node of a Houdini scene; all frames of a chunk in one hython.

    ::

        HoudiniRop("beauty", scene="shot.hip", rop="/out/mantra1", outputs="render/beauty.$F4.exr", chunk=5)

    The node chooses the names of its files, and ``outputs`` says what they are. Simulations and caches are made the
    same way, with all frames in one chunk.

    Arguments besides those of ``RenderLayer``:

    - ``rop``: the path of the node; also a Karma or file cache node, which has a button instead;
    - ``set_output``: True lets the node write its files to the first output, beside and renamed;
    - ``with_inputs``: True renders the nodes before it too, as the node itself would.
    """

    application = "Houdini"
    executable = "hython"
    output_rules = _ROP_RULES
    exit_reasons: ClassVar[dict[int, str]] = {3: "the output node reported errors", 4: "the scene has no such node"}
    trusts_exit_code = False
    writes_beside = True  # as far as set_output lets it

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders an output node."""
        super().__init__(name, **args)
        self.require_arg("scene")
        self.require_arg("rop", str)

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return one run of hython, which renders every row of frames."""
        order = {
            "scene": self.get_scene(frames[0]),
            "rop": self.get_arg("rop"),
            "runs": [list(run) for run in runs(frames)],
            "output": self.get_target().houdini() if self.get_arg("set_output") else None,
            "ignore_inputs": not self.get_arg("with_inputs"),
        }
        words = [*self.get_program(), *self.get_extra_args(), SCRIPT, json.dumps(order)]
        return [RenderCommand(words, frames)]


class Husk(RenderLayer):
    """Renders a USD stage with husk; each row of frames with one step in one process.

    ::

        Husk("beauty", scene="shot.usd", outputs="render/beauty.$F4.exr", camera="/cameras/main", chunk=5)

    Arguments besides those of ``RenderLayer``:

    - ``renderer``: the Hydra delegate, such as ``BRAY_HdKarma``; ``settings``: the path of the render settings;
    - ``camera``: the path of the camera;
    - ``verbosity``: as ``-V`` has it; progress is read with the default ``a``.
    """

    application = "Husk"
    executable = "husk"
    output_rules = HOUDINI_RULES
    trusts_exit_code = False
    writes_beside = True

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with husk."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return a run of husk for each row of frames with one step."""
        program = self.get_program()
        return [RenderCommand([*program, *self._words(run)], run.frames()) for run in counted_runs(frames)]

    def _words(self, run: CountedRun) -> list[str]:
        output = self.get_target().houdini() if self.get_render_outputs() else None
        return [
            *flags(
                ("-f", run.first),
                ("-n", run.frame_count),
                ("-i", run.step),
                ("-V", self.get_arg("verbosity") or "a"),
                ("-R", self.get_arg("renderer")),
                ("-s", self.get_arg("settings")),
                ("-c", self.get_arg("camera")),
                ("-o", output),
            ),
            *self.get_extra_args(),
            self.get_scene(run.first),
        ]


class Mantra(PerFrameLayer):
    """Renders IFD files with mantra, one process per frame.

    ::

        Mantra("beauty", scene="ifd/shot.$F4.ifd", outputs="render/beauty.$F4.exr")
    """

    application = "Mantra"
    executable = "mantra"
    output_rules = HOUDINI_RULES
    trusts_exit_code = False
    writes_beside = True

    def frame_words(self, frame: int) -> list[str]:
        """Return threads, progress, the IFD file and the picture."""
        words = ["-j", str(self.get_threads()), "-V", "a", *self.get_extra_args(), "-f", self.get_scene(frame)]
        return [*words, self.get_target().frame_path(frame)] if self.get_render_outputs() else words
