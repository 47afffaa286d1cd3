# SPDX-License-Identifier: Apache-2.0
"""Outputs of frames by what they were made from, so that another job copies them in place of making them again.

::

    DIR/entries/ef56…/abcd….json   what a frame has made, by the kind of the frame and by its key: the digest of each
                                   output, and its result
    DIR/files/01/0123….            a file or folder by the digest of its contents

Files are copied in and out, as reflinks where the file system can, and never linked: somebody may write into an output
later. A file whose contents do not have its digest any more is not used.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import storage
from ..files import write_atomic
from ..io.folders import files_below, folders_around, put_in_place, remove
from ..io.output import hide
from ..io.pattern import files_of
from ..layer.results import seed_of
from ..logs import get_logger
from ..storage import is_url, join
from .decide import COUNT_MARK, FileState, Signature
from .digests import Disk, digest_at, digest_of_group, is_by_time

if TYPE_CHECKING:
    from ..layer.links import LayerLinks

__all__ = ["Cache", "CachedFrame", "Forecast", "frame_key"]

logger = get_logger("outline.work")

_VERSION = 2
_KIND_DIGITS = 16
_MOST_BYTES = 1 << 30
"""How much a plan reads of inputs whose digests nobody knows, a second or two."""
_FICLONE = 0x40049409  # of Linux: one copy of the data for two files, until one of them is written to


class CachedFrame(NamedTuple):
    """What a frame has made.

    Attributes:
        outputs: The digest of each output, by name.
        result: The plain data that it returned.
    """

    outputs: Mapping[str, str]
    result: Any = None


def _kind_of(links: LayerLinks, parts: Mapping[str, str]) -> str:
    """What all frames of a layer have in common in the cache: what the layer is made of, and the names of outputs."""
    needed = [output.name for output in links.outputs if not output.optional]
    optional = [f"{output.name}?" for output in links.outputs if output.optional]
    return _digest_of([_VERSION, sorted(parts.items()), needed + optional])[:_KIND_DIGITS]


def frame_key(
    links: LayerLinks, frame: int, parts: Mapping[str, str], read: Sequence[FileState], launched_in: str
) -> str:
    """What a frame is known by in the cache; empty for one that is not kept there.

    A frame without files is not, nor one that writes tiles, or into a bucket, nor one whose files are known by their
    time only.

    Args:
        links: What its layer reads and writes.
        frame: Its number.
        parts: What its layer is made of.
        read: What it reads.
        launched_in: The folder of the launch.
    """
    paths = [path for _, path in links.all_output_paths(frame)]
    if (
        not links.must_write
        or is_by_time(links.layer)
        or any(is_url(path) or files_of(path) != [path] for path in paths)
    ):
        return ""
    # A layer that declares no inputs may read files of the folder all the same, so it shares with that folder only.
    frame_is = "\0".join([links.key(frame), str(seed_of(links.layer, frame)), "" if read else launched_in])
    states = [[state.name, state.digest] for state in read]
    return f"{_kind_of(links, parts)}/{_digest_of([frame_is, links.item_text(frame), states])}"


def _digest_of(data: list[Any]) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogateescape")).hexdigest()


class Cache:
    """A folder, or a bucket, that many jobs share; each process may use it at any time."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.__place: _Folder | _Bucket = _Bucket(folder) if is_url(folder) else _Folder(folder)

    def knows(self, kind: str) -> bool:
        """Whether it has kept any frame of a kind, as far as that can be told in no time: of a bucket it cannot."""
        return self.__place.has_folder(f"entries/{kind}")

    def find(self, key: str) -> CachedFrame | None:
        """What a frame has made; None where that is not known, or a file is gone.

        Args:
            key: What ``frame_key`` gave.

        Raises:
            StorageException: The bucket cannot be read.
        """
        try:
            data = json.loads(self.__place.read(_entry(key)) or b"null")
            found = CachedFrame(dict(data["outputs"]), data.get("result"))
            is_there = all(self.__place.exists(_file(digest)) for digest in found.outputs.values())
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if is_there else None

    def take(
        self, key: str, outputs: Sequence[tuple[str, str]], optional: Iterable[tuple[str, str]]
    ) -> CachedFrame | None:
        """Copy the outputs of a frame to their places; None where they are not there, or not whole.

        Args:
            key: What ``frame_key`` gave.
            outputs: Name and absolute path of each.
            optional: The same of those that the frame may have made.

        Raises:
            OSError: An output cannot be written.
            StorageException: The bucket cannot be read.
        """
        found = self.find(key)
        if found is None or any(name not in found.outputs for name, _ in outputs):
            return None
        outputs = [*outputs, *(one for one in optional if one[0] in found.outputs)]
        digests = [found.outputs[name] for name, _ in outputs]
        beside = [hide(path, os.getpid()) for _, path in outputs]
        try:
            for digest, copy in zip(digests, beside, strict=True):
                if not self.__copy_out(digest, copy):
                    return None
            for (_, path), copy in zip(outputs, beside, strict=True):
                (put_in_place if os.path.isdir(copy) else os.replace)(copy, path)
            return found
        finally:
            for copy in filter(os.path.lexists, beside):
                remove(copy)

    def __copy_out(self, digest: str, copy: str) -> bool:
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        try:
            self.__place.copy_out(_file(digest), copy)
        except FileNotFoundError:
            return False
        if digest_at(copy)[0] == digest:
            return True
        logger.warning("%s is damaged and will be made again", join(self.folder, _file(digest)))
        self.__place.remove(_file(digest))  # who makes it again keeps a whole one
        return False

    def put(self, key: str, outputs: Sequence[tuple[str, str, str]], result: Any) -> None:
        """Keep what a frame has made; a bucket keeps no folders.

        Args:
            key: What ``frame_key`` gave.
            outputs: Name, absolute path and digest of each.
            result: The plain data that it returned.

        Raises:
            OSError: The folder cannot be written.
            StorageException: The bucket cannot.
        """
        if not self.__place.keeps_folders and any(os.path.isdir(path) for _, path, _ in outputs):
            return
        for _, path, digest in outputs:
            if not self.__place.exists(_file(digest)):
                self.__place.copy_in(path, _file(digest))
        data = {"outputs": {name: digest for name, _, digest in outputs}, "result": result}
        self.__place.write(_entry(key), json.dumps(data).encode())


