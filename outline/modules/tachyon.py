# SPDX-License-Identifier: Apache-2.0
"""Tachyon renders a scene file per frame.

Versions: run for real with 0.99 (0.99b6) of Debian 12. Facts are from trying and from ``tachyon -help``.

What has to be known, all of it measured:

- It knows no frames: a scene file is one picture.
- It exits with 0 when the scene is missing or wrong, and when the picture cannot be written. Only the picture counts.
- The name of the picture ends at the first blank, so a path with one is reached through a link without.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..io.output import Output, Targets
from .render import RenderArgs, RenderCommand, RenderLayer

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Tachyon", "TachyonArgs"]

TACHYON_RULES = OutputRules(
    percent=(r"Rendering Progress: +(\d+)% complete",),
    error=(r"^Parser failed", r"^Aborting render"),
)

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

    width: int  #: In pixels; only together with ``height``.
    height: int  #: In pixels.
    samples: int  #: Samples for antialiasing.


class Tachyon(RenderLayer):
    """Renders frames with Tachyon, each in a process of its own.

    ::

        Tachyon("ball", scene="scenes/ball.####.dat", outputs="out/ball.####.png")
    """

    application = "Tachyon"
    executable = "tachyon"
    declared_args = TachyonArgs
    output_rules = TACHYON_RULES
    trusts_exit_code = False
    writes_beside = True
    required_args = ("scene",)

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[TachyonArgs]) -> None: ...

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """A run of Tachyon for each frame."""
        program, options, target = self.get_program(), self._options(targets.main), targets.main
        return [
            RenderCommand(
                [*program, self.get_scene(frame), *options, "-o", self._written(target, frame), *self.get_extra_args()],
                FrameSet([frame]),
            )
            for frame in frames
        ]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Move a picture that could not be written to its name."""
        for frame in command.frames:
            written, target = self._written(self.get_target(), frame), self.get_target().frame_path(frame)
            if written != target and os.path.exists(written):
                os.replace(os.path.realpath(written), target)

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check that the scenes are there, and make a link that leads around blanks."""
        super().check_before_commands(frames)
        if _has_blank(self.get_target().path):
            self.make_scratch_folder()
            os.symlink(os.path.abspath(self.get_target().folder), self._link())

    def _link(self) -> str:
        return os.path.join(self.get_scratch_folder(), "out")

    def _written(self, target: Output, frame: int) -> str:
        """The path that Tachyon is told: that of the picture, or one without blanks through a link."""
        path = target.frame_path(frame)
        if not _has_blank(target.path):
            return path
        return os.path.join(self._link(), "".join("_" if sign.isspace() else sign for sign in os.path.basename(path)))

    def _options(self, target: Output) -> list[str]:
        path = target.path
        extension = os.path.splitext(path)[1].lower()
        if extension not in _FORMATS:
            raise LayerException(
                f"layer {self.get_name()!r}: Tachyon writes {' '.join(_FORMATS)}, but the output is {path!r}"
            )
        words = ["-format", _FORMATS[extension], "-numthreads", str(self.get_threads())]
        if self.get_arg("width") and self.get_arg("height"):
            words += ["-res", str(self.get_arg("width")), str(self.get_arg("height"))]
        if self.get_arg("samples"):
            words += ["-aasamples", str(self.get_arg("samples"))]
        return words


def _has_blank(path: str) -> bool:
    return any(sign.isspace() for sign in path)
