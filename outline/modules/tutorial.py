# SPDX-License-Identifier: Apache-2.0
"""The module that the tutorial builds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..frames import FrameSet
from ..layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..layer import LayerArgs

__all__ = ["HelloModule"]


class HelloModule(Layer):
    """Says hello from every frame."""

    def __init__(self, name: str, **args: Unpack[LayerArgs]) -> None:
        """Make a layer that says hello."""
        super().__init__(name, **args)

    def _execute(self, frames: FrameSet) -> None:
        for frame in frames:
            sys.stdout.write(f"Hello Frame Number #{frame}\n")
