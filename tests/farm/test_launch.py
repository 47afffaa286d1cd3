# SPDX-License-Identifier: Apache-2.0
"""Outlines that go to a farm: a real server, a real RQD, and pycuerun as people call it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from outline import cuerun
from outline.backend import cue
from outline.exception import LaunchException
from tests.conftest import RunPycuerun
from tests.farm.commands import RunAtFarm, script
from tests.launches import launcher_of, outline_of, shell
from tests.support import environ_with, until

if TYPE_CHECKING:
    from cuebot_stub.server import FarmServer
    from tests.farm.hosts import Rqd

pytestmark = [pytest.mark.measured, pytest.mark.slow]


# -- launching ---------------------------------------------------------------------------------------------------


def test_frames_run_on_the_farm_in_order_of_their_dependencies(
    run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path
) -> None:
    log = tmp_path / "a b.log"
    path = script(
        tmp_path,
        f"""
Shell("first", command=["sh", "-c", 'echo first-#IFRAME# >> "$0"', {str(log)!r}])
Shell("second", command=["sh", "-c", 'echo second-#IFRAME# >> "$0"', {str(log)!r}], require=["first:all"])
""",
    )

    done = run_at_farm(path, "1-3", "--wait")

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


def test_quoted_plain_commands_reach_the_program_word_by_word(pycue: Any, rqd: Rqd, tmp_path: Path) -> None:
    words = ["a;touch x", "", "it's", '"$HOME"', "`x`", "a\nb", "#IFRAME#-#LAYER#", "é"]
    code = f"import json, sys; json.dump(sys.argv[1:], open({str(tmp_path / 'argv.json')!r}, 'w'))"
    ol = outline_of(shell(command=[sys.executable, "-c", code, *words], quote=True), frame_range="7")

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


def test_a_job_that_is_not_finished_is_not_launched_again(run_at_farm: RunAtFarm, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    first = run_at_farm(path, "1", "--pause")

    second = run_at_farm(path, "1", "--pause")

    assert first.returncode == 0
    assert (second.returncode, second.stdout) == (2, "")
    assert "has a job testing-default-tester_shot that is not finished; wait for it, or end it" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_job_whose_launch_was_sent_twice_is_one_job(pycue: Any) -> None:
    launcher = launcher_of(pause=True)
    (first,) = launcher.launch()

    (second,) = cue.launch(launcher)  # as when the server's answer was lost, and PyCue asks again

    assert second.data.id == first.data.id


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["1", "--shot", "s1"], "the job's shot 's1' does not fit the farm"),
        (["-f", "-5-5"], "has the frame -5, and the farm cannot run frames below 0"),
        (["--cores", "4"], "--cores only works with --backend local or dask"),
    ],
    ids=["shot", "negative frames", "option of the local backend"],
)
def test_what_the_farm_cannot_do_is_one_line_and_leaves_no_session(
    run_pycuerun: RunPycuerun, farm_server: FarmServer, tmp_path: Path, args: list[str], words: str
) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')

    done = run_pycuerun(path, *args, "--server", f"127.0.0.1:{farm_server.port}")

    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(Path(os.environ["OUTLINE_OUTLINE_SESSION_DIR"]).glob("*/*"))


@pytest.mark.parametrize(
    ("layer", "flags", "words"),
    [
        ({"limits": ["nukee"]}, {}, r"layer 'beauty' .*: the farm server .* has no limit 'nukee'; did you mean 'nuke'"),
        ({}, {"facility": "mars"}, "has no facility 'mars'; there are cloud, local; use --facility"),
        ({}, {"show": "nosuchshow"}, "refuses to launch the job"),
        ({"env": {"BIG": "x" * 2049}}, {}, "its variable BIG has 2049 characters, and the farm takes at most 2048"),
    ],
    ids=["limit", "facility", "show", "environment"],
)
def test_what_the_farm_refuses_is_an_error_of_both_libraries(
    pycue: Any, layer: dict[str, Any], flags: dict[str, str], words: str
) -> None:
    pycue.api.createLimit("nuke", 1)
    ol = outline_of(shell(**layer), **flags)

    with pytest.raises(LaunchException, match=words) as raised:
        cuerun.launch(ol, backend="cue")

    assert isinstance(raised.value, pycue.exception.CueException)


def test_unknown_facility_of_the_command_line_is_left_out(run_at_farm: RunAtFarm, pycue: Any, tmp_path: Path) -> None:
    done = run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1", "--pause", "--facility", "mars")

    assert done.returncode == 0
    assert "has no facility 'mars'; there are cloud, local; the job goes to local" in done.stderr
    assert pycue.api.findJob("testing-default-tester_shot").data.facility == "local"


def test_unknown_service_is_told(pycue: Any, caplog: pytest.LogCaptureFixture) -> None:
    cuerun.launch(outline_of(shell(service="arnlod")), backend="cue", pause=True)

    assert "has no service 'arnlod'; did you mean 'arnold'?; that of 'default' counts" in caplog.text


def test_outline_that_was_refused_can_be_launched_again(pycue: Any) -> None:
    ol = outline_of(show="nosuchshow")
    with pytest.raises(LaunchException):
        cuerun.launch(ol, backend="cue")

    (job,) = cuerun.launch(ol, backend="cue", show="testing", pause=True)

    assert job.data.name == "testing-sh010-tester_job_name"


def test_unknown_show_is_one_line(run_at_farm: RunAtFarm, tmp_path: Path) -> None:
    done = run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1", SHOW="nosuchshow")

    assert done.returncode == 2
    assert "nosuchshow" in done.stderr
    assert "cueadmin -ls lists them" in done.stderr


def test_server_that_is_not_there_is_told_and_nothing_is_made(
    run_pycuerun: RunPycuerun, session_root: Path, tmp_path: Path
) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')

    done = run_pycuerun(path, "1", "--server", "127.0.0.1:9", "--work", tmp_path / "made")

    assert done.returncode == 2
    assert done.stderr.startswith("pycuerun: no farm server answers at 127.0.0.1:9; start it, or name another with")
    assert not (tmp_path / "made").exists()
    assert list(session_root.rglob("*")) == []


def test_mistake_in_the_outline_is_told_before_a_server_that_is_not_there(
    run_pycuerun: RunPycuerun, tmp_path: Path
) -> None:
    path = script(tmp_path, 'Shell("beauty", comand=["true"])')

    done = run_pycuerun(path, "1", "--server", "127.0.0.1:9")

    assert done.returncode == 2
    assert "unknown argument 'comand'; did you mean 'command'?" in done.stderr
    assert "server" not in done.stderr


def test_first_server_that_answers_is_used(farm_server: FarmServer, run_pycuerun: RunPycuerun, tmp_path: Path) -> None:
    path = script(tmp_path, 'Shell("beauty", command=["true"])')
    hosts = f"127.0.0.1:9,127.0.0.1:{farm_server.port}"

    by_option = run_pycuerun(path, "1", "--pause", "--server", hosts)
    by_variable = run_pycuerun(path, "1", "--pause", "--base-name", "other", env={"CUEBOT_HOSTS": hosts})

    assert (by_option.returncode, by_variable.returncode) == (0, 0)


def test_configuration_of_pycue_names_the_server(
    farm_server: FarmServer, run_pycuerun: RunPycuerun, tmp_path: Path
) -> None:
    config = tmp_path / "opencue.yaml"
    config.write_text(f"cuebot.facility_default: here\ncuebot.facility:\n  here: ['127.0.0.1:{farm_server.port}']\n")

    done = run_pycuerun(
        script(tmp_path, 'Shell("beauty", command=["true"])'), "1", "--pause", env={"OPENCUE_CONFIG_FILE": str(config)}
    )

    assert (done.returncode, done.stdout) == (0, "launched testing-default-tester_shot\n")


def test_broken_configuration_of_pycue_is_one_line(run_pycuerun: RunPycuerun, tmp_path: Path) -> None:
    (tmp_path / "opencue.yaml").write_text("cuebot.facility: [")

    done = run_pycuerun(
        script(tmp_path, 'Shell("beauty", command=["true"])'),
        "1",
        env={"OPENCUE_CONFIG_FILE": str(tmp_path / "opencue.yaml")},
    )

    assert done.returncode == 2
    assert done.stderr.startswith("pycuerun: PyCue cannot be used: ")
    assert len(done.stderr.splitlines()) == 1


def test_missing_client_is_one_line(run_pycuerun: RunPycuerun, tmp_path: Path) -> None:
    (tmp_path / "opencue.py").write_text("raise ModuleNotFoundError('no', name='opencue_proto')\n")
    path = script(tmp_path, 'Shell("beauty", command=["true"])')

    done = run_pycuerun(path, "1", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()])})

    assert done.returncode == 2
    assert "install it with: pip install \"outline-farm[cue]\" (No module named 'opencue_proto')" in done.stderr


def test_script_that_launches_by_itself_goes_to_the_server(run_at_farm: RunAtFarm, rqd: Rqd, tmp_path: Path) -> None:
    path = script(
        tmp_path,
        """
