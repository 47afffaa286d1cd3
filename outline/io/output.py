# SPDX-License-Identifier: Apache-2.0
"""What every frame of a layer leaves behind: the argument ``outputs``, and where each output is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from ..exception import LayerException
from .filespec import FileSpec
from .path import resolve
from .pattern import SequencePattern, files_of, find_slot

__all__ = ["MAIN", "Output", "Targets", "read_outputs"]

# The name of the only, or first, output.
MAIN = "main"


class Output(FileSpec):
    """A file, or a set of tiles, that every frame leaves behind; never changed once it is made.

    Unlike in a ``FileSpec``, a number such as that of ``movie.2024.mp4`` is a part of the name and no frame.

    Attributes:
        name: Its name in the layer.
        optional: Frames may lack it.
    """

    def __init__(
        self, path: object, name: str = MAIN, *, optional: bool = False, pattern: SequencePattern | None = None
    ) -> None:
        """Declare an output.

        Args:
            path: Where it is in the end, with the frame in any style.
            name: Its name in the layer.
            optional: Frames may lack it.
            pattern: Where the frame goes, when the path cannot tell.
        """
        super().__init__(path, _pattern=pattern or find_slot(resolve(path)))
        self.name = name
        self.optional = optional

    @property
    def path(self) -> str:
        """The path as it was written."""
        return self.get_path()

    @property
    def is_sequence(self) -> bool:
        """Whether every frame has a file of its own."""
        return bool(self.pattern.slot)

    @property
    def folder(self) -> str:
        """The folder that the files are in."""
        return self.get_dirname() or os.curdir

    def frame_path(self, frame: int) -> str:
        """The path of one frame; a tile mark stays in it."""
        return self.pattern.frame_path(frame)

    def files(self, frame: int) -> list[str]:
        """The files of one frame: one, there or not, or all tiles that are there."""
        return files_of(self.frame_path(frame))

    def beside(self, mark: int) -> Output:
        """The same output under the hidden name that it has while it is written."""
        folder, start = os.path.split(self.pattern.prefix)
        pattern = self.pattern._replace(prefix=os.path.join(folder, f".part-{mark}-{start}"))
        return Output(pattern.path, self.name, optional=self.optional, pattern=pattern)

    def hashes(self) -> str:
        """The path with one ``#`` for each digit, as Blender, Maya and Nuke read it."""
        return self.__written("#" * self.pattern.digits)

    def printf(self) -> str:
        """The path with the frame as ``%04d``; other ``%`` in it are doubled."""
        digits = self.pattern.digits
        doubled = self.pattern._replace(
            prefix=self.pattern.prefix.replace("%", "%%"), suffix=self.pattern.suffix.replace("%", "%%")
        )
        return doubled.written(f"%0{digits}d" if digits > 1 else "%d")

    def houdini(self) -> str:
        """The path with the frame as ``$F4``."""
        return self.__written(f"$F{self.pattern.digits}" if self.pattern.digits > 1 else "$F")

    def brackets(self) -> str:
        """The path with the frame as ``[####]``, as After Effects reads it."""
        return self.__written(f"[{'#' * self.pattern.digits}]")

    def __written(self, slot: str) -> str:
        return self.pattern.written(slot)


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


def read_outputs(spec: object, optional: object = ()) -> list[Output]:
    """Outputs as a layer was given them.

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
    return [Output(path, name, optional=name in loose or path in loose) for name, path in named.items()]


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
    if isinstance(path, (str, os.PathLike)):
        return os.fspath(path) if isinstance(path, str) else str(os.fspath(path))
    raise LayerException(f"outputs are paths such as 'out/a.####.exr', a list or a dict of them, not {path!r}")
