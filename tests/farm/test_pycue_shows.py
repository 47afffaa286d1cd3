# SPDX-License-Identifier: Apache-2.0
"""Shows, subscriptions and groups as PyCue shows and changes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import SMALL, one_layer

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue.exception import CueException, EntityNotFoundException

from cuebot_stub.spec import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons


def names(things: Any) -> list[str]:
    return [thing.data.name for thing in things]


# -- shows -----------------------------------------------------------------------------------------------------


def test_new_farm_has_the_show_testing(pycue: Any):
    (show,) = pycue.api.getShows()

    data = show.data
    assert (data.name, data.active, data.booking_enabled, data.dispatch_enabled) == ("testing", True, True, True)
    assert (data.default_min_cores, data.default_max_cores) == (1.0, 2000.0)


def test_new_show_runs_jobs_at_once(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.createShow("fly")

    daemons.launch(one_layer(frames="1", show="fly"))

    assert daemons.running == ["0001-beauty"]


def test_new_show_has_only_what_it_subscribes_to(pycue: Any):
    show = pycue.api.createShow("fly")

    show.createSubscription(pycue.api.findAllocation("local.desktop"), 10.0, 20.0)

    (subscription,) = show.getSubscriptions()
    data = subscription.data
    assert (data.name, data.size, data.burst) == ("local.desktop.fly", 1000, 2000)


def test_new_show_has_no_subscriptions_on_a_strict_server(make_farm_server: Callable[..., FarmServer], pycue: Any):
    server = make_farm_server(strict=True)
    pycue.Cuebot.setHosts([f"127.0.0.1:{server.port}"])

    show = pycue.api.createShow("fly")

    assert show.getSubscriptions() == []


@pytest.mark.parametrize("name", ["testing", "TESTING"])
def test_show_of_a_taken_name_is_refused(pycue: Any, name: str):
    with pytest.raises(CueException, match="the show .* already exists"):
        pycue.api.createShow(name)


@pytest.mark.parametrize("name", ["", " ", "a/b", "-x", "x\n"])
def test_show_of_no_proper_name_is_refused(pycue: Any, name: str):
    with pytest.raises(CueException, match="cannot name a show"):
        pycue.api.createShow(name)


def test_show_that_is_not_there_is_not_found(pycue: Any):
    with pytest.raises(EntityNotFoundException, match="no show 'fly'"):
        pycue.api.findShow("fly")


def test_inactive_show_takes_no_jobs_and_is_not_listed_as_active(pycue: Any, daemons: FakeDaemons):
    pycue.api.findShow("testing").setActive(False)

    assert pycue.api.getActiveShows() == []
    with pytest.raises(SpecError, match="takes no jobs"):
        daemons.launch(one_layer())


@pytest.mark.parametrize("call", ["enableBooking", "enableDispatching", "setActive"])
def test_show_starts_frames_again_when_it_is_switched_on(pycue: Any, daemons: FakeDaemons, call: str):
    daemons.launch(one_layer(frames="1"))
    show = pycue.api.findShow("testing")
    getattr(show, call)(False)
    daemons.add("node1")

    getattr(show, call)(True)

    assert daemons.running == ["0001-beauty"]


def test_defaults_of_a_show_are_kept_and_new_jobs_have_their_own_as_on_cuebot(pycue: Any, daemons: FakeDaemons):
    show = pycue.api.findShow("testing")
    show.setDefaultMinCores(2.0)
    show.setDefaultMaxCores(8.9)
    show.setDefaultMinGpus(1)
    show.setDefaultMaxGpus(4)

    daemons.launch(one_layer())

    data = pycue.api.findJob("testing-test_shot-tester_test").data
    assert (data.min_cores, data.max_cores, data.max_gpus) == (1.0, 100.0, 100)
    assert pycue.api.findShow("testing").data.default_max_cores == 8.0


def test_show_notes_that_another_scheduler_manages_it(pycue: Any):
    pycue.api.findShow("testing").setSchedulerManaged(True)

    assert pycue.api.findShow("testing").schedulerManaged()


def test_show_counts_what_it_has(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1", cores=200)
    daemons.launch(one_layer(frames="1-5"))

    daemons.finish("0001-beauty")

    stats = pycue.api.findShow("testing").data.show_stats
    assert (stats.pending_jobs, stats.running_frames, stats.pending_frames) == (1, 2, 2)
    assert (stats.created_job_count, stats.created_frame_count, stats.rendered_frame_count) == (1, 5, 1)
    assert stats.reserved_cores == 2.0


def test_jobs_of_an_archived_show_go_to_its_heir(pycue: Any, daemons: FakeDaemons):
    pycue.api.createShow("fly").archive("testing")

    daemons.launch(one_layer(show="fly"))

    assert [job.data.show for job in pycue.api.getJobs()] == ["testing"]
    assert names(pycue.api.getShows()) == ["fly_archive", "testing"]
    with pytest.raises(EntityNotFoundException, match="no show 'fly'"):  # or what is done to it would hit its heir
        pycue.api.findShow("fly")


def test_show_is_deleted_with_its_finished_jobs(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    pycue.api.createShow("fly")
    daemons.launch(one_layer(frames="1", show="fly"))
    daemons.finish("0001-beauty")

    pycue.api.deleteShow("fly")

    assert names(pycue.api.getShows()) == ["testing"]
    assert pycue.api.getJobs(include_finished=True) == []


def test_show_with_pending_jobs_is_not_deleted(pycue: Any, daemons: FakeDaemons):
    daemons.launch(one_layer())

    with pytest.raises(CueException, match="has 1 jobs that are not over"):
        pycue.api.deleteShow("testing")


# -- subscriptions ---------------------------------------------------------------------------------------------


def test_subscription_is_found_by_name_and_id(pycue: Any):
    found = pycue.api.findSubscription("local.general.testing")

    same = pycue.api.getSubscription(found.data.id)

    data = same.data
    assert (data.show_name, data.allocation_name, data.facility) == ("testing", "local.general", "local")


def test_subscription_counts_what_its_show_uses(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")

    daemons.launch(one_layer(frames="1-3"))

    assert pycue.api.findSubscription("local.general.testing").data.reserved_cores == 300


def test_larger_burst_lets_frames_start(pycue: Any, daemons: FakeDaemons):
    subscription = pycue.api.findSubscription("local.general.testing")
    subscription.setBurst(0)
    daemons.add("node1")
    daemons.launch(one_layer(frames="1-9"))

    subscription.setBurst(250)

    assert daemons.running == ["0001-beauty", "0002-beauty"]


def test_size_of_a_subscription_is_in_core_points(pycue: Any):
    pycue.api.findSubscription("local.general.testing").setSize(250)

    assert pycue.api.findSubscription("local.general.testing").data.size == 250


@pytest.mark.parametrize("cores", [math.nan, math.inf, 1e30], ids=str)
def test_subscription_to_no_number_of_cores_is_refused(pycue: Any, cores: float):
    allocation = pycue.api.findAllocation("local.unassigned")

    with pytest.raises(grpc.RpcError, match="cores"):
        pycue.api.findShow("testing").createSubscription(allocation, cores, 1)


@pytest.mark.parametrize("cores", [math.nan, math.inf, 1e30], ids=str)
@pytest.mark.parametrize("call", ["setMaxCores", "setMinCores", "setDefaultJobMaxCores", "setDefaultJobMinCores"])
def test_group_of_no_number_of_cores_is_refused(root: Any, call: str, cores: float):
    with pytest.raises(grpc.RpcError, match="is not a number of cores"):
        getattr(root, call)(cores)


@pytest.mark.parametrize("cores", [math.nan, math.inf, 1e30, -1.0], ids=str)
@pytest.mark.parametrize("call", ["setDefaultMaxCores", "setDefaultMinCores"])
def test_show_of_no_number_of_cores_is_refused(pycue: Any, call: str, cores: float):
    with pytest.raises(grpc.RpcError, match="is not a number of cores"):
        getattr(pycue.api.findShow("testing"), call)(cores)


def test_second_subscription_to_an_allocation_is_refused(pycue: Any):
    with pytest.raises(grpc.RpcError, match=r"already has a subscription to local\.general"):
        pycue.api.findShow("testing").createSubscription(pycue.api.findAllocation("local.general"), 1, 1)


def test_subscription_by_which_frames_run_is_not_deleted(pycue: Any, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1"))

    with pytest.raises(grpc.RpcError, match="1 frames are running on this subscription"):
        pycue.api.findSubscription("local.general.testing").delete()


def test_deleted_subscription_lets_nothing_run(pycue: Any, daemons: FakeDaemons):
    pycue.api.findSubscription("local.general.testing").delete()
    daemons.add("node1")

    daemons.launch(one_layer())

    assert daemons.running == []


# -- groups ----------------------------------------------------------------------------------------------------


@pytest.fixture
def root(pycue: Any) -> Any:
    """Return the root group of the show testing."""
    return pycue.api.findShow("testing").getRootGroup()


def test_show_has_a_root_group_with_its_jobs(pycue: Any, root: Any, daemons: FakeDaemons):
    daemons.launch(one_layer())

    assert (root.data.name, root.data.level, root.data.parent_id) == ("testing", 0, "")
    assert names(root.getJobs()) == ["testing-test_shot-tester_test"]


def test_group_is_found_by_name_and_id(pycue: Any, root: Any):
    root.createSubGroup("lighting")

    found = pycue.api.findGroup("testing", "lighting")

    assert pycue.api.getGroup(found.data.id).data.parent_id == root.data.id
    assert (found.data.level, names(root.getGroups())) == (1, ["lighting"])


def test_group_of_a_taken_name_is_refused(root: Any):
    root.createSubGroup("lighting")

    with pytest.raises(grpc.RpcError, match="already has a group 'Lighting'"):
        root.createSubGroup("Lighting")


def test_job_that_comes_into_a_group_has_its_defaults(pycue: Any, root: Any, daemons: FakeDaemons):
    daemons.launch(one_layer())
    root.createSubGroup("lighting")
    group = pycue.api.findGroup("testing", "lighting")
    group.setDefaultJobPriority(77)
    group.setDefaultJobMinCores(2)
    group.setDefaultJobMaxCores(3.5)

    group.reparentJobs([pycue.api.findJob("testing-test_shot-tester_test")])

    data = pycue.api.findJob("testing-test_shot-tester_test").data
    assert (data.group, data.priority, data.min_cores, data.max_cores) == ("lighting", 77, 2.0, 3.0)


def test_defaults_of_a_group_are_for_jobs_that_are_moved_into_it(pycue: Any, root: Any, daemons: FakeDaemons):
    group = root.createSubGroup("late")
    group.setDefaultJobPriority(55)
    root.setDefaultJobPriority(66)
    daemons.launch(one_layer())
    job = pycue.api.findJob("testing-test_shot-tester_test")
    launched = job.data.priority

    group.reparentJobs([job])
    assert (launched, pycue.api.findJob(job.name()).data.priority) == (1, 55)


def test_group_holds_its_jobs_to_its_cores(pycue: Any, root: Any, daemons: FakeDaemons):
    daemons.launch(one_layer())
    root.setMaxCores(2)

    daemons.add("node1")

    group = pycue.api.getGroup(root.data.id).data
    assert (group.max_cores, group.group_stats.reserved_cores, group.group_stats.waiting_frames) == (2.0, 2.0, 18)


def test_group_without_a_limit_any_more_lets_its_jobs_start(pycue: Any, root: Any, daemons: FakeDaemons):
    daemons.launch(one_layer(frames="1-3"))
    root.setMaxCores(1)
    daemons.add("node1")

    root.setMaxCores(-1)

    assert len(daemons.running) == 3


def test_groups_count_their_frames_when_a_job_moves(pycue: Any, root: Any, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1-3"))
    root.createSubGroup("lighting")

    pycue.api.findGroup("testing", "lighting").reparentJobs(root.getJobs())

    stats = pycue.api.findGroup("testing", "lighting").data.group_stats
    assert (stats.reserved_cores, stats.running_frames, stats.pending_jobs) == (3.0, 3, 1)
    assert pycue.api.getGroup(root.data.id).data.group_stats.reserved_cores == 0.0


def test_groups_move_into_each_other(pycue: Any, root: Any):
    root.createSubGroup("one")
    root.createSubGroup("two")
    two = pycue.api.findGroup("testing", "two")

    pycue.api.findGroup("testing", "one").reparentGroups([two])

    assert pycue.api.findGroup("testing", "two").data.level == 2


def test_group_does_not_move_into_itself(pycue: Any, root: Any):
    root.createSubGroup("one")
    one = pycue.api.findGroup("testing", "one")
    one.createSubGroup("two")

    with pytest.raises(grpc.RpcError, match="cannot be moved into itself"):
        one.setGroup(pycue.api.findGroup("testing", "two"))


def test_group_has_another_name_and_department(pycue: Any, root: Any):
    root.createSubGroup("one")
    group = pycue.api.findGroup("testing", "one")
    group.setName("uno")

    group.setDepartment("Lighting")

    data = pycue.api.findGroup("testing", "uno").data
    assert data.department == "Lighting"


def test_group_with_jobs_is_not_deleted(pycue: Any, root: Any, daemons: FakeDaemons):
    daemons.launch(one_layer())
    root.createSubGroup("one")
    group = pycue.api.findGroup("testing", "one")
    group.reparentJobs(root.getJobs())

    with pytest.raises(grpc.RpcError, match="has 1 jobs and 0 groups; move them first"):
        group.delete()


def test_root_group_is_not_deleted(root: Any):
    with pytest.raises(grpc.RpcError, match="is the root group of its show; delete the show instead"):
        root.delete()


def test_empty_group_is_deleted(pycue: Any, root: Any):
    root.createSubGroup("one")

    pycue.api.findGroup("testing", "one").delete()

    assert names(root.getGroups()) == []


def test_whiteboard_has_groups_and_jobs(pycue: Any, root: Any, daemons: FakeDaemons):
    daemons.launch(one_layer(after=SMALL))
    root.createSubGroup("one")

    board = pycue.api.findShow("testing").getJobWhiteboard()

    assert (board.name, [job.name for job in board.inline_jobs]) == ("testing", ["testing-test_shot-tester_test"])
    assert [group.name for group in board.groups.nested_groups] == ["one"]
