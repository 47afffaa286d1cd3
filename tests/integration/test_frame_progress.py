# SPDX-License-Identifier: Apache-2.0
"""Commands that tell how far they are: in the status, in the display, in the log."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from outline.backend.local.job import LocalJob
from outline.backend.local.status import job_status
from outline.exception import LayerException
from outline.frame_run import runs_only_commands
from outline.modules.shell import Shell, ShellCommand
from tests.conftest import REPOSITORY, RunPycuerun
from tests.support import Process, environ_with, job_in, log_of, only_session, outline_file, until

OUTLINE = [sys.executable, "-c", "import sys, outline.cli; sys.exit(outline.cli.outline_main())"]

# Tells how far it is in its own way, then waits for a file, so that a test can look.
TALKER = """
    import pathlib, sys, time
    end, *words = sys.argv[1:]
    for word in words:
        sys.stdout.write(word + "\\r")
        sys.stdout.flush()
    give_up = time.monotonic() + 60
    while end and not pathlib.Path(end).exists() and time.monotonic() < give_up:
        time.sleep(0.02)
"""

WAYS = {
    "alf": ["ALF_PROGRESS 10%", "ALF_PROGRESS 50%"],
    "tractor": ["TR_PROGRESS 010%", "TR_PROGRESS 050%"],
    "openjd": ["openjd_progress: 10", "openjd_status: halfway", "openjd_progress: 50"],
    "percent": ["10% of it", "\x1b[32m 50 %\x1b[0m"],
}


@pytest.fixture
def talker(tmp_path: Path) -> Path:
    return outline_file(tmp_path, TALKER, "talker.py")


def talking(
    folder: Path, talker: Path, progress: str, *words: str, end: str = "", chunk: int = 1, more: str = ""
) -> Path:
    command = [sys.executable, str(talker), end, *words]
    return outline_file(
        folder,
        f"""
        from outline.modules.shell import Shell
        Shell("render", command={command!r}, progress={progress!r}, chunk={chunk})
        {more}
        """,
    )


def start(script: Path, frames: str, output: Any = subprocess.DEVNULL) -> Process:
    return Process(
        [sys.executable, "-m", "outline", str(script), frames, "-b", "local", "--cores", "1"],
        env=environ_with(TERM="xterm", COLUMNS="100", LINES="30"),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def told(root: Path) -> dict[str, Any]:
    """Return what the one running frame tells; nothing when none runs yet."""
    jobs = [job_status(LocalJob(str(path.parent))).to_dict() for path in root.glob("*/*/journal")]
    running = [frame for job in jobs for frame in job["running"]]
    return (running[0]["progress"] or {}) if running else {}


@pytest.mark.parametrize("progress", sorted(WAYS))
def test_the_status_tells_how_far_a_running_frame_is(
    progress: str, tmp_path: Path, session_root: Path, talker: Path
) -> None:
    end = tmp_path / "end"
    script = talking(tmp_path, talker, progress, *WAYS[progress], end=str(end))

    with start(script, "7") as process:
        until(lambda: told(session_root).get("percent") == 50.0)
        found = told(session_root)
        end.touch()

    assert process.returncode == 0
    assert (found["frame"], found["frames_done"], found["warnings"], found["errors"]) == (7, 0, 0, 0)
    assert found["note"] == ("halfway" if progress == "openjd" else "")
    assert list(only_session(session_root).rglob("*.progress")) == []


def test_frames_of_a_chunk_that_are_done_count(tmp_path: Path, session_root: Path, talker: Path) -> None:
    end = tmp_path / "end.#IFRAME#"
    (tmp_path / "end.1").touch()
    script = talking(tmp_path, talker, "percent", "50%", end=str(end), chunk=4)

    with start(script, "1-4"):
        until(lambda: told(session_root).get("percent") == 37.5)
        found = told(session_root)
        for frame in (2, 3, 4):
            (tmp_path / f"end.{frame}").touch()

    assert (found["frame"], found["frames_done"]) == (2, 1)


def test_the_live_display_shows_how_far_running_frames_are(tmp_path: Path, talker: Path) -> None:
    end = tmp_path / "end"
    script = talking(tmp_path, talker, "openjd", "openjd_progress: 42", "openjd_status: tracing rays", end=str(end))
    master, slave = pty.openpty()

    with start(script, "7", slave) as process:
        os.close(slave)
        shown = _read_until(master, "tracing rays")
        end.touch()
        _read_until(master, "\0")

    assert process.returncode == 0
    assert "0007-render" in shown
    assert "42 %" in shown


def _read_until(fd: int, word: str) -> str:
    data = b""
    try:
        while word.encode() not in data and (chunk := os.read(fd, 65536)):
            data += chunk
    except OSError:  # how a terminal says that its other end is closed
        pass
    return data.decode(errors="replace")


def test_the_text_of_the_status_shows_it_too(tmp_path: Path, session_root: Path, talker: Path) -> None:
    end = tmp_path / "end"
    script = talking(tmp_path, talker, "openjd", "openjd_progress: 42", "openjd_status: tracing", end=str(end))

    with start(script, "7"):
        until(lambda: told(session_root).get("note") == "tracing")
        shown = subprocess.run(
            [*OUTLINE, "status", str(only_session(session_root))],
            env=environ_with(),
            capture_output=True,
            text=True,
        )
        end.touch()

    assert "42 %, frame 7, tracing" in shown.stdout


def test_the_log_holds_every_byte_and_a_failure_stays_a_failure(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    code = r"printf '10%%\r\033[31m20%%\033[0m\n'; printf 'on stderr\n' >&2; printf 'no end 30%%'; exit 3"
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("render", command=["sh", "-c", {code!r}], progress="percent")
        """,
    )

    result = run_pycuerun(script, "1", "-b", "local", "--max-retries", "0")

    (path,) = only_session(session_root).glob("logs/*.rqlog")
    assert result.returncode == 1
    assert b"\n10%\r\x1b[31m20%\x1b[0m\non stderr\nno end 30%" in path.read_bytes()
    assert job_in(session_root).dead_frames()[0].record.end.status == 3  # type: ignore[union-attr]


