# SPDX-License-Identifier: Apache-2.0
"""Mistakes about files that are found before anything runs."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..exception import WorkException
from ..frames import FrameSet
from ..io.folders import folders_around

if TYPE_CHECKING:
    from ..layer.links import LayerLinks
    from .decide import Look

__all__ = ["check_files"]

_SHOWN = 5


def check_files(layers: Mapping[str, LayerLinks], folder: str, look: Look) -> None:
    """Check what the frames of a job read and write.

    Args:
        layers: The layers, by name.
        folder: The work folder.
        look: Sees files.

    Raises:
        WorkException: Two frames write one file, an output is a link, or an input is missing that nobody makes; up to
            five of these are named.
    """
    outputs = _Outputs(folder)
    of_outputs: list[str] = []
    of_inputs: list[str] = []
    for layer, links in layers.items():
        finds = any(one.maker is None for one in links.inputs)
        for frame in _frames(links) if finds or links.outputs else ():
            of_outputs += outputs.problems(layer, frame, links)
            if finds:
                of_inputs += _inputs(layer, frame, links, folder, look)
    problems = [*of_outputs, *outputs.inside_folders(layers), *of_inputs]
    if problems:
        more = f"\nand {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise WorkException("\n".join(problems[:_SHOWN]) + more)


class _Outputs:
    """The files that frames write, as far as they are known."""

    def __init__(self, folder: str) -> None:
        self.__folder = folder
        self.__writers: dict[str, tuple[str, str, int]] = {}  # path, layer and frame, by the path without case
        self.__links: dict[str, set[str]] = {}  # by the folder that they are in

    def problems(self, layer: str, frame: int, links: LayerLinks) -> Iterator[str]:
        """What is wrong with the outputs of a frame."""
        for _, path in links.all_output_paths(frame):
            other, writer, at = self.__writers.setdefault(_without_case(path), (path, layer, frame))
            if (writer, at) == (layer, frame):
                place = path[: path.rfind("/") + 1]
                if place not in self.__links:
                    self.__links[place] = _links_in(os.path.join(self.__folder, place))
                if self.__links[place] and path[len(place) :] in self.__links[place]:
                    who = f"frame {frame} of layer {layer!r}"
                    yield f"{path}, an output of {who}, is a link; remove it, since outputs are replaced by new files"
            elif not (links.layer.frames_share_outputs and writer == layer):
                who, they = f"frame {frame} of layer {layer!r}", f"frame {at} of layer {writer!r}"
                if os.path.normpath(other) == os.path.normpath(path):
                    yield f"{path} is written by {they} and by {who}; give each a path of its own"
                else:
                    yield f"{other} and {path}, of {who}, are one file where a file system ignores case; rename one"

    def inside_folders(self, layers: Mapping[str, LayerLinks]) -> Iterator[str]:
        """Outputs that stand in a folder which is an output, and which is replaced as a whole."""
        if not any(output.is_folder for links in layers.values() for output in links.outputs):
            return
        for path, (written, layer, frame) in self.__writers.items():
            parent = next((one for one in folders_around(path) if one in self.__writers), None)
            if parent is not None:
                folder, owner, at = self.__writers[parent]
                who, they = f"frame {frame} of layer {layer!r}", f"frame {at} of layer {owner!r}"
                yield f"{written}, an output of {who}, is in {folder}, which {they} replaces as a whole; move it"


def _links_in(folder: str) -> set[str]:
    """The names of the links in a folder; one look at it is cheaper than one at each file."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_symlink()}
    except OSError:  # it is not there yet
        return set()


def _without_case(path: str) -> str:
    """A path as file systems compare it that ignore case, and the ways in which an umlaut can be written."""
    if "//" in path or "./" in path:
        path = os.path.normpath(path)
    if path.isascii():
        return path if path.islower() else path.lower()
    return unicodedata.normalize("NFC", path).casefold()


def _inputs(layer: str, frame: int, links: LayerLinks, folder: str, look: Look) -> Iterator[str]:
    """What is wrong with the files that a frame reads and that no layer makes."""
    made = [path for _, path in links.all_output_paths(frame)]
    for name, path in links.found_paths(frame):
        if any(_is_same(path, os.path.join(folder, output)) for output in made):
            yield f"frame {frame} of layer {layer!r} reads what it writes: {path}"
        elif name not in links.optional and look.signature(path) is None:
            who = f"frame {frame} of layer {layer!r}"
            yield f"{who}: no layer makes its input {name!r}, and it does not exist: {path}"


def _is_same(one: str, other: str) -> bool:
    """Whether two paths are the same; most have different names, and there may be a million of them."""
    return one.rpartition("/")[2] == other.rpartition("/")[2] and os.path.normpath(one) == os.path.normpath(other)


def _frames(links: LayerLinks) -> FrameSet:
    return FrameSet(links.layer.get_frame_range() or "").unique()
