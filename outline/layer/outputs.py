# SPDX-License-Identifier: Apache-2.0
"""The outputs that ``outputs=`` of a layer declares: where they are written, and whether a frame has made them."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..constants import BACKUP
from ..exception import LayerException
from ..frames import FrameSet
from .args import where
from .class_code import data_arg
from .optional import OptionalParts, split_optional
from .state import state_of

if TYPE_CHECKING:
    from ..io.attempt import Attempt
    from ..io.output import Output, Targets
    from ..items import Item
    from .base import Layer

__all__ = [
    "absolute_outputs",
    "begin",
    "check",
    "check_variables",
    "checks_outputs",
    "declared_outputs",
    "discard",
    "finish",
    "make_absolute",
    "optional_of",
    "publish",
    "targets_of",
]


def declared_outputs(layer: Layer, environ: Mapping[str, str] | None = None) -> list[Output]:
    """The outputs that a layer declares, where they are in the end.

    A class of a studio that reads an argument ``outputs`` by itself means what it wants by it, as it did before layers
    had outputs; it declares none.

    Args:
        environ: The environment of a frame; ``~``, variables and paths of other systems are replaced by what they are
            there. None: paths stay as they were written.

    Raises:
        LayerException: ``outputs`` or ``optional`` is not what it should be.
    """
    args = state_of(layer).args
    spec = data_arg(layer, "outputs")
    if spec is None:
        return []
    optional = args.get("optional") if data_arg(layer, "inputs") is None else optional_of(layer).outputs
    if environ is not None:
        spec, optional = _here(spec, environ), _here(optional, environ)
    return _read(layer, spec, optional)


def optional_of(layer: Layer) -> OptionalParts:
    """What frames of a layer may lack, by the argument ``optional``.

    Raises:
        LayerException: It names neither an output nor an input.
    """
    args = state_of(layer).args
    if not args.get("optional"):
        return OptionalParts([], [])
    from ..io.output import named_outputs  # most layers have none

    try:
        return split_optional(args["optional"], named_outputs(data_arg(layer, "outputs")), data_arg(layer, "inputs"))
    except LayerException as error:
        raise LayerException(f"{where(layer)}: {error}") from error


_KEPT_SPECS = 4


def _read(layer: Layer, spec: object, optional: object) -> list[Output]:
    """Outputs as an argument has them; each frame asks many times, so they are kept."""
    state = state_of(layer)
    has_items = state.parent is not None or data_arg(layer, "items") is not None
    kept, key = state.declared, (repr(spec), repr(optional), has_items and state.item_frame is None)
    if key not in kept:
        from ..io.output import read_outputs  # most layers have none

        if len(kept) >= _KEPT_SPECS:
            kept.clear()
        items = _items_of(layer)
        try:
            kept[key] = read_outputs(spec, optional, items=items, numbers=_numbers_of(layer))
        except LayerException as error:
            raise LayerException(f"{where(layer)}: {error}") from error
    return list(kept[key])


def _here(value: Any, environ: Mapping[str, str]) -> Any:
    if not value:
        return value
    from ..io.mapping import configured_rules, map_value
    from ..io.path import each_path, expand_path

    rules = configured_rules()
    return each_path(map_value(value, rules) if rules else value, lambda path: expand_path(path, environ))


def _items_of(layer: Layer) -> Any:
    """What gives the tokens of a frame's item; None for a layer without items."""
    if layer.get_items() is None:
        return None
    from ..items.item import check_path_key, item_tokens
    from .datasets import item_finder

    find = item_finder(layer)
    last: Item | None = None
    texts: dict[str, str] = {}
    spec = str(state_of(layer).args["outputs"])
    needs_key, needs_value = "%{KEY}" in spec, "%{ITEM" in spec

    def tokens_of(frame: int) -> dict[str, str]:
        nonlocal last, texts
        item = find(frame)
        if item is not last:
            if needs_key:
                check_path_key(item)
            last, texts = item, item_tokens(item) if needs_value else {"%{KEY}": item.key}
        return texts

    return tokens_of


def _numbers_of(layer: Layer) -> Any:
    """What gives the number in the path of a frame, where that is not its own: an application renders another one."""
    if layer.get_items() is None or not layer.renders_frame_of_item or state_of(layer).item_frame is not None:
        return None
    from .datasets import rendered_frame

    return partial(rendered_frame, layer)


# -- at the launch ---------------------------------------------------------------------------------------------


