# SPDX-License-Identifier: Apache-2.0
"""RenderMan renders RIB files with its program ``prman``.

Versions: by contract, RenderMan 21 to 26; never run against RenderMan. Facts are from the command lines and rules of
CGRU, from Thinkbox's Deadline plug-ins, and from published scripts; Pixar's own reference has not been read.

What is taken as known:

- One process renders one file. The RIB sets the picture's path, and ``outputs`` must match it.
- ``-Progress`` prints lines with ``R90000   42%``; ``-t:8`` is the number of threads, ``-cwd`` the folder to work in.
- ``-checkpoint 5m`` saves the partial picture, and ``-recover 1`` goes on from there in the next attempt.
- A missing licence is a line with ``{SEVERE} License``. prman's exit code is then unknown, so such a line alone fails
  the frame.
- RenderMan for Maya writes a ``job/job.rib`` to render before the frames and a ``job/post.rib`` to render after them.
  Make a layer for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..console import OutputRules
from ..io.output import Targets
from .per_frame import PerFrameLayer
from .render import RenderArgs, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["RenderMan", "RenderManArgs"]


class RenderManArgs(RenderArgs, total=False):
    """The arguments of ``RenderMan``."""

    cwd: str  #: The folder in which the RIB's relative paths begin.
    variant: str  #: Such as ``xpucpu``.
    checkpoint: str  #: How often to save the partial picture, such as ``5m``. The next attempt goes on from there.


class RenderMan(PerFrameLayer):
    """Renders RIB files with prman, one process per frame.

    ::

        RenderMan("beauty", scene="rib/shot.####.rib", outputs="images/beauty.####.exr", cwd="/shots/ab12")
    """

    application = "RenderMan"
    executable = "prman"
    declared_args = RenderManArgs
    output_rules = OutputRules(
        percent=(r"R90000\s*(\d+)%",),
        warning=(r"\{WARNING\}",),
        fatal=(r"\{SEVERE\}", r"RIB error", r"Unable to find (?:shader|out device)", r"^ERROR"),
    )
    path_args = ("scene", "cwd")

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[RenderManArgs]) -> None: ...

    def frame_words(self, frame: int, targets: Targets) -> list[str]:
        """The words for progress, folder, threads and RIB file."""
        checkpoint = self.get_arg("checkpoint")
        return [
            "-Progress",
            *flags(("-cwd", self.get_arg("cwd")), ("-variant", self.get_arg("variant"))),
            f"-t:{self.get_threads()}",
            *(["-recover", "1", "-checkpoint", str(checkpoint)] if checkpoint else []),
            *self.get_extra_args(),
            self.get_scene(frame),
        ]
