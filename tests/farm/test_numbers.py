# SPDX-License-Identifier: Apache-2.0
"""Numbers that clients set: what a real Cuebot takes, makes of them, and refuses, with and without --strict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

import grpc
from opencue_proto import job_pb2, limit_pb2, subscription_pb2

from tests.fakes.farm import START
from tests.specs import SMALL, job, layer, spec

if TYPE_CHECKING:
    from tests.farm.clients import Clients

YEAR = 365 * 24 * 3600


@pytest.fixture
def made(clients: Clients) -> job_pb2.Job:
    """Return a job with a layer of two frames; nothing runs, as there is no host."""
    return clients.launch(spec(job(layer("beauty", "1-2", after=SMALL))))


def set_layer(clients: Clients, made: job_pb2.Job, call: str, **values: Any) -> job_pb2.Layer:
    """Call a setter of the layer, and return the layer."""
    request = getattr(job_pb2, f"Layer{call}Request")
    getattr(clients.layers, call)(request(layer=clients.layer(made), **values))
    return clients.layer(made)


def set_job(clients: Clients, made: job_pb2.Job, call: str, **values: Any) -> job_pb2.Job:
    """Call a setter of the job, and return the job."""
    getattr(clients.jobs, call)(getattr(job_pb2, f"Job{call}Request")(job=made, **values))
    return clients.job(made.id)


def set_group(clients: Clients, call: str, **values: Any) -> job_pb2.Group:
    """Call a setter of the group of the show, and return the group."""
    find = job_pb2.GroupFindGroupRequest(show="testing", name="testing")
    group = clients.groups.FindGroup(find).group
    request = getattr(job_pb2, f"Group{call.replace('Default', 'Def')}Request")
    getattr(clients.groups, call)(request(group=group, **values))
    return clients.groups.FindGroup(find).group


# -- layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "stored"),
    [(2.25, 2.25), (0.5, 0.5), (0.1, 0.1), (0.09, 1.0), (0.0, 1.0), (-1.0, 1.0), (-4.0, 1.0), (2e7, 2e7)],
)
def test_least_cores_of_a_layer_are_one_below_a_tenth(clients: Clients, made: job_pb2.Job, asked: float, stored: float):
    assert set_layer(clients, made, "SetMinCores", cores=asked).min_cores == pytest.approx(stored)


@pytest.mark.parametrize(
    ("asked", "stored"), [(2.0, 2.0), (2.75, 2.0), (0.5, 0.0), (0.996, 1.0), (-1.0, -1.0), (-3.0, -2.0)]
)
def test_most_cores_of_a_layer_are_whole(clients: Clients, made: job_pb2.Job, asked: float, stored: float):
    assert set_layer(clients, made, "SetMaxCores", cores=asked).max_cores == stored


def test_more_cores_than_cuebot_can_count_are_refused(clients: Clients, made: job_pb2.Job):
    with pytest.raises(grpc.RpcError, match="3e\\+07 is not a number of cores"):  # stored as 1.0 on Cuebot
        set_layer(clients, made, "SetMinCores", cores=3e7)


@pytest.mark.parametrize(
    ("call", "field", "stored"),
    [
        ("SetMinGpus", "min_gpus", "min_gpus"),
        ("SetMaxGpus", "max_gpus", "max_gpus"),
        ("SetMinGpuMemory", "gpu_memory", "min_gpu_memory"),
        ("SetTimeout", "timeout", "timeout"),
        ("SetTimeoutLLU", "timeout_llu", "timeout_llu"),
    ],
)
@pytest.mark.parametrize("value", [3, 0, -3])
def test_numbers_of_a_layer_are_stored_also_negative_ones(
    clients: Clients, made: job_pb2.Job, call: str, field: str, stored: str, value: int
):
    assert getattr(set_layer(clients, made, call, **{field: value}), stored) == value


def test_tags_of_a_layer_are_parted_without_blanks_and_never_none(clients: Clients, made: job_pb2.Job):
    with pytest.raises(grpc.RpcError, match="without tags") as raised:
        set_layer(clients, made, "SetTags", tags=[])

    assert raised.value.code() is grpc.StatusCode.INTERNAL
    assert list(set_layer(clients, made, "SetTags", tags=["x y", "a | b", "a"]).tags) == ["xy", "a", "b"]


@pytest.mark.parametrize("ahead", [0, 60, 5 * YEAR])
def test_layer_may_start_after_a_time_within_five_years(clients: Clients, made: job_pb2.Job, ahead: int):
    seen = set_layer(clients, made, "SetStartAfter", start_after=int(START) + ahead, username="lead")

    assert (seen.start_after, seen.start_after_reason) == (int(START) + ahead, "Set by lead")


def test_start_after_by_nobody_is_by_somebody_unknown(clients: Clients, made: job_pb2.Job):
    assert set_layer(clients, made, "SetStartAfter", start_after=int(START)).start_after_reason == "Set by unknown"


@pytest.mark.parametrize("time", [-1, int(START) + 5 * YEAR + 1, int(START) * 1000], ids=str)
def test_start_after_a_time_that_is_none_is_an_invalid_argument(clients: Clients, made: job_pb2.Job, time: int):
    with pytest.raises(grpc.RpcError) as raised:
        set_layer(clients, made, "SetStartAfter", start_after=time)

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


# -- jobs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "field"), [("SetMinCores", "min_cores"), ("SetMaxCores", "max_cores")])
@pytest.mark.parametrize(("asked", "stored"), [(3.0, 3.0), (2.75, 2.0), (0.0, 0.0), (-1.0, -1.0), (-3.0, -2.0)])
def test_cores_of_a_job_are_whole_and_may_be_negative(
    clients: Clients, made: job_pb2.Job, call: str, field: str, asked: float, stored: float
):
    assert getattr(set_job(clients, made, call, val=asked), field) == stored


@pytest.mark.parametrize("retries", [-1, 17])
def test_retries_below_0_and_above_16_are_refused(clients: Clients, made: job_pb2.Job, retries: int):
    with pytest.raises(grpc.RpcError, match="give 0 to 16") as raised:
        set_job(clients, made, "SetMaxRetries", max_retries=retries)

    assert raised.value.code() is grpc.StatusCode.INTERNAL


# -- groups ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "field", "stored", "fact"),
    [
        ("SetDefaultJobMinCores", "min_cores", "default_job_min_cores", "min_cores"),
        ("SetDefaultJobMaxCores", "max_cores", "default_job_max_cores", "max_cores"),
        ("SetDefaultJobMinGpus", "min_gpus", "default_job_min_gpus", "min_gpus"),
        ("SetDefaultJobMaxGpus", "max_gpus", "default_job_max_gpus", "max_gpus"),
        ("SetDefaultJobPriority", "priority", "default_job_priority", "priority"),
    ],
)
def test_default_of_a_group_is_also_for_the_jobs_that_are_there(
    clients: Clients, made: job_pb2.Job, call: str, field: str, stored: str, fact: str
):
    group = set_group(clients, call, **{field: 7})

    assert (getattr(group, stored), getattr(clients.job(made.id), fact)) == (7, 7)
    assert getattr(set_group(clients, call, **{field: -1}), stored) == -1
    assert getattr(clients.job(made.id), fact) == (-1 if fact == "priority" else 7)  # so it is on Cuebot


@pytest.mark.parametrize(
    ("call", "field", "stored", "value"),
    [
        ("SetDefaultJobMinCores", "min_cores", "default_job_min_cores", -1),
        ("SetDefaultJobMaxCores", "max_cores", "default_job_max_cores", -1),
        ("SetDefaultJobMinGpus", "min_gpus", "default_job_min_gpus", -1),
        ("SetDefaultJobMaxGpus", "max_gpus", "default_job_max_gpus", -1),
        ("SetDefaultJobPriority", "priority", "default_job_priority", 0),
        ("SetMinCores", "min_cores", "min_cores", 0),
        ("SetMinGpus", "min_gpus", "min_gpus", 0),
        ("SetMaxGpus", "max_gpus", "max_gpus", 0),
    ],
)
def test_default_of_0_is_none_but_for_the_priority(clients: Clients, call: str, field: str, stored: str, value: int):
    assert getattr(set_group(clients, call, **{field: 0}), stored) == value


@pytest.mark.parametrize(("cores", "stored"), [(2.5, 2.0), (-1.0, -1.0), (-3.0, -1.0)])
def test_most_cores_of_a_group_are_whole_or_any_number(clients: Clients, cores: float, stored: float):
    assert set_group(clients, "SetMaxCores", max_cores=cores).max_cores == stored


@pytest.mark.parametrize("cores", [0.0, 0.5])
def test_group_of_less_than_one_core_is_refused(clients: Clients, cores: float):
    with pytest.raises(grpc.RpcError, match="give 1 or more"):
        set_group(clients, "SetMaxCores", max_cores=cores)


# -- shares ------------------------------------------------------------------------------------------------------


def test_negative_sizes_of_subscriptions_are_stored(clients: Clients):
    find = subscription_pb2.SubscriptionFindRequest(name="local.general.testing")
    found = clients.subscriptions.Find(find).subscription

    clients.subscriptions.SetSize(subscription_pb2.SubscriptionSetSizeRequest(subscription=found, new_size=-5))
    clients.subscriptions.SetBurst(subscription_pb2.SubscriptionSetBurstRequest(subscription=found, burst=-7))

    after = clients.subscriptions.Find(find).subscription
    assert (after.size, after.burst) == (-5, -7)


def test_negative_limit_is_stored(clients: Clients):
    clients.limits.Create(limit_pb2.LimitCreateRequest(name="licence", max_value=-2))

    assert clients.limits.Find(limit_pb2.LimitFindRequest(name="licence")).limit.max_value == -2


# -- and what runs -----------------------------------------------------------------------------------------------


def test_frame_with_negative_needs_runs_and_reserves_nothing_of_them(clients: Clients, rqd_server: Any):
    made = clients.launch(spec(job(layer("beauty", "1", after=SMALL), before="<paused>True</paused>")))
    set_layer(clients, made, "SetMinGpus", min_gpus=-2)
    set_layer(clients, made, "SetTimeout", timeout=-1)
    set_layer(clients, made, "SetTimeoutLLU", timeout_llu=-1)

    clients.jobs.Resume(job_pb2.JobResumeRequest(job=made))
    rqd_server.wait_for("0001-beauty")
    rqd_server.report()

    assert (clients.proc(made).reserved_gpus, clients.states(made)) == (0, {"0001-beauty": "RUNNING"})
