# SPDX-License-Identifier: Apache-2.0
"""What a process that runs frames does for the work folder: decides again, writes records."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..exception import StorageException, WorkException, file_errors
from ..frame_end import EndedBy, FrameEnd
from ..frames import FrameSet
from ..layer.links import LayerLinks, links_of
from ..layer.ranges import chunk_seconds
from ..layer.state import state_of
from ..names import frame_name
from ..storage import join
from .cache import Cache, frame_key
from .decide import Decision, FileState, Reason, Record, decide
from .digests import Disk
from .folder import WorkFolder
from .lookup import RecordLookup
from .plan import KEPT, LEFT, after_a_pass, frame_now, rerun_of
from .records import RecordWriter, begin_line, end_line
from .results import results_of
from .shared import handed_on, states_of_makers

if TYPE_CHECKING:
    from ..layer import Layer
    from ..loader import Outline

__all__ = ["WorkRun", "work_of"]


def work_of(ol: Outline) -> WorkRun:
    """What this process knows of the work folder that a job lives in."""
    state = ol._ol_state
    if state.work_run is None:
        state.work_run = WorkRun(ol)
    elif state.work_run.pid != os.getpid():
        state.work_run.move_to_fork()
    return state.work_run


def _say(text: str) -> None:
    """Write into the log of the frame, in the process that is the frame."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _is_timed(layer: Layer) -> bool:
    """Whether the chunks of a layer are a length of time; then the next attempt at a frame may be in another chunk."""
    return bool(chunk_seconds(layer.get_arg("chunk")))


