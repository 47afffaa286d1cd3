# SPDX-License-Identifier: Apache-2.0
"""Arnold renders ``.ass`` files with its program ``kick``.

Versions: by contract, Arnold 5 to 7; never run against Arnold. Flags are those of the page about kick in Arnold's
documentation; lines of the log are from "How to read a render log" there, and from the rules of CGRU.

What is taken as known:

- One process renders one file. ``-nstdin`` keeps it from waiting for a key, ``-dw -dp`` from opening a window.
- Every plug-in of the working directory is loaded.
- What the status of kick means is not known well enough, so lines that tell of a broken scene, of a file that cannot be
  read or written and of a missing licence fail the frame by themselves. So does a watermark.
- ``-nocrashpopup`` is for Windows; kick on Linux refuses it. Give it by ``extra_args``.
"""

from __future__ import annotations

from ..console import OutputRules
from ..rendering.words import flags, words_of
from .per_frame import PerFrameLayer

__all__ = ["Arnold"]

ARNOLD_RULES = OutputRules(
    percent=(r"\| +(\d+)% done",),
    memory=(r"peak CPU memory used +(?P<number>[\d.]+) ?(?P<unit>[KMG])B",),
    warning=(r"WARNING +\|",),
    error=(
        r"rendering with watermarks because of failed authorization",
        r"aborting render because the abort_on_license_fail option was enabled",
        r"\[rlm\] error initializing license system",
        r"\[ass\] can't open",
        r"can't read in",
        r"can't create file",
        r"\[alembic\] invalid archive",
        r"signal caught: ",
    ),
)


class Arnold(PerFrameLayer):
    """Renders ``.ass`` files with kick, one process per frame.

    ::

        Arnold("beauty", scene="ass/shot.####.ass", outputs="images/beauty.####.exr", plugin_paths="/opt/shaders")

    Arguments besides those of ``RenderLayer``:

    - ``plugin_paths``: folders with shaders, one or several;
    - ``samples``: antialiasing samples, as ``-as`` has them;
    - ``verbosity``: 0 to 6, as ``-v`` has it; progress needs 1.
    """

    application = "Arnold"
    executable = "kick"
    output_rules = ARNOLD_RULES
    trusts_exit_code = False
    writes_beside = True
    path_args = ("scene", "plugin_paths")

    def frame_words(self, frame: int) -> list[str]:
        """Return scene, picture and settings."""
        verbosity = self.get_arg("verbosity")
        return [
            *flags(
                ("-i", self.get_scene(frame)),
                ("-o", self.get_target().frame_path(frame) if self.get_render_outputs() else None),
            ),
            *("-dw", "-dp", "-nstdin"),
            *flags(("-v", 4 if verbosity is None else verbosity), ("-t", self.get_threads())),
            *(word for folder in words_of(self.get_arg("plugin_paths")) for word in ("-l", folder)),
            *flags(("-as", self.get_arg("samples"))),
            *self.get_extra_args(),
        ]
