# SPDX-License-Identifier: Apache-2.0
"""Dependencies between jobs, layers and frames: when they hold, when they let go, and who drops them."""

from __future__ import annotations

import pytest

from cuebot_stub.farm import steering
from cuebot_stub.farm.errors import CannotDo
from cuebot_stub.farm.linking import End, connect, drop, of_frame, of_layer, on_frame, on_layer
from tests.fakes.farm import FakeFarm
from tests.links import any_end, by_frame, frame_end, job_end, layer_end, link, run_layer, steer
from tests.specs import depend, layer

# -- on jobs, layers and frames of other jobs ------------------------------------------------------------------


@pytest.fixture
def ends(jobs: FakeFarm) -> dict[str, dict[str, End]]:
    """Return the ends that wait, all in ``second``, and those that are waited for, in ``first``."""
    return {
        "er": {
            "job": job_end(jobs, "second"),
            "layer": layer_end(jobs, "second", "comp"),
            "frame": frame_end(jobs, "second", "comp", 1),
        },
        "on": {
            "job": job_end(jobs, "first"),
            "layer": layer_end(jobs, "first", "model"),
            "frame": frame_end(jobs, "first", "model", 1),
        },
    }


@pytest.mark.parametrize(
    ("er", "comp", "grade"), [("job", "PP", "PP"), ("layer", "PP", "WW"), ("frame", "PW", "WW")], ids=str
)
@pytest.mark.parametrize("on", ["job", "layer", "frame"])
def test_dependency_holds_what_waits_and_nothing_else(
    jobs: FakeFarm, ends: dict[str, dict[str, End]], er: str, comp: str, grade: str, on: str
):
    made = link(jobs, ends["er"][er], ends["on"][on])

    assert made.type == f"{er.upper()}_ON_{on.upper()}"
    assert (jobs.states("comp", "second"), jobs.states("grade", "second")) == (comp, grade)
    assert jobs.states("model", "first") == "WW"


@pytest.mark.parametrize("er", ["job", "layer", "frame"])
@pytest.mark.parametrize(
    ("on", "needed"),
    [("frame", ["0001-model"]), ("layer", ["0001-model", "0002-model"]), ("job", ["0001-model", "0002-model"])],
    ids=["frame", "layer", "job"],
)
def test_dependency_lets_go_when_all_that_it_waits_for_is_done(
    jobs: FakeFarm, ends: dict[str, dict[str, End]], er: str, on: str, needed: list[str]
):
    made = link(jobs, ends["er"][er], ends["on"][on])
    steer(jobs, steering.eat_frames, layer_end(jobs, "second", "grade"))
    jobs.add_host(cores=1)
    with jobs.farm.work():
        steering.eat_frames(jobs.farm, jobs.job("first"), jobs.refs("light", "first"))

    held = []
    for name in needed:
        held.append(made.active)
        jobs.end(name)

    assert held == [True] * len(needed)
    assert not made.active


@pytest.mark.parametrize("on", ["layer", "frame"])
def test_dependency_on_what_is_done_already_is_stored_inactive(
    jobs: FakeFarm, ends: dict[str, dict[str, End]], on: str
):
    with jobs.farm.work():
        steering.pause(jobs.farm, jobs.job("second"))
    jobs.add_host(cores=4)
    run_layer(jobs, "model")

    made = link(jobs, ends["er"]["layer"], ends["on"][on])

    assert not made.active
    assert jobs.states("comp", "second") == "WW"


@pytest.mark.parametrize("er", ["job", "layer", "frame"])
def test_dependency_on_a_finished_job_is_refused(jobs: FakeFarm, ends: dict[str, dict[str, End]], er: str):
    steer(jobs, steering.eat_frames, job_end(jobs, "first"))

    with jobs.farm.work(), pytest.raises(CannotDo, match="already complete"):
        connect(jobs.farm, ends["er"][er], ends["on"]["job"])

    assert jobs.farm.depends.all == {}


def test_killed_job_releases_what_waits_for_it(jobs: FakeFarm, ends: dict[str, dict[str, End]]):
    made = [link(jobs, ends["er"]["job"], ends["on"][on]) for on in ("job", "layer", "frame")]

    with jobs.farm.work():
        steering.kill_job(jobs.farm, jobs.job("first"), "enough")

    assert [depend.active for depend in made] == [False] * 3
    assert jobs.states("comp", "second") == "WW"


def test_eaten_frame_is_good_for_a_layer_but_not_for_a_frame(jobs: FakeFarm, ends: dict[str, dict[str, End]]):
    on_the_frame = link(jobs, ends["er"]["frame"], ends["on"]["frame"])
    on_the_layer = link(jobs, layer_end(jobs, "second", "grade"), ends["on"]["layer"])

    with jobs.farm.work():
        steering.eat_frames(jobs.farm, jobs.job("first"), jobs.refs("model", "first"))

    assert on_the_frame.active
    assert not on_the_layer.active
    assert (jobs.states("comp", "second"), jobs.states("grade", "second")) == ("PW", "WW")


