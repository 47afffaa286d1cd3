# SPDX-License-Identifier: Apache-2.0
"""Layers of a single frame: before a layer, after a layer, after the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..constants import LayerType
from ..depend import DependType
from ..exception import LayerException
from ..frames import FrameSet
from .base import DEFAULT_FRAME_RANGE, Layer
from .paths import OUTPUTS_DATA
from .ranges import first_frame

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .args import CommandArgs

__all__ = ["Composite", "Frame", "LayerPostProcess", "LayerPreProcess", "OutlinePostCommand", "PostFrame"]


class Frame(Layer):
    """A layer of exactly one frame, whatever the range of the job; its number is the job's first frame."""

    has_fixed_frames = True

    def get_frame_range(self) -> str | None:
        """The job's first frame number as text, ``1000-1000`` without a job range; None while it waits for items."""
        ol = self.get_outline()
        if ol is not None and ol.holds(self):
            return None
        return first_frame(ol.get_frame_range() if ol is not None else None) or DEFAULT_FRAME_RANGE

    def set_frame_range(self, frame_range: Any) -> None:
        """Do nothing: a Frame has one frame."""


def _name_of(creator: Any, process: Frame) -> str:
    if not isinstance(creator, Layer):
        raise LayerException(
            f"{type(process).__name__} takes the layer that it belongs to, not {creator!r};"
            f" make it after that layer, as {type(process).__name__}(layer), and leave out add_child"
        )
    return creator.get_name()


class LayerPreProcess(Frame):
    """A frame that runs before all frames of its creator, and hands its outputs to it.

    It is named ``<creator>_preprocess`` (argument ``suffix``) and its creator waits for it.
    """

    def __init__(self, creator: Layer, **args: Unpack[CommandArgs]) -> None:
        """Make a pre-process of ``creator``."""
        super().__init__(f"{_name_of(creator, self)}_{args.get('suffix', 'preprocess')}", **args)
        self.__creator = creator
        creator.depend_on(self, DependType.LayerOnLayer, propigate=False)
        creator.add_preprocess_layer(self)
        self.set_type(LayerType.UTIL)
        self.set_service("preprocess")

    def get_creator(self) -> Layer:
        """The layer that waits for this pre-process."""
        return self.__creator

    def get_frame_range(self) -> str | None:
        """The creator's first frame number as text; None when the creator has no frames in this job."""
        return first_frame(self.__creator.get_frame_range())

    def execute(self, frame: int) -> None:
        """Run the frame, then put the outputs that it found where the creator's frames load them."""
        super().execute(frame)
        if self.get_outputs():
            self.__creator.put_data(OUTPUTS_DATA, self.get_outputs(), force=True)


class LayerPostProcess(Frame):
    """A frame that runs after all frames of its creator; it is named ``<creator>_postprocess``."""

    def __init__(self, creator: Layer, propigate: bool = True, **args: Unpack[CommandArgs]) -> None:
        """Make a post-process of ``creator``; ``propigate`` as in ``depend_on``."""
        super().__init__(f"{_name_of(creator, self)}_postprocess", **args)
        self.__creator = creator
        self.depend_on(creator, DependType.LayerOnLayer, propigate=propigate)
        self.set_type(LayerType.UTIL)

    def get_creator(self) -> Layer:
        """The layer that this post-process waits for."""
        return self.__creator


class PostFrame(Frame):
    """A frame that runs when all other layers are through, also when some of their frames failed."""

    def __init__(self, name: str, **args: Unpack[CommandArgs]) -> None:
        """Make a frame of the type Post."""
        super().__init__(name, **args)
        self.set_type(LayerType.POST)


class OutlinePostCommand(PostFrame):
    """A command that runs when all other layers are through, also when some of their frames failed.

    Derive from it and override ``_execute``, or give the argument ``command``.
    """

    def __init__(self, name: str | Layer, **args: Unpack[CommandArgs]) -> None:
        """Make a post command; a layer may be given for its name."""
        super().__init__(str(name) if isinstance(name, Layer) else name, **args)
        self.set_service("postprocess")

    def _execute(self, frames: FrameSet) -> None:
        command = self.get_arg("command")
        if command:
            self.system(command, frame=frames[0])


class Composite(Layer):
    """A layer whose work is that of its children, frame by frame, in the order in which they were added."""
