# SPDX-License-Identifier: Apache-2.0
"""Functions that make a tile of 32 by 32 pixels; each takes the path first, and returns what is worth remembering."""

PIXELS = 32
_MOST = 255


def mandelbrot(path, left, top, size):
    """Write a tile of the Mandelbrot set, which is seen from (0, 0) to (1, 1)."""
    return _write(path, left, top, size, lambda place: (0, place - 0.25))


def julia(path, left, top, size):
    """Write a tile of a Julia set."""
    return _write(path, left, top, size, lambda place: (place, -0.8 + 0.156j))


def _write(path, left, top, size, begin):
    pixels = bytearray()
    for row in range(PIXELS):
        for column in range(PIXELS):
            across = left + size * (column + 0.5) / PIXELS
            down = top + size * (row + 0.5) / PIXELS
            pixels.append(_steps(*begin(complex(3 * across - 1.5, 3 * down - 1.5))))
    with open(path, "wb") as stream:
        stream.write(pixels)
    return {"brightest": max(pixels)}


def _steps(place, constant):
    for step in range(_MOST):
        if abs(place) > 2:
            return step
        place = place * place + constant
    return _MOST
