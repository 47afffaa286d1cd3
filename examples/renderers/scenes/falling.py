# SPDX-License-Identifier: Apache-2.0
"""Blocks that fall onto a heap, simulated and rendered with pybullet, which needs numpy as well."""

from __future__ import annotations

import os
import random

import pybullet

_WIDTH, _HEIGHT = 160, 90
_BLOCKS, _STEPS = 14, 420


def render(frames: list[int], pattern: str, seed: int = 0) -> None:
    """Render a heap for each frame, whose number and ``seed`` decide how the blocks fall.

    The same frame gives the same picture, bit by bit, whichever frames are rendered with it.
    """
    os.makedirs(os.path.dirname(pattern), exist_ok=True)
    pybullet.connect(pybullet.DIRECT)
    for done, frame in enumerate(frames, 1):
        _simulate(random.Random(seed * 100_000 + frame))
        _write(pattern % frame, _picture())
        print(f"openjd_progress: {100 * done / len(frames):.0f}", flush=True)
    pybullet.disconnect()


def _simulate(chance: random.Random) -> None:
    pybullet.resetSimulation()
    pybullet.setGravity(0, 0, -9.8)
    floor = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=[4, 4, 0.1])
    ground = pybullet.createVisualShape(pybullet.GEOM_BOX, halfExtents=[4, 4, 0.1], rgbaColor=[0.75, 0.75, 0.7, 1])
    pybullet.createMultiBody(0, floor, ground, [0, 0, -0.1])
    for number in range(_BLOCKS):
        size = [chance.uniform(0.12, 0.3) for _ in range(3)]
        colour = [chance.uniform(0.2, 1), chance.uniform(0.2, 1), chance.uniform(0.2, 1), 1]
        shape = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=size)
        visual = pybullet.createVisualShape(pybullet.GEOM_BOX, halfExtents=size, rgbaColor=colour)
        place = [chance.uniform(-0.8, 0.8), chance.uniform(-0.8, 0.8), 0.6 + 0.35 * number]
        pybullet.createMultiBody(1, shape, visual, place, pybullet.getQuaternionFromEuler(size))
    for _ in range(_STEPS):
        pybullet.stepSimulation()


def _picture() -> bytes:
    """Return the pixels as red, green and blue."""
    view = pybullet.computeViewMatrix([0, -3.4, 2.2], [0, 0, 0.35], [0, 0, 1])
    lens = pybullet.computeProjectionMatrixFOV(40, _WIDTH / _HEIGHT, 0.1, 30)
    picture = pybullet.getCameraImage(_WIDTH, _HEIGHT, view, lens, renderer=pybullet.ER_TINY_RENDERER, shadow=1)
    return bytes(picture[2][:, :, :3].tobytes())


def _write(path: str, pixels: bytes) -> None:
    with open(path, "wb") as stream:
        stream.write(b"P6 %d %d 255\n" % (_WIDTH, _HEIGHT) + pixels)
