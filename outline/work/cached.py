# SPDX-License-Identifier: Apache-2.0
"""Which frames the cache knows: what one is known by, and which of a plan will be copied from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..io.folders import folders_around
from ..layer.results import seed_of
from ..storage import is_url, join
from .cache import Cache, key_of, kind_of
from .decide import COUNT_MARK, FileState, Signature
from .digests import Disk, digest_of_group, is_by_time

if TYPE_CHECKING:
    from ..layer.links import LayerLinks

__all__ = ["Forecast", "frame_key"]

_MOST_BYTES = 1 << 30
"""How much a plan reads of inputs whose digests nobody knows, a second or two."""


def frame_key(
    links: LayerLinks, frame: int, parts: Mapping[str, str], read: Sequence[FileState], launched_in: str
) -> str:
    """What a frame is known by in the cache; empty for one that is not kept there.

    A frame without files is not, nor one that writes into a bucket, nor one whose files are known by their time only.

    Args:
        links: What its layer reads and writes.
        frame: Its number.
        parts: What its layer is made of.
        read: What it reads.
        launched_in: The folder of the launch.
    """
    outputs = links.output_paths(frame)
    if not outputs or is_by_time(links.layer) or any(is_url(path) for _, path in outputs):
        return ""
    # A layer that declares no inputs may read files of the folder all the same, so it shares with that folder only.
    frame_is = [links.key(frame), str(seed_of(links.layer, frame)), "" if read else launched_in]
    names = [name for name, _ in outputs]
    return key_of(kind_of(parts, names), "\0".join(frame_is), links.item_text(frame), read)


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
        if not any(not output.optional for output in links.outputs):
            return []
        if not self.__cache.knows(kind_of(parts, [output.name for output in links.outputs if not output.optional])):
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
        outputs = [(name, join(self.__folder, path)) for name, path in links.output_paths(frame)]
        if found is None or any(name not in found.outputs for name, _ in outputs):
            return False
        self.__coming.update((path, found.outputs[name]) for name, path in outputs)
        self.__coming_folders.update(path for name, path in outputs if COUNT_MARK in found.outputs[name])
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
