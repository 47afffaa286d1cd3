# SPDX-License-Identifier: Apache-2.0
"""Reads progress, warnings, errors and memory from the output of a running application.

::

    bytes -> lines.LineSplitter -> reader.OutputReader -> track.Tracker -> Progress
                                        ^ rules.OutputRules, one set per application

Nothing here does I/O: the caller feeds the bytes. Every module has rules but only running frames need a reader, so the
package loads the reader on first use.
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
    """Load the reader on first use."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
