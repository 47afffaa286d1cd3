# SPDX-License-Identifier: Apache-2.0
"""The inputs that ``inputs=`` of a layer declares."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..exception import LayerException
from ..io.path import expand_path, resolve
from ..io.pattern import find_slot, is_fixed
from ..storage import is_url
from ..tokens import FrameTokens, expand_word
from .args import where
from .class_code import data_arg
from .datasets import rendered_frame
from .optional import is_output, named_inputs
from .outputs import declared_outputs, optional_of
from .state import SLOT

if TYPE_CHECKING:
    from ..items import Item
    from .base import Layer

__all__ = ["ITEM", "ITEM_TOKEN", "Input", "frame_path_of", "may_lack", "read_input", "read_inputs"]

ITEM_TOKEN = "%{ITEM}"
ITEM = "item"
"""The name of the input that a file item is by itself."""


class Input(NamedTuple):
    """What each frame of a layer reads under one name.

    Attributes:
        name: The name, unique in the layer.
        path: A path with places for frame and item; empty for outputs of another layer.
        maker: The layer that makes it, when another layer of the job does.
        outputs: The names of the outputs of that layer; none when the path is in a folder of one of its frames.
        inside: The place in the folder that the output is, with places for frame and item; empty for all of it.
        optional: Frames may lack it.
    """

    name: str
    path: str = ""
    maker: Layer | None = None
    outputs: tuple[str, ...] = ()
    inside: str = ""
    optional: bool = False

    @property
    def is_in_folder(self) -> bool:
        """Whether it is a part of a folder that a layer makes."""
        return self.maker is not None and bool(self.inside or not self.outputs)

    def __str__(self) -> str:
        """What it is, for people: a path, or the name of a layer."""
        if self.maker is None or not self.outputs:
            return self.path
        made = "/".join(
            output.path.rstrip("/") for output in declared_outputs(self.maker) if output.name in self.outputs
        )
        return f"{made}/{self.inside}" if self.inside else self.maker.get_name()


def read_inputs(layer: Layer) -> list[Input]:
    """The argument ``inputs`` of a layer: a path, a layer, an output of a layer, a list or a dict of these.

    Raises:
        LayerException: It is something else, or ``optional`` names what is not there.
    """
    named = named_inputs(data_arg(layer, "inputs"))
    inputs = [read_input(layer, name, value) for name, value in named.items()]
    if named and layer.get_arg("optional"):
        optional = optional_of(layer)
        inputs = [one._replace(optional=optional.holds(one.name, named[one.name])) for one in inputs]
    if _reads_item(layer, inputs):
        inputs.append(Input(ITEM, ITEM_TOKEN))
    return inputs


def may_lack(layer: Layer, on: Layer) -> bool:
    """Whether all that a layer reads of another one is optional."""
    if data_arg(layer, "inputs") is None or not layer.get_arg("optional"):
        return False
    read = [one.optional for one in read_inputs(layer) if one.maker is on]
    return bool(read) and all(read)


def _reads_item(layer: Layer, inputs: list[Input]) -> bool:
    """Tell whether a file item is an input by itself: where a layer names no inputs, or its command names the item."""
    source = layer.get_items()
    if source is None or not source.gives_files:
        return False
    if data_arg(layer, "inputs") is None:
        return True
    is_named = any(one.name == ITEM or one.path == ITEM_TOKEN for one in inputs)
    return not is_named and any(ITEM_TOKEN in str(layer.get_arg(name)) for name in ("command", "kwargs"))


def read_input(layer: Layer, name: str, value: Any) -> Input:
    """One value of the argument ``inputs`` of a layer.

    Raises:
        LayerException: It is no path, layer or output of a layer, or a folder in a bucket.
    """
    if hasattr(value, SLOT):
        return Input(name, "", value, tuple(output.name for output in declared_outputs(value)))
    if is_output(value):
        return _part_of(layer, name, *value)
    if isinstance(value, (str, bytes, os.PathLike)) and value:
        path = resolve(value)
        if is_url(path) and path.endswith("/"):
            raise LayerException(
                f"{where(layer)}: input {name!r} is the folder {path}, and only files are read from a bucket;"
                " files() lists them as items"
            )
        return Input(name, path)
    raise LayerException(
        f"{where(layer)}: input {name!r} must be a path, a layer or an output of a layer, not {value!r}"
    )


def _part_of(layer: Layer, name: str, maker: Layer, output: str, inside: str = "") -> Input:
    """An output of a layer, or what is inside of one that is a folder; without a name what the path says."""
    declared = {one.name: one for one in declared_outputs(maker)}
    if output and output not in declared:
        has = ", ".join(map(repr, declared)) or "none"
        problem = f"is the output {output!r} of {maker.get_name()!r}, which has {has}"
        raise LayerException(f"{where(layer)}: input {name!r} {problem}")
    if not inside or not output:
        return Input(name, inside, maker, (output,) if output else ())
    made = declared[output]
    if not made.is_folder:
        problem = f"is {inside!r} in the output {output!r} of {maker.get_name()!r}, which is no folder: {made.path}"
    elif os.path.isabs(inside) or ".." in inside.split("/"):
        problem = f"must be a path inside the output {output!r} of {maker.get_name()!r}, not {inside!r}"
    else:
        return Input(name, "", maker, (output,), inside)
    raise LayerException(f"{where(layer)}: input {name!r} {problem}")


# -- in a frame ------------------------------------------------------------------------------------------------


def frame_path_of(layer: Layer, path: str, frame: int, find_item: Callable[[int], Item]) -> str:
    """A path with its places for frame and item filled in; empty where it is nothing but what an item leaves empty.

    Only what the layer says has such places, and variables: what comes from an item stays as it is.

    Args:
        layer: The layer that reads it.
        path: The path as it was written.
        find_item: Gives the item of a frame.
    """
    if path == ITEM_TOKEN:  # what most layers with files read; no key is a part of such a path
        return _path_in(find_item(frame))
    if is_fixed(path) and path[-1:] != "/" and "%{" not in path:
        return path
    pattern = find_slot(expand_path(path.rstrip("/") or path, os.environ))
    number = rendered_frame(layer, frame) if layer.renders_frame_of_item and layer.get_items() is not None else frame
    if "%{" in path:
        item = _item_in_path(path, frame, find_item)
        tokens = FrameTokens(number, layer=layer.get_name(), item=item)
        prefix, suffix = expand_word(pattern.prefix, tokens), expand_word(pattern.suffix, tokens)
        pattern = pattern._replace(prefix=prefix, suffix=suffix)
    return pattern.frame_path(number)


def _path_in(item: Item) -> str:
    path = item.value.get("path") if isinstance(item.value, dict) else item.value
    if isinstance(path, str):
        return path
    from ..items.item import item_tokens

    return item_tokens(item).get(ITEM_TOKEN, ITEM_TOKEN)


def _item_in_path(path: str, frame: int, find_item: Callable[[int], Item]) -> Item | None:
    """The item whose tokens a path holds; None when it holds none."""
    if "%{KEY}" not in path and "%{ITEM" not in path:
        return None
    item = find_item(frame)
    if "%{KEY}" in path:
        from ..items import check_path_key

        check_path_key(item)
    return item
