# SPDX-License-Identifier: Apache-2.0
"""The unmodified ``cueadmin`` against a server: what it lists, and what it does.

It prints errors and ends with 0 all the same, so its output is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from outline.scheduler import FrameState
from tests.specs import SMALL, depend, job, layer, one_layer, spec
from tests.support import until

pytest.importorskip("cueadmin", reason="the extra 'clients' is not installed")

if TYPE_CHECKING:
    from tests.fakes.daemons import FakeDaemons

Cueadmin = Callable[..., str]
JOB = "testing-test_shot-tester_test"


def rows(output: str) -> list[list[str]]:
    """Return the words of all lines."""
    return [line.split() for line in output.splitlines()]


# -- lists -----------------------------------------------------------------------------------------------------


def test_jobs_are_listed(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.launch(one_layer("one"))
    daemons.launch(one_layer("two"))

    output = cueadmin("-lj", "_two")

    assert output == "testing-test_shot-tester_two\n"


def test_jobs_are_listed_with_their_numbers(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1-20"))

    output = cueadmin("-lji")

    assert rows(output)[1] == [JOB, "testing", "4", "4.00", "16", "1", "1.00", "100.00"]


def test_shows_are_listed(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1-20"))

    output = cueadmin("-ls")

    assert rows(output)[1] == ["testing", "True", "4.00", "4", "16", "1"]


def test_hosts_are_listed(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1", load=7)
    daemons.add("node2").state = "REPAIR"

    output = cueadmin("-lh", "node", "-state", "up", "-alloc", "local.general")

    (row,) = rows(output)[1:]
    assert (row[0], row[1], row[6], row[-4:]) == ("node1", "7", "4.0", ["UP", "OPEN", "local.general", "AUTO"])


def test_hosts_are_listed_by_their_locks(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.add("node2").lock_state = "LOCKED"

    output = cueadmin("-lh", "-lock-state", "LOCKED")

    assert [row[0] for row in rows(output)[1:]] == ["node2"]


def test_allocations_are_listed(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1")

    output = cueadmin("-la")

    assert ["local.general", "general", "0.00", "4.00", "4.0", "1", "0", "0", "True"] in rows(output)


@pytest.mark.parametrize(
    "arguments", [["-lb", "testing"], ["-lba", "local.general"]], ids=["of-a-show", "of-an-allocation"]
)
def test_subscriptions_are_listed(cueadmin: Cueadmin, arguments: list[str]):
    output = cueadmin(*arguments)

    assert ["local.general", "testing", "1000.0", "1000.0", "0.00", "0.00%"] in rows(output)


def test_services_are_listed(cueadmin: Cueadmin):
    output = cueadmin("-lv")

    assert ["arnold", "True", "100", "3355443", "MB", "general", "|", "desktop"] in rows(output)


def test_overrides_of_a_show_are_listed(cueadmin: Cueadmin):
    output = cueadmin("-lv", "testing")

    assert len(rows(output)) == 1


@pytest.mark.parametrize("option", ["-lp", "-ll"])
def test_procs_are_not_listed_by_cueadmin_itself(cueadmin: Cueadmin, option: str):
    # cueadmin 1.37 fails before it asks the server; cueman lists them
    output = cueadmin(option)

    assert "max_results" in output


def test_thing_that_is_not_there_is_named(cueadmin: Cueadmin):
    output = cueadmin("-lba", "local.nowhere")

    assert "no allocation 'local.nowhere'" in output


# -- jobs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def facts(daemons: FakeDaemons) -> Any:
    """Return the facts of a pending job of 20 frames; no host is there."""
    return daemons.farm.jobs[daemons.launch(one_layer())].facts


def test_job_is_paused(cueadmin: Cueadmin, facts: Any):
    cueadmin("-pause", JOB)

    assert facts.paused


def test_job_is_resumed(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(before="<paused>True</paused>"))

    cueadmin("-unpause", JOB)

    assert len(daemons.running) == 4


def test_job_is_killed(cueadmin: Cueadmin, facts: Any):
    cueadmin("-kill", JOB)

    assert facts.state == "FINISHED"


def test_job_is_not_killed_without_a_yes(cueadmin: Cueadmin, facts: Any):
    cueadmin("-kill", JOB, answer="n\n")

    assert facts.state == "PENDING"


def test_all_jobs_are_killed(cueadmin: Cueadmin, facts: Any, daemons: FakeDaemons):
    daemons.launch(one_layer("other"))

    cueadmin("-kill-all")

    assert daemons.farm.jobs.pending == {}


@pytest.mark.parametrize("arguments", [["-retry", JOB], ["-retry-all"]], ids=["one", "all"])
def test_dead_frames_are_retried(cueadmin: Cueadmin, daemons: FakeDaemons, arguments: list[str]):
    daemons.add("node1", cores=100)
    job_id = daemons.launch(one_layer(frames="1", before="<maxretries>0</maxretries>"))
    daemons.finish("0001-beauty", exit_status=1)
    assert daemons.farm.jobs[job_id].state.state(0) is FrameState.DEAD

    cueadmin(*arguments)

    until(lambda: daemons.running == ["0001-beauty"])


def test_priority_is_set(cueadmin: Cueadmin, facts: Any):
    cueadmin("-priority", JOB, "42")

    assert facts.priority == 42


def test_cores_of_a_job_are_set(cueadmin: Cueadmin, facts: Any):
    cueadmin("-set-max-cores", JOB, "3")

    assert facts.max_cores == 300


def test_least_cores_of_a_job_are_set(cueadmin: Cueadmin, facts: Any):
    cueadmin("-set-min-cores", JOB, "2")

    assert facts.min_cores == 200


def test_dependencies_are_dropped(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.launch(one_layer("first", frames="1"))
    waiting = job(layer(frames="2", after=SMALL))
    daemons.launch(spec(waiting, depends=depend("JOB_ON_JOB", onjob="first")))

    cueadmin("-drop-depends", JOB)

    daemons.add("node1")
    assert daemons.running == ["0001-beauty", "0002-beauty"]


# -- hosts -----------------------------------------------------------------------------------------------------


def test_host_is_locked(cueadmin: Cueadmin, daemons: FakeDaemons):
    host = daemons.add("node1")

    cueadmin("-host", "node1", "-lock")

    assert host.lock_state == "LOCKED"


def test_hosts_are_unlocked(cueadmin: Cueadmin, daemons: FakeDaemons):
    hosts = [daemons.add("node1"), daemons.add("node2")]
    hosts[0].lock_state = hosts[1].lock_state = "LOCKED"

    cueadmin("-hostmatch", "node", "-unlock")

    assert [host.lock_state for host in hosts] == ["OPEN", "OPEN"]


@pytest.mark.parametrize(
    ("action", "state"), [("-safe-reboot", "REBOOT_WHEN_IDLE"), ("-repair", "REPAIR"), ("-fixed", "UP")]
)
def test_state_of_a_host_is_set(cueadmin: Cueadmin, daemons: FakeDaemons, action: str, state: str):
    host = daemons.add("node1")
    host.state = "DOWN"

    cueadmin("-host", "node1", action)

    assert (host.state, daemons.orders) == (state, [])


@pytest.mark.parametrize(("before", "mode"), [("ALL", "auto"), ("AUTO", "all"), ("ALL", "variable")])
def test_thread_mode_of_a_host_is_set(cueadmin: Cueadmin, daemons: FakeDaemons, before: str, mode: str):
    host = daemons.add("node1")
    host.thread_mode = before

    cueadmin("-host", "node1", "-thread", mode)

    assert host.thread_mode == mode.upper()


def test_host_is_moved(cueadmin: Cueadmin, daemons: FakeDaemons):
    host = daemons.add("node1")

    cueadmin("-host", "node1", "-move", "local.desktop")

    assert host.allocation == daemons.farm.allocations.named("local.desktop").id


def test_host_is_deleted(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1")

    cueadmin("-host", "node1", "-delete-host")

    assert daemons.farm.hosts == {}


def test_host_with_frames_is_not_deleted(cueadmin: Cueadmin, daemons: FakeDaemons):
    daemons.add("node1")
    daemons.launch(one_layer(frames="1"))

    output = cueadmin("-host", "node1", "-delete-host")

    assert "1 frames run on the host node1" in output
