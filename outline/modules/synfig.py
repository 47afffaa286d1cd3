# SPDX-License-Identifier: Apache-2.0
"""Synfig renders frames of a 2D animation.

Versions: run for real with 1.5.1 of Debian 12. Facts are from experiments and ``synfig --help-all``.

What you need to know, all measured:

- ``--start-time 3f --end-time 5f`` renders frames 3 to 5. There is no step, so a chunk with gaps takes several
processes. Frames outside the canvas's time show its first or last picture and cause no error. - From ``-o a.png`` it
makes ``a.0003.png``: a dot and four digits. The module renames the files afterwards. - It exits with 0 when the picture
cannot be written. Only the picture counts. - On a full disk it retries the same picture for ever, with thousands of
errors a second, so the library ends it. - All output goes to stderr, some in colours. Progress comes with carriage
returns.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import Run, rows
from ..io.numbered import numbered_path
from ..io.output import Output, Targets
from .render import RenderArgs, RenderCommand, RenderLayer, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Synfig", "SynfigArgs"]

SYNFIG_RULES = OutputRules(
    frame_done=(r"^(.+\.-?\d+\.\w+): DONE",),
    warning=(r"\] warning: ",),
    error=(r"\] error: .+", r"^Unable to load file"),
    most_errors=100,
)


class SynfigArgs(RenderArgs, total=False):
    """The arguments of ``Synfig``."""

    width: int  #: In pixels.
    height: int  #: In pixels.
    antialias: int  #: 1 to 30.
    format: str  #: The name of a Synfig target. Defaults to the output's extension.


class Synfig(RenderLayer):
    """Renders frames with Synfig: each run of consecutive frames in one process.

    ::

        Synfig("title", scene="title.sif", outputs="out/title.####.png", chunk=10)
    """

    application = "Synfig"
    executable = "synfig"
    declared_args = SynfigArgs
    output_rules = SYNFIG_RULES
    trusts_exit_code = False
    writes_beside = True
    required_args = ("scene",)

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[SynfigArgs]) -> None: ...

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """A run of Synfig for each row of consecutive frames."""
        target = targets.main
        if not target.is_sequence or self.get_scene(0) != self.get_scene(1):
            return [self._still(frame, target) for frame in frames]
        return [
            self._still(row.start, target) if row.start == row.end else self._part(row, target) for row in rows(frames)
        ]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Rename the files to the requested names."""
        if len(command.frames) > 1:
            for frame in command.frames:
                written = numbered_path(self.get_target(), f".{frame:04d}", joint=".")
                target = self.get_target().frame_path(frame)
                if written != target and os.path.exists(written):
                    os.replace(written, target)

    def _part(self, row: Run, target: Output) -> RenderCommand:
        times = ["--start-time", f"{row.start}f", "--end-time", f"{row.end}f"]
        words = [*self._words(self.get_scene(row.start), target), "-o", numbered_path(target, "", joint="."), *times]
        return RenderCommand([*words, *self.get_extra_args()], row.frames())

    def _still(self, frame: int, target: Output) -> RenderCommand:
        words = [*self._words(self.get_scene(frame), target), "-o", target.frame_path(frame), "--time", f"{frame}f"]
        return RenderCommand([*words, *self.get_extra_args()], FrameSet([frame]))

    def _words(self, scene: str, target: Output) -> list[str]:
        extension = os.path.splitext(target.path)[1]
        settings = (("-w", "width"), ("-h", "height"), ("-a", "antialias"))
        return [
            *(*self.get_program(), scene, "-t", str(self.get_arg("format") or extension.removeprefix("."))),
            *flags(*((sign, self.get_arg(key)) for sign, key in settings), ("-T", self.get_threads())),
        ]