from outline import Outline, cuerun
ol = Outline("own_job", frame_range="1-2")
ol.add_layer(Shell("beauty", command=["true"]))
cuerun.launch(ol)
""",
    )

    done = run_at_farm(path, "--wait")

    assert (done.returncode, done.stderr) == (0, "")
    assert "testing-default-tester_own_job  FINISHED" in done.stdout


# -- options -----------------------------------------------------------------------------------------------------


def test_priority_and_retries_arrive(pycue: Any, run_at_farm: RunAtFarm, tmp_path: Path) -> None:
    run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1", "--pause", "--priority", "77", "--autoeat")

    job = pycue.api.findJob("testing-default-tester_shot")

    assert (job.data.priority, job.data.auto_eat, job.data.is_paused) == (77, True, True)


def test_machine_without_nimby_is_not_booked_and_the_job_runs_all_the_same(
    farm_server: FarmServer, start_rqd: Callable[..., Rqd], run_at_farm: RunAtFarm, tmp_path: Path
) -> None:
    start_rqd(farm_server, name=socket.gethostname(), cores=2)
    marker = tmp_path / "ran"

    done = run_at_farm(
        script(tmp_path, f'Shell("beauty", command=["touch", {str(marker)!r}])'), "1", "-L", "1", "--wait"
    )

    assert done.returncode == 0
    assert "does not run with NIMBY; only such hosts can have an owner; the job runs on other hosts" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert marker.exists()


def test_machine_that_the_farm_does_not_have_is_left_out(run_at_farm: RunAtFarm, tmp_path: Path) -> None:
    done = run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1", "--pause", "--run-local", "1")

    assert (done.returncode, done.stdout) == (0, "launched testing-default-tester_shot\n")
    assert "--run-local cannot book this machine on the farm" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_qc_holds_the_job_until_its_frame_is_eaten(
    pycue: Any, rqd: Rqd, run_at_farm: RunAtFarm, farm_server: FarmServer, tmp_path: Path
) -> None:
    run_at_farm(script(tmp_path, 'Shell("beauty", command=["true"])'), "1-2", "--qc")
    until(lambda: pycue.api.findJob("testing-default-tester_shot").data.is_paused)
    job = pycue.api.findJob("testing-default-tester_shot")
    until(lambda: job.getLayers()[1].data.layer_stats.waiting_frames == 1)

    job.eatFrames(layer=["wait_on_artist_to_qc"])

    assert [comment.data.subject for comment in job.getComments()] == ["Waiting for the artist to look at the job"]
    until(lambda: not pycue.api.isJobPending("testing-default-tester_shot"))


def test_root_is_told_what_a_strict_server_wants(
    make_farm_server: Callable[..., FarmServer], run_pycuerun: RunPycuerun, tmp_path: Path
) -> None:
    server = make_farm_server(strict=True)
    path = script(tmp_path, 'Shell("beauty", command=["true"])')

    done = run_pycuerun(path, "1", "-u", "root", "--server", f"127.0.0.1:{server.port}")

    assert done.returncode == 2
    assert "as root" in done.stderr
    assert done.stderr.rstrip().endswith("as root; launch as another user")


@pytest.mark.parametrize("launched", [[SimpleNamespace(data=SimpleNamespace(name="job"))], []], ids=["a job", "none"])
def test_test_of_a_studio_launches_without_a_server(
    launched: list[Any], monkeypatch: pytest.MonkeyPatch, session_root: Path
) -> None:
    """OpenCue's documentation replaces launchSpecAndWait so in tests, and nothing else."""
    opencue = pytest.importorskip("opencue", reason="the extra 'cue' is not installed")
    sent: list[str] = []
    monkeypatch.setattr(opencue.api, "launchSpecAndWait", lambda spec: sent.append(spec) or launched)
    monkeypatch.setattr(opencue.Cuebot, "RpcChannel", None)

    jobs = cuerun.launch(outline_of(shell()), backend="cue", server="127.0.0.1:9", pause=True, use_pycuerun=False)

    assert jobs == launched
    assert "<paused>True</paused>" in sent[0]


def test_launch_without_a_server_leaves_no_session(run_at_farm: RunAtFarm, tmp_path: Path, session_root: Path) -> None:
    text = (
        "from outline import Outline, cuerun\nol = Outline('job', '1')\nol.add_layer(Shell('abc', command=['true']))\n"
    )
    path = script(tmp_path, f"{text}cuerun.launch(ol, backend='cue', server='127.0.0.1:9')")

    done = subprocess.run([sys.executable, str(path)], env=environ_with(), capture_output=True, text=True)

    assert done.returncode == 1
    assert "no farm server answers at 127.0.0.1:9" in done.stderr
    assert [entry for entry in session_root.rglob("*") if entry.is_file()] == []
