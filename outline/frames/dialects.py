# SPDX-License-Identifier: Apache-2.0
"""How to write frames for each application: as runs with one step, or in the lists that some applications read.

Every function takes frames in render order and drops repeats. It names each frame once and names no other frame: never
write a chunk with a gap as its first and last frame. It keeps the order where the application's syntax has one.

============  =============================  =======================================================
function      1,3,4,5,6,7,8,9 becomes        for
============  =============================  =======================================================
runs          (1, 3, 2) (4, 9, 1)            start, end and step as separate arguments: ``-s -e -b``
rows          (1, 1, 1) (3, 9, 1)            start and end, without a step
blender_list  ``1,3..9``                     ``blender -f``; no negative frames
nuke_list     ``1 3-9``, steps ``3-9x2``     ``nuke -F``, in one argument
vray_list     ``1;3-9``, steps ``3-9,2``     ``vray -frames=``
katana_list   ``1,3-9``                      ``katana -t``
oiio_list     ``1,3-9``, steps ``3-9x2``     ``oiiotool --frames``
gaffer_list   ``1,3-9``, steps ``3-9x2``     ``gaffer execute -frames``
============  =============================  =======================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .frame_set import FrameSet
from .parts import find_runs

__all__ = [
    "Run",
    "blender_list",
    "gaffer_list",
    "katana_list",
    "nuke_list",
    "oiio_list",
    "rows",
    "runs",
    "vray_list",
]


class Run(NamedTuple):
    """Frames at equal distance that count up. Both ends belong to it."""

    start: int
    end: int
    step: int

    def frames(self) -> FrameSet:
        """The frames of the run."""
        return FrameSet(range(self.start, self.end + 1, self.step))


def runs(frames: Iterable[int]) -> list[Run]:
    """The fewest runs with one step each that hold exactly these frames.

    Runs follow one another in render order. Within a run frames always count up, because applications that take a start
    and an end render in no other order. So frames that count down come out reversed.
    """
    return _runs(frames, lambda gap: True)


def rows(frames: Iterable[int]) -> list[Run]:
    """The fewest runs of consecutive frames, for applications without a step."""
    return _runs(frames, lambda gap: abs(gap) == 1)


def blender_list(frames: Iterable[int]) -> str:
    """Frames as ``blender -f`` reads them: ``1,3..9``.

    Raises:
        ValueError: A frame is negative. Blender would count it from the scene's range.
    """
    members = FrameSet(frames).unique()
    negative = [frame for frame in members if frame < 0]
    if negative:
        raise ValueError(
            f"frame {negative[0]} is negative, and blender -f counts it from the end of the scene; shift the range"
        )
    return _listed(members, ",", "..")


def nuke_list(frames: Iterable[int]) -> str:
    """Frames as ``nuke -F`` reads them in one argument: ``1 3-9x2``."""
    return _listed(frames, " ", "-", "x")


def vray_list(frames: Iterable[int]) -> str:
    """Frames as ``vray -frames=`` reads them: ``1;3-9,2``."""
    return _listed(frames, ";", "-", ",")


def katana_list(frames: Iterable[int]) -> str:
    """Frames as ``katana -t`` reads them: ``1,3-9``, without steps."""
    return _listed(frames, ",", "-")


def oiio_list(frames: Iterable[int]) -> str:
    """Frames as ``oiiotool --frames`` reads them: ``1,3-9x2``."""
    return _listed(frames, ",", "-", "x")


def gaffer_list(frames: Iterable[int]) -> str:
    """Frames as ``gaffer execute -frames`` reads them: ``1,3-9x2``."""
    return _listed(frames, ",", "-", "x")


def _runs(frames: Iterable[int], may_join: Callable[[int], bool]) -> list[Run]:
    """The runs of frames at equal distances that may be in a run."""
    groups: list[list[int]] = []
    for frame in FrameSet(frames).unique():
        members = groups[-1] if groups else []
        gap = frame - members[-1] if members else 0
        if gap and may_join(gap) and (len(members) == 1 or gap == members[1] - members[0]):
            members.append(frame)
        else:
            groups.append([frame])
    return [Run(min(one), max(one), abs(one[1] - one[0]) if len(one) > 1 else 1) for one in groups]


def _listed(frames: Iterable[int], separator: str, between: str, step_sign: str = "") -> str:
    """Runs where the application reads them, else single frames; one without a sign for the step reads no steps.

    We know of no application that reads a run that counts down or has negative ends, so these become single frames.
    """
    words: list[str] = []
    for run in find_runs([FrameSet(frames).unique()]):
        if len(run) > 1 and run[0] >= 0 and (run.step == 1 or (step_sign and run.step > 1)):
            step = "" if run.step == 1 else f"{step_sign}{run.step}"
            words.append(f"{run[0]}{between}{run[-1]}{step}")
        else:
            words += map(str, run)
    return separator.join(words)
