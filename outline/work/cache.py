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
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import storage
from ..files import write_atomic
from ..io.folders import files_below, put_in_place, remove
from ..io.output import hide
from ..storage import is_url, join
from .decide import FileState
from .digests import digest_file, digest_folder

__all__ = ["Cache", "CachedFrame", "key_of", "kind_of"]

logger = logging.getLogger("outline.work")

_VERSION = 2
_KIND_DIGITS = 16
_FICLONE = 0x40049409  # of Linux: one copy of the data for two files, until one of them is written to


class CachedFrame(NamedTuple):
    """What a frame has made.

    Attributes:
        outputs: The digest of each output, by name.
        result: The plain data that it returned.
    """

    outputs: Mapping[str, str]
    result: Any = None


def kind_of(parts: Mapping[str, str], outputs: Sequence[str]) -> str:
    """What all frames of a layer have in common in the cache: what the layer is made of, and the names of outputs."""
    return _digest_of([_VERSION, sorted(parts.items()), list(outputs)])[:_KIND_DIGITS]


def key_of(kind: str, frame: str, item: str, inputs: Sequence[FileState]) -> str:
    """What a frame is known by: all that counts for what it makes, paths left out.

    Args:
        kind: What ``kind_of`` gave.
        frame: What else tells it from others of its layer.
        item: The value of its item as text.
        inputs: What it reads.
    """
    return f"{kind}/{_digest_of([frame, item, [[state.name, state.digest] for state in inputs]])}"


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
            key: What ``key_of`` gave.

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

    def take(self, key: str, outputs: Sequence[tuple[str, str]]) -> CachedFrame | None:
        """Copy the outputs of a frame to their places; None where they are not there, or not whole.

        Args:
            key: What ``key_of`` gave.
            outputs: Name and absolute path of each.

        Raises:
            OSError: An output cannot be written.
            StorageException: The bucket cannot be read.
        """
        found = self.find(key)
        digests = [found.outputs.get(name, "") for name, _ in outputs] if found is not None else []
        if found is None or "" in digests:
            return None
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
        if (digest_folder if os.path.isdir(copy) else digest_file)(copy)[0] == digest:
            return True
        logger.warning("%s is damaged and will be made again", join(self.folder, _file(digest)))
        self.__place.remove(_file(digest))  # who makes it again keeps a whole one
        return False

    def put(self, key: str, outputs: Sequence[tuple[str, str, str]], result: Any) -> None:
        """Keep what a frame has made; a bucket keeps no folders.

        Args:
            key: What ``key_of`` gave.
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
