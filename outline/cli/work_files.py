# SPDX-License-Identifier: Apache-2.0
"""What people see of the files in a work folder: their lineage, and which of them nobody makes any more."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from ..work.folder import WorkFolder
from ..work.merge import merge
from ..work.orphans import find_orphans, remove_orphans
from ..work.trace import Step, trace
from .text import plural, table

__all__ = ["merge_folders", "print_trace", "prune_files"]

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


def prune_files(folder: str, *, removes: bool, as_json: bool) -> int:
    """Print the orphans of a work folder, and remove them if asked to."""
    work = WorkFolder(folder)
    orphans = find_orphans(work)
    if removes:
        remove_orphans(work, orphans, is_running=_runs_on_farm)
    if as_json:
        print(json.dumps([orphan._asdict() for orphan in orphans], indent=2))
        return 0
    rows = [[one.path, one.layer, one.why + ", edited, so it stays" * one.is_edited] for one in orphans]
    if rows:
        print("\n".join(table(["file", "layer", "why"], rows)))
    count = plural(sum(not one.is_edited for one in orphans), "file")
    print(f"{count} removed" if removes else f"{count} that no frame makes any more" + "; --yes removes" * bool(rows))
    return 0


def merge_folders(folders: Sequence[str], output: str, *, prefers_newest: bool) -> int:
    """Put work folders together into a new one, and print how much it holds."""
    sources = [WorkFolder(folder) for folder in folders]
    count = merge(
        sources,
        WorkFolder(output),
        prefers_newest=prefers_newest,
        is_running=_runs_on_farm,
    )
    print(f"{output} holds {plural(count, 'frame')} of {plural(len(sources), 'folder')}")
    return 0


def _runs_on_farm(job_id: str, server: Any) -> bool:
    from ..cuerun import import_backend_module

    return bool(import_backend_module("cue").is_running(job_id, server))
