# SPDX-License-Identifier: Apache-2.0
"""Jobs that are waited for, looked at and retried on a farm, as people do it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outline import cuerun
from outline.cli.farm import _signals_interrupt
from outline.exception import OutlineException
from tests.farm.commands import RunAtFarm, argv_for, read_until, script, started
from tests.farm.killed_server import KilledServer
from tests.launches import outline_of, shell
from tests.support import Process, environ_with, until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.farm.hosts import Rqd

pytestmark = [pytest.mark.measured, pytest.mark.slow]


# -- waiting -----------------------------------------------------------------------------------------------------

_FAILS = 'Shell("beauty", command=["sh", "-c", "test #IFRAME# != 2 || { echo oh dear; exit 7; }"])'


def test_wait_ends_when_only_dead_frames_are_left(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    path = script(tmp_path, f'{_FAILS}\nShell("comp", command=["true"], require=["beauty"])')

    done = run_at_farm(path, "1-3", "--wait", "-m", "0")

    assert (done.returncode, done.stderr) == (1, "")
    assert "FAILED in" in done.stdout
    assert "DEAD 0002-beauty after 1 attempt: exit status 7" in done.stdout
    assert "    | oh dear" in done.stdout
    assert "outline retry testing-default-tester_shot --server 127.0.0.1:" in done.stdout


def test_test_ends_and_kills_the_job_with_its_first_dead_frame(
    run_at_farm: RunAtFarm, rqd: Rqd, pycue: Any, tmp_path: Path
) -> None:
    path = script(tmp_path, f'{_FAILS}\nShell("long", command=["sleep", "1000"], range="1")')

    done = run_at_farm(path, "1-3", "--test", "-m", "0")

    assert done.returncode == 1
    assert "the test of job testing-default-tester_shot failed: 1 dead and 0 eaten frames" in done.stderr
    assert not pycue.api.isJobPending("testing-default-tester_shot")


def test_test_leaves_a_job_that_succeeds_alone(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    done = run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1-3", "--test", "--pause")

    assert (done.returncode, done.stderr) == (0, "")


def test_test_of_a_script_raises(pycue: Any, rqd: Rqd) -> None:
    ol = outline_of(shell(command=["false"]), frame_range="1")

    with pytest.raises(OutlineException, match=r"the test of job .*job_name failed: 1 dead and 0 eaten frames"):
        cuerun.launch(ol, backend="cue", test=True, maxretries=0)

    assert not pycue.api.isJobPending("testing-sh010-tester_job_name")


def test_job_that_is_killed_ends_the_wait(farm_server: FarmServer, pycue: Any, rqd: Rqd, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["sleep", "1000"])')
    with started(farm_server, tmp_path, path, "1", "--wait") as waiting:
        until(lambda: pycue.api.isJobPending("testing-default-tester_shot"))
        pycue.api.findJob("testing-default-tester_shot").kill(reason="a test")
        out, _ = waiting.communicate()

    assert waiting.returncode == 3
    assert "KILLED in" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_the_wait_and_not_the_job(
    farm_server: FarmServer, pycue: Any, tmp_path: Path, number: signal.Signals
) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    with started(farm_server, tmp_path, path, "1", "--wait") as waiting:
        read_until(waiting, "[0/1]")
        waiting.send_signal(number)
        _, err = waiting.communicate()

    assert waiting.returncode == 130
    assert "interrupted; the job runs on" in err
    assert f"outline status testing-default-tester_shot --server 127.0.0.1:{farm_server.port}" in err
    assert f"outline kill testing-default-tester_shot --server 127.0.0.1:{farm_server.port}" in err
    assert pycue.api.isJobPending("testing-default-tester_shot")


def test_signals_that_come_again_and_again_end_the_wait_in_good_order(
    farm_server: FarmServer, pycue: Any, tmp_path: Path
) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    with started(farm_server, tmp_path, path, "1", "--wait") as waiting:
        read_until(waiting, "[0/1]")
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            waiting.send_signal(number)
        _, err = waiting.communicate()

    assert (waiting.returncode, err.count("interrupted; the job runs on")) == (130, 1)
    assert "Traceback" not in err
    assert "race" not in err
    assert pycue.api.isJobPending("testing-default-tester_shot")


@pytest.fixture
def handlers_come_back() -> Iterator[None]:
    """Restore what this process does on signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers_come_back")
