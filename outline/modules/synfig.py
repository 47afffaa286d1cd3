# SPDX-License-Identifier: Apache-2.0
"""Synfig renders frames of a 2D animation.

Versions: run for real with 1.5.1 of Debian 12. Facts are from trying and from ``synfig --help-all``.

What has to be known, all of it measured:

- ``--start-time 3f --end-time 5f`` renders frames 3 to 5; there is no step, so a chunk with gaps takes several
  processes. Frames outside of the canvas's time show its first or last picture, and are no error.
- Of ``-o a.png`` it makes ``a.0003.png``: a dot and four digits. Files are renamed afterwards.
- It exits with 0 when the picture cannot be written. Only the picture counts.
- On a full disk it tries to write the same picture for ever, with thousands of errors a second, so it is ended.
- All output goes to the error output, some in colours; progress comes with carriage returns.
"""

from __future__ import annotations

import os
from typing import Any

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import runs
from ..rendering.numbered import numbered_path
from .render import RenderCommand, RenderLayer

__all__ = ["Synfig"]

SYNFIG_RULES = OutputRules(
    frame_done=(r"^(.+\.-?\d+\.\w+): DONE",),
    warning=(r"\] warning: ",),
    error=(r"\] error: .+", r"^Unable to load file"),
    most_errors=100,
)


class Synfig(RenderLayer):
    """Renders frames with Synfig; each run of consecutive frames in one process.

    ::

        Synfig("title", scene="title.sif", outputs="out/title.####.png", chunk=10)

    Arguments besides those of ``RenderLayer``: ``width`` and ``height`` in pixels, ``antialias`` (1 to 30), ``format``
    (the name of a Synfig target; from the extension of the output when not given).
    """

    application = "Synfig"
    executable = "synfig"
    output_rules = SYNFIG_RULES
    trusts_exit_code = False
    writes_beside = True

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with Synfig."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return a run of Synfig for each row of consecutive frames."""
        if not self.get_target().is_sequence or self.get_scene(0) != self.get_scene(1):
            return [self._still(frame) for frame in frames]
        commands = []
        for run in runs(frames):
            if run.step == 1 and run.start != run.end:
                commands.append(self._part(run.start, run.end))
            else:
                commands += [self._still(frame) for frame in run.frames()]
        return commands

    def collect_outputs(self, command: RenderCommand) -> None:
        """Give the files the names that were asked for."""
        if len(command.frames) > 1:
            for frame in command.frames:
                written = numbered_path(self.get_target(), f".{frame:04d}", joint=".")
                target = self.get_target().frame_path(frame)
                if written != target and os.path.exists(written):
                    os.replace(written, target)

    def _part(self, start: int, end: int) -> RenderCommand:
        times = ["--start-time", f"{start}f", "--end-time", f"{end}f"]
        words = [*self._words(self.get_scene(start)), "-o", numbered_path(self.get_target(), "", joint="."), *times]
        return RenderCommand([*words, *self.get_extra_args()], FrameSet(range(start, end + 1)))

    def _still(self, frame: int) -> RenderCommand:
        words = [*self._words(self.get_scene(frame)), "-o", self.get_target().frame_path(frame), "--time", f"{frame}f"]
        return RenderCommand([*words, *self.get_extra_args()], FrameSet([frame]))

    def _words(self, scene: str) -> list[str]:
        extension = os.path.splitext(self.get_target().path)[1]
        words = [*self.get_program(), scene, "-t", str(self.get_arg("format") or extension.removeprefix("."))]
        for sign, key in (("-w", "width"), ("-h", "height"), ("-a", "antialias")):
            if self.get_arg(key) is not None:
                words += [sign, str(self.get_arg(key))]
        return [*words, "-T", str(self.get_threads())]
