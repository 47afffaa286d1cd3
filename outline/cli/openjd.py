# SPDX-License-Identifier: Apache-2.0
"""``outline export`` and ``outline import``: to and from Open Job Description."""

from __future__ import annotations

import os
import sys

from ..cuerun import OutlineLauncher
from ..openjd.bundle import export_bundle
from .reading import read_outline
from .text import facts, quoted

__all__ = ["export_outline"]


def export_outline(script: str, frames: str | None, folder: str, max_retries: int | None) -> int:
    """Write the outline of a script as a job bundle and give the exit code.

    Raises:
        OutlineException: It cannot be launched, or the folder cannot be written.
    """
    reading = read_outline(script)
    flags = {**reading.flags, "backend": "local"}
    if frames is not None:
        flags.update(range=frames, range_default=False)
    if max_retries is not None:
        flags["maxretries"] = max_retries
    warnings = export_bundle(OutlineLauncher(reading.outline, **flags), folder)
    template = os.path.join(os.path.abspath(folder), "template.yaml")
    print("\n".join(facts([("template", template), ("check it", f"openjd check {quoted(template)}")])), flush=True)
    for warning in warnings:
        print(f"outline: {warning}", file=sys.stderr)
    return 0
