# SPDX-License-Identifier: Apache-2.0
"""Jobs of many layers, frames and dependencies: what is done with all of them takes time in proportion."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from types import FrameType

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.changing import reorder
from cuebot_stub.farm.depend import End
from cuebot_stub.farm.holds import mark_done
from cuebot_stub.farm.job import Job
from cuebot_stub.farm.search import FrameSearch, find_frames, page_of
from cuebot_stub.farm.steering import eat_frames, retry_frames
from tests.fakes.farm import FakeFarm
from tests.specs import depend, job, layer, spec

Act = Callable[[FakeFarm, Job], object]


def many_layers(count: int) -> str:
    """Return a job in which ``count`` layers wait for one of as many frames, and each also for the layer before."""
    names = [f"layer{number}" for number in range(count)]
    on_base = (depend("LAYER_ON_LAYER", deplayer=name, onlayer="base") for name in names)
    in_row = (depend("FRAME_BY_FRAME", deplayer=er, onlayer=on) for on, er in pairwise(names))
    layers = (layer(name, "1-2") for name in names)
    return spec(job(layer("base", f"1-{count}"), *layers), depends="".join([*on_base, *in_row]))


def calls_of(act: Callable[[], object]) -> int:
    """Count the calls of functions that something takes."""
    count = 0

    def note(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def steer(act: Callable[..., object]) -> Act:
    """Do something with all frames of a job."""

    def steer_all(farm: FakeFarm, found: Job) -> None:
        with farm.farm.work():
            act(farm.farm, found, list(found.state.frames))

    return steer_all


def reorder_all(farm: FakeFarm, found: Job) -> None:
    with farm.farm.work():
        for number in range(len(found.layers)):
            reorder(farm.farm, found, number, "2", "FIRST")


ACTS: dict[str, Act] = {
    "eat": steer(eat_frames),
    "mark-done": steer(mark_done),
    "retry": steer(retry_frames),
    "reorder": reorder_all,
    "last-page": lambda farm, found: page_of(find_frames(farm.farm, found, FrameSearch()), len(found.state.frames), 1),
    "depends-on-layer": lambda farm, found: farm.farm.depends.on_end(End(found, 0)),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_twice_as_much_takes_twice_as_long(act: Act):
    farms = [(farm, farm.launch_spec(many_layers(count))[0]) for farm, count in ((FakeFarm(), 40), (FakeFarm(), 80))]

    few, many = (calls_of(lambda farm=farm, found=found: act(farm, found)) for farm, found in farms)

    assert many < 2.5 * few + 100


def test_launch_of_twice_as_much_takes_twice_as_long():
    texts = many_layers(100), many_layers(200)

    few, many = (calls_of(lambda text=text: FakeFarm().launch_spec(text)) for text in texts)

    assert many < 2.3 * few
