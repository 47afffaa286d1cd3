# SPDX-License-Identifier: Apache-2.0
"""After Effects renders a composition with its program ``aerender``.

Versions: by contract, After Effects CS6 to 2025; never run against After Effects, which needs Windows or macOS. Flags
are those of Adobe's help ("Automated rendering") and of aerender's own; lines of output are from published logs, from
the rules of CGRU, of Thinkbox's Deadline plug-ins and of AWS Deadline Cloud. Builds in other languages print other
words.

What is taken as known:

- ``-i 2`` repeats each picture, it skips no frame. So each row of consecutive frames takes a process.
- The number stands as ``[####]`` in the name of the output.
- ``PROGRESS:  0:00:00:01 (2): 0 Seconds`` tells the place of the frame among those that are rendered; fields are
  ``(2U)`` and ``(2L)``.
- ``Finished composition`` at the end is told in the language of the program, so it is not asked for: the pictures are.
- A status of 0 proves little, so lines that tell of an error fail the frame by themselves.
- ``-reuse`` would render in the program of somebody who works on the host, so it is never given.
- ``-mfr`` and ``-mem_usage`` are known from one source only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import Run, rows
from ..io.output import Targets
from .per_frame import PerRowLayer
from .render import RenderArgs, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["AfterEffects", "AfterEffectsArgs"]

AFTER_EFFECTS_RULES = OutputRules(
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


class AfterEffectsArgs(RenderArgs, total=False):
    """The arguments of ``AfterEffects``."""

    comp: str  #: The name of the composition.
    queue_index: int  #: Its place in the render queue instead, from 1 on.
    render_template: str  #: The name of a template, as ``-RStemplate`` has it.
    output_template: str  #: The name of a template, as ``-OMtemplate`` has it.
    ignore_missing_footage: bool  #: True goes on where footage is missing.
    multi_frame: int  #: Renders several frames at a time, with this percentage of the processor.
    memory_usage: tuple[int, int]  #: Percentages of memory, for the image cache and at most.


class AfterEffects(PerRowLayer):
    """Renders frames of an After Effects composition; each row of consecutive frames in one process.

    ::

        AfterEffects("titles", scene="titles.aep", comp="Main", outputs="out/titles.[####].png", chunk=20)
    """

    application = "AfterEffects"
    executable = "aerender"
    declared_args = AfterEffectsArgs
    output_rules = AFTER_EFFECTS_RULES
    trusts_exit_code = False
    writes_beside = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[AfterEffectsArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Check also that it is said what to render."""
        super().check_required_args()
        if bool(self.get_arg("comp")) == bool(self.get_arg("queue_index")):
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()} needs one of the arguments 'comp' and 'queue_index'"
            )

    def rows(self, frames: FrameSet) -> list[Run]:
        """The rows of consecutive frames."""
        return rows(frames)

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """Project, composition, frames, picture and settings."""
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
