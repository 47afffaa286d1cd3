# SPDX-License-Identifier: Apache-2.0
"""Layer and its family: what a render job is made of."""

from __future__ import annotations

from ..logs import get_logger
from .args import CommandArgs, LayerArgs
from .base import DEFAULT_FRAME_RANGE, Layer, LayerType
from .frame import Composite, Frame, LayerPostProcess, LayerPreProcess, OutlinePostCommand, PostFrame

# Names of the PyOutline tutorial.
PreProcess = LayerPreProcess
PostProcess = LayerPostProcess
PostCommand = OutlinePostCommand
_LayerArgs = CommandArgs

logger = get_logger("outline.layer")  # as PyOutline has it

__all__ = [
    "DEFAULT_FRAME_RANGE",
    "CommandArgs",
    "Composite",
    "Frame",
    "Layer",
    "LayerArgs",
    "LayerPostProcess",
    "LayerPreProcess",
    "LayerType",
    "OutlinePostCommand",
    "PostCommand",
    "PostFrame",
    "PostProcess",
    "PreProcess",
]
