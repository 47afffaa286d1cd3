# SPDX-License-Identifier: Apache-2.0
"""CueMan, unmodified, does to jobs of the server what it does on Cuebot."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.farm.commands import call_client
from tests.specs import SMALL, depend, job, layer, spec
from tests.support import until

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")
pytest.importorskip("cueman", reason="cueman is not installed")

if TYPE_CHECKING:
    from cuebot_stub.farm.job import Job
    from cuebot_stub.server import FarmServer
    from tests.fakes.daemons import FakeDaemons

NAME = "testing-test_shot-tester_test"


class CueMan:
    """Runs ``cueman`` against a server in this process, which has one job, and shows what became of that."""

    def __init__(self, server: FarmServer, daemons: FakeDaemons) -> None:
        self.server, self.daemons = server, daemons
        layers = layer("beauty", "1-4", after=SMALL), layer("comp", "1-2", after=SMALL)
        depends = depend("FRAME_BY_FRAME", deplayer="comp", onlayer="beauty")
        self.id = daemons.launch(spec(job(*layers, before="<maxretries>0</maxretries>"), depends=depends))

    def __call__(self, *arguments: str) -> str:
        """Run a command that must succeed, without being asked anything, and return what it says."""
        done = self.run(*arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        return call_client("cueman", self.server, "-server", f"127.0.0.1:{self.server.port}", "-force", *arguments)

    @property
    def job(self) -> Job:
        """The job."""
        return self.server.farm.jobs[self.id]

    def states(self, name: str) -> str:
        """Return the states of a layer's frames, by their first letters; DEPEND is P."""
        letters = {"DEPEND": "P"}
        with self.server.farm.work():
            found = [self.job.state.state(ref).value for ref in self.job.state.frames.refs(name)]
        return "".join(letters.get(state, state[0]) for state in found)


@pytest.fixture
def cueman(farm_server: FarmServer, daemons: FakeDaemons) -> CueMan:
    """Return CueMan for a server with a job: beauty 1-4, comp 1-2 frame by frame after it, no retries, no host."""
    return CueMan(farm_server, daemons)


# -- asking ----------------------------------------------------------------------------------------------------


def test_frames_that_have_run_are_listed(cueman: CueMan):
    cueman.daemons.add("node1", cores=100)
    cueman.daemons.finish("0001-beauty", exit_status=3)

    lines = cueman("-lf", NAME).splitlines()

    words = [line.split()[:3] for line in lines if "-beauty" in line or "-comp" in line]
    # CueMan asks for durations, and Cuebot has none of frames that never ran.
    assert [line[:2] for line in words] == [["0001-beauty", "DEAD"], ["0002-beauty", "RUNNING"]]
    assert words[0][2] == "node1/1.00/0"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (("-layer", "beauty", "-range", "2-3"), ["0002-beauty", "0003-beauty"]),
        (("-range", "1"), ["0001-beauty"]),
        (("-state", "DEPEND"), []),
        (("-limit", "2", "-page", "2"), ["0003-beauty", "0004-beauty"]),
        (("-memory", "gt1"), []),
        (("-duration", "1"), []),
    ],
    ids=["layer and range", "range", "state", "page", "memory", "duration"],
)
def test_frames_are_listed_by_what_they_are_like(cueman: CueMan, more: tuple[str, ...], found: list[str]):
    cueman.daemons.add("node1", cores=400)

    lines = cueman("-lf", NAME, *more).splitlines()

    assert [line.split()[0] for line in lines if "-beauty" in line or "-comp" in line] == found


def test_layers_are_listed(cueman: CueMan):
    cueman.daemons.add("node1", cores=100)
    cueman.daemons.finish("0001-beauty")

    text = cueman("-ll", NAME)

    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line[:4] in ("beau", "comp")}
    assert f"Job: {NAME} has 2 layers" in text
    assert rows == {"beauty": ["4", "1", "0", "3", "0"], "comp": ["2", "0", "1", "0", "0"]}


def test_procs_are_listed(cueman: CueMan):
    cueman.daemons.add("node1", cores=100)

    text = cueman("-lp", NAME)

    assert [line.split()[:2] for line in text.splitlines() if "0001-beauty" in line] == [["node1", "1.00"]]


def test_job_is_described(cueman: CueMan):
    text = cueman("-info", NAME)

    assert f"job: {NAME}" in text
    assert "total number of frames: 6" in text
    assert "waiting (depend): 2" in text
    assert "this is a OpenCue job with 2 layers" in text


