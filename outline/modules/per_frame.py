# SPDX-License-Identifier: Apache-2.0
"""The bases of modules for programs that take one frame, or one row of frames, in each process."""

from __future__ import annotations

from typing import ClassVar

from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import Run, runs
from ..io.output import Targets
from ..layer.args import where
from .render import RenderCommand, RenderLayer

__all__ = ["PerFrameLayer", "PerRowLayer"]


class PerFrameLayer(RenderLayer):
    """Renders each frame in its own process, from its own scene file.

    A module implements ``frame_words`` instead of ``render_commands``.

    Attributes:
        may_share_scene: All frames may be made of one scene file.
    """

    required_args = ("scene",)
    may_share_scene: ClassVar[bool] = False

    def frame_words(self, frame: int, targets: Targets) -> list[str]:
        """The words that follow the program for one frame."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it renders a frame")

    def check_required_args(self) -> None:
        """Also check that every frame has its own scene file."""
        super().check_required_args()
        if self.may_share_scene or self.get_items() is not None or not self.get_arg("scene"):
            return
        frames = FrameSet(self.get_frame_range() or "1").unique()
        if len(frames) > 1 and self.get_scene(frames[0]) == self.get_scene(frames[1]):
            raise LayerException(
                f"{where(self)}: {self.application} renders one file per frame, but the scene {self.get_scene()!r} is a"
                " single file; put #### into its path"
            )

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """A run of the program for each frame."""
        program = self.get_program()
        return [RenderCommand([*program, *self.frame_words(frame, targets)], FrameSet([frame])) for frame in frames]


class PerRowLayer(RenderLayer):
    """Renders each row of frames with one step in its own process.

    A module implements ``row_words`` instead of ``render_commands``.
    """

    required_args = ("scene",)

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """The words that follow the program for one row of frames."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it renders frames")

    def rows(self, frames: FrameSet) -> list[Run]:
        """The rows of frames. For applications without a step, rows of consecutive frames."""
        return runs(frames)

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """A run of the program for each row of frames."""
        program = self.get_program()
        return [RenderCommand([*program, *self.row_words(row, targets)], row.frames()) for row in self.rows(frames)]
