# SPDX-License-Identifier: Apache-2.0
"""The tokens of a command that only its layer knows: its files, its seed, and the place for its result."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..tokens import LAYER_TOKENS, guard_tokens, names_chunk, split_command
from .args import where
from .outputs import declared_outputs, targets_of
from .results import place_of, seed_of

if TYPE_CHECKING:
    from .base import Layer

__all__ = ["check_names", "fill_in"]

_TOKEN = r"%\{(?P<kind>SEED|RESULT|OUTPUT|INPUTLIST|INPUT)(?::(?P<name>[^{}]+))?\}"


def fill_in(layer: Layer, command: Any, frame: int | None, *, output_frame: int | None = None) -> Any:
    """A command with what its layer knows in the place of tokens, as a list of words; the same where it has none.

    A word that is nothing but ``%{INPUT}`` becomes several words where the input is several files. ``%{INPUTLIST}`` is
    the path of a file that lists them, one in a line, for commands that would get too long.

    Args:
        layer: The layer.
        command: As a user has written it: a list of words, or a text that is split once.
        frame: The frame that is meant; None fills in nothing but outputs. A command that runs once for all frames of a
            chunk gets the paths of outputs with ``####`` for the frame.
        output_frame: The frame in the paths of outputs, where an application renders another one.

    Raises:
        LayerException: There is no such input or output.
    """
    text = str(command)
    if not any(token in text for token in LAYER_TOKENS):
        return command
    words = split_command(command)
    of_outputs = None if frame is None or names_chunk(words) else frame if output_frame is None else output_frame

    def values(found: re.Match[str]) -> list[str] | None:
        kind, name = found["kind"], found["name"]
        if kind == "OUTPUT":
            target = targets_of(layer)[name or "main"]
            return [target.hashes() if of_outputs is None else target.frame_path(of_outputs)]
        if frame is None or (name and kind in ("SEED", "RESULT")):
            return None
        if kind == "SEED":
            return [str(seed_of(layer, frame))]
        if kind == "RESULT":
            return [place_of(layer, frame)]
        from .links import paths_of  # slow to import, and most layers have no inputs

        paths = paths_of(layer, frame, name or "")
        return [_listed(layer, name or "main", frame, paths)] if kind == "INPUTLIST" else paths

    def value(found: re.Match[str]) -> str:
        known = values(found)
        return found[0] if known is None else " ".join(map(guard_tokens, known))

    filled: list[str] = []
    for word in words:
        whole = re.fullmatch(_TOKEN, word)
        known = values(whole) if whole else None
        filled += [re.sub(_TOKEN, value, word)] if known is None else map(guard_tokens, known)
    return filled


def _listed(layer: Layer, name: str, frame: int, paths: Iterable[str]) -> str:
    """A file in the layer's session folder with one path in a line."""
    from ..files import write_atomic

    path = os.path.join(layer.get_path(), f"inputs-{name}-{frame}.txt")
    write_atomic(path, "".join(f"{one}\n" for one in paths).encode("utf-8", "surrogateescape"))
    return path


def check_names(layer: Layer) -> None:
    """Check that the command of a layer names only outputs that there are.

    Raises:
        LayerException: It names another one.
    """
    command = layer.get_arg("command")
    if not isinstance(command, (str, list, tuple)) or "%{OUTPUT" not in str(command):
        return
    targets = targets_of(layer)
    for found in (found for word in split_command(command) for found in re.finditer(_TOKEN, word)):
        name = found["name"] or "main"
        if found["kind"] == "OUTPUT" and name not in targets:
            known = ", ".join(output.name for output in declared_outputs(layer)) or "none"
            raise LayerException(f"{where(layer)}: its command names the output {name!r}, but its outputs are {known}")