def test_other_kinds_of_command_layers_tell_it_as_well(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    tool = outline_file(
        tmp_path,
        '#!/bin/sh\nlog="$CUE_LOG_PATH/$logfile"\n'
        'stat -c %s "$log.progress" && exit 1\necho 50%; until grep -s percent "$log.progress"; do sleep 0.05; done\n',
        "tool",
    )
    tool.chmod(0o755)
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import ShellCommand, ShellScript, ShellSequence
        ShellCommand("one", command=[{str(tool)!r}], progress="percent")
        ShellScript("file", script={str(tool)!r}, progress="percent")
        ShellSequence("many", commands=[[{str(tool)!r}], ["true"]], progress="percent", chunk=2)
        """,
    )

    result = run_pycuerun(script, "1-2", "-b", "local", "--max-retries", "0")

    assert result.returncode == 0, result.stdout
    assert '"percent":50.0' in log_of(session_root, "0001-one")
    assert '"percent":50.0' in log_of(session_root, "0001-file")
    assert '"percent":25.0' in log_of(session_root, "0001-many")


def test_commands_that_a_module_lists_one_by_one_share_the_frame(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    (tmp_path / "proxy.py").write_text(
        "from outline.modules.shell import CommandLayer\n"
        "class Proxy(CommandLayer):\n"
        "    def frame_commands(self, frames):\n"
        "        for frame in frames:\n"
        "            yield ['sh', '-c', 'echo 50%'], frame\n"
        "            yield ['sh', '-c', 'echo 50%; until grep -s 75.0 \"$CUE_LOG_PATH/$logfile.progress\"; '\n"
        "                   'do sleep 0.05; done'], frame\n"
    )
    script = outline_file(tmp_path, "from proxy import Proxy\nProxy('p', progress='percent', chunk=1)")

    result = run_pycuerun(script, "1", "-b", "local", env={"PYTHONPATH": f"{REPOSITORY}:{tmp_path}"})

    assert result.returncode == 0, result.stdout
    assert '"percent":75.0' in log_of(session_root, "0001-p")


def test_an_unknown_way_is_an_error_at_launch(tmp_path: Path, run_pycuerun: RunPycuerun, session_root: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("render", command=["true"], progress="alfred")
        """,
    )

    result = run_pycuerun(script, "1", "-b", "local")

    assert result.returncode == 2
    assert (
        "layer 'render' (shot.outline:3): progress must be one of 'alf', 'tractor', 'openjd', 'percent'"
        in result.stderr
    )
    assert "not 'alfred'" in result.stderr


@pytest.mark.parametrize("value", [True, 5, ["alf"]])
def test_progress_is_a_word(value: object) -> None:
    layer = Shell("render", command=["true"], progress=value)  # type: ignore[arg-type]

    with pytest.raises(LayerException, match="progress must be one of"):
        layer.check_required_args()


@pytest.mark.parametrize(("progress", "expected"), [(None, True), ("", True), ("alf", False)])
def test_only_a_layer_with_progress_gives_up_the_short_way(progress: str | None, expected: bool) -> None:
    layer = ShellCommand("render", command=["true"], progress=progress)

    assert runs_only_commands(layer) is expected


def test_a_frame_run_by_hand_leaves_no_file(
    tmp_path: Path, session_root: Path, talker: Path, run_pycuerun: RunPycuerun
) -> None:
    script = talking(tmp_path, talker, "percent", "50%")
    run_pycuerun(script, "1", "-b", "local")

    result = run_pycuerun(only_session(session_root) / "outline.yaml", "-e", "1-render")

    assert result.returncode == 0, result.stderr
    assert list(only_session(session_root).rglob("*.progress")) == []


def test_a_killed_frame_tells_nothing_to_the_next_attempt(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        code = 'log="$CUE_LOG_PATH/$logfile"; test "$OL_ATTEMPT" != 2 || exec ls "$log"*; echo 50%; ' \\
               'until grep -s percent "$log.progress"; do sleep 0.05; done; kill -9 $PPID'
        Shell("render", command=["sh", "-c", code], progress="percent")
        """,
    )

    result = run_pycuerun(script, "1", "-b", "local", "--max-retries", "1")

    assert result.returncode == 0, result.stdout
    assert ".progress" not in log_of(session_root, "0001-render").replace("rqlog.progress", "", 1)
    assert list(only_session(session_root).rglob("*.progress")) == []
