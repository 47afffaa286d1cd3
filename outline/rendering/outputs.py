# SPDX-License-Identifier: Apache-2.0
"""What every frame must leave behind: named outputs, where they are written, and whether they are there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..exception import LayerException
from ..frames import FrameSet
from ..io.pattern import SequencePattern, files_of, parse_pattern
from .whole import is_cut_short

__all__ = [
    "MAIN",
    "OLD",
    "Output",
    "Signature",
    "Wrong",
    "absolute_path",
    "absolute_paths",
    "find_old",
    "find_slot",
    "find_unusable",
    "may_be_new",
    "read_outputs",
    "signatures",
    "tell_wrong",
]

# The name of the only, or first, output.
MAIN = "main"

# What is said of files that are there, but that nobody has written since the attempt began.
OLD = "older than this attempt"


class Output(NamedTuple):
    """A file, or a set of tiles, that every frame leaves behind.

    Attributes:
        name: Its name in the layer.
        pattern: Where it is in the end.
        optional: Frames may lack it.
    """

    name: str
    pattern: SequencePattern
    optional: bool = False

    @classmethod
    def at(cls, name: str, path: str, optional: bool = False) -> Output:
        """Make an output from its path, in which the frame is written in any style; see ``find_slot``."""
        return cls(name, find_slot(path), optional)

    @property
    def path(self) -> str:
        """Return the path as it was written."""
        return f"{self.pattern.prefix}{self.pattern.slot}{self.pattern.suffix}"

    @property
    def is_sequence(self) -> bool:
        """Tell whether every frame has a file of its own."""
        return bool(self.pattern.slot)

    @property
    def folder(self) -> str:
        """Return the folder that the files are in."""
        return os.path.dirname(self.pattern.prefix if self.is_sequence else self.path) or os.curdir

    def frame_path(self, frame: int) -> str:
        """Return the path of one frame; a tile mark stays in it."""
        return self.pattern.frame_path(frame)

    def files(self, frame: int) -> list[str]:
        """Return the files of one frame: one, there or not, or all tiles that are there."""
        return files_of(self.frame_path(frame))

    def hashes(self) -> str:
        """Return the path with one ``#`` for each digit, as Blender, Maya and Nuke read it."""
        return self._written("#" * self.pattern.digits)

    def printf(self) -> str:
        """Return the path with the frame as ``%04d``; other ``%`` in it are doubled."""
        pattern = self.pattern
        if not self.is_sequence:
            return pattern.prefix.replace("%", "%%")
        slot = f"%0{pattern.digits}d" if pattern.digits > 1 else "%d"
        return f"{pattern.prefix.replace('%', '%%')}{slot}{pattern.suffix.replace('%', '%%')}"

    def houdini(self) -> str:
        """Return the path with the frame as ``$F4``."""
        return self._written(f"$F{self.pattern.digits}" if self.pattern.digits > 1 else "$F")

    def brackets(self) -> str:
        """Return the path with the frame as ``[####]``, as After Effects reads it."""
        return self._written(f"[{'#' * self.pattern.digits}]")

    def _written(self, slot: str) -> str:
        return f"{self.pattern.prefix}{slot}{self.pattern.suffix}" if self.is_sequence else self.pattern.prefix


def find_slot(path: str) -> SequencePattern:
    """Return where the frame goes in a path; see ``parse_pattern``.

    Unlike there a single number, as in ``movie.2024.mp4``, is a part of the name: it is what is written, not a frame of
    what is there.
    """
    pattern = parse_pattern(path)
    return SequencePattern(path) if re.fullmatch(r"-?\d+", pattern.slot) else pattern


def read_outputs(spec: object, optional: object = ()) -> list[Output]:
    """Return outputs as a layer was given them.

    Args:
        spec: A path, a list of paths, or a dict of names and paths. The only or first one without a name is ``main``,
            others are ``output2`` and so on.
        optional: Names, or paths of ``spec``, that frames may lack; one or a list.

    Raises:
        LayerException: It is something else, a path has no file name, or ``optional`` names what is not there.
    """
    named = _named(spec)
    loose = {_text(one) for one in ([optional] if isinstance(optional, (str, os.PathLike)) else optional or ())}  # type: ignore[attr-defined]
    unknown = loose - set(named) - set(named.values())
    if unknown:
        raise LayerException(f"optional names {sorted(unknown)}, but the outputs are {sorted(named)}")
    return [Output.at(name, path, name in loose or path in loose) for name, path in named.items()]


