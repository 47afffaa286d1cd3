# SPDX-License-Identifier: Apache-2.0
"""Pictures to judge: ``python pictures.py FOLDER FIRST LAST`` writes a1.jpg and so on, good, blurred and moiré in turn.

The number of a picture decides what is on it. It needs OpenCV and numpy.
"""

from __future__ import annotations

import os
import sys

import cv2
import numpy as np

KINDS = ("good", "blurred", "moire")
_SIZE = 240


def draw(number: int) -> np.ndarray:
    """Return a page of bars, as lines of text look from afar, with a disc, and spoil it by its kind."""
    chance = np.random.default_rng(number)
    page = np.full((_SIZE, _SIZE, 3), chance.integers(200, 256, 3), np.uint8)
    for line in range(20, _SIZE - 20, 14):
        start = 16
        while start < _SIZE - 60:
            end = start + int(chance.integers(8, 44))
            cv2.rectangle(page, (start, line), (end, line + 6), chance.integers(0, 110, 3).tolist(), -1)
            start = end + 7
    centre = chance.integers(70, 170, 2).tolist()
    cv2.circle(page, centre, int(chance.integers(26, 46)), chance.integers(40, 220, 3).tolist(), -1)
    return _spoil(page, KINDS[number % 3], chance)


def _spoil(page: np.ndarray, kind: str, chance: np.random.Generator) -> np.ndarray:
    if kind == "blurred":
        return cv2.GaussianBlur(page, (0, 0), float(chance.uniform(2.5, 4)))
    if kind == "moire":  # two grids that hardly differ, as of a camera before a screen
        row, column = np.mgrid[0:_SIZE, 0:_SIZE]
        pitch, turn = chance.uniform(0.9, 1.2), chance.uniform(0.04, 0.12)
        grid = np.sin(column / pitch * 2) * np.sin((column + row * turn) / pitch * 2.1)
        return np.clip(page + 55 * grid[:, :, None], 0, 255).astype(np.uint8)
    return page


if __name__ == "__main__":
    folder, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.makedirs(folder, exist_ok=True)
    for number in range(first, last + 1):
        cv2.imwrite(os.path.join(folder, f"a{number}.jpg"), draw(number))
