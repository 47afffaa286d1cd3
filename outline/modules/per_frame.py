# SPDX-License-Identifier: Apache-2.0
"""The base of modules for programs that render one scene file, and so one frame, in each process."""

from __future__ import annotations

from typing import Any

from ..exception import LayerException
from ..frames import FrameSet
from .render import RenderCommand, RenderLayer

__all__ = ["PerFrameLayer"]


class PerFrameLayer(RenderLayer):
    """Renders each frame in a process of its own, from a scene file of its own.

    A module writes ``frame_words`` instead of ``render_commands``.
    """

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders a scene file per frame."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def frame_words(self, frame: int) -> list[str]:
        """Return the words that follow the program for one frame."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it renders a frame")

    def check_required_args(self) -> None:
        """Check also that every frame has a scene file of its own."""
        super().check_required_args()
        frames = FrameSet(self.get_frame_range() or "1").unique()
        if len(frames) > 1 and self.get_arg("scene") and self.get_scene(frames[0]) == self.get_scene(frames[1]):
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()}: {self.application} renders one file per frame, but the"
                f" scene {self.get_scene()!r} has no place for the frame, such as ####"
            )

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return a run of the program for each frame."""
        program = self.get_program()
        return [RenderCommand([*program, *self.frame_words(frame)], FrameSet([frame])) for frame in frames]
