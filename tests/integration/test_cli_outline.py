# SPDX-License-Identifier: Apache-2.0
"""The program outline as people call it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import RunOutline, RunPycuerun
from tests.programs import CODE_OF_OUTLINE
from tests.support import environ_with, has_started, job_in, only_session, outline_file, until

pytestmark = pytest.mark.measured


def start_outline(*args: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE_OF_OUTLINE, *map(str, args)],
        cwd=cwd,
        env=environ_with(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Frames 3 and 7 of b fail until a file "fixed" is there; each frame notes that it ran.
JOB = """
    from outline.modules.shell import Shell
    Shell("a", command=["true"], chunk=2)
    Shell("b", command=["sh", "-c", '''
        echo "$CUE_FRAME" >> ran; echo this is $CUE_FRAME
        case $CUE_IFRAME in 3|7) [ -e fixed ] || exit 5;; esac
    '''], require="a")
    Shell("c", command=["sh", "-c", 'echo "$CUE_FRAME" >> ran'], require="b")
"""


@pytest.fixture
def failed(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> Path:
    """Run a job in which 0003-b and 0007-b die, and return its session."""
    run_pycuerun(outline_file(tmp_path, JOB), "1-8", "-b", "local", "-m", "1", "--quiet")
    (tmp_path / "ran").unlink()
    return only_session(session_root)


@pytest.fixture
def running(tmp_path: Path, session_root: Path) -> Iterator[Path]:
    """Start a job whose one frame prints, waits for a file "go" and prints again, and return its session."""
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("slow", command=["sh", "-c", "echo before; until [ -e go ]; do sleep 0.05; done; echo after"])
        """,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "outline", str(script), "1", "-b", "local"],
        cwd=tmp_path,
        env=environ_with(),
        stdout=subprocess.DEVNULL,
    )
    until(lambda: has_started(session_root) and list(session_root.glob("*/*/logs/*.rqlog")))
    yield only_session(session_root)
    (tmp_path / "go").touch()
    until(lambda: process.poll() is not None)


def test_help_names_the_commands(run_outline: RunOutline) -> None:
    result = run_outline("--help")

    assert result.returncode == 0
    assert [word in result.stdout for word in ("check", "clean", "config", "list", "log", "retry", "status")] == [
        True
    ] * 7


def test_a_call_without_anything_shows_the_help(run_outline: RunOutline) -> None:
    result = run_outline()

    assert (result.returncode, result.stderr) == (2, "")
    assert result.stdout.startswith("Usage: outline")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch"], "No such command"),
        (["status"], "no job was launched yet"),
        (["log"], "Missing argument 'SESSION'; see outline log --help"),
        (["status", "nosuch"], "no session nosuch"),
        (["status", "."], "is not a session"),
        (["log", "nosuch", "1-a"], "no session nosuch"),
        (["check", "nosuch.outline"], "no outline file nosuch.outline"),
        (["config", "nosuch"], "no section 'nosuch' in the configuration; there are outline, "),
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_one_line_and_exits_2(words: list[str], message: str, run_outline: RunOutline) -> None:
    result = run_outline(*words)

    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert message in result.stderr


def test_every_command_imports_only_what_it_needs() -> None:
    code = (
        "import sys; from outline.cli import outline_main; outline_main(sys.argv[1:]);"
        "print(sorted({'yaml', 'rich', 'outline.loader', 'outline.layer', 'outline.scheduler'} & set(sys.modules)))"
    )

    output = subprocess.run(
        [sys.executable, "-c", code, "config"], env=environ_with(), capture_output=True, text=True
    ).stdout

    assert output.splitlines()[-1] == "[]"


def test_check_exits_1_only_when_there_are_errors(tmp_path: Path, run_outline: RunOutline) -> None:
    good = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('mail', ['ls'])\n", "good.outline")
    bad = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('x', memmory=1)\n", "bad.outline")

    results = [run_outline("check", good, "1-4"), run_outline("check", bad, "1-4", "--format", "json")]

    assert [result.returncode for result in results] == [0, 1]
    assert "1 warning" in results[0].stdout
    assert json.loads(results[1].stdout)["errors"] == 2


