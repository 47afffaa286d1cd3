# SPDX-License-Identifier: Apache-2.0
"""The session folder of a job. ``session_paths`` shows its contents."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .exception import SessionException, SessionFileError, file_errors
from .files import write_atomic
from .logs import get_logger
from .session_paths import SessionPaths
from .session_places import file_mode, inside, make_folder, sessions_folder

if TYPE_CHECKING:
    from .layer import Layer
    from .loader import Outline

logger = get_logger("outline.session")  # as PyOutline has it

__all__ = ["Session", "conform_name", "find_sessions", "is_session_path"]

_NAME = re.compile(r"[^\s/]+/[0-9a-fA-F][0-9a-fA-F-]{7,}\Z")


def is_session_path(folder: str | None) -> bool:
    """Whether a folder, or the folder of a file, is a complete session.

    A file named ``session`` is not enough: it must contain a session's name.
    """
    return bool(folder and _marked_name(SessionPaths.holding(folder)))


def _marked_name(paths: SessionPaths) -> str:
    try:
        with open(paths.marker, encoding="utf-8") as stream:
            name = stream.read(4096).strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return name if _NAME.match(name) else ""


def find_sessions() -> Iterator[SessionPaths]:
    """Every complete session of this user's configuration, for all shows and shots.

    Skips folders that only look like sessions, and links to folders, because the library makes no session behind a
    link.
    """
    from glob import escape, glob

    for base in glob(sessions_folder("*", "*", quote=escape)):
        for job in _folders(base):
            for folder in _folders(job):
                paths = SessionPaths(folder)
                if _NAME.match("/".join(folder.split(os.sep)[-2:])) and _marked_name(paths):
                    yield paths


def _folders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def conform_name(name: str) -> str:
    """Turn any text into a job name: letters, digits, ``_``, ``-`` and ``.``. Others become ``_``."""
    return re.sub(r"[^A-Za-z0-9_.\-]+", "_", name).strip("_") or "outline"


class Session:
    """The folder of a job, from ``Outline.setup`` on.

    The outline makes it, or finds it again from the path of its ``outline.yaml``. Every frame can read what another
    frame stores, on any machine that sees the folder. You may move the folder or mount it elsewhere. The session writes
    each file under a temporary name and renames it. It does not keep apart two frames that write the same name at the
    same time.
    """

    def __init__(self, ol: Outline) -> None:
        if is_session_path(ol.get_path()):
            self.__paths = SessionPaths.holding(ol.get_path() or "")
            self.__name = _marked_name(self.__paths)
        else:
            self.__create(ol)

    def __create(self, ol: Outline) -> None:
        job = f"{ol.get_show()}-{ol.get_shot()}-{ol.get_user()}_{ol.get_name()}"
        self.__name = f"{conform_name(job)}/{_new_id()}"
        base = sessions_folder(ol.get_show(), ol.get_shot())
        self.__paths = SessionPaths(os.path.join(os.path.abspath(base), *self.__name.split("/")))
        try:
            make_folder(self.__paths.layers, below=base)
        except OSError as error:
            problem = f"cannot make the session folder {self.__paths.folder}: {error.strerror}"
            raise SessionFileError(error.errno, f"{problem}; set [outline] session_dir") from error

    def get_name(self) -> str:
        """The session's name, ``{show}-{shot}-{user}_{name}/{uuid}``."""
        return self.__name

    def get_job_id(self) -> str:
        """The unique part of the name."""
        return self.__name.rpartition("/")[2]

    def save(self) -> None:
        """Write the marker that makes the session complete.

        Raises:
            SessionException: The folder cannot be written.
        """
        self.__write(self.__paths.marker, self.__name)

    def write_outline(self, text: str, scripts: Mapping[str, str]) -> str:
        """Write ``outline.yaml`` and its scripts.

        Args:
            text: The outline as data.
            scripts: The text of each script by file name.

        Returns:
            The path of ``outline.yaml``.

        Raises:
            SessionException: The folder cannot be written.
        """
        for name, source in scripts.items():
            self.__write(self.__paths.script(name), source)
        return self.__write(self.__paths.outline, text)

    def write_items(self, number: int, table: bytes, index: bytes) -> str:
        """Write a table of items and its index. Returns the path of the table.

        Raises:
            SessionException: The folder cannot be written.
        """
        path = self.__paths.items(number)
        self.__write(self.__paths.item_index(path), index)
        return self.__write(path, table)

    def __write(self, path: str, text: str | bytes) -> str:
        with file_errors(SessionFileError, f"cannot write {path}"):
            make_folder(os.path.dirname(path), below=self.__paths.folder)
            write_atomic(path, text, mode=file_mode())
        return path

    # -- places ------------------------------------------------------------------------------------------------

    def get_path(self, layer: Layer | str | None = None) -> str:
        """The session folder, or the folder of a layer in it. Makes a missing folder.

        Raises:
            SessionException: The layer's folder cannot be made.
        """
        return self.__folder(inside(self.__paths.layers, str(layer))) if layer else self.__paths.folder

    def get_log_path(self) -> str:
        """The folder of the frame logs. Makes a missing folder."""
        return self.__folder(self.__paths.logs)

    def __folder(self, path: str) -> str:
        if not os.path.isdir(path):
            with file_errors(SessionFileError, f"cannot make {path}"):
                make_folder(path, below=self.__paths.folder)
        return path

    # -- files -------------------------------------------------------------------------------------------------

    def put_file(self, src: str, layer: Layer | str | None = None, rename: str | None = None) -> str:
        """Copy a file into the session, so that later changes to the original do not affect the frames.

        Args:
            src: The file.
            layer: Whose folder; None means the job's.
            rename: A new name; None keeps the name.

        Returns:
            The path of the copy.

        Raises:
            SessionException: The file is missing or cannot be copied.
        """
        import shutil  # slow to import, and most jobs copy nothing

        target = self.__target(rename or os.path.basename(src), layer)
        beside = f"{target}.{os.getpid()}.part"
        with file_errors(SessionFileError, f"{_whose(layer)}cannot copy {src} to {target}"):
            try:
                shutil.copy(src, beside)
                shared = file_mode()
                if shared is not None:
                    os.chmod(beside, os.stat(beside).st_mode & 0o777 | shared)
                os.replace(beside, target)
            finally:
                if os.path.lexists(beside):
                    os.unlink(beside)
        return target

    def sym_file(self, src: str, layer: Layer | str | None = None, rename: str | None = None) -> str:
        """Link a file into the session. Replaces a link or file of that name. Arguments as for ``put_file``."""
        target = self.__target(rename or os.path.basename(src), layer)
        beside = f"{target}.{os.getpid()}.part"
        with file_errors(SessionFileError, f"{_whose(layer)}cannot link {target} to {src}"):
            os.symlink(os.path.abspath(src), beside)
            os.replace(beside, target)
        return target

    def get_file(self, name: str, layer: Layer | str | None = None, check: bool = True, new: bool = False) -> str:
        """The path of a file in the session.

        Args:
            name: Its name.
            layer: Whose folder; None means the job's.
            check: The file must exist.
            new: The file must not exist yet. A retry of a frame still gets the name from its earlier try. Turns
                ``check`` off.

        Raises:
            SessionException: The file is missing, or it exists despite ``new``.
        """
        path = self.__target(name, layer)
        if new:
            if os.path.lexists(path) and not self.__is_mine(name, layer):
                raise SessionException(
                    f"{path} exists already, another frame or the setup made it; choose another name"
                )
            self.__own(name, layer)
        elif check and not os.path.exists(path):
            raise SessionException(f"{path} does not exist; put_file stores a file under the name {name!r}")
        return path

    # -- data --------------------------------------------------------------------------------------------------

    def put_data(self, name: str, data: Any, layer: Layer | str | None = None, force: bool = False) -> None:
        """Store plain data under a name: numbers, text, lists, dicts, sets, ``outline.io`` paths and such.

        Args:
            name: The name, unique in its folder.
            data: The value.
            layer: Whose data; None means the job's.
            force: Replace earlier data of that name. A retry of a frame may always replace its own.

        Raises:
            SessionException: The name is taken, the data is not plain, or the session cannot be written.
        """
        from .serialize.data import dump

        path = self.__target(name, layer)
        if os.path.exists(path) and not force and not self.__is_mine(name, layer):
            raise SessionException(f"{path} holds data already; use force=True to replace it")
        text = dump(data, f"data {name!r}")
        self.__own(name, layer)
        with file_errors(SessionFileError, f"cannot write {path}"):
            write_atomic(path, text, mode=file_mode())

    def get_data(self, name: str, layer: Layer | str | None = None) -> Any:
        """Data that ``put_data`` stored.

        Raises:
            SessionException: There is no data of that name, or it is not plain data.
        """
        path = self.__target(name, layer)
        if not os.path.isfile(path):
            raise SessionException(f"no data {name!r} in the session; looked for {path}")
        return _load_data(path)

    def find_data(self, name: str, layer: str) -> Any:
        """Data of a layer, or None. Does not make the layer's folder."""
        path = self.__paths.data(name, layer)
        return _load_data(path) if os.path.isfile(path) else None

    def __target(self, name: str, layer: Layer | str | None) -> str:
        return inside(self.get_path(layer), name)

    # A running frame owns the names that it stores, so a retry of the same frame may store them again.

    def __own(self, name: str, layer: Layer | str | None) -> None:
        frame = os.environ.get("CUE_FRAME")
        if frame:
            self.__write(self.__paths.owner(name, layer), frame)

    def __is_mine(self, name: str, layer: Layer | str | None) -> bool:
        frame = os.environ.get("CUE_FRAME")
        try:
            with open(self.__paths.owner(name, layer), encoding="utf-8") as stream:
                return bool(frame) and stream.read() == frame
        except OSError:
            return False


def _whose(layer: Layer | str | None) -> str:
    """The layer that uses the session, for the beginning of a message."""
    if layer is None:
        return ""
    from .layer.args import where  # whoever has a layer has loaded it

    return f"layer {layer!r}: " if isinstance(layer, str) else f"{where(layer)}: "


def _new_id() -> str:
    """A random UUID, made without the module ``uuid``, which takes 2 ms to import."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _load_data(path: str) -> Any:
    from .serialize.data import load_file

    try:
        return load_file(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SessionFileError(getattr(error, "errno", None), f"cannot read {path}: {error}") from error
