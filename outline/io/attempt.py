# SPDX-License-Identifier: Apache-2.0
"""One attempt at the frames of a chunk: prepares the outputs, then proves that they were made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..exception import LayerException, OutlineException, file_errors
from ..frames import FrameSet
from ..logs import get_logger
from .beside import discard, publish, remove_stale
from .checks import OLD, Signature, Wrong, find_old, find_unusable, signatures, tell_wrong
from .images import KnownSize, look_at
from .output import Output, Targets, hide, scratch_folder

__all__ = ["Attempt", "Checks", "find_complete", "new_mark", "publishing"]

logger = get_logger("outline.io")

_SECONDS_BETWEEN_LOOKS = 1.0
_proved: set[str] = set()
"""Folders that this process has written into."""


class Checks(NamedTuple):
    """How closely outputs are looked at.

    Attributes:
        min_bytes: A file must be larger.
        images: Open each picture.
        size: Width and height that each picture must have; None: all pictures of a chunk the same.
        allow_black: A picture may be all black.
    """

    min_bytes: int = 0
    images: bool = False
    size: tuple[int, int] | None = None
    allow_black: bool = False

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Checks:  # Any: arguments as a user has written them
        """What the arguments of a layer ask for."""
        size = args.get("image_size")
        return cls(
            min_bytes=int(args.get("min_bytes") or 0),
            images=bool(args.get("check_images")),
            size=(int(size[0]), int(size[1])) if size else None,
            allow_black=bool(args.get("allow_black")),
        )


class Attempt:
    """Knows where the outputs of some frames are written, and moves them to their place when they are whole.

    Made in the process of a frame, before the first command, and used for every command: ``prepare``, run it, then
    ``find_faults``, and ``publish`` or ``discard``.

    Attributes:
        targets: Where the outputs are to be written.
    """

    def __init__(
        self,
        outputs: Iterable[Output],
        checks: Checks,
        *,
        mark: int | None,
        sizes: Mapping[str, KnownSize] | None = None,
        layer: str = "",
        must_be_new: bool = True,
    ) -> None:
        """Make an attempt.

        Args:
            outputs: What every frame leaves behind.
            checks: How closely to look at it.
            mark: A number for the hidden names under which the application writes; None: it writes in place.
            sizes: What is known of the size of the pictures of each output, by its name.
            layer: The name of the layer, for messages.
            must_be_new: Files that nobody has written since the attempt began do not count.
        """
        self.__outputs = list(outputs)
        self.__checks = checks
        self.__mark = mark
        self.targets = Targets(self.__outputs, mark, layer=layer)
        self.__must_be_new = must_be_new
        self.__before: dict[str, Signature] = {}
        self.__started_ns = 0
        self.__known = dict(sizes or {})
        self.__sizes = dict(self.__known)
        self.__published: set[int] = set()

    def new_sizes(self) -> dict[str, KnownSize]:
        """The size of the pictures of each output that was looked at and whose size was not known before."""
        return {name: size for name, size in self.__sizes.items() if name not in self.__known}

    def prepare(self, frames: FrameSet, *, is_first: bool = False, is_backup: bool = False) -> None:
        """Make the folders, remove what earlier attempts at these frames left half done, note what is there.

        Args:
            is_first: Nobody has tried them in this job, so it is enough to look into each folder once in a process.
            is_backup: An earlier attempt may still run, so nothing is removed.

        Raises:
            LayerException: A folder cannot be made, or nothing can be written into it.
        """
        self.__make_scratch_folders(frames)
        here = [output for output in self.__outputs if not output.is_remote]
        for folder in dict.fromkeys(folder for output in here for folder in output.folders(frames)):
            if self.__must_be_new or not is_first or folder not in _proved:
                self.__started_ns = max(self.__started_ns, _probe(folder))
                _proved.add(folder)
            else:
                os.makedirs(folder, exist_ok=True)
        for output in here:
            for name in () if is_backup else remove_stale(output, frames, is_first=is_first):
                logger.info("removed %s, left incomplete by an earlier attempt", name)
            if output.is_folder and self.__mark is not None:
                for frame in frames:
                    os.makedirs(output.beside(self.__mark).frame_path(frame), exist_ok=True)
            if self.__must_be_new:
                self.__before.update(signatures(path for frame in frames for path in output.files(frame)))

    def __make_scratch_folders(self, frames: FrameSet) -> None:
        """Make the folders of this host in which outputs are written that belong into a bucket."""
        for output in (output for output in self.__outputs if output.is_remote):
            if self.__mark is None:
                raise LayerException(
                    f"output {output.name!r} is in a bucket, and this layer writes in place: {output.path}"
                )
            for folder in self.targets[output.name].folders(frames):
                os.makedirs(folder, mode=0o700, exist_ok=True)

    def find_faults(self, frames: FrameSet) -> list[str]:
        """One sentence for each output that some of these frames lack; none when all is there."""
        faults = []
        for output in self.__outputs:
            wrong = self.__find_wrong(output, frames)
            if output.optional:
                wrong.pop("missing", None)
                wrong.pop(OLD, None)
            if wrong:
                faults.append(tell_wrong(output, wrong))
        return faults

    def publish(self, frames: Iterable[int]) -> None:
        """Move the files of these frames to their place.

        Raises:
            LayerException: A file cannot be moved.
        """
        fresh = [frame for frame in frames if frame not in self.__published]
        for output in self.__outputs:
            try:
                if output.name in self.targets.hidden:
                    publish(self.targets.hidden[output.name], output, fresh)
            except OSError as error:
                raise LayerException(
                    f"output {output.name!r} cannot be moved to its place: {error.strerror}: {output.path}"
                ) from error
        self.__published.update(fresh)

    def publish_finished(self, frames: FrameSet) -> list[int]:
        """Move the files of frames that are done while the command goes on with others, and return these frames.

        An application that renders one frame after the other has finished a frame when it has begun to write a later
        one. So the frame that was written to last is left alone. Nothing tells that of a folder.
        """
        if any(output.is_folder for output in self.__outputs):
            return []
        written = [(self.__last_write(frame), frame) for frame in frames if frame not in self.__published]
        newest = max(written, default=(0, 0))[0]
        done = [frame for time, frame in written if 0 < time < newest and not self.find_faults(FrameSet([frame]))]
        self.publish(done)
        return done

    def discard(self, frames: FrameSet) -> None:
        """Remove the files of these frames that are not in their place."""
        left = [frame for frame in frames if frame not in self.__published]
        for output in self.__outputs if self.__mark is not None and left else ():
            if output.is_folder or output.name in self.targets.hidden:
                discard(self.targets[output.name], left)
        if self.__mark is not None and any(output.is_remote for output in self.__outputs):
            import shutil  # slow to import, and most outputs are on a disk

            shutil.rmtree(scratch_folder(self.__mark), ignore_errors=True)

    def __last_write(self, frame: int) -> int:
        paths = [path for output in self.targets.hidden.values() if output.is_sequence for path in output.files(frame)]
        return max((signature.modified_ns for signature in signatures(paths).values()), default=0)

    def __find_wrong(self, output: Output, frames: FrameSet) -> Wrong:
        target = self.targets.hidden.get(output.name, output)
        there = [frame for frame in frames if frame in self.__published]
        wrong = {} if output.is_remote else find_unusable(output, there, self.__checks.min_bytes)
        fresh = [frame for frame in frames if frame not in self.__published]
        for kind, found in find_unusable(target, fresh, self.__checks.min_bytes).items():
            wrong.setdefault(kind, []).extend(found)
        if target is output and self.__must_be_new and not output.is_folder:
            wrong.update(find_old(output, _without(frames, wrong), self.__before, self.__started_ns))
        for frame in _without(fresh, wrong) if self.__checks.images and not output.is_folder else ():
            faults = [self.__fault_of_image(output.name, path, frame) for path in target.files(frame)]
            for fault in filter(None, faults):
                wrong.setdefault(fault, []).append(frame)
        return wrong

    def __fault_of_image(self, name: str, path: str, frame: int) -> str:
        facts = look_at(path, allow_black=self.__checks.allow_black)
        if facts.fault:
            return f"a bad picture ({facts.fault})"
        size = facts.width, facts.height
        wanted, reason = self.__checks.size, "as image_size asks"
        if wanted is None:
            first = self.__sizes.setdefault(name, KnownSize(*size, frame))
            wanted, reason = (first.width, first.height), f"as in frame {first.frame}"
        if size != wanted:
            return f"{size[0]}x{size[1]} and not {wanted[0]}x{wanted[1]}, {reason},"
        return ""


def new_mark() -> int:
    """A number for hidden names that no other attempt has, on this host or on another."""
    return int(f"{os.getpid()}{int.from_bytes(os.urandom(4), 'big'):010d}")


def find_complete(outputs: Iterable[Output], frames: FrameSet, checks: Checks) -> list[int]:
    """The frames whose outputs are all there and whole; optional ones do not count."""
    required = [output for output in outputs if not output.optional]
    if not required:
        return []
    attempt = Attempt(required, checks, mark=None)
    lacking = {frame for frame in frames if attempt.find_faults(FrameSet([frame]))}
    return [frame for frame in frames if frame not in lacking]


def _without(frames: Iterable[int], wrong: Wrong) -> list[int]:
    bad = {frame for found in wrong.values() for frame in found}
    return [frame for frame in frames if frame not in bad]


def _probe(folder: str) -> int:
    """Make a folder, prove that it can be written into, and return the time of its file system in nanoseconds.

    That may be another clock than this host's, so it is asked for by making a file.

    Raises:
        LayerException: It cannot be made or written into.
    """
    probe = hide(os.path.join(folder, "probe"), os.getpid())
    with file_errors(LayerException, f"cannot write outputs to the folder {folder}"):
        os.makedirs(folder, exist_ok=True)
        with open(probe, "wb") as stream:
            now = os.fstat(stream.fileno()).st_mtime_ns
        os.unlink(probe)
    return now


@contextmanager
def publishing(
    attempt: Attempt, frames: FrameSet, may_publish: Callable[[], bool], note: Callable[[list[int]], object]
) -> Iterator[None]:
    """Move the outputs of a chunk to their place as its frames get done, and note these.

    So people see them early, and a chunk that is killed has not rendered for nothing when ``skip_existing`` is on.
    """
    if len(frames) == 1:
        yield
        return

    import threading

    over = threading.Event()

    def watch() -> None:
        while not over.wait(_SECONDS_BETWEEN_LOOKS):
            try:
                if may_publish():
                    note(attempt.publish_finished(frames))
            except OutlineException:  # the same happens again when all frames are done, and then it is told
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    if may_publish():
        note(attempt.publish_finished(frames))