def test_two_dependencies_of_one_frame_must_both_let_go(jobs: FakeFarm):
    er = frame_end(jobs, "second", "comp", 1)
    first = link(jobs, er, frame_end(jobs, "first", "model", 1))
    second = link(jobs, er, frame_end(jobs, "first", "model", 2))

    with jobs.farm.work():
        jobs.farm.depends.satisfy(first)
    one = jobs.states("comp", "second")
    with jobs.farm.work():
        jobs.farm.depends.satisfy(second)

    assert (one, jobs.states("comp", "second")) == ("PW", "WW")


def test_the_same_dependency_is_not_made_twice(jobs: FakeFarm, ends: dict[str, dict[str, End]]):
    first = link(jobs, ends["er"]["layer"], ends["on"]["layer"])

    second = link(jobs, ends["er"]["layer"], ends["on"]["layer"])

    assert second is first
    assert len(jobs.farm.depends.all) == 1


@pytest.mark.parametrize(
    ("er", "on"),
    [
        (("first", "model", 1), ("first", "model", 1)),
        (("first", "model", None), ("first", "model", None)),
        (("first", None, None), ("first", None, None)),
        (("first", "model", None), ("first", "model", 2)),
        (("first", "model", 1), ("first", None, None)),
    ],
    ids=["frame", "layer", "job", "layer on its frame", "frame on its job"],
)
def test_nothing_can_wait_for_itself(jobs: FakeFarm, er: tuple, on: tuple):
    with jobs.farm.work(), pytest.raises(CannotDo, match="would wait for itself"):
        connect(jobs.farm, any_end(jobs, *er), any_end(jobs, *on))


@pytest.mark.parametrize(
    ("er", "on"),
    [
        (("first", None, None), ("second", None, None)),
        (("first", "model", None), ("second", None, None)),
        (("first", "model", 1), ("second", "comp", None)),
        (("first", "light", 2), ("second", "grade", 1)),
    ],
    ids=["job", "layer", "frame on layer", "frame on frame"],
)
def test_nothing_can_wait_for_what_waits_for_it(jobs: FakeFarm, er: tuple, on: tuple):
    link(jobs, job_end(jobs, "second"), job_end(jobs, "first"))

    with jobs.farm.work(), pytest.raises(CannotDo, match="would wait for itself"):
        connect(jobs.farm, any_end(jobs, *er), any_end(jobs, *on))


def test_ring_over_several_jobs_is_refused(jobs: FakeFarm):
    jobs.launch(layer("mix", "1-2"), name="third")
    link(jobs, layer_end(jobs, "second", "comp"), layer_end(jobs, "first", "model"))
    link(jobs, job_end(jobs, "third"), frame_end(jobs, "second", "comp", 2))

    with jobs.farm.work(), pytest.raises(CannotDo, match="would wait for itself"):
        connect(jobs.farm, layer_end(jobs, "first", "model"), layer_end(jobs, "third", "mix"))

    assert len(jobs.farm.depends.all) == 2


def test_frames_that_wait_for_one_another_in_turn_are_no_ring(jobs: FakeFarm):
    link(jobs, frame_end(jobs, "second", "comp", 1), frame_end(jobs, "first", "model", 1))
    link(jobs, frame_end(jobs, "first", "model", 2), frame_end(jobs, "second", "comp", 1))

    link(jobs, frame_end(jobs, "second", "comp", 2), frame_end(jobs, "first", "model", 2))
    jobs.add_host()
    jobs.end_all()

    assert (jobs.states("model", "first"), jobs.states("comp", "second")) == ("SS", "SS")


def test_what_was_dropped_makes_no_ring(jobs: FakeFarm):
    made = link(jobs, job_end(jobs, "second"), job_end(jobs, "first"))
    with jobs.farm.work():
        jobs.farm.depends.satisfy(made)

    other = link(jobs, job_end(jobs, "first"), job_end(jobs, "second"))

    assert other.active


def test_strict_server_makes_rings():
    strict = FakeFarm(strict=True)
    strict.launch(layer("model", "1"), layer("comp", "1"))
    link(strict, layer_end(strict, "test", "model"), layer_end(strict, "test", "comp"))

    link(strict, layer_end(strict, "test", "comp"), layer_end(strict, "test", "model"))

    assert (strict.states("model"), strict.states("comp")) == ("P", "P")


# -- by hand ---------------------------------------------------------------------------------------------------


