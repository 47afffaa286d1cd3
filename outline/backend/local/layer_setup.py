# SPDX-License-Identifier: Apache-2.0
"""What a worker finds out about a layer once, for all of its frames."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ...environment import layer_environment
from ...frame_run import begins_before_fork, is_plain, prepare_work, runs_only_commands
from ...layer.paths import OUTPUTS_NAMES
from ...layer.ranges import read_frames
from ...layer.results import seed_from
from ...session_paths import SessionPaths

if TYPE_CHECKING:
    from ...layer import Layer
    from ...loader import Outline

__all__ = ["LayerSetup", "layer_setup"]


class LayerSetup(NamedTuple):
    """How the frames of one layer are run.

    Attributes:
        layer: The layer.
        shared: The variables that all its frames have.
        environ: The environment without them, with what ``layer.life.begin`` would add for each of them.
        only_commands: What ``runs_only_commands`` says of it.
        is_plain: What ``is_plain`` says of it.
        begins_before_fork: What ``begins_before_fork`` says of it.
        extras: Files that change it while the job runs. Once one is there, its frames need processes of their own.
    """

    layer: Layer
    shared: dict[str, str]
    environ: dict[str, str]
    only_commands: bool
    is_plain: bool
    begins_before_fork: bool
    extras: tuple[str, ...]


def layer_setup(ol: Outline, environ: dict[str, str], name: str) -> LayerSetup:
    """How the frames of a layer are run in an environment; what they would all compute is computed here."""
    layer = ol.get_layer(name)
    shared = layer_environment(ol, layer)
    _ = 0 in read_frames(layer.get_frame_range() or "1")  # read it here, once, so that no fork has to
    if layer.get_items() is not None:
        seed_from(0, name, "")  # imports what takes its time
    prepare_work(layer)
    folder = SessionPaths(layer.get_session().get_path()).layer(layer)
    extras = tuple(os.path.join(folder, file) for file in ("args_override", *OUTPUTS_NAMES))
    only_commands, begins = runs_only_commands(layer), begins_before_fork(layer)
    plain = is_plain(layer)
    if not plain:
        environ = {**environ, "OL_LAYER_SESSION_PATH": layer.get_path()}
    return LayerSetup(layer, shared, environ, only_commands, plain, begins, extras)
