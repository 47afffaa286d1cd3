# SPDX-License-Identifier: Apache-2.0
"""After Effects renders a composition with its program ``aerender``.

Versions: by contract, After Effects CS6 to 2025; never run against After Effects, which needs Windows or macOS. Flags
are those of Adobe's help ("Automated rendering") and of aerender's own; lines of output are from published logs, from
the rules of CGRU, of Thinkbox's Deadline plug-ins and of AWS Deadline Cloud. Builds in other languages print other
words.

What is taken as known:

- ``-i 2`` repeats each picture and skips no frame. So each row of consecutive frames takes a process.
- The output's name has the number as ``[####]``.
- ``PROGRESS:  0:00:00:01 (2): 0 Seconds`` shows the position of the frame among those to render. Fields are ``(2U)``
  and ``(2L)``.
- The program prints ``Finished composition`` at the end in its own language, so the module checks the pictures instead.
- An exit code of 0 proves little, so error lines alone fail the frame.
- ``-reuse`` would render in the program of somebody who works on the host, so the module never passes it.
- ``-mfr`` and ``-mem_usage`` are known from one source only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import Run, rows
from ..io.output import Targets
from ..layer.args import where
from .per_frame import PerRowLayer
from .render import RenderArgs, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["AfterEffects", "AfterEffectsArgs"]


class AfterEffectsArgs(RenderArgs, total=False):
    """The arguments of ``AfterEffects``."""

    comp: str  #: The name of the composition.
    queue_index: int  #: Its position in the render queue instead, counted from 1.
    render_template: str  #: The name of a template, for ``-RStemplate``.
    output_template: str  #: The name of a template, for ``-OMtemplate``.
    ignore_missing_footage: bool  #: True goes on where footage is missing.
    multi_frame: int  #: Renders several frames at a time, with this percentage of the processor.
    memory_usage: tuple[int, int]  #: Percentages of memory: for the image cache, and the maximum.


class AfterEffects(PerRowLayer):
    """Renders frames of an After Effects composition: each row of consecutive frames in one process.

    ::

        AfterEffects("titles", scene="titles.aep", comp="Main", outputs="out/titles.[####].png", chunk=20)
    """

    application = "AfterEffects"
    executable = "aerender"
    declared_args = AfterEffectsArgs
    output_rules = OutputRules(
        frame_index=(r"^PROGRESS: .*\((\d+)[UL]?\): ",),
        warning=(r"^WARNING:", r"Unable to (?!Render|obtain)"),
        harmless=(r"GL_VERS.*Error: 1280", r"Create Buffer Error: 1280", r"NVAPI error"),
        error=(
            r"(?i)aerender error",
            r"(?i)after effects error",
            r"\bError: ",
            r"Unable to Render",
            r"Unable to obtain a license",
            r"Invalid Serial Number",
            r"is using the same serial number",
            r"unexpected failure during application startup",
            r"internal verification failure",
            r"layer dependencies are missing",
            r"output module.*already in use",
        ),
    )
    trusts_exit_code = False
    writes_beside = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[AfterEffectsArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Also check that the arguments say what to render."""
        super().check_required_args()
        if bool(self.get_arg("comp")) == bool(self.get_arg("queue_index")):
            raise LayerException(f"{where(self)} needs one of the arguments 'comp' and 'queue_index'")

    def rows(self, frames: FrameSet) -> list[Run]:
        """The rows of consecutive frames."""
        return rows(frames)

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """The words for project, composition, frames, picture and settings."""
        memory: Any = self.get_arg("memory_usage")
        multi_frame = self.get_arg("multi_frame")
        return [
            *flags(
                ("-project", self.get_scene(row.start)),
                ("-comp", self.get_arg("comp")),
                ("-rqindex", self.get_arg("queue_index")),
                ("-s", row.start),
                ("-e", row.end),
                ("-RStemplate", self.get_arg("render_template")),
                ("-OMtemplate", self.get_arg("output_template")),
                ("-output", targets.main.brackets() if targets else None),
                ("-v", "ERRORS_AND_PROGRESS"),
                ("-close", "DO_NOT_SAVE_CHANGES"),
            ),
            *(["-mfr", "ON", str(multi_frame)] if multi_frame else []),
            *(["-mem_usage", *map(str, memory)] if memory else []),
            *(["-continueOnMissingFootage"] if self.get_arg("ignore_missing_footage") else []),
            *self.get_extra_args(),
        ]
