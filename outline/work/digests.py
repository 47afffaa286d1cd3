# SPDX-License-Identifier: Apache-2.0
"""What files hold: signatures that cost nothing, and digests that are read only where a signature is another one."""

from __future__ import annotations

import hashlib
import os
import stat
import time
import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..exception import WorkException
from ..io.checks import is_cut_short
from ..io.folders import files_below
from ..io.pattern import files_of
from ..logs import get_logger
from ..storage import facts_of, is_url, join
from .decide import COUNT_MARK, FileState, Signature

if TYPE_CHECKING:
    from ..layer import Layer

logger = get_logger("outline.work")

__all__ = ["TIME_MARK", "Disk", "digest_at", "digest_file", "digest_of_group", "is_by_time"]

TIME_MARK = "time "
"""What a digest begins with that is the size and the time of a file."""

_BLOCK = 1 << 17
_SMALL = 1 << 14  # most files of many are read by one call, without a block that has to be made for it
_CLOCK_STEP_NS = 20_000_000  # Linux stamps files with a clock that moves every 1 to 10 ms
_COARSE_STEP_NS = 2_000_000_000  # FAT and old NFS servers
_UNTRUSTED = Signature(-1, 0, 0)  # equal to that of no file
_READS_OF_CHANGING_FILE = 3
_LONG_READ = 4_000_000_000  # bytes; some seconds at the best, and minutes from a file server
_READERS = 8  # a file server answers several at a time, and digests are made by as many processors as there are


