# SPDX-License-Identifier: Apache-2.0
"""A contact sheet: small copies of all pictures of a sequence in one picture, made with oiiotool.

Versions: run for real with oiiotool 3.2.2 from PyPI; see ``outline.modules.oiio`` for what has to be known.
"""

from __future__ import annotations

import math
from typing import Any

from ..exception import LayerException
from ..frames import FrameSet
from .oiio import OIIO_RULES, check_folder
from .render import RenderCommand
from .sequence import SequenceLayer

__all__ = ["ContactSheet"]


class ContactSheet(SequenceLayer):
    """Puts all pictures of a sequence on one sheet, in one frame.

    ::

        ContactSheet("sheet", source="small/a.####.png", outputs="sheet.png", columns=6, require="small:all")

    Arguments besides those of ``RenderLayer``:

    - ``source``: the pictures; ``range``: their frames, those of the job when not given;
    - ``columns``: pictures in a row; as many as make the sheet square when not given;
    - ``tile``: width and height in pixels into which each picture is fitted; pictures keep their size when not given;
    - ``pad``: pixels between pictures, 4 when not given.
    """

    application = "Oiio"
    executable = "oiiotool"
    output_rules = OIIO_RULES
    writes_beside = True

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that puts pictures on a sheet."""
        super().__init__(name, **args)
        tile = self.get_arg("tile")
        if tile is not None and (not isinstance(tile, (list, tuple)) or len(tile) != 2):
            raise LayerException(f"layer {name!r}{self.get_origin()}: tile must be (width, height), not {tile!r}")

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check also that oiiotool can write into the folder."""
        super().check_before_commands(frames)
        check_folder(self)

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return the one run of oiiotool."""
        source, target = self.get_source(), self.get_target()
        pictures = self.get_sequence()
        tile = self.get_arg("tile")
        fit = ["--fit:pad=1", f"{tile[0]}x{tile[1]}"] if tile else []
        columns = int(self.get_arg("columns") or math.ceil(math.sqrt(len(pictures))))
        mosaic = [f"--mosaic:pad={self.get_arg('pad', 4)}", f"{columns}x{math.ceil(len(pictures) / columns)}"]
        words = [*self.get_program(), "--threads", str(self.get_threads()), *self.get_extra_args()]
        words += ["--evaloff", "--wildcardoff"]
        for frame in pictures:
            words += [source.frame_path(frame), *fit]
        return [RenderCommand([*words, *mosaic, "-o", target.frame_path(frames[0])], frames)]
