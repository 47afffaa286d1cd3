# SPDX-License-Identifier: Apache-2.0
"""Why no host starts a frame of a job: one reason, the first that no host passes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

pytest.importorskip("opencue_proto", reason="the extra 'cue' is not installed")

from opencue_proto import host_pb2, job_pb2, subscription_pb2

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


def why(
    hosts: list[Any], *layers: Any, os: str = "", max_cores: float = 100, max_gpus: int = 100, burst: int = 100
) -> str:
    """Return the reason for a job of the facility local."""
    job = job_pb2.Job(facility="local", os=os, show="testing", max_cores=max_cores, max_gpus=max_gpus)
    subscription = subscription_pb2.Subscription(allocation_name="local.general", burst=burst)
    return why_nothing_starts(job, layers or [layer()], hosts, [subscription])


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
    ("of_layer", "load", "is_told"),
    [({}, 320, False), ({}, 321, True), ({"min_cores": 2}, 300, True), ({"min_cores": 0}, 410, False)],
    ids=["room", "full", "too little", "whole host"],
)
def test_host_with_much_other_work_is_told(of_layer: dict[str, Any], load: int, is_told: bool) -> None:
    reason = "all hosts that it may run on have a load above their cores, and a Cuebot starts nothing there"

    assert why([host(load=load)], layer(**of_layer)) == (reason if is_told else "")


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


@pytest.mark.parametrize(
    ("of_layer", "of_host", "reason"),
    [
        ({"min_cores": 0}, {}, ""),
        ({"min_cores": 0}, {"idle_cores": 3}, "all hosts that it may run on are busy"),
        ({"min_cores": -1}, {"idle_cores": 3}, ""),
        ({"min_cores": -1}, {"idle_cores": 2}, "all hosts that it may run on are busy"),
        ({"min_cores": -4}, {}, "no host has more than the 4 cores to be left free that the layer beauty asks for"),
        ({"min_gpus": 2}, {"gpus": 1, "idle_gpus": 1}, "no host has the 2 GPUs that the layer beauty asks for"),
        ({"min_gpu_memory": GB}, {}, "no host has the 1 GPUs that the layer beauty asks for"),
        (
            {"min_gpu_memory": 2 * GB},
            {"gpus": 1, "gpu_memory": GB},
            "no host has the 2.0 GB of GPU memory that the layer beauty asks for",
        ),
        ({"min_gpus": 1}, {"gpus": 1}, "all hosts that it may run on are busy"),
        ({"min_gpus": 1}, {"gpus": 1, "idle_gpus": 1}, ""),
    ],
    ids=itertools.count(),
)
def test_whole_hosts_and_gpus_are_told(of_layer: dict[str, Any], of_host: dict[str, Any], reason: str) -> None:
    assert why([host(**of_host)], layer(**of_layer)) == reason


def test_show_without_a_share_is_told() -> None:
    assert why([host()], burst=0).startswith("the show testing has no subscription to the allocation of such a host")


def test_job_of_too_few_cores_is_told() -> None:
    assert why([host()], max_cores=1) == "the job may use 1 cores, which must be more than a frame of beauty needs"


def test_job_of_too_few_gpus_is_told() -> None:
    gpus = layer(min_gpus=2)

    assert why([host(gpus=4, idle_gpus=4)], gpus, max_gpus=3) == ""
    assert why([host(gpus=4, idle_gpus=4)], gpus, max_gpus=2) == (
        "the job may use 2 GPUs, which must be more than a frame of beauty needs"
    )
