# SPDX-License-Identifier: Apache-2.0
"""Puts the work folders of several computers together into one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from ..exception import WorkException, file_errors
from ..io.pattern import files_of, find_slot
from .decide import Record
from .digests import TIME_MARK, Disk
from .folder import WorkFolder
from .records import RecordWriter, end_line

__all__ = ["merge"]

_SHOWN = 5


class _Part(NamedTuple):
    """A frame in one of the folders."""

    folder: WorkFolder
    record: Record
    started: float


def merge(
    sources: Sequence[WorkFolder],
    target: WorkFolder,
    *,
    prefers_newest: bool = False,
    is_running: Callable[[str, Any], bool] | None = None,
) -> int:
    """Make a folder that holds what several work folders hold, and give how many frames it has.

    Keys keep the numbers of the first folder that has them; others get the next ones. Launches follow each other.

    Args:
        sources: The folders, in which nothing may run.
        target: The new folder.
        prefers_newest: Of a frame that two folders have with different outputs, take that of the younger launch.
        is_running: As for ``WorkFolder.begin_launch``.

    Raises:
        WorkException: Something runs in a folder, the target is there already, two folders have different outputs of
            one frame, or a path holds a number that would become another one.
    """
    if target.exists() or (os.path.isdir(target.folder) and os.listdir(target.folder)):
        raise WorkException(f"{target.folder} exists already; merge needs a new folder")
    for source in sources:
        source.check()
        source.refuse_in_use(is_running)
    numbers = _numbers(sources)
    chosen = _chosen(sources, prefers_newest)
    _refuse_renumbered(chosen.values(), numbers)
    shift, launches = {}, 0
    claim = target.begin_launch({"argv": ["outline", "merge"], "over": True})
    claim.forget()
    for source in sources:
        shift[source.folder] = launches
        launches = target.copy_launches(source, launches)
    target.keep_numbers(numbers)
    with closing(RecordWriter(target.records, launches)) as writer:
        for part in chosen.values():
            _copy_outputs(part, target.folder)
            moved = part.record._replace(launch=part.record.launch + shift[part.folder.folder])
            writer.write(end_line(moved))
    return len(chosen)


def _numbers(sources: Sequence[WorkFolder]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    used: set[int] = set()
    for source in sources:
        for key, number in sorted(source.numbers().items(), key=lambda pair: pair[1]):
            if key not in numbers:
                numbers[key] = number if number not in used else max(used) + 1
                used.add(numbers[key])
    return numbers


def _chosen(sources: Sequence[WorkFolder], prefers_newest: bool) -> dict[tuple[str, str], _Part]:
    """One record of each frame that has ended."""
    chosen: dict[tuple[str, str], _Part] = {}
    disks = {source.folder: Disk(source.folder) for source in sources}
    differing = []
    for part in _parts(sources):
        frame = part.record.layer, part.record.key
        other = chosen.get(frame)
        if other is None or _is_better(part, other):
            chosen[frame] = part
            continue
        if _is_better(other, part):
            continue
        mine, theirs = _written(part, disks), _written(other, disks)
        if (None in mine.values()) != (None in theirs.values()):
            chosen[frame] = part if None in theirs.values() else other
        elif mine != theirs:
            if not prefers_newest:
                differing.append(f"{frame[0]}, {frame[1]} in {other.folder.folder} and in {part.folder.folder}")
            elif part.started > other.started:
                chosen[frame] = part
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise WorkException(
            f"different outputs of {'; '.join(differing[:_SHOWN])}{more}; take the younger ones with --prefer newest"
        )
    return chosen


def _parts(sources: Sequence[WorkFolder]) -> Iterator[_Part]:
    for source in sources:
        book = source.read_records()
        for frame in list(book):
            record = book.get(frame)
            if record is not None and record.end is not None:
                yield _Part(source, record, float(source.launch(record.launch).get("started") or 0))


def _is_better(part: _Part, other: _Part) -> bool:
    """Whether a frame has succeeded in one folder and failed in the other."""
    return part.record.has_succeeded and not other.record.has_succeeded


def _written(part: _Part, disks: Mapping[str, Disk]) -> dict[tuple[str, str], str | None]:
    """What the outputs of a frame hold, which somebody may have edited since; None for one that is gone.

    A file whose size and time stand for its content is taken as its record says.
    """
    disk = disks[part.folder.folder]
    return {
        (state.name, state.path): state.digest if state.digest.startswith(TIME_MARK) else disk.digest(state.path, state)
        for state in part.record.outputs
    }


def _refuse_renumbered(parts: Iterable[_Part], numbers: dict[str, int]) -> None:
    """Refuse to give another number to an item whose number stands in a path."""
    own: dict[str, dict[str, int]] = {}
    for part in parts:
        key, layer = part.record.key, part.record.layer
        if part.folder.folder not in own:
            own[part.folder.folder] = part.folder.numbers()
        before = own[part.folder.folder].get(key)
        if before is None or before == numbers[key]:
            continue
        patterns = part.folder.launch(part.record.launch).get("outputs", {}).get(layer, ())
        held = next((pattern for pattern in patterns if find_slot(pattern).slot), "")
        if held:
            raise WorkException(
                f"item {key} is frame {before} in {part.folder.folder} and would become frame {numbers[key]}, but the"
                f" path {held} of layer {layer} holds the number; name its files by %{{KEY}}"
            )


def _copy_outputs(part: _Part, target: str) -> None:
    """Copy what a frame wrote into its folder; what stands elsewhere stays there."""
    here = [state.path for state in part.record.outputs if not os.path.isabs(state.path)]
    for source in (file for path in here for file in files_of(os.path.join(part.folder.folder, path))):
        if not os.path.exists(source):
            continue
        place = os.path.join(target, os.path.relpath(source, part.folder.folder))
        with file_errors(WorkException, f"cannot write {target}"):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            if os.path.isdir(source):
                shutil.copytree(source, place, symlinks=True)
            else:
                shutil.copy2(source, place)
