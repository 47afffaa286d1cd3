# SPDX-License-Identifier: Apache-2.0
"""What is true of every job, whatever its shape and its luck."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from outline.frames import FrameSet
from outline.scheduler import MOVES, DependPlan, FrameExit, FrameState, JobPlan, JobState, LayerPlan

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
            f"l{n}", FrameSet(draw(ranges)).unique(), draw(st.integers(1, 5)), draw(kinds), autoeat=draw(st.booleans())
        )
        for n in range(count)
    )
    depends = tuple(
        DependPlan(f"l{er}", f"l{on}", draw(types), draw(st.booleans()))
        for er in range(count)
        for on in range(er)
        if draw(st.booleans())
    )
    return JobPlan("job", layers, depends, draw(st.integers(0, 2)))


def waits_for(job: JobState, depend: DependPlan, ref: int) -> list[int]:
    """Return the frames that a frame waits for, worked out in the plainest way."""
    er, on = job.plan.layers[int(depend.layer[1:])], job.plan.layers[int(depend.on[1:])]
    mine = set(job.frames_of(ref))
    if depend.type == "FRAME_BY_FRAME":
        wanted = mine
    elif depend.type == "PREVIOUS_FRAME":
        places = [list(er.frames).index(frame) - 1 for frame in mine]
        wanted = {on.frames[place] for place in places if 0 <= place < len(on.frames)}
    else:
        return list(job.refs(depend.on))
    return [one for one in job.refs(depend.on) if wanted & set(job.frames_of(one))]


def is_satisfied(job: JobState, depend: DependPlan, ref: int) -> bool:
    on = list(job.refs(depend.on))
    if depend.any_frame or depend.type == "LAYER_ON_ANY":
        return any(job.state(one) is S.SUCCEEDED for one in on) or all(job.state(one) is S.EATEN for one in on)
    if depend.type in ("LAYER_ON_LAYER", "LAYER_ON_SIM_FRAME"):
        return all(job.state(one) in (S.SUCCEEDED, S.EATEN) for one in on)
    return all(job.state(one) is S.SUCCEEDED for one in waits_for(job, depend, ref))


def check(job: JobState, posts_released: bool) -> None:
    """Compare the states of all frames that have not started with the plain model, and the counts with the states."""
    for ref in job:
        if job.state(ref) in (S.WAITING, S.DEPEND):
            layer = job.layer(ref)
            free = all(is_satisfied(job, one, ref) for one in job.plan.depends if one.layer == layer.name)
            free = free and (layer.type != "Post" or posts_released)
            assert job.state(ref) is (S.WAITING if free else S.DEPEND), job.frame_name(ref)
    for layer in job.plan.layers:
        states = [job.state(ref) for ref in job.refs(layer.name)]
        assert job.counts(layer.name) == {state: states.count(state) for state in S}


@settings(max_examples=150, deadline=None)
@given(plans(), st.randoms(use_true_random=False))
def test_any_run_agrees_with_the_plain_model_and_can_be_restored(plan: JobPlan, luck: object) -> None:
    job = JobState(plan)
    running: list[int] = []
    released = False
    check(job, released)
    for _ in range(400):
        ref = job.next_ready(3 - len(running), 0)
        step = luck.random()  # type: ignore[attr-defined]
        if ref is not None and step < 0.6:
            assert job.state(ref) is S.WAITING
            job.start(ref)
            running.append(ref)
        elif running:
            exit = FrameExit(0 if luck.random() < 0.7 else 1, timed_out=luck.random() < 0.05)  # type: ignore[attr-defined]
            job.finish(running.pop(luck.randrange(len(running))), exit)  # type: ignore[attr-defined]
        elif step > 0.95 and len(job):
            over = [one for one in job if job.state(one) in (S.SUCCEEDED, S.DEAD, S.EATEN)]
            if over:
                job.retry(luck.choice(over))  # type: ignore[attr-defined]
        elif ref is None:
            if released:
                break
            job.release_posts()
            released = True
        check(job, released)

    again = JobState(plan)
    for one in job:
        again.restore(one, job.state(one), job.tries(one))
    if released:
        again.release_posts()
    again.settle()
    assert [again.state(one) for one in again] == [job.state(one) for one in job]
    assert again.counts() == job.counts()


@settings(max_examples=100, deadline=None)
@given(plans())
def test_every_frame_is_in_exactly_one_chunk(plan: JobPlan) -> None:
    job = JobState(plan)

    for layer in plan.layers:
        frames = [frame for ref in job.refs(layer.name) for frame in job.frames_of(ref)]
        assert frames == list(layer.frames)


@settings(max_examples=100, deadline=None)
@given(plans())
def test_a_job_without_failures_runs_to_its_end_in_the_farms_order(plan: JobPlan) -> None:
    job = JobState(plan)
    for _ in range(2):
        while (ref := job.next_ready(1, 0)) is not None:
            ready = [one for one in job if job.state(one) is S.WAITING]
            keys = {one: (one - job.refs(job.layer(one).name)[0], plan.layers.index(job.layer(one))) for one in ready}
            assert ref == min(ready, key=keys.__getitem__)
            job.start(ref)
            job.finish(ref, FrameExit(0))
        job.release_posts()

    assert job.succeeded or any(depend.on for depend in plan.depends if plan.layers[int(depend.on[1:])].type == "Post")


def test_the_table_of_moves_never_leaves_its_states() -> None:
    assert {state for state, _ in MOVES} | set(MOVES.values()) == set(S)


@settings(max_examples=100, deadline=None)
@given(plans())
def test_plans_survive_json(plan: JobPlan) -> None:
    import json

    assert JobPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
