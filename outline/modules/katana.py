# SPDX-License-Identifier: Apache-2.0
"""Katana renders a Render node in batch mode.

Versions: by contract, Katana 3.1 and later; never run against Katana. Flags are those of Foundry's online help ("Batch
mode"); lines of output are from Thinkbox's Deadline plug-ins, and progress is also that of Arnold and RenderMan in it.

What is taken as known:

- ``--batch`` and ``--katana-file`` are required, and before Katana 3.5 ``--render-node`` too. ``-t`` takes a list
  without steps: ``1-5,8``.
- ``--threads2d`` counts threads besides the main one.
- ``Block 3/48 … rendered``, of Redshift in Katana, is known from one source only. The rules do not read render passes.
- On Windows the program is ``katanaBin.exe``.
- The node chooses the file names, so ``outputs`` must match them, and Katana writes them in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import katana_list
from ..io.output import Targets
from .render import RenderArgs, RenderCommand, RenderLayer

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Katana", "KatanaArgs"]


class KatanaArgs(RenderArgs, total=False):
    """The arguments of ``Katana``."""

    render_node: str  #: The name of the Render node. Required before Katana 3.5.
    variables: dict[str, Any]  #: Graph state variables, for ``--var``.


class Katana(RenderLayer):
    """Renders frames of a Katana project: all frames of a chunk in one process.

    ::

        Katana("beauty", scene="shot.katana", render_node="RenderBeauty", outputs="images/beauty.####.exr", chunk=5)
    """

    application = "Katana"
    executable = ("katana", "katanaBin")
    declared_args = KatanaArgs
    output_rules = OutputRules(
        percent=(r"\| +(\d+)% done", r"R90000\s+(\d+)%", r"\bBlock (\d+)/(\d+) .*\brendered\b"),
        frame=(r"Starting frame (-?\d+)",),
        frame_done=(r"Frame (-?\d+) completed",),
        warning=(r"^\[WARNING ", r"WARNING +\|"),
        error=(
            r"\{SEVERE\} License",
            r"(?i)\blicen[cs]e\b.*\b(?:fail|error|denied|not found|unavailable)",
            r"^\[(?:ERROR|CRITICAL) ",
            r"^\w*Error: .+",
        ),
        fatal=(r"rendering with watermarks because of failed authorization", r"ERROR +\|"),
    )
    required_args = ("scene",)
    arg_types: ClassVar[dict[str, type]] = {"render_node": str, "variables": dict}

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[KatanaArgs]) -> None: ...

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of Katana for all frames."""
        variables = self.get_arg("variables") or {}
        node = self.get_arg("render_node")
        words = [
            *(*self.get_program(), "--batch", f"--katana-file={self.get_scene(frames[0])}"),
            *([f"--render-node={node}"] if node else []),
            *("-t", katana_list(frames), f"--threads2d={self.get_threads() - 1}"),
            *(f"--var={name}={value}" for name, value in variables.items()),
            *self.get_extra_args(),
        ]
        return [RenderCommand(words, frames)]
