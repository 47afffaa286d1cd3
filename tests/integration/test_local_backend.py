# SPDX-License-Identifier: Apache-2.0
"""Jobs on the local backend, run by the real program with real processes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import job_in, log_of, only_session, outline_file

pytestmark = pytest.mark.measured

PY = sys.executable


def test_fault_04_a_failing_frame_makes_the_exit_code_1(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("good", command=["true"])
        Shell("bad", command=["sh", "-c", "echo the reason; exit 3"])
        Shell("after", command=["true"], require=["bad"])
        """,
    )

    result = run_pycuerun(script, "1-2", "--backend", "local", "--max-retries", "1")

    job = job_in(session_root)
    assert result.returncode == 1
    assert job.counts == {"SUCCEEDED": 2, "DEAD": 2, "DEPEND": 2}
    assert "the reason" in result.stdout
    assert "-e 0001-bad" in result.stdout
    assert {dead.record.attempt for dead in job.dead_frames()} == {2}


PLAIN = """
from outline import Layer, Outline, cuerun
from outline.modules.shell import Shell, ShellCommand

class Own(Layer):
    def _execute(self, frames):
        raise RuntimeError("no hook runs")

ol = Outline("plain")
line = ["echo", "$CUE_LAYER", "frame", "#IFRAME#", "&&", "echo", "two  blanks", "'two  blanks'"]
ol.add_layer(Shell("line", command=line))
ol.add_layer(Shell("quoted", command=["echo", "frame", "&&", "two  blanks"], quote=True))
ol.add_layer(Shell("ginsu", command=["echo", "in.#.exr"], chunk=2))
ol.add_layer(Own("own", command="echo #FRAME#; exit 3", require=["line:all"]))
cuerun.launch(ol, range="1-2", backend="local", use_pycuerun=False, maxretries=0)
"""


def test_job_without_pycuerun_runs_the_lines_that_a_farm_gets(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, PLAIN)

    dry = run_pycuerun(script, "--dry-run")
    result = run_pycuerun(script, "--backend", "local")
    by_hand = run_pycuerun(only_session(session_root) / "outline.yaml", "-e", "2-own")

    assert "/bin/sh -c 'echo $CUE_LAYER frame 1 && echo two  blanks " in dry.stdout
    assert "/bin/sh -c 'echo 0001-own; exit 3'" in dry.stdout
    assert result.returncode == 1
    assert job_in(session_root).counts == {"SUCCEEDED": 5, "DEAD": 2}
    assert "\nline frame 2\ntwo blanks two  blanks\n" in log_of(session_root, "0002-line")
    assert "\nframe && two  blanks\n" in log_of(session_root, "0001-quoted")
    assert "\nin.0001.exr\n" in log_of(session_root, "0001-ginsu")
    assert "\n0002-own\n" in log_of(session_root, "0002-own")
    assert "layer 'ginsu'" in result.stderr
    assert "of each chunk of 2 only the first frame runs" in result.stderr
    assert (by_hand.returncode, by_hand.stdout) == (3, "0002-own\n")


def test_fault_04_dependencies_are_honoured(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    order = tmp_path / "order"
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        note = ["sh", "-c", 'echo "$CUE_FRAME" >> "$0"', {str(order)!r}]
        Shell("comp", command=note, range="1", require=["render:all"])
        Shell("render", command=note, range="101-104")
        """,
    )

    result = run_pycuerun(script, "--backend", "local", "--cores", "2")

    assert result.returncode == 0, result.stderr
    assert order.read_text().split()[-1] == "0001-comp"
    assert len(order.read_text().split()) == 5


def test_two_slots_run_frames_at_the_same_time(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        # Each frame waits for the other one's file, so that only both together can finish.
        Shell("meet", command=["sh", "-c", '''
            touch "$0/$CUE_IFRAME"
            until [ -e "$0/1" -a -e "$0/2" ]; do sleep 0.05; done
        ''', {str(tmp_path)!r}])
        """,
    )

    result = run_pycuerun(script, "1-2", "--backend", "local", "--cores", "2", "--max-retries", "0")

    assert result.returncode == 0, result.stdout


