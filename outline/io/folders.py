# SPDX-License-Identifier: Apache-2.0
"""Folders that are one output: they are written beside their place, and take it as a whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

__all__ = ["files_below", "folders_around", "put_in_place", "remove"]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # of Linux
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def files_below(folder: str) -> Iterator[str]:
    """The files in a folder and in those below it, in the order of their names; links are not followed."""
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders[:] = sorted(set(folders).difference(links))
        for name in sorted([*names, *links]):
            yield os.path.join(place, name)


def folders_around(path: str) -> Iterator[str]:
    """The folders that a path is in, the innermost first, as far as they are written in it."""
    while (folder := os.path.dirname(path)) and folder != path:
        yield folder
        path = folder


def put_in_place(new: str, place: str) -> None:
    """Give a folder its real name; what has that name goes in the same moment, where the system can exchange names.

    Elsewhere, as on most network file systems, there is nothing in that place for a moment.

    Args:
        new: The folder, beside its place.
        place: Where it belongs.

    Raises:
        OSError: It cannot be renamed.
    """
    try:
        os.rename(new, place)
        return
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
    if _exchange(new, place):
        remove(new)
        return
    aside = f"{new}-old"
    os.rename(place, aside)
    os.rename(new, place)
    remove(aside)


def _exchange(one: str, other: str) -> bool:
    """Exchange two names in one step; False where the system, or the file system, cannot."""
    import ctypes  # only for a folder that is made again

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)


def remove(path: str) -> None:
    """Remove a file, or a folder with all that is in it; what is gone already, or is not ours, is no error."""
    try:
        os.unlink(path)
    except (IsADirectoryError, PermissionError):  # what it is called for a folder, on Linux and elsewhere
        import shutil  # slow to import, and most outputs are files

        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass
