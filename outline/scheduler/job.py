# SPDX-License-Identifier: Apache-2.0
"""The state of all frames of one job, and the decisions about them, without clocks, processes, files and networks."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any

from ..frame_end import FrameEnd
from ..frames import FrameSet
from .exits import is_blameless, meaning_of
from .job_frames import JobFrames
from .plan import JobPlan, LayerPlan
from .ready import ReadyQueue
from .states import MOVES, FrameState, IllegalMove, Move, Signal
from .waits import Waits

__all__ = ["JobState"]

_STATES = tuple(FrameState)
_CODE = {state: code for code, state in enumerate(_STATES)}
_WAITING, _DEPEND, _RUNNING, _SUCCEEDED, _DEAD, _EATEN = (_CODE[state] for state in _STATES)


class JobState:
    """The states of all frames of a job.

    The caller reports events by method calls, and asks ``next_ready``, or ``ready``, what to start. Used from one
    thread.

    Attributes:
        plan: The job, with later changes.
        frames: What never changes: the frames' numbers, by which all else knows them, and their names.
        waits: What each frame waits for.
        ready: The frames that may start, and in which order.
    """

    def __init__(
        self,
        plan: JobPlan,
        *,
        max_losses: int | None = 3,
        moved: Callable[[Move], None] | None = None,
        freed: set[int] | None = None,
        finished_wait_again: bool = False,
        keeps_tries: bool = False,
    ) -> None:
        """Expand a plan.

        Args:
            plan: The job.
            max_losses: How many losses in a row make a frame DEAD. None for no limit.
            moved: Called with every move of a frame, in their order.
            freed: The frames that may start whatever they wait for. The caller may keep and save it.
            finished_wait_again: A finished frame that gets something to wait for is DEPEND and runs again.
            keeps_tries: A retried frame has only its remaining tries.
        """
        self.plan = plan
        self._max_losses, self._keeps_tries, self._moved = max_losses, keeps_tries, moved
        self._waiting_again = (_WAITING, _SUCCEEDED, _DEAD) if finished_wait_again else (_WAITING,)
        self.frames = JobFrames(plan.layers)
        self._states = bytearray(len(self.frames))
        self._tries = array("l", [0]) * len(self.frames)
        self._losses: dict[int, int] = {}
        self._again: set[int] = set()
        self.ready = ReadyQueue(self.frames, self._states, _WAITING)
        self.waits = Waits(plan, self.frames.base, set() if freed is None else freed)
        self._posts_released = False
        self.settle()

    def layer(self, ref: int) -> LayerPlan:
        """The layer of a frame."""
        return self.plan.layers[self.frames.layer_of[ref]]

    def state(self, ref: int) -> FrameState:
        """The state of a frame."""
        return _STATES[self._states[ref]]

    def tries(self, ref: int) -> int:
        """How often a frame has started, without the starts that do not count."""
        return self._tries[ref]

    def counts(self, layer: str | None = None) -> dict[FrameState, int]:
        """How many frames are in each state, of one layer or of the job."""
        if layer is not None:
            return dict(zip(_STATES, self._counts[self.frames.layers[layer]], strict=True))
        return dict(zip(_STATES, map(sum, zip(*self._counts, strict=True)), strict=True)) if self._counts else {}

    def ranges(self, layer: str) -> dict[FrameState, FrameSet]:
        """The frame numbers of a layer's chunks by state."""
        found: dict[FrameState, list[int]] = {state: [] for state in _STATES}
        for head, ref in zip(self.frames.heads[self.frames.layers[layer]], self.frames.refs(layer), strict=True):
            found[self.state(ref)].append(head)
        return {state: FrameSet(heads) for state, heads in found.items()}

    def is_layer_done(self, layer: str) -> bool:
        """Whether every frame of a layer is SUCCEEDED or EATEN."""
        row = self._counts[self.frames.layers[layer]]
        return row[_SUCCEEDED] + row[_EATEN] == sum(row)

    @property
    def waiting(self) -> int:
        """The number of frames that may start."""
        return sum(row[_WAITING] for row in self._counts)

    def is_alive(self, ref: int) -> bool:
        """Whether a process renders a frame. An eaten frame may still have one."""
        return ref in self._alive

    @property
    def succeeded(self) -> bool:
        """Whether every frame is SUCCEEDED or EATEN."""
        return all(row[_SUCCEEDED] + row[_EATEN] == sum(row) for row in self._counts)

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing may start."""
        return not self._alive and not self.waiting

    def next_ready(self, idle_cores: float, idle_memory_kb: int, *, only_posts: bool = False) -> int | None:
        """The frame to start now, in the farm's order, or None when no waiting frame has room. See ``ReadyQueue``.

        Args:
            idle_cores: Free cores. A frame that needs more than the machine has waits for ever: see ``JobPlan.fitted``.
            idle_memory_kb: Free memory.
            only_posts: Start only Post layers, for a job that was stopped early.
        """
        return self.ready.first(idle_cores, idle_memory_kb, only_posts=only_posts, is_busy=bool(self._alive))

    def more_ready(self, ref: int, most: int) -> list[int]:
        """A ready frame, and those after it that may run with it: ``most`` in all, up to the first that was tried."""
        end = min(ref + most, self.frames.refs_of(self.frames.layer_of[ref]).stop)
        found = []
        for other in range(ref, end):
            if other in self._losses or self._tries[other] or not self.ready.may_start(other):
                break
            found.append(other)
        return found or [ref]

    def start(self, ref: int) -> None:
        """Record that a process started for a frame."""
        self._move(ref, Signal.STARTED)
        self._tries[ref] += 1
        self._alive.add(ref)
        self.ready.started(ref)

    def finish(self, ref: int, end: FrameEnd, now: float = 0.0) -> FrameState:
        """Record that a frame's process ended. Returns the frame's new state.

        A frame that somebody ate meanwhile stays EATEN. One that somebody retried meanwhile may start again, however
        the process ended. One that failed at ``now``, in seconds, waits for its layer's retry delay and to be woken.
        """
        tries, losses = self._tries[ref], self._losses.get(ref, 0)
        signal = meaning_of(end, self.plan, self.layer(ref), tries=tries, losses=losses, max_losses=self._max_losses)
        if ref not in self._alive:
            raise IllegalMove(self.frames.name(ref), self.state(ref), signal)
        self._alive.discard(ref)
        if ref in self._again:
            self._again.discard(ref)
            self.retry(ref)
            return self.state(ref)
        if not is_blameless(end):
            self._losses.pop(ref, None)
        elif signal is Signal.EXITED_BAD:
            self._losses[ref] = losses + 1
            self._tries[ref] -= 1
        if signal is Signal.EXITED_BAD and not is_blameless(end) and self.layer(ref).retry_delay_seconds:
            self.ready.delay(ref, now + self.layer(ref).retry_delay_seconds)
        self._move(ref, signal)
        self._wake(ref)  # it may wait for more than when it started
        return self.state(ref)

    def eat(self, ref: int) -> None:
        """Give up a frame on purpose. A frame that succeeded stays as it is.

        A running frame is EATEN at once, as on the farm. The caller then kills its process and calls ``finish``.
        """
        self._again.discard(ref)
        self.ready.release(ref)
        if self._states[ref] not in (_SUCCEEDED, _EATEN):
            self._move(ref, Signal.EATEN)

    def retry(self, ref: int) -> None:
        """Let a frame run again, with all its tries. Frames that depend on it and have not started wait again.

        Nothing changes while its process runs. The caller kills the process, and the frame may start again after
        ``finish``.
        """
        if ref in self._alive:
            self._again.add(ref)
            return
        self._move(ref, Signal.RETRIED)
        self._tries[ref] = self._tries[ref] if self._keeps_tries else 0
        self._losses.pop(ref, None)
        self._wake(ref)

    def release_posts(self) -> bool:
        """Let the frames of Post layers start; False when they could already."""
        if self._posts_released:
            return False
        self._posts_released = True
        for layer in self.plan.layers:
            if layer.type == "Post":
                self.hold_layer(layer.name, -1)
        return True

    def adopt(self, ref: int) -> None:
        """Record the process of a RUNNING or EATEN frame that started before the state was restored."""
        self._alive.add(ref)

    def restore(self, ref: int, state: FrameState, tries: int) -> None:
        """Put a frame into a saved state. Call ``settle`` after the last frame."""
        self._states[ref] = _CODE[state]
        self._tries[ref] = tries

    def settle(self) -> None:
        """Recompute from the states alone who waits for whom. Linear in frames and edges."""
        counts = []
        for number in range(len(self.plan.layers)):
            refs = self.frames.refs_of(number)
            part = self._states[refs.start : refs.stop]
            counts.append([part.count(code) for code in range(len(_STATES))])
        self._counts = counts
        held = [int(layer.type == "Post" and not self._posts_released) for layer in self.plan.layers]
        self.waits.count(counts, lambda ref: self._states[ref] == _SUCCEEDED, held)
        self._alive = (
            {ref for ref in self.frames if self._states[ref] == _RUNNING}
            if any(row[_RUNNING] for row in counts)
            else set()
        )
        self._again.clear()
        self.hold_from_start((), ())

    def hold_from_start(self, layers: Iterable[str], refs: Iterable[int]) -> None:
        """Hold layers and frames before anybody has seen their states: they become DEPEND, and none has moved."""
        for layer in layers:
            self.waits.layers[self.frames.layers[layer]] += 1
        for ref in refs:
            self.waits.frames[ref] += 1
        for number in range(len(self.plan.layers)):
            self._settle_layer(number)
        self.ready.fill(self.plan.layers)

    def _settle_layer(self, number: int) -> None:
        blocked, waits, freed, row = (
            self.waits.layers[number] > 0,
            self.waits.frames,
            self.waits.freed,
            self._counts[number],
        )
        for ref in self.frames.refs_of(number):
            code = self._states[ref]
            if (blocked or waits[ref]) and ref not in freed:
                now = _DEPEND if code in self._waiting_again else code
            else:
                now = _WAITING if code == _DEPEND else code
            if now != code:
                self._states[ref] = now
                row[code] -= 1
                row[now] += 1

    def hold_layer(self, layer: str, count: int = 1) -> None:
        """Stop all frames of a layer from starting. Holds add up, -1 removes one, and ``settle`` removes all."""
        number = self.frames.layers[layer]
        self.waits.layers[number] += count
        self._wake_layer(number)

    def hold_frames(self, refs: Iterable[int], count: int = 1) -> None:
        """Stop frames from starting. Holds add up, -1 removes one, and ``settle`` removes all."""
        for ref in refs:
            self.waits.frames[ref] += count
            self._wake(ref)

    def free(self, refs: Iterable[int]) -> None:
        """Let frames start whatever they wait for."""
        for ref in refs:
            self.waits.freed.add(ref)
            self._wake(ref)

    def bind(self, refs: Iterable[int]) -> None:
        """Undo ``free``."""
        for ref in refs:
            self.waits.freed.discard(ref)
            self._wake(ref)

    def change(self, layer: str = "", **changes: Any) -> None:
        """Change fields of the plan of a layer, or of the job: what does not make other frames."""
        if layer:
            layers = (one._replace(**changes) if one.name == layer else one for one in self.plan.layers)
            changes = {"layers": tuple(layers)}
        self.plan = self.plan._replace(**changes)
        self.ready.fill(self.plan.layers)

    def _move(self, ref: int, signal: Signal) -> None:
        code = self._states[ref]
        before = _STATES[code]
        after = MOVES.get((before, signal))
        if after is None:
            raise IllegalMove(self.frames.name(ref), before, signal)
        now = self._states[ref] = _CODE[after]
        number, place = self.frames.place(ref)
        row = self._counts[number]
        row[code] -= 1
        row[now] += 1
        if self._moved is not None:
            self._moved(Move(ref, before, after))
        if now == _WAITING:
            self.ready.add(ref)
        if (code == _SUCCEEDED) != (now == _SUCCEEDED):
            for other in self.waits.frame_changed(number, place, -1 if now == _SUCCEEDED else 1):
                self._wake(other)
        if self.waits.is_awaited(number):
            for layer in self.waits.layer_changed(number, row):
                self._wake_layer(layer)

    def _wake_layer(self, number: int) -> None:
        for ref in self.frames.refs_of(number):
            self._wake(ref)

    def _wake(self, ref: int) -> None:
        """Make a frame DEPEND or WAITING, whichever applies, if it does not run and has not ended."""
        code, waits = self._states[ref], self.waits
        may_start = not (waits.frames[ref] or waits.layers[self.frames.layer_of[ref]]) or ref in waits.freed
        if may_start and code == _DEPEND:
            self._move(ref, Signal.SATISFIED)
        elif not may_start and code in self._waiting_again:
            self._move(ref, Signal.UNSATISFIED)
