# SPDX-License-Identifier: Apache-2.0
"""Nuke executes the Write nodes of a script.

Versions: by contract, Nuke 9 to 15; never run against Nuke. Flags, frame lists and exit codes are those of Foundry's
online help ("Defining frame ranges", "Rendering on a render farm", "Command line operations"); lines of output are from
the rules of CGRU and of AWS Deadline Cloud. The flag ``-i`` is not verified.

What is taken as known:

- ``-x`` executes, ``-X`` names the Write nodes, ``-F`` takes a list with blanks in one word: ``1 3-9x2``.
- Status 1 is an error while rendering, 100 a licence that was not to be had.
- Warnings go to the error output, and so do errors; ``Total render time`` is also printed by runs that failed.
- Tenths of a frame are printed as ``.1.2.3`` on one line that has no end yet.
- The Write nodes choose the names of the files, so ``outputs`` says what they are, and they are written in place.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import nuke_list
from ..rendering.words import words_of
from .render import RenderCommand, RenderLayer

__all__ = ["Nuke"]

NUKE_RULES = OutputRules(
    tenths=(r"(?:^|\s)(?:\.\d)*\.(\d)(?=[\s.]|$)",),
    frame_done=(r"^Frame (-?\d+) \(\d+ of \d+\)", r"Writing (.+) took [\d.]+ seconds"),
    warning=(r"\] Warning: ",),
    error=(
        r"(?i)invalid .*licen[cs]e key",
        r"(?i)\blicen[cs]e\b.*\b(?:fail|error|denied|not found|unavailable)",
        r"\] ERROR: ",
        r"^ERROR: ",
        r"Node execution error:",
        r"Worker process failed",
        r"Segmentation fault",
    ),
)


class Nuke(RenderLayer):
    """Renders frames of a Nuke script; all frames of a chunk in one process.

    ::

        Nuke("comp", scene="comp.nk", outputs="out/comp.####.exr", write_nodes=["Write1"], chunk=5)

    Arguments besides those of ``RenderLayer``:

    - ``write_nodes``: names of the nodes to execute; all Write nodes when not given;
    - ``interactive_licence``: True takes a licence of the interactive program;
    - ``keep_going``: True lets Nuke go on with the next frame after an error; the frames that lack files still fail;
    - ``gpu``: True uses the GPU;
    - ``verbosity``: a number, as ``-V`` has it.
    """

    application = "Nuke"
    executable = "nuke"
    output_rules = NUKE_RULES
    exit_reasons: ClassVar[dict[int, str]] = {1: "an error while rendering", 100: "no licence was to be had"}

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with Nuke."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return one run of Nuke for all frames."""
        words = [*self.get_program(), "-x"]
        words += ["-i"] if self.get_arg("interactive_licence") else []
        words += ["--cont"] if self.get_arg("keep_going") else []
        words += ["--gpu"] if self.get_arg("gpu") else []
        words += ["-V", str(self.get_arg("verbosity"))] if self.get_arg("verbosity") is not None else []
        words += ["-m", str(self.get_threads()), "-F", nuke_list(frames)]
        nodes = words_of(self.get_arg("write_nodes"))
        words += ["-X", ",".join(nodes)] if nodes else []
        return [RenderCommand([*words, *self.get_extra_args(), self.get_scene(frames[0])], frames)]