def test_signal_whose_interrupt_python_drops_ends_the_wait_all_the_same() -> None:
    with _signals_interrupt() as check_signals:
        with suppress(KeyboardInterrupt):  # as Python does in a destructor
            signal.raise_signal(signal.SIGTERM)

        with pytest.raises(KeyboardInterrupt):
            check_signals()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[KilledServer]:
    """Return a server in a process of its own."""
    server = KilledServer(tmp_path)
    server.start()
    yield server
    server.kill()


def test_server_that_hangs_is_told_within_a_quarter_of_a_minute_and_waited_for(
    own_server: KilledServer, tmp_path: Path
) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    assert own_server.process is not None
    with started(own_server, tmp_path, path, "1", "--wait") as waiting:
        read_until(waiting, "[0/1]")
        own_server.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        read_until(waiting, "nothing was heard since")
        seconds = time.monotonic() - begun
        own_server.process.send_signal(signal.SIGCONT)
        read_until(waiting, "answers again")
        waiting.send_signal(signal.SIGTERM)
        waiting.communicate()

    assert 5 < seconds < 25


def test_another_server_of_the_same_farm_is_found(
    make_farm_server: Callable[..., FarmServer], tmp_path: Path, pycue: Any
) -> None:
    first, other = make_farm_server(state=tmp_path / "farm.db"), make_farm_server()
    other.stop(grace_seconds=0.1)
    hosts = f"127.0.0.1:{first.port},127.0.0.1:{other.port}"
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    command = [*argv_for(first, [path, "1", "--wait", "--pause"])[:-1], hosts]
    with Process(command, cwd=tmp_path, env=environ_with(), stdout=subprocess.PIPE, text=True) as waiting:
        read_until(waiting, "paused")
        first.stop(grace_seconds=0.1)
        read_until(waiting, "waiting on")
        make_farm_server(state=tmp_path / "farm.db", port=other.port)
        read_until(waiting, "answers again")
        pycue.Cuebot.setHosts([f"127.0.0.1:{other.port}"])
        pycue.api.findJob("testing-default-tester_shot").eatFrames()
        waiting.communicate()

    assert waiting.returncode == 0


def test_server_that_is_away_for_a_while_is_waited_for(
    make_farm_server: Callable[..., FarmServer], start_rqd: Callable[..., Rqd], tmp_path: Path
) -> None:
    server = make_farm_server(state=tmp_path / "farm.db")
    start_rqd(server, cores=2)
    go = tmp_path / "go"
    path = script(tmp_path, f'Shell("beauty", command=["sh", "-c", "until test -e {go}; do sleep 0.1; done"])')
    with started(server, tmp_path, path, "1", "--wait") as waiting:
        read_until(waiting, "RUNNING")
        port = server.port
        server.stop(grace_seconds=0.1)
        read_until(waiting, "waiting on")
        make_farm_server(state=tmp_path / "farm.db", port=port)
        go.touch()
        out, _ = waiting.communicate()

    assert waiting.returncode == 0
    assert "the farm server answers again" in out


