# SPDX-License-Identifier: Apache-2.0
"""Mistakes about files that are found before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..exception import WorkException
from ..frames import FrameSet

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
    problems = [*_outputs(layers, folder), *_inputs(layers)]
    if problems:
        more = f"\nand {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise WorkException("\n".join(problems[:_SHOWN]) + more)


def _outputs(layers: Mapping[str, LayerLinks], folder: str) -> Iterator[str]:
    writers: dict[str, str] = {}
    for layer, links in layers.items():
        shares = links.layer.frames_share_outputs
        for frame in _frames(links) if links.outputs else ():
            who = f"frame {frame} of layer {layer!r}"
            for _, path in links.output_paths(frame):
                other = writers.setdefault(os.path.normpath(path), who)
                if other != who and not (shares and other.endswith(f"layer {layer!r}")):
                    yield f"{path} is written by {other} and by {who}; give each a path of its own"
                elif os.path.islink(os.path.join(folder, path)):
                    yield f"{path}, an output of {who}, is a link; remove it, since outputs are replaced by new files"


def _inputs(layers: Mapping[str, LayerLinks]) -> Iterator[str]:
    for layer, links in layers.items():
        if any(one.maker is None for one in links.inputs):
            for frame in _frames(links):
                for name, path in links.found_paths(frame):
                    if not os.path.exists(path):
                        who = f"frame {frame} of layer {layer!r}"
                        yield f"{who}: no layer makes its input {name!r}, and it is not there: {path}"


def _frames(links: LayerLinks) -> FrameSet:
    return FrameSet(links.layer.get_frame_range() or "").unique()
