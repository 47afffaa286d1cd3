# SPDX-License-Identifier: Apache-2.0
"""Which frames of a job must run, decided before it is launched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ..exception import LayerNotFound, WorkException
from ..frames import FrameSet, chunk_at, chunk_heads
from ..layer.args import where
from ..layer.datasets import coverage
from .decide import FORCED, Decision, FrameNow, Reason, Record, Rerun, decide, decide_by_record, is_stale
from .digests import Disk

if TYPE_CHECKING:
    from ..layer import Layer
    from ..layer.links import LayerLinks
    from .cache import Forecast

__all__ = ["Choice", "Facts", "WorkPlan", "after_a_pass", "frame_now", "plan_work", "rerun_of"]


class Choice(NamedTuple):
    """What the user says about frames that the records alone would decide.

    Attributes:
        force: Frames that run whatever is known, by layer; None for all of a layer.
        no_retry: Layers whose failed frames stay failed.
        keep: Frames that count as done as they are, by layer; None for all of a layer.
        leaves_failed: Failed frames stay failed while they are made of the same.
        since: The launch that this one is another pass of, 0 for none: what ran since then need not run for no other
            reason than that the user, or the layer, wants it in each launch.
        layers: Only these layers run; empty for all.
        left: The layers that count as done as they are, because others were chosen.
    """

    force: Mapping[str, FrameSet | None] = {}
    no_retry: frozenset[str] = frozenset()
    keep: Mapping[str, FrameSet | None] = {}
    leaves_failed: bool = False
    since: int = 0
    layers: tuple[str, ...] = ()
    left: frozenset[str] = frozenset()

    def check(self, known: Iterable[str]) -> None:
        """Check the names of layers.

        Raises:
            LayerNotFound: The job has no layer of a name.
            WorkException: A layer is to be forced and not to be tried again, or a frame to be forced and kept.
        """
        known = list(known)
        for name in [*self.force, *self.no_retry, *self.keep, *self.layers]:
            if name not in known:
                raise LayerNotFound(name, known)
        both = sorted(self.no_retry.intersection(self.force))
        if both:
            raise WorkException(f"layer {both[0]!r} is named by --force and by --no-retry; leave one of them out")
        for name in sorted(self.keep.keys() & self.force.keys()):
            kept, forced = self.keep[name], self.force[name]
            if kept is None or forced is None or set(kept).intersection(forced):
                raise WorkException(f"--force and --keep name the same frames of layer {name!r}; leave one of them out")


class WorkPlan:
    """The decision about every frame of a job.

    Attributes:
        links: What the layers read and write, by name.
        decisions: By layer and frame.
        starting: The frames that are not done, of each layer that has any.
        kept: Layer and number of the frames that the user wants to have as they are.
        no_retry: Frames that failed and stay failed.
        waits: How many sources of items wait for a layer to be through, by its name.
        left_out: Files that are no items of the job, since it makes them; a sentence for each source.
        launch: The number of the launch; 0 when nothing is launched.
        covers: What layers that read all of another one cover, when that is a part of its items only:
            ``covers 100 of 1000 items of gen``.
    """

    def __init__(self, links: Mapping[str, LayerLinks]) -> None:
        self.links = links
        self.decisions: dict[str, dict[int, Decision]] = {}
        self.starting: dict[str, set[int]] = {}
        self.kept: list[tuple[str, int]] = []
        self.no_retry: dict[str, FrameSet] = {}
        self.waits: dict[str, int] = {}
        self.left_out: list[str] = []
        self.launch = 0
        self.covers = {name: text for name, one in links.items() if (text := coverage(one.layer))}

    @property
    def has_work(self) -> bool:
        """Whether any frame runs, or may have to; Post layers only follow others."""
        return any(
            not starting.issubset(self.no_retry.get(layer, ()))
            for layer, starting in self.starting.items()
            if str(self.links[layer].layer.get_type()) != "Post"
        )

    def is_through(self, layer: str) -> bool:
        """Whether all frames of a layer are done."""
        return layer in self.decisions and not self.starting.get(layer)

    def runs(self, layer: str, frames: Iterable[int]) -> bool:
        """Whether any of some frames has a reason to start; Post layers only follow others."""
        is_post = str(self.links[layer].layer.get_type()) == "Post"
        return not is_post and any(self.decisions[layer][frame].reason.starts for frame in frames)

    def is_new(self, layer: str, frames: Iterable[int]) -> bool:
        """Whether any of some frames has a reason to run that is younger than its last run."""
        return any(self.decisions[layer][frame].reason in _YOUNG for frame in frames)

    def waiting_text(self) -> str:
        """Which sources of items wait for a layer to be through: ``1 source waits for extract``."""
        counts = self.waits.items()
        return ", ".join(f"{count} source{'s wait' if count > 1 else ' waits'} for {name}" for name, count in counts)

    def counts(self, layer: str) -> dict[Reason, int]:
        """How many frames of a layer there are for each reason."""
        return dict(Counter(decision.reason for decision in self.decisions[layer].values()))

    def done_heads(self, layer: Layer) -> list[int]:
        """The first frames of the chunks that are done as a whole."""
        starting = self.starting.get(layer.get_name(), set())
        return [head for head, frames in _chunks(layer) if starting.isdisjoint(frames)]

    def dead_heads(self, layer: Layer) -> list[int]:
        """The first frames of the chunks that failed and are not to be tried again."""
        failed = set(self.no_retry.get(layer.get_name(), ()))
        return [head for head, frames in _chunks(layer) if not failed.isdisjoint(frames)] if failed else []


KEPT = Decision(Reason.DONE, "kept")
"""The user wants to have a frame as it is."""

LEFT = Decision(Reason.DONE, "left as it is")
"""The user has chosen other layers; nothing is said of this frame."""

UPSTREAM = Decision(Reason.UPSTREAM)

_YOUNG = frozenset(Reason) - {Reason.DONE, Reason.FORCED, Reason.UPSTREAM}


def _chunks(layer: Layer) -> Iterable[tuple[int, Iterable[int]]]:
    """The first frame of each chunk of a layer, and all of its frames."""
    frames, size = FrameSet(layer.get_frame_range()).unique(), layer.get_chunk_size()
    if size == 1:
        return ((frame, (frame,)) for frame in frames)
    return ((head, chunk_at(frames, head, size)) for head in chunk_heads(frames, size))


class Facts(NamedTuple):
    """What the decisions about the frames of a job come from.

    Attributes:
        parts: What each layer is made of now, by name.
        records: Gives what is known of some frames, by layer and key.
        parts_then: What a layer was made of, by its name and the number of the launch.
        disk: Sees files.
        choice: What the user wants.
        forecast: Knows which frames will be copied from the cache.
    """

    parts: Mapping[str, Mapping[str, str]]
    records: Callable[[Iterable[tuple[str, str]]], Iterable[Record | None]]
    parts_then: Callable[[str, int], Mapping[str, str]]
    disk: Disk
    choice: Choice
    forecast: Forecast | None = None


def plan_work(layers: Mapping[str, LayerLinks], facts: Facts) -> WorkPlan:
    """Decide about all frames of a job.

    Args:
        layers: Those that have frames, by name, each after those that it waits for.
        facts: What is known of them.

    Raises:
        WorkException: The argument ``rerun`` of a layer has no meaning.
    """
    plan = WorkPlan(layers)
    for name in layers:
        _plan_layer(plan, name, facts)
        if facts.forecast is not None:
            _find_copied(plan, name, facts.parts[name], facts.forecast)
        starting = {frame for frame, one in plan.decisions[name].items() if one.reason.starts}
        if starting:
            plan.starting[name] = starting
    for name in layers:
        if name not in plan.starting:
            _leave_preprocesses(plan, layers[name].layer)
    return plan


def _plan_layer(plan: WorkPlan, name: str, facts: Facts) -> None:
    links, choice, disk = plan.links[name], facts.choice, facts.disk.of_layer(plan.links[name].layer)
    facts = facts._replace(disk=disk)
    forced, kept = choice.force.get(name, ()), choice.keep.get(name, ())
    rerun = rerun_of(links.layer, links)
    decisions = plan.decisions[name] = {}
    if name in choice.left:
        decisions.update(dict.fromkeys(FrameSet(links.layer.get_frame_range()), LEFT))
        return
    same: set[int] = set()
    frames = list(FrameSet(links.layer.get_frame_range()).unique())
    records = facts.records((name, links.key(frame)) for frame in frames)
    if rerun is Rerun.CHANGED:
        records = _with_files_read(records, disk)
    for frame, record in zip(frames, records, strict=True):
        decision, now = _decide_frame(links, frame, record, rerun, facts, is_forced=_holds(forced, frame))
        if decision.reason is Reason.FAILED and record is not None and choice.leaves_failed:
            now = now or frame_now(links, frame, facts.parts[name], rerun, disk, is_forced=False)
            then = facts.parts_then(name, record.launch)
            is_same = not _is_reader(links, frame, plan.starting) and not is_stale(record, then, now, disk)
            same.update([frame] * is_same)
        if kept != () and _holds(kept, frame) and decision is not FORCED and _are_there(links, frame, disk):
            decision = KEPT
            plan.kept.append((name, frame))
        elif _depends_on_files(decision) and _is_reader(links, frame, plan.starting):
            decision = UPSTREAM
        decisions[frame] = decision
    failed = {frame for frame, one in decisions.items() if one.reason is Reason.FAILED}
    stay = failed if name in choice.no_retry else _without_company(links.layer, decisions, same)
    if stay:
        plan.no_retry[name] = FrameSet(stay)


_FRAMES_AT_ONCE = 512


def _with_files_read(records: Iterable[Record | None], disk: Disk) -> Iterator[Record | None]:
    """Yield records, once those of their files that seem to be others are read; several at a time are sooner read."""
    records = iter(records)
    while block := list(islice(records, _FRAMES_AT_ONCE)):
        good = [record for record in block if record is not None and record.has_succeeded]
        disk.read_ahead(state for record in good for state in (*record.outputs, *record.inputs))
        yield from block


def _decide_frame(
    links: LayerLinks, frame: int, record: Record | None, rerun: Rerun, facts: Facts, *, is_forced: bool
) -> tuple[Decision, FrameNow | None]:
    """Decide about a frame; gives what it is in this launch, too, where that was looked at."""
    name = links.layer.get_name()
    is_of_pass = record is not None and 0 < facts.choice.since <= record.launch
    if not is_of_pass:
        decision = decide_by_record(record, rerun, is_forced=is_forced, must_write=links.must_write)
        if decision is not None:
            return decision, None
    now = frame_now(links, frame, facts.parts[name], rerun, facts.disk, is_forced=is_forced)
    if record is None:
        return decide(None, {}, now, facts.disk), now
    if is_of_pass:
        now = after_a_pass(links.layer, record, now)
    return decide(record, facts.parts_then(name, record.launch), now, facts.disk), now


def _are_there(links: LayerLinks, frame: int, disk: Disk) -> bool:
    return all(disk.signature(path) for _, path in links.output_paths(frame))


def _find_copied(plan: WorkPlan, name: str, parts: Mapping[str, str], forecast: Forecast) -> None:
    """Say of those frames that they are cached which the cache has, and all that makes what they read."""
    links, decisions, stay = plan.links[name], plan.decisions[name], plan.no_retry.get(name, ())
    runs = [
        frame
        for frame, one in decisions.items()
        if one.reason.runs and one.reason not in (Reason.FORCED, Reason.UPSTREAM) and frame not in stay
    ]
    made_anew = {name: {frame for frame, one in ones.items() if one.reason.runs} for name, ones in _makers(plan, links)}
    frames = [frame for frame in runs if not _is_reader(links, frame, made_anew)]
    for frame in forecast.copied(links, frames, parts):
        before = decisions[frame]
        is_new = before.reason is Reason.NEW
        decisions[frame] = Decision(Reason.CACHED, "" if is_new else f"{before.reason.value} {before.detail}".rstrip())


def _makers(plan: WorkPlan, links: LayerLinks) -> Iterable[tuple[str, Mapping[int, Decision]]]:
    """The decisions about the layers that make what a layer reads."""
    names = {one.maker.get_name() for one in links.inputs if one.maker is not None}
    return [(name, plan.decisions[name]) for name in names if name in plan.decisions]


def _holds(chosen: Container[int] | None, frame: int) -> bool:
    """Whether a user has chosen a frame; None stands for all."""
    return chosen is None or frame in chosen


def _leave_preprocesses(plan: WorkPlan, layer: Layer) -> None:
    """Let nothing run before a layer that is done."""
    for preprocess in layer.get_preprocess_layers():
        name = preprocess.get_name()
        decision = Decision(Reason.DONE, f"{layer.get_name()} is done")
        plan.decisions.get(name, {}).update(dict.fromkeys(plan.decisions.get(name, ()), decision))
        plan.starting.pop(name, None)


def _without_company(layer: Layer, decisions: Mapping[int, Decision], failed: set[int]) -> list[int]:
    """Those of some failed frames in whose chunks no other frame runs."""
    alone = []
    for _, frames in _chunks(layer) if failed else ():
        if all(frame in failed or not decisions[frame].reason.starts for frame in frames):
            alone += [frame for frame in frames if frame in failed]
    return alone


def _is_reader(links: LayerLinks, frame: int, running: Mapping[str, set[int]]) -> bool:
    """Whether anything that a frame reads will be made again."""
    return bool(running) and any(
        made in running.get(maker, ()) if made is not None else bool(running.get(maker))
        for maker, made in links.makers(frame)
    )


def _depends_on_files(decision: Decision) -> bool:
    """Whether another answer is possible once what a frame reads has been made again."""
    return decision.reason is Reason.DONE or (decision.reason is Reason.STALE and decision.detail.startswith("input"))


def frame_now(
    links: LayerLinks, frame: int, parts: Mapping[str, str], rerun: Rerun, disk: Disk, *, is_forced: bool
) -> FrameNow:
    """What a frame is in this launch."""
    inputs = [(name, disk.group(label, paths)) for name, label, paths in links.input_files(frame)]
    item, outputs, optional = links.item_text(frame), links.output_paths(frame), links.optional_paths(frame)
    return FrameNow(parts, item, inputs, outputs, rerun, is_forced, optional)


def after_a_pass(layer: Layer, record: Record, now: FrameNow) -> FrameNow:
    """What a frame is that has run in this launch, or in an earlier pass of it: only a change makes it run again."""
    if not record.has_succeeded or str(layer.get_type()) == "Post":
        return now
    return now._replace(is_forced=False, rerun=Rerun.CHANGED if now.rerun is Rerun.ALWAYS else now.rerun)


def rerun_of(layer: Layer, links: LayerLinks) -> Rerun:
    """What makes a frame of a layer that has succeeded run again.

    Raises:
        WorkException: The argument ``rerun`` has another value.
    """
    value = layer.get_arg("rerun")
    if str(layer.get_type()) == "Post":
        return Rerun.ALWAYS
    if value is None:
        return Rerun.CHANGED if links.has_files or layer.get_items() is not None else Rerun.ALWAYS
    try:
        return Rerun(value)
    except ValueError:
        known = ", ".join(repr(one.value) for one in Rerun)
        raise WorkException(f"{where(layer)}: rerun must be one of {known}, not {value!r}") from None
