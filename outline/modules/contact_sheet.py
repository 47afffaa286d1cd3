# SPDX-License-Identifier: Apache-2.0
"""A contact sheet: small copies of all pictures of a sequence in one picture, made with oiiotool.

Versions: run for real with oiiotool 3.2.2 from PyPI; see ``outline.modules.oiio`` for its behaviour.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..exception import LayerException
from ..frames import FrameSet
from ..io.output import Targets
from ..layer.args import where
from .oiio import Oiio, check_folder
from .render import RenderCommand
from .sequence import SequenceLayer, SourceArgs

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["ContactSheet", "ContactSheetArgs"]


class ContactSheetArgs(SourceArgs, total=False):
    """The arguments of ``ContactSheet``."""

    columns: int  #: Pictures in a row. Defaults to a square sheet.
    tile: tuple[int, int]  #: The width and height in pixels to fit each picture into.
    pad: int  #: Pixels between pictures. Defaults to 4.


class ContactSheet(SequenceLayer):
    """Puts all pictures of a sequence on one sheet, in one frame.

    ::

        ContactSheet("sheet", source="small/a.####.png", outputs="sheet.png", columns=6, require="small:all")
    """

    application = "Oiio"
    executable = "oiiotool"
    declared_args = ContactSheetArgs
    output_rules = Oiio.output_rules
    writes_beside = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[ContactSheetArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Also check the size of the tiles."""
        super().check_required_args()
        tile = self.get_arg("tile")
        if tile is not None and (not isinstance(tile, (list, tuple)) or len(tile) != 2):
            raise LayerException(f"{where(self)}: tile must be (width, height), not {tile!r}")

    def check_before_commands(self, frames: FrameSet) -> None:
        """Also check that oiiotool can write into the folder."""
        super().check_before_commands(frames)
        check_folder(self)

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """The one run of oiiotool."""
        source, target = self.get_source(), targets.main
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
