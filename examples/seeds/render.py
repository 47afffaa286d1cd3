# SPDX-License-Identifier: Apache-2.0
"""One picture for each seed: things that come with pybullet fall onto a floor. It needs pybullet and numpy."""

from __future__ import annotations

import os
import random
import struct
import zlib

import pybullet
import pybullet_data

_WIDTH, _HEIGHT = 320, 240
_STEPS = 300
# How much each thing is enlarged, so that all are about as big as a cube.
_THINGS = {"duck_vhacd.urdf": 7, "soccerball.urdf": 0.6, "lego/lego.urdf": 14, "jenga/jenga.urdf": 6, "r2d2.urdf": 0.6}


def render(item: str, picture: str) -> dict[str, object]:
    """Render what a seed decides, and tell what that is; the same seed gives the same picture, bit by bit.

    Args:
        item: A line of the list of seeds, which must be a whole number.
        picture: Where to write the PNG.
    """
    seed = int(item)
    chance = random.Random(seed)
    names = [chance.choice(list(_THINGS)) for _ in range(chance.randint(2, 6))]
    pybullet.connect(pybullet.DIRECT)
    pybullet.resetSimulation()
    _let_fall(names, chance)
    _write_png(picture, _look(chance.uniform(0, 360)))
    pybullet.disconnect()
    return {"seed": seed, "things": [os.path.basename(name).partition(".")[0] for name in names]}


def _let_fall(names: list[str], chance: random.Random) -> None:
    pybullet.setAdditionalSearchPath(pybullet_data.getDataPath())
    pybullet.setGravity(0, 0, -9.8)
    pybullet.loadURDF("plane.urdf")
    for height, name in enumerate(names, 1):
        place = [chance.uniform(-0.5, 0.5), chance.uniform(-0.5, 0.5), height * 0.8]
        turn = pybullet.getQuaternionFromEuler([chance.uniform(0, 3.1) for _ in range(3)])
        thing = pybullet.loadURDF(name, place, turn, globalScaling=_THINGS[name])
        if name.startswith(("lego", "jenga", "soccer")):
            pybullet.changeVisualShape(thing, -1, rgbaColor=[*(chance.uniform(0.3, 1) for _ in range(3)), 1])
    for _ in range(_STEPS):
        pybullet.stepSimulation()


def _look(degrees: float) -> list[bytes]:
    """Return the picture as rows of red, green and blue."""
    view = pybullet.computeViewMatrixFromYawPitchRoll([0, 0, 0.3], 3.6, degrees, -28, 0, 2)
    lens = pybullet.computeProjectionMatrixFOV(40, _WIDTH / _HEIGHT, 0.1, 30)
    light = [2, 1, 4]
    pixels = pybullet.getCameraImage(_WIDTH, _HEIGHT, view, lens, light, shadow=1, renderer=pybullet.ER_TINY_RENDERER)[
        2
    ]
    return [row.tobytes() for row in pixels.reshape(_HEIGHT, _WIDTH, 4)[:, :, :3]]


def _write_png(path: str, rows: list[bytes]) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    with open(path, "wb") as stream:
        stream.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
