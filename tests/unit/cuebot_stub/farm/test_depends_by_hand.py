# SPDX-License-Identifier: Apache-2.0
"""Dependencies that people make, drop and mark while jobs run, and what retries do to what was done: as on Cuebot."""

from __future__ import annotations

import pytest

from cuebot_stub.farm import steering
from cuebot_stub.farm.depend import Row
from cuebot_stub.farm.errors import CannotDo
from cuebot_stub.farm.holds import drop, layer_done, mark_done, satisfy, unsatisfy
from tests.fakes.farm import FakeFarm
from tests.links import any_end, by_frame, frame_end, job_end, layer_end, link, steer
from tests.specs import depend, layer

KINDS = {"job": (None, None), "layer": ("comp", None), "frame": ("comp", 1)}
TARGETS = {"job": (None, None), "layer": ("model", None), "frame": ("model", 1)}


def states(jobs: FakeFarm) -> tuple[str, str]:
    return jobs.states("model", "first"), jobs.states("comp", "second")


def retry(jobs: FakeFarm, frame: int) -> None:
    steer(jobs, steering.retry_frames, frame_end(jobs, "first", "model", frame))


# -- making ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", TARGETS)
@pytest.mark.parametrize(
    ("er", "comp", "grade"), [("job", "PP", "PP"), ("layer", "PP", "WW"), ("frame", "PW", "WW")], ids=str
)
def test_dependency_holds_what_waits_until_what_it_waits_for_is_done(
    jobs: FakeFarm, er: str, comp: str, grade: str, on: str
):
    made = link(jobs, any_end(jobs, "second", *KINDS[er]), any_end(jobs, "first", *TARGETS[on]))
    held = jobs.states("comp", "second"), jobs.states("grade", "second")

    jobs.add_host(cores=1)
    ended = jobs.end_all()

    needed = {"job": "0002-light", "layer": "0002-model", "frame": "0001-model"}[on]
    assert made.type == f"{er.upper()}_ON_{on.upper()}"
    assert held == (comp, grade)
    assert ended.index(needed) < ended.index("0001-comp")
    assert len(ended) == 8


def test_nothing_waits_for_itself_and_nothing_is_said_twice(jobs: FakeFarm):
    model, one = layer_end(jobs, "first", "model"), frame_end(jobs, "first", "model", 1)
    by_frame(jobs)

    for er, on in ((model, model), (one, one), (one, model), (model, one), (job_end(jobs, "first"), model)):
        with pytest.raises(CannotDo, match="it would wait for itself"):
            link(jobs, er, on)
    with pytest.raises(CannotDo, match="such a dependency exists already"):
        link(jobs, frame_end(jobs, "second", "comp", 1), one)


def test_rings_are_made_as_on_cuebot(jobs: FakeFarm):
    link(jobs, job_end(jobs, "second"), job_end(jobs, "first"))

    assert link(jobs, job_end(jobs, "first"), job_end(jobs, "second")).active


def test_job_that_was_killed_can_be_waited_for_and_a_complete_one_cannot(jobs: FakeFarm):
    with jobs.farm.work() as farm:
        steering.kill_job(farm, jobs.job("first"), "enough")
    jobs.launch(layer("quick", "1"), name="third")
    steer(jobs, steering.eat_frames, job_end(jobs, "third"))

    assert link(jobs, layer_end(jobs, "second", "comp"), job_end(jobs, "first")).active
    with pytest.raises(CannotDo, match="is already complete"):
        link(jobs, layer_end(jobs, "second", "comp"), job_end(jobs, "third"))


@pytest.mark.parametrize(("on", "active"), [("layer", True), ("frame", False)])
def test_dependency_on_a_part_that_is_done_is_stored_inactive(jobs: FakeFarm, on: str, active: bool):
    steer(jobs, steering.eat_frames, frame_end(jobs, "first", "model", 1))

    made = link(jobs, layer_end(jobs, "second", "comp"), any_end(jobs, "first", *TARGETS[on]))

    assert made.active is active
    assert jobs.states("comp", "second") == ("PP" if active else "WW")


def test_frame_that_is_done_waits_and_runs_again_and_one_that_runs_first_ends(jobs: FakeFarm):
    jobs.add_host(cores=8)
    jobs.end("0001-comp")
    on = frame_end(jobs, "first", "model", 1)

    link(jobs, frame_end(jobs, "second", "comp", 1), on)
    link(jobs, frame_end(jobs, "second", "comp", 2), on)
    made = jobs.states("comp", "second")
    jobs.end("0002-comp")
    ended = jobs.states("comp", "second")
    jobs.end("0001-model")

    assert (made, ended, jobs.states("comp", "second")) == ("PR", "PP", "RR")


# -- retries -----------------------------------------------------------------------------------------------------


def test_retry_of_done_frames_lets_run_again_what_waited_for_them_one_level_deep(farm: FakeFarm):
    depends = depend("FRAME_BY_FRAME", deplayer="comp", onlayer="model")
    depends += depend("FRAME_BY_FRAME", deplayer="grade", onlayer="comp")
    farm.launch(layer("model", "1-2"), layer("comp", "1-2"), layer("grade", "1-2"), depends=depends)
    farm.add_host()
    farm.end_all()

    with farm.farm.work() as inner:
        steering.retry_frames(inner, farm.job(), [farm.job().state.frames.ref("model", 1)])
    retried = [farm.states(name) for name in ("model", "comp", "grade")]
    farm.end("0001-model")

    assert retried == ["RS", "PS", "SS"]
    assert [farm.states(name) for name in ("model", "comp", "grade")] == ["SS", "RS", "SS"]


