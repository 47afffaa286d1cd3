# SPDX-License-Identifier: Apache-2.0
"""Files that other processes read: written beside and renamed, so that nobody sees half of one."""

from __future__ import annotations

import os
from collections.abc import Iterable

from .exception import OutlineException

__all__ = ["check_current_folder", "write_atomic", "write_to_disk"]


def check_current_folder() -> None:
    """Check that the working directory is still there: relative paths begin in it, and frames run in it.

    Raises:
        OutlineException: It has been removed.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise OutlineException("the current folder has been removed; change to one that is there") from error


def write_to_disk(paths: Iterable[str]) -> None:
    """Wait until the disk has files and folders, so that a power cut leaves them; those that cannot be are left out."""
    for path in paths:
        try:
            fd = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        try:
            os.fsync(fd)
        except OSError:
            pass
        finally:
            os.close(fd)


def write_atomic(path: str | os.PathLike[str], data: str | bytes, *, mode: int | None = None) -> None:
    """Write a whole file so that a reader sees the old content or the new, never a part.

    The temporary name is unique per process and stands in the same folder, so the rename works on NFS too.
    Permissions come from the umask, unless ``mode`` is given.

    Raises:
        OSError: The folder is missing, read-only or full; nothing is left behind.
    """
    target = os.fspath(path)
    beside = f"{target}.{os.getpid()}.part"
    content = data.encode("utf-8") if isinstance(data, str) else data
    try:
        with open(beside, "wb") as stream:
            if mode is not None:
                os.fchmod(stream.fileno(), mode)
            stream.write(content)
        os.replace(beside, target)
    except OSError:
        try:
            os.unlink(beside)
        except OSError:
            pass
        raise
