# SPDX-License-Identifier: Apache-2.0
"""V-Ray Standalone renders ``.vrscene`` files.

Versions: by contract, V-Ray 3 to 6; never run against V-Ray. Flags are those of a published ``vray -help`` (5.x); lines
of the log are from published logs, from the rules of CGRU and of Thinkbox's Deadline plug-ins.

What is taken as known:

- ``-frames=1;3-9,2`` is a list: ``;`` between the parts, ``,`` before a step.
- With ``-frames`` V-Ray adds the number to the picture's name, in a way that depends on the scene. The module renames
  the files afterwards. With ``-noFrameNumbers=1``, for a single frame, the name stays as it is.
- V-Ray writes channels beside the picture: ``out.png`` gives ``out.Alpha.png`` too. So it writes pictures in place,
  because a hidden name would hide the channels for ever.
- Progress comes with carriage returns and colours unless turned off, as here.
- Exit codes are not documented, so every ``error:`` line fails the frame, except one about a rare plug-in.
- Pass through ``extra_args``: ``-region``, ``-crop``, ``-resume``, ``-remapPathFile``, ``-parameterOverride`` and
  ``-include``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import vray_list
from ..io.numbered import unnumbered
from ..io.output import Targets
from .render import RenderArgs, RenderCommand, RenderLayer

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["VRay", "VRayArgs"]


_QUIET = ("-display=0", "-autoClose=1", "-verboseLevel=3", "-showProgress=2", "-progressUseCR=0", "-progressUseColor=0")


class VRayArgs(RenderArgs, total=False):
    """The arguments of ``VRay``."""

    camera: str  #: The name of the camera's settings in the scene.
    width: int  #: In pixels.
    height: int  #: In pixels.
    rt_engine: int  #: A value for ``-rtEngine``.


class VRay(RenderLayer):
    """Renders V-Ray scenes: all frames of a chunk in one process, or one process for each scene file.

    ::

        VRay("beauty", scene="shot.vrscene", outputs="images/beauty.####.exr", chunk=5)
    """

    application = "VRay"
    executable = "vray"
    declared_args = VRayArgs
    output_rules = OutputRules(
        percent=(r"Rendering image[^:]*: +(\d+(?:\.\d+)?)",),
        frame=(r"begin scene preprocessing for frame (-?\d+)",),
        frame_done=(r'Successfully written image file "(.+)"',),
        memory=(r"^\[[^\]]+\] \[(?P<number>\d+) (?P<unit>M)B\]",),
        warning=(r"\bwarning: ",),
        harmless=(r"Error loading plugin library.*vray_BRDFSimbiont",),
        fatal=(
            r"\berror: ",
            r"Could not obtain a license",
            r'No file ".+" exists',
            r"Memory allocation failure",
        ),
    )
    numbers_files = True
    required_args = ("scene",)

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[VRayArgs]) -> None: ...

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of V-Ray for all frames, or one per frame when each frame has its own scene."""
        program = self.get_program()
        target = targets.main if targets else None
        if target is not None and target.is_sequence and len(frames) > 1 and self.get_scene(0) == self.get_scene(1):
            words = self._words(self.get_scene(), unnumbered(target), frames)
            return [RenderCommand([*program, *words], frames)]
        commands = []
        for frame in frames:
            image = target.frame_path(frame) if target is not None else None
            words = self._words(self.get_scene(frame), image, FrameSet([frame]))
            commands.append(RenderCommand([*program, *words, "-noFrameNumbers=1"], FrameSet([frame])))
        return commands

    def _words(self, scene: str, image: str | None, frames: FrameSet) -> list[str]:
        settings = (
            ("-camera", self.get_arg("camera")),
            ("-imgWidth", self.get_arg("width")),
            ("-imgHeight", self.get_arg("height")),
            ("-rtEngine", self.get_arg("rt_engine")),
        )
        return [
            f"-sceneFile={scene}",
            *([f"-imgFile={image}"] if image else []),
            f"-frames={vray_list(frames)}",
            *_QUIET,
            f"-numThreads={self.get_threads()}",
            *(f"{flag}={value}" for flag, value in settings if value is not None),
            *self.get_extra_args(),
        ]
