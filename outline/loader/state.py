# SPDX-License-Identifier: Apache-2.0
"""What the library knows of one outline, kept apart from the attributes of a class that derives from Outline."""

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
    """The state of one outline; ``Outline.__init__`` makes it, only the outline changes it.

    Attributes:
        env: The variables of every frame, as ``name: (value, pre)``.
        adopts: Layers that a ``_setup`` makes join this outline.
        module_paths: Folders that its session, if it was read from one, names for the modules of layers and scripts.
        items: The items of the job, once somebody has asked for them.
        work: Folder, launch and launch folder of a job that lives in a work folder.
        work_run: What this process knows of that launch.
        only: Patterns of the keys that the job is about; empty for all.
        through: Layers that have made all that sources of items read after them.
        held: Layers that have no frames before other layers are through.
        is_plain: Whether its frames run the layers' commands and nothing else of them.
        left_behind: What frames in another process do not have of the layers, a sentence each; known once it is set up.
        script_args: What the command line handed to a script, by the name of its module; of a session only.
        script_modules: The modules of the scripts that made layers; another run of a script makes another one.
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
    """A range as text, None for an empty one; frames that are given as numbers stand one by one, as in PyOutline.

    Raises:
        FrameRangeError: It cannot be read.
    """
    empty = frame_range is None or (isinstance(frame_range, str) and not frame_range.strip())
    if empty:
        return None
    frames = FrameSet(frame_range)
    if isinstance(frame_range, str) or len(frames) > LONGEST_TEXT // 2:
        return str(frames)
    text = ",".join(map(str, frames))
    return text if len(text) <= LONGEST_TEXT else str(frames)
