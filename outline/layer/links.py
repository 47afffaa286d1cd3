# SPDX-License-Identifier: Apache-2.0
"""What the frames of a layer read and write, as paths: the arguments ``inputs`` and ``outputs``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..depend import DependType
from ..exception import ItemException, LayerException
from ..frames import FrameSet
from ..io.pattern import files_of
from ..items import is_group_of
from ..storage import exists, fetch, is_url, join
from .args import where
from .datasets import all_frames, item_finder
from .inputs import ITEM_TOKEN, Input, frame_path_of, read_inputs
from .outputs import declared_outputs
from .ranges import read_frames
from .state import state_of

if TYPE_CHECKING:
    from ..io.output import Output
    from ..items import Items
    from .base import Layer

__all__ = [
    "ALL_OF",
    "PART_MARK",
    "LayerLinks",
    "check_made",
    "links_of",
    "path_of",
    "paths_of",
]

ALL_OF = "all of "
"""Begins the label of an input that is all frames of a layer."""
PART_MARK = ", "
"""Stands in such a label between the layer and which of its outputs are read; in no name of a layer."""
_SHOWN = 5
_REMEDY = "; make it there, or name the input in optional="


class LayerLinks:
    """The paths that the frames of one layer read and write, once its dependencies are known."""

    def __init__(self, layer: Layer, work: str = "", launched_in: str = "") -> None:
        """Look at a layer.

        Args:
            work: The folder that relative outputs are in; empty for the working directory.
            launched_in: The folder that all other relative paths begin in.
        """
        self.layer = layer
        self.__work, self.__launched_in = work, launched_in
        self.__begin = os.path.join(work, "") if work else ""
        self.outputs = declared_outputs(layer)
        self.__needed = [output for output in self.outputs if not output.optional]
        self.__optional = [output for output in self.outputs if output.optional]
        self.inputs = read_inputs(layer)
        self.optional = {one.name for one in self.inputs if one.optional}
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
        self.__frames: dict[int, set[int]] = {}
        source = self.__source
        for depend in layer.get_depends():
            on = depend.get_depend_on_layer()
            if depend.get_type() not in (DependType.FrameByFrame, DependType.LayerOnLayer) or depend.is_any_frame():
                continue
            if source is not None and source.after == on.get_name():
                continue  # each frame reads only the file that its item is
            self.__whole[id(on)] = self.__whole.get(id(on), False) or depend.get_type() == DependType.LayerOnLayer
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
            item = self.__find_item(frame)
            try:
                self.__kept_text = frame, self.__text_of(source, item.value)
            except (TypeError, ValueError, RecursionError) as error:
                problem = f"the value of the item {item.key!r} is not plain data: {error}"
                raise ItemException(f"{where(self.layer)}: {problem}") from error
        return self.__kept_text[1]

    def __text_of(self, source: Items, value: Any) -> str:
        if source.gives_files and source.after:  # where the work folder stands is no part of what the item is
            value = {**value, "path": self.__below_work(value["path"])}
        return value if isinstance(value, str) else _text_of(value)

    def output_paths(self, frame: int) -> list[tuple[str, str]]:
        """Name and path of each file that a frame writes, optional ones left out."""
        if self.__kept_outputs[0] != frame:
            self.__kept_outputs = frame, self.__written(self.__needed, frame)
        return self.__kept_outputs[1]

    def optional_paths(self, frame: int) -> list[tuple[str, str]]:
        """Name and path of each file that a frame writes and may lack."""
        return self.__written(self.__optional, frame) if self.__optional else []

    def all_output_paths(self, frame: int) -> list[tuple[str, str]]:
        """Name and path of each file that a frame writes, be it optional or not."""
        return self.output_paths(frame) + self.optional_paths(frame)

    def __written(self, outputs: Iterable[Output], frame: int) -> list[tuple[str, str]]:
        return [(output.name, self.__below_work(output.frame_path(frame))) for output in outputs]

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
        return [(one.name, *self.__files_of(one, frame)) for one in self.inputs]

    def __files_of(self, one: Input, frame: int) -> tuple[str, list[str]]:
        """Label and paths of one input."""
        if one.maker is None:
            path = self.__found_path(one, frame)
            return (self.__below_work(path), [path]) if path else (one.path, [])
        if not one.outputs:
            path = join(self.__work, self.__filled(one, one.path, frame))
            return self.__below_work(path), [path]
        members = self.__members(one.maker, frame)
        if members is not None:
            paths = self.__made_paths(one, members)
        elif one.optional and not self.__reads_all(one.maker) and not self.__has_frame(one.maker, frame):
            paths = []
        else:
            paths = self.__all_paths(one) if self.__reads_all(one.maker) else self.__made_paths(one, [frame])
        if one.inside:
            inside = self.__filled(one, one.inside, frame)
            paths = [f"{path}/{inside}" for path in paths if inside]
        return self.__label(one, frame, paths, members), paths

    def __has_frame(self, maker: Layer, frame: int) -> bool:
        """Whether a layer can have a frame, be it in this job or in another one."""
        if maker.get_items() is None:
            return True
        if id(maker) not in self.__frames:
            self.__frames[id(maker)] = set(all_frames(maker))
        return frame in self.__frames[id(maker)]

    def __label(self, one: Input, frame: int, paths: list[str], members: list[int] | None) -> str:
        """What stands for the files of an input: the path of a single one, else what they are of their layer."""
        assert one.maker is not None
        is_all = members is None and self.__reads_all(one.maker)
        if len(paths) == 1 and members is None and (one.inside or not is_all):
            return self.__below_work(paths[0])
        of = f"group {self.key(frame)} of " if members is not None else ALL_OF if is_all else f"frame {frame} of "
        is_part = len(one.outputs) < len(declared_outputs(one.maker))
        part = ", ".join([*(one.outputs if is_part else ()), *([one.inside] if one.inside else [])])
        return f"{of}{one.maker.get_name()}{PART_MARK if part else ''}{part}"

    def found_paths(self, frame: int) -> list[tuple[str, str]]:
        """Name and path of each file that a frame reads and that no layer makes."""
        found = [(one.name, self.__found_path(one, frame)) for one in self.inputs if one.maker is None]
        return [(name, path) for name, path in found if path]

    def source_labels(self, frame: int) -> list[str]:
        """The labels of the files that a frame reads and that no layer makes, but the file that its item is."""
        found = (one for one in self.inputs if one.maker is None and one.path != ITEM_TOKEN)
        return [self.__below_work(path) for one in found if (path := self.__found_path(one, frame))]

    def __found_path(self, one: Input, frame: int) -> str:
        """Where a frame finds a file that no layer makes; empty for an optional one that its item leaves empty."""
        path = self.__filled(one, one.path, frame)
        return path and join(self.__launched_in, path)

    def __filled(self, one: Input, path: str, frame: int) -> str:
        """A path of an input with its places for frame and item filled in.

        Raises:
            LayerException: It is empty for the item, and not optional.
        """
        filled = frame_path_of(self.layer, path, frame, self.__find_item)
        if not filled and not one.optional:
            raise LayerException(f"{where(self.layer)}: its input {path} is empty for the item {self.key(frame)!r}")
        return filled

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


def paths_of(layer: Layer, frame: int, name: str) -> list[str]:
    """What a frame reads under a name; arguments and errors are those of ``Layer.input_paths``."""
    links, in_chunk = links_of(layer), state_of(layer).in_chunk
    paths = dict(links.input_paths(frame))
    name = name or next(iter(paths), "main")
    if name not in paths:
        raise LayerException(f"{where(layer)} has no input {name!r}; it has {', '.join(paths) or 'none'}")
    found = _here(paths[name])
    if name in links.optional and (in_chunk or name in dict(links.found_paths(frame))):
        found = [path for path in found if any(map(exists, files_of(path)))]
    return [fetch(path, _copies()) if is_url(path) else path for path in found] if in_chunk else found


def _copies() -> str:
    """The folder of this host in which files from buckets are kept."""
    from .. import config

    return os.path.join(config.get("outline", "user_dir"), "storage")


def check_made(layer: Layer, frames: Iterable[int]) -> None:
    """Check that what some frames read in folders of other layers is there; no plan can know it.

    Raises:
        LayerException: A file is not there; names the layer that has made the folder without it.
    """
    links = links_of(layer)
    inside = {one.name: one.maker.get_name() for one in links.inputs if one.maker is not None and one.is_in_folder}
    if not inside:
        return
    problems = [
        f"frame {frame}: layer {inside[name]!r} has not made its input {name!r}, {path}"
        for frame in frames
        for name, paths in links.input_paths(frame)
        if name in inside and name not in links.optional
        for path in _here(paths)
        if not any(map(exists, files_of(path)))
    ]
    if problems:
        more = f", and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise LayerException(f"{where(layer)}: {'; '.join(problems[:_SHOWN])}{more}{_REMEDY}")


def _here(paths: list[str]) -> list[str]:
    """Paths as this host has them."""
    from ..io.mapping import configured_rules, map_path  # what only frames need

    rules = configured_rules()
    return [path if is_url(path) else map_path(path, rules) for path in paths] if rules else paths


def path_of(layer: Layer, frame: int, name: str) -> str:
    """The one file that a frame reads under a name; arguments and errors are those of ``Layer.input_path``."""
    links = links_of(layer)
    name = name or next((one.name for one in links.inputs), "main")
    paths = paths_of(layer, frame, name)
    if not paths and name in links.optional:
        return ""
    if len(paths) != 1:
        raise LayerException(f"{where(layer)}: its input {name!r} is {len(paths)} files; use input_paths")
    return paths[0]


def _text_of(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    except TypeError:  # keys of several types have no order; as texts they have
        return json.dumps(json.loads(json.dumps(value)), sort_keys=True, ensure_ascii=False)


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
