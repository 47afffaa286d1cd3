# SPDX-License-Identifier: Apache-2.0
"""Job specs, and what a real Cuebot answered to them and made of them."""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Case", "cases"]

#: ``id``, ``kind``, ``note``; ``steps``, to launch or to steer a job; ``cuebot``, its answers and its jobs.
Case = dict[str, Any]

_FILE = Path(__file__).parent / "data" / "cuebot-specs.jsonl.xz"


@cache
def cases() -> list[Case]:
    """Return all cases. In them ``{T}`` stands for the name of the job, or for the beginning of the names."""
    with lzma.open(_FILE, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
