# SPDX-License-Identifier: Apache-2.0
"""Opens pictures with OpenImageIO and says what is wrong with them. Needs the extra ``images``."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..exception import OutlineException

__all__ = ["ImageFacts", "is_available", "look_at", "require"]

_LONGEST_REASON = 200


class ImageFacts(NamedTuple):
    """What a look at a picture has found.

    Attributes:
        width: In pixels; 0 when it cannot be read.
        height: In pixels.
        fault: What is wrong with it, as in "it is all black"; empty when it is whole.
    """

    width: int
    height: int
    fault: str = ""


def is_available() -> bool:
    """Tell whether OpenImageIO can be imported, without importing it."""
    import importlib.util

    return importlib.util.find_spec("OpenImageIO") is not None


def require(what: str) -> None:
    """Check that OpenImageIO is there.

    Args:
        what: What needs it, for the message.

    Raises:
        OutlineException: It is not installed.
    """
    if not is_available():
        import socket  # slow to import

        where = f"on host {socket.gethostname()}"
        raise OutlineException(
            f"{what} needs OpenImageIO, which is not installed {where}; pip install outline-farm[images]"
        )


def look_at(path: str, *, allow_black: bool = False) -> ImageFacts:
    """Read a picture as a whole and return its size and what is wrong with it.

    Args:
        path: The file.
        allow_black: A picture that is black in all its channels but alpha is fine.
    """
    import OpenImageIO as oiio

    picture = oiio.ImageBuf(path)
    # All subimages (the parts and layers of an EXR); forced, since a header tells nothing of pixels that were cut off.
    for subimage in range(max(1, picture.nsubimages)):
        picture.reset(path, subimage, 0)
        if not picture.read(subimage, 0, True) or picture.has_error:
            return ImageFacts(0, 0, f"it cannot be read: {_reason(picture)}")
        fault = _fault_of_pixels(oiio, picture, allow_black or subimage > 0)
        if fault:
            return ImageFacts(picture.spec().full_width, picture.spec().full_height, fault)
    picture.reset(path, 0, 0)
    spec = picture.spec()
    return ImageFacts(spec.full_width, spec.full_height)


# Any: OpenImageIO has no types, and is not there when types are checked.
def _fault_of_pixels(oiio: Any, picture: Any, allow_black: bool) -> str:
    stats = oiio.ImageBufAlgo.computePixelStats(picture)
    spec = picture.spec()
    broken = sum(stats.nancount)
    if broken:
        return f"{broken} values are NaN"
    colours = [channel for channel in range(spec.nchannels) if channel not in (spec.alpha_channel, spec.z_channel)]
    if not allow_black and colours and all(stats.max[channel] <= 0 and stats.min[channel] >= 0 for channel in colours):
        return "it is all black"
    return ""


def _reason(picture: Any) -> str:
    lines = str(picture.geterror()).splitlines()
    return lines[0].strip()[:_LONGEST_REASON] if lines else "no reason given"
