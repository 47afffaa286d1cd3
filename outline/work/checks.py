# SPDX-License-Identifier: Apache-2.0
"""Mistakes about files that are found before anything runs."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..exception import WorkException
from ..frames import FrameSet
from ..storage import exists

if TYPE_CHECKING:
    from ..layer.links import LayerLinks

__all__ = ["check_files"]

_SHOWN = 5


def check_files(layers: Mapping[str, LayerLinks], folder: str) -> None:
    """Check what the frames of a job read and write.

    Args:
        layers: The layers, by name.
        folder: The work folder.

    Raises:
        WorkException: Two frames write one file, an output is a link, or an input is missing that nobody makes; up to
            five of these are named.
    """
    problems = [*_outputs(layers, folder), *_inputs(layers, folder)]
    if problems:
        more = f"\nand {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise WorkException("\n".join(problems[:_SHOWN]) + more)


def _outputs(layers: Mapping[str, LayerLinks], folder: str) -> Iterator[str]:
    writers: dict[str, tuple[str, str, int]] = {}  # path, layer and frame, by the path without case
    for layer, links in layers.items():
        shares = links.layer.frames_share_outputs
        for frame in _frames(links) if links.outputs else ():
            for _, path in links.output_paths(frame):
                other, writer, at = writers.setdefault(_without_case(path), (path, layer, frame))
                if (writer, at) == (layer, frame) or (shares and writer == layer):
                    continue
                who, they = f"frame {frame} of layer {layer!r}", f"frame {at} of layer {writer!r}"
                if os.path.normpath(other) == os.path.normpath(path):
                    yield f"{path} is written by {they} and by {who}; give each a path of its own"
                else:
                    yield f"{other} and {path}, of {who}, are one file where a file system ignores case; rename one"
    yield from _inside_folders(layers, writers)
    links_there: dict[str, set[str]] = {}
    for path, layer, frame in writers.values():
        place, name = os.path.split(os.path.join(folder, path))
        if place not in links_there:
            links_there[place] = _links_in(place)
        if name in links_there[place]:
            who = f"frame {frame} of layer {layer!r}"
            yield f"{path}, an output of {who}, is a link; remove it, since outputs are replaced by new files"


def _inside_folders(layers: Mapping[str, LayerLinks], writers: Mapping[str, tuple[str, str, int]]) -> Iterator[str]:
    """Outputs that stand in a folder which is an output, and which is replaced as a whole."""
    if not any(output.is_folder for links in layers.values() for output in links.outputs):
        return
    for path, (written, layer, frame) in writers.items():
        parent = os.path.dirname(path)
        while parent and parent != os.path.dirname(parent):
            if parent in writers:
                folder, owner, at = writers[parent]
                who, they = f"frame {frame} of layer {layer!r}", f"frame {at} of layer {owner!r}"
                yield f"{written}, an output of {who}, is in {folder}, which {they} replaces as a whole; move it"
                break
            parent = os.path.dirname(parent)


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


def _inputs(layers: Mapping[str, LayerLinks], folder: str) -> Iterator[str]:
    for layer, links in layers.items():
        if any(one.maker is None for one in links.inputs):
            for frame in _frames(links):
                made = {os.path.normpath(os.path.join(folder, path)) for _, path in links.output_paths(frame)}
                for name, path in links.found_paths(frame):
                    if os.path.normpath(path) in made:
                        yield f"frame {frame} of layer {layer!r} reads what it writes: {path}"
                    elif not exists(path):
                        who = f"frame {frame} of layer {layer!r}"
                        yield f"{who}: no layer makes its input {name!r}, and it does not exist: {path}"


def _frames(links: LayerLinks) -> FrameSet:
    return FrameSet(links.layer.get_frame_range() or "").unique()
