# SPDX-License-Identifier: Apache-2.0
"""What a farm cannot do.

CannotDo
├── Exists      a name is taken
├── InUse       something else still uses the object
├── Invalid     the request is wrong
└── NotFound    the object does not exist
CannotSave
"""

from __future__ import annotations

__all__ = ["CannotDo", "CannotSave", "Exists", "InUse", "Invalid", "NotFound"]


class CannotDo(ValueError):
    """The request is not possible. The text says why. Nothing was changed."""


class Exists(CannotDo):
    """The object exists already."""


class InUse(CannotDo):
    """Something else still uses the object."""


class Invalid(CannotDo):
    """The request is wrong."""


class NotFound(CannotDo):
    """The object does not exist."""


class CannotSave(Exception):
    """The state file cannot be written. The text says why. The change is kept in memory."""