def _entry(key: str) -> str:
    return f"entries/{key}.json"


def _file(digest: str) -> str:
    return f"files/{digest[:2]}/{digest}"


class _Folder:
    """A cache on a disk."""

    keeps_folders = True

    def __init__(self, folder: str) -> None:
        self.__folder = folder

    def __path(self, name: str) -> str:
        return os.path.join(self.__folder, name)

    def __made(self, name: str) -> str:
        os.makedirs(os.path.dirname(self.__path(name)), exist_ok=True)
        return self.__path(name)

    def has_folder(self, name: str) -> bool:
        return os.path.isdir(self.__path(name))

    def exists(self, name: str) -> bool:
        return os.path.exists(self.__path(name))

    def read(self, name: str) -> bytes | None:
        with open(self.__path(name), "rb") as stream:
            return stream.read()

    def write(self, name: str, data: bytes) -> None:
        write_atomic(self.__made(name), data)

    def copy_in(self, path: str, name: str) -> None:
        target = self.__made(name)
        beside = f"{target}.{os.getpid()}.part"
        try:
            _copy(path, beside)
            (put_in_place if os.path.isdir(beside) else os.replace)(beside, target)
        finally:
            if os.path.lexists(beside):
                remove(beside)

    def copy_out(self, name: str, path: str) -> None:
        _copy(self.__path(name), path)

    def remove(self, name: str) -> None:
        remove(self.__path(name))


class _Bucket:
    """A cache in a bucket; what is in it is there whole."""

    keeps_folders = False

    def __init__(self, url: str) -> None:
        self.__url = url

    def has_folder(self, name: str) -> bool:
        return False

    def exists(self, name: str) -> bool:
        return storage.exists(join(self.__url, name))

    def read(self, name: str) -> bytes | None:
        return storage.read(join(self.__url, name))

    def write(self, name: str, data: bytes) -> None:
        storage.write(join(self.__url, name), data)

    def copy_in(self, path: str, name: str) -> None:
        storage.upload(path, join(self.__url, name))

    def copy_out(self, name: str, path: str) -> None:
        storage.download(join(self.__url, name), path)

    def remove(self, name: str) -> None:
        storage.remove(join(self.__url, name))


