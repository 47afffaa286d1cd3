# SPDX-License-Identifier: Apache-2.0
"""The commands of ``outline`` that look at a work folder and tidy it up.

Each imports what it needs when it is called, so that each starts fast.
"""

from __future__ import annotations

import click

__all__ = ["WORK_COMMANDS"]

_WORK = click.argument("work", type=click.Path(file_okay=False))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print data for programs.")


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
@click.option("--json", "as_json", is_flag=True, help="Print one list, as --format json.")
@click.option("-o", "--output", metavar="NAME", help="Write files NAME-00000-of-00001 and so on.")
@click.option("--shards", type=click.IntRange(1), default=1, metavar="N", help="With -o, how many files.")
@click.option("--failed", is_flag=True, help="The frames that failed, with their errors, instead.")
def results(work: str, layer: str, format_: str, as_json: bool, output: str | None, shards: int, failed: bool) -> int:
    """Print what the frames of a layer returned.

    WORK is the folder that the job was launched with. There is one record for each frame, in the order of the frames,
    with the key of its item and the paths of its outputs.
    """
    from .work import print_results

    return print_results(work, layer, "json" if as_json else format_, output, shards, failed)


@click.command()
@_WORK
@click.argument("file", type=click.Path())
@click.option("--down", is_flag=True, help="What was made from it instead.")
@_JSON
def trace(work: str, file: str, down: bool, as_json: bool) -> int:
    """Show what a file was made from, back to the sources.

    WORK is the folder that the job was launched with. Each line names a file, and the layer and the item that made it.
    """
    from .work_files import print_trace

    return print_trace(work, file, down=down, as_json=as_json)


WORK_COMMANDS = (results, trace)
