# SPDX-License-Identifier: Apache-2.0
"""What is true of every job, whatever its shape and its luck."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from outline.frame_end import FrameEnd
from outline.frames import FrameSet
from outline.scheduler import MOVES, DependPlan, FrameState, JobPlan, JobState, LayerPlan
from tests.scheduling import GOOD, LOST, TIMED_OUT

S = FrameState

ranges = st.one_of(
    st.builds(lambda first, length: f"{first}-{first + length}", st.integers(-5, 5), st.integers(0, 12)),
    st.lists(st.integers(-5, 12), min_size=1, max_size=10).map(lambda frames: ",".join(map(str, frames))),
    st.builds(lambda last, step: f"1-{last}:{step}", st.integers(1, 12), st.integers(1, 6)),
)
types = st.sampled_from(["FRAME_BY_FRAME", "LAYER_ON_LAYER", "PREVIOUS_FRAME", "LAYER_ON_SIM_FRAME", "LAYER_ON_ANY"])


@st.composite
def plans(draw: st.DrawFn) -> JobPlan:
    count = draw(st.integers(1, 4))
    kinds = st.sampled_from(["Render", "Render", "Render", "Post"])
    layers = tuple(
        LayerPlan(
            f"l{n}",
            FrameSet(draw(ranges)).unique(),
            draw(st.integers(1, 5)),
            draw(kinds),
            cores=draw(st.sampled_from([1.0, 1.0, 0.1, 3.0])),
            memory_kb=draw(st.sampled_from([0, 0, 60])),
            autoeat=draw(st.booleans()),
        )
        for n in range(count)
    )
    depends = tuple(
        DependPlan(f"l{er}", f"l{on}", draw(types), draw(st.booleans()))
        for er in range(count)
        for on in range(er)
        if draw(st.booleans())
    )
    chained = tuple(
        DependPlan(f"l{n}", f"l{n}", "PREVIOUS_FRAME") for n in range(count) if draw(st.integers(0, 3)) == 0
    )
    return JobPlan("job", layers, depends + chained, draw(st.integers(0, 2)))


def waits_for(job: JobState, depend: DependPlan, ref: int) -> list[int]:
    """Return the frames that a frame waits for, worked out in the plainest way."""
    er, on = job.plan.layers[int(depend.layer[1:])], job.plan.layers[int(depend.on[1:])]
    mine = set(job.frames.members(ref))
    if depend.type == "FRAME_BY_FRAME":
        wanted = mine
    elif depend.type == "PREVIOUS_FRAME":
        places = [list(er.frames).index(frame) - 1 for frame in mine]
        wanted = {on.frames[place] for place in places if 0 <= place < len(on.frames)}
    else:
        return list(job.frames.refs(depend.on))
    return [one for one in job.frames.refs(depend.on) if one != ref and wanted & set(job.frames.members(one))]


def needs_of(job: JobState, ref: int) -> list[tuple[DependPlan, range, list[int]]]:
    """Return the depends of a frame, each with the frames of the other layer, and those that it waits for."""
    layer = job.layer(ref)
    types = {one.name: one.type for one in job.plan.layers}
    return [
        (one, job.frames.refs(one.on), waits_for(job, one, ref))
        for one in job.plan.depends
        if one.layer == layer.name and not (layer.type == "Post" and types[one.on] != "Post")
    ]


def is_satisfied(depend: DependPlan, layer: list[FrameState], waited_for: list[FrameState]) -> bool:
    if depend.type == "LAYER_ON_ANY" or (depend.any_frame and depend.type in ("FRAME_BY_FRAME", "LAYER_ON_LAYER")):
        return S.SUCCEEDED in layer or all(state is S.EATEN for state in layer)
    if depend.type == "LAYER_ON_LAYER":
        return all(state in (S.SUCCEEDED, S.EATEN) for state in layer)
    return all(state is S.SUCCEEDED for state in waited_for)


class Walk:
    """A job to which one random thing after another happens, beside a plain list of what was done to it."""

    def __init__(self, plan: JobPlan, luck: Random) -> None:
        self.job = JobState(plan)
        self.luck = luck
        self.processes: list[int] = []
        self.released = False
        self.needs = [needs_of(self.job, ref) for ref in self.job.frames]
        self.is_post = [self.job.layer(ref).type == "Post" for ref in self.job.frames]

    def states(self) -> list[FrameState]:
        return [self.job.state(ref) for ref in self.job.frames]

    def is_free(self, ref: int, states: list[FrameState]) -> bool:
        """Tell whether a frame waits for nothing, from the plainest model of all."""
        return (self.released or not self.is_post[ref]) and all(
            is_satisfied(depend, states[on.start : on.stop], [states[one] for one in waited_for])
            for depend, on, waited_for in self.needs[ref]
        )

    def step(self) -> None:
        """Start, end, eat or retry a frame."""
        what = self.luck.random()
        ref = self.job.next_ready(*self.idle())
        if ref is not None and what < 0.5:
            self.start(ref)
        elif self.processes and what < 0.9:
            self.end(self.processes.pop(self.luck.randrange(len(self.processes))))
        elif what > 0.97:
            self.job.eat(self.luck.randrange(len(self.job.frames)))
        elif what > 0.93:
            self.retry(self.luck.randrange(len(self.job.frames)))
        elif ref is None and not self.processes:
            self.job.release_posts()
            self.released = True

    def idle(self) -> tuple[float, int]:
        layers = [self.job.layer(ref) for ref in self.processes]
        return 4.0 - sum(one.cores for one in layers), 100 - sum(one.memory_kb for one in layers)

    def start(self, ref: int) -> None:
        cores, memory_kb = self.idle()
        layer = self.job.layer(ref)
        assert layer.cores <= cores + 1e-6  # cores come as fractions
        assert layer.memory_kb <= memory_kb
        assert self.is_free(ref, self.states())
        assert ref not in self.processes
        self.job.start(ref)
        self.processes.append(ref)

    def end(self, ref: int) -> None:
        before, tries = self.job.state(ref), self.job.tries(ref)
        exit = self.luck.choice([GOOD, GOOD, GOOD, FrameEnd(1), FrameEnd(286), TIMED_OUT, LOST])
        after = self.job.finish(ref, exit)
        if before is S.EATEN:
            assert after in (S.EATEN, S.WAITING, S.DEPEND)
        elif exit is GOOD:
            assert after in (S.SUCCEEDED, S.WAITING, S.DEPEND)
        elif after is S.DEAD and exit.status == 1 and exit is not LOST:
            assert tries > self.job.plan.max_retries

    def retry(self, ref: int) -> None:
        if ref in self.processes or self.job.state(ref) in (S.SUCCEEDED, S.DEAD, S.EATEN):
            self.job.retry(ref)

    def check(self) -> None:
        """Compare frames that have not started with the plain model, and the counts with the states."""
        states = self.states()
        for ref, state in enumerate(states):
            if state in (S.WAITING, S.DEPEND):
                expected = S.WAITING if self.is_free(ref, states) else S.DEPEND
                assert state is expected, self.job.frames.name(ref)
        for layer in self.job.plan.layers:
            refs = self.job.frames.refs(layer.name)
            own = states[refs.start : refs.stop]
            assert self.job.counts(layer.name) == {state: own.count(state) for state in S}

    def restored(self) -> JobState:
        """Return a new job with the same states, put back as from a journal."""
        again = JobState(self.job.plan)
        if self.released:
            again.release_posts()
        for ref in self.job.frames:
            again.restore(ref, self.job.state(ref), self.job.tries(ref))
        again.settle()
        return again

    def finish_all(self) -> None:
        """Let everything end well that can."""
        for _ in range(2):
            while (ref := self.job.next_ready(*self.idle())) is not None or self.processes:
                if ref is not None:
                    self.start(ref)
                else:
                    self.job.finish(self.processes.pop(), GOOD)
            self.job.release_posts()
            self.released = True


def snapshot(job: JobState) -> list[tuple[FrameState, int]]:
    return [(job.state(ref), job.tries(ref)) for ref in job.frames]


@settings(max_examples=150)
@given(plans(), st.randoms(use_true_random=False))
def test_any_run_agrees_with_the_plain_model(plan: JobPlan, luck: Random) -> None:
    walk = Walk(plan, luck)
    walk.check()
    for _ in range(120):
        walk.step()
        walk.check()

    walk.finish_all()

    walk.check()
    assert walk.job.is_over
    assert walk.job.counts()[S.WAITING] == 0


@settings(max_examples=80)
@given(plans(), st.randoms(use_true_random=False), st.integers(0, 80))
def test_any_part_of_a_run_can_be_restored(plan: JobPlan, luck: Random, steps: int) -> None:
    walk = Walk(plan, luck)
    for _ in range(steps):
        walk.step()

    again = walk.restored()

    assert snapshot(again) == snapshot(walk.job)
    assert again.counts() == walk.job.counts()
    assert again.next_ready(100, 1000) == walk.job.next_ready(100, 1000)
    assert again.succeeded == walk.job.succeeded


@settings(max_examples=100)
@given(plans())
def test_every_frame_is_in_exactly_one_chunk(plan: JobPlan) -> None:
    job = JobState(plan)

    for layer in plan.layers:
        frames = [frame for ref in job.frames.refs(layer.name) for frame in job.frames.members(ref)]
        assert frames == list(layer.frames)


@settings(max_examples=100)
@given(plans())
def test_a_job_without_failures_runs_to_its_end_in_the_farms_order(plan: JobPlan) -> None:
    job = JobState(plan)
    for _ in range(2):
        while (ref := job.next_ready(8, 100)) is not None:
            ready = [one for one in job.frames if job.state(one) is S.WAITING]
            keys = {
                one: (one - job.frames.refs(job.layer(one).name)[0], plan.layers.index(job.layer(one))) for one in ready
            }
            assert ref == min(ready, key=keys.__getitem__)
            job.start(ref)
            job.finish(ref, FrameEnd(0))
        job.release_posts()

    assert job.succeeded or any(depend.on for depend in plan.depends if plan.layers[int(depend.on[1:])].type == "Post")


def test_the_table_of_moves_never_leaves_its_states() -> None:
    assert {state for state, _ in MOVES} | set(MOVES.values()) == set(S)


@settings(max_examples=100)
@given(plans())
def test_plans_survive_json(plan: JobPlan) -> None:
    import json

    assert JobPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
