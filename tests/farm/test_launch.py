# SPDX-License-Identifier: Apache-2.0
"""Outlines that go to a farm: a real server, a real RQD, and pycuerun as people call it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outline import cuerun
from outline.exception import LaunchException, OutlineException
from tests.launches import outline_of, shell
from tests.support import environ_with, outline_file, until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.farm.hosts import Rqd

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pycue(farm_server: FarmServer) -> Iterator[Any]:
    """Return PyCue, connected to ``farm_server``, and disconnect it afterwards."""
    opencue = pytest.importorskip("opencue", reason="the extra 'cue' is not installed")
    opencue.Cuebot.setHosts([f"127.0.0.1:{farm_server.port}"])
    yield opencue
    opencue.Cuebot.closeChannel()


@pytest.fixture
def run(farm_server: FarmServer, tmp_path: Path) -> Run:
    """Call pycuerun, or ``outline`` with ``tool=True``, against ``farm_server``."""

    def call(*args: object, tool: bool = False, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            _argv(farm_server, args, tool),
            cwd=tmp_path,
            env=environ_with(**env),
            capture_output=True,
            text=True,
            timeout=90,
        )

    return call


def _argv(server: FarmServer, args: Any, tool: bool = False) -> list[str]:
    entry = "outline_main" if tool else "pycuerun_main"
    code = f"import sys; from outline.cli import {entry}; sys.exit({entry}())"
    return [sys.executable, "-c", code, *map(str, args), "--server", f"127.0.0.1:{server.port}"]


def _script(folder: Path, text: str) -> Path:
    return outline_file(folder, f"from outline.modules.shell import Shell\n{text}\n")


# -- launching ---------------------------------------------------------------------------------------------------


def test_frames_run_on_the_farm_in_order_of_their_dependencies(run: Run, rqd: Rqd, tmp_path: Path) -> None:
    log = tmp_path / "a b.log"
    script = _script(
        tmp_path,
        f"""
