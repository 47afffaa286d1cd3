# SPDX-License-Identifier: Apache-2.0
"""What the frames of a layer read and write, as paths: the arguments ``inputs`` and ``outputs``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..depend import DependType
from ..exception import LayerException
from ..frames import FrameSet
from ..io.path import resolve
from ..items import is_group_of
from ..storage import fetch, is_url, join
from ..tokens import split_command
from .args import where
from .datasets import item_finder
from .input_path import ITEM_TOKEN, frame_path_of
from .outputs import declared_outputs, fill_in
from .ranges import read_frames
from .state import SLOT, state_of

if TYPE_CHECKING:
    from ..io.output import Output
    from ..items import Items
    from ..loader import Outline
    from .base import Layer

__all__ = [
    "ALL_OF",
    "Input",
    "LayerLinks",
    "fill_paths",
    "imply_depends",
    "links_of",
    "path_of",
    "paths_of",
    "read_inputs",
]

_ITEM = "item"

ALL_OF = "all of "
"""Begins the label of an input that is all frames of a layer."""
_TOKEN = r"%\{INPUT(?P<list>LIST)?(?::(?P<name>[^{}]+))?\}"


class Input(NamedTuple):
    """What each frame of a layer reads under one name.

    Attributes:
        name: The name, unique in the layer.
        path: A path with places for frame and item; empty for outputs of another layer.
        maker: The layer that makes it, when another layer of the job does.
        outputs: The names of the outputs of that layer.
    """

    name: str
    path: str = ""
    maker: Layer | None = None
    outputs: tuple[str, ...] = ()


def read_inputs(layer: Layer) -> list[Input]:
    """The argument ``inputs`` of a layer: a path, a layer, an output of a layer, a list or a dict of these.

    Raises:
        LayerException: It is something else.
    """
    spec = layer.get_arg("inputs")
    inputs = [] if spec is None else [_input(layer, name, value) for name, value in _named(spec).items()]
    if _reads_item(layer, inputs):
        inputs.append(Input(_ITEM, ITEM_TOKEN))
    return inputs


def _named(spec: Any) -> dict[str, Any]:
    """The argument ``inputs`` by names."""
    if isinstance(spec, Mapping):
        return {str(name): value for name, value in spec.items()}
    values = list(spec) if isinstance(spec, (list, tuple)) and not _is_output(spec) else [spec]
    return {"main" if place == 0 else f"input{place + 1}": value for place, value in enumerate(values)}


def _reads_item(layer: Layer, inputs: list[Input]) -> bool:
    """Tell whether a file item is an input by itself: where a layer names no inputs, or its command names the item."""
    source = layer.get_items()
    if source is None or not source.gives_files:
        return False
    if layer.get_arg("inputs") is None:
        return True
    is_named = any(one.name == _ITEM or one.path == ITEM_TOKEN for one in inputs)
    return not is_named and any(ITEM_TOKEN in str(layer.get_arg(name)) for name in ("command", "kwargs"))


def _is_output(value: Any) -> bool:
    """Tell whether a value is what ``Layer.output`` gives."""
    return isinstance(value, tuple) and len(value) == 2 and hasattr(value[0], SLOT) and isinstance(value[1], str)


def _input(layer: Layer, name: str, value: Any) -> Input:
    if hasattr(value, SLOT):
        return Input(name, "", value, tuple(output.name for output in declared_outputs(value)))
    if _is_output(value):
        return Input(name, "", value[0], (value[1],))
    if isinstance(value, (str, bytes, os.PathLike)) and value:
        return Input(name, resolve(value))
    raise LayerException(
        f"{where(layer)}: input {name!r} must be a path, a layer or an output of a layer, not {value!r}"
    )


def imply_depends(ol: Outline) -> None:
    """Let each layer wait for the layers whose outputs it reads.

    A layer reads an output of another one when it names that layer, or writes down the same path; from then on such a
    path stands for that output. A layer of a single frame, and one that reads such a layer or a path without a place
    for a frame, waits for all frames.

    Raises:
        LayerException: A layer reads what it writes itself.
    """
    makers = {
        output.path.rstrip("/"): (layer, output.name) for layer in ol.get_layers() for output in declared_outputs(layer)
    }
    for layer in ol.get_layers():
        for one in read_inputs(layer):
            made = makers.get(one.path.rstrip("/")) if one.maker is None and one.path and one.name != _ITEM else None
            if made is not None:
                state_of(layer).args["inputs"] = _named(layer.get_arg("inputs")) | {one.name: made}
                one = _input(layer, one.name, made)
            if one.maker is layer:
                raise LayerException(f"{where(layer)}: its input {one.name!r} is an output of its own")
            if one.maker is not None and not _waits_for(layer, one.maker):
                whole = layer.has_fixed_frames or one.maker.has_fixed_frames or _is_single(one)
                layer.depend_on(one.maker, DependType.LayerOnLayer if whole else DependType.FrameByFrame)


def _is_single(one: Input) -> bool:
    """Whether what is read of a layer are files that all of its frames share."""
    assert one.maker is not None
    return any(not output.is_sequence for output in declared_outputs(one.maker) if output.name in one.outputs)


def _waits_for(layer: Layer, on: Layer) -> bool:
    return any(depend.get_depend_on_layer() is on for depend in layer.get_depends())


class LayerLinks:
    """The paths that the frames of one layer read and write, once its dependencies are known."""

    def __init__(self, layer: Layer, work: str = "", launched_in: str = "") -> None:
        """Look at a layer.

        Args:
            layer: The layer.
            work: The folder that relative outputs are in; empty for the working directory.
            launched_in: The folder that all other relative paths begin in.
        """
        self.layer = layer
        self.__work, self.__launched_in = work, launched_in
        self.__begin = os.path.join(work, "") if work else ""
        self.outputs = declared_outputs(layer)
        self.__needed = [output for output in self.outputs if not output.optional]
        self.inputs = read_inputs(layer)
        self.__source = layer.get_items()
        self.__find_item = item_finder(layer)
        named = {id(one.maker) for one in self.inputs if one.maker is not None}
        # What runs a frame asks for the same again and again.
        self.__kept_text: tuple[int | None, str] = None, ""
        self.__kept_outputs: tuple[int | None, list[tuple[str, str]]] = None, []
        self.__kept_inputs: tuple[int | None, list[tuple[str, str, list[str]]]] = None, []
        self.__made: dict[str, list[Output]] = {}
        self.__listed: dict[str, list[str]] = {}
        self.__whole: dict[int, bool] = {}
        source = self.__source
        for depend in layer.get_depends():
            on = depend.get_depend_on_layer()
            if depend.get_type() not in (DependType.FrameByFrame, DependType.LayerOnLayer) or depend.is_any_frame():
                continue
            if source is not None and source.after == on.get_name():
                continue  # each frame reads only the file that its item is
            self.__whole[id(on)] = depend.get_type() == DependType.LayerOnLayer
            made = declared_outputs(on)
            if made and id(on) not in named:
                self.inputs.append(Input(on.get_name(), "", on, tuple(output.name for output in made)))

    @property
    def has_files(self) -> bool:
        """Whether the frames are known to read or write any file."""
        return bool(self.inputs or self.outputs)

    @property
    def must_write(self) -> bool:
        """Whether each frame has an output that is not optional."""
        return bool(self.__needed)

    def key(self, frame: int) -> str:
        """What a frame is remembered by: the key of its item, else its number."""
        return self.__find_item(frame).key if self.__source is not None else str(frame)

    def item_text(self, frame: int) -> str:
        """The value of a frame's item as text, which is equal exactly when the value is; empty without items."""
        source = self.__source
        if source is None:
            return ""
        if self.__kept_text[0] != frame:
            self.__kept_text = frame, self.__text_of(source, self.__find_item(frame).value)
        return self.__kept_text[1]

    def __text_of(self, source: Items, value: Any) -> str:
        if source.gives_files and source.after:  # where the work folder stands is no part of what the item is
            value = {**value, "path": self.__below_work(value["path"])}
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)

    def output_paths(self, frame: int) -> list[tuple[str, str]]:
        """Name and path of each file that a frame writes, optional ones left out."""
        if self.__kept_outputs[0] != frame:
            self.__kept_outputs = (
                frame,
                [(output.name, self.__below_work(output.frame_path(frame))) for output in self.__needed],
            )
        return self.__kept_outputs[1]

    def __below_work(self, path: str) -> str:
        """A path in the work folder without the name of that folder, so that records survive a move of it."""
        begin = self.__begin
        return path[len(begin) :] if begin and path.startswith(begin) else path

    def input_paths(self, frame: int) -> list[tuple[str, list[str]]]:
        """Name and paths of what a frame reads; several paths where it reads all frames of another layer."""
        return [(name, paths) for name, _, paths in self.input_files(frame)]

    def input_files(self, frame: int) -> list[tuple[str, str, list[str]]]:
        """Name, label and paths of what a frame reads.

        The label of one file is its path, in the work folder a relative one; that of all frames of a layer names it.
        """
        if self.__kept_inputs[0] != frame:
            self.__kept_inputs = frame, self.__input_files(frame)
        return self.__kept_inputs[1]

    def __input_files(self, frame: int) -> list[tuple[str, str, list[str]]]:
        found = []
        for one in self.inputs:
            if one.maker is None:
                path = self.__found_path(one, frame)
                found.append((one.name, self.__below_work(path), [path]))
            elif (members := self.__members(one.maker, frame)) is not None:
                label = f"group {self.key(frame)} of {one.maker.get_name()}"
                found.append((one.name, label, self.__made_paths(one, members)))
            elif self.__reads_all(one.maker):
                found.append((one.name, f"{ALL_OF}{one.maker.get_name()}", self.__all_paths(one)))
            else:
                paths = self.__made_paths(one, [frame])
                label = self.__below_work(paths[0]) if len(paths) == 1 else f"frame {frame} of {one.maker.get_name()}"
                found.append((one.name, label, paths))
        return found

    def found_paths(self, frame: int) -> list[tuple[str, str]]:
        """Name and path of each file that a frame reads and that no layer makes."""
        return [(one.name, self.__found_path(one, frame)) for one in self.inputs if one.maker is None]

    def __found_path(self, one: Input, frame: int) -> str:
        """Where a frame finds a file that no layer makes."""
        return join(self.__launched_in, frame_path_of(self.layer, one.path, frame, self.__find_item))

    def makers(self, frame: int) -> Iterator[tuple[str, int | None]]:
        """Layer and frame that make what a frame reads; None stands for all frames of the layer."""
        for one in self.inputs:
            if one.maker is None:
                continue
            members = self.__members(one.maker, frame)
            if members is not None:
                yield from ((one.maker.get_name(), member) for member in members)
            else:
                yield one.maker.get_name(), None if self.__reads_all(one.maker) else frame

    def __members(self, maker: Layer, frame: int) -> list[int] | None:
        """The frames of a layer whose items the item of a frame puts together; None when it is no such group."""
        if self.__source is None or self.__source.groups is None:
            return None
        theirs = maker.get_items()
        if theirs is None or not is_group_of(self.__source, theirs):
            return None
        frames = maker.get_frame_range()
        there = read_frames(frames) if frames else FrameSet([])
        return [member for member in self.__find_item(frame).members if member in there]

    def __reads_all(self, maker: Layer) -> bool:
        return self.__whole.get(id(maker), True)

    def __all_paths(self, one: Input) -> list[str]:
        assert one.maker is not None
        if one.name not in self.__listed:
            self.__listed[one.name] = self.__made_paths(one, FrameSet(one.maker.get_frame_range() or []))
        return self.__listed[one.name]

    def __made_paths(self, one: Input, frames: Iterable[int]) -> list[str]:
        assert one.maker is not None
        if one.name not in self.__made:
            self.__made[one.name] = [output for output in declared_outputs(one.maker) if output.name in one.outputs]
        made = self.__made[one.name]
        paths = [join(self.__work, output.frame_path(number)) for number in frames for output in made]
        return paths if len(paths) == 1 else list(dict.fromkeys(paths))


