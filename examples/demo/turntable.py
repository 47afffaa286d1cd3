# SPDX-License-Identifier: Apache-2.0
"""What is in the scene of the demo, and how it moves: a knot, nine balls around it, and one day of light."""

from __future__ import annotations

import colorsys
import math

Vector = tuple[float, float, float]

_BALLS = 9

# Light through the day: radiance of the sky, of the sun.
_DAY: list[tuple[Vector, Vector]] = [
    ((0.030, 0.045, 0.130), (1.5, 2.2, 5.0)),  # night
    ((0.300, 0.150, 0.200), (16.0, 7.0, 5.0)),  # dawn
    ((0.300, 0.480, 0.800), (17.0, 15.0, 12.0)),  # noon
    ((0.480, 0.190, 0.060), (19.0, 8.0, 2.0)),  # dusk
]


def motion(length: int) -> list[dict[str, str]]:
    """Return what the scene's parameters are in each frame of one turn, as the text that mitsuba reads."""
    poses = []
    for step in range(length):
        part = step / length
        sky, sun = _light(part)
        angles = {"turn": 360 * part, "ring": -360 * part, "sunturn": 140 * part - 70}
        pose = {name: f"{angle:.2f}" for name, angle in angles.items()}
        poses.append({**pose, "sky": _text(sky), "sun": _text(sun)})
    return poses


def write_scene(template: str, path: str) -> None:
    """Write the scene: the template with the balls put in."""
    with open(template, encoding="utf-8") as stream:
        text = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text.replace("<!-- balls -->", "\n".join(_ball(number) for number in range(_BALLS))))


def write_knot(path: str, *, along: int = 420, around: int = 28, radius: float = 0.38) -> None:
    """Write a trefoil knot as a PLY mesh: a tube along the curve, ``around`` corners wide."""
    rings = [_ring(2 * math.pi * step / along, around, radius) for step in range(along)]
    vertices = [vertex for ring in rings for vertex in ring]
    header = ["ply", "format ascii 1.0", f"element vertex {len(vertices)}"]
    header += [f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")]
    header += [f"element face {2 * along * around}", "property list uchar int vertex_indices", "end_header"]
    with open(path, "w", encoding="ascii") as stream:
        stream.write("\n".join(header) + "\n")
        stream.writelines(" ".join(f"{value:.5f}" for value in vertex) + "\n" for vertex in vertices)
        stream.writelines(f"3 {a} {b} {c}\n" for a, b, c in _triangles(along, around))


def _light(part: float) -> tuple[Vector, Vector]:
    place = part * len(_DAY)
    before, after = _DAY[int(place)], _DAY[(int(place) + 1) % len(_DAY)]
    share = place - int(place)
    return _mix(before[0], after[0], share), _mix(before[1], after[1], share)


def _ball(number: int) -> str:
    color = _text([channel**2.2 for channel in colorsys.hsv_to_rgb(number / _BALLS, 0.9, 0.92)])
    return f"""  <shape type="sphere">
    <float name="radius" value="{0.34 + 0.026 * number:.3f}"/>
    <transform name="to_world">
      <translate x="3.9"/><rotate y="1" angle="{360 * number / _BALLS:.2f}"/><rotate y="1" angle="$ring"/>
      <rotate z="1" angle="16"/><translate y="2.35"/>
    </transform>
    <bsdf type="plastic"><rgb name="diffuse_reflectance" value="{color}"/></bsdf>
  </shape>"""


def _ring(angle: float, around: int, radius: float) -> list[tuple[float, ...]]:
    center = _curve(angle)
    along = _unit(_minus(_curve(angle + 1e-4), center))
    side = _unit(_cross(along, (0.0, 0.0, 1.0)))
    up = _cross(along, side)
    vertices = []
    for corner in range(around):
        turn = 2 * math.pi * corner / around
        normal = [math.cos(turn) * a + math.sin(turn) * b for a, b in zip(side, up, strict=True)]
        vertices.append((*(c + radius * n for c, n in zip(center, normal, strict=True)), *normal))
    return vertices


def _triangles(along: int, around: int) -> list[tuple[int, int, int]]:
    faces = []
    for step in range(along):
        here, there = step * around, (step + 1) % along * around
        for corner in range(around):
            beside = (corner + 1) % around
            faces.append((here + corner, there + corner, here + beside))
            faces.append((here + beside, there + corner, there + beside))
    return faces


def _curve(angle: float) -> Vector:
    return (
        math.sin(angle) + 2 * math.sin(2 * angle),
        math.cos(angle) - 2 * math.cos(2 * angle),
        -math.sin(3 * angle),
    )


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _minus(a: Vector, b: Vector) -> Vector:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _unit(a: Vector) -> Vector:
    length = math.sqrt(a[0] ** 2 + a[1] ** 2 + a[2] ** 2)
    return (a[0] / length, a[1] / length, a[2] / length)


def _mix(a: Vector, b: Vector, share: float) -> Vector:
    return (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2]))


def _text(values: list[float] | Vector) -> str:
    return ",".join(f"{value:.4f}" for value in values)
