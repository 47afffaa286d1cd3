# SPDX-License-Identifier: Apache-2.0
"""A job of one frame on a farm in memory: how it starts and ends."""

from __future__ import annotations

from tests.fakes.farm import FakeFarm
from tests.specs import layer


def retries(count: int) -> str:
    """Return the part of a job's spec that says how often its frames are tried again."""
    return f"<maxretries>{count}</maxretries>"


def start(farm: FakeFarm, *, before: str = "", after: str = "") -> None:
    """Launch a job of one frame, and let it start."""
    farm.launch(layer(frames="1", after=after), before=before)
    farm.add_host()


def end(farm: FakeFarm, **how: int) -> str:
    """End the frame and return its state."""
    farm.end("0001-beauty", **how)
    return farm.states("beauty")
