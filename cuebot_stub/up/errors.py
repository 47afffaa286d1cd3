# SPDX-License-Identifier: Apache-2.0
"""Errors that cuebot-stub prints in one line.

FarmError
├── FarmIsRunning      up: the folder has a running farm already
├── StoreError         serve: the state file cannot be used; in cuebot_stub.store
└── NoFarm             status, down: the folder has no farm
"""

from __future__ import annotations

from outline.exception import OutlineException

__all__ = ["FarmError", "FarmIsRunning", "NoFarm"]


class FarmError(OutlineException):
    """A farm cannot be started, reached or stopped; the text says why and what to do."""


class FarmIsRunning(FarmError):
    """The folder has a running farm already."""


class NoFarm(FarmError):
    """The folder has no farm."""
