# SPDX-License-Identifier: Apache-2.0
"""A launch in a work folder: claims it, decides what runs, and writes down what the job was made of."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from .. import config
from ..exception import OutlineException, WorkException
from ..frame_end import FrameEnd
from ..frames import FrameRangeError, FrameSet
from ..io.folders import folders_around
from ..layer.links import LayerLinks
from ..logs import get_logger
from ..storage import is_url
from .cache import Cache, Forecast
from .checks import check_files
from .decide import Record
from .digests import Disk
from .fingerprint import layer_parts
from .folder import Launch, WorkFolder
from .plan import Choice, Facts, WorkPlan, plan_work
from .records import RecordBook, RecordWriter, end_line
from .shared import read_shared, renew_signatures

if TYPE_CHECKING:
    from ..layer import Layer
    from ..loader import Outline

__all__ = ["begin_work", "plan_only", "read_choice", "use_work_folder"]


logger = get_logger("outline.work")


def use_work_folder(ol: Outline, folder: WorkFolder) -> None:
    """Let the items of an outline keep the numbers that they have in a work folder."""
    ol.number_items(folder.numbers(), folder.folder)


@contextmanager
def begin_work(
    ol: Outline, folder: WorkFolder, choice: Choice, *, take_over: bool, is_running: Callable[[str, Any], bool]
) -> Iterator[tuple[Launch, WorkPlan]]:
    """Be the launch that runs in a work folder, for as long as the context lasts, or as its job on a farm runs.

    The outline is checked and not set up yet. A launch that has nothing to run leaves no trace. Gives the claim of the
    launch, and what it runs.

    Raises:
        OutlineException: The outline cannot be run, somebody else runs in the folder, or it cannot be written.
    """
    planner = _Planner(ol, folder, choice)
    facts = {"argv": sys.orig_argv, "cwd": os.getcwd(), "user": ol.get_user()}
    launch = folder.begin_launch(facts, take_over=take_over, is_running=is_running)
    try:
        plan = planner.plan()
        book, disk = planner.book, planner.disk
        plan.launch = launch.number
        _tell_damage(book, folder)
        renew_signatures(book, disk.renewed)
        folder.fold_records(book, launch.number)
        items = _numbers_of_layers(ol)
        if plan.has_work or plan.kept:
            if ol._ol_state.items is not None:
                folder.keep_numbers(ol._ol_state.items.numbers)
            facts_of_frames = {**_wishes(planner.choice), "read": read_shared(plan, book, disk)}
            outputs = {name: [output.path for output in links.outputs] for name, links in plan.links.items()}
            history = {
                "counts": _counts(plan),
                "git": _revision(os.getcwd()),
                "told": _tell_left_out(ol, plan, folder.told()),
            }
            history |= {"parts": planner.parts, "damaged": book.damaged, "layers": items, "outputs": outputs}
            launch.note(**facts_of_frames, **history)
            _record_kept(plan, folder, book, launch.number)
            more: dict[str, Any] = {"held": sorted(ol._ol_state.held), "covers": plan.covers}
            if _cache() is not None:
                more["cache"] = _cache()
            ol.set_work({"folder": folder.folder, "launch": launch.number, "cwd": os.getcwd(), **more})
        del planner, book, disk  # they may be large, and the job may run for days
        yield launch, plan
    except BaseException as error:
        _end(launch, error)
        raise
    if not plan.has_work and not plan.kept and items == folder.layers():
        launch.forget()
    elif not plan.has_work and not plan.kept:
        launch.note(layers=items, counts=_counts(plan), over=True)
    elif "job" not in launch.facts:
        _end(launch)


def _counts(plan: WorkPlan) -> dict[str, dict[str, int]]:
    """How many frames of each layer run or not for each reason, for people to read later."""
    return {name: {one.value: count for one, count in plan.counts(name).items()} for name in plan.decisions}


def _wishes(choice: Choice) -> dict[str, Any]:
    """What frames have to know of a choice."""
    forced, kept = _texts(choice.force), _texts(choice.keep)
    return {"force": forced, "keep": kept, "since": choice.since, "left": sorted(choice.left)}


def _end(launch: Launch, error: BaseException | None = None) -> None:
    """Write down that a launch is over; where that cannot be, the next one sees it by the process that is gone."""
    refused = {"refused": str(error)} if isinstance(error, OutlineException) else {}
    try:
        launch.note(over=True, **refused)
    except WorkException as problem:
        if error is None:
            logger.warning("%s", problem)


def _tell_left_out(ol: Outline, plan: WorkPlan, told: list[str]) -> list[str]:
    """Let a plan tell which files are no items, unless somebody was told before, and give all that is told now."""
    left_out = ol.get_item_book().left_out
    plan.left_out = [one.text for one in left_out if not set(one.who).issubset(told)]
    return sorted({*told, *(name for one in left_out for name in one.who)})


_GIT_SECONDS = 2.0


def _revision(folder: str) -> str:
    """The commit of a folder, with ``-dirty`` where a file of it was changed since; empty where it has none."""
    if not any(os.path.exists(os.path.join(place, ".git")) for place in (folder, *folders_around(folder))):
        return ""
    words = ["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):  # no git here, or a very large tree
        return ""
    return done.stdout.strip()


def _cache() -> str | None:
    """The folder of the cache, or its URL; None without one."""
    folder = config.get("outline", "cache")
    if is_url(folder):
        return folder.rstrip("/")
    return os.path.abspath(os.path.expanduser(folder)) if folder else None


def _numbers_of_layers(ol: Outline) -> dict[str, str | None]:
    """The layers of a job, each with the numbers of all its items; None without a source, and before it is read."""
    book, found = ol.get_item_book(), {}
    for layer in ol.get_layers():
        source = None if ol.holds(layer) else layer.get_items()
        found[layer.get_name()] = None if source is None else book.frames(source)
    return found


def plan_only(ol: Outline, folder: WorkFolder, choice: Choice) -> WorkPlan:
    """Decide what would run, and write nothing.

    Raises:
        OutlineException: The outline cannot be run, or the folder cannot be read.
    """
    if runner := folder.runner():
        logger.warning("%s is in use by %s; what runs there counts as interrupted", folder.folder, runner)
    plan = _Planner(ol, folder, choice).plan()
    _tell_left_out(ol, plan, [])
    return plan


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the interpreter from looking for cycles among a million records, which takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _leaving_others(ol: Outline, choice: Choice) -> Choice:
    """A choice with the layers that are left alone.

    Those are the layers that would cover nothing and, where some were chosen, all others but those that prepare one.
    """
    choice = choice._replace(left=frozenset(_covering_nothing(ol)))
    if not choice.layers:
        return choice
    chosen = {*choice.layers, *choice.force}
    for name in choice.layers:
        chosen.update(layer.get_name() for layer in ol.get_layer(name).get_preprocess_layers())
    others = frozenset(layer.get_name() for layer in ol.get_layers()) - chosen
    return choice._replace(left=choice.left | others)


def _covering_nothing(ol: Outline) -> Iterator[str]:
    """The layers that read all of others, of which no item was chosen."""
    for layer in ol.get_layers():
        on = [depend.get_depend_on_layer() for depend in layer.get_depends()]
        sources = [one for one in on if one.get_items() is not None]
        waits = ol.holds(layer) or layer.get_items() is not None
        if sources and not waits and not any(one.get_frame_range() for one in sources):
            yield layer.get_name()


def _record_kept(plan: WorkPlan, folder: WorkFolder, book: RecordBook, launch: int) -> None:
    """Write down that the frames which the user keeps are done as they are, made of what there is now.

    Raises:
        WorkException: The folder cannot be written.
    """
    all_files, writer = Disk(folder.folder), RecordWriter(folder.records, launch)
    with closing(writer):
        for layer, frame in plan.kept:
            links = plan.links[layer]
            key, disk = links.key(frame), all_files.of_layer(links.layer)
            read = [(name, disk.group(label, paths)) for name, label, paths in links.input_files(frame)]
            before = book.get((layer, key)) or Record(layer, key, launch)
            kept = before._replace(
                launch=launch,
                attempt=1,
                end=FrameEnd(),
                item=links.item_text(frame),
                inputs=tuple(disk.read(*one) for one in read),
                outputs=tuple(filter(None, (disk.state(*one) for one in links.all_output_paths(frame)))),
            )
            writer.write(end_line(kept))


def _tell_damage(book: RecordBook, folder: WorkFolder) -> None:
    if book.damaged:
        damaged = "1 damaged record is" if len(book.damaged) == 1 else f"{len(book.damaged)} damaged records are"
        text = "%s: %s left out, and what it is of counts as new; the first is %s"
        logger.warning(text, folder.folder, damaged, book.damaged[0])


_Parts = Mapping[str, Mapping[str, str]]
"""What each layer is made of, by name."""


class _Planner:
    """Decides what a launch in a work folder runs.

    Attributes:
        choice: What the user wants, with the layers that are left alone.
        disk: Sees files.
        parts: What each layer is made of, by name.
        book: What is known of frames, once there is a plan.
    """

    book: RecordBook

    def __init__(self, ol: Outline, folder: WorkFolder, choice: Choice) -> None:
        """Check an outline that is not set up, and the files that it reads and writes.

        Raises:
            OutlineException: The outline cannot be run.
        """
        self.__ol, self.__folder = ol, folder
        self.disk = Disk(folder.folder, looks_once=True)
        self.choice = choice
        self.parts: _Parts = {}
        with _no_collections():
            self.__links = self.__checked_links()
        self.choice = _leaving_others(ol, choice)

    def plan(self) -> WorkPlan:
        """Decide, and read sources of items whose makers turn out to be through, until there are no more of these.

        Raises:
            OutlineException: The records cannot be read, or the user wants frames that are not there.
        """
        with _no_collections():
            self.book = self.__folder.read_records()
            while True:
                self.parts = {name: layer_parts(links.layer) for name, links in self.__links.items()}
                plan = plan_work(self.__links, self.__facts())
                plan.waits = _waits(self.__ol)
                through = {name for name in plan.waits if plan.is_through(name)}
                if not through:
                    _check_frames("--force", self.choice.force, plan)
                    _check_frames("--keep", self.choice.keep, plan)
                    return plan
                self.__ol._ol_state.through |= through
                self.__links = self.__checked_links()

    def __checked_links(self) -> dict[str, LayerLinks]:
        self.__ol.check()
        self.choice.check(layer.get_name() for layer in self.__ol.get_layers())
        layers = _links(self.__ol, self.__folder)
        check_files(layers, self.__folder.folder, self.disk)
        return layers

    def __facts(self) -> Facts:
        parts, folder, cache = self.parts, self.__folder, _cache()
        launches: dict[int, _Parts] = {}
        known: dict[tuple[str, int], Mapping[str, str]] = {}

        def parts_then(layer: str, number: int) -> Mapping[str, str]:
            if (layer, number) not in known:
                if number not in launches:
                    launches[number] = _parts_of(folder, number)
                found = launches[number].get(layer, {})
                known[layer, number] = (
                    parts[layer] if found == parts[layer] else found
                )  # one object is compared at once
            return known[layer, number]

        forecast = Forecast(Cache(cache), folder.folder, os.getcwd(), self.disk) if cache is not None else None
        return Facts(parts, self.book.in_order, parts_then, self.disk, self.choice, forecast)


def _check_frames(option: str, chosen: Mapping[str, FrameSet | None], plan: WorkPlan) -> None:
    """Check that frames which the user names are there, of layers that have frames already."""
    for name, frames in chosen.items():
        there = plan.decisions.get(name, {})
        lacking = [frame for frame in frames or () if frame not in there]
        if lacking and there:
            text = (
                f"{option} {name}: the layer has no frame {FrameSet(lacking)} in this job, which has {FrameSet(there)}"
            )
            raise WorkException(text)


def _waits(ol: Outline) -> dict[str, int]:
    """How many sources wait for a layer to be through, by its name."""
    sources = {layer.get_items() for layer in ol.get_layers() if ol.holds(layer)}
    return dict(Counter(source.after for source in sources if source is not None and source.after))


def _parts_of(folder: WorkFolder, number: int) -> _Parts:
    """What the layers of a launch were made of."""
    facts = folder.launch(number)
    if not facts:
        text = "%s: launch %d is damaged or gone, and with it what its frames were made of; they count as stale"
        logger.warning(text, folder.folder, number)
    parts: _Parts = facts.get("parts", {})
    return parts


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
        flags: Gives the launch flags ``force``, ``no_retry``, ``keep``, ``leaves_failed``, ``since`` and ``layers``.

    Raises:
        WorkException: A range cannot be read.
    """
    no_retry = frozenset(flags("no_retry") or ())
    forced, kept = _chosen("--force", flags("force")), _chosen("--keep", flags("keep"))
    return Choice(
        forced, no_retry, kept, bool(flags("leaves_failed")), int(flags("since") or 0), tuple(flags("layers") or ())
    )


def _chosen(option: str, texts: Iterable[str] | None) -> dict[str, FrameSet | None]:
    found: dict[str, FrameSet | None] = {}
    for text in texts or ():
        name, colon, frames = text.partition(":")
        before = found.get(name, FrameSet([]))
        try:
            found[name] = FrameSet([*before, *FrameSet(frames)]).unique() if colon and before is not None else None
        except FrameRangeError as error:
            raise WorkException(f"{option} {text}: {error}; write LAYER or LAYER:RANGE") from error
    return found
