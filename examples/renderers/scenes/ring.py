# SPDX-License-Identifier: Apache-2.0
"""Writes scenes for Tachyon: balls on a ring that turns."""

from __future__ import annotations

import colorsys
import math
import os

_BALLS = 7

_HEAD = """BEGIN_SCENE
  RESOLUTION 160 90
CAMERA
  ZOOM 1.6
  ASPECTRATIO 1.0
  ANTIALIASING 0
  RAYDEPTH 5
  CENTER 0.0 2.6 -7.0
  VIEWDIR 0.0 -0.33 1.0
  UPDIR 0.0 1.0 0.0
END_CAMERA
BACKGROUND 0.25 0.35 0.5
LIGHT CENTER 5.0 8.0 -6.0 RAD 0.3 COLOR 1.0 0.95 0.85
PLANE CENTER 0.0 -1.0 0.0 NORMAL 0.0 1.0 0.0
  TEXTURE AMBIENT 0.15 DIFFUSE 0.7 SPECULAR 0.15 OPACITY 1.0
  COLOR 0.85 0.85 0.8 TEXFUNC 0
"""

_BALL = """SPHERE CENTER {x:.4f} {y:.4f} {z:.4f} RAD 0.75
  TEXTURE AMBIENT 0.1 DIFFUSE 0.7 SPECULAR 0.2 OPACITY 1.0
  COLOR {red:.3f} {green:.3f} {blue:.3f} TEXFUNC 0
"""


def write(frames: list[int], folder: str) -> None:
    """Write the scenes of some frames; twelve frames are one turn."""
    os.makedirs(folder, exist_ok=True)
    for frame in frames:
        with open(os.path.join(folder, f"ring.{frame:04d}.dat"), "w", encoding="ascii") as stream:
            stream.write(_HEAD + "".join(_ball(number, frame / 12) for number in range(_BALLS)) + "END_SCENE\n")


def _ball(number: int, turn: float) -> str:
    angle = 2 * math.pi * (number + turn) / _BALLS
    red, green, blue = colorsys.hsv_to_rgb(number / _BALLS, 0.75, 0.95)
    height = -0.25 + 0.6 * abs(math.sin(2 * math.pi * turn + number))
    return _BALL.format(x=2.2 * math.cos(angle), y=height, z=2.2 * math.sin(angle), red=red, green=green, blue=blue)
