# SPDX-License-Identifier: Apache-2.0
"""One outline leaves the same files here, on dask, on the farm, and from PyOutline's own pycuerun there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outline import cuerun, load_outline
from tests.conftest import REPOSITORY, RunPycuerun
from tests.farm.commands import RunAtFarm, script
from tests.support import until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.farm.hosts import Rqd
    from tests.farm.pyoutline import PyOutline

pytestmark = [pytest.mark.slow, pytest.mark.realtool]

EXAMPLE = REPOSITORY / "examples" / "farm"
POND = EXAMPLE / "pond.outline"
JOB = "testing-default-tester_shot"

# The farm replaces the tokens of plain commands, since there is no pycuerun on the hosts that could do it.
PLAIN = """
import os
OUT = os.environ["OUT"]
first = f"echo $WORD #FRAME# #FRAME_START#-#FRAME_END# #FRAMESPEC# > {OUT}/#LAYER#.#ZFRAME#"
Shell("render", command=first, chunk=2, env={"WORD": "of-the-layer"}, memory="256m")
Shell("comp", command=f"cat {OUT}/render.* > {OUT}/comp.#IFRAME#", range="2-3", require=["render:all"], memory="256m")
"""

LAUNCH_PLAIN = """
import sys
from outline import cuerun, load_outline
(job,) = cuerun.launch(load_outline(sys.argv[1]), range="1-5", use_pycuerun=False)
print(job.name())
"""

LOOK = """
import json
import opencue
job = opencue.api.findJob("testing-default-tester_shot")
layers = {layer.name(): layer.totalFrames() for layer in job.getLayers()}
frames = {frame.data.name: opencue.api.job_pb2.FrameState.Name(frame.state()) for frame in job.getFrames()}
print(json.dumps([job.isPaused(), layers, frames]))
"""

RESUME = 'import opencue; opencue.api.findJob("testing-default-tester_shot").resume()'


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_idle(server: FarmServer) -> bool:
    """Tell whether all jobs of a server are over, Post jobs too."""
    with server.farm.work() as farm:
        return {job.facts.state for job in farm.jobs.values()} == {"FINISHED"}


def hosts_used(server: FarmServer) -> set[str]:
    """Return the names of the hosts that have run a frame of some job."""
    with server.farm.work() as farm:
        return {frame.host for job in farm.jobs.values() for frame in job.frames.values()}


def test_one_outline_leaves_the_same_files_four_ways(
    run_pycuerun: RunPycuerun,
    run_at_farm: RunAtFarm,
    farm_server: FarmServer,
    pyoutline: PyOutline,
    two_rqds: tuple[Rqd, Rqd],
    tmp_path: Path,
) -> None:
    here, dask, farm, theirs = (tmp_path / name for name in ("here", "dask", "farm", "theirs"))
    path = {"PYTHONPATH": f"{REPOSITORY}:{EXAMPLE}"}

    on_this_machine = run_pycuerun(POND, "1-9", "--backend", "local", env={**path, "POND_OUT": str(here)})
    by_dask = run_pycuerun(POND, "1-9", "--backend", "dask", "--workers", "2", env={**path, "POND_OUT": str(dask)})
    on_the_farm = run_at_farm(POND, "1-9", "--wait", POND_OUT=str(farm), **path)
    from_pyoutline = pyoutline.pycuerun(POND, "1-9", "--wait", POND_OUT=str(theirs), PYTHONPATH=str(EXAMPLE))
    until(lambda: is_idle(farm_server))

    assert [done.returncode for done in (on_this_machine, by_dask, on_the_farm, from_pyoutline)] == [0, 0, 0, 0]
    assert len(files_below(here)) == 9 + 9 + 2 + 1 + 1
    assert files_below(dask) == files_below(here)
    assert files_below(farm) == files_below(here)
    assert files_below(theirs) == files_below(here)
    assert hosts_used(farm_server) == {"node1", "node2"}


def test_plain_commands_leave_the_same_files_two_ways(
    pycue: Any,
    farm_server: FarmServer,
    pyoutline: PyOutline,
    two_rqds: tuple[Rqd, Rqd],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = script(tmp_path, PLAIN)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    monkeypatch.setenv("OUT", str(ours))

    cuerun.launch(load_outline(str(path)), range="1-5", use_pycuerun=False, wait=True, backend="cue")
    from_pyoutline = pyoutline.run(LAUNCH_PLAIN, path, OUT=str(theirs))
    until(lambda: is_idle(farm_server))

    assert from_pyoutline.stdout == f"{JOB}\n"
    assert files_below(ours)["render.0003"] == b"of-the-layer 0003-render 3-4 3-4\n"
    assert len(files_below(ours)) == 3 + 2
    assert files_below(theirs) == files_below(ours)


def test_job_of_pyoutline_waits_paused_until_its_pycue_resumes_it(
    farm_server: FarmServer, pyoutline: PyOutline, two_rqds: tuple[Rqd, Rqd], tmp_path: Path
) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"], chunk=2, memory="256m")')

    launched = pyoutline.pycuerun(path, "1-4", "--pause")
    paused = pyoutline.run(LOOK)
    pyoutline.run(RESUME)
    until(lambda: is_idle(farm_server))

    assert f"    {JOB}\n" in launched.stdout
    assert json.loads(paused.stdout) == [True, {"beauty": 2}, {"0001-beauty": "WAITING", "0003-beauty": "WAITING"}]
    assert hosts_used(farm_server) <= {"node1", "node2"}


def test_frames_of_pyoutline_that_fail_are_seen_and_run_again(
    run_at_farm: RunAtFarm,
    farm_server: FarmServer,
    pyoutline: PyOutline,
    two_rqds: tuple[Rqd, Rqd],
    tmp_path: Path,
) -> None:
    mended = tmp_path / "mended"
    path = script(
        tmp_path,
        f"""
