# SPDX-License-Identifier: Apache-2.0
"""What dependencies hold back, as in Cuebot: each holds frames while it is active, and an event satisfies it.

Such an event is, for example, the success of a frame. The current states of frames do not count: a satisfied
dependency stays satisfied until somebody retries the frames that it waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from outline.scheduler import FrameState, Move

from .depend import Depend, End, Row, make_depend
from .errors import CannotDo
from .job import Job
from .state import FarmState

__all__ = [
    "add_depend", "connect", "drop", "frame_moved", "frames_retried", "hold_from_start", "layer_done",
    "layer_moved", "mark_done",
    "note_depend", "satisfy", "unsatisfy",
]  # fmt: skip

#: These hold again when somebody takes back that they were satisfied, or retries what they wait for.
_COMES_BACK = ("FRAME_ON_FRAME", "LAYER_ON_LAYER")
_DONE = (FrameState.SUCCEEDED, FrameState.EATEN)


def connect(farm: FarmState, er: End, on: End, type: str = "") -> Row:
    """Make one end wait for another. If the other is done already, the dependency is inactive.

    Args:
        er: The end that waits.
        on: The end that it waits for.
        type: The type, if the kinds of the ends do not give it.

    Raises:
        CannotDo: The job to wait for is finished, the job would wait for itself, the dependency exists, or Cuebot makes
            none.
    """
    made = make_depend(type or f"{er.kind}_ON_{on.kind}", er, on)
    if made is None:
        raise CannotDo(f"Cuebot makes no dependency, frame by frame, on {on.spelled}, because of its name")
    if on.kind == "JOB" and on.job.state.succeeded:
        raise CannotDo(f"the job {on.job.name} is already complete; nothing can wait for it")
    if farm.depends.first_repeated([made]) is not None:
        raise CannotDo(f"such a dependency exists already, of type {made.type}")
    add_depend(farm, made)
    return Row(made)


def add_depend(farm: FarmState, depend: Depend) -> None:
    """Add a dependency. It holds frames at once, unless the frames that it waits for are done."""
    note_depend(farm, depend)
    if depend.edges is not None or depend.active:
        _hold(farm, depend, depend.active_pairs())


def note_depend(farm: FarmState, depend: Depend) -> None:
    """Add a dependency, which holds nothing yet."""
    on = farm.jobs[depend.on_job].state
    if depend.edges is not None:
        if on.counts(depend.on_layer)[FrameState.EATEN]:
            depend.odd.update(pair for pair, ref in enumerate(depend.edges.on) if on.state(ref) is FrameState.EATEN)
    elif depend.on_ref >= 0:
        depend.active = on.state(depend.on_ref) not in _DONE
    elif depend.on_layer:
        depend.active = not on.is_layer_done(depend.on_layer)
    farm.depends.register(depend)
    farm.depends.save(depend)


def hold_from_start(farm: FarmState, jobs: Iterable[Job]) -> None:
    """Hold the frames of jobs by their active dependencies, before anybody has seen them: new jobs, or loaded ones."""
    for job in jobs:
        layers: list[str] = []
        refs: list[int] = []
        for depend in farm.depends.of_job(job.id):
            if depend.edges is not None or depend.active:
                more_layers, more_refs = _held(depend, job, depend.active_pairs())
                layers += more_layers
                refs += more_refs
        job.state.hold_from_start(layers, refs)


def frame_moved(farm: FarmState, job: Job, move: Move) -> None:
    """Update the dependencies on a frame whose state has changed."""
    if move.after is FrameState.SUCCEEDED:
        _pairs_done(farm, job, move.ref)
        for row in farm.depends.on_single(job, move.ref):
            satisfy(farm, row)
    elif move.before is FrameState.SUCCEEDED:  # what was satisfied stays so until somebody retries the frame
        for depend, pairs in farm.depends.pairs_on(job, move.ref):
            depend.odd.symmetric_difference_update(pairs)
            farm.depends.save(depend)
        job.done[move.ref] = False


def _pairs_done(farm: FarmState, job: Job, ref: int) -> None:
    for depend, pairs in farm.depends.pairs_on(job, ref):
        active = depend.active_pairs(pairs)
        if len(active) < len(pairs):
            depend.odd.difference_update(pairs)
            farm.depends.save(depend)
        _count(farm, depend, active, -1)
    job.done[ref] = True


def layer_moved(farm: FarmState, job: Job, number: int, state: FrameState) -> None:
    """Update the dependencies on a layer as a whole, after some of its frames have got a state."""
    layer = job.layers[number].name
    if state is FrameState.SUCCEEDED:
        for row in farm.depends.on_any(job, layer):
            satisfy(farm, row)
    # On Cuebot, a layer whose last frame is eaten is not done.
    ends_layer = state is FrameState.SUCCEEDED or (state is FrameState.EATEN and not farm.settings.strict)
    if ends_layer and job.state.is_layer_done(layer):
        layer_done(farm, job, layer)


def frames_retried(farm: FarmState, job: Job, refs: Collection[int]) -> None:
    """Activate the dependencies on frames and on their layers again; one level, as on Cuebot."""
    rows = farm.depends.on_frames(job, refs)
    for layer in _layers_of(job, refs):
        rows += farm.depends.on_whole(job, layer)
    for row in rows:
        unsatisfy(farm, row)


def mark_done(farm: FarmState, job: Job, refs: Iterable[int]) -> None:
    """Satisfy the dependencies on exactly these frames. Their own states do not change."""
    refs = list(refs)
    rows = farm.depends.on_frames(job, refs)
    for layer in _layers_of(job, refs):
        rows += farm.depends.on_any(job, layer)
    for row in rows:
        satisfy(farm, row)


def _layers_of(job: Job, refs: Iterable[int]) -> list[str]:
    return [job.layers[number].name for number in sorted({job.layer_of(ref) for ref in refs})]


def layer_done(farm: FarmState, job: Job, layer: str) -> None:
    """Satisfy the dependencies on a whole layer, or on a whole job (""). Those on what is in it stay active."""
    for row in farm.depends.on_whole(job, layer):
        satisfy(farm, row)


def drop(farm: FarmState, rows: Iterable[Row], target: str) -> None:
    """Satisfy dependencies by hand.

    Args:
        rows: The dependencies to choose from.
        target: ``INTERNAL`` for those within a job, ``EXTERNAL`` for those between jobs, ``ANY_TARGET`` for all.
    """
    for row in rows:
        if target == "ANY_TARGET" or row.depend.is_internal == (target == "INTERNAL"):
            satisfy(farm, row)


def satisfy(farm: FarmState, row: Row) -> None:
    """Satisfy a dependency, which then holds no frames."""
    depend = row.depend
    if depend.edges is not None:
        pairs = depend.active_pairs(None if row.pair < 0 else [row.pair])
        if pairs:
            depend.odd.symmetric_difference_update(pairs)
            farm.depends.save(depend)
            _count(farm, depend, pairs, -1)
    elif depend.active:
        farm.depends.set_active(depend, False)
        _count(farm, depend, (), -1)


def unsatisfy(farm: FarmState, row: Row) -> None:
    """Activate a dependency again, also if its frames are done; only for the types in ``_COMES_BACK``, and pairs."""
    depend = row.depend
    if row.is_active:
        return
    if row.pair >= 0:
        depend.odd.symmetric_difference_update([row.pair])
        farm.depends.save(depend)
        _hold(farm, depend, [row.pair])
    elif depend.type in _COMES_BACK:
        farm.depends.set_active(depend, True)
        _hold(farm, depend, ())


def _hold(farm: FarmState, depend: Depend, pairs: Iterable[int]) -> None:
    """Hold the frames of a dependency. Those that somebody has freed wait again, because this hold is new."""
    er = farm.jobs[depend.er_job]
    if er.facts.freed:
        layers, refs = _held(depend, er, pairs)
        held = set(refs).union(*map(er.state.frames.refs, layers))
        er.state.bind(er.facts.freed & held)
        farm.jobs.save(er)
    _count(farm, depend, pairs, 1)


def _count(farm: FarmState, depend: Depend, pairs: Iterable[int], change: int) -> None:
    """Add a hold of a dependency to what it holds, or of some of its pairs, or take one away (-1)."""
    er = farm.jobs[depend.er_job]
    layers, refs = _held(depend, er, pairs)
    for layer in layers:
        er.state.hold_layer(layer, change)
    er.state.hold_frames(refs, change)


def _held(depend: Depend, er: Job, pairs: Iterable[int]) -> tuple[list[str], list[int]]:
    """The layers and the frames that a dependency holds, or some of its pairs."""
    if depend.edges is not None:
        return [], [depend.edges.er[pair] for pair in pairs]
    if depend.er_ref >= 0:
        return [], [depend.er_ref]
    return [depend.er_layer] if depend.er_layer else [layer.name for layer in er.layers], []