def test_layer_dependency_that_was_dropped_holds_again_after_a_retry(jobs: FakeFarm):
    made = link(jobs, layer_end(jobs, "second", "comp"), layer_end(jobs, "first", "model"))
    with jobs.farm.work() as farm:
        drop(farm, [Row(made)], "ANY_TARGET")
    dropped = jobs.states("comp", "second")
    steer(jobs, steering.eat_frames, frame_end(jobs, "first", "model", 1))

    retry(jobs, 1)

    assert (dropped, jobs.states("comp", "second")) == ("WW", "PP")


# -- marks -------------------------------------------------------------------------------------------------------


def test_frame_that_was_eaten_before_holds_nothing(jobs: FakeFarm):
    steer(jobs, steering.eat_frames, frame_end(jobs, "first", "model", 1))

    by_frame(jobs)

    assert jobs.states("comp", "second") == "WP"


@pytest.mark.parametrize("chunk", [1, 2], ids=["frames", "chunks"])
def test_frames_that_are_all_marked_done_release_each_of_theirs(farm: FakeFarm, chunk: int):
    farm.launch(layer("model", "1-6", chunk=chunk), name="first")
    farm.launch(layer("comp", "1-6", chunk=chunk), name="second")
    by_frame(farm)

    steer(farm, mark_done, layer_end(farm, "first", "model"))

    assert farm.states("comp", "second") == "W" * (6 // chunk)
    assert farm.states("model", "first") == "W" * (6 // chunk)


@pytest.mark.parametrize(
    ("how", "layer_wise", "frame_wise"), [("layer", "WW", "PP"), ("frames", "PP", "WW")], ids=["layer", "frames"]
)
def test_marks_release_what_waits_for_just_that(jobs: FakeFarm, how: str, layer_wise: str, frame_wise: str):
    by_frame(jobs)
    link(jobs, layer_end(jobs, "second", "grade"), layer_end(jobs, "first", "model"))
    model = layer_end(jobs, "first", "model")

    with jobs.farm.work() as farm:
        if how == "layer":
            layer_done(farm, model.job, "model")
        else:
            mark_done(farm, model.job, model.job.state.frames.refs("model"))

    assert (jobs.states("grade", "second"), jobs.states("comp", "second")) == (layer_wise, frame_wise)


def test_marks_before_a_dependency_was_made_say_nothing_of_it(jobs: FakeFarm):
    steer(jobs, mark_done, layer_end(jobs, "first", "model"))

    by_frame(jobs)

    assert jobs.states("comp", "second") == "PP"


def test_frame_that_was_marked_and_is_retried_holds_again(jobs: FakeFarm):
    by_frame(jobs)
    steer(jobs, mark_done, layer_end(jobs, "first", "model"))

    retry(jobs, 1)

    assert jobs.states("comp", "second") == "PW"


# -- dropping ----------------------------------------------------------------------------------------------------


def test_dependency_of_one_frame_is_dropped_and_the_others_stay(jobs: FakeFarm):
    made = by_frame(jobs)
    job, ref = jobs.job("second"), jobs.refs("comp", "second")[0]

    with jobs.farm.work() as farm:
        drop(farm, farm.depends.of_frame(job, ref), "EXTERNAL")

    rows = [Row(made), *jobs.farm.depends.of_frame(job, ref), *jobs.farm.depends.of_frame(job, ref + 1)]
    assert jobs.states("comp", "second") == "WP"
    assert [row.is_active for row in rows] == [True, False, True]


@pytest.mark.parametrize(("target", "comp"), [("INTERNAL", "PP"), ("EXTERNAL", "WW"), ("ANY_TARGET", "WW")])
def test_dependencies_are_dropped_by_where_they_point(jobs: FakeFarm, target: str, comp: str):
    link(jobs, layer_end(jobs, "second", "comp"), layer_end(jobs, "first", "model"))

    with jobs.farm.work() as farm:
        drop(farm, farm.depends.of(jobs.job("second").id), target)

    assert jobs.states("comp", "second") == comp


@pytest.mark.parametrize(
    ("er", "on", "again"),
    [("layer", "layer", "PP"), ("frame", "frame", "PW"), ("job", "job", "WW"), ("layer", "frame", "WW")],
    ids=["layers", "frames", "jobs", "mixed"],
)
def test_only_some_kinds_can_be_taken_back(jobs: FakeFarm, er: str, on: str, again: str):
    made = link(jobs, any_end(jobs, "second", *KINDS[er]), any_end(jobs, "first", *TARGETS[on]))

    with jobs.farm.work() as farm:
        satisfy(farm, Row(made))
        unsatisfy(farm, Row(made))

    assert jobs.states("comp", "second") == again


def test_frame_that_may_start_whatever_it_waits_for_waits_for_what_comes_new(jobs: FakeFarm):
    by_frame(jobs)
    steer(jobs, steering.free_frames, frame_end(jobs, "second", "comp", 1))
    freed = jobs.states("comp", "second")

    link(jobs, layer_end(jobs, "second", "comp"), layer_end(jobs, "first", "light"))

    assert (freed, jobs.states("comp", "second")) == ("WP", "PP")


# -- finding -----------------------------------------------------------------------------------------------------


def test_dependencies_and_their_pairs_are_found_from_both_ends(jobs: FakeFarm):
    made, book = by_frame(jobs), jobs.farm.depends
    first, second = jobs.job("first"), jobs.job("second")
    on, er = jobs.refs("model", "first")[1], jobs.refs("comp", "second")[1]

    (row,) = book.of_frame(second, er)

    assert book.on_frames(first, [on]) == [row]
    assert (row.er_ref, row.on_ref) == (er, on)
    assert book.find(row.id) == row
    assert book.of(second.id, "comp") == book.on(first.id, "model") == [Row(made)]
    assert book.of(second.id, "grade") == book.on(first.id, "light") == []
    assert book.find("nothing") is None
