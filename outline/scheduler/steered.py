# SPDX-License-Identifier: Apache-2.0
"""A job that a farm steers while it runs: held, reordered, changed, its dependencies dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .edges import LayerNeed
from .job import JobState
from .plan import DependPlan, JobPlan, LayerPlan
from .ready import ReadyQueue, inverse
from .states import FrameState

__all__ = ["SteeredJob"]

_CODES = list(FrameState)
_WAITING, _SUCCEEDED, _EATEN = map(_CODES.index, (FrameState.WAITING, FrameState.SUCCEEDED, FrameState.EATEN))
_DONE = (FrameState.SUCCEEDED, FrameState.EATEN)


class SteeredJob(JobState):
    """The frames of a job on a farm.

    What is added to ``JobState`` are facts from outside of the job: a hold on a layer or a frame, a dependency that
    somebody dropped, a frame that counts as done for those that wait for it. They stay until they are taken back, and
    whoever saves the states of the frames saves them as well.
    """

    def __init__(self, plan: JobPlan, *, eaten_satisfies: bool = False) -> None:
        """Expand a plan; a frame may be lost any number of times."""
        self._layer_holds: Counter[int] = Counter()
        self._frame_holds: Counter[int] = Counter()
        self._dropped: set[int] = set()
        self._marked: dict[int, set[int]] = {}
        self._freed: set[int] = set()
        self._orders: dict[int, Sequence[int]] = {}
        self._ranks: dict[int, Sequence[int]] = {}
        super().__init__(plan, eaten_satisfies=eaten_satisfies, max_losses=None)

    # -- asking ------------------------------------------------------------------------------------------------

    def next_admitted(self, admits: Callable[[LayerPlan], bool]) -> int | None:
        """Return the frame to start now, in the farm's order, among those of layers that are admitted, or None.

        Args:
            admits: Tells whether there is room for a frame of the layer; asked once for layers with the same needs.
        """
        return self._queue.first_admitted(admits)

    @property
    def waiting(self) -> int:
        """How many frames may start."""
        return sum(row[_WAITING] for row in self._counts)

    def is_alive(self, ref: int) -> bool:
        """Tell whether a process works on a frame; one that was eaten may still have one."""
        return ref in self._alive

    def running(self) -> list[int]:
        """Return the frames that are RUNNING, with or without a process."""
        return [ref for ref in self._alive if self.state(ref) is FrameState.RUNNING]

    def place(self, ref: int) -> int:
        """Return a frame's place in the order of its layer, from 0 on."""
        number = self._layer_of[ref]
        place = ref - self._base[number]
        ranks = self._ranks.get(number)
        return int(place if ranks is None else ranks[place])

    def order(self, layer: str) -> list[int]:
        """Return the frames of a layer in the order in which they shall start."""
        number, base = self._index[layer], self._base[self._index[layer]]
        return [base + place for place in self._orders.get(number, range(len(self.refs(layer))))]

    def is_met(self, depend: int) -> bool:
        """Tell whether a dependency of the plan holds nothing back any more."""
        if depend in self._dropped:
            return True
        plan = self.plan.depends[depend]
        needs = self._needs_met(self._index[plan.on])
        if plan.any_frame:
            return needs[LayerNeed.ANY]
        is_frame_wise = plan.type in ("FRAME_BY_FRAME", "PREVIOUS_FRAME", "LAYER_ON_SIM_FRAME")
        return needs[LayerNeed.ALL_SUCCEEDED if is_frame_wise and not self._eaten_satisfies else LayerNeed.ALL_DONE]

    def is_satisfied(self, ref: int) -> bool:
        """Tell whether a frame counts as done for those that wait for it."""
        return self._satisfies(ref)

    def is_marked(self, ref: int) -> bool:
        """Tell whether somebody has let a frame count as done."""
        return ref in self._marked.get(self._layer_of[ref], ())

    def offers(self, layer: str, need: LayerNeed) -> bool:
        """Tell whether a layer has what others may wait for."""
        return self._needs_met(self._index[layer])[need]

    def state_codes(self) -> bytes:
        """Return one byte for each frame, which is another one when its state is another one."""
        return bytes(self._states)

    # -- holding -----------------------------------------------------------------------------------------------

    def hold_layer(self, layer: str) -> None:
        """Let no frame of a layer start; holds add up."""
        self._add_layer_hold(layer, 1)

    def release_layer(self, layer: str) -> None:
        """Take back one hold on a layer."""
        self._add_layer_hold(layer, -1)

    def _add_layer_hold(self, layer: str, change: int) -> None:
        number = self._index[layer]
        self._layer_holds[number] += change
        self._layer_waits[number] += change
        self._wake_layer(number)

    def hold_frame(self, ref: int) -> None:
        """Let a frame not start; holds add up."""
        self._add_frame_hold(ref, 1)

    def release_frame(self, ref: int) -> None:
        """Take back one hold on a frame."""
        self._add_frame_hold(ref, -1)

    def _add_frame_hold(self, ref: int, change: int) -> None:
        self._frame_holds[ref] += change
        self._waits[ref] += change
        self._wake(ref)

    def free(self, refs: Iterable[int]) -> None:
        """Let frames start whatever they wait for."""
        for ref in refs:
            self._freed.add(ref)
            self._wake(ref)

    def bind(self, refs: Iterable[int]) -> None:
        """Take back that frames may start whatever they wait for."""
        for ref in refs:
            self._freed.discard(ref)
            self._wake(ref)

    def mark_done(self, refs: Iterable[int]) -> None:
        """Let frames count as done for those that wait for them; their own states stay."""
        numbers = set()
        for ref in refs:
            number = self._layer_of[ref]
            numbers.add(number)
            was_satisfied = self._satisfies(ref)
            self._marked.setdefault(number, set()).add(ref)
            if not was_satisfied:
                self._tell_frames(ref, number, -1)
        for number in numbers:
            self._tell_layers(number)

    def unmark(self, refs: Iterable[int]) -> None:
        """Take back that frames count as done."""
        numbers = set()
        for ref in refs:
            number = self._layer_of[ref]
            if not self.is_marked(ref):
                continue
            numbers.add(number)
            self._marked[number].discard(ref)
            if not self._satisfies(ref):
                self._tell_frames(ref, number, 1)
        for number in numbers:
            self._tell_layers(number)

    # -- changing ----------------------------------------------------------------------------------------------

    def add_depend(self, depend: DependPlan) -> int:
        """Add a dependency between two layers and return its number."""
        self.plan = self.plan._replace(depends=(*self.plan.depends, depend))
        self._depends_changed()
        return len(self.plan.depends) - 1

    def drop_depends(self, depends: Iterable[int]) -> None:
        """Let dependencies of the plan, by their numbers, hold nothing back any more."""
        before = len(self._dropped)
        self._dropped.update(depends)
        if len(self._dropped) != before:
            self._depends_changed()

    def restore_depend(self, depend: int) -> None:
        """Take back that a dependency was dropped."""
        self._dropped.discard(depend)
        self._depends_changed()

    def change_layer(self, layer: str, **changes: Any) -> None:
        """Give a layer other needs: fields of ``LayerPlan`` without ``name``, ``frames`` and ``chunk``."""
        number = self._index[layer]
        layers = list(self.plan.layers)
        layers[number] = layers[number]._replace(**changes)
        self.plan = self.plan._replace(layers=tuple(layers))
        self._refill_queue()

    def change(self, **changes: Any) -> None:
        """Change fields of the plan: ``max_retries`` and ``autoeat``."""
        self.plan = self.plan._replace(**changes)

    def reorder(self, layer: str, refs: Sequence[int]) -> None:
        """Let the frames of a layer start in another order.

        Args:
            layer: The layer.
            refs: All its frames, each once.
        """
        number = self._index[layer]
        self._orders[number] = [ref - self._base[number] for ref in refs]
        self._ranks[number] = inverse(self._orders[number])
        self._refill_queue()

    def adopt(self, ref: int) -> None:
        """Note that a process works on a frame, RUNNING or EATEN, that was started in an earlier life of the farm."""
        self._alive.add(ref)

    def resettle(self) -> None:
        """Work out anew who waits for whom, while frames run."""
        alive, again = self._alive, set(self._again)
        self.settle()
        self._alive |= alive
        self._again |= again

    def settle(self) -> None:
        """Work out from states, holds and marks who waits for whom; linear in frames and edges."""
        super().settle()
        touched = set()
        for number, holds in self._layer_holds.items():
            self._layer_waits[number] += holds
            touched.add(number)
        for ref, holds in self._frame_holds.items():
            self._waits[ref] += holds
            self._wake(ref)
        for number in touched:
            self._wake_layer(number)
        for ref in self._freed:
            self._wake(ref)

    def _depends_changed(self) -> None:
        self._make_edges()
        self.resettle()

    def _refill_queue(self) -> None:
        self._queue = self._make_queue()
        for number, layer in enumerate(self.plan.layers):
            base = self._base[number]
            waiting = (ref - base for ref in self.refs(layer.name) if self.state(ref) is FrameState.WAITING)
            self._queue.fill(number, waiting)

    # -- what the rules of JobState are told -----------------------------------------------------------------------

    def _active_depends(self) -> Sequence[DependPlan]:
        return [depend for number, depend in enumerate(self.plan.depends) if number not in self._dropped]

    def _make_queue(self) -> ReadyQueue:
        return ReadyQueue(self.plan.layers, self._base, self._states, _WAITING, self._orders)

    def _satisfies(self, ref: int) -> bool:
        return super()._satisfies(ref) or self.is_marked(ref)

    def _may_start(self, ref: int) -> bool:
        return super()._may_start(ref) or ref in self._freed

    def _needs_met(self, number: int) -> tuple[bool, bool, bool]:
        marked = self._marked.get(number)
        if not marked:
            return super()._needs_met(number)
        row, size = self._counts[number], self._base[number + 1] - self._base[number]
        states = [self.state(ref) for ref in marked]
        succeeded = row[_SUCCEEDED] + sum(state is not FrameState.SUCCEEDED for state in states)
        done = row[_SUCCEEDED] + row[_EATEN] + sum(state not in _DONE for state in states)
        satisfied = done if self._eaten_satisfies else succeeded
        return done == size, satisfied == size, satisfied > 0 or done == size
