# SPDX-License-Identifier: Apache-2.0
"""How frames are found, and in which order they are listed and started."""

from __future__ import annotations

import pytest

from cuebot_stub.farm import changing, holds
from cuebot_stub.farm.errors import CannotDo
from cuebot_stub.farm.search import FrameSearch, changed_frames, find_frames, page_of
from tests.fakes.farm import FakeFarm
from tests.specs import depend, layer

GB = 1048576


def names(farm: FakeFarm, **search) -> list[str]:
    job = farm.job()
    return [job.state.frames.name(ref) for ref in find_frames(farm.farm, job, FrameSearch(**search))]


def numbers(farm: FakeFarm, **search) -> list[int]:
    job = farm.job()
    return [job.state.frames.number(ref) for ref in find_frames(farm.farm, job, FrameSearch(**search))]


@pytest.fixture
def two_layers(farm: FakeFarm) -> FakeFarm:
    """Return a farm with a job of two layers with three and two frames."""
    farm.launch(layer("beauty", "1-3"), layer("comp", "1-2"))
    return farm


# -- finding ---------------------------------------------------------------------------------------------------


def test_frames_are_listed_in_the_order_in_which_they_start(two_layers: FakeFarm):
    assert names(two_layers) == ["0001-beauty", "0001-comp", "0002-beauty", "0002-comp", "0003-beauty"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"layers": frozenset({"comp"})}, ["0001-comp", "0002-comp"]),
        ({"names": frozenset({"0002-comp", "0009-comp"})}, ["0002-comp"]),
        ({"frames": "2"}, ["0002-beauty", "0002-comp"]),
        ({"frames": "2-3", "layers": frozenset({"beauty"})}, ["0002-beauty", "0003-beauty"]),
        ({"frames": "3-2", "layers": frozenset({"beauty"})}, []),
        ({"frames": "1-3x2", "layers": frozenset({"beauty"})}, ["0001-beauty", "0003-beauty"]),
        ({"frames": "1,3", "layers": frozenset({"beauty"})}, ["0001-beauty", "0003-beauty"]),
        ({"layers": frozenset({"none"})}, []),
        ({"states": frozenset({"WAITING"}), "frames": "1"}, ["0001-beauty", "0001-comp"]),
        ({"states": frozenset({"SETUP", "CHECKPOINT"})}, []),
    ],
    ids=["layer", "name", "number", "span", "span down", "steps", "list", "no layer", "state", "states of others"],
)
def test_frames_are_found(two_layers: FakeFarm, search: dict[str, object], found: list[str]):
    assert names(two_layers, **search) == found


def test_frames_are_found_by_id(two_layers: FakeFarm):
    job = two_layers.job()
    wanted = job.frame_id(job.state.frames.ref("comp", 2))

    assert names(two_layers, ids=frozenset({wanted})) == ["0002-comp"]


def test_frames_are_found_by_state(two_layers: FakeFarm):
    two_layers.add_host(cores=2)
    two_layers.end("0001-beauty")

    assert names(two_layers, states=frozenset({"SUCCEEDED", "RUNNING"})) == ["0001-beauty", "0001-comp", "0002-beauty"]


def test_frames_are_found_by_what_they_used(farm: FakeFarm):
    farm.launch(layer("beauty", "1-4"))
    farm.add_host(cores=4)
    for frame in range(1, 4):
        farm.end(f"{frame:04d}-beauty", max_rss=frame * GB)

    assert numbers(farm, memory="2") == [2, 3]
    assert numbers(farm, memory="0-2.5") == [1, 2, 4]
    assert numbers(farm, memory="2-3") == [2, 3]


def test_memory_is_in_gb_however_much_it_is(farm: FakeFarm):
    farm.launch(layer("beauty", "1-2"))
    farm.add_host(cores=2)
    farm.end("0001-beauty", max_rss=3 * GB)

    # CueMan sends this for `lt2` as well as for `gt2`: whoever took it for kB would eat the wrong ones.
    assert numbers(farm, memory=str(2 * GB)) == []


def test_frames_are_found_by_how_long_they_ran(farm: FakeFarm):
    farm.launch(layer("beauty", "1-4"))
    farm.add_host(cores=2)
    farm.clock.advance(3600)
    farm.end("0001-beauty")
    farm.clock.advance(3600)
    farm.end("0002-beauty")

    assert numbers(farm, duration="1") == [1, 2, 3]
    assert numbers(farm, duration="1.5") == [2]
    assert numbers(farm, duration="0-1.5") == [1, 3, 4]
    assert numbers(farm, duration="7200") == []


@pytest.mark.parametrize(
    "search",
    [{"frames": "1-"}, {"frames": "a"}, {"memory": "lots"}, {"memory": "1-2-3"}, {"duration": "1.2.3"}],
    ids=str,
)
def test_what_cannot_be_read_is_refused(two_layers: FakeFarm, search: dict[str, str]):
    with pytest.raises(CannotDo, match="cannot be read"):
        names(two_layers, **search)


@pytest.mark.parametrize(
    ("page", "limit", "found"),
    [
        (1, 10, range(10)),
        (2, 10, range(10, 20)),
        (0, 10, range(10)),
        (1, 0, range(0)),
        (1, -1, range(0)),
        (2, 2000, range(2000, 2500)),
        (251, 10, range(0)),
    ],
    ids=str,
)
def test_page_is_as_large_as_was_asked_for(page: int, limit: int, found: range):
    assert page_of(iter(range(2500)), page, limit) == list(found)


