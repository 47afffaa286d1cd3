# SPDX-License-Identifier: Apache-2.0
"""Orphans: files that a job made once, of items that no source gives any more and of layers that are gone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..exception import WorkException
from ..frames import FrameSet
from ..io.pattern import files_of
from .decide import FileState
from .digests import TIME_MARK, Disk
from .folder import WorkFolder
from .records import RecordBook

__all__ = ["GoneFile", "Orphan", "find_orphans", "gone_files", "gone_frames", "remove_orphans"]

_Frame = tuple[str, str]


class GoneFile(NamedTuple):
    """A file that the last launch would not make, as records tell; it need not be there any more.

    Attributes:
        path: Its path, relative to the work folder where it is in there.
        layer: The layer that made it.
        key: The key of its item, or its frame.
        why: What is gone.
    """

    path: str
    layer: str
    key: str
    why: str


class Orphan(NamedTuple):
    """A file that is there and that no frame of the last launch would make.

    Attributes:
        path: As for ``GoneFile``, and so are ``layer``, ``key`` and ``why``.
        is_edited: It is not what the frame wrote, so it is never removed.
    """

    path: str
    layer: str
    key: str
    why: str
    is_edited: bool


def gone_files(folder: WorkFolder, book: RecordBook) -> list[GoneFile]:
    """The files of frames that the last launch did not have, in the order of their paths; no file is looked at."""
    return sorted(file for file, _ in _recorded(gone_frames(folder, book), book))


def _recorded(gone: Mapping[_Frame, str], book: RecordBook) -> Iterator[tuple[GoneFile, FileState]]:
    """What frames that are gone have written and no other one writes, each with its state."""
    if not gone:
        return
    living = {state.path for frame in book if frame not in gone for state in _outputs(book, frame)}
    for frame, why in gone.items():
        for state in _outputs(book, frame):
            if state.path not in living:
                yield GoneFile(state.path, *frame, why), state


def find_orphans(folder: WorkFolder) -> list[Orphan]:
    """The files that are there and that no frame of the last launch would make, in the order of their paths.

    Raises:
        WorkException: It is no work folder, or no launch has noted which items there are.
    """
    folder.check()
    if folder.layers() is None:
        raise WorkException(f"no launch in {folder.folder} recorded its items; launch the job once more")
    book = folder.read_records()
    disk = Disk(folder.folder)
    return sorted(
        Orphan(*file, _is_another(state, disk))
        for file, state in _recorded(gone_frames(folder, book), book)
        if disk.signature(state.path) is not None
    )


def _is_another(state: FileState, disk: Disk) -> bool:
    """Whether a file is not the one that the frame wrote."""
    seen = disk.by_time() if state.digest.startswith(TIME_MARK) else disk
    return seen.digest(state.path, state) != state.digest


def remove_orphans(folder: WorkFolder, *, is_running: Callable[[str, Any], bool] | None = None) -> list[Orphan]:
    """Remove what ``find_orphans`` finds, the folders that get empty, and the records of their frames.

    Edited files stay.

    Args:
        folder: The work folder, in which nothing may run.
        is_running: As for ``WorkFolder.begin_launch``.

    Returns:
        What was found.

    Raises:
        WorkException: As for ``find_orphans``, or somebody runs in the folder, or a file cannot be removed.
    """
    folder.check()
    claim = folder.begin_launch({"argv": ["outline", "prune"]}, is_running=is_running)
    try:
        orphans = find_orphans(folder)
        for orphan in orphans:
            for path in () if orphan.is_edited else files_of(os.path.join(folder.folder, orphan.path)):
                _remove(folder.folder, path)
        book = folder.read_records()
        folder.drop_records(book, gone_frames(folder, book), claim.number)
        return orphans
    finally:
        claim.forget()


def gone_frames(folder: WorkFolder, book: RecordBook) -> dict[tuple[str, str], str]:
    """The frames that the last launch did not have, and what is gone of them; none where no launch has noted that."""
    layers = folder.layers()
    if layers is None:
        return {}
    numbers = folder.numbers()
    there = {name: FrameSet(text) for name, text in layers.items() if text is not None}
    gone = {}
    for layer, key in book:
        if layer not in layers:
            gone[layer, key] = f"no layer {layer}"
        elif layer in there and key in numbers and numbers[key] not in there[layer]:  # a number may be lost
            gone[layer, key] = f"no item {key}"
    return gone


def _outputs(book: RecordBook, frame: tuple[str, str]) -> Any:
    record = book.get(frame)
    return () if record is None else record.outputs


def _remove(folder: str, path: str) -> None:
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise WorkException(f"cannot remove {path}: {error.strerror}") from error
    parent = os.path.dirname(path)
    while parent.startswith(os.path.join(folder, "")):
        try:
            os.rmdir(parent)
        except OSError:  # it holds something else
            return
        parent = os.path.dirname(parent)