def test_a_layer_that_asks_for_all_cores_runs_alone(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        hold = 'mkdir "$0" && sleep 0.1 && rmdir "$0"'
        Shell("alone", cores=2, command=["sh", "-c", hold, {str(tmp_path / "lock")!r}])
        """,
    )

    result = run_pycuerun(script, "1-4", "--backend", "local", "--cores", "2", "--max-retries", "0")

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("kind", ["command", "python"])
def test_frames_have_the_farms_variables(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, kind: str
) -> None:
    code = "import os, json; out = os.environ['OUT'] + os.environ['CUE_IFRAME']"
    code += "; json.dump(dict(os.environ), open(out, 'w'))"
    dump = [PY, "-c", code + "; os.replace(out, os.environ['OUT'])"]
    script = outline_file(
        tmp_path,
        f"""
        from outline import Layer, current_outline
        from outline.modules.shell import Shell
        class Own(Layer):
            def _execute(self, frames):
                self.system({dump!r})
        current_outline().set_env("FROM_JOB", "post")
        current_outline().set_env("FROM_PRE", "pre", pre=True)
        cls = {{"command": Shell, "python": Own}}[{kind!r}]
        cls("env", **({{"command": {dump!r}}} if cls is Shell else {{}}), chunk=3, range="1-10", cores=2, memory="512m",
            threadable=True, env={{"OUT": {str(tmp_path / "dump")!r}, "FROM_LAYER": 5}})
        """,
    )

    result = run_pycuerun(script, "7-10", "--backend", "local", "--cores", "4", "--env", "K=a=b")

    assert result.returncode == 0, result.stdout
    env = json.loads((tmp_path / "dump").read_text())
    session = only_session(session_root)
    assert env["CUE_FRAME"] in ("0007-env", "0010-env")
    assert env["CUE_IFRAME"] == str(int(env["CUE_FRAME"][:4]))
    assert (env["CUE_RANGE"], env["CUE_CHUNK"], env["CUE_LAYER"]) == ("7-10", "3", "env")
    assert (env["CUE_MEMORY"], env["CUE_THREADS"]) == (str(512 * 1024), "2")
    assert (env["CUE_SHOW"], env["CUE_SHOT"], env["CUE_USER"]) == ("testing", "default", "tester")
    assert env["CUE_JOB"] == "testing-default-tester_shot"
    assert env["CUE_JOB_ID"] == session.name
    assert env["CUE_LOG_PATH"] == str(session / "logs")
    assert {"CUE_FRAME_ID", "CUE_LAYER_ID", "CUE_GPUS", "CUE_GPU_MEMORY", "CUE_THREADABLE", "CUE3"} <= set(env)
    assert env["OL_BASE_SESSION_PATH"] == str(session)
    assert env["OL_LAYER_SESSION_PATH"] == str(session / "layers" / "env")
    assert env["OL_LAYER_RANGE"] in ("7-9", "10")
    assert (env["FROM_JOB"], env["FROM_PRE"], env["FROM_LAYER"], env["K"]) == ("post", "pre", "5", "a=b")


def test_frames_have_no_input_and_the_launchs_folder(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        from outline.modules.shell import Shell
        import os, sys
        class Own(Layer):
            def _execute(self, frames):
                print("read", repr(sys.stdin.read()), "in", os.getcwd())
        Own("own")
        Shell("cmd", command=["sh", "-c", "echo read \\\\'$(cat)\\\\' in $PWD"])
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", cwd=tmp_path)

    assert result.returncode == 0, result.stdout
    assert f"read '' in {tmp_path}" in log_of(session_root, "0001-own")
    assert f"read '' in {tmp_path}" in log_of(session_root, "0001-cmd")


def test_a_frame_cannot_change_another_one(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        seen = []
        class Dirty(Layer):
            def _execute(self, frames):
                print("found", seen, os.environ.get("DIRT"), os.getcwd() == "/", getattr(self, "dirt", None))
                seen.append(1); os.environ["DIRT"] = "1"; os.chdir("/"); self.dirt = 1
                if frames[0] == 2:
                    os.kill(os.getpid(), 11)
        Dirty("dirty")
        """,
    )

    result = run_pycuerun(script, "1-4", "--backend", "local", "--cores", "1", "--max-retries", "0")

    assert result.returncode == 1
    assert job_in(session_root).counts == {"SUCCEEDED": 3, "DEAD": 1}
    assert "found [] None False None" in log_of(session_root, "0004-dirty")