test = "test -e {mended} || {{ echo not mended; exit 7; }}"
Shell("beauty", command=["sh", "-c", test], memory="256m")
Shell("comp", command=["true"], require=["beauty"], memory="256m")
""",
    )
    pyoutline.pycuerun(path, "1-2", "-m", "0")
    until(lambda: "2 dead" in _counts(farm_server))

    status = run_at_farm("status", JOB, tool=True)
    log = run_at_farm("log", JOB, "2-beauty", tool=True)
    mended.touch()
    again = run_at_farm("retry", JOB, tool=True)
    until(lambda: is_idle(farm_server))

    assert "0001-beauty" in status.stdout
    assert "exit status 7" in status.stdout
    assert "not mended" in log.stdout
    assert "2 frames will run again" in again.stdout
    assert _counts(farm_server) == "4 succeeded"


def _counts(server: FarmServer) -> str:
    with server.farm.work() as farm:
        (job,) = farm.jobs.values()
        return ", ".join(f"{count} {state.value.lower()}" for state, count in job.state.counts().items() if count)


def test_test_of_pyoutline_fails_and_ends_the_job_with_its_first_dead_frame(
    farm_server: FarmServer, pyoutline: PyOutline, two_rqds: tuple[Rqd, Rqd], tmp_path: Path
) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["false"], memory="256m")')

    done = pyoutline.pycuerun(path, "1", "--test", "-m", "0")

    assert done.returncode == 1
    assert f"Job test failed, dead or eaten frames on: {JOB}" in done.stderr
    assert is_idle(farm_server)


def test_pycuerun_of_pyoutline_runs_with_this_library(run_pycuerun: RunPycuerun, pyoutline: PyOutline) -> None:
    (program,) = pyoutline.environment.glob("lib/python3*/site-packages/bin/pycuerun")
    start = f"import runpy, sys; sys.argv = ['pycuerun', '--help']; sys.path.insert(0, {str(program.parent)!r})"

    done = pyoutline.run(f"{start}; runpy.run_path({str(program)!r}, run_name='__main__')", PYTHONPATH=str(REPOSITORY))

    assert "--jobid" in done.stdout, done.stderr
