# SPDX-License-Identifier: Apache-2.0
"""What a call cannot do."""

from __future__ import annotations

__all__ = ["Exists", "InUse", "Invalid", "NotFound", "RpcError"]


class RpcError(Exception):
    """A call that fails. The client gets the text. Cuebot answers nearly all of them with INTERNAL."""


class NotFound(RpcError):
    """The object does not exist."""


class Exists(RpcError):
    """The object exists already."""


class Invalid(RpcError):
    """The request is wrong."""


class InUse(RpcError):
    """Something else still uses the object."""
