# SPDX-License-Identifier: Apache-2.0
"""What layers need when they do not say so, and cores that somebody books on a machine for a job."""

from __future__ import annotations

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.farm.reports import host_reported
from cuebot_stub.farm.things import Service
from tests.fakes.farm import GB, FakeFarm, host_report
from tests.specs import layer

# -- services ------------------------------------------------------------------------------------------------------


def needs(farm: FakeFarm, after: str = "") -> tuple[int, int, bool, list[str]]:
    made = farm.launch(layer(after=after)).layers[0]
    return made.min_cores, made.memory, made.threadable, made.tags


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("", (100, 3355443, False, ["general", "desktop"])),
        ("<services><service>arnold</service></services>", (100, 3355443, True, ["general", "desktop"])),
        ("<services><service>unheard</service><service>nuke</service></services>",
         (100, 2097152, False, ["general", "desktop"])),
        ("<services><service>unheard</service></services>", (100, 3355443, False, ["general", "desktop"])),
        ("<cores>0.5</cores><services><service>arnold</service></services>",
         (50, 3355443, False, ["general", "desktop"])),
        ("<cores>2</cores>", (100, 3355443, False, ["general", "desktop"])),
        ("<memory>100m</memory><tags>one | two</tags>", (100, 262144, False, ["one", "two"])),
    ],
    ids=["default", "named", "first-known", "unknown", "part-of-a-core", "points", "own"],
)  # fmt: skip
def test_layer_needs_what_it_says_and_else_what_its_service_says(
    farm: FakeFarm, after: str, expected: tuple[int, int, bool, list[str]]
):
    assert needs(farm, after) == expected


def test_service_of_the_show_wins(farm: FakeFarm):
    show = farm.farm.shows.named("testing")
    assert show is not None
    farm.farm.services["mine"] = Service("mine", "arnold", show.id, min_memory=GB)

    assert needs(farm, "<services><service>arnold</service></services>")[1] == GB


# -- memory of the job before --------------------------------------------------------------------------------------


def run_once(farm: FakeFarm, max_rss: int) -> None:
    farm.launch(layer(frames="1"))
    farm.add_host()
    farm.end_all(max_rss=max_rss)


def test_layer_without_memory_gets_what_it_used_in_the_job_before(farm: FakeFarm):
    run_once(farm, 8 * GB)

    assert needs(farm)[1] == 8 * GB


def test_layer_that_asks_for_memory_gets_that_whatever_it_used_before(farm: FakeFarm):
    run_once(farm, 8 * GB)

    assert needs(farm, "<memory>1g</memory>")[1] == GB


@pytest.mark.parametrize(("used", "memory"), [(8 * GB, 8 * GB), (GB, GB), (1000, 262144)])
def test_layer_gets_what_it_used_before_also_when_it_is_less(farm: FakeFarm, used: int, memory: int):
    run_once(farm, used)

    assert needs(farm)[1] == memory


# -- cores of one's own machine ------------------------------------------------------------------------------------

BOOKED = '<localbook host="node2.example.org" cores="2" memory="0" threads="1" gpu="0"/>'


def test_job_with_booked_cores_comes_first_on_that_host(farm: FakeFarm):
    farm.launch(layer("other", "1-9"), name="other", before="<priority>99</priority>")
    farm.launch(layer(frames="1-9"), before=BOOKED)

    farm.add_host("node2", cores=3)

    assert farm.rqd.launched == ["0001-beauty", "0002-beauty", "0003-beauty"]


def test_job_with_booked_cores_runs_on_other_hosts_too(farm: FakeFarm):
    farm.launch(layer(frames="1-9"), before=BOOKED)

    farm.add_host("node1", cores=2)

    assert farm.rqd.launched == ["0001-beauty", "0002-beauty"]


def test_booked_cores_are_used_while_somebody_works_at_the_host_and_no_others(farm: FakeFarm):
    farm.launch(layer("other", "1-9"), name="other", before="<priority>99</priority>")
    farm.launch(layer(frames="1-9"), before=BOOKED)

    with farm.farm.work():
        host_reported(farm.farm, host_report("node2", 8)._replace(nimby_locked=True), [])

    assert farm.rqd.launched == ["0001-beauty", "0002-beauty"]
    assert all(frame.ignore_nimby for frame in farm.run_frames())
