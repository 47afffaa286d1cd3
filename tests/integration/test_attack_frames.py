# SPDX-License-Identifier: Apache-2.0
"""Frames that outlive those who watch them, and frames that leave work for the end of their process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from outline import Outline
from outline.backend.local.interpreter import interpreter_argv
from outline.backend.local.wire import LOAD, WORKER, send
from outline.modules.shell import Shell
from tests.conftest import RunPycuerun
from tests.integration.test_bad_days import start
from tests.support import is_running, job_in, only_session, outline_file, until

OVERLAP = """
    import os, subprocess, time
    from outline import Layer
    from outline.modules.shell import Shell
    work = 'echo $$ >> "$0"; test $(wc -l < "$0") -gt 1 || sleep 1000'
    class Own(Layer):
        def _execute(self, frames):
            with open("own", "a") as stream:
                stream.write(f"{os.getpid()}\\n")
            if len(open("own").readlines()) == 1:
                time.sleep(1000)
    Own("own")
    Shell("command", command=["sh", "-c", work, "command"])
    """


def pids_in(folder: Path, name: str) -> list[int]:
    """Return the processes that have run the layer, the first attempt first."""
    path = folder / name
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def watchers_of(launcher: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the runner of a launcher, then its workers."""
    (runner,) = psutil.Process(launcher.pid).children()
    return [runner, *runner.children()]


@pytest.mark.parametrize("layer", ["own", "command"])
def test_a_frame_does_not_run_on_beside_its_next_attempt_when_its_worker_was_killed(
    tmp_path: Path, session_root: Path, layer: str
) -> None:
    script = outline_file(tmp_path, OVERLAP)
    launcher = start(script, "1", "--backend", "local", "--cores", "2", cwd=tmp_path)
    until(lambda: pids_in(tmp_path, "own") and pids_in(tmp_path, "command"))
    _, *workers = watchers_of(launcher)

    for worker in workers:
        worker.kill()
    output, _ = launcher.communicate()

    assert launcher.returncode == 0, output
    assert job_in(session_root).counts == {"SUCCEEDED": 2}
    assert not is_running(pids_in(tmp_path, layer)[0])


@pytest.mark.parametrize("layer", ["own", "command"])
def test_a_resume_ends_frames_that_have_outlived_everything(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, layer: str
) -> None:
    script = outline_file(tmp_path, OVERLAP)
    launcher = start(script, "1", "--backend", "local", "--cores", "2", cwd=tmp_path)
    until(lambda: pids_in(tmp_path, "own") and pids_in(tmp_path, "command"))
    for process in [*watchers_of(launcher), psutil.Process(launcher.pid)]:
        process.suspend()  # so that none of them can end the frames while the others die
    for process in [*watchers_of(launcher), psutil.Process(launcher.pid)]:
        process.kill()
    launcher.communicate()
    assert is_running(pids_in(tmp_path, layer)[0])
    os.chdir(tmp_path)

    result = run_pycuerun("--resume", only_session(session_root), "--cores", "2")

    assert result.returncode == 0, result.stdout
    assert not is_running(pids_in(tmp_path, layer)[0])


def test_a_resume_spares_the_shell_that_it_was_started_from(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = outline_file(tmp_path, 'from outline.modules.shell import Shell\nShell("a", command=["true"])\n')
    run_pycuerun(script, "1", "--backend", "local", "--pause")
    monkeypatch.setenv("CUE_JOB_ID", job_in(session_root).record.job_id)

    launcher = start("--resume", only_session(session_root), cwd=tmp_path)

    launcher.communicate()
    assert launcher.returncode == 0


def test_a_frame_waits_for_its_threads_and_runs_its_exit_handlers(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        import atexit, tempfile, threading, time
        from pathlib import Path
        from outline import Layer
        folder = Path({str(tmp_path)!r})
        shared = tempfile.TemporaryDirectory()
        class Own(Layer):
            def _execute(self, frames):
                def work():
                    time.sleep(0.05)
                    (folder / f"thread-{{frames[0]}}").touch()
                threading.Thread(target=work).start()
                self.kept = tempfile.TemporaryDirectory()
                (folder / f"kept-{{frames[0]}}").write_text(self.kept.name)
                atexit.register((folder / f"exit-{{frames[0]}}").touch)
                assert Path(shared.name).is_dir(), "the first frame has removed what all share"
        Own("own")
        """,
    )

    result = run_pycuerun(script, "1-2", "--backend", "local", "--cores", "1")

    assert result.returncode == 0, result.stdout
    assert sorted(path.name for path in tmp_path.glob("[et]*-*")) == ["exit-1", "exit-2", "thread-1", "thread-2"]
    assert not any(Path(path.read_text()).exists() for path in tmp_path.glob("kept-*"))


def test_a_signal_that_ends_a_frame_is_its_own(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        class Own(Layer):
            def _execute(self, frames):
                os.killpg(0, 15)
        Own("own")
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0")

    (dead,) = job_in(session_root).dead_frames()
    assert (result.returncode, dead.name) == (1, "0001-own")
    assert job_in(session_root).record.frames[0].end.signal == signal.SIGTERM  # type: ignore[union-attr]


def test_processes_whose_launcher_is_killed_as_they_start_end_without_a_word(tmp_path: Path) -> None:
    ol = Outline("shot", frame_range="1", current=False)
    ol.add_layer(Shell("quick", command=["true"]))
    ol.setup()
    (ours, runners), (slot, workers) = socket.socketpair(), socket.socketpair()
    with ours, runners, slot, workers:
        argv = interpreter_argv("outline.backend.local.serving:serve_fd", str(runners.fileno()))
        runner = subprocess.Popen(argv, pass_fds=[runners.fileno()], stderr=subprocess.PIPE)
        send(ours, [LOAD, str(ol.get_path()), str(tmp_path), ""])
        socket.send_fds(ours, [json.dumps([WORKER]).encode() + b"\n"], [workers.fileno()])

    _, said = runner.communicate(timeout=60)

    assert (runner.returncode, said) == (0, b"")
