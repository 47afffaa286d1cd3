# SPDX-License-Identifier: Apache-2.0
"""The loop that runs a job on this machine. The scheduler decides, workers run; here they are brought together."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import Any

from ...exception import LaunchException
from ...frame_end import LOST_WORKER, STOPPED, EndedBy, FrameEnd
from ...frames import FrameSet
from ...logs import get_logger
from ...process import host_name
from ...scheduler import FrameState, LayerPlan
from ...scheduler.sizing import Portions
from .claim import TOUCH_SECONDS
from .journal import FrameRecord, JobRecord, Journal, RunEnd
from .limits import Limits
from .log import is_begun, read_end
from .observer import Observer
from .runner import Runner
from .signals import LAUNCHER_SIGNALS, pipe_of_signals
from .slot import Slot
from .wire import BACK, END, KILL, RUN

__all__ = ["RunLoop"]

logger = get_logger("outline.backend.local")


class RunLoop:
    """Runs a job from its first frame until nothing more can start.

    Owns the workers and the journal's writing end while ``__call__`` runs, in the thread that calls it.
    """

    def __init__(
        self,
        record: JobRecord,
        journal: Journal,
        runner: Runner,
        limits: Limits,
        *,
        observer: Observer | None = None,
        fail_fast: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job = record.job
        self.__record = record
        self.limits = limits
        self.__journal = journal
        self.__runner = runner
        self.__observer = observer or Observer()
        self.__fail_fast = fail_fast
        self.__clock = clock
        self.__selector = selectors.DefaultSelector()
        self.__slots: list[Slot] = []
        self.__idle: list[Slot] = []
        self.__begun: list[Slot] = []
        self.__cores = limits.cores
        self.__memory_kb = limits.memory_kb
        self.__portions = Portions()
        self.__unfinished: list[int] = []
        self.__stop: RunEnd | None = None
        self.__kill_at = self.__give_up_at = float("inf")
        self.__touch_at = 0.0
        self.__only_posts = False

    def __call__(self) -> RunEnd:
        """Run the job, and give why that ended.

        Raises:
            SessionException: The journal cannot be written any more; all frames were ended.
        """
        self.__journal.run(host_name(), self.limits.cores)
        self.__record.reason = ""
        self.__observer.begins(self)
        try:
            with pipe_of_signals() as pipe:
                self.__selector.register(pipe, selectors.EVENT_READ)
                self.__loop()
            self.__put_back()
            why = self.__stop or RunEnd.FAILED
            if self.job.succeeded and not self.__is_interrupted:
                why = RunEnd.DONE
            self.__journal.over(why, self.job.counts(), self.__record.reason)
            self.__record.over = why
            return why
        finally:
            self.__close()

    def __loop(self) -> None:
        while True:
            self.__fill()
            if not self.__busy_count and not self.__awaits_retries() and not self.__release_posts():
                return
            self.__wait()

    @property
    def __busy_count(self) -> int:
        return len(self.__slots) - len(self.__idle)

    @property
    def __is_interrupted(self) -> bool:
        return self.__stop is RunEnd.INTERRUPTED

    def __awaits_retries(self) -> bool:
        return not self.__stop and self.job.ready.wakes_at is not None

    def log_path(self, ref: int) -> str:
        """The path of a frame's log."""
        return self.__journal.paths.log(self.job.plan.name, self.job.frames.name(ref))

    def __release_posts(self) -> bool:
        """Let Post layers run once nothing else can; True when there is more to do."""
        if self.__is_interrupted or self.__stop is RunEnd.FULL_DISK or not self.job.release_posts():
            return False
        self.__only_posts = self.__stop is not None  # after fail-fast, what was stopped stays stopped
        self.__stop, self.__kill_at, self.__give_up_at = None, float("inf"), float("inf")
        self.job.ready.wake(float("inf"))
        return True

    def __fill(self) -> None:
        self.job.ready.wake(self.__clock())
        while not self.__stop:
            ref = self.job.next_ready(self.__cores, self.__memory_kb, only_posts=self.__only_posts)
            if ref is None:
                self.__hand_ahead()
                return
            self.__start(ref)

    def __start(self, ref: int) -> None:
        layer = self.job.layer(ref)
        slot = self.__idle.pop() if self.__idle else self.__new_slot()
        slot.cores, slot.memory_kb = layer.cores, layer.memory_kb
        self.__cores -= slot.cores
        self.__memory_kb -= slot.memory_kb
        refs = self.__batch(ref, layer)
        for one in refs:
            self.job.ready.reserve(one)
        self.__hand(slot, [refs] if layer.chunk_seconds else [[one] for one in refs])

    def __hand(self, slot: Slot, processes: list[list[int]]) -> None:
        """Give a worker the frames of processes, which are reserved, to run after those that it has."""
        slot.queue.extend(processes)
        slot.tell(RUN, [self.__request(refs) for refs in processes])
        if not slot.refs:
            self.__begin_next(slot)

    def __hand_ahead(self) -> None:
        """Give workers whose frames have just begun those that come after them.

        So a worker goes on without waiting for this loop, which hears of many short frames at once.
        """
        begun, self.__begun = [slot for slot in self.__begun if slot.refs], []
        for slot in begun:
            waiting = self.job.waiting - sum(len(refs) for one in self.__slots for refs in one.queue)
            room = self.__portions.ahead(self.job.layer(slot.refs[0]), waiting, self.__busy_count, len(slot.queue))
            processes: list[list[int]] = []
            for _ in range(room):
                cores, memory_kb = self.__cores + slot.cores, self.__memory_kb + slot.memory_kb
                ref = self.job.next_ready(cores, memory_kb, only_posts=self.__only_posts)
                if ref is None:
                    break
                layer = self.job.layer(ref)
                if (layer.cores, layer.memory_kb) != (slot.cores, slot.memory_kb) or layer.chunk_seconds:
                    break
                self.job.ready.reserve(ref)
                processes.append([ref])
            if processes:
                self.__hand(slot, processes)

    def __request(self, refs: list[int]) -> list[Any]:
        """What a worker needs to know to run frames that have not started; see ``watch.Request``."""
        layer, attempt = self.job.layer(refs[0]), self.job.tries(refs[0]) + 1
        memory_kb = layer.memory_kb or self.limits.frame_memory_kb
        frames = str(FrameSet(map(self.job.frames.number, refs))) if layer.chunk_seconds else ""
        limits = layer.time_limits(attempt, len(refs))
        return [layer.name, self.job.frames.number(refs[0]), attempt, layer.cores, memory_kb, *limits, frames]

    def __begin_next(self, slot: Slot) -> None:
        """Note that the frames of the next process of a worker begin, if there are any."""
        slot.refs = slot.queue.popleft() if slot.queue else []
        for ref in slot.refs:
            self.job.start(ref)
            layer, number = self.job.frames.layer_and_number(ref)
            attempt = self.job.tries(ref)
            self.__record.frames[ref] = FrameRecord(attempt, self.__journal.start(layer, number, attempt), None)
            self.__observer.started(ref)
        if slot.refs and self.__runner.runs_ahead and slot not in self.__begun:
            self.__begun.append(slot)

    def __batch(self, ref: int, layer: LayerPlan) -> list[int]:
        """The frames that one process takes, of a layer whose chunk is a length of time, or one message."""
        seconds = layer.chunk_seconds or self.__runner.batch_seconds
        if not seconds:
            return [ref]
        slots = int(self.limits.cores / layer.cores) if layer.cores else 1
        waiting = self.job.counts(layer.name)[FrameState.WAITING]
        return self.job.more_ready(ref, self.__portions.batch(layer, seconds, waiting, slots))

    def __new_slot(self) -> Slot:
        try:
            slot = Slot(self.__runner.new_worker())
        except OSError as error:
            raise LaunchException(f"the process that runs frames has ended: {error.strerror}") from error
        self.__selector.register(slot.sock, selectors.EVENT_READ, slot)
        self.__slots.append(slot)
        return slot

    def __wait(self) -> None:
        now = self.__clock()
        if now >= self.__kill_at:
            self.__kill_all("KILL")
        if now >= self.__give_up_at:
            self.__give_up()
        if now >= self.__touch_at:
            self.__journal.touch()
            self.__touch_at = now + TOUCH_SECONDS
        tick = self.__observer.tick()
        wakes_at = self.job.ready.wakes_at
        steps = [self.__kill_at, self.__give_up_at, self.__touch_at, float("inf") if wakes_at is None else wakes_at]
        next_step = min(steps) - now
        seconds = next_step if tick is None else min(next_step, tick)
        if not self.__busy_count and not self.__awaits_retries():
            return
        for key, _ in self.__selector.select(max(0.0, seconds)):
            if key.data in self.__slots:
                self.__hear(key.data)
            elif key.data is None:
                self.__interrupt(os.read(key.fd, 512))

    def __hear(self, slot: Slot) -> None:
        for message in slot.hear():
            if message is None:
                self.__lose(slot, LOST_WORKER)
            elif message[0] == END:
                for end in message[1]:
                    self.__end_process(slot, FrameEnd.from_dict(end))
            elif message[0] == BACK:
                self.__take_back(slot, message[1])
                self.__free_if_idle(slot)

    def __end_process(self, slot: Slot, end: FrameEnd) -> None:
        """Note how the process of a worker ended; its next one has begun, but none does where a disk is full."""
        if not slot.refs:
            self.__begin_next(slot)
        refs, slot.refs = slot.refs, []
        if end.ended_by is not EndedBy.FULL_DISK:
            self.__begin_next(slot)
        self.__free_if_idle(slot)
        self.__finish_all(refs, end)

    def __free_if_idle(self, slot: Slot) -> None:
        """Let others have the cores and the memory of a worker that has nothing to do any more."""
        if not slot.is_busy and slot not in self.__idle:
            self.__cores += slot.cores
            self.__memory_kb += slot.memory_kb
            self.__idle.append(slot)

    def __take_back(self, slot: Slot, number: int) -> None:
        """Let frames run elsewhere that a worker was handed ahead and has not begun: the next ``number`` processes."""
        for _ in range(number):
            for ref in slot.queue.popleft():
                self.job.ready.release(ref)

    def __lose(self, slot: Slot, end: FrameEnd) -> None:
        """Forget a worker that has died, and note how its frames ended: what it has not told, their logs tell."""
        while slot.refs and (told := self.__end_in_log(slot.refs[0])):
            self.__end_process(slot, told)
        self.__take_back(slot, len(slot.queue))
        self.__free_if_idle(slot)
        if slot.refs:
            self.__end_leftovers(slot.refs[0])
            if end.ended_by is EndedBy.ITSELF and not is_begun(self.log_path(slot.refs[0])):
                end = end._replace(ended_by=EndedBy.LOST_HOST)  # it had not begun, so it loses no try
            self.__end_process(slot, end)
        self.__idle.remove(slot)
        self.__slots.remove(slot)
        self.__selector.unregister(slot.sock)
        slot.sock.close()

    def __end_leftovers(self, ref: int) -> None:
        """End a frame that has perhaps outlived its worker."""
        from .leftovers import end_leftovers  # slow to import

        variables = {"CUE_JOB_ID": self.__record.job_id, "CUE_FRAME": self.job.frames.name(ref)}
        end_leftovers(self.log_path(ref), variables)

    def __end_in_log(self, ref: int) -> FrameEnd | None:
        attempt, end = read_end(self.log_path(ref)) or (0, None)
        return end if attempt == self.job.tries(ref) else None

    def __finish_all(self, refs: list[int], end: FrameEnd) -> None:
        """Note the end of a process; when it had several frames and failed, nobody knows whose fault that is."""
        layer = self.job.layer(refs[0])
        if end.is_good:
            self.__portions.note(layer, end.seconds / len(refs))
        if len(refs) > 1 and end.is_good:
            self.__link_logs(refs)
            end = end._replace(seconds=end.seconds / len(refs))
        elif len(refs) > 1 and end.ended_by not in (EndedBy.LAUNCHER, EndedBy.FULL_DISK):
            reason = f"failed among {len(refs)} frames that ran together, so each runs alone now: {end.reason}"
            end = end._replace(ended_by=EndedBy.BATCH, reason=reason)
        for ref in refs:
            self.__finish(ref, end)

    def __link_logs(self, refs: list[int]) -> None:
        """Let the frames that ran with the first one have its log, too."""
        first = os.path.basename(self.log_path(refs[0]))
        for ref in refs[1:]:
            try:
                os.symlink(first, self.log_path(ref))
            except OSError:  # there is one of an earlier run, or no room
                pass

    def __finish(self, ref: int, end: FrameEnd) -> None:
        if end.ended_by is EndedBy.FULL_DISK and self.__stop is not RunEnd.FULL_DISK:
            self.__record.reason = f"{self.job.frames.name(ref)}: {end.reason}"
            logger.error("a disk is full, so no more frames start: %s", self.__record.reason)
            self.__stop = self.__stop or RunEnd.FULL_DISK
            for slot in self.__slots:
                if slot.queue:
                    slot.tell(BACK)
        if self.__stop and end.ended_by in (EndedBy.LAUNCHER, EndedBy.FULL_DISK):
            self.__unfinished.append(ref)
            return
        state = self.job.finish(ref, end, self.__clock())
        record = self.__record.frames[ref]
        self.__record.frames[ref] = record._replace(end=end)
        self.__journal.end(*self.job.frames.layer_and_number(ref), record.attempt, state, end)
        self.__observer.ended(ref, state, end)
        if state is FrameState.DEAD and self.__fail_fast and not self.__stop:
            self.__stop = RunEnd.FAILED
            self.__kill_all("TERM")

    def __put_back(self) -> None:
        """Let frames that were stopped be as if they had never started; a resume starts them."""
        for ref in self.__unfinished:
            self.job.restore(ref, FrameState.WAITING, self.job.tries(ref) - 1)
        if self.__unfinished:
            self.job.settle()

    def __interrupt(self, numbers: bytes) -> None:
        if not any(number in LAUNCHER_SIGNALS for number in numbers):
            return
        hard = self.__is_interrupted
        self.__stop = RunEnd.INTERRUPTED
        self.__observer.stopping(hard)
        self.__kill_all("KILL" if hard else "TERM")

    def __kill_all(self, how: str) -> None:
        now = self.__clock()
        self.__kill_at = now + self.limits.grace_seconds if how == "TERM" else float("inf")
        self.__give_up_at = float("inf") if how == "TERM" else now + _ANSWER_SECONDS
        for slot in self.__slots:
            if slot.is_busy:
                slot.tell(KILL, how, self.limits.grace_seconds)

    def __give_up(self) -> None:
        """End frames whose workers do not answer, and the workers: they are stopped, or wait for a disk that hangs."""
        self.__give_up_at = float("inf")
        for slot in [slot for slot in self.__slots if slot.is_busy]:
            if slot.pid:
                os.kill(slot.pid, signal.SIGKILL)
            self.__lose(slot, STOPPED._replace(reason="its worker did not answer"))

    def __close(self) -> None:
        self.__selector.close()
        for slot in self.__slots:
            slot.sock.close()  # the worker kills its frame, if it still has one, and ends
        self.__runner.close()


_ANSWER_SECONDS = 3.0
