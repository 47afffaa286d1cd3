# SPDX-License-Identifier: Apache-2.0
"""Dependencies as in Cuebot: each holds frames while it is active, and an event satisfies it.

Such an event is, for example, the success of a frame. The current states of frames do not count: a satisfied
dependency stays satisfied until somebody retries the frames that it waited for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from outline.scheduler import FrameState, Move

from .depend import Depend, Edges, Row
from .errors import CannotDo
from .job import Job
from .saving import Unsaved

__all__ = ["DependBook"]

#: These hold again when somebody takes back that they were satisfied, or retries what they wait for.
_COMES_BACK = ("FRAME_ON_FRAME", "LAYER_ON_LAYER")


class DependBook:
    """All dependencies of a farm, found by either end.

    The farm reports events to it, and it holds and releases frames. After each report the farm calls ``take_moved`` for
    the jobs of these.
    """

    def __init__(self, jobs: Mapping[str, Job], unsaved: Unsaved) -> None:
        self._jobs, self._unsaved = jobs, unsaved
        self.all: dict[str, Depend] = {}
        self._edges: dict[str, Edges] = {}
        self._prefixes: dict[str, Depend] = {}
        self._of: defaultdict[str, list[Depend]] = defaultdict(list)
        self._on: defaultdict[str, list[Depend]] = defaultdict(list)
        self._on_layer: defaultdict[tuple[str, str], list[Depend]] = defaultdict(list)
        self._on_frame: defaultdict[tuple[str, int], list[Depend]] = defaultdict(list)
        self._signatures: set[tuple[object, ...]] = set()
        self._moved: dict[str, Job] = {}
        self._is_reading = False

    def take_moved(self) -> list[Job]:
        """The jobs whose frames were held or released since the last call."""
        moved, self._moved = self._moved, {}
        return list(moved.values())

    def find(self, id: str) -> Row | None:
        """The dependency, or the pair of one, with this id; or None."""
        depend = self.all.get(id)
        if depend is not None:
            return Row(depend)
        depend = self._prefixes.get(id[:24])
        number = int(id[24:], 16) if depend is not None and len(id) == 36 else -1
        return Row(depend, number) if depend is not None and 0 <= number < len(self._edges[depend.id]) else None

    def id_of(self, row: Row) -> str:
        """The id of a dependency or of a pair."""
        return row.depend.id if row.pair < 0 else f"{row.depend.id[:24]}{row.pair:012x}"

    def ends(self, row: Row) -> tuple[int, int]:
        """The frame that waits and the frame that is waited for; -1 for more than one."""
        if row.pair < 0:
            return row.depend.er_ref, row.depend.on_ref
        edges = self._edges[row.depend.id]
        return edges.er[row.pair], edges.on[row.pair]

    def is_active(self, row: Row) -> bool:
        """Whether a dependency holds frames back. Always true for a frame-by-frame one as a whole."""
        if row.pair < 0:
            return row.depend.active
        on = self._jobs[row.depend.on_job]
        return (row.pair in row.depend.odd) == bool(on.done[self._edges[row.depend.id].on[row.pair]])

    def of(self, job: str, layer: str | None = None) -> list[Row]:
        """The dependencies of a job, or of a layer and its frames, without the pairs of frame-by-frame ones."""
        return list(self._whole(one for one in self._of[job] if layer is None or one.er_layer == layer))

    def on(self, job: str, layer: str | None = None) -> list[Row]:
        """The dependencies on a job, or on a layer and its frames, without pairs."""
        return list(self._whole(one for one in self._on[job] if layer is None or one.on_layer == layer))

    def of_frame(self, job: Job, ref: int) -> list[Row]:
        """All dependencies of a frame, its layer and its job, with pairs."""
        layer, found = job.state.layer(ref).name, []
        for depend in self._of[job.id]:
            edges = self._edges.get(depend.id)
            if edges is not None:
                found += [Row(depend, pair) for pair in edges.of_er(ref)] if depend.er_layer == layer else []
            elif depend.er_layer in ("", layer) and depend.er_ref in (-1, ref):
                found.append(Row(depend))
        return found

    def on_frame(self, job: Job, ref: int) -> list[Row]:
        """The dependencies on exactly this frame, with pairs."""
        parts = [Row(one, pair) for one in self._wise_on(job, ref) for pair in self._edges[one.id].of_on(ref)]
        return [*map(Row, self._on_frame[job.id, ref]), *parts]

    def _whole(self, depends: Iterable[Depend]) -> Iterator[Row]:
        for depend in depends:
            if depend.type == "LAYER_ON_SIM_FRAME":  # Cuebot keeps its parts alone
                yield from (Row(depend, pair) for pair in range(len(self._edges[depend.id])))
            else:
                yield Row(depend)

    def _wise_on(self, job: Job, ref: int) -> list[Depend]:
        return [one for one in self._on_layer[job.id, job.state.layer(ref).name] if one.id in self._edges]

    def _layer_wise_on(self, job: Job, layer: str) -> list[Depend]:
        return [one for one in self._on_layer[job.id, layer] if one.id not in self._edges]

    def add(self, depend: Depend, edges: Edges | None) -> None:
        """Add a dependency. It holds frames at once, unless the frames that it waits for are done.

        Raises:
            CannotDo: An equal one is active. Nothing was changed.
        """
        if self.first_repeated([(depend, edges)]) is not None:
            raise CannotDo(f"such a dependency exists already, of type {depend.type}")
        on = self._jobs[depend.on_job]
        self.register(depend, edges)
        self._unsaved.thing("depend", depend.id, depend)
        if edges is not None:
            depend.odd.update(n for n, ref in enumerate(edges.on) if on.state.state(ref) is FrameState.EATEN)
            self._hold_pairs(depend, [pair for pair in range(len(edges)) if self.is_active(Row(depend, pair))])
            return
        if depend.on_ref >= 0:
            depend.active = on.state.state(depend.on_ref) not in (FrameState.SUCCEEDED, FrameState.EATEN)
        elif depend.on_layer:
            depend.active = not on.state.is_layer_done(depend.on_layer)
        if depend.active:
            self._signatures.add(depend.signature)
            self._hold(depend)

    def first_repeated(self, depends: Iterable[tuple[Depend, Edges | None]]) -> int | None:
        """The index of the first dependency that equals an active or an earlier one; or None."""
        new: set[tuple[object, ...]] = set()
        for place, (depend, edges) in enumerate(depends):
            mine = {depend.signature, *self._pair_signatures(depend, edges)}
            if mine & new or mine & self._signatures or any(mine & theirs for theirs in self._rivals(depend)):
                return place
            new |= mine
        return None

    def _rivals(self, depend: Depend) -> Iterator[set[tuple[object, ...]]]:
        for one in self._on_layer[depend.on_job, depend.on_layer]:
            if one.id in self._edges and (one.er_job, one.er_layer) == (depend.er_job, depend.er_layer):
                active = (pair for pair in range(len(self._edges[one.id])) if self.is_active(Row(one, pair)))
                yield {one.signature, *self._pair_signatures(one, self._edges[one.id], active)}

    @staticmethod
    def _pair_signatures(
        depend: Depend, edges: Edges | None, pairs: Iterable[int] | None = None
    ) -> Iterator[tuple[object, ...]]:
        if edges is None:
            return
        er, on = (depend.er_job, depend.er_layer), (depend.on_job, depend.on_layer)
        for pair in range(len(edges)) if pairs is None else pairs:
            yield ("FRAME_ON_FRAME", *er, edges.er[pair], *on, edges.on[pair])

    def register(self, depend: Depend, edges: Edges | None) -> None:
        """Add a dependency without holding frames."""
        self.all[depend.id] = depend
        self._of[depend.er_job].append(depend)
        self._on[depend.on_job].append(depend)
        if depend.on_ref >= 0 and edges is None:
            self._on_frame[depend.on_job, depend.on_ref].append(depend)
        else:
            self._on_layer[depend.on_job, depend.on_layer].append(depend)
        if edges is not None:
            self._edges[depend.id] = edges
            self._prefixes[depend.id[:24]] = depend

    def hold_again(self) -> None:
        """Hold the frames of all active dependencies again, after a farm was loaded."""
        self._is_reading = True
        for depend in self.all.values():
            if depend.id in self._edges:
                count = len(self._edges[depend.id])
                self._hold_pairs(depend, [pair for pair in range(count) if self.is_active(Row(depend, pair))])
            elif depend.active:
                self._signatures.add(depend.signature)
                self._hold(depend)
        self._is_reading = False

    def forget_job(self, job: str) -> None:
        """Remove all dependencies of and on a deleted job."""
        gone = {depend.id: depend for depend in (*self._of.pop(job, []), *self._on.pop(job, []))}
        for depend in gone.values():
            del self.all[depend.id]
            self._unsaved.thing("depend", depend.id, None)
            self._signatures.discard(depend.signature)
            if self._edges.pop(depend.id, None) is not None:
                del self._prefixes[depend.id[:24]]
            places: tuple[list[Depend], ...] = (
                self._of.get(depend.er_job, []),
                self._on.get(depend.on_job, []),
                self._on_layer.get((depend.on_job, depend.on_layer), []),
                self._on_frame.get((depend.on_job, depend.on_ref), []),
            )
            for others in places:
                if depend in others:
                    others.remove(depend)

    def frame_moved(self, job: Job, move: Move, *, eaten_layers_count: bool) -> None:
        """Update the dependencies on a frame whose state has changed.

        Args:
            move: The change of state.
            eaten_layers_count: Whether a layer is also done when its last frame is eaten.
        """
        succeeded, layer = FrameState.SUCCEEDED, job.state.layer(move.ref).name
        if move.after is succeeded:
            self._pairs_done(job, move.ref)
            self._satisfy_on_frame(job, move.ref)
        elif move.before is succeeded:  # what was satisfied stays so until somebody retries the frame
            for depend in self._wise_on(job, move.ref):
                depend.odd.symmetric_difference_update(self._edges[depend.id].of_on(move.ref))
                self._unsaved.thing("depend", depend.id, depend)
            job.done[move.ref] = False
        counts = move.after is succeeded or (eaten_layers_count and move.after is FrameState.EATEN)
        if counts and job.state.is_layer_done(layer):
            self.layer_done(job, layer)

    def _pairs_done(self, job: Job, ref: int) -> None:
        for depend in self._wise_on(job, ref):
            pairs = self._edges[depend.id].of_on(ref)
            active = [pair for pair in pairs if pair not in depend.odd]
            if len(active) < len(pairs):
                depend.odd.difference_update(pairs)
                self._unsaved.thing("depend", depend.id, depend)
            self._release_pairs(depend, active)
        job.done[ref] = True

    def frame_retried(self, job: Job, ref: int) -> None:
        """Activate the dependencies on a frame and on its layer again; one level, as on Cuebot."""
        for row in self.on_frame(job, ref):
            self.unsatisfy(row)
        for depend in self._layer_wise_on(job, job.state.layer(ref).name):
            self.unsatisfy(Row(depend))

    def frames_marked(self, job: Job, refs: Iterable[int]) -> None:
        """Satisfy the dependencies on exactly these frames."""
        for ref in refs:
            for depend in self._wise_on(job, ref):
                for pair in self._edges[depend.id].of_on(ref):
                    self.satisfy(Row(depend, pair))
            self._satisfy_on_frame(job, ref)

    def _satisfy_on_frame(self, job: Job, ref: int) -> None:
        for depend in self._on_frame[job.id, ref]:
            self.satisfy(Row(depend))
        for depend in self._layer_wise_on(job, job.state.layer(ref).name):
            if depend.any_frame:
                self.satisfy(Row(depend))

    def layer_done(self, job: Job, layer: str) -> None:
        """Satisfy the dependencies on a whole layer."""
        for depend in self._layer_wise_on(job, layer):
            self.satisfy(Row(depend))

    def job_over(self, job: Job) -> None:
        """Satisfy the dependencies on the end of a job. Those on its layers and frames stay active."""
        for depend in self._on_layer[job.id, ""]:
            self.satisfy(Row(depend))

    def satisfy(self, row: Row) -> None:
        """Satisfy a dependency, which then holds no frames."""
        depend, edges = row.depend, self._edges.get(row.depend.id)
        if edges is not None:
            pairs = range(len(edges)) if row.pair < 0 else (row.pair,)
            self._toggle(depend, [pair for pair in pairs if self.is_active(Row(depend, pair))], self._release_pairs)
        elif depend.active:
            depend.active = False
            self._signatures.discard(depend.signature)
            self._unsaved.thing("depend", depend.id, depend)
            self._release(depend)

    def unsatisfy(self, row: Row) -> None:
        """Activate a dependency again, also if its frames are done; only for the types in ``_COMES_BACK``."""
        depend = row.depend
        if row.pair >= 0 and not self.is_active(row):
            self._toggle(depend, [row.pair], self._hold_pairs)
        elif row.pair < 0 and not depend.active and depend.type in _COMES_BACK:
            depend.active = True
            self._unsaved.thing("depend", depend.id, depend)
            self._hold(depend)

    def _toggle(self, depend: Depend, pairs: list[int], act: Any) -> None:
        if pairs:
            depend.odd.symmetric_difference_update(pairs)
            self._unsaved.thing("depend", depend.id, depend)
            act(depend, pairs)

    def _hold(self, depend: Depend) -> None:
        er = self._moving(depend)
        for layer in self._held_layers(depend, er):
            self._unfree(er, er.state.refs(layer))
            er.state.hold_layer(layer)
        if depend.er_ref >= 0:
            self._unfree(er, [depend.er_ref])
            er.state.hold_frames([depend.er_ref])

    def _release(self, depend: Depend) -> None:
        er = self._moving(depend)
        for layer in self._held_layers(depend, er):
            er.state.hold_layer(layer, -1)
        if depend.er_ref >= 0:
            er.state.hold_frames([depend.er_ref], -1)

    def _hold_pairs(self, depend: Depend, pairs: Iterable[int]) -> None:
        er, edges = self._moving(depend), self._edges[depend.id]
        refs = [edges.er[pair] for pair in pairs]
        self._unfree(er, refs)
        er.state.hold_frames(refs)

    def _release_pairs(self, depend: Depend, pairs: Iterable[int]) -> None:
        edges = self._edges[depend.id]
        self._moving(depend).state.hold_frames((edges.er[pair] for pair in pairs), -1)

    def _moving(self, depend: Depend) -> Job:
        return self._moved.setdefault(depend.er_job, self._jobs[depend.er_job])

    @staticmethod
    def _held_layers(depend: Depend, er: Job) -> list[str]:
        if depend.er_ref >= 0:
            return []
        return [depend.er_layer] if depend.er_layer else [layer.name for layer in er.layers]

    def _unfree(self, er: Job, refs: Iterable[int]) -> None:
        """Let freed frames wait again, because there is a new hold."""
        freed = er.state.waits.freed
        if freed and not self._is_reading:
            er.state.bind(freed.intersection(refs))
