# SPDX-License-Identifier: Apache-2.0
"""POV-Ray renders frames of an animation, or of a scene per frame.

Versions: run for real with 3.7.0.10 of Debian 12. Facts are from experiments and ``povray -help``. The Windows program
``pvengine`` was not tried.

What you need to know, all measured:

- First and last frame of the whole animation (``+KFI +KFF``) set the clock, those of the part (``+SF +EF``) set what to
  render. There is no step, so a chunk with gaps takes several processes.
- File names have as many digits as the animation's last frame. The module renames the files afterwards.
- An animation from 1 to 1, or 0 to 0, is a still whose file gets no number.
- POV-Ray silently skips negative frames, so the module renders them as stills with the frame's clock. Then
  ``frame_number`` is 0 in the scene.
- POV-Ray does not find a path that is not ASCII, in any locale.
- A blank ends a file name unless it is in quotes, even inside one argument.
- All output goes to stderr. Progress comes with carriage returns.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import Run, rows
from ..io.numbered import move_written, numbered_path
from ..io.output import Output, Targets
from .render import RenderArgs, RenderCommand, RenderLayer, words_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["PovRay", "PovRayArgs"]


_FORMATS = {
    ".png": "N",
    ".jpg": "J",
    ".jpeg": "J",
    ".tga": "T",
    ".ppm": "P",
    ".pgm": "P",
    ".bmp": "B",
    ".exr": "E",
    ".hdr": "H",
}


class PovRayArgs(RenderArgs, total=False):
    """The arguments of ``PovRay``."""

    width: int  #: In pixels.
    height: int  #: In pixels.
    animation: (
        str | list[int]
    )  #: The frames over which the clock runs from 0 to 1. Defaults to those that the layer renders.
    quality: int  #: 0 to 11.
    antialias: float  #: A threshold such as 0.3.
    declare: dict[str, float]  #: Numbers that the scene reads with ``#ifndef``.
    library: str | list[str]  #: Folders to search for include files.


class PovRay(RenderLayer):
    """Renders frames with POV-Ray: each run of consecutive frames in one process.

    ::

        PovRay("ball", scene="ball.pov", outputs="out/ball.####.png", width=640, height=480, chunk=5)
    """

    application = "PovRay"
    executable = "povray"
    declared_args = PovRayArgs
    output_rules = OutputRules(
        percent=(r"Rendered \d+ of \d+ pixels \((\d+)%\)",),
        frame_index=(r"Rendering frame (\d+) of \d+",),
        warning=(r"(?i)^parse warning:", r"^Possible .*(?:Error|Warning):"),
        error=(
            r"^Problem with option setting",
            r"^Failed to parse",
            r"(?i)\bfatal error\b",
            r"^Parse Error:",
            r"(?:Parse|I/O|File|Render) Error:",
            r"Cannot (?:open|find|write|parse)",
        ),
    )
    writes_beside = True
    path_args = ("scene", "library")
    required_args = ("scene",)

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[PovRayArgs]) -> None: ...

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """A run for each row of consecutive frames, or for each frame that must be a still."""
        first, last = self._animation()
        target = targets.main
        if first < 0 or any(not first <= frame <= last for frame in frames) or not target.is_sequence:
            return [self._still(frame, target) for frame in frames]
        if self.get_scene(0) != self.get_scene(1):  # a scene per frame
            return [self._part(Run(frame, frame, 1), target) for frame in frames]
        return [self._part(row, target) for row in rows(frames)]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Rename the files to the requested number of digits."""
        target = self.get_target()
        digits = len(str(self._animation()[1]))
        for frame in command.frames if target.is_sequence else ():
            move_written(numbered_path(target, f"{frame:0{digits}d}"), target.frame_path(frame))

    def _part(self, row: Run, target: Output) -> RenderCommand:
        first, last = self._animation()
        frames = [f"+KFI{first}", f"+KFF{last}", f"+SF{row.start}", f"+EF{row.end}"]
        words = self._words(self.get_scene(row.start), numbered_path(target, ""))
        return RenderCommand([*words, *frames, *self.get_extra_args()], row.frames())

    def _still(self, frame: int, target: Output) -> RenderCommand:
        first, last = self._animation()
        clock = (frame - first) / (last - first)
        words = self._words(self.get_scene(frame), target.frame_path(frame))
        return RenderCommand([*words, f"+K{clock:.10g}", *self.get_extra_args()], FrameSet([frame]))

    def _words(self, scene: str, picture: str) -> list[str]:
        words = [*self.get_program(), "-D", f"+I{self._quoted(scene)}", f"+O{self._quoted(picture)}"]
        words.append(f"+F{self._format(picture)}")
        for sign, key in (("+W", "width"), ("+H", "height"), ("+Q", "quality"), ("+A", "antialias")):
            if self.get_arg(key) is not None:
                words.append(f"{sign}{self.get_arg(key)}")
        words += [f"+L{self._quoted(folder)}" for folder in words_of(self.get_arg("library"))]
        words += [f"Declare={key}={value}" for key, value in (self.get_arg("declare") or {}).items()]
        return [*words, f"+WT{self.get_threads()}"]

    def _animation(self) -> tuple[int, int]:
        """The first and last frame of the whole animation. They differ, because a single frame may be a still."""
        from ..layer.rendered import rendered_span

        frames = FrameSet(self.get_arg("animation") or [])
        first, last = (min(frames), max(frames)) if frames else rendered_span(self)
        return first, last if last > first else first + 1

    def _format(self, path: str) -> str:
        extension = os.path.splitext(path)[1].lower()
        if extension not in _FORMATS:
            known = " ".join(_FORMATS)
            raise LayerException(
                f"layer {self.get_name()!r}: POV-Ray writes {known}, but the output is {self.get_target().path!r}"
            )
        return _FORMATS[extension]

    def _quoted(self, path: str) -> str:
        quote = "'" if '"' in path else '"'
        if quote in path:
            raise LayerException(f"layer {self.get_name()!r}: POV-Ray cannot read a path with both quotes: {path}")
        if not path.isascii():
            raise LayerException(f"layer {self.get_name()!r}: POV-Ray cannot read a path that is not ASCII: {path}")
        return f"{quote}{path}{quote}"
