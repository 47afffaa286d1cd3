# SPDX-License-Identifier: Apache-2.0
"""What was read once is handed on, with the signature of the file: from launcher to frames, and to later launches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..frames import FrameSet
from ..layer.links import links_of
from ..names import frame_name
from .decide import FileState, Signature
from .digests import Disk, is_by_time

if TYPE_CHECKING:
    from ..layer.links import LayerLinks
    from .folder import WorkFolder
    from .lookup import RecordLookup
    from .plan import WorkPlan
    from .records import RecordBook

__all__ = ["handed_on", "read_shared", "renew_signatures", "states_of_makers"]

_MANY = 10
"""Frames that make the launcher read a file before they start; fewer read it themselves, side by side."""


def read_shared(plan: WorkPlan, book: RecordBook, disk: Disk) -> list[FileState]:
    """Read the files that many frames of a launch are going to read, and that no layer makes.

    Args:
        plan: What runs.
        book: What is known of the frames; a file that is as its reader has recorded it is not read.
        disk: Sees files.

    Raises:
        WorkException: A file cannot be read.
    """
    readers: dict[str, list[tuple[str, int]]] = {}
    for name, frames in plan.starting.items():
        links = plan.links[name]
        if len(frames) >= _MANY and not is_by_time(links.layer):
            for frame in frames:
                for label in links.source_labels(frame):
                    readers.setdefault(label, []).append((name, frame))
    states = []
    for path, ((name, frame), *others) in readers.items():
        if len(others) >= _MANY - 1:
            record = book.get((name, plan.links[name].key(frame)))
            before = {state.path: state for state in record.inputs} if record is not None else {}
            states.append(disk.state("", path, before.get(path)))
    return [state for state in states if state is not None]


def handed_on(facts: Mapping[str, Any]) -> Iterator[FileState]:
    """What ``read_shared`` gave, from what is known of a launch."""
    for name, path, signature, digest in facts.get("read", ()):
        yield FileState(name, path, Signature(*signature), digest)


def states_of_makers(links: LayerLinks, frame: int, folder: WorkFolder, lookup: RecordLookup) -> Iterator[FileState]:
    """What those layers have recorded of their outputs that each frame of a layer reads as a whole.

    Args:
        links: What the layer reads.
        frame: One of its frames.
        folder: The work folder.
        lookup: Finds the records of a few frames.

    Raises:
        WorkException: A record cannot be read.
    """
    for maker, made in links.makers(frame):
        if made is not None:
            continue
        of_maker = links_of(links.layer.get_outline().get_layer(maker))  # type: ignore[union-attr]  # it has one
        frames = FrameSet(of_maker.layer.get_frame_range() or []).unique()
        keys = [(maker, of_maker.key(number)) for number in frames]
        names = [frame_name(number, maker) for number in frames]
        book = lookup.find(keys, names, is_first=False) if len(keys) == 1 else folder.read_records()
        yield from (state for record in book.in_order(keys) if record is not None for state in record.outputs)


def renew_signatures(book: RecordBook, now: Mapping[str, FileState]) -> None:
    """Put the new signatures of files that hold what they held into the records: no later plan reads them again.

    Args:
        book: The records.
        now: What is known of the files, by path.
    """

    def renewed(state: FileState) -> FileState:
        found = now.get(state.path)
        return state if found is None or found.digest != state.digest else state._replace(signature=found.signature)

    for frame in list(book) if now else ():
        record = book.get(frame)
        if record is not None and record.end is not None:
            read, written = (tuple(map(renewed, states)) for states in (record.inputs, record.outputs))
            if (read, written) != (record.inputs, record.outputs):
                book.replace(record._replace(inputs=read, outputs=written))
