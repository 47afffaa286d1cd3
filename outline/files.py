# SPDX-License-Identifier: Apache-2.0
"""Files that other processes read. Writes a temporary file and renames it, so nobody sees a partial file."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable

from .exception import OutlineException
from .process import host_name

__all__ = ["check_current_folder", "make_private_folder", "make_whole", "write_atomic", "write_to_disk"]


def check_current_folder() -> None:
    """Check that the working directory still exists. Relative paths begin in it and frames run in it.

    Raises:
        OutlineException: It no longer exists.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise OutlineException("the current folder has been removed; change to one that exists") from error


def make_private_folder(folder: str) -> None:
    """Make a folder that only this user can enter, for use in the shared folder for temporary files.

    Raises:
        OSError: The folder cannot be made, or the path is a link or belongs to somebody else.
    """
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        raise OSError(errno.EPERM, "is a link or belongs to somebody else", folder)
    if stat.S_IMODE(found.st_mode) != 0o700:
        os.chmod(folder, 0o700)


def write_to_disk(paths: Iterable[str]) -> None:
    """Flush files and folders to disk, so that they survive a power cut. Skips those that cannot be flushed."""
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
    """Write a whole file atomically: a reader sees the old content or the new, never a part.

    The temporary file is in the same folder, under a name that is unique per process, so the rename works on NFS too.
    Permissions come from the umask, unless ``mode`` is given.

    Raises:
        OSError: The folder is missing, read-only or full. No temporary file stays behind.
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


def make_whole(path: str, text: str, *, mode: int | None = None) -> bool:
    """Create a whole file that does not exist yet. Returns False when somebody else created it first.

    When several processes try at once, on any machines, exactly one succeeds: a hard link to an existing name fails, on
    NFS too.

    Raises:
        OSError: The folder is not writable.
    """
    beside = f"{path}.{host_name()}.{os.getpid()}.{time.monotonic_ns()}.part"
    write_atomic(beside, text, mode=mode)
    try:
        os.link(beside, path)
    except FileExistsError:
        return os.stat(beside).st_nlink == 2  # NFS may have done it, and have lost the answer
    except OSError:  # a file system without hard links
        return _make_without_link(path, text)
    finally:
        os.unlink(beside)
    return True


def _make_without_link(path: str, text: str) -> bool:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with open(fd, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True
