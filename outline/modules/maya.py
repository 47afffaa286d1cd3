# SPDX-License-Identifier: Apache-2.0
"""Maya renders a scene with its program ``Render``.

Versions: by contract, Maya 2018 to 2027; never run against Maya. Flags are those of Autodesk's help ("Common flags for
the command line renderer", "Render from the command line", "Arnold batch render flags") and of a published ``Render
-help``. Log lines and statuses are from published logs, from the rules of CGRU, of Thinkbox's Deadline plug-ins and of
AWS Deadline Cloud.

What is taken as known:

- The scene is the last word. ``-s -e -b`` are start, end and step, so each row of frames with one step takes a process.
- ``-fnc`` sets the position of the number in a file's name: ``name.#.ext``, ``name#.ext`` or ``name_#.ext``.
- Without ``-r`` Maya uses the scene's renderer, the same as ``-r file``. Then it accepts only the flags that all
  renderers share.
- RenderMan (``-r renderman``) has its own flags: ``-imageFile`` with its own frame placeholder (``<f4>``, also in
  AYON's rules for Maya), ``-res`` for the size, and no ``-fnc``, ``-pad``, ``-percentRes`` or ``-rt``.
- Threads are ``-ai:threads``, ``-t`` for RenderMan, and, known from one source only, ``-threads`` for V-Ray and ``-n``
  for Maya Software. GPUs of Redshift are ``-gpu {0,1}``, in one word (one source only).
- A scene that cannot be rendered ends with exit code 210, an invalid command line with 206. The meaning of 211 is
  unknown. A scene without renderable cameras, or with several renderable layers, writes other files than requested. So
  make a layer for each camera and each render layer.
- Arnold without a licence puts a watermark into the pictures and succeeds, unless ``-ai:alf`` is set, which is the
  default from 7.3 on. The line about a watermark fails the frame too.
- Most lines that begin with ``Error:`` are harmless: scripts of plug-ins print them.
- Pass through ``extra_args``: ``-reg``, ``-crop`` (RenderMan), ``-preRender``, ``-postRender`` (scripts), ``-rsp``,
  ``-rsa``, ``-rst``, and of Arnold ``-ai:lve`` (0 to 3), ``-ai:device`` (0 or 1), ``-ai:manGpuSel``, ``-ai:gpu``,
  ``-ai:txmm``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from ..console import OutputRules
from ..exception import LayerException
from ..frames.dialects import Run
from ..io.output import Targets
from ..layer.args import where
from .per_frame import PerRowLayer
from .render import RenderArgs, flags, words_of
from .render_checks import check_size

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Maya", "MayaArgs"]


_NAMINGS = {".": "name.#.ext", "": "name#.ext", "_": "name_#.ext"}
_THREADS = {"arnold": "-ai:threads", "renderman": "-t", "vray": "-threads", "sw": "-n"}
_WITHOUT_WATERMARK = ["-ai:alf", "true", "-ai:aerr", "true"]


class MayaArgs(RenderArgs, total=False):
    """The arguments of ``Maya``."""

    renderer: str  #: A name from ``Render -listRenderers``, such as ``arnold``. Defaults to the scene's.
    project: str  #: The project folder.
    camera: str  #: Which camera to render. Defaults to all renderable ones.
    layer: str  #: Which render layer to render. Defaults to all renderable ones.
    image_name: bool  #: False leaves folder and name of the pictures to the scene, and ``outputs`` must match them.
    naming: str  #: A value for ``-fnc``. Defaults to the first output's.
    format: str  #: A value for ``-of``.
    width: int  #: In pixels.
    height: int  #: In pixels.
    percent: float  #: The size in percent of the scene's size.
    gpu_ids: int | list[int]  #: Which GPUs Redshift uses, one or several. Defaults to all.
    render_type: int  #: With Arnold, 0 renders, 1 writes ``.ass`` files, 2 does both.


class Maya(PerRowLayer):
    """Renders frames of a Maya scene: each row of frames with one step in one process.

    ::

        Maya("beauty", scene="shot.ma", outputs="images/beauty.####.exr", renderer="arnold", camera="main", chunk=5)

    The first output sets the folder and name for Maya. Further ones are files that the scene writes by itself, such as
    AOVs.
    """

    application = "Maya"
    executable = "Render"
    declared_args = MayaArgs
    output_rules = OutputRules(
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
        warning=(r"^Warning: ", r"WARNING +\|"),
        error=(
            r"^Error: ",
            r"Frame aborted",
            r"Fatal Error",
            r"failed to render",
            r"\(kFailure\)",
            r"License error",
            r"\{SEVERE\} License",
        ),
        fatal=(
            r"rendering with watermarks because of failed authorization",
            r"abort_on_license_fail option was enabled",
            r"FLEXlm error",
            r"Maya: License was not obtained",
            r"Could not obtain a license",
            r"(?i)\binitializing Maya",
            r'Plug-in, "mtoa", was not found',
            r"\[mtoa\] Failed batch render",
            r"V-Ray error:",
            r"rman Fatal",
            r"3DL ERROR",
            r"Frame rendering aborted",
            r"Rendering was internally aborted",
            r'Cannot find procedure "rsPreference"',
            r"CUDA_ERROR_UNKNOWN",
            r"Failed to init the CUDA driver API",
            r"does not have any renderable cameras",
            r"Cannot load scene",
            r"Cannot open project",
            r"can't create file",
            r"^Usage: Render",
        ),
    )
    exit_reasons: ClassVar[dict[int, str]] = {
        206: "Maya could not read its command line",
        210: "Maya could not open or render the scene",
    }
    path_args = ("scene", "project")

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[MayaArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Also check that Maya's options can express the name of the pictures."""
        super().check_required_args()
        if self.get_arg("render_type") is not None and str(self.get_arg("render_type")) not in "012":
            raise LayerException(f"{where(self)}: render_type must be 0, 1 or 2")
        if self.get_arg("renderer") == "renderman":
            check_size(self)
            given = [key for key in ("naming", "percent", "render_type") if self.get_arg(key) is not None]
            if given:
                options = ", ".join(given)
                raise LayerException(f"{where(self)}: RenderMan in Maya has no option for {options}; leave it out")
        self._image_words(Targets(self.get_render_outputs()))

    def row_words(self, row: Run, targets: Targets) -> list[str]:
        """The words for renderer, frames, picture, settings and scene."""
        renderer, get = self.get_arg("renderer"), self.get_arg
        gpus = ",".join(words_of(get("gpu_ids")))
        return [
            *flags(("-r", renderer), ("-s", row.start), ("-e", row.end), ("-b", row.step), ("-proj", get("project"))),
            *self._image_words(targets),
            *flags(("-of", get("format")), ("-cam", get("camera")), ("-rl", get("layer"))),
            *self._size_words(),
            *flags(("-rt", get("render_type")), ("-gpu", f"{{{gpus}}}" if gpus else None)),
            *([_THREADS[renderer], str(self.get_threads())] if renderer in _THREADS else []),
            *(_WITHOUT_WATERMARK if renderer == "arnold" else []),
            *self.get_extra_args(),
            self.get_scene(row.start),
        ]

    def _size_words(self) -> list[str]:
        get = self.get_arg
        if get("renderer") == "renderman":
            return self.size_words("-res")
        return flags(("-x", get("width")), ("-y", get("height")), ("-percentRes", get("percent")))

    def _image_words(self, targets: Targets) -> list[str]:
        """The words for the pictures' folder, name, number position and digits."""
        if not targets or self.get_arg("image_name") is False:
            return []
        target = targets.main
        name = os.path.basename(target.pattern.prefix)
        if self.get_arg("renderer") == "renderman":
            place = target.pattern.written(f"<f{max(1, target.pattern.digits)}>")
            return ["-rd", target.folder, "-imageFile", os.path.basename(place)]
        if not target.is_sequence:
            return ["-rd", target.folder, "-im", os.path.splitext(name)[0], "-fnc", "name.ext"]
        stem = name.rstrip("._") if name[-2:-1] not in (".", "_") else ""
        naming = self.get_arg("naming") or _NAMINGS.get(name[len(stem) :])
        if not stem or naming is None:
            raise LayerException(
                f"{where(self)}: Maya has no naming for {target.path!r};"
                " use a name like 'beauty.####.exr', 'beauty_####.exr' or 'beauty####.exr'; or give naming=, as"
                " Render -fnc has it, or image_name=False"
            )
        digits = str(target.pattern.digits)
        return ["-rd", target.folder, "-im", stem, "-fnc", str(naming), "-pad", digits]
