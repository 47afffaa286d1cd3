# SPDX-License-Identifier: Apache-2.0
"""What every frame of a layer leaves behind: the argument ``outputs``, and where each output is written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy

from ..exception import LayerException
from ..storage import is_url
from .filespec import FileSpec
from .path import resolve
from .pattern import SequencePattern, files_of, find_slot

__all__ = ["HIDDEN", "MAIN", "Output", "Targets", "hide", "named_outputs", "read_outputs", "scratch_folder"]

# The name of the only, or first, output.
MAIN = "main"

_TOKEN = r"(%\{[^{}]+\})"

HIDDEN = r"\.part-[0-9]+-"
"""How the hidden name begins under which an output is written."""


class Output(FileSpec):
    """A file, a set of tiles or a folder that every frame leaves behind; never changed once it is made.

    Unlike in a ``FileSpec``, a number such as that of ``movie.2024.mp4`` is a part of the name and no frame.

    Attributes:
        name: Its name in the layer.
        optional: Frames may lack it.
        is_folder: It is a folder with all that is in it, written with a slash at the end.
    """

    def __init__(
        self,
        path: object,
        name: str = MAIN,
        *,
        optional: bool = False,
        items: Callable[[int], Mapping[str, str]] | None = None,
        numbers: Callable[[int], int] | None = None,
    ) -> None:
        """Declare an output.

        Args:
            path: Where it is in the end, with the frame in any style, and perhaps tokens of items; a folder ends with
                a slash.
            name: Its name in the layer.
            optional: Frames may lack it.
            items: Gives what the tokens of a frame's item stand for; None where frames have no items.
            numbers: Gives the number that stands in the path of a frame; None where that is its own.
        """
        self.__path = resolve(path)
        bare = self.__path.rstrip("/") or self.__path
        self.__written = find_slot(bare)
        super().__init__(bare, _pattern=self.__written)
        self.is_folder = bare != self.__path
        self.name = name
        self.optional = optional
        self.__items = items if "%{" in self.get_path() else None
        self.__numbers = numbers
        self.__pieces = _pieces(self.__written) if self.__items is not None else []
        self.__mark: int | None = None

    @property
    def path(self) -> str:
        """The path as it was written."""
        return self.__path

    @property
    def pattern(self) -> SequencePattern:
        """Where the frame goes in the path."""
        pattern = self.__written
        return pattern if self.__mark is None else pattern._replace(prefix=hide(pattern.prefix, self.__mark))

    @property
    def is_sequence(self) -> bool:
        """Whether every frame has a file of its own."""
        return bool(self.__written.slot) or self.has_items

    @property
    def has_items(self) -> bool:
        """Whether the path holds tokens of the frame's item."""
        return self.__items is not None

    @property
    def folder(self) -> str:
        """The folder that the files are in; with items, the one that their folders are in or below."""
        return self.get_dirname() or os.curdir

    def moved(self, path: str) -> Output:
        """The same output at another place."""
        return Output(path, self.name, optional=self.optional, items=self.__items, numbers=self.__numbers)

    @property
    def is_remote(self) -> bool:
        """Whether it is in a bucket."""
        return is_url(self.get_path())

    def beside(self, mark: int) -> Output:
        """The same output under the hidden name that it has while it is written; on this host, where that is remote."""
        if self.is_remote:
            return self.moved(os.path.join(scratch_folder(mark), *self.get_path().split("://", 1)))
        hidden = copy(self)
        hidden.__mark = mark
        return hidden

    def frame_path(self, frame: int) -> str:
        """The path of one frame; a tile mark stays in it."""
        number = frame if self.__numbers is None else self.__numbers(frame)
        if self.__items is None:
            path = self.__written.frame_path(number)
        else:
            path = self.__filled(number, self.__items(frame))
        return path if self.__mark is None else hide(path, self.__mark)

    def __filled(self, frame: int, texts: Mapping[str, str]) -> str:
        pieces = []
        for piece in self.__pieces:
            text = texts.get(piece) if piece[:2] == "%{" else None
            if text is None:
                pieces.append(piece or f"{frame:0{self.__written.digits}d}")
            elif ".." in text and ".." in text.split("/"):
                problem = f"output {self.name!r}: {piece} is {text!r}, which leads out of its folder"
                raise LayerException(problem)
            else:
                pieces.append(text)
        return "".join(pieces)

    def get_frame_path(self, num: int) -> str:
        """The path of one frame; a tile mark stays in it."""
        return self.frame_path(int(num))

    def files(self, frame: int) -> list[str]:
        """The files of one frame: one, there or not, or all tiles that are there; an item names no tiles."""
        path = self.frame_path(frame)
        return files_of(path) if "<" in self.__path else [path]

    def folders(self, frames: Iterable[int]) -> list[str]:
        """The folders that the files of some frames are in."""
        if not self.has_items:
            return [self.folder]
        return list(dict.fromkeys(os.path.dirname(self.frame_path(frame)) or os.curdir for frame in frames))

    def hashes(self) -> str:
        """The path with one ``#`` for each digit, as Blender, Maya and Nuke read it."""
        return self.pattern.written("#" * self.pattern.digits)

    def printf(self) -> str:
        """The path with the frame as ``%04d``; other ``%`` in it are doubled."""
        pattern = self.pattern
        slot = f"%0{pattern.digits}d" if pattern.digits > 1 else "%d"
        prefix, suffix = pattern.prefix.replace("%", "%%"), pattern.suffix.replace("%", "%%")
        return pattern._replace(prefix=prefix, suffix=suffix).written(slot)

    def houdini(self) -> str:
        """The path with the frame as ``$F4``."""
        return self.pattern.written(f"$F{self.pattern.digits}" if self.pattern.digits > 1 else "$F")

    def brackets(self) -> str:
        """The path with the frame as ``[####]``, as After Effects reads it."""
        return self.pattern.written(f"[{'#' * self.pattern.digits}]")


