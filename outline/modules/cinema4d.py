# SPDX-License-Identifier: Apache-2.0
"""Cinema 4D renders a scene with its program ``Commandline``.

Versions: by contract, Cinema 4D R20 to 2024; never run against Cinema 4D. The command line and the lines of output are
those of CGRU, of Thinkbox's Deadline plug-ins and of AWS Deadline Cloud; Maxon's own reference has not been read.

What is taken as known:

- ``-frame 1 10 2`` is start, end and step, so each row of frames with one step takes a process.
- Cinema 4D adds the number and the extension to the output's name. The module renames the files afterwards. The scene
  sets the format, so ``outputs`` must have its extension. Cinema 4D may take a dot in the name as the start of an
  extension, so the module writes no hidden names, which begin with one.
- Exit codes are unknown, so error lines alone fail the frame.
- ``-noopengl`` makes it work without a display. Pass it through ``extra_args``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..console import OutputRules
from ..frames.dialects import Run
from ..io.output import Targets
from .per_frame import PerRowLayer
from .render import RenderArgs, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Cinema4D", "Cinema4DArgs"]


class Cinema4DArgs(RenderArgs, total=False):
    """The arguments of ``Cinema4D``."""

    take: str  #: The name of the take.
    width: int  #: In pixels. Requires ``height``.
    height: int  #: In pixels.
    multipass: str  #: The path of the multi-pass pictures, for ``-omultipass``.
    gpu_ids: int | list[int]  #: Which GPUs Redshift uses, one or several. Defaults to all.


class Cinema4D(PerRowLayer):
    """Renders frames of a Cinema 4D scene: each row of frames with one step in one process.

    ::

        Cinema4D("beauty", scene="shot.c4d", outputs="images/beauty.####.exr", chunk=5)
    """

    application = "Cinema4D"
    size_needs_both = True
    executable = "Commandline"
    declared_args = Cinema4DArgs
    output_rules = OutputRules(
        percent=(r"Progress: (\d+)%",),
        frame=(r"Rendering frame (-?\d+)",),
        warning=(r"(?i)^warning\b",),
        error=(
            r"Files cannot be written - please check output paths!",
            r"(?:Document|Project) not found",
            r"Error (?:loading|rendering) (?:document|project)",
            r"Rendering failed",
            r"Asset missing",
            r"Unable to write file",
            r"output resolution is too high",
            r"Frame rendering aborted",
            r"Invalid License from License Server",
            r"Enter Registration Data",
            r"abort_on_license_fail enabled",
            r"(?i)\blicen[cs]e\b.*\b(?:fail|error|denied|not found|unavailable)",
        ),
    )
    trusts_exit_code = False
    numbers_files = True
    path_args = ("scene", "multipass")

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[Cinema4DArgs]) -> None: ...

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """The words for scene, frames, picture and settings."""
        image = targets.main.pattern.prefix.rstrip("._-") if targets else None
        return [
            *("-nogui", "-render", self.get_scene(row.start)),
            *("-frame", str(row.start), str(row.end), str(row.step)),
            *flags(("-oimage", image), ("-omultipass", self.get_arg("multipass")), ("-take", self.get_arg("take"))),
            *self.size_words("-oresolution"),
            *flags(("-threads", self.get_threads()), ("-redshift-gpu", self.get_arg("gpu_ids"))),
            *self.get_extra_args(),
        ]
