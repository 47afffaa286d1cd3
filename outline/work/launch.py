# SPDX-License-Identifier: Apache-2.0
"""A launch in a work folder: claims it, decides what runs, and writes down what the job was made of."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ..frames import FrameSet
from ..items import ItemBook
from ..layer.links import LayerLinks
from .checks import check_files
from .digests import Disk
from .fingerprint import layer_parts
from .folder import Launch, WorkFolder
from .plan import Choice, WorkPlan, plan_work
from .records import RecordBook

if TYPE_CHECKING:
    from ..layer import Layer
    from ..loader import Outline

__all__ = ["WorkLaunch", "begin_work", "plan_only", "read_choice", "use_work_folder"]


logger = logging.getLogger("outline.work")


class WorkLaunch(NamedTuple):
    """A launch that is about to run.

    Attributes:
        launch: Its claim.
        plan: What runs.
    """

    launch: Launch
    plan: WorkPlan


def use_work_folder(ol: Outline, folder: WorkFolder) -> None:
    """Let the items of an outline keep the numbers that they have in a work folder."""
    ol._ol_state.items = ItemBook(os.getcwd(), folder.numbers())


@contextmanager
def begin_work(
    ol: Outline, folder: WorkFolder, choice: Choice, *, take_over: bool, is_running: Callable[[str, Any], bool]
) -> Iterator[WorkLaunch]:
    """Be the launch that runs in a work folder, for as long as the context lasts, or as its job on a farm runs.

    The outline is checked and not set up yet. A launch that has nothing to run leaves no trace.

    Raises:
        OutlineException: The outline cannot be run, somebody else runs in the folder, or it cannot be written.
    """
    ol.check()
    layers = _links(ol, folder)
    check_files(layers, folder.folder)
    launch = folder.begin_launch({"argv": sys.argv, "cwd": os.getcwd()}, take_over=take_over, is_running=is_running)
    try:
        parts = {name: layer_parts(links.layer) for name, links in layers.items()}
        book = folder.read_records()
        plan = _plan(folder, layers, parts, book, choice)
        _tell_damage(book, folder)
        folder.fold_records(book, launch.number)
        if plan.has_work:
            if ol._ol_state.items is not None:
                folder.keep_numbers(ol._ol_state.items.numbers)
            launch.note(parts=parts, force=_texts(choice.force), keep=_texts(choice.keep), damaged=book.damaged)
            ol.set_work({"folder": folder.folder, "launch": launch.number, "cwd": os.getcwd()})
        yield WorkLaunch(launch, plan)
    except BaseException:
        launch.note(over=True)
        raise
    if not plan.has_work:
        launch.forget()
    elif "job" not in launch.facts:
        launch.note(over=True)


def plan_only(ol: Outline, folder: WorkFolder, choice: Choice) -> WorkPlan:
    """Decide what would run, and write nothing.

    Raises:
        OutlineException: The outline cannot be run, or the folder cannot be read.
    """
    ol.check()
    layers = _links(ol, folder)
    check_files(layers, folder.folder)
    parts = {name: layer_parts(links.layer) for name, links in layers.items()}
    return _plan(folder, layers, parts, folder.read_records(), choice)


def _tell_damage(book: RecordBook, folder: WorkFolder) -> None:
    if book.damaged:
        text = "%s: %d damaged records are left out, and their frames count as new; the first is %s"
        logger.warning(text, folder.folder, len(book.damaged), book.damaged[0])


def _plan(
    folder: WorkFolder,
    layers: Mapping[str, LayerLinks],
    parts: Mapping[str, Mapping[str, str]],
    book: RecordBook,
    choice: Choice,
) -> WorkPlan:
    launches: dict[int, dict[str, Any]] = {}

    def parts_then(layer: str, number: int) -> Mapping[str, str]:
        if number not in launches:
            launches[number] = folder.launch(number).get("parts", {})
        found: Mapping[str, str] = launches[number].get(layer, {})
        return found

    return plan_work(layers, parts, book, parts_then, Disk(folder.folder), choice)


def _links(ol: Outline, folder: WorkFolder) -> dict[str, LayerLinks]:
    """The layers that have frames, each after those that it waits for."""
    ordered: dict[str, LayerLinks] = {}

    def add(layer: Layer) -> None:
        if layer.get_name() in ordered or not layer.get_frame_range() or not layer.get_arg("register", True):
            return
        for depend in layer.get_depends():
            if depend.get_depend_on_layer() is not layer:
                add(depend.get_depend_on_layer())
        ordered[layer.get_name()] = LayerLinks(layer, folder.folder, os.getcwd())

    for layer in ol.get_layers():
        if layer.get_parent() is None:
            add(layer)
    return ordered


def _texts(chosen: Mapping[str, FrameSet | None]) -> dict[str, str | None]:
    return {name: None if frames is None else str(frames) for name, frames in chosen.items()}


def read_choice(flags: Callable[[str], Any]) -> Choice:
    """What a user wants, as ``--force beauty``, ``--force beauty:3-8`` and so on say it.

    Args:
        flags: Gives the launch flags ``force``, ``no_retry``, ``keep`` and ``leaves_failed``.

    Raises:
        FrameRangeError: A range cannot be read.
    """
    no_retry = frozenset(flags("no_retry") or ())
    return Choice(_chosen(flags("force")), no_retry, _chosen(flags("keep")), bool(flags("leaves_failed")))


def _chosen(texts: Iterable[str] | None) -> dict[str, FrameSet | None]:
    found: dict[str, FrameSet | None] = {}
    for text in texts or ():
        name, colon, frames = text.partition(":")
        found[name] = FrameSet(frames) if colon else None
    return found
