# SPDX-License-Identifier: Apache-2.0
"""What the command cuebot-stub tells in one line.

FarmError
├── FarmIsRunning      up was asked for a farm that is there already
└── NoFarm             status or down was asked for a farm that is not there
"""

from __future__ import annotations

from outline.exception import OutlineException

__all__ = ["FarmError", "FarmIsRunning", "NoFarm"]


class FarmError(OutlineException):
    """A farm cannot be started, reached or stopped; the text says why and what to do."""


class FarmIsRunning(FarmError):
    """There is a farm in this folder already."""


class NoFarm(FarmError):
    """There is no farm in this folder."""
