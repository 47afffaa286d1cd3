# SPDX-License-Identifier: Apache-2.0
"""Which layers a layer waits for because it reads what they write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..depend import DependType
from ..exception import LayerException
from ..io.folders import folders_around
from ..io.path import absolute_path, expand_path
from ..io.pattern import find_slot
from ..storage import is_url
from .args import where
from .class_code import data_arg
from .datasets import all_frames, hold, item_finder
from .inputs import ITEM, ITEM_TOKEN, Input, frame_path_of, read_input, read_inputs
from .optional import is_same, named_inputs
from .outputs import declared_outputs, optional_of
from .own_files import look_of
from .state import state_of

if TYPE_CHECKING:
    from ..io.output import Output
    from ..loader import Outline
    from .base import Layer

__all__ = ["Makers", "imply_depends"]


def imply_depends(ol: Outline) -> None:
    """Let each layer wait for the layers whose outputs it reads.

    A layer reads an output of another one when it names that layer, or writes down the same path, or one in a folder
    that is an output; from then on such a path stands for that output. A layer of a single frame, and one that reads
    such a layer or a path without a place for a frame, waits for all frames.

    Raises:
        LayerException: A layer reads what it writes itself.
    """
    makers = Makers(ol)
    for layer in ol.get_layers():
        args = state_of(layer).args
        if data_arg(layer, "inputs") is not None and args.get("optional"):
            args["optional"] = [*optional_of(layer).outputs, *optional_of(layer).inputs]
        for one in read_inputs(layer):
            made = makers.of(layer, one.path) if one.maker is None and one.name != ITEM else None
            if made is not None:
                _replace(layer, one, made)
                one = read_input(layer, one.name, made)
            if one.maker is layer:
                is_in = "is in" if one.inside or not one.outputs else "is"
                raise LayerException(
                    f"{where(layer)}: its input {one.name!r} {is_in} its own output; no layer reads what it writes"
                )
            if one.maker is not None and not _waits_for(layer, one.maker):
                whole = layer.has_fixed_frames or one.maker.has_fixed_frames or _is_single(one)
                layer.depend_on(one.maker, DependType.LayerOnLayer if whole else DependType.FrameByFrame)


def _replace(layer: Layer, one: Input, made: Any) -> None:  # Any: an argument, as a user may write it
    """Let the path of an input stand for what a layer makes."""
    args, optional = state_of(layer).args, optional_of(layer)
    args["inputs"] = named_inputs(args["inputs"]) | {one.name: made}
    if one.optional:
        args["optional"] = [
            *optional.outputs,
            *(made if is_same(entry, one.path) else entry for entry in optional.inputs),
        ]


def _is_single(one: Input) -> bool:
    """Whether what is read of a layer are files that all of its frames share, or one of certain frames."""
    assert one.maker is not None
    read = [output for output in declared_outputs(one.maker) if output.name in one.outputs]
    return not one.outputs or any(not output.is_sequence for output in read)


def _waits_for(layer: Layer, on: Layer) -> bool:
    return any(depend.get_depend_on_layer() is on for depend in layer.get_depends())


class Makers:
    """The layers of a job by what they write; made when all layers are there, and used before they get their frames."""

    def __init__(self, ol: Outline) -> None:
        """Look at the outputs of a job."""
        self.__ol = ol
        self.__places = list(dict.fromkeys([ol.get_item_book().work_folder, os.getcwd()]))
        self.__by_path: dict[str, tuple[Layer, Output]] = {}
        for layer in ol.get_layers():
            for output in declared_outputs(layer):
                self.__by_path[_with_one_slot(_joined(output.path, self.__places[0]))] = layer, output
        self.__folders = [(path, *made) for path, made in self.__by_path.items() if made[1].is_folder]

    def of(self, reader: Layer, path: str) -> Any:  # Any: an argument, as a user may write it
        """What a path stands for as an input, where it is an output of a layer or in one; else None.

        Args:
            reader: The layer that reads it.
            path: The path as it was written.
        """
        is_clear = "%{" not in path or ".." not in path.split("/")  # an item may stand for several folders
        folders = self.__folders if path and is_clear else []
        for place in self.__places if path else ():
            whole = _joined(path, place)
            made = self.__by_path.get(_with_one_slot(whole))
            if made is not None:
                return made[0], made[1].name
            if folders and (found := self.__folder_around(path, whole)) is not None:
                return found
        for _, layer, output in folders:
            if self.__is_in_one_of(reader, path, layer, output):
                return layer, "", path
        return None

    def __folder_around(self, path: str, whole: str) -> Any:
        for head, inside in _cuts(whole):
            for folder, layer, output in self.__folders:
                if head == folder:
                    return layer, output.name, inside + "/" * path.endswith("/")
        return None

    def __is_in_one_of(self, reader: Layer, path: str, maker: Layer, output: Output) -> bool:
        """Whether the path of any frame is in the folder of any frame of a maker, though it is not written like it."""
        work, source = self.__places[0], reader.get_items()
        look, whole = look_of(output.path, work), _joined(path, work)
        is_like = re.fullmatch(look + "/.*", whole, re.DOTALL)
        if not is_like and (source is None or not _may_meet(whole, _joined(output.path, work))):
            return False
        hold(self.__ol)  # to ask for frames reads all sources that can be read
        if self.__ol.holds(maker) or self.__ol.holds(reader):
            return False
        if is_like and maker.get_items() is None:
            return True
        if source is not None and source.gives_files and path == ITEM_TOKEN:  # such files are there
            return False
        find = item_finder(reader)
        is_same = "%{" not in path and not find_slot(path).slot
        frames = [1] if is_same else all_frames(reader)
        read = (_joined(frame_path_of(reader, path, frame, find), work) for frame in frames)
        like = (one for one in read if re.fullmatch(look + "(?:/.*)?", one, re.DOTALL))
        first = next(like, None)
        if first is None or maker.get_items() is None:
            return first is not None
        made = {_joined(output.frame_path(frame), work) for frame in all_frames(maker)}
        return any(around in made for one in chain([first], like) for around in (one, *folders_around(one)))


def _may_meet(path: str, folder: str) -> bool:
    """Whether a path with tokens could be in a folder, by what stands before the first token of each."""
    head, _, rest = path.partition("%{")
    around = f"{folder}/".partition("%{")[0]
    return bool(rest) and (head.startswith(around) or around.startswith(head))


def _cuts(path: str) -> Iterator[tuple[str, str]]:
    """The folders that a path is in, the innermost first, each with the rest of the path."""
    for folder in folders_around(path):
        yield _with_one_slot(folder), path[len(folder) :].lstrip("/")


def _joined(path: str, folder: str) -> str:
    """A path from the root, that is equal for all spellings of one; a place for the frame stays as it was written."""
    path = expand_path(path, os.environ)
    if is_url(path):
        return path
    if path.startswith("%{ITEM"):  # perhaps a path from the root
        return path.rstrip("/") or path
    return os.path.normpath(absolute_path(path, folder))


def _with_one_slot(path: str) -> str:
    """A path with one spelling of the place for its frame."""
    pattern = find_slot(path)
    return f"{pattern.prefix}\0{pattern.digits}{pattern.suffix}" if pattern.slot and not pattern.frames else path