def fill_paths(layer: Layer, command: Any, frame: int | None) -> Any:
    """A command with paths in the place of ``%{INPUT}``, ``%{INPUT:name}``, ``%{OUTPUT}`` and ``%{OUTPUT:name}``.

    A word that is nothing but such a token becomes several words where the input is several files. ``%{INPUTLIST}`` and
    ``%{INPUTLIST:name}`` are the path of a file that lists them, one in a line, for commands that would get too long.

    Raises:
        LayerException: There is no such input or output.
    """
    command = fill_in(layer, command, frame)
    if frame is None or not isinstance(command, (str, list, tuple)) or "%{INPUT" not in str(command):
        return command

    def named(found: re.Match[str]) -> list[str]:
        paths = paths_of(layer, frame, found["name"] or "")
        return [_listed(layer, found["name"] or "main", frame, paths)] if found["list"] else paths

    words: list[str] = []
    for word in split_command(command):
        whole = re.fullmatch(_TOKEN, word)
        words += named(whole) if whole else [re.sub(_TOKEN, lambda found: " ".join(named(found)), word)]
    return words


def paths_of(layer: Layer, frame: int, name: str) -> list[str]:
    """What a frame reads under a name; arguments and errors are those of ``Layer.input_paths``."""
    paths = dict(links_of(layer).input_paths(frame))
    name = name or next(iter(paths), "main")
    if name not in paths:
        raise LayerException(f"{where(layer)} has no input {name!r}; it has {', '.join(paths) or 'none'}")
    from ..io.mapping import configured_rules, map_path  # what only frames need

    rules = configured_rules()
    found = [path if is_url(path) else map_path(path, rules) for path in paths[name]] if rules else paths[name]
    if not state_of(layer).in_chunk:
        return found
    return [fetch(path, _copies()) if is_url(path) else path for path in found]


