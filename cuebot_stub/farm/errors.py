# SPDX-License-Identifier: Apache-2.0
"""Errors of requests to the farm."""

from __future__ import annotations

__all__ = ["CannotDo", "CannotSave"]


class CannotDo(ValueError):
    """The request is not possible in the current state. The text says why. Nothing was changed."""


class CannotSave(Exception):
    """The state file cannot be written. The text says why. The change is kept in memory."""
