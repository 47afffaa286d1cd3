# SPDX-License-Identifier: Apache-2.0
"""What PyCue does to jobs reaches the processes on a real, unmodified RQD."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("opencue", reason="the extra 'cue' is not installed")

from opencue_proto import job_pb2

from tests.farm.jobs import Layer, spec_text
from tests.support import is_running, until

if TYPE_CHECKING:
    from tests.farm.hosts import Rqd

pytestmark = pytest.mark.realtool


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Name the file to which frames add their names."""
    return tmp_path / "marks of frames"


def lines_in(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def note(marks: Path) -> str:
    return f"echo #FRAME# >> '{marks}'"


def launch(pycue: Any, *layers: Layer, **more: Any) -> Any:
    return pycue.api.launchSpecAndWait(spec_text(layers, **more))[0]


def is_finished(pycue: Any, job: Any) -> bool:
    return pycue.api.getJob(job.id()).data.state == job_pb2.FINISHED


def test_running_frame_that_is_eaten_ends_and_so_does_its_job(pycue: Any, rqd: Rqd, tmp_path: Path):
    pid_file = tmp_path / "pid"
    job = launch(pycue, Layer("sleep", f"echo $$ > '{pid_file}'; exec sleep 1000"))
    until(lambda: lines_in(pid_file))

    job.eatFrames(state=[job_pb2.RUNNING])

    assert is_finished(pycue, job)
    assert job.getFrames()[0].state() == job_pb2.EATEN
    until(lambda: not is_running(int(lines_in(pid_file)[0])))


def test_killed_job_ends_its_processes_and_says_why_in_their_logs(pycue: Any, rqd: Rqd, tmp_path: Path):
    pid_file = tmp_path / "pid"
    job = launch(pycue, Layer("sleep", f"echo $$ > '{pid_file}'; exec sleep 1000"))
    until(lambda: lines_in(pid_file))

    job.kill(username="somebody", reason="not needed any more")

    until(lambda: not is_running(int(lines_in(pid_file)[0])))
    log = Path(job.data.log_dir) / f"{job.data.name}.0001-sleep.rqlog"
    until(lambda: "not needed any more" in log.read_text())
    assert is_finished(pycue, job)


def test_frame_of_a_finished_job_runs_again_when_it_is_retried(pycue: Any, rqd: Rqd, marks: Path):
    job = launch(pycue, Layer("mark", note(marks), "1-2"))
    until(lambda: is_finished(pycue, job))

    job.retryFrames(range="2")

    until(lambda: len(lines_in(marks)) == 3)
    until(lambda: is_finished(pycue, job))
    assert sorted(lines_in(marks)) == ["0001-mark", "0002-mark", "0002-mark"]


def test_job_starts_when_the_one_that_it_waits_for_is_over(pycue: Any, rqd: Rqd, marks: Path):
    first = launch(pycue, Layer("first", f"sleep 0.3; {note(marks)}", "1-2"), name="first")
    paused = spec_text([Layer("second", note(marks), "1-2")], name="second").replace("<paused>False", "<paused>True")
    second = pycue.api.launchSpecAndWait(paused)[0]
    second.createDependencyOnJob(first)

    second.resume()

    until(lambda: is_finished(pycue, second))
    assert sorted(lines_in(marks)[:2]) == ["0001-first", "0002-first"]
    assert sorted(lines_in(marks)[2:]) == ["0001-second", "0002-second"]


def test_frames_of_chunks_start_after_those_that_hold_their_frames(pycue: Any, rqd: Rqd, marks: Path):
    depends = (
        '<depend type="FRAME_BY_FRAME" anyframe="False"><depjob>job</depjob><deplayer>comp</deplayer>'
        "<onjob>job</onjob><onlayer>beauty</onlayer></depend>"
    )
    beauty, comp = Layer("beauty", note(marks), "1-8", chunk=2), Layer("comp", note(marks), "1-8", chunk=4)

    job = launch(pycue, beauty, comp, depends=depends)

    until(lambda: is_finished(pycue, job))
    done = lines_in(marks)
    assert len(done) == 6
    assert done.index("0001-comp") > max(done.index("0001-beauty"), done.index("0003-beauty"))
    assert done.index("0005-comp") > max(done.index("0005-beauty"), done.index("0007-beauty"))


def test_frames_are_tried_again_as_often_as_was_set_while_they_ran(pycue: Any, rqd: Rqd, marks: Path):
    job = launch(pycue, Layer("fail", f"{note(marks)}; sleep 0.3; false"))
    until(lambda: lines_in(marks))

    job.setMaxRetries(2)

    until(lambda: job.getFrames()[0].state() == job_pb2.DEAD)
    assert lines_in(marks) == ["0001-fail"] * 3
