# SPDX-License-Identifier: Apache-2.0
"""Filters as PyCue makes, orders and runs them, and what they do to jobs at their launch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.specs import job, layer, one_layer, spec

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

import grpc
from opencue.exception import EntityNotFoundException
from opencue_proto import filter_pb2 as pb

if TYPE_CHECKING:
    from tests.fakes.daemons import FakeDaemons

JOB = "testing-test_shot-tester_test"
TWO_LAYERS = spec(job(layer("beauty", "1-2"), layer("tidy", "1", kind="Util"), before="<priority>5</priority>"))


def make(pycue: Any, name: str, *actions: tuple[int, Any], matches: tuple[int, int, str] | None = None) -> Any:
    """Make a filter of the show ``testing``: for all jobs of ``tester``, unless it is said otherwise."""
    made = pycue.api.findShow("testing").createFilter(name)
    made.createMatcher(*(matches or (pb.USER, pb.IS, "tester")))
    for type, value in actions:
        made.createAction(type, value)
    return made


def change(action: Any, **values: Any) -> None:
    """Set the value of an action, as CueGUI does."""
    for name, value in values.items():
        setattr(action.data, name, value)
    action.commit()


def names(pycue: Any) -> list[str]:
    return [one.name() for one in pycue.api.findShow("testing").getFilters()]


# -- what matches ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "type", "text", "is_match"),
    [
        (pb.JOB_NAME, pb.CONTAINS, "shot-tester", True),
        (pb.JOB_NAME, pb.CONTAINS, "TESTER", False),
        (pb.JOB_NAME, pb.ENDS_WITH, "_test", True),
        (pb.SHOW, pb.IS, "testing", True),
        (pb.SHOT, pb.BEGINS_WITH, "test_", True),
        (pb.SHOT, pb.DOES_NOT_CONTAIN, "test", False),
        (pb.USER, pb.IS_NOT, "ann", True),
        (pb.USER, pb.REGEX, "^t.*r$", True),
        (pb.USER, pb.REGEX, "(", False),
        (pb.PRIORITY, pb.IS, "5", True),
        (pb.FACILITY, pb.IS, "local", True),
        (pb.SERVICE_NAME, pb.IS, "default", True),
        (pb.LAYER_NAME, pb.IS, "tidy", True),
        (pb.LAYER_NAME, pb.IS_NOT, "tidy", False),
    ],
)
def test_filter_acts_on_jobs_that_match(
    pycue: Any, daemons: FakeDaemons, subject: int, type: int, text: str, is_match: bool
):
    make(pycue, "late", (pb.SET_JOB_PRIORITY, 77), matches=(subject, type, text))

    daemons.launch(TWO_LAYERS)

    assert pycue.api.findJob(JOB).data.priority == (77 if is_match else 5)


@pytest.mark.parametrize(("type", "priority"), [(pb.MATCH_ALL, 5), (pb.MATCH_ANY, 77)])
def test_filter_asks_for_all_or_any_of_its_matchers(pycue: Any, daemons: FakeDaemons, type: int, priority: int):
    one = make(pycue, "late", (pb.SET_JOB_PRIORITY, 77))
    one.createMatcher(pb.SHOT, pb.IS, "another")
    one.setType(type)

    daemons.launch(TWO_LAYERS)

    assert pycue.api.findJob(JOB).data.priority == priority


def test_filter_without_matchers_or_not_enabled_does_nothing(pycue: Any, daemons: FakeDaemons):
    pycue.api.findShow("testing").createFilter("empty").createAction(pb.SET_JOB_PRIORITY, 77)
    make(pycue, "off", (pb.SET_JOB_PRIORITY, 78)).setEnabled(False)

    daemons.launch(TWO_LAYERS)

    assert pycue.api.findJob(JOB).data.priority == 5


# -- what is done ----------------------------------------------------------------------------------------------


def test_actions_change_the_job(pycue: Any, daemons: FakeDaemons):
    make(
        pycue, "all", (pb.PAUSE_JOB, True), (pb.SET_JOB_MIN_CORES, 2.0), (pb.SET_JOB_MAX_CORES, 7.5),
        (pb.SET_JOB_PRIORITY, 9), (pb.SET_MEMORY_OPTIMIZER, False),
    )  # fmt: skip

    daemons.launch(TWO_LAYERS)

    data = pycue.api.findJob(JOB).data
    assert (data.is_paused, data.min_cores, data.max_cores, data.priority) == (True, 2, 7.5, 9)
    assert not any(one.data.memory_optimizer_enabled for one in pycue.api.findJob(JOB).getLayers())


def test_actions_on_layers_change_those_of_their_type(pycue: Any, daemons: FakeDaemons):
    make(pycue, "tidy", (pb.SET_ALL_UTIL_LAYER_TAGS, "util, fast|big"), (pb.SET_ALL_PRE_LAYER_MEMORY, 1048576))

    daemons.launch(TWO_LAYERS)

    beauty, tidy = (one.data for one in pycue.api.findJob(JOB).getLayers())
    assert (list(tidy.tags), list(beauty.tags)) == (["util", "fast", "big"], ["general", "desktop"])
    assert tidy.min_memory == beauty.min_memory


def test_job_gets_the_defaults_of_the_group_that_a_filter_moves_it_to_but_what_filters_have_set(
    pycue: Any, daemons: FakeDaemons
):
    group = pycue.api.findShow("testing").getRootGroup().createSubGroup("late")
    group.setDefaultJobPriority(33)
    group.setDefaultJobMaxCores(4)
    make(pycue, "first", (pb.SET_JOB_PRIORITY, 9))
    make(pycue, "second", (pb.MOVE_JOB_TO_GROUP, group))

    daemons.launch(TWO_LAYERS)

    data = pycue.api.findJob(JOB).data
    assert (data.group, data.priority, data.max_cores) == ("late", 9, 4)


def test_filter_that_stops_is_the_last_one(pycue: Any, daemons: FakeDaemons):
    make(pycue, "first", (pb.STOP_PROCESSING, None), (pb.SET_JOB_PRIORITY, 9))
    make(pycue, "second", (pb.SET_JOB_PRIORITY, 10))

    daemons.launch(TWO_LAYERS)

    assert pycue.api.findJob(JOB).data.priority == 9


def test_filter_runs_on_jobs_and_groups_that_are_there(pycue: Any, daemons: FakeDaemons):
    daemons.launch(TWO_LAYERS)
    one = make(pycue, "late", (pb.SET_JOB_PRIORITY, 9))
    found = pycue.api.findJob(JOB)

    one.runFilterOnJobs([found])
    by_job = pycue.api.findJob(JOB).data.priority
    found.setPriority(1)
    one.runFilterOnGroup(pycue.api.findShow("testing").getRootGroup())

    assert (by_job, pycue.api.findJob(JOB).data.priority) == (9, 9)


# -- order and names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "order"),
    [
        (lambda one: one.raiseOrder(), "acbd"),
        (lambda one: one.lowerOrder(), "abdc"),
        (lambda one: one.orderFirst(), "cabd"),
        (lambda one: one.orderLast(), "abdc"),
        (lambda one: one.setOrder(2), "acbd"),
    ],
    ids=["raise", "lower", "first", "last", "set"],
)
def test_filters_are_put_in_order(pycue: Any, move: Any, order: str):
    for name in "abcd":
        make(pycue, name)

    move(pycue.api.findFilter("testing", "c"))

    assert "".join(names(pycue)) == order
    assert [one.data.order for one in pycue.api.findShow("testing").getFilters()] == [1, 2, 3, 4]


def test_filter_is_renamed_and_deleted_with_what_is_in_it(pycue: Any):
    make(pycue, "a", (pb.SET_JOB_PRIORITY, 1)).setName("z")
    found = pycue.api.findFilter("testing", "z")
    (matcher,), (action,) = found.getMatchers(), found.getActions()
    parents = [matcher.getParentFilter().name(), action.getParentFilter().name()]

    pycue.api.findFilter("testing", "z").delete()

    assert (parents, names(pycue)) == (["z", "z"], [])
    with pytest.raises(grpc.RpcError):
        matcher.commit()
    with pytest.raises(EntityNotFoundException, match="no filter 'z'"):
        pycue.api.findFilter("testing", "z")


def test_matchers_and_actions_are_changed_and_deleted(pycue: Any):
    one = make(pycue, "a", (pb.SET_JOB_PRIORITY, 1), (pb.PAUSE_JOB, True))
    one.getMatchers()[0].setInput("ann")
    change(one.getActions()[0], integer_value=12)
    one.getActions()[1].delete()

    assert [matcher.data.input for matcher in one.getMatchers()] == ["ann"]
    assert [action.data.integer_value for action in one.getActions()] == [12]
    one.getMatchers()[0].delete()
    assert one.getMatchers() == []


def test_action_whose_name_cuebot_cannot_store_is_refused(pycue: Any):
    with pytest.raises(grpc.RpcError, match="longer than 24 letters"):
        make(pycue, "a", (pb.SET_ALL_RENDER_LAYER_MEMORY, 1048576))


def test_names_are_taken_once_and_groups_that_filters_use_stay(pycue: Any):
    group = pycue.api.findShow("testing").getRootGroup().createSubGroup("late")
    make(pycue, "a", (pb.MOVE_JOB_TO_GROUP, group))

    with pytest.raises(grpc.RpcError, match="already has a filter 'a'"):
        make(pycue, "a")
    with pytest.raises(grpc.RpcError, match="the filter a moves jobs to the group late"):
        group.delete()
    pycue.api.createShow("other")
    other = pycue.api.findShow("other").createFilter("a")
    with pytest.raises(grpc.RpcError, match="not of the filter's show"):
        other.createAction(pb.MOVE_JOB_TO_GROUP, group)


def test_filters_run_on_post_jobs_too(pycue: Any, daemons: FakeDaemons):
    make(pycue, "late", (pb.SET_JOB_PRIORITY, 77), matches=(pb.SHOW, pb.IS, "testing"))

    daemons.launch(spec(job(layer("beauty", "1"), layer("after", "1", kind="Post"))))

    assert {one.facts.priority for one in daemons.farm.jobs.values()} == {77}


def test_regular_launch_is_not_touched_by_filters_of_other_shows(pycue: Any, daemons: FakeDaemons):
    pycue.api.createShow("other")
    make(pycue, "late", (pb.SET_JOB_PRIORITY, 77), matches=(pb.USER, pb.REGEX, "."))

    daemons.launch(one_layer(show="other"))

    assert pycue.api.findJob("other-test_shot-tester_test").data.priority != 77
