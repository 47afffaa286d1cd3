# SPDX-License-Identifier: Apache-2.0
"""What the output of an application tells while it runs: progress, warnings, errors, memory.

::

    bytes -> lines.LineSplitter -> reader.OutputReader -> track.Tracker -> Progress
                                        ^ rules.OutputRules, one set per application

Nothing here starts, reads or writes anything: whoever has the bytes feeds them. Modules have rules, and only frames
that run need a reader, so the reader is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from outline.console.rules import PROGRESS_RULES, OutputRules

if TYPE_CHECKING:
    from outline.console.reader import OutputReader
    from outline.console.track import Progress

__all__ = ["PROGRESS_RULES", "OutputReader", "OutputRules", "Progress"]

_LATER = {"OutputReader": "reader", "Progress": "track"}


def __getattr__(name: str) -> object:
    """Load what only frames need, when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
