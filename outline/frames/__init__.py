# SPDX-License-Identifier: Apache-2.0
"""Frame ranges and chunks. Only this package knows how to read, write, order and cut ranges.

Syntax and order match the farm server, so a range means the same everywhere:

=============  =====================================================================
``12``         one frame; negative numbers are frames too (``-5--1``)
``1-10``       every frame; ``10-1`` counts down
``1-10x3``     every third: 1 4 7 10; ``10-1x-3`` counts down
``1-10y3``     what ``x3`` leaves out: 2 3 5 6 8 9
``1-10:5``     coarse to fine: steps of 5, 2 and 1, no frame twice: 1 6 3 5 7 9 2 4 8 10
``1-3,8``      one after the other, in the order written; a frame named twice comes twice
=============  =====================================================================

It also accepts blanks around commas, ``5 10 15`` (5,10,15), ``1-100by5`` and
``1:100:5`` (both 1-100x5).
"""

from .chunks import chunk_at, chunk_frames, chunk_heads, consecutive_runs
from .frame_set import FrameSet
from .text import LONGEST_TEXT, FrameRangeError, spell_out

__all__ = [
    "LONGEST_TEXT",
    "FrameRangeError",
    "FrameSet",
    "chunk_at",
    "chunk_frames",
    "chunk_heads",
    "consecutive_runs",
    "spell_out",
]