def test_config_shows_values_with_their_origin(run_outline: RunOutline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLINE_OUTLINE_MAXRETRIES", "7")

    result = run_outline("config", "outline")

    (line,) = [line for line in result.stdout.splitlines() if line.startswith("maxretries")]
    assert line.split() == ["maxretries", "=", "7", "#", "OUTLINE_OUTLINE_MAXRETRIES"]
    assert "[local]" not in result.stdout


def test_status_of_a_job_that_is_over(failed: Path, run_outline: RunOutline) -> None:
    text, data = run_outline("status", failed / "outline.yaml"), run_outline("status", failed, "--json")

    states = {layer["name"]: layer["states"] for layer in json.loads(data.stdout)["layers"]}
    assert (text.returncode, data.returncode) == (0, 0)
    assert states["a"] == {"SUCCEEDED": "1-7x2"}
    assert states["b"] == {"SUCCEEDED": "1-2,4-6,8", "DEAD": "3,7"}
    assert "0003-b" in text.stdout


def test_status_needs_none_of_the_users_code(failed: Path, run_outline: RunOutline) -> None:
    (failed / "outline.yaml").write_text("not yaml: [")

    assert run_outline("status", failed).returncode == 0


def test_status_while_the_job_runs(running: Path, run_outline: RunOutline) -> None:
    data = json.loads(run_outline("status", running, "--json").stdout)

    assert (data["state"], data["counts"]) == ("RUNNING", {"RUNNING": 1})
    assert [one["frame"] for one in data["running"]] == ["0001-slow"]
    assert data["running"][0]["seconds"] < 30


def test_status_watches_until_the_job_is_over(running: Path, tmp_path: Path) -> None:
    process = start_outline("status", running, "--watch", cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.readline()

    (tmp_path / "go").touch()
    out, _ = process.communicate()

    assert "FINISHED" in out


def test_the_log_of_any_frame_of_a_chunk(failed: Path, run_outline: RunOutline) -> None:
    results = [run_outline("log", failed, name) for name in ("1-a", "2-a", "0003-b")]

    assert [result.returncode for result in results] == [0, 0, 0]
    assert results[0].stdout == results[1].stdout
    assert "this is 0003-b\n" in results[2].stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["1-nosuch"], "no layer 'nosuch' in this job; there are "),
        (["99-b"], "layer 'b' has no frame 99; its frames are 1-8"),
        (["b"], "name a frame by number and layer"),
        (["3-c"], "has no log yet"),
        (["3-b", "--attempt", "3"], "frame 3-b has no attempt 3, only 2"),
    ],
    ids=" ".join,
)
def test_a_log_that_is_not_there(words: list[str], message: str, failed: Path, run_outline: RunOutline) -> None:
    result = run_outline("log", failed, *words)

    assert result.returncode == 2
    assert message in result.stderr


def test_the_log_of_an_older_attempt(failed: Path, run_outline: RunOutline) -> None:
    first, last = run_outline("log", failed, "3-b", "--attempt", "1"), run_outline("log", failed, "3-b")

    assert ["attempt     1" in first.stdout, "attempt     2" in last.stdout] == [True, True]


def test_a_log_is_followed_to_its_end(running: Path, tmp_path: Path) -> None:
    process = start_outline("log", running, "1-slow", "-f", cwd=tmp_path)
    assert process.stdout is not None
    until(lambda: process.stdout is not None and process.stdout.readline() == "before\n")

    (tmp_path / "go").touch()
    out, _ = process.communicate()

    assert process.returncode == 0
    assert out.startswith("after\n")
    assert "exitStatus  0" in out


def test_retry_runs_the_dead_frames_and_what_waits_for_them(
    failed: Path, tmp_path: Path, session_root: Path, run_outline: RunOutline
) -> None:
    (tmp_path / "fixed").touch()

    result = run_outline("retry", failed)

    assert result.returncode == 0, result.stderr
    assert "FINISHED" in result.stdout
    assert sorted((tmp_path / "ran").read_text().split()) == ["0003-b", "0003-c", "0007-b", "0007-c"]
    assert job_in(session_root).counts == {"SUCCEEDED": 4 + 8 + 8}


