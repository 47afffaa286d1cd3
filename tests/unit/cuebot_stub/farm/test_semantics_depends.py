# SPDX-License-Identifier: Apache-2.0
"""Dependencies of job specs, of every type, within a job and across jobs: exactly what waits, and until when."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.holds import mark_done
from tests.fakes.farm import FakeFarm
from tests.fakes.waiting import eat, retry, two_jobs, two_layers
from tests.specs import depend, layer


class Case(NamedTuple):
    """How to launch two layers, one of which waits for the other, and the jobs that they are in."""

    launch: Callable[..., None]
    er_job: str
    on_job: str


@pytest.fixture(params=[Case(two_layers, "test", "test"), Case(two_jobs, "two", "one")], ids=["within", "across"])
def case(request: pytest.FixtureRequest) -> Case:
    """Return both cases: within a job, and across jobs."""
    return request.param


def end_one(farm: FakeFarm, frame: int, case: Case) -> str:
    """End a frame that others wait for, and return their states."""
    farm.end(f"{frame:04d}-sim")
    return farm.states("comp", case.er_job)


# -- frame by frame ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("er", "on", "chunks", "end", "left"),
    [
        ("1-4", "1-4", (1, 1), 2, "PWPP"),
        ("1-4", "3-6", (1, 1), 3, "WWWP"),
        ("4-1", "1-4", (1, 1), 4, "WPPP"),
        ("1-6", "1-6", (1, 3), 1, "WWWPPP"),
        ("1-6", "1-6", (3, 1), 1, "PP"),
        ("1-6", "1-6", (3, 2), 5, "PP"),
        ("1-6", "1-4", (2, 3), 4, "PPW"),
        ("1-8", "1-4", (1, 10), 1, "WWWWWWWW"),
    ],
    ids=[
        "same", "shifted", "reverse", "large-on", "large-er", "3-2", "fewer", "one-chunk",
    ],
)  # fmt: skip
def test_each_frame_waits_for_the_chunks_that_cuebot_takes_for_its_own(
    farm: FakeFarm, case: Case, er: str, on: str, chunks: tuple[int, int], end: int, left: str
):
    case.launch(farm, "FRAME_BY_FRAME", er=er, on=on, chunks=chunks)

    farm.end(f"{end:04d}-sim")

    assert farm.states("comp", case.er_job) == left


@pytest.mark.parametrize(("er", "state"), [("1", "P"), ("5", "W")])
def test_frame_that_the_other_layer_does_not_have_waits_for_nothing(farm: FakeFarm, case: Case, er: str, state: str):

    case.launch(farm, "FRAME_BY_FRAME", er=er, on="1-4")

    assert farm.states("comp", case.er_job) == state


def test_eaten_frame_holds_its_like(farm: FakeFarm, case: Case):
    case.launch(farm, "FRAME_BY_FRAME")

    eat(farm, "sim", 2, job_name=case.on_job)
    farm.pass_time(1.0)
    farm.end("0001-sim")

    assert farm.states("comp", case.er_job) == "WPPP"


def test_dead_frame_holds_its_like_until_it_succeeds(farm: FakeFarm, case: Case):
    case.launch(farm, "FRAME_BY_FRAME")
    farm.end("0002-sim", status=1)
    while_dead = farm.states("comp", case.er_job)

    retry(farm, "sim", 2, job_name=case.on_job)
    farm.end("0002-sim")

    assert (while_dead, farm.states("comp", case.er_job)) == ("PPPP", "PWPP")


@pytest.mark.parametrize(
    ("kind", "parts", "states"),
    [
        pytest.param("FRAME_BY_FRAME", {"on": "1-3"}, "WPWW", id="its like"),
        pytest.param("LAYER_ON_LAYER", {"on": "1-3"}, "PPPP", id="a layer"),
        pytest.param("FRAME_ON_FRAME", {"depframe": "0003-comp", "onframe": "0002-sim"}, "WWPW", id="a single frame"),
    ],
)
def test_retry_of_a_frame_makes_those_wait_again_that_waited_for_it(
    farm: FakeFarm, case: Case, kind: str, parts: dict[str, str], states: str
):
    case.launch(farm, kind, **parts)
    before = [end_one(farm, frame, case) for frame in (1, 2, 3)]

    retry(farm, "sim", 2, job_name=case.on_job)

    assert (before[-1], farm.states("comp", case.er_job)) == ("WWWW", states)


# -- the frame before ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("er", "on", "chunks", "end", "left"),
    [
        ("1-4", "1-4", (1, 1), 2, "WPWP"),
        ("1-4", "1-4", (1, 2), 1, "WWWP"),
        ("1-4", "1-4", (2, 1), 1, "WP"),
        ("2-5", "11-14", (1, 1), 11, "WWPP"),
    ],
    ids=["same", "large-on", "large-er", "other-numbers"],
)
def test_frame_waits_for_the_chunk_that_holds_the_one_before(
    farm: FakeFarm, case: Case, er: str, on: str, chunks: tuple[int, int], end: int, left: str
):
    case.launch(farm, "PREVIOUS_FRAME", er=er, on=on, chunks=chunks)

    farm.end(f"{end:04d}-sim")

    assert farm.states("comp", case.er_job) == left


def test_frames_of_one_layer_wait_for_one_another(farm: FakeFarm):
    farm.add_host()

    farm.launch(layer("sim", "3,1,2"), depends=depend("PREVIOUS_FRAME", deplayer="sim", onlayer="sim"))

    assert farm.end_all() == ["0003-sim", "0001-sim", "0002-sim"]


# -- layers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "parts", "ends", "states"),
    [
        pytest.param("LAYER_ON_LAYER", {"on": "1-2"}, (1, 2), ["PPPP", "WWWW"], id="all frames of a layer"),
        pytest.param("LAYER_ON_LAYER", {"anyframe": "true"}, (3,), ["WWWW"], id="any frame of a layer"),
        pytest.param("FRAME_BY_FRAME", {"anyframe": "true"}, (3,), ["PPWP"], id="any frame is read for layers only"),
        pytest.param("LAYER_ON_SIM_FRAME", {"onframe": "0003-sim"}, (2, 3), ["PPPP", "WWWW"], id="one frame"),
        pytest.param(
            "FRAME_ON_FRAME", {"depframe": "0002-comp", "onframe": "0003-sim"}, (1, 3), ["WPWW", "WWWW"], id="frame"
        ),
        pytest.param(
            "FRAME_ON_LAYER", {"depframe": "0002-comp"}, (1, 2, 3, 4), [*["WPWW"] * 3, "WWWW"], id="frame on layer"
        ),
    ],
)
def test_what_waits_starts_when_all_has_ended_that_it_names(
    farm: FakeFarm, case: Case, kind: str, parts: dict[str, str], ends: tuple[int, ...], states: list[str]
):
    case.launch(farm, kind, **parts)

    assert [end_one(farm, frame, case) for frame in ends] == states


def test_layer_with_an_eaten_frame_releases_what_waits_when_the_others_are_done(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", on="1-2")
    eat(farm, "sim", 1, job_name=case.on_job)
    farm.pass_time(1.0)

    farm.end("0002-sim")

    assert farm.states("comp", case.er_job) == "WWWW"


def test_layer_whose_last_frame_is_eaten_releases_what_waits(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", on="1-2")
    farm.end("0001-sim")

    eat(farm, "sim", 2, job_name=case.on_job)

    assert farm.states("comp", case.er_job) == "WWWW"


def test_layer_whose_last_frame_is_eaten_is_not_done_on_a_strict_server(strict: FakeFarm):
    strict.add_host()
    two_layers(strict, "LAYER_ON_LAYER", on="1-2")
    strict.end("0001-sim")

    eat(strict, "sim", 2)

    assert strict.states("comp") == "PPPP"


def test_layer_of_which_all_is_eaten_releases_what_waits_for_any_frame(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", on="1-2", anyframe="true")
    eat(farm, "sim", 1, job_name=case.on_job)
    while_one_is_left = farm.states("comp", case.er_job)

    eat(farm, "sim", 2, job_name=case.on_job)

    assert (while_one_is_left, farm.states("comp", case.er_job)) == ("PPPP", "WWWW")


def test_frame_that_is_marked_done_is_any_frame(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", anyframe="true")

    with farm.farm.work():
        mark_done(farm.farm, farm.job(case.on_job), farm.refs("sim", case.on_job)[:1])

    assert farm.states("comp", case.er_job) == "WWWW"


def test_failed_frame_is_not_any_frame(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", anyframe="true")

    farm.end("0003-sim", status=1)

    assert farm.states("comp", case.er_job) == "PPPP"


# -- single frames -------------------------------------------------------------------------------------------------


def test_layer_goes_on_waiting_for_a_frame_that_was_eaten(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_SIM_FRAME", onframe="0003-sim")

    eat(farm, "sim", 3, job_name=case.on_job)

    assert farm.states("comp", case.er_job) == "PPPP"