def check(layer: Layer) -> None:
    """Check that outputs can tell frames and one another apart.

    Raises:
        LayerException: They cannot.
    """
    outputs = declared_outputs(layer)
    single = [output.path for output in outputs if not output.is_sequence]
    if single and not layer.frames_share_outputs and len(FrameSet(layer.get_frame_range() or "1")) > 1:
        raise LayerException(
            f"{where(layer)} has several frames, but its output {single[0]!r} is a single file; put #### into its path"
        )
    names: dict[str, str] = {}
    for output in outputs:
        other = names.setdefault(os.path.normpath(output.path), output.name)
        if other != output.name:
            both = f"its outputs {other!r} and {output.name!r}"
            raise LayerException(f"{where(layer)}: {both} are one file, {output.path}; give each a path of its own")


def absolute_outputs(layer: Layer) -> list[Output]:
    """The outputs that a layer declares, with absolute paths: in the work folder, when the job has one."""
    declared = declared_outputs(layer)
    if not declared or all(os.path.isabs(output.path) for output in declared):
        return declared
    from ..io.path import absolute_path

    ol = layer.get_outline()
    folder = str(ol.get_work().get("folder", "")) if ol is not None else ""
    return [output.moved(absolute_path(output.path, folder)) for output in declared]


def make_absolute(layer: Layer) -> None:
    """Make the paths of outputs absolute, since frames may run in another folder."""
    outputs = absolute_outputs(layer)
    if outputs:
        args = state_of(layer).args
        of_inputs = optional_of(layer).inputs if data_arg(layer, "inputs") is not None else []
        args["outputs"] = {output.name: output.path for output in outputs}
        args["optional"] = [*(output.name for output in outputs if output.optional), *of_inputs]


# -- in a frame ------------------------------------------------------------------------------------------------


def begin(layer: Layer, frames: FrameSet, environ: MutableMapping[str, str]) -> None:
    """Make ready for the outputs of a chunk: their folders, and hidden names beside their places.

    Raises:
        LayerException: A path holds a variable that is not set, or nothing can be written to a folder.
    """
    state = state_of(layer)
    state.attempt = None
    state.finished.clear()
    state.in_chunk = True
    if state.args.get("outputs") is None or layer.manages_outputs:
        return
    outputs = declared_outputs(layer, environ)
    if outputs:
        from ..io.attempt import Attempt, Checks, new_mark

        check_variables(layer, outputs)
        mark = None if state.args.get("beside") is False else new_mark()
        attempt = Attempt(outputs, Checks.of(state.args), mark=mark, layer=layer.get_name(), must_be_new=False)
        attempt.prepare(frames, is_first=environ.get("OL_ATTEMPT") == "1", is_backup=BACKUP in environ)
        state.attempt = attempt


def check_variables(layer: Layer, outputs: list[Output]) -> None:
    """Check that no variable is left in the paths of outputs, since it would make a folder of that name.

    Raises:
        LayerException: One is.
    """
    from ..io.path import unknown_variables

    for output in outputs:
        unknown = unknown_variables(output.path)
        if unknown:
            raise LayerException(
                f"{where(layer)}: ${unknown[0]} in the path of output {output.name!r} is not set on this"
                f" host: {output.path}"
            )


def finish(layer: Layer, frames: FrameSet) -> None:
    """Check the outputs of a chunk whose work has succeeded, and move them to their places.

    Raises:
        LayerException: One is missing, empty or cut short; none is moved then.
    """
    finished = state_of(layer).finished
    publish(layer, FrameSet([frame for frame in frames if frame not in finished]) if finished else frames)


def publish(layer: Layer, frames: FrameSet) -> None:
    """Check the outputs of some frames of the chunk that runs, and move them to their places.

    Raises:
        LayerException: One is missing, empty or cut short; none is moved then.
    """
    attempt = state_of(layer).attempt
    if attempt is None or not frames or layer.manages_outputs:
        return
    faults = attempt.find_faults(frames) if checks_outputs(layer) else []
    if faults:
        raise LayerException(f"{where(layer)}: {'; '.join(faults)}")
    attempt.publish(frames)


def discard(layer: Layer, frames: FrameSet) -> None:
    """Remove what a chunk has left under hidden names."""
    state = state_of(layer)
    state.in_chunk = False
    if state.attempt is not None:
        state.attempt.discard(frames)
        state.attempt = None


def checks_outputs(layer: Layer) -> bool:
    """Tell whether the outputs of a layer are looked at."""
    return bool(layer.get_arg("check_outputs", True)) and not layer.get_arg("nocheck")


def targets_of(layer: Layer) -> Targets:
    """Where a layer writes its outputs now: under hidden names while a frame runs, else where they are in the end."""
    attempt: Attempt | None = state_of(layer).attempt
    if attempt is not None:
        return attempt.targets
    from ..io.output import Targets

    return Targets(declared_outputs(layer), layer=layer.get_name())
