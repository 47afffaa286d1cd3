# SPDX-License-Identifier: Apache-2.0
"""Versions of the job spec, and what each of them can hold."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...exception import ConfigException

__all__ = ["OLDEST", "NEWEST", "SpecVersion", "read_version"]

OLDEST, NEWEST = 5, 15

# The first version 1.x that has something; what is not listed has been there from the start.
_SINCE = {
    "os": 6,
    "gpu": 7,
    "localbook": 8,
    "timeout": 10,
    "timeout_llu": 10,
    "priority": 11,
    "gpus": 12,
    "gpu_memory": 12,
    "maxcores": 13,
    "maxgpus": 13,
    "outputs": 14,
}
# What a version forgot, and the next one had again.
_LOST = {"onframe": 14}


class SpecVersion(NamedTuple):
    """The version 1.``minor``."""

    minor: int

    def __str__(self) -> str:
        return f"1.{self.minor}"

    def has(self, feature: str) -> bool:
        """Whether the version can hold something, such as ``gpus``."""
        return self.minor >= _SINCE.get(feature, 0) and self.minor != _LOST.get(feature)


def read_version(text: str) -> SpecVersion:
    """The version that the configuration names.

    Raises:
        ConfigException: There is no such version.
    """
    match = re.match(r"1\.(\d{1,3})\Z", text.strip())
    if not match or not OLDEST <= int(match[1]) <= NEWEST:
        raise ConfigException(f"[outline] spec_version = {text!r}: give a version from 1.{OLDEST} to 1.{NEWEST}")
    return SpecVersion(int(match[1]))