def test_job_that_is_not_there_is_named(cueman: CueMan):
    done = cueman.run("-lf", "testing-test_shot-tester_none")

    assert done.returncode == 1
    assert "Error: Job 'testing-test_shot-tester_none' does not exist." in done.stderr


# -- steering jobs ---------------------------------------------------------------------------------------------


def test_job_is_paused_and_resumed(cueman: CueMan):
    cueman("-pause", NAME)
    cueman.daemons.add("node1", cores=100)
    paused = cueman.daemons.running

    cueman("-resume", NAME)

    assert (paused, cueman.daemons.running) == ([], ["0001-beauty"])


def test_job_is_terminated(cueman: CueMan):
    cueman.daemons.add("node1", cores=200)

    text = cueman("-term", NAME)

    assert "Successfully terminated 1 job(s)" in text
    assert cueman.job.facts.state == "FINISHED"
    until(lambda: cueman.daemons.running == [])


def test_retries_are_set(cueman: CueMan):
    cueman("-retries", NAME, "3")

    assert cueman.job.facts.max_retries == 3


def test_auto_eat_is_switched_on_and_off(cueman: CueMan):
    cueman.daemons.add("node1", cores=100)
    cueman.daemons.finish("0001-beauty", exit_status=1)
    cueman("-autoeaton", NAME)
    eaten = (cueman.states("beauty"), cueman.job.facts.autoeat, cueman.job.facts.max_retries)

    cueman("-autoeatoff", NAME)

    assert eaten == ("ERWW", True, 0)
    assert (cueman.job.facts.autoeat, cueman.job.facts.max_retries) == (False, 1)


# -- steering frames -------------------------------------------------------------------------------------------


def test_frames_are_eaten(cueman: CueMan):
    cueman.daemons.add("node1", cores=200)

    cueman("-eat", NAME, "-layer", "beauty", "-range", "1-2")

    assert (cueman.states("beauty")[:2], cueman.states("comp")) == ("EE", "PP")


def test_frames_that_have_run_are_eaten_and_no_others(cueman: CueMan):
    cueman.daemons.add("node1", cores=100)

    cueman("-eat", NAME)

    assert (cueman.states("beauty")[0], cueman.states("comp")) == ("E", "PP")
    assert cueman.job.facts.state == "PENDING"


def test_frames_are_killed(cueman: CueMan):
    cueman.daemons.add("node1", cores=100)

    cueman("-kill", NAME, "-range", "1")

    until(lambda: cueman.states("beauty") == "DRWW")


def test_dead_frames_are_retried(cueman: CueMan):
    cueman.daemons.add("node1", cores=100)
    cueman.daemons.finish("0001-beauty", exit_status=1)
    cueman.daemons.finish("0002-beauty", exit_status=1)

    cueman("-retry", NAME, "-state", "DEAD")

    assert cueman.states("beauty") == "WWRW"


def test_frames_are_marked_as_done(cueman: CueMan):
    cueman.daemons.add("node1", cores=200)

    cueman("-done", NAME, "-layer", "beauty", "-range", "2")

    assert (cueman.states("beauty"), cueman.states("comp")) == ("RRWW", "PW")


# -- order -----------------------------------------------------------------------------------------------------


def order(cueman: CueMan) -> list[int]:
    with cueman.server.farm.work():
        return [cueman.job.state.frames.number(ref) for ref in cueman.job.state.ready.order("beauty")]


@pytest.mark.parametrize(
    ("position", "expected"),
    [("FIRST", [3, 4, 1, 2]), ("LAST", [1, 2, 3, 4]), ("REVERSE", [1, 2, 4, 3])],
    ids=["first", "last", "reverse"],
)
def test_frames_are_reordered(cueman: CueMan, position: str, expected: list[int]):
    cueman("-reorder", NAME, "3-4", position)

    assert order(cueman) == expected


def test_frames_are_staggered(cueman: CueMan):
    cueman("-stagger", NAME, "1-4", "2")

    assert order(cueman) == [1, 3, 2, 4]


def test_range_that_cannot_be_staggered_is_named(cueman: CueMan):
    done: Any = cueman.run("-stagger", NAME, "1-4x2", "2")

    assert done.returncode == 1
    assert "the frame range '1-4x2:2' cannot be read" in done.stderr
