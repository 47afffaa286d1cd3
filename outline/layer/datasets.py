# SPDX-License-Identifier: Apache-2.0
"""Layers whose frames come from items."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from ..depend import Depend, DependType
from ..exception import ItemException, LayerException, NoItems
from ..items import Item, ItemBook, Items, ItemTable, as_items, is_group_of
from . import ranges
from .args import reported, where
from .class_code import data_arg
from .context import report_problem
from .depends import all_before
from .state import SLOT, state_of

if TYPE_CHECKING:
    from ..loader import Outline
    from ..session import Session
    from .base import Layer

__all__ = [
    "all_frames",
    "bind",
    "check",
    "coverage",
    "frames_of",
    "hold",
    "item_finder",
    "item_of",
    "keep",
    "range_means_items",
    "rendered_frame",
    "source_of",
]

_SHOWN_KEYS = 5

_FRAME_PART = "frame"
"""The part of an item that says which frame an application renders."""


def source_of(layer: Layer) -> Items | None:
    """The source of a layer's items; of its parent's for a child, None without items.

    Raises:
        LayerException: What stands in ``items=`` is no source.
    """
    parent = layer.get_parent()
    if parent is not None:
        return source_of(parent)
    state = state_of(layer)
    value = data_arg(layer, "items")
    if value is None or isinstance(value, Items):
        return value
    if hasattr(value, SLOT):
        source = source_of(value)
        if source is None:
            raise LayerException(f"{where(layer)}: items={value.get_name()!r} is a layer without items of its own")
        return source
    try:
        state.args["items"] = source = as_items(value)
    except ItemException as error:
        raise LayerException(f"{where(layer)}: {error}") from error
    return source


def check(ol: Outline) -> None:
    """Check that the layers which have items can have them.

    Raises:
        LayerException: One has a range, a fixed number of frames, or a child with items of its own.
    """
    for layer in ol.get_layers():
        if data_arg(layer, "items") is not None:
            with reported(layer):
                _check(layer)
        for child in layer.get_children():
            if data_arg(child, "items") is not None:
                problem = f"{where(child)}: a child has the items of its parent, so it takes no items="
                report_problem(LayerException(problem), child)


def _check(layer: Layer) -> None:
    if layer.get_arg("range") not in (None, ""):
        raise LayerException(f"{where(layer)}: give items= or range=, not both; items number the frames")
    if not layer.takes_items:
        problem = "makes one file of all its frames, so it takes no items=; give it range="
        raise LayerException(f"{where(layer)}: {type(layer).__name__} {problem}")
    if layer.has_fixed_frames:
        raise LayerException(f"{where(layer)}: {type(layer).__name__} has frames of its own, so it takes no items=")


def frames_of(layer: Layer) -> str | None:
    """The frames of a layer that has items, as text in the order of the source; None when the job's range has none.

    Raises:
        ItemException: The source cannot be read, or the job's range could mean items of several.
    """
    ol, source = layer.get_outline(), source_of(layer)
    assert source is not None
    if isinstance(source, ItemTable):
        numbers = source.frames
    else:
        numbers = _book(ol, source).frames(source, ol.get_only() if ol is not None else ())
    if not numbers:  # no key was chosen
        return None
    job = ol.get_frame_range() if ol is not None and not source.after else None
    return ranges.frames_of(numbers, job if ol is not None and job and range_means_items(ol) else None)


def all_frames(layer: Layer) -> Collection[int]:
    """The frames of a layer; with items those of all of its source, whichever of them this job is about."""
    source = source_of(layer)
    if source is None:
        return ranges.read_frames(layer.get_frame_range() or "1")
    return source.numbers() if isinstance(source, ItemTable) else _book(layer.get_outline(), source).of(source)


def item_of(layer: Layer, frame: int) -> Item:
    """The item of a frame.

    Raises:
        LayerException: The layer has no items.
        ItemException: There is no such frame.
    """
    source = source_of(layer)
    if source is None:
        raise LayerException(f"{where(layer)} has no items; give it items=")
    if isinstance(source, ItemTable):
        return source.item(frame)
    try:
        return _book(layer.get_outline(), source).of(source)[frame]
    except KeyError:
        raise ItemException(f"frame {frame} has no item of {source}") from None


def item_finder(layer: Layer) -> Callable[[int], Item]:
    """What gives the item of a frame, for who asks for very many; errors are those of ``item_of``.

    The source is looked for with the first frame that is asked for.
    """
    items: Mapping[int, Item] = {}
    table: ItemTable | None = None

    def find(frame: int) -> Item:
        nonlocal items, table
        if table is not None:
            return table.item(frame)
        item = items.get(frame)
        if item is None:
            item = item_of(layer, frame)
            source, ol = source_of(layer), layer.get_outline()
            if isinstance(source, ItemTable):
                table = source
            elif source is not None and ol is not None:
                items = ol.get_item_book().known(source) or items
        return item

    return find


def rendered_frame(layer: Layer, frame: int) -> int:
    """The frame that an application renders for a frame of a layer: the part ``frame`` of its item.

    Raises:
        LayerException: The item has none, or it is no whole number.
    """
    item = item_of(layer, frame)
    value = item.value.get(_FRAME_PART) if isinstance(item.value, Mapping) else None
    if isinstance(value, (int, str)) and not isinstance(value, bool) and re.fullmatch(r"\s*-?\d+\s*", str(value)):
        return int(value)
    has = "none" if value is None else repr(value)
    raise LayerException(
        f"{where(layer)}: {type(layer).__name__} renders frames, so each item needs a whole number {_FRAME_PART!r};"
        f" the item {item.key!r} has {has}"
    )


def coverage(layer: Layer) -> str:
    """How many items of other layers a layer covers that reads all of them, when that is a part of these only."""
    parts = []
    for depend in layer.get_depends() if layer.get_items() is None else ():
        on = depend.get_depend_on_layer()
        if depend.get_type() == DependType.LayerOnLayer and on.get_items() is not None and on.get_frame_range():
            count, total = len(ranges.read_frames(on.get_frame_range() or "")), len(all_frames(on))
            if count < total:
                parts.append(f"covers {count} of {total} items of {on.get_name()}")
    return ", ".join(parts)


def range_means_items(ol: Outline) -> bool:
    """Tell whether the job's range chooses items: when no layer has other frames than items or fixed ones.

    Raises:
        ItemException: There are several sources, so nobody knows whose items are meant.
    """
    layers = [layer for layer in ol.get_layers() if layer.get_parent() is None and not layer.has_fixed_frames]
    sources = {source for layer in layers if (source := source_of(layer)) is None or not source.after}
    if None in sources:
        return False
    if len(sources) > 1:
        named = " or of ".join(sorted(map(str, sources)))
        raise ItemException(
            f"the range {ol.get_frame_range()} could be items of {named}; choose by key with --only instead"
        )
    return True


def keep(ol: Outline, session: Session) -> None:
    """Write the items of an outline into its session, from where its layers have them from then on.

    Raises:
        ItemException: A value is not plain data.
        SessionException: The session cannot be written.
    """
    tables: dict[Items, ItemTable] = {}
    layers = [layer for layer in ol.get_layers() if layer.get_parent() is None and not ol.holds(layer)]
    for layer in sorted(layers, key=_is_group):  # a group names the table of its members
        source = source_of(layer)
        if source is not None:
            if source not in tables:
                book = _book(ol, source)
                items, frames = book.of(source), book.frames(source, ol.get_only())
                try:
                    contents = ItemTable.contents(items)
                except ItemException as error:
                    raise _of_layer(layer, source, error) from error
                tables[source] = ItemTable(
                    session.write_items(len(tables) + 1, *contents),
                    frames,
                    gives_files=source.gives_files,
                    after=source.after,
                    groups=tables[source.groups].path if source.groups in tables else "",
                )
            state_of(layer).args["items"] = tables[source]


def _is_group(layer: Layer) -> bool:
    source = source_of(layer)
    return source is not None and source.groups is not None


def hold(ol: Outline) -> None:
    """Find the layers that have no frames yet, because their items are made by a layer that is not through.

    With them go the layers that wait for them, and their pre-processes. Once it is through, they wait for it.

    Raises:
        LayerNotFound: There is no layer of that name.
    """
    layers = [layer for layer in ol.get_layers() if layer.get_parent() is None]
    held: set[str] = set()
    for layer in layers:
        source = source_of(layer)
        if source is not None and source.after and not isinstance(source, ItemTable):
            maker = ol.get_layer(source.after)
            if maker.get_name() not in ol._ol_state.through:
                held.add(layer.get_name())
            elif not any(depend.get_depend_on_layer() is maker for depend in layer.get_depends()):
                layer.depend_on(maker, DependType.LayerOnLayer)
    if held:
        waiting = (layer for layer in layers if any(before.get_name() in held for before in all_before(layer)))
        held |= {layer.get_name() for layer in waiting}
    for layer in layers:
        if layer.get_name() in held:
            held.update(preprocess.get_name() for preprocess in layer.get_preprocess_layers())
    ol._ol_state.held = frozenset(held)


def bind(ol: Outline, may_lack: Callable[[Layer, Layer], bool]) -> None:
    """Let layers that wait frame by frame wait by key, or for all frames where keys say nothing.

    Args:
        ol: The outline.
        may_lack: Tells of a layer and one that it waits for whether its items may be lacking there.

    Raises:
        LayerException: The waiting layer has items that the other one lacks.
    """
    hold(ol)
    for layer in ol.get_layers():
        if ol.holds(layer):
            continue
        for position, depend in enumerate(state_of(layer).depends):
            if depend.get_type() == DependType.FrameByFrame and not _pairs(
                layer, depend.get_depend_on_layer(), may_lack
            ):
                on, propagate = depend.get_depend_on_layer(), depend.is_propagated()
                state_of(layer).depends[position] = Depend(layer, on, DependType.LayerOnLayer, propagate, False)


def _pairs(layer: Layer, on: Layer, may_lack: Callable[[Layer, Layer], bool]) -> bool:
    mine, theirs = source_of(layer), source_of(on)
    if mine == theirs or isinstance(mine, ItemTable) or isinstance(theirs, ItemTable):
        return True
    if mine is None or theirs is None or is_group_of(mine, theirs):
        return False
    ol = layer.get_outline()
    numbers = _book(ol, theirs).of(theirs)
    lacking = [item.key for number, item in _book(ol, mine).of(mine).items() if number not in numbers]
    if lacking and not may_lack(layer, on):
        shown = ", ".join(map(repr, lacking[:_SHOWN_KEYS])) + (" …" if len(lacking) > _SHOWN_KEYS else "")
        raise LayerException(
            f"{where(layer)} waits frame by frame for {on.get_name()!r}, whose items {theirs} lack {len(lacking)} of"
            f" its keys: {shown}; wait for all of it with require={on.get_name() + ':all'!r}, or name what it reads of"
            " it in inputs= and in optional="
        )
    return True


def _book(ol: Outline | None, asked: Items) -> ItemBook:
    """The numbers of a job; sources are numbered in the order of the layers, whichever is asked for first."""
    if ol is None:
        return ItemBook("")
    book = ol.get_item_book()
    for layer in ol.get_layers() if book.known(asked) is None else ():
        source = source_of(layer)
        if source is not None and not isinstance(source, ItemTable) and not ol.holds(layer):
            try:
                book.of(source)
            except ItemException as error:
                raise _of_layer(layer, source, error) from error
    return book


def _of_layer(layer: Layer, source: Items, error: ItemException) -> ItemException:
    """An error about a source; that of one which stands in the outline itself begins with the layer."""
    if not source.is_given:
        return error
    if isinstance(error, NoItems):
        return NoItems(f"{where(layer)}: {error.source}", error.why)
    return ItemException(f"{where(layer)}: {error}")
