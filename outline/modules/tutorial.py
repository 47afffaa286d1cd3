# SPDX-License-Identifier: Apache-2.0
"""The module that the tutorial builds."""

from __future__ import annotations

import sys

from ..frames import FrameSet
from ..layer import Layer

__all__ = ["HelloModule"]


class HelloModule(Layer):
    """Says hello from every frame."""

    def _execute(self, frames: FrameSet) -> None:
        for frame in frames:
            sys.stdout.write(f"Hello Frame Number #{frame}\n")