class WorkRun:
    """One process of one launch. A fork shares what was read, and writes records of its own.

    Attributes:
        pid: The process.
    """

    def __init__(self, ol: Outline) -> None:
        """Read what the launch has decided.

        Raises:
            WorkException: The work folder cannot be read, or does not know the launch.
        """
        work = ol.get_work()
        self.pid = os.getpid()
        self.__folder = WorkFolder(str(work["folder"]))
        self.__launch = int(work["launch"])
        self.__facts = self.__folder.launch(self.__launch)
        if not self.__facts:
            raise WorkException(f"{self.__folder.folder} does not know launch {self.__launch}; was it removed?")
        self.__disk = Disk(self.__folder.folder)
        self.__disk.take(handed_on(self.__facts))
        self.__knows_shared: set[str] = set()
        self.__writer = RecordWriter(self.__folder.records, self.__launch)
        self.__lookup = RecordLookup(self.__folder.records)
        self.__book: Mapping[tuple[str, str], Record] = {}
        self.__begun: dict[tuple[str, int], Record] = {}
        self.__parts_then: dict[int, Mapping[str, Any]] = {}
        self.__attempt = 1
        self.__read: dict[tuple[str, int], tuple[FileState, ...]] = {}
        self.__tell: Callable[[str], object] = _say
        self.__launched_in = str(work.get("cwd", ""))
        self.__cache = Cache(str(work["cache"])) if work.get("cache") else None

    def move_to_fork(self) -> None:
        """Belong to this process, which was forked from the one before."""
        self.pid = os.getpid()
        self.__writer = RecordWriter(self.__folder.records, self.__launch)

    def prepare(self, layer: Layer) -> None:
        """Read what all frames of a layer read and nobody has read before, for a process that forks them.

        Raises:
            WorkException: A file or a record cannot be read.
        """
        links, frames = self.links(layer), FrameSet(layer.get_frame_range() or [])
        if frames:
            self.__know_shared(layer, links, frames[0])
            of_first, of_last = links.input_files(frames[0]), links.input_files(frames[-1])
            book = self.__records_of(layer.get_name(), links, frames[:1], is_first=False)
            before = next(iter(book.values()), None)
            self.__states(layer, [one for one in of_first if one in of_last], before)

    def __know_shared(self, layer: Layer, links: LayerLinks, frame: int) -> None:
        """Take the digests of what each frame of a layer reads as a whole from those who have made it."""
        name = layer.get_name()
        if name in self.__knows_shared:
            return
        self.__knows_shared.add(name)
        self.__disk.take(states_of_makers(links, frame, self.__folder, self.__lookup))

    def links(self, layer: Layer) -> LayerLinks:
        """The paths of a layer."""
        return links_of(layer)

    def run(self, layer: Layer, frame: int, run: Callable[[], int]) -> int:
        """Run those frames of a chunk that must run, and give the exit code.

        Args:
            frame: The first frame of the chunk.
            run: Runs them.
        """
        try:
            self.__write_of("" if _is_timed(layer) else frame_name(frame, layer.get_name()))
            if not self.choose(layer, frame, int(os.environ.get("OL_ATTEMPT") or 1), _say):
                return 0
            state, todo = state_of(layer), layer.get_local_frame_set(frame)
            state.when_done = lambda number: self.finish(layer, [number])
            status = run()
            if not status:
                self.finish(layer, [number for number in todo if number not in state.finished])
            return status
        except WorkException as error:
            sys.stderr.write(f"outline: {error}\n")
            return 1

    def results(self, layer: Layer) -> list[dict[str, Any]]:
        """What the frames of a layer have returned until now, in their order."""
        book, links = self.__folder.read_records(), self.links(layer)
        keys = [(layer.get_name(), links.key(frame)) for frame in FrameSet(layer.get_frame_range() or []).unique()]
        return results_of(record for key in keys if (record := book.get(key)) is not None)

    def choose(self, layer: Layer, frame: int, attempt: int, tell: Callable[[str], object]) -> FrameSet:
        """Decide which frames of a chunk must run, now that all they wait for is through, and note that they begin.

        From then on the layer has only these in the chunk. An output that somebody has edited is moved away.

        Args:
            frame: The first frame of the chunk.
            attempt: Which try of this launch it is, from 1.
            tell: Takes the text that belongs into the log of the frame.

        Raises:
            WorkException: A newer launch has taken the folder over, or it cannot be written.
        """
        self.__refuse_superseded()
        state, links, name = state_of(layer), self.links(layer), layer.get_name()
        state.todo, self.__attempt, self.__tell = None, attempt, tell
        todo = []
        state.chunk = layer.get_local_frame_set(frame)
        self.__know_shared(layer, links, frame)
        self.__book = self.__records_of(name, links, state.chunk, is_first=attempt == 1 and not _is_timed(layer))
        for number in state.chunk:
            decision = self.__decide(layer, links, number)
            if not decision.reason.runs:
                continue
            if number in self.__left_failed(layer):
                raise WorkException(f"frame {number} has failed before, and this launch does not try it again")
            if decision.reason is Reason.EDITED:
                self.__folder.move_edited(decision.detail)
            known = self.__book.get((name, links.key(number)))
            self.__read[name, number] = self.__states(layer, links.input_files(number), known)
            if decision.reason is not Reason.FORCED and self.__is_cached(layer, links, number, tell):
                continue
            todo.append(number)
            text = links.item_text(number)
            begun = Record(name, links.key(number), self.__launch, attempt, None, text, self.__read[name, number])
            self.__writer.write(begin_line(begun))
            self.__begun[name, number] = begun
        state.todo = state.chunk if len(todo) == len(state.chunk) else FrameSet(todo)
        covers = layer.get_outline().get_work().get("covers", {}).get(name)  # type: ignore[union-attr]  # it has one
        if not todo:
            tell("outline: nothing to run, all frames of this chunk are done\n")
        elif covers:
            tell(f"outline: {name} {covers}\n")
        return state.todo

    def __records_of(
        self, layer: str, links: LayerLinks, frames: Iterable[int], *, is_first: bool
    ) -> Mapping[tuple[str, str], Record]:
        """What is known of the frames of a chunk; unless it is the first attempt, other processes may have run them."""
        numbers = list(frames)
        keys = [(layer, links.key(number)) for number in numbers]
        return self.__lookup.find(keys, {frame_name(number, layer) for number in numbers}, is_first=is_first)

    def __is_cached(self, layer: Layer, links: LayerLinks, frame: int, tell: Callable[[str], object]) -> bool:
        """Take the outputs of a frame from the cache, where they are in it, and write down that it succeeded."""
        key = self.__cache_key(layer, links, frame)
        if self.__cache is None or not key:
            return False
        paths = [links.output_paths(frame), links.optional_paths(frame)]
        outputs, optional = ([(name, join(self.__folder.folder, path)) for name, path in some] for some in paths)
        try:
            with file_errors(WorkException, f"cannot copy outputs from the cache {self.__cache.folder}"):
                found = self.__cache.take(key, outputs, optional)
        except StorageException as error:
            tell(f"outline: the cache is left out: {error}\n")
            return False
        if found is None:
            return False
        tell(f"outline: frame {frame} is cached: its outputs are copied from {self.__cache.folder}\n")
        self.__record_success(layer, links, frame, found.result, {})
        return True

    def __cache_key(self, layer: Layer, links: LayerLinks, frame: int) -> str:
        """What a frame is known by in the cache; empty for one that is not kept there."""
        if self.__cache is None:
            return ""
        read = self.__read.get((layer.get_name(), frame), ())
        return frame_key(links, frame, self.__parts(self.__launch, layer.get_name()), read, self.__launched_in)

    def __keep_in_cache(self, key: str, record: Record) -> None:
        """Keep what a frame has made; a cache that cannot be written is no reason to fail."""
        if self.__cache is None or not key:
            return
        made = [(one.name, join(self.__folder.folder, one.path), one.digest) for one in record.outputs]
        try:
            self.__cache.put(key, made, record.result)
        except OSError as error:
            sys.stderr.write(f"outline: the cache {self.__cache.folder} cannot be written: {error.strerror or error}\n")
        except StorageException as error:
            sys.stderr.write(f"outline: the cache is left out: {error}\n")

    @staticmethod
    def __left_failed(layer: Layer) -> Container[int]:
        """The frames that a farm got only because it must have the whole layer."""
        ol = layer.get_outline()
        left = ol.get_work().get("left_failed", {}).get(layer.get_name()) if ol is not None else None
        return FrameSet(left) if left else ()

    def __decide(self, layer: Layer, links: LayerLinks, frame: int) -> Decision:
        name = layer.get_name()
        if name in self.__facts.get("left", ()):
            return LEFT
        record = self.__book.get((name, links.key(frame)))
        forced = self.__facts.get("force", {}).get(name, [])
        is_forced = forced is None or bool(forced and frame in FrameSet(forced))
        kept = self.__facts.get("keep", {}).get(name, [])
        is_kept = kept is None or bool(kept and frame in FrameSet(kept))
        if is_kept and not is_forced and record is not None and record.launch == self.__launch and record.has_succeeded:
            return KEPT
        rerun = rerun_of(layer, links)
        disk = self.__disk.of_layer(layer)
        now = frame_now(links, frame, self.__parts(self.__launch, name), rerun, disk, is_forced=is_forced)
        if record is not None and record.launch >= (self.__facts.get("since") or self.__launch):
            now = after_a_pass(layer, record, now)
        return decide(record, self.__parts(record.launch, name) if record else {}, now, disk)

    def finish(self, layer: Layer, frames: Iterable[int]) -> None:
        """Write down that frames succeeded: what they read, wrote and returned.

        Raises:
            WorkException: A newer launch has taken the folder over, or it cannot be written.
        """
        self.__refuse_superseded()
        links, state = self.links(layer), state_of(layer)
        for frame in frames:
            key = "" if self.__tell_changed(layer, frame) else self.__cache_key(layer, links, frame)
            result, counts = state.results.pop(frame, None), state.counts.pop(frame, {})
            self.__keep_in_cache(key, self.__record_success(layer, links, frame, result, counts))

    def __tell_changed(self, layer: Layer, frame: int) -> bool:
        """Tell which inputs have changed since a frame began, which may have read them before or after that."""
        disk, read = self.__disk.of_layer(layer), self.__read.get((layer.get_name(), frame), ())
        changed = [state.path for state in read if disk.has_changed(state)]
        for path in changed:
            self.__tell(
                f"outline: WARNING: {path} changed while frame {frame} ran; the next launch looks at it again\n"
            )
        return bool(changed)

    def __record_success(
        self, layer: Layer, links: LayerLinks, frame: int, result: Any, counts: Mapping[str, float]
    ) -> Record:
        disk = self.__disk.of_layer(layer)
        record = Record(
            layer.get_name(),
            links.key(frame),
            self.__launch,
            self.__attempt,
            FrameEnd(),
            links.item_text(frame),
            self.__read.pop((layer.get_name(), frame), ()),
            tuple(filter(None, (disk.written(*one) for one in links.all_output_paths(frame)))),
            result,
            counts,
        )
        self.__writer.write(end_line(record))
        self.__begun.pop((record.layer, frame), None)
        return record

    def fail(self, layer: Layer, frame: int, attempt: int, end: FrameEnd) -> None:
        """Write down that those frames of a chunk failed which have not been recorded as done.

        Raises:
            WorkException: The folder cannot be written.
        """
        if end.ended_by is EndedBy.LAUNCHER:  # it was interrupted, and is no failure
            return
        state_of(layer).todo = None
        links, name = self.links(layer), layer.get_name()
        frames = layer.get_local_frame_set(frame)
        begun = {(name, links.key(number)): self.__begun.pop((name, number), None) for number in frames}
        known = begun if all(begun.values()) else self.__records_of(name, links, frames, is_first=False)
        for number in frames:
            record = known.get((name, links.key(number)))
            if record is None or record.launch < self.__launch:
                item = links.item_text(number)  # it failed before it had begun
                record = Record(name, links.key(number), self.__launch, item=item)
            if not record.has_succeeded:
                self.__writer.write(end_line(record._replace(attempt=attempt, end=end)))

    def __states(
        self, layer: Layer, files: Iterable[tuple[str, str, list[str]]], before: Record | None
    ) -> tuple[FileState, ...]:
        """The states of what a frame reads; ``before`` is its record, which may tell them."""
        disk = self.__disk.of_layer(layer)
        known = {state.path: state for state in before.inputs} if before is not None else {}
        return tuple(disk.read(name, disk.group(label, paths), known.get(label)) for name, label, paths in files)

    def __parts(self, launch: int, layer: str) -> Mapping[str, str]:
        if launch not in self.__parts_then:
            facts = self.__facts if launch == self.__launch else self.__folder.launch(launch)
            self.__parts_then[launch] = facts.get("parts", {})
        parts: Mapping[str, str] = self.__parts_then[launch].get(layer, {})
        return parts

    def __write_of(self, frame: str) -> None:
        """Write into a file that tells whose chunk it holds, so that no process of another frame reads it."""
        if self.__writer.frame != frame:
            self.__writer.close()
            self.__writer = RecordWriter(self.__folder.records, self.__launch, frame)

    def __refuse_superseded(self) -> None:
        if self.__folder.has_launch(self.__launch + 1):
            newest = self.__folder.last_launch()
            raise WorkException(
                f"superseded by launch {newest} of {self.__folder.folder}; this frame belongs to launch {self.__launch}"
            )
