# SPDX-License-Identifier: Apache-2.0
"""A job that a farm steers while it runs: it holds, reorders and changes frames, and collects every move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from .job import JobState
from .plan import JobPlan, LayerPlan
from .ready import ReadyQueue, inverse
from .states import FrameState, Signal

__all__ = ["Move", "SteeredJob"]

_CODES = list(FrameState)
_WAITING, _DEPEND, _SUCCEEDED, _DEAD = map(
    _CODES.index, (FrameState.WAITING, FrameState.DEPEND, FrameState.SUCCEEDED, FrameState.DEAD)
)


class Move(NamedTuple):
    """A frame went from one state to another."""

    ref: int
    before: FrameState
    after: FrameState


class SteeredJob(JobState):
    """The frames of a job on a farm. The farm keeps the dependencies.

    A hold stops a frame, or all of a layer, from starting. The caller adds one hold for each reason. As on Cuebot, a
    finished frame that gets a hold goes back to DEPEND and runs again. A caller that saves the states of the frames
    must make the holds again after ``settle``.
    """

    def __init__(self, plan: JobPlan, *, keeps_tries: bool = False) -> None:
        """Expand a plan. A frame may be lost any number of times.

        Args:
            plan: The job, without dependencies.
            keeps_tries: A retried frame has only its remaining tries.
        """
        self._keeps_tries = keeps_tries
        self._freed: set[int] = set()
        self._orders: dict[int, Sequence[int]] = {}
        self._ranks: dict[int, Sequence[int]] = {}
        self._moves: list[Move] = []
        super().__init__(plan, max_losses=None)

    # -- asking ------------------------------------------------------------------------------------------------

    def next_admitted(self, admits: Callable[[LayerPlan], bool]) -> int | None:
        """The next frame to start, in the farm's order, from the admitted layers. None when there is none.

        Args:
            admits: Returns whether there is room for a frame of the layer. Called once for layers with the same needs.
        """
        return self._queue.first_admitted(admits)

    def take_moves(self) -> list[Move]:
        """All moves since the last call, in their order."""
        moves, self._moves = self._moves, []
        return moves

    @property
    def waiting(self) -> int:
        """The number of frames that may start."""
        return sum(row[_WAITING] for row in self._counts)

    def is_alive(self, ref: int) -> bool:
        """Whether a process renders a frame. An eaten frame may still have one."""
        return ref in self._alive

    def running(self) -> list[int]:
        """The frames that are RUNNING, with or without a process."""
        return [ref for ref in self._alive if self.state(ref) is FrameState.RUNNING]

    def place(self, ref: int) -> int:
        """A frame's position in the order of its layer, counted from 0."""
        number = self._layer_of[ref]
        place = ref - self._base[number]
        ranks = self._ranks.get(number)
        return int(place if ranks is None else ranks[place])

    def order(self, layer: str) -> list[int]:
        """The frames of a layer in start order."""
        number, base = self._index[layer], self._base[self._index[layer]]
        return [base + place for place in self._orders.get(number, range(len(self.refs(layer))))]

    def is_layer_done(self, layer: str) -> bool:
        """Every frame of the layer is SUCCEEDED or EATEN."""
        return self._needs_met(self._index[layer])[0]

    # -- holding -----------------------------------------------------------------------------------------------

    def hold_layer(self, layer: str) -> None:
        """Stop all frames of a layer from starting. Holds add up."""
        self._add_layer_hold(layer, 1)

    def release_layer(self, layer: str) -> None:
        """Remove one hold from a layer."""
        self._add_layer_hold(layer, -1)

    def _add_layer_hold(self, layer: str, change: int) -> None:
        number = self._index[layer]
        self._layer_waits[number] += change
        self._wake_layer(number)

    def hold_frames(self, refs: Iterable[int]) -> None:
        """Stop frames from starting. Holds add up."""
        for ref in refs:
            self._waits[ref] += 1
            self._wake(ref)

    def release_frames(self, refs: Iterable[int]) -> None:
        """Remove one hold from each frame."""
        for ref in refs:
            self._waits[ref] -= 1
            self._wake(ref)

    def free(self, refs: Iterable[int]) -> None:
        """Let frames start despite their holds."""
        for ref in refs:
            self._freed.add(ref)
            self._wake(ref)

    def bind(self, refs: Iterable[int]) -> None:
        """Undo ``free``: holds stop these frames again."""
        for ref in refs:
            self._freed.discard(ref)
            self._wake(ref)

    @property
    def freed(self) -> frozenset[int]:
        """The frames that may start despite their holds."""
        return frozenset(self._freed)

    # -- changing ----------------------------------------------------------------------------------------------

    def retry(self, ref: int) -> None:
        """Let a frame run again. See ``JobState.retry`` and ``keeps_tries``."""
        tries = self._tries[ref]
        super().retry(ref)
        if self._keeps_tries:
            self._tries[ref] = tries

    def change_layer(self, layer: str, **changes: Any) -> None:
        """Change fields of a layer's ``LayerPlan``, except ``name``, ``frames`` and ``chunk``."""
        number = self._index[layer]
        layers = list(self.plan.layers)
        layers[number] = layers[number]._replace(**changes)
        self.plan = self.plan._replace(layers=tuple(layers))
        self._refill_queue()

    def change(self, **changes: Any) -> None:
        """Change fields of the plan: ``max_retries`` and ``autoeat``."""
        self.plan = self.plan._replace(**changes)

    def reorder(self, layer: str, refs: Sequence[int]) -> None:
        """Change the start order of a layer's frames.

        Args:
            layer: The layer.
            refs: All its frames, each once.
        """
        number = self._index[layer]
        self._orders[number] = [ref - self._base[number] for ref in refs]
        self._ranks[number] = inverse(self._orders[number])
        self._refill_queue()

    def adopt(self, ref: int) -> None:
        """Record the process of a RUNNING or EATEN frame that started before the farm restarted."""
        self._alive.add(ref)

    def _refill_queue(self) -> None:
        self._queue = self._make_queue()
        for number, layer in enumerate(self.plan.layers):
            base = self._base[number]
            waiting = (ref - base for ref in self.refs(layer.name) if self.state(ref) is FrameState.WAITING)
            self._queue.fill(number, waiting)

    # -- input for the rules of JobState ---------------------------------------------------------------------------

    def _make_queue(self) -> ReadyQueue:
        return ReadyQueue(self.plan.layers, self._base, self._states, _WAITING, self._orders, self._delayed)

    def _may_start(self, ref: int) -> bool:
        return super()._may_start(ref) or ref in self._freed

    def _move(self, ref: int, signal: Signal) -> None:
        before = self.state(ref)
        super()._move(ref, signal)
        self._moves.append(Move(ref, before, self.state(ref)))

    def _wake(self, ref: int) -> None:
        """Make a frame DEPEND or WAITING, whichever applies. A finished frame counts as waiting."""
        code = self._states[ref]
        if code == _DEPEND:
            if self._may_start(ref):
                self._move(ref, Signal.SATISFIED)
        elif code in (_WAITING, _SUCCEEDED, _DEAD) and not self._may_start(ref):
            self._move(ref, Signal.UNSATISFIED)

    def _hold_back(self, ref: int) -> None:
        self._wake(ref)