def _pieces(pattern: SequencePattern) -> list[str]:
    """A path cut at its tokens; an empty piece is where the frame goes."""
    prefix, suffix = (list(filter(None, re.split(_TOKEN, text))) for text in (pattern.prefix, pattern.suffix))
    return [*prefix, "", *suffix] if pattern.slot else prefix


def hide(path: str, mark: int) -> str:
    """The hidden name beside a path under which a file is written until it is whole."""
    name = os.path.basename(path)
    return f"{path[: len(path) - len(name)]}.part-{mark}-{name}"


def scratch_folder(mark: int) -> str:
    """The folder of this host in which one attempt writes outputs that belong into a bucket."""
    import tempfile  # slow to import

    return os.path.join(tempfile.gettempdir(), f"outline-part-{mark}")


class Targets(Mapping[str, Output]):
    """Where the outputs of a layer are written now, by name; ``main`` is the first one, whatever its name.

    An output that nobody asks for is one that the application writes in its place by itself.
    """

    def __init__(self, outputs: Iterable[Output], mark: int | None = None, *, layer: str = "") -> None:
        """Make targets.

        Args:
            outputs: The outputs where they are in the end.
            mark: A number for the hidden names under which they are written; None: they are written in place.
            layer: The name of their layer, for messages.
        """
        self.__layer = layer
        self.__outputs = {output.name: output for output in outputs}
        self.__mark = mark
        self.hidden: dict[str, Output] = {}

    @property
    def main(self) -> Output:
        """Where the first output is written."""
        return self[MAIN]

    def __getitem__(self, name: str) -> Output:
        if name == MAIN and MAIN not in self.__outputs and self.__outputs:
            name = next(iter(self.__outputs))
        if name not in self.__outputs:
            raise LayerException(
                f"layer {self.__layer!r} has no output {name!r}; it has {sorted(self.__outputs) or 'none'}"
            )
        output = self.__outputs[name]
        return output if self.__mark is None else self.hidden.setdefault(name, output.beside(self.__mark))

    def __iter__(self) -> Iterator[str]:
        return iter(self.__outputs)

    def __len__(self) -> int:
        return len(self.__outputs)

    def __contains__(self, name: object) -> bool:
        return name in self.__outputs or (name == MAIN and bool(self.__outputs))


def read_outputs(
    spec: object,
    optional: object = (),
    *,
    items: Callable[[int], Mapping[str, str]] | None = None,
    numbers: Callable[[int], int] | None = None,
) -> list[Output]:
    """Outputs as a layer was given them.

    Args:
        spec: A path, a list of paths, or a dict of names and paths. The only or first one without a name is ``main``,
            others are ``output2`` and so on.
        optional: Names, or paths of ``spec``, that frames may lack; one or a list.
        items: As for ``Output``, and so is ``numbers``.
        numbers: See there.

    Raises:
        LayerException: It is something else, a path has no file name, or ``optional`` names what is not there.
    """
    named = named_outputs(spec)
    loose = set(_names(optional))
    unknown = loose - set(named) - set(named.values())
    if unknown:
        raise LayerException(f"optional names {sorted(unknown)}, but the outputs are {sorted(named)}")
    return [
        Output(path, name, optional=name in loose or path in loose, items=items, numbers=numbers)
        for name, path in named.items()
    ]


def named_outputs(spec: object) -> dict[str, str]:
    """The paths of outputs as a layer was given them, by names; errors are those of ``read_outputs``."""
    if spec is None:
        return {}
    if isinstance(spec, Mapping):
        named = {str(name): _text(path) for name, path in spec.items()}
    elif isinstance(spec, (list, tuple)):
        named = {MAIN if place == 0 else f"output{place + 1}": _text(path) for place, path in enumerate(spec)}
    else:
        named = {MAIN: _text(spec)}
    for name, path in named.items():
        if not os.path.basename(path.rstrip("/")):
            raise LayerException(
                f"output {name!r} is {path!r}, which is not a file name; give a path like 'out/a.####.exr'"
            )
        if path.endswith("/") and is_url(path):
            raise LayerException(f"output {name!r} is the folder {path}, and only files can be put into a bucket")
    return named


def _names(optional: object) -> Iterator[str]:
    several = isinstance(optional, Iterable) and not isinstance(optional, str)
    for one in optional if several else [optional] if optional else ():  # type: ignore[attr-defined]
        yield str(os.fspath(one)) if isinstance(one, (str, os.PathLike)) else repr(one)


def _text(path: object) -> str:
    if isinstance(path, (str, os.PathLike)):
        return str(os.fspath(path))
    raise LayerException(f"outputs are paths such as 'out/a.####.exr', a list or a dict of them, not {path!r}")