Shell("first", command=["sh", "-c", 'echo first-#IFRAME# >> "$0"', {str(log)!r}])
Shell("second", command=["sh", "-c", 'echo second-#IFRAME# >> "$0"', {str(log)!r}], require=["first:all"])
""",
    )

    done = run(script, "1-3", "--wait")

    assert (done.returncode, done.stderr) == (0, "")
    lines = log.read_text().splitlines()
    assert sorted(lines[:3]) == ["first-1", "first-2", "first-3"]
    assert sorted(lines[3:]) == ["second-1", "second-2", "second-3"]
    assert "launched testing-default-tester_shot\n" in done.stdout
    assert "testing-default-tester_shot  FINISHED in " in done.stdout


def test_job_comes_back_as_pycues_object(pycue: Any, rqd: Rqd) -> None:
    (job,) = cuerun.launch(outline_of(), backend="cue", pause=True)

    assert isinstance(job, pycue.wrappers.job.Job)
    assert (job.data.name, job.data.is_paused) == ("testing-sh010-tester_job_name", True)


def test_plain_commands_reach_the_program_word_by_word(pycue: Any, rqd: Rqd, tmp_path: Path) -> None:
    words = ["a;touch x", "", "it's", '"$HOME"', "`x`", "a\nb", "#IFRAME#-#LAYER#", "é"]
    code = f"import json, sys; json.dump(sys.argv[1:], open({str(tmp_path / 'argv.json')!r}, 'w'))"
    ol = outline_of(shell(command=[sys.executable, "-c", code, *words]), frame_range="7")

    cuerun.launch(ol, use_pycuerun=False, backend="cue", wait=True)

    assert json.loads((tmp_path / "argv.json").read_text()) == [*words[:-2], "7-beauty", "é"]


def test_environment_of_job_and_layer_is_in_the_frame(pycue: Any, rqd: Rqd, tmp_path: Path) -> None:
    code = f"import json, os; json.dump(dict(os.environ), open({str(tmp_path / 'env.json')!r}, 'w'))"
    ol = outline_of(shell(command=[sys.executable, "-c", code], env={"NUMBER": 1}), frame_range="7")
    ol.set_env("EARLY", " a b ", pre=True)
    ol.set_env("LATE", "<&>")

    cuerun.launch(ol, backend="cue", wait=True)

    env = json.loads((tmp_path / "env.json").read_text())
    assert (env["NUMBER"], env["EARLY"].strip(), env["LATE"]) == ("1", "a b", "<&>")
    assert (env["CUE_IFRAME"], env["CUE_LAYER"], env["CUE_JOB"]) == ("7", "beauty", "testing-sh010-tester_job_name")


def test_a_job_that_is_not_finished_is_not_launched_again(run: Run, tmp_path: Path) -> None:
    script = _script(tmp_path, 'Shell("beauty", command=["true"])')
    first = run(script, "1", "--pause")

    second = run(script, "1", "--pause")

    assert first.returncode == 0
    assert (second.returncode, second.stdout) == (2, "")
    assert "has a job testing-default-tester_shot that is not finished; wait for it, or end it" in second.stderr
    assert len(second.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--shot", "s1"], "the job's shot 's1' is nothing for the farm"),
        (["-f", "-5-5"], "has the frame -5, and the farm cannot run frames below 0"),
        (["--facility", "mars"], "refuses to launch the job"),
        (["--cores", "4"], "--cores only works with --backend local"),
    ],
    ids=["shot", "negative frames", "facility", "option of the local backend"],
)
def test_what_the_farm_cannot_do_is_one_line(run: Run, tmp_path: Path, args: list[str], words: str) -> None:
    done = run(_script(tmp_path, 'Shell("beauty", command=["true"])'), *args)

    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_unknown_show_is_one_line(run: Run, tmp_path: Path) -> None:
    done = run(_script(tmp_path, 'Shell("beauty", command=["true"])'), "1", SHOW="nosuchshow")

    assert done.returncode == 2
    assert "nosuchshow" in done.stderr
    assert "cueadmin -ls lists them" in done.stderr


def test_server_that_is_not_there_is_told_before_the_script_runs(run_pycuerun: Run, tmp_path: Path) -> None:
    script = _script(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')")

    done = run_pycuerun(script, "1", "--server", "127.0.0.1:9")

    assert done.returncode == 2
    assert done.stderr.startswith("pycuerun: no farm server answers at 127.0.0.1:9; start it, or name another with")
    assert not (tmp_path / "ran").exists()


def test_first_server_that_answers_is_used(farm_server: FarmServer, run_pycuerun: Run, tmp_path: Path) -> None:
    script = _script(tmp_path, 'Shell("beauty", command=["true"])')
    hosts = f"127.0.0.1:9,127.0.0.1:{farm_server.port}"

    by_option = run_pycuerun(script, "1", "--pause", "--server", hosts)
    by_variable = run_pycuerun(script, "1", "--pause", "--base-name", "other", env={"CUEBOT_HOSTS": hosts})

    assert (by_option.returncode, by_variable.returncode) == (0, 0)


def test_configuration_of_pycue_names_the_server(farm_server: FarmServer, run_pycuerun: Run, tmp_path: Path) -> None:
    config = tmp_path / "opencue.yaml"
    config.write_text(f"cuebot.facility_default: here\ncuebot.facility:\n  here: ['127.0.0.1:{farm_server.port}']\n")

    done = run_pycuerun(
        _script(tmp_path, 'Shell("beauty", command=["true"])'), "1", "--pause", env={"OPENCUE_CONFIG_FILE": str(config)}
    )

    assert (done.returncode, done.stdout) == (0, "launched testing-default-tester_shot\n")


def test_missing_client_is_one_line(run_pycuerun: Run, tmp_path: Path) -> None:
    (tmp_path / "opencue.py").write_text("raise ModuleNotFoundError('no', name='opencue_proto')\n")
    script = _script(tmp_path, 'Shell("beauty", command=["true"])')

    done = run_pycuerun(script, "1", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()])})

    assert done.returncode == 2
    assert "install it with: pip install \"outline-farm[cue]\" (there is no module 'opencue_proto')" in done.stderr


def test_script_that_launches_by_itself_goes_to_the_server(run: Run, rqd: Rqd, tmp_path: Path) -> None:
    script = _script(
        tmp_path,
        """
