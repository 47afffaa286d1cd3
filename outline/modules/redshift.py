# SPDX-License-Identifier: Apache-2.0
"""Redshift renders ``.rs`` files with its program ``redshiftCmdLine``.

Versions: by contract, Redshift 2.6 to 3.5; never run against Redshift. The command line is from published notes and
from Thinkbox's Deadline plug-ins; lines of the log and what they mean are from there and from the rules of CGRU.

What is taken as known:

- One process renders one file. The ``.rs`` file says where the picture goes; ``-oip`` names another folder.
- ``-gpu N``, several times, chooses the GPUs. Without it Redshift uses all.
- ``Block 32/48 (7,4) rendered by GPU 0`` shows the progress. Blocks finish out of order.
- Exit codes are unknown, so error lines alone fail the frame.
- ``-oro FILE`` (options), ``-opbp DIR``, ``-cachepath DIR`` and ``-texturecachebudget N`` go through ``extra_args``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..console import OutputRules
from ..io.output import Targets
from .per_frame import PerFrameLayer
from .render import RenderArgs, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Redshift", "RedshiftArgs"]


class RedshiftArgs(RenderArgs, total=False):
    """The arguments of ``Redshift``."""

    gpu_ids: int | list[int]  #: Which GPUs of the host to use, one or several. Defaults to all.
    set_output: bool  #: True makes it write into the folder of the first output, whatever the ``.rs`` file says.
    width: int  #: In pixels. Requires ``height``.
    height: int  #: In pixels.


class Redshift(PerFrameLayer):
    """Renders ``.rs`` files with redshiftCmdLine, one process per frame.

    ::

        Redshift("beauty", scene="rs/shot.####.rs", outputs="images/beauty.####.exr", gpu_ids=[0, 1])
    """

    application = "Redshift"
    size_needs_both = True
    executable = "redshiftCmdLine"
    declared_args = RedshiftArgs
    output_rules = OutputRules(
        percent=(r"Block\s+(\d+)/(\d+) ",),
        warning=(r"(?i)^\W*warning\b",),
        fatal=(
            r"License error",
            r"No devices found\. Aborting rendering\.",
            r"Rendering was internally aborted",
            r"illegal memory access",
            r"less than 128MB of free VRAM",
            r"ERROR +\|",
        ),
    )

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[RedshiftArgs]) -> None: ...

    def frame_words(self, frame: int, targets: Targets) -> list[str]:
        """The words for scene, folder, size and GPUs."""
        gpus = flags(("-gpu", self.get_arg("gpu_ids")))
        folder = ["-oip", targets.main.folder] if self.get_arg("set_output") and targets else []
        width, height = self.get_arg("width"), self.get_arg("height")
        size = ["-ores", f"{width}x{height}"] if width and height else []
        return [self.get_scene(frame), *folder, *size, *gpus, *self.get_extra_args()]
