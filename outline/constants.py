# SPDX-License-Identifier: Apache-2.0
"""Numbers and words that several parts of the library, and studio modules, agree on."""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = [
    "FRAME_RANGE_FIRST",
    "FRAME_RANGE_LAST",
    "LAYER_TYPES",
    "OUTLINE_MODE_INIT",
    "OUTLINE_MODE_READY",
    "OUTLINE_MODE_SETUP",
    "LayerType",
]

# An outline goes through these modes in this order and never back.
OUTLINE_MODE_INIT: Final = 1  # being described: layers may come, go and change their names
OUTLINE_MODE_SETUP: Final = 2  # ``setup`` runs, once, on the machine that launches; the session folder appears
OUTLINE_MODE_READY: Final = 3  # saved in its session, so any of its frames can run anywhere

# Stand for a frame range where the job's range decides.
FRAME_RANGE_FIRST: Final = 1
FRAME_RANGE_LAST: Final = 2


class LayerType(str, Enum):
    """What a layer is for; the farm books Render, Util and Post frames differently."""

    RENDER = "Render"
    """The work of the job."""
    UTIL = "Util"
    """Preparation and clean-up."""
    POST = "Post"
    """Runs when every other layer of the job is through, also after a failure."""

    def __str__(self) -> str:
        return str(self.value)


# For code written before LayerType was there.
LAYER_TYPES: Final = ("Render", "Util", "Post")

BACKUP: Final = "OL_LAYER_BACKUP"
"""The variable of a frame that runs a second time beside its first attempt."""

ITEM_TABLE = "OL_ITEM_TABLE"
"""The environment variable that names the table of items of a frame's layer."""

IGNORE_ERRORS: Final = "OL_IGNORE_ERRORS"
"""The variable of a layer that tells cuebot-stub to eat a frame that has failed for the last time."""

RETRY_DELAY: Final = "OL_RETRY_DELAY"
"""The variable of a layer that tells cuebot-stub how many minutes a frame that failed waits; job specs have no word."""
