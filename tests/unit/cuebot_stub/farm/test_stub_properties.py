# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a farm, in whatever order: the books agree, nothing runs twice, and a restart changes nothing."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cuebot_stub.farm import changing, holds, steering
from cuebot_stub.farm.depend import End, Row
from cuebot_stub.farm.errors import CannotDo
from cuebot_stub.farm.holds import connect, satisfy, unsatisfy
from cuebot_stub.farm.job import Job
from cuebot_stub.farm.losing import lose_proc
from cuebot_stub.farm.procs import Usage
from outline.scheduler import FrameState
from tests.fakes.farm import FakeFarm
from tests.fakes.saved_farm import picture
from tests.specs import depend, layer

CORES, MOST_JOBS = 3, 5
NUMBER = st.integers(0, 10**6)
KINDS = ["FRAME_BY_FRAME", "LAYER_ON_LAYER", "PREVIOUS_FRAME"]


class FarmMachine(RuleBasedStateMachine):
    """A farm in a file, with two hosts; a rule is something that a person, a process or the time does."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.fake = FakeFarm(self.folder / "farm.db", launch_grace_seconds=0.4)
        self.fake.add_host("node1", cores=2)
        self.fake.add_host("node2", cores=CORES - 2)
        self.count = 0

    def teardown(self) -> None:
        """Let everything run to its end, and close the file."""
        self.finish_all()
        self.fake.close()
        shutil.rmtree(self.folder)

    # -- choosing ----------------------------------------------------------------------------------------------

    def job(self, number: int) -> Job | None:
        """Return one of the jobs."""
        jobs = list(self.fake.farm.jobs.values())
        return jobs[number % len(jobs)] if jobs else None

    def refs(self, job: Job, number: int) -> list[int]:
        """Return one or two frames of a job."""
        first = number % len(job.state.frames)
        return [first] if number % 3 else [first, (first + 1) % len(job.state.frames)]

    def end(self, number: int) -> End | None:
        """Return a job, a layer or a frame."""
        job = self.job(number)
        if job is None:
            return None
        ref = number // 7 % len(job.state.frames)
        kinds = [End(job), End(job, job.layer_of(ref)), End(job, job.layer_of(ref), ref)]
        return kinds[number // 3 % 3]

    def rows(self) -> list[Row]:
        """Return all dependencies, with the pairs of those that have some."""
        farm = self.fake.farm
        rows = [row for job in farm.jobs.values() for row in farm.depends.of(job.id)]
        return rows + [row for job in farm.jobs.values() for row in farm.depends.on_frames(job, job.state.frames)]

    def depend(self, number: int) -> Row | None:
        """Return one of the dependencies."""
        rows = self.rows()
        return rows[number % len(rows)] if rows else None

    def steer(self, operation: Any, number: int, *more: Any) -> None:
        """Do something to frames of a job."""
        job = self.job(number)
        if job is not None:
            with self.fake.farm.work() as farm, suppress(CannotDo):
                operation(farm, job, self.refs(job, number // 5), *more)

    # -- rules -------------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), chunk=st.integers(1, 3), retries=st.integers(0, 1))
    def launch(self, kind: str, chunk: int, retries: int) -> None:
        """Somebody launches a job."""
        if self.count >= MOST_JOBS:
            return
        self.count += 1
        name = f"job{self.count}"
        self.fake.launch(
            layer("model", "1-4", chunk=chunk),
            layer("comp", "1-4"),
            depends=depend(kind, depjob=name, onjob=name, deplayer="comp", onlayer="model"),
            name=name,
            before=f"<maxretries>{retries}</maxretries>",
        )

    @rule(number=NUMBER, status=st.sampled_from([0, 0, 0, 1, 286]))
    def process_ends(self, number: int, status: int) -> None:
        """A process ends."""
        procs = list(self.fake.rqd.running)
        if procs:
            self.fake.rqd.end(procs[number % len(procs)], status=status)

    @rule(number=NUMBER)
    def process_is_lost(self, number: int) -> None:
        """A process is gone without a word."""
        procs = list(self.fake.rqd.running)
        if procs:
            id = procs[number % len(procs)]
            del self.fake.rqd.running[id]
            with self.fake.farm.work() as farm:
                lose_proc(farm, farm.procs[id], 301)

    @rule(number=NUMBER)
    def eat(self, number: int) -> None:
        """Somebody eats frames."""
        self.steer(steering.eat_frames, number)

    @rule(number=NUMBER)
    def retry(self, number: int) -> None:
        """Somebody retries frames."""
        self.steer(steering.retry_frames, number)

    @rule(number=NUMBER)
    def kill(self, number: int) -> None:
        """Somebody kills frames."""
        self.steer(steering.kill_frames, number, "as asked")

    @rule(number=NUMBER)
    def mark_done(self, number: int) -> None:
        """Somebody marks frames as done."""
        self.steer(holds.mark_done, number)

    @rule(number=NUMBER)
    def mark_layer_done(self, number: int) -> None:
        """Somebody marks a layer as done."""
        job = self.job(number)
        if job is not None:
            with self.fake.farm.work() as farm:
                holds.layer_done(farm, job, job.layers[number % 2].name)

    @rule(number=NUMBER)
    def free(self, number: int) -> None:
        """Somebody lets frames start."""
        self.steer(steering.free_frames, number)

    @rule(number=NUMBER)
    def hold(self, number: int) -> None:
        """Somebody lets frames wait again."""
        self.steer(steering.hold_frames, number)

    @rule(er=NUMBER, on=NUMBER)
    def connect(self, er: int, on: int) -> None:
        """Somebody makes a dependency, perhaps even a ring of them."""
        ends = self.end(er), self.end(on)
        if ends[0] is not None and ends[1] is not None:
            type = "FRAME_BY_FRAME" if ends[0].kind == ends[1].kind == "LAYER" and er % 2 else ""
            with self.fake.farm.work() as farm, suppress(CannotDo):
                connect(farm, ends[0], ends[1], type)

    @rule(number=NUMBER)
    def satisfy(self, number: int) -> None:
        """Somebody drops a dependency."""
        found = self.depend(number)
        if found is not None:
            with self.fake.farm.work() as farm:
                satisfy(farm, found)

    @rule(number=NUMBER)
    def unsatisfy(self, number: int) -> None:
        """Somebody takes back that a dependency was dropped."""
        found = self.depend(number)
        if found is not None:
            with self.fake.farm.work() as farm:
                unsatisfy(farm, found)

    @rule(number=NUMBER, paused=st.booleans())
    def pause(self, number: int, paused: bool) -> None:
        """Somebody pauses or resumes a job."""
        job = self.job(number)
        if job is not None:
            with self.fake.farm.work() as farm:
                (steering.pause if paused else steering.resume)(farm, job)

    @rule(number=NUMBER)
    def kill_job(self, number: int) -> None:
        """Somebody kills a job."""
        job = self.job(number)
        if job is not None:
            with self.fake.farm.work() as farm:
                steering.kill_job(farm, job, "enough")

    @rule(number=NUMBER, way=st.sampled_from(["FIRST", "LAST", "REVERSE"]))
    def reorder(self, number: int, way: str) -> None:
        """Somebody reorders frames."""
        job = self.job(number)
        if job is not None:
            with self.fake.farm.work() as farm:
                changing.reorder(farm, job, number % 2, "2-4", way)

    @rule(number=NUMBER, value=st.booleans())
    def auto_eat(self, number: int, value: bool) -> None:
        """Somebody switches auto-eat."""
        job = self.job(number)
        if job is not None:
            with self.fake.farm.work() as farm:
                changing.set_auto_eat(farm, job, value)

    @rule()
    def time_passes(self) -> None:
        """Kills that were asked for are carried out."""
        self.fake.pass_time(1.0)

    @rule()
    def restart(self) -> None:
        """The server ends at once, and a new one reads the file: nothing is different."""
        before = picture(self.fake.farm)

        self.fake.restart()

        assert picture(self.fake.farm) == before

    # -- what always holds -------------------------------------------------------------------------------------

    @invariant()
    def procs_and_processes_agree(self) -> None:
        """Every proc has a process, and every process a proc; FakeRqd refuses to run a frame twice."""
        assert set(self.fake.farm.procs) == set(self.fake.rqd.running)

    @invariant()
    def procs_and_frames_agree(self) -> None:
        """A frame is alive just when it has a proc, and RUNNING only then."""
        for job in self.fake.farm.jobs.values():
            alive = {ref for ref in job.state.frames if job.state.is_alive(ref)}
            running = {ref for ref in job.state.frames if job.state.state(ref) is FrameState.RUNNING}
            assert alive == set(job.running)
            assert running <= alive
            procs = self.fake.farm.procs.values()
            assert job.running == {proc.ref: proc.id for proc in procs if proc.job == job.id}

    @invariant()
    def sums_agree(self) -> None:
        """What is reserved is the sum over the procs, and no host has given more than it has."""
        farm, anew = self.fake.farm, Usage()
        for proc in farm.procs.values():
            anew.count(proc, farm.hosts[proc.host], farm.jobs[proc.job])
        assert farm.procs.usage._sums == anew._sums
        for host in farm.hosts.values():
            assert farm.procs.usage.of("host", host.id).cores <= host.cores

    @invariant()
    def jobs_are_over_when_all_is_done(self) -> None:
        """No job is pending that has nothing left to do."""
        assert not any(job.state.succeeded for job in self.fake.farm.jobs.pending.values())

    @invariant()
    def no_core_is_idle_while_a_frame_may_start(self) -> None:
        """Whatever lets a frame start also gives it a free core."""
        waiting = [job for job in self.fake.farm.jobs.pending.values() if not job.facts.paused and job.state.waiting]
        assert not waiting or len(self.fake.farm.procs) == CORES

    def finish_all(self) -> None:
        """Take everything back that holds frames, let them run, and see all jobs finished."""
        with self.fake.farm.work() as farm:
            for job in list(farm.jobs.pending.values()):
                steering.resume(farm, job)
                steering.hold_frames(farm, job, list(job.facts.freed))
                steering.retry_frames(farm, job, list(job.state.frames))
            for row in self.rows():
                satisfy(farm, row)
        self.fake.pass_time(10.0)
        self.fake.end_all()
        assert self.fake.farm.jobs.pending == {}
        assert self.fake.farm.procs == {}


FarmMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, suppress_health_check=list(HealthCheck)
)
TestFarm = FarmMachine.TestCase
