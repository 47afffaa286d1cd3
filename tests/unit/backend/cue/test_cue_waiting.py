# SPDX-License-Identifier: Apache-2.0
"""Why no host starts a frame of a job: one reason, the first that no host passes."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'cue' is not installed")

from opencue_proto import host_pb2, job_pb2

from outline.backend.cue.waiting import why_nothing_starts

GB = 1048576


def host(**more: Any) -> host_pb2.Host:
    """Return a host that could start a frame of any layer here."""
    usual = {
        "alloc_name": "local.general",
        "cores": 4,
        "idle_cores": 4,
        "memory": 8 * GB,
        "idle_memory": 8 * GB,
        "os": "Linux,rocky9",
        "tags": ["general", "node1"],
    }
    return host_pb2.Host(**{**usual, **more})


def layer(**more: Any) -> job_pb2.Layer:
    """Return a layer with a frame that could start."""
    usual = {"name": "beauty", "min_cores": 1, "min_memory": GB, "tags": ["general", "util"]}
    return job_pb2.Layer(layer_stats=job_pb2.LayerStats(waiting_frames=1), **{**usual, **more})


def why(hosts: list[Any], *layers: Any, os: str = "") -> str:
    """Return the reason for a job of the facility local."""
    return why_nothing_starts(job_pb2.Job(facility="local", os=os), layers or [layer()], hosts)


@pytest.mark.parametrize(
    ("hosts", "reason"),
    [
        ([], "no host of the farm is UP"),
        ([host(state=host_pb2.DOWN)], "no host of the farm is UP"),
        ([host(state=host_pb2.DOWN), host(lock_state=host_pb2.LOCKED)], "every host that is UP is locked"),
        ([host(alloc_name="cloud.general")], "no host that is UP and not locked is in the facility local"),
        ([host(tags=["desktop"])], "no host has a tag of the layer beauty: general, util"),
        ([host(cores=0.5)], "no host has the 1 cores that the layer beauty asks for"),
        ([host(memory=GB // 2)], "no host has the 1.0 GB that the layer beauty asks for"),
        ([host(idle_cores=0.5), host(idle_memory=0)], "all hosts that it may run on are busy"),
        ([host(state=host_pb2.DOWN), host()], ""),
    ],
    ids=["none", "down", "locked", "facility", "tags", "cores", "memory", "busy", "fits"],
)
def test_reason_is_what_the_last_hosts_lack(hosts: list[Any], reason: str) -> None:
    assert why(hosts) == reason


@pytest.mark.parametrize(
    ("system", "reason"),
    [("rocky9", ""), ("Linux", ""), ("Mars", "no host that is UP and not locked has the operating system Mars")],
)
def test_host_may_have_several_operating_systems(system: str, reason: str) -> None:
    assert why([host()], os=system) == reason


def test_one_layer_that_fits_is_enough() -> None:
    assert why([host()], layer(tags=["gpu"]), layer()) == ""


def test_layers_without_frames_that_wait_do_not_count() -> None:
    over = job_pb2.Layer(name="over", tags=["general"])

    assert why([host()], over, layer(tags=["gpu"])) == "no host has a tag of the layer beauty: gpu"


def test_what_no_wait_can_mend_comes_first() -> None:
    assert why([host(idle_cores=0)], layer(), layer(name="comp", min_cores=8)) == (
        "no host has the 8 cores that the layer comp asks for"
    )


def test_layer_without_tags_runs_everywhere() -> None:
    assert why([host(tags=[])], layer(tags=[])) == ""