def _copies() -> str:
    """The folder of this host in which files from buckets are kept."""
    from .. import config

    return os.path.join(config.get("outline", "user_dir"), "storage")


def path_of(layer: Layer, frame: int, name: str) -> str:
    """The one file that a frame reads under a name; arguments and errors are those of ``Layer.input_path``."""
    paths = paths_of(layer, frame, name)
    if len(paths) != 1:
        raise LayerException(f"{where(layer)}: its input {name!r} is {len(paths)} files; use input_paths")
    return paths[0]


def _listed(layer: Layer, name: str, frame: int, paths: Iterable[str]) -> str:
    """A file in the layer's session folder with one path in a line."""
    from ..files import write_atomic

    path = os.path.join(layer.get_path(), f"inputs-{name}-{frame}.txt")
    write_atomic(path, "".join(f"{one}\n" for one in paths).encode("utf-8", "surrogateescape"))
    return path


def links_of(layer: Layer) -> LayerLinks:
    """The paths of a layer, in the folders of its job."""
    ol = layer.get_outline()
    work = ol.get_work() if ol is not None else {}
    folder, launched_in = str(work.get("folder", "")), str(work.get("cwd", ""))
    state = state_of(layer)
    made_of = [folder, launched_in, len(state.depends), *map(_copied, map(state.args.get, ("inputs", "outputs")))]
    if state.links is None or state.links[0] != made_of:
        state.links = made_of, LayerLinks(layer, folder, launched_in)
    return state.links[1]


def _copied(spec: Any) -> Any:
    """What inputs or outputs are now, to see later whether somebody has changed them; sooner made than their text."""
    return list(spec.items()) if isinstance(spec, dict) else list(spec) if isinstance(spec, list) else spec
