# SPDX-License-Identifier: Apache-2.0
"""Houdini renders: output nodes of a scene by hython, USD stages by husk, IFD files by mantra.

Versions: by contract, Houdini 18 to 20.5; never run against Houdini. Facts are from SideFX's help
(``hou.RopNode.render``, husk, mantra, the HScript command ``render``), from published logs, and from the rules of CGRU,
of Thinkbox's Deadline plug-ins and of AWS Deadline Cloud.

What is taken as known:

- An output node takes a start, an end and a step. One hython renders several rows of frames, one after another.
- husk takes the first frame, how many frames (no end!) and a step, so each row of frames takes a process.
- mantra renders one IFD file, so every frame takes a process; the picture's name is its last word.
- ``-V a`` lets husk and mantra print ``ALF_PROGRESS 42%``. What husk prints between two frames is unknown, so in a row
  of several frames the percentage restarts with each.
- The first and last frame of a node are expressions (``$FSTART``) that override a value, so the script removes them.
- A node prints its progress when ``alfprogress`` or ``vm_alfprogress`` is on. With tiles it may exceed 100.
- husk's ``--pass``, ``--timelimit``, ``--tile-*``, ``--skip-licenses``, ``--make-output-path`` and ``--fast-exit 0``
  (which shuts the renderer down step by step) go through ``extra_args``.
- Wedges, takes and ``allframesatonce`` of usdrender_rop are not supported.
- Without a licence these programs print ``No licenses could be found to run this application``. Their exit code is
  unknown, so such lines alone fail the frame.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import Run, runs
from ..io.output import Targets
from .per_frame import PerFrameLayer, PerRowLayer
from .render import RenderArgs, RenderCommand, RenderLayer, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["HoudiniRop", "HoudiniRopArgs", "Husk", "HuskArgs", "Mantra"]

SCRIPT = os.path.join(os.path.dirname(__file__), "scripts", "houdini_rop.py")

HOUDINI_RULES = OutputRules(
    percent=(r"ALF_PROGRESS\s+(\d+)\s*%", r"ABC_PROGRESS (\d+)"),
    memory=(r"Peak Memory Usage: *(?P<number>[\d.]+) *(?P<unit>[KMG])",),
    warning=(r"^(?:mantra|husk|karma): WARNING", r"Unable to (?:access file|load texture)", r"^Warning: "),
    fatal=(
        r"No licenses could be found to run this application",
        r"Please check for a valid license server host",
        r"Failed to create file",
        r"Error loading geometry .* from stdin",
        r"^houdini_rop: error: ",
        r"\bUSD ERROR\b",
        r"(?:^|: )Error: ",
        r"\[Error\]",
        r"Couldn't find renderer",
        r"mantra: Bad Alembic Archive",
        r"Error encountered when initializing Houdini",
    ),
)

# Only for processes that render several frames. Only some renderers report a finished picture, so the rules do not
# read that: a frame is done when the next one begins.
_ROP_RULES = HOUDINI_RULES._replace(frame=(r"RopNode\.render: frame (-?\d+)",))


class HoudiniRopArgs(RenderArgs, total=False):
    """The arguments of ``HoudiniRop``."""

    rop: str  #: The path of the node. May also be a Karma or file cache node, which has a button instead.
    set_output: bool  #: True makes the node write to the first output, under a temporary name that the library renames.
    with_inputs: bool  #: True also renders the nodes before it, as the node itself does.


class HoudiniRop(RenderLayer):
    """Renders an output node of a Houdini scene: all frames of a chunk in one hython.

    ::

        HoudiniRop("beauty", scene="shot.hip", rop="/out/mantra1", outputs="render/beauty.$F4.exr", chunk=5)

    The node chooses its file names, and ``outputs`` must match them. Simulations and caches work the same way, with all
    frames in one chunk.
    """

    application = "Houdini"
    executable = "hython"
    declared_args = HoudiniRopArgs
    output_rules = _ROP_RULES
    exit_reasons: ClassVar[dict[int, str]] = {3: "the output node reported errors", 4: "the scene has no such node"}
    writes_beside = True  # as far as set_output lets it
    required_args: ClassVar[dict[str, Any]] = {"scene": None, "rop": str}

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of hython for all rows of frames."""
        order = {
            "scene": self.get_scene(frames[0]),
            "rop": self.get_arg("rop"),
            "runs": [list(run) for run in runs(frames)],
            "output": targets.main.houdini() if self.get_arg("set_output") else None,
            "ignore_inputs": not self.get_arg("with_inputs"),
        }
        words = [*self.get_program(), *self.get_extra_args(), SCRIPT, json.dumps(order)]
        return [RenderCommand(words, frames)]


class HuskArgs(RenderArgs, total=False):
    """The arguments of ``Husk``."""

    renderer: str  #: The Hydra delegate, such as ``BRAY_HdKarma``.
    settings: str  #: The path of the render settings.
    camera: str  #: The path of the camera.
    engine: str  #: ``cpu`` or ``xpu``.
    width: int  #: In pixels. Requires ``height``.
    height: int  #: In pixels.
    percent: float  #: The size in percent of the stage's size.
    verbosity: str  #: A value for ``-V``. Progress needs the default, ``a``.


class Husk(PerRowLayer):
    """Renders a USD stage with husk: each row of frames with one step in one process.

    ::

        Husk("beauty", scene="shot.usd", outputs="render/beauty.$F4.exr", camera="/cameras/main", chunk=5)
    """

    application = "Husk"
    size_needs_both = True
    executable = "husk"
    declared_args = HuskArgs
    output_rules = HOUDINI_RULES
    writes_beside = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[HuskArgs]) -> None: ...

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """The words for frames, settings, picture and stage. husk takes a frame count, not a last frame."""
        get = self.get_arg
        return [
            *flags(
                ("-f", row.start),
                ("-n", len(row.frames())),
                ("-i", row.step),
                ("-V", get("verbosity") or "a"),
                ("-j", self.get_threads()),
                ("-R", get("renderer")),
                ("--engine", get("engine")),
                ("-s", get("settings")),
                ("-c", get("camera")),
            ),
            *self.size_words("-r"),
            *flags(("-S", get("percent")), ("-o", targets.main.houdini() if targets else None)),
            *self.get_extra_args(),
            self.get_scene(row.start),
        ]


class Mantra(PerFrameLayer):
    """Renders IFD files with mantra, one process per frame.

    ::

        Mantra("beauty", scene="ifd/shot.$F4.ifd", outputs="render/beauty.$F4.exr")
    """

    declared_args = RenderArgs
    application = "Mantra"
    executable = "mantra"
    output_rules = HOUDINI_RULES
    writes_beside = True

    def frame_words(self, frame: int, targets: Targets) -> list[str]:
        """The words for threads, progress, IFD file and picture."""
        words = ["-j", str(self.get_threads()), "-V", "a", *self.get_extra_args(), "-f", self.get_scene(frame)]
        return [*words, targets.main.frame_path(frame)] if targets else words
