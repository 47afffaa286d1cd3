# SPDX-License-Identifier: Apache-2.0
"""Layers that render with the renderer for tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outline import FrameSet, Outline
from outline.console import OutputRules
from outline.io.output import Targets
from outline.modules.render import RenderCommand, RenderLayer

from . import renderer

__all__ = [
    "PROGRAM",
    "SCRIPT",
    "App",
    "AppInPlace",
    "AppOfOld",
    "AppPerFrame",
    "AppWithoutExitCode",
    "Run",
    "calls",
    "launch",
]

SCRIPT = str(Path(renderer.__file__))
PROGRAM = [sys.executable, SCRIPT]

Run = Callable[..., RenderLayer]


class App(RenderLayer):
    """Renders with the renderer for tests, which is told how to behave."""

    application = "App"
    executable = "app"
    output_rules = OutputRules(error=(r"^Error: ",), fatal=(r"out of memory",), harmless=(r"^Error: 1280",))
    writes_beside = True

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        words = [*self.get_program(), str(self.get_arg("behaviour", "render")), targets.main.printf()]
        return [RenderCommand([*words, *map(str, frames), *self.get_extra_args()], frames)]


class AppInPlace(App):
    """Writes its pictures where they are in the end."""

    writes_beside = False


class AppWithoutExitCode(App):
    """Exits with 0 whatever happens."""

    trusts_exit_code = False


class AppPerFrame(App):
    """Has a process for each frame."""

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        return [
            command
            for frame in frames
            for command in super(AppPerFrame, self).render_commands(FrameSet([frame]), targets)
        ]


class AppOfOld(App):
    """Is written as modules were before there were targets."""

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:  # type: ignore[override]  # the old form
        words = [*self.get_program(), str(self.get_arg("behaviour", "render")), self.get_target().printf()]
        return [RenderCommand([*words, *map(str, frames)], frames)]


def launch(kind: type[RenderLayer] = App, *, frames: str = "1-3", **args: Any) -> RenderLayer:
    """Make an outline of one layer and set it up."""
    args = {"executable": PROGRAM, "outputs": "out/a.####.exr", "chunk": 10, **args}
    ol = Outline("shot", frame_range=frames, current=False)
    layer = kind("app", **args)
    ol.add_layer(layer)
    ol.setup()
    return layer


def calls(folder: Path) -> list[str]:
    """Return the frames of each call of the renderer that worked in a folder, with the words behind them."""
    return (folder / renderer.CALLS).read_text().splitlines()
