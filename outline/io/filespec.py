# SPDX-License-Identifier: Apache-2.0
"""A file sequence that a layer reads or writes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

from ..exception import FileSpecException, OutlineException
from ..frames import FrameSet
from ..logs import get_logger
from .path import Path, expand_path, is_present, resolve
from .pattern import SequencePattern, files_of, find_slot, parse_pattern

__all__ = ["FileSpec", "Image", "file_spec_constructor", "file_spec_serializer", "frames_on_disk"]

logger = get_logger("outline.io")

_SINGLE_HASH = re.compile(r"(?<!#)#\Z")


class FileSpec(Path):
    """A file for each frame, or a single file, named by a pattern such as ``/shots/a.####.exr``.

    The frame is written ``####``, ``#`` (four digits, as in commands), ``@@@@``, ``%04d``, ``$F4``, ``$F``,
    ``[####]``, ``<frame>``, or as a range (``a.1-10.exr``, ``a.1-10####.exr``, ``a.0001-0010.exr``). ``<UDIM>``
    stands for any four-digit tile. A path without any of these is a single file, the same for every frame.

    Attributes are those of ``Path``, and ``checkExt``: other extensions that a frame may have instead, for programs
    that choose one themselves.
    """

    # Any: attributes are the module's own values
    def __init__(self, path: object, *, _pattern: SequencePattern | None = None, **args: Any) -> None:
        """Make a file sequence.

        Args:
            path: The pattern as text.
            args: The attributes.

        Raises:
            FileSpecException: The path is empty, or names a folder.
        """
        super().__init__(path, **args)
        if not os.path.basename(self.get_path()):
            raise FileSpecException(f"{self.get_path()!r} is not a file name; give a path such as '/shots/a.####.exr'")
        self.__pattern = _pattern or parse_pattern(self.get_path())

    @property
    def pattern(self) -> SequencePattern:
        """Where the frame goes in the path."""
        return self.__pattern

    def mkdir(self) -> None:
        """Make the folder that the files are in; it is fine when it is there already."""
        os.makedirs(self.get_dirname() or os.curdir, exist_ok=True)

    def exists(self, frame_set: Iterable[int] | None = None) -> bool:
        """Say whether every frame has a file that is not empty.

        A frame that is missing may be there with one of the extensions in ``checkExt`` instead.

        Args:
            frame_set: The frames to look for. Without it: the frames of the range in the pattern; or, when it has
                none, the frames that are on disk, of which there must be one.
        """
        if frame_set:
            return all(self.__is_frame_present(self.get_frame_path(frame)) for frame in frame_set)
        if not self.__pattern.slot:
            return self.__is_frame_present(self.get_path())
        frames = self.__known_frames(with_other_extensions=True)
        return bool(frames) and all(self.__is_frame_present(self.get_frame_path(frame)) for frame in frames)

    def get_size(self, frame_set: Iterable[int] | None = None) -> int:
        """The size of all frames together in bytes; missing ones are logged and count as nothing.

        Args:
            frame_set: The frames to add up; without it those that ``exists`` would look for.
        """
        if not self.__pattern.slot:
            paths = files_of(self.get_path())
        else:
            frames = frame_set or self.__known_frames()
            paths = [path for frame in frames for path in files_of(self.get_frame_path(frame))]
        return sum(map(_size_or_nothing, paths))

    def get_basename(self) -> str:
        """The name of the sequence, without frame and extension."""
        name = os.path.basename(self.__pattern.prefix)
        if not self.__pattern.slot:
            name = os.path.splitext(name)[0]
        elif name.endswith("."):
            name = name.rstrip(".")
        else:
            name = name.rstrip("_-")
        return re.sub(r"[._-]?<udim>$", "", name, flags=re.IGNORECASE)

    def get_dirname(self) -> str:
        """The folder that the files are in, without a slash at its end."""
        return os.path.dirname(self.get_path())

    def get_ext(self) -> str:
        """All that follows the frame, such as ``.exr`` or ``.left.exr``; the extension of a single file."""
        suffix = self.__pattern.suffix if self.__pattern.slot else os.path.basename(self.get_path())
        return suffix if self.__pattern.slot and suffix.startswith(".") else os.path.splitext(suffix)[1]

    def get_colorspace(self) -> str:
        """The colour space that the name of the folder holds, see ``get_rep``.

        Raises:
            FileSpecException: The name has no such part.
        """
        return self.__rep_part("colour space", 1, -2)

    def get_res(self) -> str:
        """The resolution that the name of the folder holds, see ``get_rep``.

        Raises:
            FileSpecException: The name has no such part.
        """
        return self.__rep_part("resolution", 0, -3)

    def get_rep(self) -> str:
        """The representation: the name of the folder that the files are in.

        It is ``resolution_colorspace`` or ``resolution_colorspace_format``; longer ones have more parts in front.
        """
        return os.path.basename(self.get_dirname())

    def get_element_dir(self) -> str:
        """The folder above that of the files, with a slash at its end."""
        return os.path.join(os.path.dirname(self.get_dirname()), "")

    def get_frame_path(self, num: int) -> str:
        """The path of one frame. A tile mark ``<UDIM>`` stays in it, for the program that reads it.

        A single ``#`` is four digits. PyOutline wrote none of them, so a file that is there under such a name is found.

        Differs: docs/differences.md#file-spec-hash
        """
        path = self.__pattern.frame_path(int(num))
        if _SINGLE_HASH.search(self.__pattern.slot) and not os.path.lexists(path):
            plain = self.__pattern._replace(digits=1).frame_path(int(num))
            return plain if os.path.lexists(plain) else path
        return path

    def get_temp_frame_path(self, num: int, path: str | None = None) -> str:
        """The path of one frame in the folder ``path``, or in the temporary one."""
        return f"{path or _temp_dir()}/{os.path.basename(self.get_frame_path(num))}"

    def get_temp_file_spec(self, path: str | None = None) -> str:
        """The pattern in the folder ``path``, or in the temporary one."""
        return f"{path or _temp_dir()}/{os.path.basename(self.get_file_spec())}"

    def get_frame_set(self) -> FrameSet:
        """The frames of the range in the pattern, or of the files on disk when it has none.

        Raises:
            FileSpecException: It is a single file, or there is no file on disk.
        """
        frames = self.__known_frames()
        if not frames:
            reason = "no file of it is on disk" if self.__pattern.slot else "it is a single file"
            raise FileSpecException(f"{self.get_path()!r} has no frames: {reason}")
        return FrameSet(frames)

    def get_file_spec(self, fs: object = None) -> str:
        """The pattern without its frame range, or with another one.

        The frame is written as ``#`` for each digit; a single ``#`` (four digits) stays one, and a frame without
        padding is written ``@``. Differs: docs/differences.md#file-spec-padding (PyOutline always wrote one ``#``).

        Args:
            fs: The frame part to put in, such as ``"1-10"`` or ``"%04d"``; it is taken as it is.

        Raises:
            FileSpecException: ``fs`` is given for a single file.
        """
        pattern = self.__pattern
        if not pattern.slot:
            if fs:
                raise FileSpecException(
                    f"{self.get_path()!r} is a single file, so it cannot take the frames {fs}; put #### into its name"
                )
            return self.get_path()
        return f"{pattern.prefix}{fs or pattern.hashes()}{pattern.suffix}"

    def __known_frames(self, with_other_extensions: bool = False) -> FrameSet | list[int]:
        pattern: SequencePattern = self.__pattern
        if pattern.frames:
            return FrameSet(pattern.frames)
        if not pattern.slot:
            return []
        frames = set(pattern.frames_on_disk())
        for extension in self.__other_extensions() if with_other_extensions else []:
            frames.update(pattern.frames_on_disk(pattern.suffix[: -len(self.get_ext()) or None] + extension))
        return sorted(frames)

    def __other_extensions(self) -> list[str]:
        extensions = self.get_attribute("checkExt") or []
        if isinstance(extensions, str):
            extensions = [extensions]
        return [extension if extension.startswith(".") else f".{extension}" for extension in extensions]

    def __is_frame_present(self, path: str) -> bool:
        stem = path[: -len(self.get_ext()) or None]
        logger.debug("looking for %s", path)
        return any(
            _are_files_present(files_of(candidate))
            for candidate in (path, *(stem + extension for extension in self.__other_extensions()))
        )

    def __rep_part(self, what: str, of_short: int, of_long: int) -> str:
        parts = self.get_rep().split("_")
        try:
            return parts[of_short if len(parts) in (2, 3) else of_long]
        except IndexError:
            message = (
                f"{self.get_path()!r}: its folder {self.get_rep()!r} names no {what}, as 'resolution_colorspace' does"
            )
            raise FileSpecException(message) from None


class Image(FileSpec):
    """A picture, or a sequence of pictures; it is what a ``FileSpec`` is."""


def frames_on_disk(path: str | os.PathLike[str]) -> FrameSet:
    """The frames that have a file, in ascending order: ``range=frames_on_disk("plate.####.exr")``.

    The folder is read when the function is called.

    Args:
        path: A path with a place for the frame, such as ``plate.####.exr`` or ``plate.%04d.exr``; a relative one begins
            in the working directory. A file whose number has other padding is no frame of it.

    Raises:
        OutlineException: The path has no place for the frame, or no frame has a file.
    """
    pattern = find_slot(expand_path(resolve(path), os.environ))
    if not pattern.slot:
        raise OutlineException(
            f"{pattern.path!r} is a single file, without frames on disk; put a token such as #### into its path"
        )
    frames = pattern.frames_on_disk()
    if not frames:
        folder = os.path.dirname(pattern.path) or os.curdir
        problem = "none of its files exists" if os.path.isdir(folder) else f"the folder {folder} does not exist"
        raise OutlineException(f"no frames of {pattern.path} on disk: {problem}")
    return FrameSet(frames)


def file_spec_serializer(dumper: Any, data: FileSpec) -> Any:  # Any: PyYAML's classes, which this module never imports
    """Write a ``FileSpec`` the way PyOutline does, for a YAML dumper of the caller."""
    import yaml

    return dumper.represent_scalar("!FileSpec", yaml.safe_dump([data.get_path(), data.get_attributes()]))


def file_spec_constructor(loader: Any, node: Any) -> FileSpec:
    """Read a ``FileSpec`` that PyOutline wrote, from plain data only, for a YAML loader of the caller."""
    import yaml

    path, attributes = yaml.safe_load(loader.construct_scalar(node))
    return FileSpec(path, **attributes)


def _are_files_present(paths: list[str]) -> bool:
    return bool(paths) and all(map(is_present, paths))


def _size_or_nothing(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError as error:
        logger.warning("cannot read the size of %s: %s", path, error.strerror)
        return 0


def _temp_dir() -> str:
    import tempfile  # slow to import, and seldom needed

    return tempfile.gettempdir()