def chained(farm: FakeFarm) -> FakeFarm:
    farm.launch(
        layer("model", "1-2"),
        layer("comp", "1-2"),
        depends=depend("FRAME_BY_FRAME", deplayer="comp", onlayer="model"),
    )
    return farm


def test_dependency_of_a_spec_can_be_satisfied_and_taken_back(farm: FakeFarm):
    (made,) = chained(farm).farm.depends.of_job(farm.job().id)

    with farm.farm.work():
        farm.farm.depends.satisfy(made)
    free = (farm.farm.depends.is_active(made), farm.states("comp"))
    with farm.farm.work():
        farm.farm.depends.unsatisfy(made)

    assert free == (False, "WW")
    assert (farm.farm.depends.is_active(made), farm.states("comp")) == (True, "PP")


def test_dependency_satisfied_by_hand_does_not_come_back_by_itself(jobs: FakeFarm):
    made = by_frame(jobs)
    with jobs.farm.work():
        steering.pause(jobs.farm, jobs.job("second"))
        jobs.farm.depends.satisfy(made)
    jobs.add_host()
    jobs.end("0001-model")

    steer(jobs, steering.retry_frames, frame_end(jobs, "first", "model", 1))

    assert not made.active
    assert jobs.states("comp", "second") == "WW"


def test_dependency_across_jobs_can_be_taken_back(jobs: FakeFarm, ends: dict[str, dict[str, End]]):
    made = link(jobs, ends["er"]["layer"], ends["on"]["layer"])
    with jobs.farm.work():
        jobs.farm.depends.satisfy(made)

    with jobs.farm.work():
        jobs.farm.depends.unsatisfy(made)

    assert made.active
    assert jobs.states("comp", "second") == "PP"


@pytest.mark.parametrize(
    ("target", "comp", "grade"),
    [("INTERNAL", "PP", "WW"), ("EXTERNAL", "WW", "PP"), ("ANY_TARGET", "WW", "WW")],
    ids=["internal", "external", "any"],
)
def test_dependencies_are_dropped_by_where_they_point(jobs: FakeFarm, target: str, comp: str, grade: str):
    link(jobs, layer_end(jobs, "second", "comp"), layer_end(jobs, "first", "model"))
    link(jobs, layer_end(jobs, "second", "grade"), layer_end(jobs, "second", "comp"))

    with jobs.farm.work():
        drop(jobs.farm, jobs.farm.depends.of_job(jobs.job("second").id), target)

    assert (jobs.states("comp", "second"), jobs.states("grade", "second")) == (comp, grade)


def test_dependency_added_between_layers_of_one_job_holds_while_frames_run(farm: FakeFarm):
    farm.launch(layer("model", "1-2"), layer("comp", "1-3"))
    farm.add_host(cores=3)

    link(farm, layer_end(farm, "test", "comp"), layer_end(farm, "test", "model"))
    states = (farm.states("model"), farm.states("comp"))
    farm.end_all()

    assert states == ("RR", "RPP")
    assert (farm.states("model"), farm.states("comp")) == ("SS", "SSS")


def test_free_cores_are_used_at_once_when_a_dependency_lets_go(jobs: FakeFarm):
    made = link(jobs, job_end(jobs, "second"), job_end(jobs, "first"))
    jobs.add_host(cores=8)
    held = sorted(jobs.names_running())

    with jobs.farm.work():
        drop(jobs.farm, [made], "ANY_TARGET")

    assert held == ["0001-light", "0001-model", "0002-light", "0002-model"]
    assert len(jobs.names_running()) == 8


# -- asking ----------------------------------------------------------------------------------------------------


def test_dependencies_are_found_from_both_ends(jobs: FakeFarm):
    first, second = jobs.job("first"), jobs.job("second")
    whole = link(jobs, job_end(jobs, "second"), job_end(jobs, "first"))
    of_comp = link(jobs, layer_end(jobs, "second", "comp"), layer_end(jobs, "first", "model"))
    of_one = link(jobs, frame_end(jobs, "second", "comp", 1), frame_end(jobs, "first", "model", 2))
    frames = by_frame(jobs)
    comp_1, model_2 = second.state.ref("comp", 1), first.state.ref("model", 2)

    assert of_frame(jobs.farm, second, comp_1) == [whole, of_comp, of_one, frames]
    assert of_layer(jobs.farm, second, second.by_name["comp"]) == [of_comp, of_one, frames]
    assert of_layer(jobs.farm, second, second.by_name["grade"]) == []
    assert on_layer(jobs.farm, first, first.by_name["model"]) == [of_comp, of_one, frames]
    assert on_frame(jobs.farm, first, model_2) == [of_one, frames]
    assert on_frame(jobs.farm, first, first.state.ref("light", 1)) == []
