# SPDX-License-Identifier: Apache-2.0
"""The dependencies of a farm, found by either end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

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
        self._at: dict[tuple[str, str, str | int], list[Depend]] = {}
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

    def on_frames(self, job: Job, refs: Collection[int]) -> list[Row]:
        """The dependencies on exactly these frames, with pairs."""
        found = [row for ref in refs for row in self.on_single(job, ref)]
        for number in sorted({job.layer_of(ref) for ref in refs}):
            for one in self._at_layer(job, job.layers[number].name, _PAIRS):
                found += [Row(one, pair) for pair in one.edges.on_any(refs)] if one.edges is not None else []
        return found

    def of_end(self, end: End) -> list[Row]:
        """All dependencies of a frame, of a layer and its frames, or of a job itself."""
        return self.of_frame(end.job, end.ref) if end.ref >= 0 else self.of(end.job.id, end.layer_name)

    def on_end(self, end: End) -> list[Row]:
        """All dependencies on a frame, on a layer and its frames, or on a job and all that is in it."""
        return self.on_frames(end.job, [end.ref]) if end.ref >= 0 else self.on(end.job.id, end.layer_name or None)

    def droppable(self, end: End) -> list[Row]:
        """The dependencies of an end that clients can drop: its own, and all that are in a job."""
        if end.kind == "JOB":
            return self.of(end.job.id)
        if end.kind == "LAYER":
            return [row for row in self.of_end(end) if row.depend.er_ref < 0]
        return [row for row in self.of_end(end) if row.er_ref == end.ref]

    def on_single(self, job: Job, ref: int) -> list[Row]:
        """The dependencies on exactly this frame that are no pairs."""
        return [Row(one) for one in self._at_layer(job, job.state.layer(ref).name, ref)]

    def pairs_on(self, job: Job, ref: int) -> list[tuple[Depend, range]]:
        """The dependencies with pairs in which a frame is waited for, and the numbers of these pairs."""
        at = self._at_layer(job, job.state.layer(ref).name, _PAIRS)
        return [(one, one.edges.of_on(ref)) for one in at if one.edges is not None]

    def on_any(self, job: Job, layer: str) -> list[Row]:
        """The dependencies on the first frame of a layer that succeeds."""
        return [Row(one) for one in self._at_layer(job, layer, _ANY)]

    def on_whole(self, job: Job, layer: str) -> list[Row]:
        """The dependencies on a layer as a whole, or on the whole job if the name is empty."""
        return [*self.on_any(job, layer), *(Row(one) for one in self._at_layer(job, layer, _WHOLE))]

    def _at_layer(self, job: Job, layer: str, part: str | int) -> Sequence[Depend]:
        return self._at.get((job.id, layer, part), ())

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
        for one in self._at.get((depend.on_job, depend.on_layer, _PAIRS), ()):
            if one.layers == depend.layers:
                yield set(one.signatures(one.active_pairs()))


#: What is waited for in a layer, if it is not one frame: frames by pairs, the first that succeeds, or all of them.
_PAIRS, _ANY, _WHOLE = "pairs", "any", "whole"


def _place(depend: Depend) -> tuple[str, str, str | int]:
    """What is waited for, as the key of an index: the job, the layer, and a part of it."""
    part = _PAIRS if depend.edges is not None else _ANY if depend.any_frame else _WHOLE
    return depend.on_job, depend.on_layer, depend.on_ref if depend.on_ref >= 0 and part != _PAIRS else part


def _whole(depends: Iterable[Depend]) -> Iterator[Row]:
    for depend in depends:
        if depend.type == "LAYER_ON_SIM_FRAME" and depend.edges is not None:  # Cuebot keeps its parts alone
            yield from (Row(depend, pair) for pair in range(len(depend.edges)))
        else:
            yield Row(depend)