@pytest.mark.parametrize("words", ["3-b", "--layer b --frames 1-4"])
def test_retry_of_some_frames_leaves_the_others_dead(
    failed: Path, tmp_path: Path, session_root: Path, run_outline: RunOutline, words: str
) -> None:
    (tmp_path / "fixed").touch()

    result = run_outline("retry", failed, *words.split(), "--quiet")

    assert result.returncode == 1
    assert (tmp_path / "ran").read_text().split() == ["0003-b", "0003-c"]
    assert {state: str(frames) for state, frames in job_in(session_root).ranges("b").items()} == {
        "SUCCEEDED": "1-6,8",
        "DEAD": "7",
    }


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("3-b --layer c", "3-b names a layer and a frame; leave out --layer and --frames"),
        ("b", "name a frame by number and layer, such as 12-beauty, not 'b'"),
    ],
    ids=["two layers", "no number"],
)
def test_one_frame_is_named_once_and_whole(run_outline: RunOutline, words: str, problem: str) -> None:
    result = run_outline("retry", "a-job", *words.split())

    assert result.returncode == 2
    assert problem in result.stderr


def test_retry_of_frames_that_succeeded(
    failed: Path, tmp_path: Path, session_root: Path, run_outline: RunOutline
) -> None:
    result = run_outline("retry", failed, "--state", "succeeded", "--layer", "b", "--frames", "1,2")

    assert result.returncode == 1
    assert sorted((tmp_path / "ran").read_text().split()) == ["0001-b", "0002-b"]
    assert len(list(failed.glob("logs/*.0001-b.rqlog*"))) == 2


def test_retry_only_marks_when_told_so(
    failed: Path, tmp_path: Path, session_root: Path, run_outline: RunOutline, run_pycuerun: RunPycuerun
) -> None:
    (tmp_path / "fixed").touch()

    marked = run_outline("retry", failed, "--no-run")
    counts = job_in(session_root).counts
    resumed = run_pycuerun("--resume", failed)

    assert (marked.returncode, marked.stdout) == (0, "2 frames will run again with pycuerun --resume\n")
    assert (counts["WAITING"], "DEAD" in counts) == (2, False)
    assert (resumed.returncode, job_in(session_root).counts) == (0, {"SUCCEEDED": 20})


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--state", "eaten"], 0, "nothing to retry"),
        (["--layer", "a"], 0, "nothing to retry"),
        (["--layer", "nosuch"], 2, "no layer 'nosuch'"),
        (["--frames", "80-81,900"], 0, "this job has no frames 80-81,900; they are left out"),
        (["--frames", "1-x"], 2, "column 3"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_retry_of_nothing(
    words: list[str], code: int, message: str, failed: Path, tmp_path: Path, run_outline: RunOutline
) -> None:
    result = run_outline("retry", failed, *words)

    assert result.returncode == code
    assert message in result.stdout + result.stderr
    assert not (tmp_path / "ran").exists()


def test_retry_refuses_a_job_that_runs(running: Path, run_outline: RunOutline) -> None:
    journal = (running / "journal").read_text()

    result = run_outline("retry", running, "--state", "dead")
    forced = run_outline("retry", running, "--state", "succeeded", "--no-run")

    assert (result.returncode, forced.returncode) == (2, 2)
    assert "is being run by process" in result.stderr
    assert (running / "journal").read_text() == journal


def test_a_killed_retry_of_a_succeeded_frame_is_not_taken_for_its_first_success(
    failed: Path, session_root: Path, run_outline: RunOutline
) -> None:
    run_outline("retry", failed, "--state", "succeeded", "--layer", "b", "--frames", "1", "--no-run")
    line = {"e": "start", "layer": "b", "frame": 1, "try": 1, "t": time.time()}
    with open(failed / "journal", "a") as stream:
        stream.write(json.dumps(line) + "\n")

    assert str(job_in(session_root).ranges("b")["WAITING"]) == "1"


def test_negative_frames_are_no_options(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, run_outline: RunOutline
) -> None:
    script = outline_file(tmp_path, JOB)
    run_pycuerun(script, "-2-0", "--backend", "local", "--quiet")

    log = run_outline("log", only_session(session_root), "-2-b", "--attempt", 1)
    check = run_outline("check", script, "-2-0")
    retry = run_outline("retry", only_session(session_root), "--state", "succeeded", "--frames", "-2--1", "--no-run")

    assert "this is -002-b" in log.stdout
    assert "shot.outline: 3 layers, 9 frames in 8 chunks" in check.stdout.splitlines()[-1]
    assert retry.returncode == 0, retry.stderr