from outline import Outline, cuerun
ol = Outline("own_job", frame_range="1-2")
ol.add_layer(Shell("beauty", command=["true"]))
cuerun.launch(ol)
""",
    )

    done = run(script, "--wait")

    assert (done.returncode, done.stderr) == (0, "")
    assert "testing-default-tester_own_job  FINISHED" in done.stdout


# -- waiting -----------------------------------------------------------------------------------------------------

_FAILS = 'Shell("beauty", command=["sh", "-c", "test #IFRAME# != 2 || { echo oh dear; exit 7; }"])'


def test_wait_ends_when_only_dead_frames_are_left(run: Run, rqd: Rqd, tmp_path: Path) -> None:
    script = _script(tmp_path, f'{_FAILS}\nShell("comp", command=["true"], require=["beauty"])')

    done = run(script, "1-3", "--wait", "-m", "0")

    assert (done.returncode, done.stderr) == (1, "")
    assert "FAILED in" in done.stdout
    assert "DEAD 0002-beauty after 1 attempt: exit status 7" in done.stdout
    assert "    | oh dear" in done.stdout
    assert "outline retry testing-default-tester_shot --server 127.0.0.1:" in done.stdout


def test_test_ends_and_kills_the_job_with_its_first_dead_frame(run: Run, rqd: Rqd, pycue: Any, tmp_path: Path) -> None:
    script = _script(tmp_path, f'{_FAILS}\nShell("long", command=["sleep", "60"], range="1")')

    done = run(script, "1-3", "--test", "-m", "0")

    assert done.returncode == 1
    assert "the test of job testing-default-tester_shot failed: 1 dead and 0 eaten frames" in done.stderr
    assert not pycue.api.isJobPending("testing-default-tester_shot")


def test_test_leaves_a_job_that_succeeds_alone(run: Run, rqd: Rqd, tmp_path: Path) -> None:
    done = run(_script(tmp_path, 'Shell("beauty", command=["true"])'), "1-3", "--test", "--pause")

    assert (done.returncode, done.stderr) == (0, "")


def test_test_of_a_script_raises(pycue: Any, rqd: Rqd) -> None:
    ol = outline_of(shell(command=["false"]), frame_range="1")

    with pytest.raises(OutlineException, match=r"the test of job .*job_name failed: 1 dead and 0 eaten frames"):
        cuerun.launch(ol, backend="cue", test=True, maxretries=0)

    assert not pycue.api.isJobPending("testing-sh010-tester_job_name")


def test_job_that_is_killed_ends_the_wait(farm_server: FarmServer, pycue: Any, rqd: Rqd, tmp_path: Path) -> None:
    script = _script(tmp_path, 'Shell("beauty", command=["sleep", "60"])')
    with _started(farm_server, tmp_path, script, "1", "--wait") as waiting:
        until(lambda: pycue.api.isJobPending("testing-default-tester_shot"))
        pycue.api.findJob("testing-default-tester_shot").kill(reason="a test")
        out, _ = waiting.communicate(timeout=60)

    assert waiting.returncode == 3
    assert "KILLED in" in out


def test_interrupt_leaves_the_job_running(farm_server: FarmServer, pycue: Any, tmp_path: Path) -> None:
    script = _script(tmp_path, 'Shell("beauty", command=["true"])')
    with _started(farm_server, tmp_path, script, "1", "--wait") as waiting:
        until(lambda: pycue.api.isJobPending("testing-default-tester_shot"))
        time.sleep(0.5)  # it begins to wait when the server has told it of the launch
        waiting.send_signal(signal.SIGINT)
        _, err = waiting.communicate(timeout=60)

    assert waiting.returncode == 130
    assert "interrupted; the job runs on" in err
    assert f"outline status testing-default-tester_shot --server 127.0.0.1:{farm_server.port}" in err
    assert f"cueadmin -server 127.0.0.1:{farm_server.port} -kill testing-default-tester_shot" in err
    assert pycue.api.isJobPending("testing-default-tester_shot")


def test_server_that_is_away_for_a_while_is_waited_for(
    make_farm_server: Callable[..., FarmServer], start_rqd: Callable[..., Rqd], tmp_path: Path
) -> None:
    server = make_farm_server(state=tmp_path / "farm.db")
    start_rqd(server, cores=2)
    script = _script(tmp_path, 'Shell("beauty", command=["sleep", "4"])')
    with _started(server, tmp_path, script, "1", "--wait") as waiting:
        _read_until(waiting, "RUNNING")
        port = server.port
        server.stop(grace_seconds=0.1)
        _read_until(waiting, "waiting on")
        make_farm_server(state=tmp_path / "farm.db", port=port)
        out, _ = waiting.communicate(timeout=90)

    assert waiting.returncode == 0
    assert "the farm server answers again" in out


def _read_until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert any(word in line for line in iter(process.stdout.readline, ""))


def _started(server: FarmServer, folder: Path, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        _argv(server, args), cwd=folder, env=environ_with(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_post_layers_are_waited_for_and_count(run: Run, rqd: Rqd, tmp_path: Path) -> None:
    script = _script(
        tmp_path, 'Shell("beauty", command=["true"])\nShell("clean", command=["false"], range="1", type="Post")'
    )

    done = run(script, "1", "--wait", "-m", "0")

    assert done.returncode == 1
    assert "testing-default-tester_shot  FINISHED in" in done.stdout
    assert "DEAD 0001-clean after 1 attempt: exit status 1" in done.stdout


def test_post_layers_count_in_a_test(pycue: Any, rqd: Rqd) -> None:
    ol = outline_of(shell(), shell("clean", command=["false"], type="Post"), frame_range="1")

    with pytest.raises(OutlineException, match=r"_post_job_\d+ failed: 1 dead and 0 eaten frames"):
        cuerun.launch(ol, backend="cue", test=True, maxretries=0)


# -- afterwards --------------------------------------------------------------------------------------------------


def test_status_log_and_retry_know_jobs_of_the_farm(run: Run, rqd: Rqd, tmp_path: Path) -> None:
    cured = tmp_path / "cured"
    script = _script(
        tmp_path,
        f'Shell("beauty", chunk=2, command=["sh", "-c", "echo frames #FRAMESPEC#; test #IFRAME# != 3 -o -e {cured}"])',
    )
    failed = run(script, "1-5", "--wait", "-m", "0")

    status = json.loads(run("status", "testing-default-tester_shot", "--json", tool=True).stdout)
    log = run("log", "testing-default-tester_shot", "4-beauty", tool=True)
    cured.write_text("")
    retried = run("retry", "testing-default-tester_shot", "--frames", "4", tool=True)

    assert failed.returncode == 1
    assert (status["state"], status["counts"], status["frames"]) == ("FAILED", {"SUCCEEDED": 2, "DEAD": 1}, 3)
    assert status["layers"][0]["states"] == {"SUCCEEDED": "1,5", "DEAD": "3"}
    assert [(dead["frame"], dead["exit_status"], dead["attempts"]) for dead in status["dead"]] == [
        ("0003-beauty", 1, 1)
    ]
    assert "frames 3-4" in log.stdout
    assert retried.stdout.startswith("1 frame will run again on the farm: outline status testing-default-tester_shot")
    until(lambda: '"FINISHED"' in run("status", status["job_id"], "--json", tool=True).stdout)


def test_session_of_a_farm_job_leads_to_its_job(run: Run, session_root: Path, tmp_path: Path) -> None:
    run(_script(tmp_path, 'Shell("beauty", command=["true"])'), "1-3", "--pause")
    (session,) = session_root.glob("*/*")

    status = run("status", session, tool=True)

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
def test_what_is_not_there_is_one_line(run: Run, tmp_path: Path, args: list[str], words: str) -> None:
    run(_script(tmp_path, 'Shell("beauty", command=["true"])'), "1-3", "--pause")

    done = run(*args, tool=True)

    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_log_that_is_elsewhere_is_named_with_its_host(pycue: Any, rqd: Rqd, run: Run, tmp_path: Path) -> None:
    cuerun.launch(outline_of(frame_range="1"), backend="cue", wait=True)
    job = pycue.api.getJobs(job=["testing-sh010-tester_job_name"], include_finished=True)[0]
    os.rename(job.data.log_dir, tmp_path / "elsewhere")

    done = run("log", job.data.id, "1-beauty", tool=True)

    assert f"does not see the folder of the log; on {rqd.name} it is {job.data.log_dir}" in done.stderr


# -- options -----------------------------------------------------------------------------------------------------


def test_priority_and_retries_arrive(pycue: Any, run: Run, tmp_path: Path) -> None:
    run(_script(tmp_path, 'Shell("beauty", command=["true"])'), "1", "--pause", "--priority", "77", "--autoeat")

    job = pycue.api.findJob("testing-default-tester_shot")

    assert (job.data.priority, job.data.auto_eat, job.data.is_paused) == (77, True, True)


def test_cores_of_this_machine_are_booked(
    farm_server: FarmServer, start_rqd: Callable[..., Rqd], run: Run, tmp_path: Path
) -> None:
    start_rqd(farm_server, name=socket.gethostname(), cores=2)
    marker = tmp_path / "ran"

    done = run(_script(tmp_path, f'Shell("beauty", command=["touch", {str(marker)!r}])'), "1", "-L", "1", "--wait")

    assert (done.returncode, done.stderr) == (0, "")
    assert marker.exists()


def test_machine_that_the_farm_does_not_have_cannot_be_booked(run: Run, tmp_path: Path) -> None:
    done = run(_script(tmp_path, 'Shell("beauty", command=["true"])'), "1", "--run-local", "1")

    assert done.returncode == 2
    assert "--run-local cannot book this machine on the farm" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_qc_holds_the_job_until_its_frame_is_eaten(
    pycue: Any, rqd: Rqd, run: Run, farm_server: FarmServer, tmp_path: Path
) -> None:
    run(_script(tmp_path, 'Shell("beauty", command=["true"])'), "1-2", "--qc")
    until(lambda: pycue.api.findJob("testing-default-tester_shot").data.is_paused, seconds=60)
    job = pycue.api.findJob("testing-default-tester_shot")
    until(lambda: job.getLayers()[1].data.layer_stats.waiting_frames == 1, seconds=60)

    job.eatFrames(layer=["wait_on_artist_to_qc"])

    assert [comment.data.subject for comment in job.getComments()] == ["Waiting for the artist to look at the job"]
    until(lambda: not pycue.api.isJobPending("testing-default-tester_shot"))


def test_root_is_told_what_a_strict_server_wants(
    make_farm_server: Callable[..., FarmServer], run_pycuerun: Run, tmp_path: Path
) -> None:
    server = make_farm_server(strict=True)
    script = _script(tmp_path, 'Shell("beauty", command=["true"])')

    done = run_pycuerun(script, "1", "-u", "root", "--server", f"127.0.0.1:{server.port}")

    assert done.returncode == 2
    assert "as root" in done.stderr
    assert done.stderr.rstrip().endswith("launch as another user")


def test_refusal_is_an_exception_for_scripts(pycue: Any) -> None:
    with pytest.raises(LaunchException, match="refuses to launch the job"):
        cuerun.launch(outline_of(show="nosuchshow"), backend="cue")