def _named(spec: object) -> dict[str, str]:
    if spec is None:
        return {}
    if isinstance(spec, Mapping):
        named = {str(name): _text(path) for name, path in spec.items()}
    elif isinstance(spec, (list, tuple)):
        named = {MAIN if place == 0 else f"output{place + 1}": _text(path) for place, path in enumerate(spec)}
    else:
        named = {MAIN: _text(spec)}
    for name, path in named.items():
        if not os.path.basename(path):
            raise LayerException(
                f"output {name!r} is {path!r}, which is no file name; give a path like 'out/a.####.exr'"
            )
    return named


def _text(path: object) -> str:
    get_path = getattr(path, "get_path", None)  # a FileSpec
    if callable(get_path):
        path = get_path()
    if isinstance(path, (str, os.PathLike)):
        return os.fspath(path) if isinstance(path, str) else str(os.fspath(path))
    raise LayerException(f"outputs are paths such as 'out/a.####.exr', a list or a dict of them, not {path!r}")


_ABSOLUTE = r"[A-Za-z]:[\\/]|[\\/]"

# The frames that lack an output, by what is wrong with it.
Wrong = dict[str, list[int]]


class Signature(NamedTuple):
    """What changes about a file when it is written, whatever clock and resolution its file system has."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def signatures(paths: Iterable[str]) -> dict[str, Signature]:
    """Return the signature of every file that is there."""
    found = {}
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found[path] = Signature(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def find_unusable(output: Output, frames: Iterable[int], min_bytes: int) -> Wrong:
    """Return the frames that lack their files, or whose files are too small or cut short, by what is wrong."""
    wrong: Wrong = {}
    for frame in frames:
        paths = output.files(frame)
        sizes = [_size(path) for path in paths]
        if not sizes or -1 in sizes:
            wrong.setdefault("missing", []).append(frame)
        elif min(sizes) == 0:
            wrong.setdefault("empty", []).append(frame)
        elif min(sizes) <= min_bytes:
            wrong.setdefault(f"not larger than {min_bytes} bytes", []).append(frame)
        elif any(is_cut_short(path) for path in paths):
            wrong.setdefault("cut short", []).append(frame)
    return wrong


def find_old(output: Output, frames: Iterable[int], before: Mapping[str, Signature], started_ns: int) -> Wrong:
    """Return the frames whose files nobody has written since ``before``.

    Args:
        output: What to look at.
        frames: Frames whose files are there.
        before: The signatures of the same files when the attempt began.
        started_ns: The time of the file system when the attempt began. It counts only for a file whose time is
            rounded to a whole second, which may be the same although it was written twice.
    """
    old = []
    for frame in frames:
        now = signatures(output.files(frame))
        if any(path in before and before[path] == new and not may_be_new(new, started_ns) for path, new in now.items()):
            old.append(frame)
    return {OLD: old} if old else {}


_SECOND_NS = 10**9


def may_be_new(signature: Signature, started_ns: int) -> bool:
    """Tell whether a file whose times have not changed may have been written anew: if they are whole seconds only."""
    is_rounded = signature.modified_ns % _SECOND_NS == 0 and signature.changed_ns % _SECOND_NS == 0
    return is_rounded and signature.modified_ns >= started_ns - started_ns % _SECOND_NS


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def tell_wrong(output: Output, wrong: Wrong) -> str:
    """Return one sentence about the frames that lack an output."""
    reasons = ", ".join(f"{kind} for frames {FrameSet(frames)}" for kind, frames in wrong.items())
    return f"output {output.name!r} is {reasons}: {output.path}"


def absolute_paths(value: Any) -> Any:
    """Return a path, or each of a list of paths, as an absolute one."""
    return [absolute_path(one) for one in value] if isinstance(value, (list, tuple)) else absolute_path(value)


def absolute_path(path: str | os.PathLike[str]) -> str:
    """Return a path as an absolute one; a path of Windows with a drive is absolute on every system."""
    text = os.fspath(path)
    return text if re.match(_ABSOLUTE, text) else os.path.join(os.getcwd(), text)
