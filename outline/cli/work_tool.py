# SPDX-License-Identifier: Apache-2.0
"""The commands of ``outline`` that look at a work folder and tidy it up.

Each imports what it needs when it is called, so that each starts fast.
"""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["JSON", "WORK_COMMANDS"]

_WORK = click.argument("work", type=click.Path(file_okay=False))
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@_WORK
@click.argument("layer")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["jsonl", "csv", "json", "table"]),
    default="jsonl",
    help="How to print them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one list, like --format json.")
@click.option("-o", "--output", metavar="NAME", help="Write files NAME-00000-of-00001 and so on.")
@click.option(
    "--shards",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="With -o, how many files.",
)
@click.option("--failed", is_flag=True, help="Print the frames that failed and their errors instead.")
def results(work: str, layer: str, format_: str, as_json: bool, output: str | None, shards: int, failed: bool) -> int:
    """Print what the frames of a layer returned.

    WORK is the folder that the job was launched with. There is one record for each frame, in the order of the frames,
    with the key of its item and the paths of its outputs.
    """
    from ..work.folder import WorkFolder
    from ..work.results import layer_records, results_of, results_text, write_shards

    rows = results_of(layer_records(WorkFolder(work), layer), failed=failed)
    format_ = "json" if as_json else format_
    if output is None:
        print(results_text(rows, format_), end="")
    else:
        print("\n".join(write_shards(rows, output, shards, format_)))
    return 0


@click.command()
@_WORK
@click.argument("file", type=click.Path())
@click.option("--down", is_flag=True, help="Print what was made from it instead.")
@JSON
def trace(work: str, file: str, down: bool, as_json: bool) -> int:
    """Show what a file was made from, back to the sources.

    WORK is the folder that the job was launched with. Each line names a file, and the layer and the item that made it.
    """
    from ..work.folder import WorkFolder
    from ..work.trace import trace as steps_of
    from .work import trace_text

    steps = steps_of(WorkFolder(work), file, down=down)
    print(json.dumps([step._asdict() for step in steps], indent=2) if as_json else trace_text(steps))
    return 0


@click.command()
@_WORK
@click.option("--yes", is_flag=True, help="Remove them.")
@JSON
def prune(work: str, yes: bool, as_json: bool) -> int:
    """List files that no frame would make any more.

    These are files of items that no source gives, and of layers that the job has no more. With --yes they are removed,
    and what is known of their frames is forgotten. A file that somebody has edited stays.
    """
    from ..work.folder import WorkFolder
    from ..work.orphans import find_orphans, remove_orphans
    from .text import plural, table

    folder = WorkFolder(work)
    orphans = remove_orphans(folder, is_running=_runs_on_farm) if yes else find_orphans(folder)
    if as_json:
        print(json.dumps([orphan._asdict() for orphan in orphans], indent=2))
        return 0
    rows = [[one.path, one.layer, one.why + ", edited, so it stays" * one.is_edited] for one in orphans]
    if rows:
        print("\n".join(table(["file", "layer", "why"], rows)))
    count = plural(sum(not one.is_edited for one in orphans), "file")
    print(f"{count} removed" if yes else f"{count} that no frame makes any more" + "; --yes removes" * bool(rows))
    return 0


@click.command()
@click.argument("work", nargs=-1, required=True, type=click.Path(file_okay=False))
@click.option("-o", "--output", metavar="DIR", required=True, help="The new work folder.")
@click.option(
    "--prefer",
    type=click.Choice(["newest"]),
    help="Which outputs of a frame count where two folders differ.",
)
def merge(work: tuple[str, ...], output: str, prefer: str | None) -> int:
    """Put work folders of several computers together into a new one.

    A frame whose outputs differ in two of them is refused, unless --prefer newest says which count.
    """
    from ..work.folder import WorkFolder
    from ..work.merge import merge as merge_folders
    from .text import plural

    sources = [WorkFolder(folder) for folder in work]
    newest = prefer is not None
    count = merge_folders(sources, WorkFolder(output), prefers_newest=newest, is_running=_runs_on_farm)
    print(f"{output} holds {plural(count, 'frame')} of {plural(len(sources), 'folder')}")
    return 0


def _runs_on_farm(job_id: str, server: Any) -> bool:
    from ..cuerun import import_backend_module

    return bool(import_backend_module("cue").is_running(job_id, server))


WORK_COMMANDS = (results, trace, prune, merge)
