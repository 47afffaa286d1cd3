# SPDX-License-Identifier: Apache-2.0
"""Arnold renders ``.ass`` files with its program ``kick``.

Versions: by contract, Arnold 5 to 7; never run against Arnold. Flags are those of the page about kick in Arnold's
documentation; lines of the log are from "How to read a render log" there, from the rules of CGRU and of Thinkbox's
Deadline plug-ins.

What is taken as known:

- One process renders one file. ``-nostdin`` (before Arnold 5 ``-nstdin``) keeps it from waiting for a key, ``-dw -dp``
  from opening a window.
- kick loads every plug-in in the working directory.
- Without a licence it renders a watermark, unless ``options.abort_on_license_fail`` is set; the line about a watermark
  fails the frame too.
- The meaning of kick's exit codes is not certain, so every ``ERROR`` line fails the frame.
- ``-nocrashpopup`` is for Windows. kick on Linux refuses it. Pass it through ``extra_args``, as well as ``-rg`` (a
  region), ``-of`` (a format) and, on hosts that frames share, ``-set options.pin_threads off`` (known from one source
  only).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..console import OutputRules
from ..io.output import Targets
from .per_frame import PerFrameLayer
from .render import RenderArgs, flags

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Arnold", "ArnoldArgs"]


class ArnoldArgs(RenderArgs, total=False):
    """The arguments of ``Arnold``."""

    plugin_paths: str | list[str]  #: Folders with shaders, one or several.
    camera: str  #: The camera, for ``-c``.
    width: int  #: In pixels. Requires ``height``.
    height: int  #: In pixels.
    device: str  #: ``cpu`` or ``gpu``.
    samples: int  #: Antialiasing samples, for ``-as``.
    verbosity: int  #: 0 to 6, for ``-v``. Progress needs 1.


class Arnold(PerFrameLayer):
    """Renders ``.ass`` files with kick, one process per frame. Arnold 6 and later also render ``.usd`` files.

    ::

        Arnold("beauty", scene="ass/shot.####.ass", outputs="images/beauty.####.exr", plugin_paths="/opt/shaders")
    """

    application = "Arnold"
    size_needs_both = True
    executable = "kick"
    declared_args = ArnoldArgs
    output_rules = OutputRules(
        percent=(r"\| +(\d+)% done",),
        memory=(r"peak CPU memory used +(?P<number>[\d.]+) ?(?P<unit>[KMG])B",),
        warning=(r"WARNING +\|",),
        fatal=(
            r"rendering with watermarks because of failed authorization",
            r"aborting render because the abort_on_license_fail option was enabled",
            r"ERROR +\|",
            r"\[rlm\] error initializing license system",
            r"signal caught: ",
        ),
    )
    writes_beside = True
    path_args = ("scene", "plugin_paths")

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[ArnoldArgs]) -> None: ...

    def frame_words(self, frame: int, targets: Targets) -> list[str]:
        """The words for scene, picture and settings."""
        verbosity = self.get_arg("verbosity")
        return [
            *flags(("-i", self.get_scene(frame)), ("-o", targets.main.frame_path(frame) if targets else None)),
            *("-dw", "-dp", "-nostdin"),
            *flags(("-v", 4 if verbosity is None else verbosity), ("-t", self.get_threads())),
            *("-set", "options.abort_on_license_fail", "true"),
            *flags(
                ("-l", self.get_arg("plugin_paths")),
                ("-as", self.get_arg("samples")),
                ("-c", self.get_arg("camera")),
                ("-device", self.get_arg("device")),
            ),
            *self.size_words("-r"),
            *self.get_extra_args(),
        ]
