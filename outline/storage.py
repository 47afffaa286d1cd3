# SPDX-License-Identifier: Apache-2.0
"""Files whose paths are URLs, such as ``s3://bucket/plate.exr``, beside files whose paths are paths.

fsspec knows the protocols, and packages of its own know each: s3fs, gcsfs, adlfs. They are installed by the extra
``storage``. Credentials and endpoints are those of the host that reads or writes; nothing of them comes from a job.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from .exception import StorageException

__all__ = [
    "Facts",
    "download",
    "exists",
    "facts_of",
    "fetch",
    "find_files",
    "is_url",
    "join",
    "open_file",
    "read",
    "remove",
    "upload",
    "write",
]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*[A-Za-z0-9]://")
_KEPT_SECONDS = 7 * 24 * 3600
_looked_for_old = False


class Facts(NamedTuple):
    """What a bucket says of a file.

    Attributes:
        size: In bytes.
        tag: Another one whenever the content is: the ETag, else size and time.
    """

    size: int
    tag: str


def is_url(path: str) -> bool:
    """Tell whether a path is a URL; a drive of Windows is none."""
    return "://" in path and _URL.match(path) is not None


def join(folder: str, path: str) -> str:
    """A path in a folder; an absolute path and a URL stay as they are."""
    if folder[:1] == "/" != folder[-1:] and ":" not in path:  # most are; a plan asks for millions
        return path if path[:1] == "/" else f"{folder}/{path}"
    return path if is_url(path) else os.path.join(folder, path)


def exists(path: str) -> bool:
    """Tell whether there is a file.

    Raises:
        StorageException: A bucket cannot be asked.
    """
    return facts_of(path) is not None if is_url(path) else os.path.exists(path)


def facts_of(url: str) -> Facts | None:
    """What a bucket says of a file, None when there is none.

    Raises:
        StorageException: It cannot be asked.
    """
    with _asking(url) as (system, path):
        try:
            system.invalidate_cache()  # another process may have written it meanwhile
            found = system.info(path)
        except FileNotFoundError:
            return None
        size = int(found.get("size") or 0)
        tag = found.get("ETag") or found.get("etag") or found.get("md5Hash") or found.get("content_md5")
        moment = found.get("LastModified") or found.get("updated") or found.get("created") or found.get("mtime")
        return Facts(size, str(tag).strip('"') if tag else f"{size} {moment}")


def open_file(path: str) -> BinaryIO:
    """Open a file to read its bytes.

    Raises:
        OSError: A file of this host cannot be read.
        StorageException: One in a bucket cannot.
    """
    if not is_url(path):
        return open(path, "rb")
    with _asking(path) as (system, inside):
        stream: BinaryIO = system.open(inside, "rb")
        return stream


def find_files(pattern: str) -> list[str]:
    """The URLs of the files in a bucket that match a pattern with ``*``, ``?``, ``[…]`` and ``**``.

    Raises:
        StorageException: The bucket cannot be read.
    """
    with _asking(pattern) as (system, path):
        system.invalidate_cache()
        protocol = pattern.split("://")[0]
        found = system.glob(path, detail=True)
        return [f"{protocol}://{name}" for name, facts in found.items() if facts.get("type") != "directory"]


def fetch(url: str, folder: str) -> str:
    """The path of a copy of a file on this host.

    Args:
        url: The file.
        folder: Where copies are kept. One that is there already serves again, as long as the bucket has the same tag.
            Copies that nobody has asked for in a week are removed.

    Raises:
        StorageException: There is no such file, or it cannot be read.
    """
    import hashlib  # slow to import, and every frame imports this module

    facts = facts_of(url)
    if facts is None:
        raise StorageException(f"there is no file {url}")
    name = hashlib.sha256(f"{url}\0{facts.tag}".encode()).hexdigest()[:24]
    path = os.path.join(folder, name, os.path.basename(url))
    if not os.path.exists(path):
        _remove_old(folder)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        beside = f"{path}.{os.getpid()}.part"
        try:
            download(url, beside)
            os.replace(beside, path)
        finally:
            if os.path.exists(beside):
                os.unlink(beside)
    os.utime(os.path.dirname(path))
    return path


def download(url: str, path: str) -> None:
    """Copy a file out of a bucket.

    Raises:
        StorageException: It cannot be read.
    """
    with _asking(url) as (system, inside):
        system.get_file(inside, path)


def read(url: str) -> bytes | None:
    """The bytes of a file in a bucket, None when there is none.

    Raises:
        StorageException: It cannot be read.
    """
    with _asking(url) as (system, inside):
        try:
            data: bytes = system.cat_file(inside)
            return data
        except FileNotFoundError:
            return None


def remove(url: str) -> None:
    """Remove a file from a bucket.

    Raises:
        StorageException: It cannot be removed.
    """
    with _asking(url, "remove") as (system, inside):
        system.rm_file(inside)


def upload(path: str, url: str) -> None:
    """Put a file into a bucket: whole, or not at all.

    Raises:
        StorageException: It cannot be written.
    """
    with _asking(url, "write") as (system, inside):
        system.put_file(path, inside)


def write(url: str, data: bytes) -> None:
    """Write a file into a bucket: whole, or not at all.

    Raises:
        StorageException: It cannot be written.
    """
    with _asking(url, "write") as (system, inside):
        system.pipe_file(inside, data)


def _remove_old(folder: str) -> None:
    """Remove copies that nobody has asked for in a week; one look per process is enough."""
    global _looked_for_old
    if _looked_for_old:
        return
    _looked_for_old = True
    import shutil  # slow to import

    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if time.time() - entry.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(entry.path, ignore_errors=True)


@contextmanager
def _asking(url: str, verb: str = "read") -> Iterator[tuple[Any, str]]:
    """The file system of a URL and the path in it; its errors become ours.

    Raises:
        StorageException: The package for it is not installed, or what is done inside fails.
    """
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url)
    except ImportError as error:
        raise StorageException(
            f"{url} needs the package {error.name or error}; pip install 'outline-farm[storage]'"
        ) from error
    except Exception as error:  # foreign code: a protocol that nobody knows, an option that is none
        raise StorageException(f"cannot {verb} {url}: {_one_line(error)}") from error
    try:
        yield system, path
    except StorageException:
        raise
    except Exception as error:  # foreign code; each protocol has errors of its own
        raise StorageException(f"cannot {verb} {url}: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