# -- what has changed ------------------------------------------------------------------------------------------


def test_frames_that_move_have_changed(two_layers: FakeFarm):
    job = two_layers.job()
    two_layers.add_host(cores=1)
    two_layers.clock.advance(100)
    since = two_layers.clock.now

    two_layers.end("0001-beauty")

    changed = [job.state.frames.name(ref) for ref in changed_frames(job, since)]
    assert changed == ["0001-beauty", "0001-comp"]


def test_frames_that_wait_for_nothing_more_have_changed(farm: FakeFarm):
    farm.launch(
        layer("model", "1"),
        layer("comp", "1-2"),
        depends=depend("LAYER_ON_LAYER", deplayer="comp", onlayer="model"),
    )
    job = farm.job()
    farm.clock.advance(100)
    since = farm.clock.now

    with farm.farm.work():
        holds.layer_done(farm.farm, job, "model")

    changed = [job.state.frames.name(ref) for ref in changed_frames(job, since)]
    assert changed == ["0001-comp", "0002-comp"]


def test_launch_is_a_change_of_all_frames(two_layers: FakeFarm):
    assert len(changed_frames(two_layers.job(), two_layers.clock.now)) == len(two_layers.job().state.frames)


def test_nothing_has_changed_when_nothing_has_happened(two_layers: FakeFarm):
    two_layers.clock.advance(100)

    assert changed_frames(two_layers.job(), two_layers.clock.now) == []


# -- order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "way", "order"),
    [
        ("4-5", "FIRST", [4, 5, 1, 2, 3, 6]),
        ("5,4", "FIRST", [5, 4, 1, 2, 3, 6]),
        ("1-2", "LAST", [3, 4, 5, 6, 1, 2]),
        ("2-4", "REVERSE", [1, 4, 3, 2, 5, 6]),
        ("1-6", "REVERSE", [6, 5, 4, 3, 2, 1]),
        ("5-9", "FIRST", [5, 6, 1, 2, 3, 4]),
        ("90", "FIRST", [1, 2, 3, 4, 5, 6]),
    ],
    ids=["first", "first as written", "last", "reverse", "reverse all", "partly there", "not there"],
)
def test_frames_start_in_another_order(farm: FakeFarm, frames: str, way: str, order: list[int]):
    farm.launch(layer("beauty", "1-6"))

    with farm.farm.work():
        changing.reorder(farm.farm, farm.job(), 0, frames, way)
    listed = numbers(farm)
    farm.add_host(cores=1)
    farm.end_all()

    assert listed == order
    assert farm.rqd.launched == [f"{number:04d}-beauty" for number in order]


@pytest.mark.parametrize(
    ("frames", "step", "order"),
    [("1-10", 5, [1, 6, 3, 5, 7, 9, 2, 4, 8, 10]), ("3-6", 3, [1, 2, 3, 6, 4, 5, 7, 8, 9, 10])],
    ids=["all", "others keep their places"],
)
def test_frames_start_coarse_to_fine(farm: FakeFarm, frames: str, step: int, order: list[int]):
    farm.launch(layer("beauty", "1-10"))

    with farm.farm.work():
        changing.stagger(farm.farm, farm.job(), 0, frames, step)

    assert numbers(farm) == order


def test_layers_take_turns_also_in_another_order(two_layers: FakeFarm):
    with two_layers.farm.work():
        changing.reorder(two_layers.farm, two_layers.job(), 0, "3", "FIRST")

    assert names(two_layers) == ["0003-beauty", "0001-comp", "0001-beauty", "0002-comp", "0002-beauty"]


@pytest.mark.parametrize(("frames", "step"), [("1-10", 0), ("1-10", -1), ("1-10x2", 3), ("", 2)], ids=str)
def test_what_cannot_be_staggered_is_refused(farm: FakeFarm, frames: str, step: int):
    farm.launch(layer("beauty", "1-10"))

    with farm.farm.work(), pytest.raises(CannotDo):
        changing.stagger(farm.farm, farm.job(), 0, frames, step)


def test_frames_are_found_by_a_huge_range(two_layers: FakeFarm):
    assert numbers(two_layers, frames="1-2000000000x2,7") == [1, 1, 3]
    assert numbers(two_layers, frames="2-2000000000:9") == [2, 2, 3]


@pytest.mark.parametrize("frames", ["1-2000000000", "1-2000000000x3", "1-2000000000:5", "1-2000000000y3"])
def test_order_of_a_huge_range_is_refused_at_once(two_layers: FakeFarm, frames: str):
    with two_layers.farm.work(), pytest.raises(CannotDo, match="give one with at most 1000000"):
        changing.reorder(two_layers.farm, two_layers.job(), 0, frames, "FIRST")


def test_stagger_of_a_huge_range_is_refused_at_once(two_layers: FakeFarm):
    with two_layers.farm.work(), pytest.raises(CannotDo, match="give one with at most 1000000"):
        changing.stagger(two_layers.farm, two_layers.job(), 0, "1-2000000000", 7)
