# SPDX-License-Identifier: Apache-2.0
"""Outputs that are pictures, small enough for a page.

Pillow opens what browsers know, and OpenImageIO what only the trade does; either is enough, and neither is needed.
"""

from __future__ import annotations

import importlib.util
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...storage import is_url
from .facts import Picture, Pictures
from .made import Made

__all__ = ["choose", "pictures_of"]

_WIDTH, _HEIGHT = 240, 180
_QUALITY = 78
_LEAST = 4  # of an output, as long as there are enough for all
_THREADS = 4
_KINDS = {
    *("png", "jpg", "jpeg", "webp", "gif", "bmp", "tga", "tif", "tiff", "ppm", "pgm", "pbm", "pnm", "jp2", "ico"),
    *("exr", "hdr", "dpx", "cin", "psd", "sgi", "rgb", "tx"),
}
_MISSING = "Pillow is not installed, so pictures are left out: pip install outline-farm[report]"


def pictures_of(made: Iterable[Made], most: int) -> tuple[tuple[Pictures, ...], str]:
    """The outputs that are pictures, and why they are not here, if they are not.

    Args:
        made: What the frames have made, in order.
        most: How many pictures there may be together.
    """
    groups: dict[tuple[str, str], list[Made]] = {}
    away = 0
    for one in made:
        if most and os.path.splitext(one.path)[1][1:].lower() in _KINDS:
            if is_url(one.path):
                away += 1
            elif os.path.isfile(one.path):
                groups.setdefault((one.layer, one.output), []).append(one)
    if not groups:
        return (), f"Pictures in buckets are not read, and there are {away}." if away else ""
    if not _has("PIL") and not _has("OpenImageIO"):
        return (), _MISSING
    each = max(_LEAST, most // len(groups))
    found, left = [], most
    with ThreadPoolExecutor(_THREADS) as pool:
        for (layer, output), group in groups.items():
            chosen = choose(group, min(each, left))
            left -= len(chosen)
            if chosen:
                found.append(Pictures(layer, output, len(group), tuple(pool.map(_picture, chosen))))
    hidden = len(groups) - len(found)
    notes = [f"There are {hidden} more outputs that are pictures; --pictures shows more."] if hidden else []
    notes += [f"Pictures in buckets are not read, and there are {away}."] if away else []
    return tuple(found), " ".join(notes)


def choose(made: Sequence[Made], most: int) -> list[Made]:
    """So many as may be, evenly spread, with the first and the last."""
    if len(made) <= most:
        return list(made)
    if most < 2:
        return list(made[:most])
    return [made[place * (len(made) - 1) // (most - 1)] for place in range(most)]


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _picture(one: Made) -> Picture:
    try:
        return Picture(one.name, one.path, _small(one.path))
    except Exception as error:  # of code that opens whatever frames have written
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Picture(one.name, one.path, fault=f"cannot be shown: {reason[:120]}")


def _small(path: str) -> bytes:
    if _has("PIL"):
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(path) as picture:
                return _small_with_pillow(picture)
        except UnidentifiedImageError:
            if not _has("OpenImageIO"):
                raise ValueError("it needs OpenImageIO: pip install outline-farm[images]") from None
    return _small_with_oiio(path)


# Any: Pillow and OpenImageIO have no types here, and need not be there when types are checked.
def _small_with_pillow(picture: Any) -> bytes:
    picture.draft("RGB", (_WIDTH * 2, _HEIGHT * 2))
    if picture.mode.startswith("I"):  # 16 bits
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    picture = picture.convert("RGBA" if has_alpha else "RGB")
    picture.thumbnail((_WIDTH, _HEIGHT))
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=_QUALITY, method=2)
    return stream.getvalue()


def _small_with_oiio(path: str) -> bytes:
    import OpenImageIO as oiio

    picture = oiio.ImageBuf(path)
    spec = picture.spec()
    if picture.has_error or not spec.width or not spec.height:
        raise ValueError(picture.geterror() or "it is not a picture")
    names = [name for name in ("R", "G", "B", "A") if name in spec.channelnames]
    picture = oiio.ImageBufAlgo.channels(picture, tuple(names or range(min(3, spec.nchannels))))
    if str(spec.format) in ("half", "float", "double"):
        picture = oiio.ImageBufAlgo.colorconvert(picture, "linear", "sRGB")
    part = min(_WIDTH / spec.width, _HEIGHT / spec.height, 1.0)
    wide, high = max(1, round(spec.width * part)), max(1, round(spec.height * part))
    x, y = spec.x, spec.y
    picture = oiio.ImageBufAlgo.resize(picture, roi=oiio.ROI(x, x + wide, y, y + high, 0, 1, 0, picture.nchannels))
    picture.specmod().full_width, picture.specmod().full_height = wide, high
    with tempfile.TemporaryDirectory(prefix="outline-report-") as folder:
        target = os.path.join(folder, "small.png")
        if picture.has_error or not picture.write(target, "uint8"):
            raise ValueError(picture.geterror() or "it is not a picture")
        with open(target, "rb") as stream:
            return stream.read()
