# SPDX-License-Identifier: Apache-2.0
"""A sheet of the pictures that a file lists, four in a row: ``python sheet.py LIST SHEET``; it needs OpenCV."""

import sys
from pathlib import Path

import cv2
import numpy as np

_COLUMNS, _GAP = 4, 4

tiles = [cv2.imread(path) for path in Path(sys.argv[1]).read_text().splitlines()]
height, width = (size + _GAP for size in tiles[0].shape[:2])
rows = -(-len(tiles) // _COLUMNS)
sheet = np.full((rows * height + _GAP, _COLUMNS * width + _GAP, 3), 64, np.uint8)
for number, tile in enumerate(tiles):
    top, left = number // _COLUMNS * height + _GAP, number % _COLUMNS * width + _GAP
    sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
cv2.imwrite(sys.argv[2], sheet)
