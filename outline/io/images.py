# SPDX-License-Identifier: Apache-2.0
"""Opens pictures with OpenImageIO and says what is wrong with them. Needs the extra ``images``.

The first frame of a layer that is done notes the size of its pictures in the session folder. So frames that run apart,
perhaps on other hosts, can be held to one size, as it is: nobody has to say it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..exception import OutlineException
from ..files import write_atomic

__all__ = ["ImageFacts", "KnownSize", "look_at", "note_sizes", "read_sizes", "require"]

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


def require(what: str) -> None:
    """Check that OpenImageIO is there, without importing it.

    Args:
        what: What needs it, for the message.

    Raises:
        OutlineException: It is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("OpenImageIO") is None:
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


class KnownSize(NamedTuple):
    """Width and height of the pictures of an output, and the frame that was the first to have them."""

    width: int
    height: int
    frame: int


def read_sizes(folder: str, names: Iterable[str], frames: Iterable[int]) -> dict[str, KnownSize]:
    """What is known of outputs, but nothing that is known only from one of these frames.

    A frame that is rendered again may get another size, for instance after a mistake in the scene was corrected.
    """
    known = {}
    again = set(frames)
    for name in names:
        try:
            with open(_path(folder, name), encoding="ascii") as stream:
                size = KnownSize(*map(int, stream.read().split()))
        except (OSError, ValueError, TypeError):  # not there yet
            continue
        if size.frame not in again:
            known[name] = size
    return known


def note_sizes(folder: str, sizes: dict[str, KnownSize]) -> None:
    """Note sizes; which of several frames at the same time is the one that is noted does not matter."""
    for name, size in sizes.items():
        write_atomic(_path(folder, name), " ".join(map(str, size)))


def _path(folder: str, name: str) -> str:
    safe = "".join(sign if sign.isalnum() else "_" for sign in name)
    return os.path.join(folder, f"image-size.{safe}")