class Disk:
    """Files as the frames of one process see them.

    Attributes:
        read_bytes: How much has been read for digests.
        renewed: Files that have another signature than was known of them, and the same digest, by their paths.
    """

    def __init__(
        self,
        folder: str,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        looks_once: bool = False,
        is_by_time: bool = False,
    ) -> None:
        """See files.

        Args:
            folder: What relative paths start from.
            clock_ns: The time, in nanoseconds.
            looks_once: Ask the file system once for each file, since all answers are to be of the same moment.
            is_by_time: Let size and time of a file stand for its content, which is not read.
        """
        self.read_bytes = 0
        self.renewed: dict[str, FileState] = {}
        self.__folder = folder
        self.__clock_ns = clock_ns
        self.__known: dict[str, FileState] = {}
        self.__groups: dict[str, list[str]] = {}
        self.__seen: dict[str, Signature | None] | None = {} if looks_once else None
        self.__is_by_time = is_by_time
        self.__by_time: Disk | None = None
        self.__has_told = False

    def of_layer(self, layer: Layer) -> Disk:
        """The files as a layer sees them. With ``digest="time"`` size and time of a file stand for its content."""
        return self.by_time() if is_by_time(layer) else self

    def by_time(self) -> Disk:
        """The same files with digests that are their size and time."""
        if self.__by_time is None:
            once = self.__seen is not None
            self.__by_time = Disk(self.__folder, clock_ns=self.__clock_ns, looks_once=once, is_by_time=True)
        return self.__by_time

    def take(self, states: Iterable[FileState]) -> None:
        """Know what somebody else has read: a file is not read while its signature is that of its state."""
        self.__known.update({state.path: state for state in states if self.__has_my_kind(state)})

    def __has_my_kind(self, state: FileState) -> bool:
        return state.digest.startswith(TIME_MARK) is self.__is_by_time

    def read_ahead(self, states: Iterable[FileState]) -> None:
        """Read files whose signatures differ in several threads, for whoever asks for their digests one by one."""
        found = ((state.path, self.signature(state.path)) for state in states if self.__differs(state))
        waiting = dict.fromkeys(
            (path, one) for path, one in found if one is not None and not self.__is_known(path, one)
        )
        if self.__is_by_time:
            return
        self.__tell_patience(sum(one.size for _, one in waiting))
        if len(waiting) > 1:
            from concurrent.futures import ThreadPoolExecutor  # seldom needed

            with ThreadPoolExecutor(min(len(waiting), _READERS)) as pool:
                for _ in pool.map(lambda one: self.__read(*one), waiting):
                    pass

    def __tell_patience(self, size: int) -> None:
        """Say once why a plan takes its time, before that begins."""
        if size >= _LONG_READ and not self.__has_told:
            self.__has_told = True
            text = "%s: reading %.1f GB of files that have another time or place, to see what they hold"
            logger.warning(text, self.__folder, size / 1e9)

    def __differs(self, state: FileState) -> bool:
        return self.signature(state.path) != state.signature

    def group(self, label: str, paths: list[str]) -> str:
        """Let a label stand for files, which then have one signature and one digest; a single file is its own path."""
        if len(paths) != 1 or (label != paths[0] and join(self.__folder, label) != paths[0]):
            self.__groups[label] = paths
        return label

    def signature(self, path: str) -> Signature | None:
        """What the file system says of a file, of all files in a folder or of all tiles; None when nothing is there."""
        if path in self.__groups:
            return self.__group_signature(self.__groups[path])
        if self.__seen is None:
            return self.__look(path)
        if path not in self.__seen:
            self.__seen[path] = self.__look(path)
        return self.__seen[path]

    def __look(self, path: str) -> Signature | None:
        if is_url(path):
            facts = facts_of(path)
            return Signature(facts.size, 0, _number_of(facts.tag)) if facts else None
        path = path if path[:1] == "/" else os.path.join(self.__folder, path)
        try:
            status = os.stat(path)
        except (OSError, ValueError):  # ValueError: a NUL in the name
            tiles = files_of(path) if "<" in path else []
            return _signature_of_files(tiles, os.path.dirname(path)) if tiles and tiles != [path] else None
        if not stat.S_ISDIR(status.st_mode):
            return Signature(status.st_size, status.st_mtime_ns, status.st_ino)
        return _signature_of_files(files_below(path), path)

    def __group_signature(self, paths: list[str]) -> Signature | None:
        size = newest = checksum = 0
        is_any = False
        for path in paths:
            signature = self.signature(path)
            if signature is not None:
                size, newest, is_any = size + signature.size, max(newest, signature.mtime_ns), True
            checksum = zlib.crc32(repr(signature).encode(), checksum)
        return Signature(size, newest, checksum) if is_any else None

    def digest(self, path: str, known: FileState | None) -> str | None:
        """The digest of a file or folder; the file is not read when ``known`` has its signature."""
        signature = self.signature(path)
        if signature is None:
            return None
        if known is not None and known.signature == signature:
            if self.__seen is not None and path not in self.__groups and self.__has_my_kind(known):
                self.__known[path] = known  # for whoever reads it and has a signature that is not trusted
            return known.digest
        signature, digest = self.__read(path, signature)
        if known is not None and digest == known.digest and self.__is_known(path, signature):
            self.renewed[path] = self.__known[path]
        return digest

    def is_cut_short(self, path: str) -> bool:
        """Whether a picture lacks its end."""
        return not is_url(path) and is_cut_short(os.path.join(self.__folder, path))

    def written(self, name: str, path: str) -> FileState | None:
        """The state of a file that this process has just put into its place; None when it is not there."""
        signature = self.signature(path)
        if signature is None:
            return None
        state = FileState(name, path, *self.__read(path, signature))
        self.take([state])
        return state

    def read(self, name: str, path: str, known: FileState | None = None) -> FileState:
        """The state of what a frame reads, as ``state`` gives it; the digest is empty when it is not there."""
        return self.state(name, path, known) or FileState(name, path, _UNTRUSTED, "")

    def state(self, name: str, path: str, known: FileState | None = None) -> FileState | None:
        """The state of a file to be recorded; None when it is not there.

        A signature that is as young as the step of the file system's clock when the file is read could stay the same
        over another change. It is recorded as one that no file has, so that the next plan reads the file.

        Args:
            name: The name of the input or output.
            known: A state that it once had; while its signature is that one, the file is not read.
        """
        signature = self.signature(path)
        if signature is None:
            return None
        if known is not None and known.signature == signature and self.__has_my_kind(known):
            return known._replace(name=name, path=path)
        signature, digest = self.__read(path, signature)
        return FileState(name, path, signature if self.__is_known(path, signature) else _UNTRUSTED, digest)

    def has_changed(self, state: FileState) -> bool:
        """Whether a file is certainly not the one that it was when it was read."""
        return state.signature != _UNTRUSTED and self.signature(state.path) != state.signature

    def __is_known(self, path: str, signature: Signature) -> bool:
        return path in self.__known and self.__known[path].signature == signature

    def __read(self, path: str, signature: Signature) -> tuple[Signature, str]:
        if self.__is_known(path, signature):
            return signature, self.__known[path].digest
        digest, is_young = "", False
        for _ in range(_READS_OF_CHANGING_FILE):
            is_young = not is_url(path) and self.__is_young(signature)
            digest = self.__digest_group(path) if path in self.__groups else self.__digest(path)
            after = self.signature(path) if path in self.__groups else self.__look(path)
            if after == signature or after is None:
                break
            signature, is_young = after, True  # what was read is not the whole of either
        if not is_young:
            self.__known[path] = FileState("", path, signature, digest)
        return signature, digest

    def __is_young(self, signature: Signature) -> bool:
        step = _CLOCK_STEP_NS if signature.mtime_ns % 1_000_000_000 else _COARSE_STEP_NS
        return abs(self.__clock_ns() - signature.mtime_ns) < step

    def __digest_group(self, name: str) -> str:
        begin = os.path.join(self.__folder, "")
        # Their makers call them by their names in the folder.
        return digest_of_group(self.digest(path.removeprefix(begin), None) for path in self.__groups[name])

    def __digest(self, path: str) -> str:
        if is_url(path):  # it is not read: a bucket has another tag whenever the content is another one
            facts = facts_of(path)
            return f"tag {facts.tag}" if facts else ""
        if self.__is_by_time:
            signature = self.__look(path)
            return f"{TIME_MARK}{signature.size} {signature.mtime_ns}" if signature else ""
        path = os.path.join(self.__folder, path)
        try:
            digest, size = digest_at(path)
        except OSError as error:
            raise WorkException(f"cannot read {error.filename or path}: {error.strerror}") from error
        self.read_bytes += size
        return digest


