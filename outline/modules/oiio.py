# SPDX-License-Identifier: Apache-2.0
"""oiiotool of OpenImageIO works on the pictures of a sequence: resize, convert, composite.

Versions: run for real with 3.2.2 from PyPI. Facts are from experiments and ``oiiotool --help``.

What you need to know, all measured:

- ``--frames 1,3-9x2`` runs the whole command line for each of these frames, in that order, negative frames included.
- ``#`` means four digits, so ``####`` means sixteen. The module writes paths with ``%04d``.
- oiiotool evaluates ``{...}`` in any word as an expression and has no escape, so the module switches that off around
  paths.
- oiiotool replaces each ``%`` in the name of a picture that it writes, so writing fails in a folder with ``%`` in its
  name.
- When a picture of the sequence is missing, it goes on with the others and exits with 1 at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..frames.dialects import oiio_list
from ..io.output import Output, Targets
from ..layer.args import where
from .render import RenderCommand, RenderLayer
from .sequence import SourceArgs, SourceLayer

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Oiio", "OiioArgs", "check_folder", "literal"]


# What oiiotool takes for a frame or view placeholder anywhere in a path.
_WILDCARDS = "#@%"


def literal(*words: str) -> list[str]:
    """Words in which oiiotool evaluates and replaces nothing."""
    return ["--evaloff", "--wildcardoff", *words, "--evalon", "--wildcardon"]


class OiioArgs(SourceArgs, total=False):
    """The arguments of ``Oiio``."""

    operations: list[Any]  #: Words between reading and writing. Evaluates braces. Further sequences need ``%04d``.


class Oiio(SourceLayer):
    """Runs oiiotool over a sequence: all frames of a chunk in one process.

    ::

        Oiio("ginsu", source="in/blah.#.exr", operations=["--fit", "32x32"], outputs="out/blah.#.exr", chunk=10)
    """

    application = "Oiio"
    executable = "oiiotool"
    declared_args = OiioArgs
    output_rules = OutputRules(
        warning=(r"^oiiotool WARNING",),
        error=(r"^oiiotool ERROR", r"^terminate called after throwing"),
    )
    writes_beside = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[OiioArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Also check that the operations are words."""
        super().check_required_args()
        if isinstance(self.get_arg("operations"), str):
            raise LayerException(f"{where(self)}: operations must be a list of words, not a text")

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """One run of oiiotool for all frames, or one for each frame when a path looks like a sequence."""
        source, target = self.get_source(), targets.main
        if _is_plain(source) and _is_plain(target) and source.is_sequence and target.is_sequence:
            read, write = _without_braces(source.printf()), _without_braces("-o", target.printf())
            return [RenderCommand(self._words(oiio_list(frames), read, write), frames)]
        return [self._single(frame, target) for frame in frames]

    def check_before_commands(self, frames: FrameSet) -> None:
        """Also check that oiiotool can write into the folder."""
        super().check_before_commands(frames)
        check_folder(self)

    def _single(self, frame: int, target: Output) -> RenderCommand:
        read = literal(self.get_source().frame_path(frame))
        write = literal("-o", target.frame_path(frame))
        return RenderCommand(self._words(str(frame), read, write), FrameSet([frame]))

    def _words(self, frames: str, read: list[str], write: list[str]) -> list[str]:
        program = [*self.get_program(), "--threads", str(self.get_threads()), "--frames", frames]
        if self.get_memory_mb():  # the other half is for pictures in work
            program += ["--cache", str(max(64, self.get_memory_mb() // 2))]
        operations = [str(word) for word in self.get_arg("operations") or ()]
        return [*program, *self.get_extra_args(), *read, *operations, *write]


def check_folder(layer: RenderLayer) -> None:
    """Refuse a folder that oiiotool cannot write into.

    Raises:
        LayerException: The folder's name has a ``%``.
    """
    folder = layer.get_target().folder
    if "%" in folder:
        raise LayerException(
            f"layer {layer.get_name()!r}: oiiotool cannot write into a folder with % in its name: {folder}"
        )


def _without_braces(*words: str) -> list[str]:
    """Words in which oiiotool evaluates nothing. Switches evaluation off only where necessary."""
    return ["--evaloff", *words, "--evalon"] if any("{" in word for word in words) else list(words)


def _is_plain(output: Output) -> bool:
    return not any(sign in output.pattern.prefix + output.pattern.suffix for sign in _WILDCARDS)
