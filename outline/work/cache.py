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

from ..files import write_atomic
from ..io.folders import files_below, put_in_place, remove
from ..io.output import hide
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
    """A folder that many jobs share; each process may use it at any time."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def knows(self, kind: str) -> bool:
        """Whether it has kept any frame of a kind."""
        return os.path.isdir(os.path.join(self.folder, "entries", kind))

    def find(self, key: str) -> CachedFrame | None:
        """What a frame has made; None where that is not known, or a file is gone.

        Args:
            key: What ``key_of`` gave.
        """
        try:
            with open(self.__entry(key), encoding="utf-8") as stream:
                data = json.load(stream)
            found = CachedFrame(dict(data["outputs"]), data.get("result"))
            is_there = all(os.path.exists(self.__file(digest)) for digest in found.outputs.values())
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
        source = self.__file(digest)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        try:
            _copy(source, copy)
        except FileNotFoundError:
            return False
        if (digest_folder if os.path.isdir(copy) else digest_file)(copy)[0] == digest:
            return True
        logger.warning("%s is damaged and will be made again", source)
        remove(source)  # who makes it again keeps a whole one
        return False

    def put(self, key: str, outputs: Sequence[tuple[str, str, str]], result: Any) -> None:
        """Keep what a frame has made.

        Args:
            key: What ``key_of`` gave.
            outputs: Name, absolute path and digest of each.
            result: The plain data that it returned.

        Raises:
            OSError: The folder cannot be written.
        """
        for _, path, digest in outputs:
            target = self.__file(digest)
            if not os.path.exists(target):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                beside = f"{target}.{os.getpid()}.part"
                try:
                    _copy(path, beside)
                    (put_in_place if os.path.isdir(beside) else os.replace)(beside, target)
                finally:
                    if os.path.lexists(beside):
                        remove(beside)
        entry = self.__entry(key)
        os.makedirs(os.path.dirname(entry), exist_ok=True)
        write_atomic(entry, json.dumps({"outputs": {name: digest for name, _, digest in outputs}, "result": result}))

    def __entry(self, key: str) -> str:
        return os.path.join(self.folder, "entries", f"{key}.json")

    def __file(self, digest: str) -> str:
        return os.path.join(self.folder, "files", digest[:2], digest)


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