def is_by_time(layer: Layer) -> bool:
    """Whether size and time of a layer's files stand for their content."""
    return bool(layer.get_arg("digest") == "time")


def _number_of(tag: str) -> int:
    return int.from_bytes(hashlib.sha256(tag.encode()).digest()[:6], "big")


def digest_of_group(digests: Iterable[str | None]) -> str:
    """The one digest of several files, from theirs in order."""
    whole = hashlib.sha256()
    for digest in digests:
        whole.update(f"{digest}\n".encode())
    return whole.hexdigest()


def digest_file(path: str) -> tuple[str, int]:
    """The SHA-256 of a file's contents in hexadecimal, as ``sha256sum`` prints it, and its size in bytes.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, "rb", buffering=0) as stream:
        begin = stream.read(_SMALL)
        digest, size = hashlib.sha256(begin), len(begin)
        if size == _SMALL:
            block = memoryview(bytearray(_BLOCK))
            while count := stream.readinto(block):
                digest.update(block[:count])
                size += count
    return digest.hexdigest(), size


def digest_at(path: str) -> tuple[str, int]:
    """The digest of what is at a path, and its size in bytes.

    That of a folder, or of tiles, is one of the names and contents of all files, with how many there are.

    Raises:
        OSError: A file cannot be read.
    """
    if os.path.isdir(path):
        return _digest_files(files_below(path), path)
    if "<" in path and not os.path.lexists(path):
        return _digest_files(files_of(path), os.path.dirname(path))
    return digest_file(path)


def _digest_files(files: Iterable[str], folder: str) -> tuple[str, int]:
    whole = hashlib.sha256()
    total = count = 0
    for file in files:
        digest, size = (_digest_link if os.path.islink(file) else digest_file)(file)
        total, count = total + size, count + 1
        whole.update(f"{digest} {os.path.relpath(file, folder)}\n".encode("utf-8", "surrogateescape"))
    return f"{whole.hexdigest()}{COUNT_MARK}{count}", total


def _digest_link(path: str) -> tuple[str, int]:
    return hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest(), 0


def _signature_of_files(files: Iterable[str], folder: str) -> Signature:
    """Size and newest time of files; a checksum of names, sizes and times stands in place of the inode.

    The size is 0 only when there is no file.
    """
    size = newest = checksum = 0
    for file in files:
        try:
            status = os.lstat(file)
        except FileNotFoundError:  # somebody has removed it just now
            continue
        size, newest = size + 1 + status.st_size, max(newest, status.st_mtime_ns)
        entry = f"{os.path.relpath(file, folder)}\0{status.st_size}\0{status.st_mtime_ns}\0"
        checksum = zlib.crc32(entry.encode("utf-8", "surrogateescape"), checksum)
    return Signature(size, newest, checksum)
