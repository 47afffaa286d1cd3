# SPDX-License-Identifier: Apache-2.0
"""Tachyon renders a scene file per frame.

Versions: run for real with 0.99 (0.99b6) of Debian 12. Facts are from experiments and ``tachyon -help``.

What you need to know, all measured:

- It has no frames: a scene file is one picture.
- It exits with 0 when the scene is missing or wrong, and when it cannot write the picture. Only the picture counts.
- The picture's name ends at the first blank, so the module reaches a path with a blank through a link without one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..io.numbered import move_written
from ..io.output import Output, Targets
from .per_frame import PerFrameLayer
from .render import RenderArgs, RenderCommand, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Tachyon", "TachyonArgs"]


_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".ppm": "PPM",
    ".bmp": "BMP",
    ".tga": "TARGA",
    ".rgb": "RGB",
    ".psd": "PSD48",
}


class TachyonArgs(RenderArgs, total=False):
    """The arguments of ``Tachyon``."""

    width: int  #: In pixels. Requires ``height``.
    height: int  #: In pixels.
    samples: int  #: Samples for antialiasing.


class Tachyon(PerFrameLayer):
    """Renders frames with Tachyon, each in its own process.

    ::

        Tachyon("ball", scene="scenes/ball.####.dat", outputs="out/ball.####.png")
    """

    application = "Tachyon"
    size_needs_both = True
    executable = "tachyon"
    declared_args = TachyonArgs
    output_rules = OutputRules(
        percent=(r"Rendering Progress: +(\d+)% complete",),
        error=(r"^Parser failed", r"^Aborting render"),
    )
    trusts_exit_code = False
    writes_beside = True
    may_share_scene = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[TachyonArgs]) -> None: ...

    def frame_words(self, frame: int, targets: Targets) -> list[str]:
        """The words for scene, settings and picture."""
        path = targets.main.path
        extension = os.path.splitext(path)[1].lower()
        if extension not in _FORMATS:
            raise LayerException(
                f"layer {self.get_name()!r}: Tachyon writes {' '.join(_FORMATS)}, but the output is {path!r}"
            )
        return [
            self.get_scene(frame),
            *flags(("-format", _FORMATS[extension]), ("-numthreads", self.get_threads())),
            *self.size_words("-res"),
            *flags(("-aasamples", self.get_arg("samples") or None), ("-o", self._written(targets.main, frame))),
            *self.get_extra_args(),
        ]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Move a picture that Tachyon could not write to its name."""
        for frame in command.frames:
            move_written(self._written(self.get_target(), frame), self.get_target().frame_path(frame))

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check that the scenes exist, and link to a path without blanks."""
        super().check_before_commands(frames)
        if _has_blank(self.get_target().path):
            self.make_scratch_folder()
            os.symlink(os.path.abspath(self.get_target().folder), self._link())

    def _link(self) -> str:
        return os.path.join(self.get_scratch_folder(), "out")

    def _written(self, target: Output, frame: int) -> str:
        """The path for Tachyon: the picture's own, or a link without blanks."""
        path = target.frame_path(frame)
        if not _has_blank(target.path):
            return path
        return os.path.join(self._link(), "".join("_" if sign.isspace() else sign for sign in os.path.basename(path)))


def _has_blank(path: str) -> bool:
    return any(sign.isspace() for sign in path)