def test_post_layers_are_waited_for_and_count(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    path = script(
        tmp_path, 'Shell("beauty", command=["true"])\nShell("clean", command=["false"], range="1", type="Post")'
    )

    done = run_at_farm(path, "1", "--wait", "-m", "0")

    assert done.returncode == 1
    assert "testing-default-tester_shot  FINISHED in" in done.stdout
    assert "DEAD 0001-clean after 1 attempt: exit status 1" in done.stdout


def test_wait_says_that_dead_frames_hold_the_post_layers_back(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["false"])\nShell("clean", command=["true"], type="Post")')

    done = run_at_farm(path, "1", "--wait", "-m", "0")

    assert done.returncode == 1
    assert "the Post layers wait until no frame is DEAD (retry, eat or kill them): clean\n" in done.stdout


def test_post_layers_count_in_a_test(pycue: Any, rqd: Rqd) -> None:
    ol = outline_of(shell(), shell("clean", command=["false"], type="Post"), frame_range="1")

    with pytest.raises(OutlineException, match=r"_post_job_\d+ failed: 1 dead and 0 eaten frames"):
        cuerun.launch(ol, backend="cue", test=True, maxretries=0)


# -- afterwards --------------------------------------------------------------------------------------------------


def test_status_tells_why_nothing_runs(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"], tags=["gpu"])')
    run_at_farm(path, "1-2")

    status = run_at_farm("status", "testing-default-tester_shot", tool=True)

    assert "nothing runs: no host has a tag of the layer beauty: gpu\n" in status.stdout


def test_wait_tells_why_nothing_runs(farm_server: FarmServer, pycue: Any, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    with started(farm_server, tmp_path, path, "1", "--wait") as waiting:
        read_until(waiting, "nothing runs: no host of the farm is UP")
        pycue.api.findJob("testing-default-tester_shot").kill(reason="a test")
        waiting.communicate()

    assert waiting.returncode == 3


def test_status_log_and_retry_know_jobs_of_the_farm(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    cured = tmp_path / "cured"
    path = script(
        tmp_path,
        f'Shell("beauty", chunk=2, command=["sh", "-c", "echo frames #FRAMESPEC#; test #IFRAME# != 3 -o -e {cured}"])',
    )
    failed = run_at_farm(path, "1-5", "--wait", "-m", "0")

    status = json.loads(run_at_farm("status", "testing-default-tester_shot", "--json", tool=True).stdout)
    log = run_at_farm("log", "testing-default-tester_shot", "4-beauty", tool=True)
    cured.write_text("")
    retried = run_at_farm("retry", "testing-default-tester_shot", "--frames", "4", tool=True)

    assert failed.returncode == 1
    assert (status["state"], status["counts"], status["frames"]) == ("FAILED", {"SUCCEEDED": 2, "DEAD": 1}, 3)
    assert status["layers"][0]["states"] == {"SUCCEEDED": "1,5", "DEAD": "3"}
    assert [(dead["frame"], dead["exit_status"], dead["attempts"]) for dead in status["dead"]] == [
        ("0003-beauty", 1, 1)
    ]
    assert "frames 3-4" in log.stdout
    assert retried.stdout.startswith("1 frame will run again on the farm: outline status testing-default-tester_shot")
    until(lambda: '"FINISHED"' in run_at_farm("status", status["job_id"], "--json", tool=True).stdout)


def test_running_frames_tell_how_far_they_are(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    over = tmp_path / "over"
    code = f"import os, time; print('40%', flush=True)\nwhile not os.path.exists({str(over)!r}): time.sleep(0.1)"
    path = script(tmp_path, f'Shell("beauty", command=[{sys.executable!r}, "-c", {code!r}], progress="percent")')
    run_at_farm(path, "1")

    def percent() -> object:
        data = json.loads(run_at_farm("status", "testing-default-tester_shot", "--json", tool=True).stdout)
        return [(one["host"], (one["progress"] or {}).get("percent")) for one in data["running"]]

    until(lambda: percent() == [(rqd.name, 40.0)])
    over.touch()


def test_finished_job_is_found_by_its_name(pycue: Any, run_at_farm: RunAtFarm, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    run_at_farm(path, "1-2", "--pause")
    pycue.api.findJob("testing-default-tester_shot").kill(reason="a test")
    run_at_farm(path, "1-3", "--pause")
    pycue.api.findJob("testing-default-tester_shot").eatFrames()

    status = json.loads(run_at_farm("status", "testing-default-tester_shot", "--json", tool=True).stdout)

    assert (status["state"], status["counts"]) == ("FINISHED", {"EATEN": 3})


def test_eaten_frames_run_again_when_asked_for(pycue: Any, run_at_farm: RunAtFarm, tmp_path: Path) -> None:
    run_at_farm(
        script(tmp_path, 'Shell("beauty", command=["true"])\nShell("comp", command=["true"])'), "1-3", "--pause"
    )
    job = pycue.api.findJob("testing-default-tester_shot")
    job.eatFrames()

    done = run_at_farm("retry", job.data.id, "--state", "eaten", "--layer", "comp", "--frames", "2-9", tool=True)

    assert done.stdout.startswith("2 frames will run again on the farm")
    assert pycue.api.getJob(job.data.id).data.job_stats.waiting_frames == 2


def test_frames_are_eaten_marked_done_and_killed(run_at_farm: RunAtFarm, rqd: Rqd, pycue: Any, tmp_path: Path) -> None:
    beauty = 'Shell("beauty", command=["sh", "-c", "test #IFRAME# = 1 && exit 1; sleep 1000"])'
    path = script(
        tmp_path,
        f'{beauty}\nShell("comp", command=["true"], require=["beauty"])\nShell("look", ["true"], limits=["no"])',
    )
    pycue.api.createLimit("no", 0)
    run_at_farm(path, "1-3", "-m", "0")
    name = "testing-default-tester_shot"
    job = pycue.api.findJob(name)
    states = lambda: {one.data.name: one.state() for one in job.getFrames()}
    state = pycue.api.job_pb2.FrameState.Value
    until(lambda: (states()["0001-beauty"], states()["0003-beauty"]) == (state("DEAD"), state("RUNNING")))

    done = run_at_farm("done", name, tool=True)
    until(lambda: states()["0001-comp"] == state("SUCCEEDED"))
    killed = run_at_farm("kill", name, "--frames", "2", tool=True)
    after_kill = states()
    eaten = run_at_farm("eat", name, "--layer", "look", tool=True)
    after_eat = states()
    nothing = run_at_farm("eat", name, "--layer", "look", tool=True)
    ended = run_at_farm("kill", name, tool=True)

    assert done.stdout.startswith("1 frame marked done; what waits for them may run: outline status")
    assert killed.stdout.startswith("1 frame killed: ")
    assert (after_kill["0002-beauty"], after_kill["0003-beauty"]) == (state("DEAD"), state("RUNNING"))
    assert eaten.stdout.startswith("3 frames eaten: ")
    assert {after_eat[f"000{frame}-look"] for frame in (1, 2, 3)} == {state("EATEN")}
    assert nothing.stdout.startswith("nothing to eat, none of these frames is DEAD or WAITING or")
    assert ended.stdout == f"{name} is killed\n"
    assert not pycue.api.isJobPending(name)


def test_session_of_a_farm_job_leads_to_its_job(run_at_farm: RunAtFarm, session_root: Path, tmp_path: Path) -> None:
    run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1-3", "--pause")
    (session,) = session_root.glob("*/*")

    status = run_at_farm("status", session, tool=True)

    assert (status.returncode, status.stderr) == (0, "")
    assert "state    PAUSED" in status.stdout
    assert "done     0 of 3 frames" in status.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["status", "testing-default-tester_shto"], "has no job 'testing-default-tester_shto'; did you mean"),
        (["log", "testing-default-tester_shot", "1-beuaty"], "no layer 'beuaty' in this job; did you mean 'beauty'?"),
        (["log", "testing-default-tester_shot", "9-beauty"], "layer 'beauty' has no frame 9; its frames are 1-3"),
        (["log", "testing-default-tester_shot", "1-beauty"], "has no log yet; it has not been started"),
        (["retry", "testing-default-tester_shot", "--no-run"], "--no-run is for jobs on this machine only"),
    ],
)
def test_what_is_not_there_is_one_line(run_at_farm: RunAtFarm, tmp_path: Path, args: list[str], words: str) -> None:
    run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1-3", "--pause")

    done = run_at_farm(*args, tool=True)

    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
