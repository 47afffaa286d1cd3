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

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from outline.frames.frame_set import FrameSet
from outline.frames.parts import RunFinder

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
    found: list[Run] = []
    members: list[int] = []
    for frame in FrameSet(frames).unique():
        if len(members) > 1 and frame - members[-1] != members[1] - members[0]:
            found.append(_run(members))
            members = []
        members.append(frame)
    return [*found, _run(members)] if members else found


def rows(frames: Iterable[int]) -> list[Run]:
    """The fewest runs of consecutive frames, for applications without a step."""
    return [
        part
        for run in runs(frames)
        for part in ([run] if run.step == 1 else [Run(frame, frame, 1) for frame in run.frames()])
    ]


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
    return ",".join(_words(members, lambda run: f"{run[0]}..{run[-1]}"))


def nuke_list(frames: Iterable[int]) -> str:
    """Frames as ``nuke -F`` reads them in one argument: ``1 3-9x2``."""
    return " ".join(_words(frames, _dash_run, _stepped("x")))


def vray_list(frames: Iterable[int]) -> str:
    """Frames as ``vray -frames=`` reads them: ``1;3-9,2``."""
    return ";".join(_words(frames, _dash_run, _stepped(",")))


def katana_list(frames: Iterable[int]) -> str:
    """Frames as ``katana -t`` reads them: ``1,3-9``, without steps."""
    return ",".join(_words(frames, _dash_run))


def oiio_list(frames: Iterable[int]) -> str:
    """Frames as ``oiiotool --frames`` reads them: ``1,3-9x2``."""
    return ",".join(_words(frames, _dash_run, _stepped("x")))


def gaffer_list(frames: Iterable[int]) -> str:
    """Frames as ``gaffer execute -frames`` reads them: ``1,3-9x2``."""
    return ",".join(_words(frames, _dash_run, _stepped("x")))


Write = Callable[[range], str]


def _run(members: list[int]) -> Run:
    first, last = min(members), max(members)
    return Run(first, last, abs(members[1] - members[0]) if len(members) > 1 else 1)


def _words(frames: Iterable[int], plain: Write, stepped: Write | None = None) -> Iterator[str]:
    """The words of a list: runs where the application reads them, else single frames.

    We know of no application that reads a run that counts down or has negative ends, so these become single frames.
    """
    for run in _find(FrameSet(frames).unique()):
        if len(run) > 1 and run[0] >= 0 and run.step == 1:
            yield plain(run)
        elif stepped and len(run) > 1 and run[0] >= 0 and run.step > 1:
            yield stepped(run)
        else:
            yield from map(str, run)


def _find(frames: Iterable[int]) -> list[range]:
    finder = RunFinder()
    for frame in frames:
        finder.add(frame)
    return finder.finish()


def _dash_run(run: range) -> str:
    return f"{run[0]}-{run[-1]}"


def _stepped(sign: str) -> Write:
    return lambda run: f"{run[0]}-{run[-1]}{sign}{run.step}"
