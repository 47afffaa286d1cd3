# SPDX-License-Identifier: Apache-2.0
"""The dependencies of a farm, found by either end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from .depend import Depend, End, Row
from .job import Job
from .saving import Table, Unsaved

__all__ = ["Depends"]


class Depends(Table[Depend]):
    """The dependencies of a farm, by id. What they hold back is decided in ``holds``."""

    def __init__(self, unsaved: Unsaved) -> None:
        super().__init__("depend", Depend, unsaved)
        self._pairs: dict[str, Depend] = {}
        self._of: defaultdict[str, list[Depend]] = defaultdict(list)
        self._on: defaultdict[str, list[Depend]] = defaultdict(list)
        self._at: dict[tuple[str, str | int], list[Depend]] = {}
        self._signatures: set[tuple[object, ...]] = set()

    def register(self, depend: Depend) -> None:
        """Add a dependency that is saved already."""
        self[depend.id] = depend
        self._of[depend.er_job].append(depend)
        self._on[depend.on_job].append(depend)
        self._at.setdefault(_place(depend), []).append(depend)
        if depend.edges is not None:
            self._pairs[depend.id[:24]] = depend
        elif depend.active:
            self._signatures.add(depend.signature)

    def forget_job(self, job: str) -> None:
        """Remove all dependencies of and on a deleted job."""
        for depend in {one.id: one for one in (*self._of.pop(job, []), *self._on.pop(job, []))}.values():
            self.remove(depend)
            self._pairs.pop(depend.id[:24], None)
            self._signatures.discard(depend.signature)
            for others in (self._of.get(depend.er_job), self._on.get(depend.on_job), self._at[_place(depend)]):
                if others and depend in others:
                    others.remove(depend)

    def set_active(self, depend: Depend, active: bool) -> None:
        """Say whether a dependency without pairs holds frames back. Once satisfied, an equal one can be added."""
        depend.active = active
        if not active:
            self._signatures.discard(depend.signature)
        self.save(depend)

    def find(self, id: str) -> Row | None:
        """The dependency, or the pair of one, with this id; or None."""
        if id in self:
            return Row(self[id])
        depend = self._pairs.get(id[:24])
        if depend is None or depend.edges is None or len(id) != 36:
            return None
        number = int(id[24:], 16)
        return Row(depend, number) if 0 <= number < len(depend.edges) else None

    def of_job(self, job: str) -> list[Depend]:
        """The dependencies of a job, its layers and its frames. Those with pairs come as one."""
        return self._of.get(job, [])

    def of(self, job: str, layer: str | None = None) -> list[Row]:
        """The dependencies of a job, or of a layer and its frames, without the pairs of frame-by-frame ones."""
        return list(_whole(one for one in self.of_job(job) if layer is None or one.er_layer == layer))

    def on(self, job: str, layer: str | None = None) -> list[Row]:
        """The dependencies on a job, or on a layer and its frames, without pairs."""
        return list(_whole(one for one in self._on[job] if layer is None or one.on_layer == layer))

    def of_frame(self, job: Job, ref: int) -> list[Row]:
        """All dependencies of a frame, its layer and its job, with pairs."""
        layer, found = job.state.layer(ref).name, []
        for depend in self.of_job(job.id):
            if depend.edges is not None:
                found += [Row(depend, pair) for pair in depend.edges.of_er(ref)] if depend.er_layer == layer else []
            elif depend.er_layer in ("", layer) and depend.er_ref in (-1, ref):
                found.append(Row(depend))
        return found

    def on_frame(self, job: Job, ref: int) -> list[Row]:
        """The dependencies on exactly this frame, with pairs."""
        pairs = [Row(one, pair) for one, numbers in self.pairs_on(job, ref) for pair in numbers]
        return [*self.on_single(job, ref), *pairs]

    def of_end(self, end: End) -> list[Row]:
        """All dependencies of a frame, of a layer and its frames, or of a job itself."""
        return self.of_frame(end.job, end.ref) if end.ref >= 0 else self.of(end.job.id, end.layer_name)

    def on_end(self, end: End) -> list[Row]:
        """All dependencies on a frame, on a layer and its frames, or on a job and all that is in it."""
        return self.on_frame(end.job, end.ref) if end.ref >= 0 else self.on(end.job.id, end.layer_name or None)

    def droppable(self, end: End) -> list[Row]:
        """The dependencies of an end that clients can drop: its own, and all that are in a job."""
        if end.kind == "JOB":
            return self.of(end.job.id)
        if end.kind == "LAYER":
            return [row for row in self.of_end(end) if row.depend.er_ref < 0]
        return [row for row in self.of_end(end) if row.er_ref == end.ref]

    def on_single(self, job: Job, ref: int) -> list[Row]:
        """The dependencies on exactly this frame that are no pairs."""
        return [Row(one) for one in self._at.get((job.id, ref), ())]

    def pairs_on(self, job: Job, ref: int) -> list[tuple[Depend, range]]:
        """The dependencies with pairs in which a frame is waited for, and the numbers of these pairs."""
        at = self._at.get((job.id, job.state.layer(ref).name), ())
        return [(one, one.edges.of_on(ref)) for one in at if one.edges is not None]

    def on_whole(self, job: Job, layer: str) -> list[Row]:
        """The dependencies on a layer as a whole, or on the whole job if the name is empty."""
        return [Row(one) for one in self._at.get((job.id, layer), ()) if one.edges is None]

    def first_repeated(self, depends: Iterable[Depend]) -> Depend | None:
        """The first dependency that equals an active or an earlier one; or None."""
        depends, new = list(depends), set[tuple[object, ...]]()
        between = Counter(depend.layers for depend in depends)
        for depend in depends:
            # Only what is between the same layers can equal one of its pairs.
            is_only = between[depend.layers] == 1 and not self.of_job(depend.er_job)
            mine = {depend.signature} if is_only else set(depend.signatures())
            if mine & new or mine & self._signatures or any(mine & theirs for theirs in self._rivals(depend)):
                return depend
            new |= mine
        return None

    def _rivals(self, depend: Depend) -> Iterator[set[tuple[object, ...]]]:
        for one in self._at.get((depend.on_job, depend.on_layer), ()):
            if one.edges is not None and (one.er_job, one.er_layer) == (depend.er_job, depend.er_layer):
                yield set(one.signatures(one.active_pairs()))


def _place(depend: Depend) -> tuple[str, str | int]:
    """What is waited for, as the key of an index: a frame, or a layer, also for pairs of its frames; or the job."""
    is_frame = depend.on_ref >= 0 and depend.edges is None
    return depend.on_job, depend.on_ref if is_frame else depend.on_layer


def _whole(depends: Iterable[Depend]) -> Iterator[Row]:
    for depend in depends:
        if depend.type == "LAYER_ON_SIM_FRAME" and depend.edges is not None:  # Cuebot keeps its parts alone
            yield from (Row(depend, pair) for pair in range(len(depend.edges)))
        else:
            yield Row(depend)
