# SPDX-License-Identifier: Apache-2.0
"""What people see of the files in a work folder: their lineage, and which of them nobody makes any more."""

from __future__ import annotations

import json
import sys

from ..work.folder import WorkFolder
from ..work.trace import Step, trace

__all__ = ["print_trace"]

_SHOWN = 20


def print_trace(folder: str, file: str, *, down: bool, as_json: bool) -> int:
    """Print the way of a file: a tree of files, or a list of ``Step`` as JSON."""
    steps = trace(WorkFolder(folder), file, down=down)
    print(json.dumps([step._asdict() for step in steps], indent=2) if as_json else "\n".join(_tree(steps)))
    return 0


def _tree(steps: list[Step]) -> list[str]:
    """A line for each file, those that belong to one below it; of many beside each other only the first."""
    lines: list[str] = []
    counts = [0]  # how many stand beside the last step, and beside each of those above it
    hidden = sys.maxsize
    for step in steps:
        if step.depth > hidden:
            continue
        del counts[step.depth + 1 :]
        counts += [0] * (step.depth + 1 - len(counts))
        counts[step.depth] += 1
        hidden = step.depth if counts[step.depth] > _SHOWN else sys.maxsize
        if counts[step.depth] <= _SHOWN:
            lines.append(f"{'  ' * step.depth}{step.file}  {_maker(step)}")
        elif counts[step.depth] == _SHOWN + 1:
            lines.append(f"{'  ' * step.depth}and more; --json lists all")
    return lines


def _maker(step: Step) -> str:
    if not step.layer:
        return "a source"
    return f"layer {step.layer}, {step.key}, launch {step.launch}" + ", as above" * step.is_known
