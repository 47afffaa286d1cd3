# SPDX-License-Identifier: Apache-2.0
"""Outputs of frames by what they were made from, so that another job copies them in place of making them again.

::

    DIR/entries/ab/abcd….json   what a frame has made: the digest of each output, and its result
    DIR/files/01/0123….         a file by the digest of its contents

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
from ..io.output import hide
from .decide import FileState
from .digests import digest_file

__all__ = ["Cache", "CachedFrame", "key_of"]

logger = logging.getLogger("outline.work")

_VERSION = 1
_FICLONE = 0x40049409  # of Linux: one copy of the data for two files, until one of them is written to


class CachedFrame(NamedTuple):
    """What a frame has made.

    Attributes:
        outputs: The digest of each output, by name.
        result: The plain data that it returned.
    """

    outputs: Mapping[str, str]
    result: Any = None


def key_of(parts: Mapping[str, str], item: str, inputs: Sequence[FileState], outputs: Sequence[str]) -> str:
    """What a frame is known by: all that counts for what it makes, paths left out.

    Args:
        parts: What its layer is made of.
        item: The value of its item as text.
        inputs: What it reads.
        outputs: The names of what it writes.
    """
    read = [[state.name, state.digest] for state in inputs]
    whole = json.dumps([_VERSION, sorted(parts.items()), item, read, list(outputs)], ensure_ascii=False)
    return hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()


class Cache:
    """A folder that many jobs share; each process may use it at any time."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def take(self, key: str, outputs: Sequence[tuple[str, str]]) -> CachedFrame | None:
        """Copy the outputs of a frame to their places; None where they are not there, or not whole.

        Args:
            key: What ``key_of`` gave.
            outputs: Name and absolute path of each.

        Raises:
            OSError: An output cannot be written.
        """
        try:
            with open(self.__entry(key), encoding="utf-8") as stream:
                data = json.load(stream)
            found = CachedFrame(dict(data["outputs"]), data.get("result"))
            digests = [found.outputs[name] for name, _ in outputs]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        beside = [hide(path, os.getpid()) for _, path in outputs]
        try:
            for digest, copy in zip(digests, beside, strict=True):
                if not self.__copy_out(digest, copy):
                    return None
            for (_, path), copy in zip(outputs, beside, strict=True):
                os.replace(copy, path)
            return found
        finally:
            for copy in filter(os.path.exists, beside):
                os.unlink(copy)

    def __copy_out(self, digest: str, copy: str) -> bool:
        source = self.__file(digest)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        try:
            _copy(source, copy)
        except FileNotFoundError:
            return False
        if digest_file(copy)[0] == digest:
            return True
        logger.warning("%s is damaged, and is not used", source)
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
                    os.replace(beside, target)
                finally:
                    if os.path.exists(beside):
                        os.unlink(beside)
        entry = self.__entry(key)
        os.makedirs(os.path.dirname(entry), exist_ok=True)
        write_atomic(entry, json.dumps({"outputs": {name: digest for name, _, digest in outputs}, "result": result}))

    def __entry(self, key: str) -> str:
        return os.path.join(self.folder, "entries", key[:2], f"{key}.json")

    def __file(self, digest: str) -> str:
        return os.path.join(self.folder, "files", digest[:2], digest)


def _copy(source: str, target: str) -> None:
    """Copy a file; where the file system can, both share the data until one of them is written to."""
    with open(source, "rb") as one, open(target, "wb") as other:
        try:
            fcntl.ioctl(other.fileno(), _FICLONE, one.fileno())
        except OSError:
            shutil.copyfileobj(one, other, 1 << 20)
