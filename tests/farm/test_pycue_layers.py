# SPDX-License-Identifier: Apache-2.0
"""Layers and dependencies as PyCue finds, shows, steers and changes them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import SMALL, depend, job, layer, spec
from tests.support import until

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue.exception import EntityNotFoundException
from opencue_proto import depend_pb2, job_pb2

if TYPE_CHECKING:
    from tests.fakes.daemons import FakeDaemons

NAME = "testing-test_shot-tester_test"
OTHER = "testing-test_shot-tester_other"


@pytest.fixture
def beauty(pycue: Any) -> Any:
    """Return a layer of six frames beside another one; nothing runs, as there is no host."""
    text = spec(job(layer("beauty", "1-6", after=SMALL), layer("comp", "1-2", after=SMALL)))
    pycue.api.launchSpecAndWait(text)
    return pycue.api.findLayer(NAME, "beauty")


@pytest.fixture
def comp(pycue: Any, beauty: Any) -> Any:
    """Return the other layer of the job of ``beauty``, with two frames."""
    return pycue.api.findLayer(NAME, "comp")


@pytest.fixture
def other(pycue: Any) -> Any:
    """Return another job with a layer ``model`` of two frames."""
    return pycue.api.launchSpecAndWait(spec(job(layer("model", "1-2", after=SMALL), name="other")))[0]


def states(of: Any) -> str:
    letters = {"DEPEND": "P"}
    found = [job_pb2.FrameState.Name(frame.state()) for frame in of.getFrames()]
    return "".join(letters.get(state, state[0]) for state in found)


def numbers(of: Any) -> list[int]:
    return [frame.number() for frame in of.getFrames()]


# -- layers ----------------------------------------------------------------------------------------------------


def test_layer_says_what_was_asked_for(pycue: Any):
    more = (
        "<cores>2.0</cores><threadable>true</threadable><memory>2g</memory><timeout>5</timeout><tags>farm | big</tags>"
    )
    one = pycue.api.launchSpecAndWait(spec(job(layer("beauty", "1-10", chunk=5, cmd="render #IFRAME#", after=more))))[0]

    data = one.getLayers()[0].data

    assert (data.name, data.range, data.chunk_size, data.command) == ("beauty", "1-10", 5, "render #IFRAME#")
    assert (data.min_cores, data.is_threadable, data.min_memory) == (2.0, True, 2 * 1024**2)
    assert (list(data.tags), data.timeout, data.parent_id) == (["farm", "big"], 5, one.id())
    assert (data.layer_stats.total_frames, data.type) == (2, job_pb2.RENDER)


def test_layer_is_found_by_its_id(pycue: Any, beauty: Any):
    assert pycue.api.getLayer(beauty.id()).data == beauty.data


def test_layers_are_shown_in_the_order_that_somebody_gives_them(pycue: Any, beauty: Any, comp: Any):
    beauty.setDispatchOrder(9)

    assert [one.name() for one in pycue.api.findJob(NAME).getLayers()] == ["comp", "beauty"]
    assert pycue.api.findLayer(NAME, "beauty").data.dispatch_order == 9


def test_frame_keeps_the_state_of_its_checkpoint(beauty: Any):
    beauty.getFrames()[0].setCheckpointState(job_pb2.COPYING)

    assert [frame.data.checkpoint_state for frame in beauty.getFrames()[:2]] == [job_pb2.COPYING, job_pb2.DISABLED]


def test_layer_that_is_not_there_is_not_found(pycue: Any, beauty: Any):
    with pytest.raises(EntityNotFoundException, match="has no layer 'none'"):
        pycue.api.findLayer(NAME, "none")


def test_layer_lists_its_own_frames(beauty: Any, comp: Any):
    assert numbers(beauty) == [1, 2, 3, 4, 5, 6]
    assert [frame.number() for frame in beauty.getFrames(range="2-3", limit=1, page=2)] == [3]
    assert numbers(comp) == [1, 2]


def test_layer_counts_its_frames(pycue: Any, beauty: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=300)
    daemons.finish("0001-beauty")

    stats = pycue.api.getLayer(beauty.id()).data.layer_stats

    assert (stats.succeeded_frames, stats.running_frames, stats.waiting_frames) == (1, 1, 4)
    assert (stats.rendered_frame_count, stats.reserved_cores) == (1, 1.0)


def test_all_frames_of_a_layer_are_eaten_and_retried(beauty: Any, comp: Any):
    beauty.eat()
    eaten = states(beauty)

    beauty.retry()

    assert (eaten, states(beauty), states(comp)) == ("EEEEEE", "WWWWWW", "WW")


def test_all_frames_of_a_layer_are_killed(beauty: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=300)

    beauty.kill(reason="as asked")

    until(lambda: len([frame for _, frame in daemons.started if frame.endswith("beauty")]) >= 4)
    assert len([frame for _, frame in daemons.started if frame.endswith("comp")]) == 1


def test_all_frames_of_a_layer_are_marked_as_done(beauty: Any, comp: Any):
    comp.createDependencyOnLayer(beauty)

    beauty.markdone()

    assert (states(beauty), states(comp)) == ("WWWWWW", "WW")


def test_frames_of_a_layer_are_reordered_and_staggered(beauty: Any):
    beauty.reorderFrames("5-6", job_pb2.FIRST)
    first = numbers(beauty)
    beauty.reorderFrames("5-6", job_pb2.LAST)
    last = numbers(beauty)
    beauty.staggerFrames("1-6", 3)

    assert (first, last) == ([5, 6, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6])
    assert numbers(beauty) == [1, 4, 2, 3, 5, 6]


def test_needs_of_a_layer_are_changed(pycue: Any, beauty: Any):
    beauty.setMinCores(200)
    beauty.setMaxCores(800)
    beauty.setMinMemory(4 * 1024**2)
    beauty.setThreadable(True)
    beauty.setMinGpus(1)
    beauty.setMaxGpus(2)
    beauty.setMinGpuMemory(1024)
    beauty.setTimeout(10)
    beauty.setTimeoutLLU(20)
    beauty.enableMemoryOptimizer(False)
    beauty.setTags(["farm", "big_one"])

    data = pycue.api.getLayer(beauty.id()).data
    assert (data.min_cores, data.max_cores, data.min_memory, data.is_threadable) == (2.0, 8.0, 4 * 1024**2, True)
    assert (data.min_gpus, data.max_gpus, data.min_gpu_memory) == (1, 2, 1024)
    assert (data.timeout, data.timeout_llu, data.memory_optimizer_enabled) == (10, 20, False)
    assert list(data.tags) == ["farm", "big_one"]


def test_layer_that_may_start_later_says_so(pycue: Any, beauty: Any, daemons: FakeDaemons):
    tomorrow = int(time.time()) + 24 * 3600

    beauty.setStartAfter(tomorrow)
    daemons.add("node1")

    assert pycue.api.getLayer(beauty.id()).data.start_after == tomorrow
    assert daemons.running == ["0001-comp", "0002-comp"]


def test_limits_of_a_layer_are_added_and_dropped(pycue: Any, beauty: Any, daemons: FakeDaemons):
    limit = pycue.api.createLimit("licence", 2)
    beauty.addLimit(limit.id())
    daemons.add("node1", cores=800)
    limited = [one.name() for one in beauty.getLimitDetails()], len(daemons.running)

    beauty.dropLimit(pycue.api.findLimit("licence").id())

    assert limited == (["licence"], 4)
    assert len(daemons.running) == 8
    assert beauty.getLimitDetails() == []


def test_outputs_of_a_layer_are_registered(beauty: Any):
    beauty.registerOutputPath("/shows/testing/beauty.####.exr")

    assert list(beauty.getOutputPaths()) == ["/shows/testing/beauty.####.exr"]


# -- dependencies ----------------------------------------------------------------------------------------------


def test_layer_waits_for_another_one_frame_by_frame(beauty: Any, comp: Any, daemons: FakeDaemons):
    made = comp.createFrameByFrameDependency(beauty)
    held = states(comp)
    daemons.add("node1", cores=100)

    daemons.finish("0001-beauty")

    assert (made.type(), made.isActive(), made.isInternal()) == (depend_pb2.FRAME_BY_FRAME, True, True)
    assert (made.dependErLayer(), made.dependOnLayer(), held) == ("comp", "beauty", "PP")
    assert states(comp) == "RP"


def test_layers_wait_for_layers_frames_and_jobs(pycue: Any, beauty: Any, comp: Any, other: Any):
    on_job = comp.createDependencyOnJob(other)
    on_frame = comp.createDependencyOnFrame(beauty.getFrames(range="3")[0])
    on_layer = beauty.createDependencyOnLayer(other.getLayers()[0])

    found = {depend.id() for depend in comp.getWhatThisDependsOn()}
    assert found == {on_job.id(), on_frame.id()}
    assert [depend.id() for depend in beauty.getWhatDependsOnThis()] == [on_frame.id()]
    assert on_frame.dependOnFrame() == "0003-beauty"
    assert {depend.id() for depend in other.getWhatDependsOnThis()} == {on_job.id(), on_layer.id()}
    assert (states(comp), states(beauty)) == ("PP", "PPPPPP")


def test_frames_wait_for_jobs_layers_and_frames(pycue: Any, beauty: Any, comp: Any, other: Any):
    frame = comp.getFrames(range="1")[0]

    made = [
        frame.createDependencyOnJob(other),
        frame.createDependencyOnLayer(beauty),
        frame.createDependencyOnFrame(beauty.getFrames(range="2")[0]),
    ]

    assert [depend.type() for depend in made] == [
        depend_pb2.FRAME_ON_JOB, depend_pb2.FRAME_ON_LAYER, depend_pb2.FRAME_ON_FRAME,
    ]  # fmt: skip
    assert {depend.id() for depend in frame.getWhatThisDependsOn()} == {depend.id() for depend in made}
    assert [depend.id() for depend in beauty.getFrames(range="2")[0].getWhatDependsOnThis()] == [made[2].id()]
    assert states(comp) == "PW"
    frame.dropDepends(depend_pb2.ANY_TARGET)
    assert states(comp) == "WW"


def test_jobs_wait_for_jobs_layers_and_frames(pycue: Any, beauty: Any, other: Any):
    one = pycue.api.findJob(NAME)

    made = [
        one.createDependencyOnJob(other),
        one.createDependencyOnLayer(other.getLayers()[0]),
        one.createDependencyOnFrame(other.getFrames(range="1")[0]),
    ]

    assert [depend.target() for depend in made] == [depend_pb2.EXTERNAL] * 3
    assert {depend.id() for depend in one.getWhatThisDependsOn()} == {depend.id() for depend in made}
    assert {depend.id() for depend in one.getDepends()} == {depend.id() for depend in made}
    assert states(beauty) == "PPPPPP"
    one.dropDepends(depend_pb2.EXTERNAL)
    assert states(beauty) == "WWWWWW"


def test_dependency_is_satisfied_and_taken_back(pycue: Any, beauty: Any, comp: Any):
    made = comp.createDependencyOnLayer(beauty)
    made.satisfy()
    free = states(comp), pycue.api.getDepend(made.id()).isActive()

    made.unsatisfy()

    assert free == ("WW", False)
    assert states(comp) == "PP"


def test_dependency_of_the_spec_is_listed(pycue: Any):
    layers = layer("model", "1-2", after=SMALL), layer("comp", "1-2", after=SMALL)
    text = spec(job(*layers), depends=depend("LAYER_ON_LAYER", deplayer="comp", onlayer="model"))
    one = pycue.api.launchSpecAndWait(text)[0]

    (found,) = one.getDepends()

    assert (found.type(), found.dependErJob(), found.dependErLayer()) == (depend_pb2.LAYER_ON_LAYER, NAME, "comp")
    assert (found.dependOnJob(), found.dependOnLayer(), found.isActive()) == (NAME, "model", True)


def test_nothing_can_wait_for_a_job_that_is_complete(comp: Any, other: Any):
    other.eatFrames()

    with pytest.raises(grpc.RpcError, match="already complete"):
        comp.createDependencyOnJob(other)


def test_frame_starts_whatever_it_waits_for_when_it_is_marked_so(beauty: Any, comp: Any):
    comp.createDependencyOnLayer(beauty)

    comp.getFrames(range="2")[0].markAsWaiting()

    assert states(comp) == "PW"


def test_clients_are_told_to_show_a_frame_in_another_way(pycue: Any, beauty: Any):
    frame = beauty.getFrames(range="2")[0]

    frame.setFrameStateDisplayOverride(job_pb2.WAITING, "Held", (255, 128, 0))
    frame.setFrameStateDisplayOverride(job_pb2.DEAD, "Ask first", (1, 2, 3))

    (_, shown, *_) = beauty.getFrames()
    look = shown.data.frame_state_display_override
    assert (look.text, look.color.red, look.color.green, look.color.blue) == ("Held", 255, 128, 0)
    assert [one.text for one in frame.getFrameStateDisplayOverrides()] == ["Held", "Ask first"]
    frame.eat()
    assert not pycue.api.getFrame(frame.id()).hasFrameStateDisplayOverride()


def test_values_that_no_enum_has_are_refused(beauty: Any):
    with pytest.raises(grpc.RpcError, match="99 is not a value of job.Order"):
        beauty.reorderFrames("1-3", 99)
    with pytest.raises(grpc.RpcError, match="99 is not a value of depend.DependTarget"):
        beauty.stub.DropDepends(job_pb2.LayerDropDependsRequest(layer=beauty.data, target=99))
    with pytest.raises(grpc.RpcError, match="99 is not a value of job.FrameState"):
        beauty.getFrames(state=[99])
