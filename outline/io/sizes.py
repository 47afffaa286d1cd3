# SPDX-License-Identifier: Apache-2.0
"""The size of the pictures of a layer, noted in its session folder by the first frame that is done.

So frames that run apart, perhaps on other hosts, can be held to one size, as it is: nobody has to say it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from ..files import write_atomic

__all__ = ["KnownSize", "note_sizes", "read_sizes"]


class KnownSize(NamedTuple):
    """Width and height of the pictures of an output, and the frame that was the first to have them."""

    width: int
    height: int
    frame: int


def read_sizes(folder: str, names: Iterable[str], frames: Iterable[int]) -> dict[str, KnownSize]:
    """What is known of outputs, but nothing that is known only from one of these frames.

    A frame that is rendered again may get another size, for instance after a mistake in the scene was corrected.
    """
    known = {}
    again = set(frames)
    for name in names:
        try:
            with open(_path(folder, name), encoding="ascii") as stream:
                size = KnownSize(*map(int, stream.read().split()))
        except (OSError, ValueError, TypeError):  # not there yet
            continue
        if size.frame not in again:
            known[name] = size
    return known


def note_sizes(folder: str, sizes: dict[str, KnownSize]) -> None:
    """Note sizes; which of several frames at the same time is the one that is noted does not matter."""
    for name, size in sizes.items():
        write_atomic(_path(folder, name), " ".join(map(str, size)))


def _path(folder: str, name: str) -> str:
    safe = "".join(sign if sign.isalnum() else "_" for sign in name)
    return os.path.join(folder, f"image-size.{safe}")
