# SPDX-License-Identifier: Apache-2.0
"""The named inputs and outputs of a layer, and the checks on them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..frames import FrameSet

if TYPE_CHECKING:
    from ..io import Path

__all__ = ["OUTPUTS_DATA", "OUTPUTS_NAMES", "add_path", "check_files", "find_path", "make_folders"]

OUTPUTS_NAMES = ("ol:outputs", "ol_outputs")
"""How PyOutline names what a pre-process has found, and code that follows it; and the name on Windows."""
OUTPUTS_DATA = OUTPUTS_NAMES[os.name == "nt"]  # no file name of Windows has a colon


def add_path(table: dict[str, Path], kind: str, name: Any, value: Any, where: str) -> None:
    """Add an input or output to the table of a layer.

    Args:
        table: The inputs, or the outputs, by name.
        kind: ``input`` or ``output``.
        name: Its name; empty makes one. Without a value it is the value.
        value: An ``outline.io`` object, or a path as text.
        where: The layer, for the message.

    Raises:
        LayerException: The name is taken.
    """
    from ..io import Path

    if value is None:
        name, value = "", name
    name = str(name) if name else f"{kind}{len(table)}"
    if name in table:
        raise LayerException(f"{where} already has an {kind} named {name!r}")
    table[name] = value if isinstance(value, Path) else Path(value)


def find_path(table: Mapping[str, Path], kind: str, name: str, where: str) -> Path:
    """Find an input or output by its name; arguments as for ``add_path``.

    Raises:
        LayerException: There is no such name.
    """
    if name not in table:
        raise LayerException(f"{where} has no {kind} {name!r}; it has {sorted(table) or 'none'}")
    return table[name]


def check_files(table: Mapping[str, Path], kind: str, frames: FrameSet | None, where: str) -> None:
    """Check that every path with the attribute ``checked`` is there for the frames.

    Raises:
        LayerException: One is missing or empty; the message names the frames.
    """
    for name, path in table.items():
        if path.get_attribute("checked") and not path.exists(frames):
            missing = [frame for frame in frames or () if not path.exists(FrameSet([frame]))]
            those = f" for frames {FrameSet(missing)}" if missing else ""
            raise LayerException(f"{where}: {kind} {name!r} is missing or empty{those}: {path.get_path()}")


def make_folders(paths: Iterable[Path]) -> None:
    """Make the folders of paths that have the attribute ``mkdir``."""
    for path in paths:
        if path.get_attribute("mkdir"):
            path.mkdir()