def test_logs_have_header_and_footer_and_older_attempts_stay(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("flaky", command=["sh", "-c", 'echo try $OL_ATTEMPT; test -e "$0" || {{ touch "$0"; exit 9; }}',
                                {str(tmp_path / "second")!r}])
        """,
    )

    result = run_pycuerun(script, "5", "--backend", "local")

    assert result.returncode == 0, result.stdout
    first, second = log_of(session_root, "0005-flaky", 1), log_of(session_root, "0005-flaky")
    assert "try 1" in first
    assert "exitStatus  9" in first
    assert "try 2" in second
    assert "exitStatus  0" in second
    for fact in ("command ", "host ", "CUE_FRAME=0005-flaky", "seconds ", "maxrss_kb "):
        assert fact in second


def test_time_limits_end_frames_and_name_themselves(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        polite = ["sh", "-c", "trap 'exit 0' TERM; echo half > '%{OUTPUT}'; sleep 1000 & wait"]
        Shell("slow", command=["sleep", "1000"], timeout=0.3 / 60)
        Shell("silent", command=["sh", "-c", "echo begin; sleep 1000"], timeout_llu=0.3 / 60)
        Shell("polite", command=polite, outputs="half.#.txt", timeout=1.0 / 60)
        Shell("patient", command=["sleep", "0.9"], timeout=0.2 / 60, timeout_retry=50)
        """,
    )
    words = ("--backend", "local", "--cores", "4", "--work", tmp_path / "work")

    result = run_pycuerun(script, "1", *words, cwd=tmp_path)
    again = run_pycuerun(script, "1", *words, "--dry-run", cwd=tmp_path)

    job = job_in(session_root)
    assert result.returncode == 1
    assert job.counts == {"DEAD": 3, "SUCCEEDED": 1}
    assert {dead.layer: dead.record.attempt for dead in job.dead_frames()} == {"slow": 1, "silent": 1, "polite": 1}
    assert job.record.frames[job.record.job.frames.ref("patient", 1)].attempt == 2
    assert "longer than its timeout" in result.stdout
    assert "wrote nothing to its log" in result.stdout
    assert not list(tmp_path.rglob("half.*"))
    assert re.search(r"polite .* 1 of 1 ", again.stdout), again.stdout + again.stderr


def test_autoeat_eats_failed_frames(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("bad", command=["false"])
        """,
    )

    result = run_pycuerun(script, "1-3", "--backend", "local", "--autoeat")

    assert result.returncode == 0
    assert job_in(session_root).counts == {"EATEN": 3}


def test_post_layers_run_last_also_after_a_failure(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    order = tmp_path / "order"
    script = outline_file(
        tmp_path,
        f"""
        from outline import OutlinePostCommand
        from outline.modules.shell import Shell
        note = 'echo "$CUE_FRAME" >> "$0"'
        OutlinePostCommand("post", command=["sh", "-c", note, {str(order)!r}])
        Shell("bad", command=["sh", "-c", note + "; exit 1", {str(order)!r}])
        Shell("never", command=["true"], require="bad")
        """,
    )

    result = run_pycuerun(script, "1-2", "--backend", "local", "--max-retries", "0")

    assert result.returncode == 1
    assert order.read_text().split()[-1] == "0001-post"
    assert job_in(session_root).counts == {"SUCCEEDED": 1, "DEAD": 2, "DEPEND": 2}


def test_fail_fast_stops_the_job(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("bad", command=["false"], range="1")
        Shell("long", command=["sleep", "1000"], range="1-50")
        """,
    )

    result = run_pycuerun(script, "--backend", "local", "--cores", "2", "--max-retries", "0", "--fail-fast")

    counts = job_in(session_root).counts
    assert result.returncode == 1
    assert counts["DEAD"] == 1
    assert counts["WAITING"] == 50


def test_a_job_that_cannot_be_launched_exits_2(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("comp", command=["true"], require=["rendr"])
        Shell("render", command=["true"])
        """,
    )

    result = run_pycuerun(script, "1-2", "--backend", "local")

    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "did you mean 'render'" in result.stderr
    assert "shot.outline:3" in result.stderr
    assert not list(session_root.glob("*/*"))


def test_resume_runs_what_did_not_succeed_and_only_that(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    ran, fixed = tmp_path / "ran", tmp_path / "fixed"
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("work", command=["sh", "-c", 'echo $CUE_IFRAME >> "$0"; test $CUE_IFRAME != 3 -o -e "$1"',
                               {str(ran)!r}, {str(fixed)!r}])
        Shell("after", command=["sh", "-c", 'echo after $CUE_IFRAME >> "$0"', {str(ran)!r}], require="work")
        """,
    )
    assert run_pycuerun(script, "1-5", "--backend", "local", "--max-retries", "0").returncode == 1
    ran.write_text("")
    fixed.touch()

    result = run_pycuerun("--resume", only_session(session_root))

    assert result.returncode == 0, result.stdout
    assert ran.read_text().split("\n")[:-1] == ["3", "after 3"]
    assert job_in(session_root).counts == {"SUCCEEDED": 10}
