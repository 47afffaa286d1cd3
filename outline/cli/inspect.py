# SPDX-License-Identifier: Apache-2.0
"""``pycuerun -i``: what an outline is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..frames import FrameSet
from ..loader.outline import takes_range_of_job
from ..script import PACKAGE
from .reading import read_outline
from .text import facts, plural, shorten

if TYPE_CHECKING:
    from ..layer import Layer
    from ..loader import Outline

__all__ = ["class_name", "counted_frames", "inspect_text", "range_text"]

_LONGEST = 400  # a list of a thousand commands is not worth reading
_SHOWN_ELSEWHERE = ("register", "range", "chunk", "type", "service", "require", "env")


def inspect_text(script: str, frames: str | None = None) -> str:
    """Tell what a script, a JSON description or a session's outline.yaml describes.

    Nothing is set up and nothing is written.

    Args:
        script: The file.
        frames: The range of the job; None leaves it to the outline.

    Raises:
        OutlineException: The file is missing, or what is in it is wrong.
    """
    reading = read_outline(script)
    ol = reading.outline
    if frames or reading.flags.get("range"):
        ol.set_frame_range(frames or reading.flags["range"])
    ol.setup_depends()
    blocks = [_head(ol, script), *(_layer(layer) for layer in ol.get_layers())]
    return "\n\n".join("\n".join(block) for block in blocks)


def _head(ol: Outline, script: str) -> list[str]:
    layers = ol.get_layers()
    pairs = [
        ("outline", ol.get_name()),
        ("job", ol.get_full_name()),
        ("file", script),
        ("range", range_text(ol)),
        ("layers", str(len(layers))),
        ("frames", _total(layers)),
        ("facility", ol.get_facility() or ""),
        ("args", _assignments(ol.get_args())),
        ("env", _assignments({key: value for key, (value, _) in ol.get_env().items()})),
    ]
    return facts(pairs)


def range_text(ol: Outline) -> str:
    """The range of a job, or what its layers have without one."""
    if frames := ol.get_frame_range():
        return frames
    if any(takes_range_of_job(layer) for layer in ol.get_layers()):
        return "none; layers without one of their own have frame 1000 alone"
    return "none; each layer has frames of its own"


def _total(layers: list[Layer]) -> str:
    frames, chunks = (sum(numbers) for numbers in zip((0, 0), *map(counted_frames, layers), strict=True))
    return str(frames) if frames == chunks else f"{frames} in {plural(chunks, 'chunk')}"


def counted_frames(layer: Layer) -> tuple[int, int]:
    """Count the frames of a layer, and its chunks."""
    frames = len(FrameSet(layer.get_frame_range() or []).unique()) if layer.get_frame_range() else 0
    return frames, -(-frames // layer.get_chunk_size())


def _layer(layer: Layer, indent: str = "") -> list[str]:
    place, line = layer.get_origin_line()
    pairs = [
        ("class", class_name(layer)),
        ("type", str(layer.get_type())),
        ("made", f"{place}:{line}" if line else ""),
        ("frames", _frames(layer)),
        ("depends", "\n".join(_depends(layer))),
        ("service", layer.get_service() if layer.get_service() != "shell" else ""),
        ("limits", ", ".join(layer.get_limits() or [])),
        ("args", _assignments(_own_args(layer))),
        ("env", _assignments(layer.get_envs())),
        ("inputs", _assignments({name: path.get_path() for name, path in layer.get_inputs().items()})),
        ("outputs", _assignments({name: path.get_path() for name, path in layer.get_outputs().items()})),
    ]
    lines = [f"{indent}{layer.get_name()}", *facts(pairs, f"{indent}  ")]
    for child in layer.get_children():
        lines += [f"{indent}  child", *_layer(child, f"{indent}    ")]
    return lines


def class_name(layer: Layer) -> str:
    """The class of a layer with its module; a script stands there under its own name."""
    return f"{type(layer).__module__.removeprefix(f'{PACKAGE}.')}.{type(layer).__qualname__}"


def _frames(layer: Layer) -> str:
    if layer.get_parent() is not None:
        return "those of its parent"
    frame_range = layer.get_frame_range()
    if not frame_range:
        ol = layer.get_outline()
        if ol is not None and ol.holds(layer):
            return "known when the layer that makes its items is through"
        own = layer.get_arg("range") or layer.get_items()
        return f"none: {own} has no frame of the job's range, so the layer is left out"
    frames, chunks = counted_frames(layer)
    if layer.get_chunk_size() == 1:
        return f"{frame_range}  ({plural(frames, 'frame')})"
    return f"{frame_range}  ({plural(frames, 'frame')} in {plural(chunks, 'chunk')} of {layer.get_chunk_size()})"


def _depends(layer: Layer) -> list[str]:
    lines = []
    for depend in layer.get_depends():
        any_frame = ", any frame" if depend.is_any_frame() else ""
        lines.append(f"{depend.get_depend_on_layer().get_name()}  {depend.get_type()}{any_frame}")
    return lines


def _own_args(layer: Layer) -> dict[str, Any]:
    return {
        key: value for key, value in layer.get_args().items() if key not in _SHOWN_ELSEWHERE and value not in (None, "")
    }


def _assignments(values: dict[str, Any]) -> str:
    return "\n".join(shorten(f"{key} = {value!r}", _LONGEST) for key, value in values.items())
