# SPDX-License-Identifier: Apache-2.0
"""Synfig renders frames of a 2D animation.

Versions: run for real with 1.5.1 of Debian 12. Facts are from experiments and ``synfig --help-all``.

What you need to know, all measured:

- ``--start-time 3f --end-time 5f`` renders frames 3 to 5. There is no step, so a chunk with gaps takes several
  processes. Frames outside the canvas's time show its first or last picture and cause no error.
- From ``-o a.png`` it makes ``a.0003.png``: a dot and four digits. The module renames the files afterwards.
- It exits with 0 when the picture cannot be written. Only the picture counts.
- On a full disk it retries the same picture for ever, with thousands of errors a second, so the library ends it.
- All output goes to stderr, some in colours. Progress comes with carriage returns.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import Run, rows
from ..io.numbered import move_written, numbered_path
from ..io.output import Targets
from .per_frame import PerRowLayer
from .render import RenderArgs, RenderCommand, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Synfig", "SynfigArgs"]


class SynfigArgs(RenderArgs, total=False):
    """The arguments of ``Synfig``."""

    width: int  #: In pixels.
    height: int  #: In pixels.
    antialias: int  #: 1 to 30.
    format: str  #: The name of a Synfig target. Defaults to the output's extension.


class Synfig(PerRowLayer):
    """Renders frames with Synfig: each run of consecutive frames in one process.

    ::

        Synfig("title", scene="title.sif", outputs="out/title.####.png", chunk=10)
    """

    application = "Synfig"
    executable = "synfig"
    declared_args = SynfigArgs
    output_rules = OutputRules(
        frame_done=(r"^(.+\.-?\d+\.\w+): DONE",),
        warning=(r"\] warning: ",),
        error=(r"\] error: .+", r"^Unable to load file"),
        most_errors=100,
    )
    trusts_exit_code = False
    writes_beside = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[SynfigArgs]) -> None: ...

    def rows(self, frames: FrameSet) -> list[Run]:
        """The rows of consecutive frames; each frame by itself when it has its own scene, or the output no number."""
        if not self.get_target().is_sequence or self.get_scene(0) != self.get_scene(1):
            return [Run(frame, frame, 1) for frame in frames]
        return rows(frames)

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """The words for scene, settings, picture and times."""
        target, settings = targets.main, (("-w", "width"), ("-h", "height"), ("-a", "antialias"))
        if row.start == row.end:
            picture, times = target.frame_path(row.start), ["--time", f"{row.start}f"]
        else:
            picture = numbered_path(target, "", joint=".")
            times = ["--start-time", f"{row.start}f", "--end-time", f"{row.end}f"]
        return [
            self.get_scene(row.start),
            *flags(("-t", self.get_arg("format") or os.path.splitext(target.path)[1].removeprefix("."))),
            *flags(*((sign, self.get_arg(key)) for sign, key in settings)),
            *flags(("-T", self.get_threads()), ("-o", picture)),
            *times,
            *self.get_extra_args(),
        ]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Rename the files to the requested names."""
        for frame in command.frames if len(command.frames) > 1 else ():
            written = numbered_path(self.get_target(), f".{frame:04d}", joint=".")
            move_written(written, self.get_target().frame_path(frame))
