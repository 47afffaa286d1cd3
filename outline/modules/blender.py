# SPDX-License-Identifier: Apache-2.0
"""Blender renders frames of a ``.blend`` file.

Versions: run for real with 3.4.1 of Debian 12 (Cycles and Workbench). The log formats of 4.5 and 5.2 were recorded with
the ``bpy`` module of these versions, and lines of 5.x are from published logs. No ``blender`` program newer than 3.4
was tried, nor EEVEE. Facts about options are from ``blender --help`` and experiments.

What you need to know, all measured with 3.4:

- Arguments take effect in order, so scene, output, format and engine come before the frames. ``blender -b -f 1
  shot.blend`` renders the default scene, and exits with 0.
- ``-f 1-3`` (a dash) and ``-f 3..1`` render nothing, and exit with 0. Write a list as ``1,3..9``.
- ``-f -1`` does not mean frame -1: it counts from the scene's range. So a script renders negative frames.
- ``-S`` with an unknown scene name renders another scene, so the module checks the name first.
- Blender exits with 0 when a script raises, unless ``--python-exit-code`` comes before it.
- ``#`` in the output path is one digit. Without ``#``, Blender appends the frame to the name, so a script renders names
  that must stay unchanged.
- Words after ``--`` belong to scripts and to Cycles: ``--cycles-device``. So they come last.
- A path that begins with ``//`` is relative to the scene.
- The name of EEVEE changed: ``BLENDER_EEVEE``, from 4.2 to 4.5 ``BLENDER_EEVEE_NEXT``, from 5.0 on as before.
- From 5.0 on lines of the log begin with a time and ``render |``, braces in the output path are templates, and a script
  that renders prints nothing without ``--log render``.
- When memory of the GPU runs out, it says so and exits with 0. The lines are from public reports and from the rules of
  AWS Deadline Cloud.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import blender_list
from ..io.output import Output, Targets
from ..layer.args import where
from .render import RenderArgs, RenderCommand, RenderLayer

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Blender", "BlenderArgs", "engine_name"]

SCRIPT = os.path.join(os.path.dirname(__file__), "scripts", "blender_render.py")

# What Blender exits with when the script raises.
_SCRIPT_FAILED = 3

_FORMATS = {
    ".png": "PNG",
    ".exr": "OPEN_EXR",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".tga": "TGA",
    ".hdr": "HDR",
    ".webp": "WEBP",
}

# The time and channel in front of each line from 5.0 on.
_PREFIX = r"^(?:\d+:\d\d(?::\d\d)?\.\d+ +render +\| *)?"


def engine_name(engine: str, version: tuple[int, int]) -> str:
    """The name of a render engine in a version of Blender.

    Args:
        engine: ``cycles``, ``workbench`` or ``eevee`` in any case. Every other name stays unchanged.
        version: Major and minor number.
    """
    short = engine.upper().removeprefix("BLENDER_")
    if short in ("EEVEE", "EEVEE_NEXT"):
        return "BLENDER_EEVEE_NEXT" if (4, 2) <= version < (5, 0) else "BLENDER_EEVEE"
    return {"CYCLES": "CYCLES", "WORKBENCH": "BLENDER_WORKBENCH"}.get(short, engine)


class BlenderArgs(RenderArgs, total=False):
    """The arguments of ``Blender``."""

    engine: str  #: ``cycles``, ``eevee``, ``workbench``, or one of Blender's own names.
    device: str  #: The device for Cycles, such as ``OPTIX``, ``CUDA``, ``HIP`` or ``CPU``.
    format: str  #: A value for ``blender -F``. Defaults to the output's extension.
    scene_name: str  #: A scene of the file that is not its active one.
    factory_startup: bool  #: True ignores the user's preferences and add-ons.


class Blender(RenderLayer):
    """Renders frames of a Blender scene: all frames of a chunk in one process.

    ::

        Blender("beauty", scene="shot.blend", outputs="out/beauty.####.png", chunk=5)

    Blender writes to the first output. Further ones are files that the scene writes by itself, such as those of file
    output nodes.
    """

    application = "Blender"
    executable = "blender"
    declared_args = BlenderArgs
    output_rules = OutputRules(
        percent=(
            r"\| (?:.*\| )?Sample (\d+)/(\d+)",
            r"Rendering (\d+) / (\d+) samples",
            r"Rendered (\d+)/(\d+) Tiles",
        ),
        frame=(_PREFIX + r"Fra: ?(-?\d+)\b", _PREFIX + r"Rendering frame (-?\d+)$"),
        frame_done=(_PREFIX + r"Saved: '(.+)'$",),
        memory=(
            r"\(Peak (?P<number>[\d.]+)(?P<unit>[KMG])\)",
            r"\| Mem: ?(?P<number>[\d.]+)(?P<unit>[KMG])",
        ),
        warning=(r"^Warning: ", r"\| WARNING "),
        error=(
            r"^Can't find scene: ",
            r"Format from '-F",
            r"unknown argument, loading as file: ",
            r"Render error \(",
            r"Cannot open file for writing",
            r"^\w*Error: .+",  # the last line of a traceback
            r"\| ERROR ",
        ),
        harmless=(
            r"EGL Error",  # without a display it goes on in another way
            r"^Error: Not freed memory blocks: ",  # at its end, when the pictures are there
            r"^Error: region type \d+ missing in space type",  # a window that an older Blender has saved
        ),
        # Seen with all of these: exit code 0 and half a picture, or an old one.
        fatal=(
            r"^Error: ",
            r"System is out of GPU",
            r"Out of memory in ",
            r"Illegal address in ",
            r"CUDA error",
            r"Refer to the Cycles GPU rendering documentation",
        ),
    )
    writes_beside = True
    required_args = ("scene",)

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[BlenderArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Also check that nothing hides the words after ``extra_args``."""
        super().check_required_args()
        if "--" in self.get_extra_args():
            raise LayerException(
                f"{where(self)}: extra_args may not hold '--', since Blender reads nothing behind it; give device= for"
                " '-- --cycles-device'"
            )

    def check_before_commands(self, frames: FrameSet) -> None:
        """Also check that no output is a template for Blender."""
        super().check_before_commands(frames)
        path = self.get_target().path
        if "{" in path and self._version(self.get_program()) >= (5, 0):
            raise LayerException(f"layer {self.get_name()!r}: Blender 5 takes {{...}} in a path for a template: {path}")

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of Blender for all frames."""
        target = targets.main
        device = ["--cycles-device", str(self.get_arg("device"))] if self.get_arg("device") else []
        words = self._first_words(target)
        if min(frames) < 0 or not target.is_sequence or "#" in os.path.basename(target.pattern.prefix):
            named = {str(frame): _plain(target.frame_path(frame)) for frame in frames}
            words += ["--log", "render", "--python-exit-code", str(_SCRIPT_FAILED), "-P", SCRIPT]
            return [RenderCommand([*words, "--", *device, json.dumps(named)], frames)]
        words += ["-o", _plain(target.hashes()), "-f", blender_list(frames)]
        return [RenderCommand([*words, *(["--", *device] if device else [])], frames)]

    def _first_words(self, target: Output) -> list[str]:
        """The words that must come before the frames."""
        program = self.get_program()
        words = [*program, "-b"]
        if self.get_arg("factory_startup"):
            words.append("--factory-startup")
        words += ["-noaudio", _plain(self.get_scene())]
        if self.get_arg("scene_name"):  # end Blender when there is no such scene
            look = f"import bpy; bpy.data.scenes[{str(self.get_arg('scene_name'))!r}]"
            words += ["-S", str(self.get_arg("scene_name")), "--python-exit-code", str(_SCRIPT_FAILED)]
            words += ["--python-expr", look]
        if self.get_arg("engine"):
            words += ["-E", self._engine(program)]
        return [*words, "-F", self._format(target), "-t", str(self.get_threads()), *self.get_extra_args()]

    def _engine(self, program: list[str]) -> str:
        engine = str(self.get_arg("engine"))
        return engine_name(engine, self._version(program) if "EEVEE" in engine.upper() else (0, 0))

    def _version(self, program: list[str]) -> tuple[int, int]:
        text = str(self.get_arg("version") or "") or _ask_version(program)
        major, minor, *_ = [*map(int, re.findall(r"[0-9]+", text.partition("\n")[0])), 0, 0]
        return major, minor

    def _format(self, target: Output) -> str:
        given = self.get_arg("format")
        if given:
            return str(given)
        extension = os.path.splitext(target.path)[1].lower()
        if extension not in _FORMATS:
            raise LayerException(
                f"layer {self.get_name()!r}: unknown picture format of {target.path!r}; give format=, as for blender -F"
            )
        return _FORMATS[extension]


def _plain(path: str) -> str:
    """A path that begins with one slash. To Blender, two mean the folder of the scene."""
    return re.sub(r"^//+", "/", path)


def _ask_version(program: list[str]) -> str:
    """The output of ``blender --version``. It takes a second, so call this only for a name that changed."""
    import subprocess

    words = [*program, "--version"]
    try:
        asked = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:  # in a dry run it need not be there
        return ""
    return asked.stdout.decode(errors="replace").partition("Blender ")[2]
