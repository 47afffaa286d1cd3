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
    writers: dict[str, str] = {}
    spelt: dict[str, str] = {}
    for layer, links in layers.items():
        shares = links.layer.frames_share_outputs
        for frame in _frames(links) if links.outputs else ():
            who = f"frame {frame} of layer {layer!r}"
            for _, path in links.output_paths(frame):
                other = writers.setdefault(os.path.normpath(path), who)
                if other != who and not (shares and other.endswith(f"layer {layer!r}")):
                    yield f"{path} is written by {other} and by {who}; give each a path of its own"
                elif (like := spelt.setdefault(_without_case(path), path)) != path:
                    yield f"{like} and {path}, of {who}, are one file where a file system ignores case; rename one"
                elif os.path.islink(os.path.join(folder, path)):
                    yield f"{path}, an output of {who}, is a link; remove it, since outputs are replaced by new files"


def _without_case(path: str) -> str:
    """A path as file systems compare it that ignore case, and the ways in which an umlaut can be written."""
    path = os.path.normpath(path)
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


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
                        yield f"{who}: no layer makes its input {name!r}, and it is not there: {path}"


def _frames(links: LayerLinks) -> FrameSet:
    return FrameSet(links.layer.get_frame_range() or "").unique()
