# SPDX-License-Identifier: Apache-2.0
"""Maya renders a scene with its program ``Render``.

Versions: by contract, Maya 2018 to 2027; never run against Maya. Flags are those of Autodesk's help ("Common flags for
the command line renderer", "Render from the command line", "Arnold batch render flags") and of a published ``Render
-help``. Log lines and the status 210 are from published logs, from the rules of CGRU and of AWS Deadline Cloud.

What is taken as known:

- The scene is the last word. ``-s -e -b`` are start, end and step, so every row of frames with one step takes a
  process.
- ``-fnc`` says where the number stands in a file's name: ``name.#.ext``, ``name#.ext`` or ``name_#.ext``.
- Without ``-r`` the renderer of the scene is used, which is the same as ``-r file``; then only the flags that all
  renderers share may be given.
- A scene that cannot be rendered ends with status 210. A scene without renderable cameras, or with several renderable
  layers, writes other files than were asked for, so name ``camera`` and ``layer`` where there are several.
- Arnold without a licence for batch rendering puts a watermark into the pictures and succeeds. That is told as a
  warning.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import Run, runs
from ..rendering.words import flags
from .render import RenderCommand, RenderLayer

__all__ = ["Maya"]

MAYA_RULES = OutputRules(
    percent=(
        r"\| +(\d+)% done",  # Arnold
        r"Block (\d+)/(\d+) \(",  # Redshift
        r"R90000\s+(\d+)%",  # RenderMan
        r"\[PROGRESS\] (\d+) percent",
        r"PROGRESS: (\d+)%",  # V-Ray
    ),
    frame=(r"\[mtoa\.session\] +Initializing at frame (-?\d+)",),
    frame_done=(
        r"Finished Rendering (.+?)\.?$",
        r'Successfully written image file "(.+)"',
        r"writing (?:image )?file [`'](.+?)'",
    ),
    memory=(r"peak CPU memory used +(?P<number>[\d.]+) ?(?P<unit>[KMG])B",),
    warning=(r"^Warning: ", r"WARNING +\|", r"rendering with watermarks because of failed authorization"),
    error=(
        r"(?i)error encountered when initializing Maya",
        r"^Error: ",
        r"Frame aborted",
        r"Frame rendering aborted",
        r"Fatal Error",
        r"failed to render",
        r"\(kFailure\)",
        r"\[mtoa\] Failed batch render",
        r"License error",
        r"error: Could not obtain a license",
        r"\{SEVERE\} License",
    ),
)

_NAMINGS = {".": "name.#.ext", "": "name#.ext", "_": "name_#.ext"}


class Maya(RenderLayer):
    """Renders frames of a Maya scene; each row of frames with one step in one process.

    ::

        Maya("beauty", scene="shot.ma", outputs="images/beauty.####.exr", renderer="arnold", camera="main", chunk=5)

    The first output is the one whose folder and name Maya is told. Further ones are those that the scene writes by
    itself, such as AOVs.

    Arguments besides those of ``RenderLayer``:

    - ``renderer``: as ``Render -listRenderers`` has it, such as ``arnold``; that of the scene when not given;
    - ``project``: the project folder;
    - ``camera``, ``layer``: what to render; all that are renderable when not given;
    - ``image_name``: False leaves folder and name of the pictures to the scene; ``outputs`` only says where they are;
    - ``naming``: as ``-fnc`` has it; from the first output when not given; ``format``: as ``-of`` has it;
    - ``width``, ``height``, ``percent``: the size in pixels, or in percent of that in the scene;
    - ``render_type``: with Arnold, 0 renders, 1 writes ``.ass`` files, 2 does both.
    """

    application = "Maya"
    executable = "Render"
    output_rules = MAYA_RULES
    exit_reasons: ClassVar[dict[int, str]] = {210: "Maya could not open or render the scene"}
    path_args = ("scene", "project")

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with Maya."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def check_required_args(self) -> None:
        """Check also that Maya can be told the name of the pictures."""
        super().check_required_args()
        if self.get_arg("render_type") is not None and str(self.get_arg("render_type")) not in "012":
            raise LayerException(f"layer {self.get_name()!r}{self.get_origin()}: render_type must be 0, 1 or 2")
        self._image_words()

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return a run of ``Render`` for each row of frames with one step."""
        program = self.get_program()
        return [RenderCommand([*program, *self._words(run)], run.frames()) for run in runs(frames)]

    def _words(self, run: Run) -> list[str]:
        return [
            *flags(
                ("-r", self.get_arg("renderer")),
                ("-s", run.start),
                ("-e", run.end),
                ("-b", run.step),
                ("-proj", self.get_arg("project")),
            ),
            *self._image_words(),
            *flags(
                ("-of", self.get_arg("format")),
                ("-cam", self.get_arg("camera")),
                ("-rl", self.get_arg("layer")),
                ("-x", self.get_arg("width")),
                ("-y", self.get_arg("height")),
                ("-percentRes", self.get_arg("percent")),
                ("-rt", self.get_arg("render_type")),
            ),
            *self.get_extra_args(),
            self.get_scene(run.start),
        ]

    def _image_words(self) -> list[str]:
        """Return folder, name, place of the number and digits of the pictures."""
        if not self.get_render_outputs() or self.get_arg("image_name") is False:
            return []
        target = self.get_target()
        name = os.path.basename(target.pattern.prefix)
        if not target.is_sequence:
            return ["-rd", target.folder, "-im", os.path.splitext(name)[0], "-fnc", "name.ext"]
        stem = name.rstrip("._") if name[-2:-1] not in (".", "_") else ""
        naming = self.get_arg("naming") or _NAMINGS.get(name[len(stem) :])
        if not stem or naming is None:
            raise LayerException(
                f"layer {self.get_name()!r}{self.get_origin()}: Maya cannot be told to write {target.path!r};"
                " names are like 'beauty.####.exr', 'beauty_####.exr' or 'beauty####.exr'; or give naming=, as"
                " Render -fnc has it, or image_name=False"
            )
        digits = str(target.pattern.digits)
        return ["-rd", target.folder, "-im", stem, "-fnc", str(naming), "-pad", digits]
