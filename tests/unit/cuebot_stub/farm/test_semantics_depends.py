# SPDX-License-Identifier: Apache-2.0
"""Dependencies of job specs, of every type, within a job and across jobs: exactly what waits, and until when."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

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


def test_retry_of_a_frame_makes_its_like_wait_again(farm: FakeFarm, case: Case):
    case.launch(farm, "FRAME_BY_FRAME")
    for frame in (1, 2, 3):
        farm.end(f"{frame:04d}-sim")

    retry(farm, "sim", 2, job_name=case.on_job)

    assert farm.states("comp", case.er_job) == "WPWP"


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


def test_layer_waits_for_all_frames_of_another(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", on="1-2")

    farm.end("0001-sim")
    half = farm.states("comp", case.er_job)
    farm.end("0002-sim")

    assert (half, farm.states("comp", case.er_job)) == ("PPPP", "WWWW")


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


def test_any_frame_of_a_layer_is_enough(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", anyframe="true")

    farm.end("0003-sim")

    assert farm.states("comp", case.er_job) == "WWWW"


def test_failed_frame_is_not_any_frame(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", anyframe="true")

    farm.end("0003-sim", status=1)

    assert farm.states("comp", case.er_job) == "PPPP"


def test_any_frame_is_read_for_layers_only(farm: FakeFarm, case: Case):
    case.launch(farm, "FRAME_BY_FRAME", anyframe="true")

    farm.end("0003-sim")

    assert farm.states("comp", case.er_job) == "PPWP"


def test_retry_makes_a_layer_wait_again(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_LAYER", on="1-2")
    farm.end("0001-sim")
    farm.end("0002-sim")

    retry(farm, "sim", 1, job_name=case.on_job)

    assert farm.states("comp", case.er_job) == "PPPP"


# -- single frames -------------------------------------------------------------------------------------------------


def test_layer_waits_for_one_frame(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_SIM_FRAME", onframe="0003-sim")

    farm.end("0002-sim")
    before = farm.states("comp", case.er_job)
    farm.end("0003-sim")

    assert (before, farm.states("comp", case.er_job)) == ("PPPP", "WWWW")


def test_layer_goes_on_waiting_for_a_frame_that_was_eaten(farm: FakeFarm, case: Case):
    case.launch(farm, "LAYER_ON_SIM_FRAME", onframe="0003-sim")

    eat(farm, "sim", 3, job_name=case.on_job)

    assert farm.states("comp", case.er_job) == "PPPP"


@pytest.mark.parametrize(
    ("kind", "parts", "left"),
    [
        ("FRAME_ON_FRAME", {"depframe": "0002-comp", "onframe": "0003-sim"}, ("WPWW", "WWWW")),
        ("FRAME_ON_LAYER", {"depframe": "0002-comp"}, ("WPWW", "WPWW")),
    ],
    ids=["frame", "layer"],
)
def test_frame_waits_for_what_it_names(
    farm: FakeFarm, case: Case, kind: str, parts: dict[str, str], left: tuple[str, str]
):
    case.launch(farm, kind, **parts)
    before = farm.states("comp", case.er_job)

    farm.end("0003-sim")

    assert (before, farm.states("comp", case.er_job)) == left


def test_retry_makes_a_single_frame_wait_again(farm: FakeFarm, case: Case):
    case.launch(farm, "FRAME_ON_FRAME", depframe="0002-comp", onframe="0003-sim")
    farm.end("0003-sim")

    retry(farm, "sim", 3, job_name=case.on_job)

    assert farm.states("comp", case.er_job) == "WPWW"
