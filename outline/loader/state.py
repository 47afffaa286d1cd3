# SPDX-License-Identifier: Apache-2.0
"""The state of one outline, separate from the attributes of classes that derive from Outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..constants import OUTLINE_MODE_INIT
from ..frames import LONGEST_TEXT, FrameSet

if TYPE_CHECKING:
    from types import ModuleType

    from ..items import ItemBook
    from ..layer import Layer
    from ..session import Session
    from ..work.run import WorkRun

__all__ = ["OutlineState", "read_range"]


class OutlineState:
    """The state of one outline. ``Outline.__init__`` makes it and only the outline changes it.

    Attributes:
        env: The variables of every frame, as ``name: (value, pre)``.
        adopts: Whether layers that a ``_setup`` makes join this outline.
        module_paths: The folders of layer modules and scripts, as named by the session that the outline came from.
        items: The items of the job, after the first request for them.
        work: Folder, launch and launch folder of a job that lives in a work folder.
        work_run: What this process knows about that launch.
        only: Patterns that choose items by their keys. Empty for all items.
        through: Layers whose output is complete, so sources of items that depend on them can be read.
        held: Layers that get their frames only after other layers finish.
        is_plain: Whether the frames run only the layers' commands.
        is_launched: Whether this process has launched it, so that another launch needs a session of its own.
        left_behind: What frames in another process lack, one sentence each. Known after ``setup``.
        script_args: The command line arguments of each script, by module name. Only for an outline from a session.
        script_modules: The modules of the scripts that made layers. Another run of a script makes another module.
    """

    def __init__(self) -> None:
        self.name = ""
        self.frame_range: str | None = None
        self.show: str | None = None
        self.shot: str | None = None
        self.user: str | None = None
        self.facility: str | None = None
        self.maxcores: int | None = None
        self.maxgpus: int | None = None
        self.args: dict[str, Any] = {}
        self.env: dict[str, tuple[str, bool]] = {}
        self.mode = OUTLINE_MODE_INIT
        self.layers: dict[str, Layer] = {}
        self.session: Session | None = None
        self.path: str | None = None
        self.adopts = False
        self.module_paths: list[str] = []
        self.is_plain = False
        self.is_launched = False
        self.left_behind: list[str] = []
        self.script_args: dict[str, list[str]] = {}
        self.script_modules: list[ModuleType] = []
        self.items: ItemBook | None = None
        self.only: tuple[str, ...] = ()
        self.through: frozenset[str] = frozenset()
        self.held: frozenset[str] = frozenset()
        self.work: dict[str, Any] = {}
        self.work_run: WorkRun | None = None


def read_range(frame_range: Any) -> str | None:
    """A range as text, None for an empty one. Lists frames given as numbers one by one, as PyOutline does.

    Raises:
        FrameRangeError: The range is invalid.
    """
    empty = frame_range is None or (isinstance(frame_range, str) and not frame_range.strip())
    if empty:
        return None
    frames = FrameSet(frame_range)
    if isinstance(frame_range, str) or len(frames) > LONGEST_TEXT // 2:
        return str(frames)
    text = ",".join(map(str, frames))
    return text if len(text) <= LONGEST_TEXT else str(frames)
