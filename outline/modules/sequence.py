# SPDX-License-Identifier: Apache-2.0
"""The base of modules that read a sequence of pictures, frame by frame or all in one frame."""

from __future__ import annotations

from typing import Any

from ..exception import LayerException
from ..frames import FrameSet
from ..io.output import Output
from ..io.path import Path, is_present
from ..layer import Frame, Layer
from .render import RenderArgs, RenderLayer

__all__ = ["SequenceLayer", "SourceArgs", "SourceLayer"]


class SourceArgs(RenderArgs, total=False):
    """The arguments of modules that read pictures."""

    source: Any  #: The pictures to read: a path with the frame in any style, or an ``outline.io`` object.


class SourceLayer(RenderLayer):
    """A layer with the argument ``source``: the pictures that it reads, with the frame in any style."""

    declared_args = SourceArgs
    required_args = ("source",)
    path_args = ("source",)

    # Any: a module's own arguments.
    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that reads ``source``, a path or an ``outline.io`` object."""
        super().__init__(name, **args)
        if isinstance(self.get_arg("source"), Path):
            self.set_arg("source", self.get_arg("source").get_path())

    def get_source(self) -> Output:
        """The path of the pictures that the layer reads."""
        return Output(self.get_arg("source"), "source")

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check that all pictures exist, before any work starts.

        Raises:
            LayerException: Pictures are missing or empty. The message names the frames.
        """
        self.check_sources(frames)

    def check_sources(self, frames: FrameSet) -> None:
        """Check that the pictures of these frames exist.

        Raises:
            LayerException: They are missing or empty. The message names the frames.
        """
        source, missing = self.get_source(), self.missing_sources(frames)
        if missing:
            named = f" for frames {FrameSet(missing)}" if source.is_sequence else ""
            raise LayerException(f"layer {self.get_name()!r}: its source is missing or empty{named}: {source.path}")

    def missing_sources(self, frames: FrameSet) -> list[int]:
        """Those of the given frames whose pictures are missing or empty."""
        source = self.get_source()
        return [frame for frame in frames if not is_present(source.frame_path(frame))]


class SequenceLayer(SourceLayer, Frame):
    """A layer of one frame that makes one file of a whole sequence.

    The pictures belong to the frames of the job, or to those of ``range`` that the job has.
    """

    frames_share_outputs = True
    takes_items = False

    def get_sequence(self) -> FrameSet:
        """The frames of the pictures, in order.

        Raises:
            LayerException: ``range`` has no frame of the job.
        """
        frames = Layer.get_frame_range(self)
        if not frames:
            raise LayerException(f"layer {self.get_name()!r}: its range has no frame of the job, so it has no pictures")
        return FrameSet(frames).unique()

    def get_progress_frames(self, frames: FrameSet) -> FrameSet:
        """The frames of the pictures, which the application counts."""
        return self.get_sequence()

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check that all pictures of the sequence exist."""
        self.check_sources(self.get_sequence())
