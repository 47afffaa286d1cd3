# SPDX-License-Identifier: Apache-2.0
"""V-Ray Standalone renders ``.vrscene`` files.

Versions: by contract, V-Ray 3 to 6; never run against V-Ray. Flags are those of a published ``vray -help`` (5.x); lines
of the log are from published logs and from the rules of CGRU.

What is taken as known:

- ``-frames=1;3-9,2`` is a list: ``;`` between the parts, ``,`` before a step.
- With ``-frames`` the number is added to the picture's name, in a way that depends on the scene; the files are renamed
  afterwards. With ``-noFrameNumbers=1``, for a scene file per frame, the name stays as it is.
- Progress comes with carriage returns and colours unless that is turned off, as is done here.
- Statuses are not documented, so a line about a missing licence fails the frame by itself, and so do those about a
  scene that is not there and about memory that has run out.
"""

from __future__ import annotations

from typing import Any

from ..console import OutputRules
from ..frames import FrameSet
from ..frames.dialects import vray_list
from ..rendering.numbered import adopt_numbered, unnumbered
from .render import RenderCommand, RenderLayer

__all__ = ["VRay"]

VRAY_RULES = OutputRules(
    percent=(r"Rendering image[^:]*: +(\d+(?:\.\d+)?)",),
    frame=(r"begin scene preprocessing for frame (-?\d+)",),
    frame_done=(r'Successfully written image file "(.+)"',),
    memory=(r"^\[[^\]]+\] \[(?P<number>\d+) (?P<unit>M)B\]",),
    warning=(r"\bwarning: ",),
    error=(
        r"Could not obtain a license",
        r'No file ".+" exists',
        r"Memory allocation failure",
    ),
)

_QUIET = ("-display=0", "-autoClose=1", "-verboseLevel=3", "-showProgress=2", "-progressUseCR=0", "-progressUseColor=0")


class VRay(RenderLayer):
    """Renders V-Ray scenes; all frames of a chunk in one process, or one process per frame for a scene file per frame.

    ::

        VRay("beauty", scene="shot.vrscene", outputs="images/beauty.####.exr", chunk=5)

    Arguments besides those of ``RenderLayer``:

    - ``camera``: the name of the camera's settings in the scene;
    - ``width``, ``height``: the size in pixels;
    - ``rt_engine``: as ``-rtEngine`` has it.
    """

    application = "VRay"
    executable = "vray"
    output_rules = VRAY_RULES
    trusts_exit_code = False
    writes_beside = True

    def __init__(self, name: str, **args: Any) -> None:
        """Make a layer that renders with V-Ray."""
        super().__init__(name, **args)
        self.require_arg("scene")

    def render_commands(self, frames: FrameSet) -> list[RenderCommand]:
        """Return one run of V-Ray for all frames, or one per frame when each has a scene of its own."""
        program = self.get_program()
        target = self.get_target() if self.get_render_outputs() else None
        if target is not None and target.is_sequence and self.get_scene(0) == self.get_scene(1):
            words = self._words(self.get_scene(), unnumbered(target), frames)
            return [RenderCommand([*program, *words], frames)]
        commands = []
        for frame in frames:
            image = target.frame_path(frame) if target is not None else None
            words = self._words(self.get_scene(frame), image, FrameSet([frame]))
            commands.append(RenderCommand([*program, *words, "-noFrameNumbers=1"], FrameSet([frame])))
        return commands

    def collect_outputs(self, command: RenderCommand) -> None:
        """Give the pictures the names that were asked for."""
        if self.get_render_outputs():
            adopt_numbered(self.get_target(), command.frames)

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
