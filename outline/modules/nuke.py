# SPDX-License-Identifier: Apache-2.0
"""Nuke executes the Write nodes of a script.

Versions: by contract, Nuke 9 to 15; never run against Nuke. Flags, frame lists and exit codes are those of Foundry's
online help ("Defining frame ranges", "Rendering on a render farm", "Command line operations"); lines of output are from
the rules of CGRU, of Thinkbox's Deadline plug-ins and of AWS Deadline Cloud.

What is taken as known:

- ``-x`` executes, ``-X`` names the Write nodes, ``-F`` takes a list with blanks in one word: ``1 3-9x2``.
- Exit code 1 is a render error, 100 a missing licence. Lines that begin with ``ERROR:`` or ``Error:`` fail the frame
  whatever the exit code, unless Nuke has the option to go on after errors.
- Warnings and errors go to stderr. Failed runs print ``Total render time`` too.
- Nuke prints ``Frame 1 (1 of 4)`` and ``Writing … took`` only with ``-V 2``.
- It prints tenths of a frame as ``.1.2.3`` on one incomplete line.
- ``-c`` limits the cache, to half of the reserved memory. ``--sro`` renders Write nodes in their own order.
- The Write nodes choose the file names, so ``outputs`` must match them, and Nuke writes them in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import nuke_list
from ..io.output import Targets
from .render import RenderArgs, RenderCommand, RenderLayer, flags, words_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Nuke", "NukeArgs"]

_ERRORS = (r"(?:^|\] )(?:ERROR|Error) ?: ", r"Eddy\[ERROR\]")


class NukeArgs(RenderArgs, total=False):
    """The arguments of ``Nuke``."""

    write_nodes: str | list[str]  #: Names of the nodes to execute. Defaults to all Write nodes.
    views: str | list[str]  #: Names of the views to render. Defaults to all.
    proxy: bool  #: True renders the proxy, False the full size. Defaults to the script's setting.
    nukex: bool  #: True starts NukeX.
    interactive_licence: bool  #: True takes a licence of the interactive program.
    keep_going: bool  #: True goes on with the next frame after an error. Frames that lack files still fail.
    gpu_index: int  #: Uses this GPU of the host; ``gpu=True`` any.
    verbosity: int  #: A value for ``-V``. Defaults to 2.


class Nuke(RenderLayer):
    """Renders frames of a Nuke script: all frames of a chunk in one process.

    ::

        Nuke("comp", scene="comp.nk", outputs="out/comp.####.exr", write_nodes=["Write1"], chunk=5)
    """

    application = "Nuke"
    executable = "nuke"
    declared_args = NukeArgs
    output_rules = OutputRules(
        tenths=(r"(?:^|\s)(?:\.\d)*\.(\d)(?=[\s.]|$)",),
        frame_done=(r"^Frame (-?\d+) \(\d+ of \d+\)", r"Writing (.+) took [\d.]+ seconds"),
        warning=(r"(?:^|\] )Warning: ",),
        error=(
            r"(?i)invalid .*licen[cs]e key",
            r"(?i)\blicen[cs]e\b.*\b(?:fail|error|denied|not found|unavailable)",
            r"Node execution error:",
            r"Worker process failed",
            r"Segmentation fault",
        ),
        fatal=_ERRORS,
    )
    exit_reasons: ClassVar[dict[int, str]] = {1: "an error while rendering", 100: "no licence was available"}
    required_args = ("scene",)

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[NukeArgs]) -> None: ...

    def get_output_rules(self) -> OutputRules:
        """The output rules. Errors do not fail a frame when Nuke goes on after them."""
        rules = self.output_rules
        return rules._replace(error=rules.error + _ERRORS, fatal=()) if self.get_arg("keep_going") else rules

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of Nuke for all frames."""
        proxy, index, verbosity = self.get_arg("proxy"), self.get_arg("gpu_index"), self.get_arg("verbosity")
        words = [*self.get_program(), "-x", "-V", str(2 if verbosity is None else verbosity)]
        words += ["-i"] if self.get_arg("interactive_licence") else []
        words += ["--nukex"] if self.get_arg("nukex") else []
        words += ["--cont"] if self.get_arg("keep_going") else []
        words += ["--gpu"] if self.get_arg("gpu") and index is None else flags(("--gpu", index))
        words += [] if proxy is None else ["-p" if proxy else "-f"]
        words += ["-m", str(self.get_threads())]
        words += ["-c", f"{self.get_memory_mb() // 2}M"] if self.get_memory_mb() else []
        words += ["--sro", "-F", nuke_list(frames)]
        words += flags(("-X", ",".join(words_of(self.get_arg("write_nodes")))))
        words += flags(("--view", ",".join(words_of(self.get_arg("views")))))
        return [RenderCommand([*words, *self.get_extra_args(), self.get_scene(frames[0])], frames)]
