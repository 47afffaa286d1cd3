# SPDX-License-Identifier: Apache-2.0
"""Names as the farm server makes them of what it is sent."""

from __future__ import annotations

import re

from ... import names

__all__ = ["conform_layer", "frame_name", "full_job_name", "own_job_name"]


def conform_layer(name: str) -> str:
    """A layer's name, or a shot's, as it is on the farm: lower case, with ``_`` for ``-``."""
    return name.replace("-", "_").lower()


def full_job_name(show: str, shot: str, user: str, name: str) -> str:
    """The name under which the farm knows a job, ``show-shot-user_name``.

    Args:
        name: The outline's part; it may begin with the other parts already.
    """
    own = own_job_name(show, shot, user, name)
    return f"{_prefix(show, shot, user).rstrip('_')}_{own.lstrip('_')}".lower()


def own_job_name(show: str, shot: str, user: str, name: str) -> str:
    """What the farm makes of the outline's part of a job's name; arguments as for ``full_job_name``."""
    prefix = _prefix(show, shot, user)
    own = name[len(prefix) - 1 :] if name.startswith(prefix) else name
    return re.sub("_{2,}", "_", own.lower()).replace("-", "_")


def _prefix(show: str, shot: str, user: str) -> str:
    return f"{show}-{conform_layer(shot)}-{user}_"


def frame_name(frame: int, layer: str) -> str:
    """A frame's name on the farm: ``0012-beauty``."""
    return names.frame_name(frame, conform_layer(layer))
