# SPDX-License-Identifier: Apache-2.0
"""What a frame reads, writes and calls: paths, file sequences and commands."""

from __future__ import annotations

from ..exception import FileSpecException, ShellCommandFailureException
from ..logs import get_logger
from .command import prep_shell_command, system
from .filespec import FileSpec, Image, file_spec_constructor, file_spec_serializer, frames_on_disk
from .path import VERSION_REGEX, Path, resolve

__all__ = [
    "VERSION_REGEX",
    "FileSpec",
    "FileSpecException",
    "Image",
    "Path",
    "ShellCommandFailureException",
    "file_spec_constructor",
    "file_spec_serializer",
    "frames_on_disk",
    "prep_shell_command",
    "resolve",
    "system",
]

logger = get_logger("outline.io")