def _copy(source: str, target: str) -> None:
    """Copy a file, or a folder with all files in it."""
    if not os.path.isdir(source):
        _copy_file(source, target)
        return
    os.makedirs(target, exist_ok=True)
    for file in files_below(source):
        copy = os.path.join(target, os.path.relpath(file, source))
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        if os.path.islink(file):
            os.symlink(os.readlink(file), copy)
        else:
            _copy_file(file, copy)


def _copy_file(source: str, target: str) -> None:
    """Copy a file; where the file system can, both share the data until one of them is written to."""
    with open(source, "rb") as one, open(target, "wb") as other:
        try:
            fcntl.ioctl(other.fileno(), _FICLONE, one.fileno())
        except OSError:
            shutil.copyfileobj(one, other, 1 << 20)


# -- in a plan -------------------------------------------------------------------------------------------------


class Forecast:
    """What a plan knows of the frames that will be copied from the cache.

    They decide by themselves when they run. This is to tell people before, so it reads little: no input of a layer that
    the cache has never seen, and no more than one gigabyte in all.
    """

    def __init__(self, cache: Cache, folder: str, launched_in: str, disk: Disk) -> None:
        """Make one for a plan.

        Args:
            folder: The work folder.
            launched_in: The folder of the launch.
            disk: Sees files.
        """
        self.__cache = cache
        self.__folder, self.__launched_in = folder, launched_in
        self.__disk = disk
        self.__coming: dict[str, str] = {}
        self.__coming_folders: set[str] = set()
        self.__digests: dict[str, str | None] = {}
        self.__left = _MOST_BYTES

    def copied(self, links: LayerLinks, frames: Iterable[int], parts: Mapping[str, str]) -> list[int]:
        """Those of some frames whose outputs the cache holds; what they read is there, or will be copied as well."""
        if not links.must_write or not self.__cache.knows(_kind_of(links, parts)):
            return []
        return [frame for frame in frames if self.__is_copied(links, frame, parts)]

    def __is_copied(self, links: LayerLinks, frame: int, parts: Mapping[str, str]) -> bool:
        read = []
        for name, label, paths in links.input_files(frame):
            digest = self.__once(label, paths)
            if digest is None and name in links.optional and not self.__will_be_there(label, paths):
                digest = ""
            if digest is None:
                return False
            read.append(FileState(name, label, Signature(0, 0, 0), digest))
        key = frame_key(links, frame, parts, read, self.__launched_in)
        found = self.__cache.find(key) if key else None
        if found is None or any(name not in found.outputs for name, _ in links.output_paths(frame)):
            return False
        for name, path in links.all_output_paths(frame):
            if name in found.outputs:
                place = join(self.__folder, path)
                self.__coming[place] = found.outputs[name]
                self.__coming_folders.update([place] if COUNT_MARK in found.outputs[name] else [])
        return True

    def __once(self, label: str, paths: list[str]) -> str | None:
        """The digest that files will have when the frame that reads them begins; None when that is not known."""
        if label not in self.__digests:
            self.__digests[label] = self.__digest(label, paths)
        return self.__digests[label]

    def __digest(self, label: str, paths: list[str]) -> str | None:
        self.__disk.group(label, paths)
        if any(self.__is_in_coming_folder(path) for path in paths):
            return None
        if not any(path in self.__coming for path in paths):
            return self.__read(label)
        digests = [self.__coming.get(path) or self.__read(path) for path in paths]
        if None in digests:
            return None
        return digests[0] if len(digests) == 1 else digest_of_group(filter(None, digests))

    def __will_be_there(self, label: str, paths: list[str]) -> bool:
        is_coming = any(path in self.__coming or self.__is_in_coming_folder(path) for path in paths)
        return is_coming or self.__disk.signature(label) is not None

    def __is_in_coming_folder(self, path: str) -> bool:
        """Whether a file is in a folder that will be copied as a whole, so that nobody knows it yet."""
        return bool(self.__coming_folders) and not self.__coming_folders.isdisjoint(folders_around(path))

    def __read(self, path: str) -> str | None:
        signature = self.__disk.signature(path)
        if signature is None or signature.size > self.__left:
            return None
        self.__left -= signature.size
        return self.__disk.digest(path, None)
