# SPDX-License-Identifier: Apache-2.0
"""Katana renders a Render node in batch mode.

Versions: by contract, Katana 3.1 and later; never run against Katana. Flags are those of Foundry's online help ("Batch
mode"). What Katana prints of its own is not known; progress is that of Arnold and RenderMan in it.

What is taken as known:

- ``--batch``, ``--katana-file`` and ``--render-node`` must all be there. ``-t`` takes a list without steps: ``1-5,8``.
- The node chooses the names of the files, so ``outputs`` says what they are, and they are written in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import katana_list
from .render import RenderCommand, RenderLayer

__all__ = ["Katana"]

KATANA_RULES = OutputRules(
    percent=(r"\| +(\d+)% done", r"R90000\s+(\d+)%"),
    warning=(r"^\[WARNING ", r"WARNING +\|"),
    error=(
        r"\{SEVERE\} License",
        r"rendering with watermarks because of failed authorization",
        r"(?i)\blicen[cs]e\b.*\b(?:fail|error|denied|not found|unavailable)",
        r"^\[(?:ERROR|CRITICAL) ",
        r"^\w*Error: .+",
    ),
)


class Katana(RenderLayer):
    """Renders frames of a Katana project; all frames of a chunk in one process.

    ::

        Katana("beauty", scene="shot.katana", render_node="RenderBeauty", outputs="images/beauty.####.exr", chunk=5)

    Arguments besides those of ``RenderLayer``:

    - ``render_node``: the name of the Render node;
    - ``variables``: a dict of graph state variables, for ``--var``.
    """

    application = "Katana"
    executable = "katana"
    output_rules = KATANA_RULES

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with Katana."""
        super().__init__(name, **args)
        self.require_arg("scene")
        self.require_arg("render_node", str)

    def check_required_args(self) -> None:
        """Check also that the variables are a dict."""
        super().check_required_args()
        variables = self.get_arg("variables")
        if variables is not None and not isinstance(variables, Mapping):
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()}: variables must be a dict, not {variables!r}"
            )

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return one run of Katana for all frames."""
        variables = self.get_arg("variables") or {}
        words = [
            *self.get_program(),
            "--batch",
            f"--katana-file={self.get_scene(frames[0])}",
            f"--render-node={self.get_arg('render_node')}",
            "-t",
            katana_list(frames),
            *(f"--var={name}={value}" for name, value in variables.items()),
        ]
        return [RenderCommand([*words, *self.get_extra_args()], frames)]
