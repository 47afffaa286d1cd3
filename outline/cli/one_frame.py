# SPDX-License-Identifier: Apache-2.0
"""One frame, here and now: of a session, or of an outline that has never been launched."""

from __future__ import annotations

import os
import sys

from ..session import is_session_path

__all__ = ["run_named_frame"]


def run_named_frame(script: str, name: str, frames: str | None = None) -> int:
    """Run a frame in this process and return its exit code.

    Args:
        script: The ``outline.yaml`` of a session; or a script or JSON description, which gets a session of its own.
        name: The frame, such as ``12-beauty``.
        frames: The range of the job, for one that gets a session.

    Raises:
        OutlineException: There is no such file, or no such frame.
    """
    from ..cuerun import load_session_frame
    from ..frame_run import enter_folder, run_frame_by_hand
    from ..names import split_frame_name
    from .streams import keep_running_without_output

    number, name_of_layer = split_frame_name(name)
    if os.path.isfile(script) and not script.endswith(".yaml") and not is_session_path(script):
        script = _session_of(script, name_of_layer, number, frames)
    layer = load_session_frame(script, name_of_layer, number)
    enter_folder(os.environ)
    keep_running_without_output()
    return run_frame_by_hand(layer, number)


def _session_of(script: str, layer: str, frame: int, frames: str | None) -> str:
    """Set an outline up as a launch does, and return the path of its ``outline.yaml``."""
    from ..cuerun import OutlineLauncher
    from ..script import own_args
    from .reading import read_outline

    with own_args(script, ()):
        ol, flags = read_outline(script)
    ol.get_layer(layer)  # before anything is made
    flags = {**flags, "range": frames or flags.get("range") or os.environ.get("FR")}
    if not flags["range"] and not ol.get_frame_range():
        flags["range"] = str(frame)
    OutlineLauncher(ol, **flags).setup()
    path = ol.get_path() or ""
    print(f"pycuerun: the frame has the session {os.path.dirname(path)}", file=sys.stderr)
    return path
