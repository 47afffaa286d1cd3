# SPDX-License-Identifier: Apache-2.0
"""RenderMan renders RIB files with its program ``prman``.

Versions: by contract, RenderMan 21 to 26; never run against RenderMan. Facts are from the command lines and rules of
CGRU, and from published scripts; Pixar's own reference has not been read.

What is taken as known:

- One process renders one file, and the RIB says where the picture goes; ``outputs`` only says what to expect.
- ``-Progress`` prints lines with ``R90000   42%``; ``-t:8`` is the number of threads, ``-cwd`` the folder to work in.
- A missing licence is a line with ``{SEVERE} License``. With which status prman then ends is not known, so such a line
  fails the frame by itself.
"""

from __future__ import annotations

from ..console import OutputRules
from ..rendering.words import flags
from .per_frame import PerFrameLayer

__all__ = ["RenderMan"]

RENDERMAN_RULES = OutputRules(
    percent=(r"R90000\s+(\d+)%",),
    warning=(r"\{WARNING\}",),
    error=(r"\{SEVERE\} License", r"\{SEVERE\}"),
)


class RenderMan(PerFrameLayer):
    """Renders RIB files with prman, one process per frame.

    ::

        RenderMan("beauty", scene="rib/shot.####.rib", outputs="images/beauty.####.exr", cwd="/shots/ab12")

    Arguments besides those of ``RenderLayer``:

    - ``cwd``: the folder from which the RIB's relative paths count;
    - ``variant``: such as ``xpucpu``.
    """

    application = "RenderMan"
    executable = "prman"
    output_rules = RENDERMAN_RULES
    trusts_exit_code = False
    path_args = ("scene", "cwd")

    def frame_words(self, frame: int) -> list[str]:
        """Return progress, folder, threads and the RIB file."""
        return [
            "-Progress",
            *flags(("-cwd", self.get_arg("cwd")), ("-variant", self.get_arg("variant"))),
            f"-t:{self.get_threads()}",
            *self.get_extra_args(),
            self.get_scene(frame),
        ]
