# SPDX-License-Identifier: Apache-2.0
"""Services, their overrides and limits as PyCue shows and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import SMALL, one_layer

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue.exception import CueException
from opencue_proto import limit_pb2, limit_pb2_grpc, service_pb2

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons

LIMITED = f"{SMALL}<limits><limit>license</limit></limits>"


def names(things: Any) -> list[str]:
    return [thing.data.name for thing in things]


def service(name: str, **values: Any) -> service_pb2.Service:
    usual = {"min_cores": 100, "min_memory": 1048576, "tags": ["general"], "min_memory_increase": 2097152}
    return service_pb2.Service(name=name, **{**usual, **values})


def layer_of(pycue: Any) -> Any:
    return pycue.api.findLayer("testing-test_shot-tester_test", "beauty").data


# -- services --------------------------------------------------------------------------------------------------


def test_new_farm_has_the_services_of_opencue(pycue: Any):
    found = names(pycue.api.getDefaultServices())

    assert found == sorted(found)
    assert {"default", "shell", "arnold", "maya", "nuke", "prman", "preprocess"} < set(found)


def test_layer_has_what_a_new_service_says(pycue: Any, daemons: FakeDaemons):
    pycue.api.createService(service("bake", threadable=True, min_cores=200, max_cores=400, tags=["fast"], timeout=7))

    daemons.launch(one_layer(after="<services><service>bake</service></services>"))

    layer = layer_of(pycue)
    assert (layer.is_threadable, layer.min_cores, layer.max_cores, layer.min_memory) == (True, 2.0, 4.0, 1048576)
    assert (list(layer.tags), layer.timeout, list(layer.services)) == (["fast"], 7, ["bake"])


def test_service_of_a_taken_name_is_refused(pycue: Any):
    with pytest.raises(CueException, match="the service 'maya' already exists"):
        pycue.api.createService(service("maya"))


def test_service_cannot_have_negative_memory(pycue: Any):
    with pytest.raises(CueException, match="min_memory of the service 'bake' cannot be -1"):
        pycue.api.createService(service("bake", min_memory=-1))


def test_changed_service_holds_for_the_next_job(pycue: Any, daemons: FakeDaemons):
    found = pycue.api.getService("shell")
    found.setMinCores(300)
    found.setTags(["util"])

    found.update()

    daemons.launch(one_layer(after=f"{SMALL}<services><service>shell</service></services>"))
    assert (layer_of(pycue).min_cores, list(layer_of(pycue).tags)) == (3.0, ["util"])


def test_deleted_service_is_not_found(pycue: Any):
    pycue.api.getService("maya").delete()

    assert pycue.api.getService("maya") is None


def test_service_that_all_layers_fall_back_to_is_not_deleted(pycue: Any):
    with pytest.raises(grpc.RpcError, match="cannot be deleted"):
        pycue.api.getService("default").delete()


def test_override_holds_for_layers_of_its_show_only(pycue: Any, daemons: FakeDaemons):
    pycue.api.createShow("fly").createServiceOverride(service("shell", min_cores=400))
    shell = f"{SMALL}<services><service>shell</service></services>"

    daemons.launch(one_layer(show="fly", after=shell))
    daemons.launch(one_layer(after=shell))

    theirs = pycue.api.findLayer("fly-test_shot-tester_test", "beauty").data
    assert (theirs.min_cores, layer_of(pycue).min_cores) == (4.0, 1.0)


def test_override_is_changed_and_deleted(pycue: Any):
    show = pycue.api.findShow("testing")
    show.createServiceOverride(service("shell", min_cores=400))
    override = show.getServiceOverride("shell")
    override.data.min_cores = 500
    override.update()
    changed = show.getServiceOverride("shell").data.min_cores

    override.delete()

    assert (changed, show.getServiceOverrides()) == (500, [])


def test_override_that_is_not_there_is_not_found(pycue: Any):
    with pytest.raises(grpc.RpcError, match="testing has no override of the service 'shell'"):
        pycue.api.findShow("testing").getServiceOverride("shell")


# -- limits ----------------------------------------------------------------------------------------------------


def test_limit_is_made_found_and_listed(pycue: Any):
    made = pycue.api.createLimit("license", 3)

    found = pycue.api.findLimit("license")

    assert (found.id(), found.maxValue(), found.currentRunning()) == (made.id(), 3, 0)
    assert [limit.name() for limit in pycue.api.getLimits()] == ["license"]


def test_limit_wrapper_makes_changes_and_gets_itself(pycue: Any):
    limit = pycue.wrappers.limit.Limit(limit_pb2.Limit(name="license", max_value=2)).create()
    limit.setMaxValue(5)
    limit.setLimitType(limit_pb2.HOST)
    limit.setEnforcement(limit_pb2.ADVISORY)
    limit.setSoftValue(4)

    limit.rename("permit")

    same = limit.get(limit.id())
    assert (same.name(), same.maxValue(), same.softValue()) == ("permit", 5, 4)
    assert (same.limitType(), same.enforcement()) == (limit_pb2.HOST, limit_pb2.ADVISORY)


def test_limit_of_a_taken_name_is_refused(pycue: Any):
    pycue.api.createLimit("license", 3)

    with pytest.raises(CueException, match="the limit 'license' already exists"):
        pycue.api.createLimit("license", 4)


def test_limit_is_in_use_while_frames_run(pycue: Any, daemons: FakeDaemons):
    pycue.api.createLimit("license", 2)
    daemons.launch(one_layer(after=LIMITED))

    daemons.add("node1")

    assert pycue.api.findLimit("license").currentRunning() == 2
    assert [(hold.host_name, hold.tokens) for hold in pycue.api.getLimitHolds("license")] == [("node1", 2)]


def test_raised_limit_lets_frames_start_at_once(pycue: Any, daemons: FakeDaemons):
    limit = pycue.api.createLimit("license", 0)
    daemons.launch(one_layer(after=LIMITED))
    daemons.add("node1")

    limit.setMaxValue(3)

    assert len(daemons.running) == 3


def test_renamed_limit_holds_for_the_layers_that_name_it(pycue: Any, daemons: FakeDaemons):
    limit = pycue.api.createLimit("license", 1)
    daemons.add("node1")
    daemons.launch(one_layer(after=LIMITED))

    limit.rename("permit")
    daemons.finish("0001-beauty")

    assert daemons.running == ["0002-beauty"]
    assert (list(layer_of(pycue).limits), pycue.api.findLimit("permit").currentRunning()) == (["permit"], 1)


def test_layers_that_name_a_limit_are_listed(pycue: Any, daemons: FakeDaemons):
    pycue.api.createLimit("license", 1)
    daemons.launch(one_layer(after=LIMITED))

    (binding,) = pycue.api.getLimitBindings("license")

    assert (binding.layer_name, binding.job_name) == ("beauty", "testing-test_shot-tester_test")


def test_limit_that_a_pending_job_names_is_not_deleted(pycue: Any, daemons: FakeDaemons):
    limit = pycue.api.createLimit("license", 1)
    daemons.launch(one_layer(after=LIMITED))

    with pytest.raises(grpc.RpcError, match="layers of 1 jobs name the limit license"):
        limit.delete()


def test_limit_that_nobody_names_is_deleted(pycue: Any):
    pycue.api.createLimit("license", 1).delete()

    assert pycue.api.getLimits() == []


def test_reports_of_license_servers_are_not_implemented(pycue: Any, farm_server: FarmServer):
    with grpc.insecure_channel(f"127.0.0.1:{farm_server.port}") as channel:
        stub = limit_pb2_grpc.LimitInterfaceStub(channel)

        with pytest.raises(grpc.RpcError, match=r"limit\.LimitInterface/ReportUsage is not implemented"):
            stub.ReportUsage(limit_pb2.LimitReportUsageRequest())
