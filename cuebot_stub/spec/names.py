# SPDX-License-Identifier: Apache-2.0
"""Conforms the names of jobs, shots, layers and frames as Cuebot does."""

from __future__ import annotations

import re

from outline.names import frame_name

__all__ = ["conform_frame_name", "conform_job_name", "conform_name"]

LONGEST_NAME = 255  # of a job
_SHOWN = 60  # of a name, in messages

_NAME = re.compile(r"[\w.-]{3,}", re.ASCII)
_FRAME = re.compile(r"([0-9]{4,6})-(\w+)", re.ASCII)
_RULE = "names are three or more letters, digits, dots and underscores"


def conform_name(name: str, kind: str) -> str:
    """The name of a shot or layer in lower case, with ``_`` instead of ``-``.

    Args:
        name: The user's text.
        kind: The word for the error message: ``shot`` or ``layer``.

    Raises:
        ValueError: The name is too short, too long, or has other characters.
    """
    conformed = name.replace("-", "_").lower()
    if not _NAME.fullmatch(conformed):
        raise ValueError(f"the {kind} name {name[:_SHOWN]!r} cannot be used; {_RULE}")
    return _check_length(conformed, kind)


def conform_job_name(name: str, show: str, shot: str, user: str) -> str:
    """``show-shot-user_name`` in lower case. ``name`` may have this prefix already.

    Raises:
        ValueError: The part after the prefix is too short, or has other characters.
    """
    prefix = f"{show}-{shot}-{user}_"
    suffix = name[len(prefix) - 1 :] if name.startswith(prefix) else name
    suffix = re.sub("_{2,}", "_", suffix.lower()).replace("-", "_")
    if not _NAME.fullmatch(suffix) or not suffix.strip("_"):
        raise ValueError(f"the job name {name[:_SHOWN]!r} cannot be used; {_RULE}")
    return _check_length(f"{prefix.rstrip('_')}_{suffix.lstrip('_')}".lower(), "job")


def conform_frame_name(name: str) -> str:
    """The name of a frame in a dependency, such as ``0012-beauty``.

    Raises:
        ValueError: The name has another form. Layers with dots cannot be named in this way.
    """
    match = _FRAME.fullmatch(name)
    if match is None:
        raise ValueError(
            f"the frame name {name[:_SHOWN]!r} cannot be used; frames are named like 0012-beauty, with 4 to 6 digits "
            "and a layer without dots and dashes"
        )
    return frame_name(int(match[1]), conform_name(match[2], "layer"))


def _check_length(name: str, kind: str) -> str:
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the {kind} name {name[:_SHOWN]!r}... has {len(name)} characters; use at most {LONGEST_NAME}")
    return name
