# SPDX-License-Identifier: Apache-2.0
"""What the farm says when it cannot do what somebody asks for."""

from __future__ import annotations

__all__ = ["CannotDo", "CannotSave"]


class CannotDo(ValueError):
    """What was asked for makes no sense as things stand; the text says why. Nothing was changed."""


class CannotSave(Exception):
    """What has changed cannot be written to the state file; the text says why. It holds as long as the server runs."""
