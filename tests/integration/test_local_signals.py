# SPDX-License-Identifier: Apache-2.0
"""Signals that a terminal, ``timeout`` or a batch system sends to the whole process group of a launcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import environ_with, has_started, is_running, job_in, only_session, outline_file, start, until

pytestmark = pytest.mark.measured


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("frame_process", ["fork", "spawn"])
def test_a_signal_to_the_group_leaves_no_frame_behind(
    tmp_path: Path, session_root: Path, number: signal.Signals, frame_process: str
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        import os, time
        from outline import Layer
        from outline.modules.shell import Shell
        class Own(Layer):
            def _execute(self, frames):
                open({str(tmp_path / "own")!r}, "w").write(str(os.getpid()))
                time.sleep(1000)
        Own("own")
        Shell("cmd", command=["sh", "-c", 'printf $$ > "$0"; sleep 1000', {str(tmp_path / "cmd")!r}])
        """,
    )
    launcher = subprocess.Popen(
        [sys.executable, "-m", "outline", str(script), "1", "--backend", "local", "--cores", "2", "--quiet"],
        cwd=tmp_path,
        env=environ_with(OUTLINE_LOCAL_FRAME_PROCESS=frame_process),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    pids = [tmp_path / "own", tmp_path / "cmd"]
    until(lambda: all(path.exists() and path.read_text() for path in pids))

    os.killpg(launcher.pid, number)
    launcher.wait()

    frames = [int(path.read_text()) for path in pids]
    until(lambda: not any(map(is_running, frames)))
    assert job_in(session_root).counts == {"WAITING": 2}


def test_a_job_that_is_running_cannot_be_resumed(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path, "from outline.modules.shell import Shell\nShell('cmd', command=['sleep', '1000'])\n"
    )
    launcher = start(script, "1", "--backend", "local", cwd=tmp_path)
    until(lambda: has_started(session_root))

    result = run_pycuerun("--resume", only_session(session_root))
    os.kill(launcher.pid, signal.SIGINT)
    launcher.communicate()

    assert result.returncode == 2
    assert f"process {launcher.pid}" in result.stderr


LAUNCHES = """
import sys
from outline import Outline, cuerun
from outline.modules.shell import Shell

for name in ("first", "second"):
    ol = Outline(name)
    ol.add_layer(Shell("cmd", command=["sh", "-c", "touch started-$CUE_LAYER; sleep 1000"]))
    try:
        cuerun.launch(ol, range="1", backend="local", wait=True)
    except KeyboardInterrupt:
        print("interrupted in", name)
        raise
"""


@pytest.mark.parametrize("program", ["python", "pycuerun"])
def test_ctrl_c_reaches_a_script_that_launches(tmp_path: Path, session_root: Path, program: str) -> None:
    script = outline_file(tmp_path, LAUNCHES)
    words = [str(script)] if program == "python" else ["-m", "outline", str(script), "--backend", "local"]
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=tmp_path,
        env=environ_with(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: (tmp_path / "started-cmd").exists())

    process.send_signal(signal.SIGINT)
    out, err = process.communicate()

    assert out.splitlines()[-1] == "interrupted in first"
    assert process.returncode == (-signal.SIGINT if program == "python" else 130)
    assert (program == "python") == ("KeyboardInterrupt: " in err)
    assert (program == "pycuerun") == ("go on    pycuerun --resume" in out)
    assert job_in(session_root).counts == {"WAITING": 1}


STOPPABLE = """
    from outline import Layer
    from outline.modules import shell
    COMMAND = ["sh", "-c", "echo $PPID $$ > pids; exec sleep 1000"]
    class Python(Layer):
        def _execute(self, frames):
            self.system(COMMAND)
    class Shell(shell.Shell):
        def __init__(self, name, **args):
            super().__init__(name, COMMAND, **args)
    {layer}("slow")
"""


class StoppedJob:
    """A job of one frame, in a folder of its own, whose worker or runner somebody stops."""

    def __init__(self, folder: Path, layer: str, who: str) -> None:
        folder.mkdir()
        self.folder, self.__layer, self.__who = folder, layer, who
        outline_file(folder, STOPPABLE.format(layer=layer))
        (folder / "outline.cfg").write_text("[local]\ngrace_seconds = 0.2\n")
        environ = {"OUTLINE_CONFIG_FILE": "outline.cfg", "OUTLINE_OUTLINE_SESSION_DIR": str(folder / "sessions")}
        self.launcher = start("shot.outline", "1", "--backend", "local", cwd=folder, **environ)
        self.processes: list[int] = []

    def has_begun(self) -> bool:
        """Tell whether the frame runs."""
        pids = self.folder / "pids"
        return pids.exists() and bool(pids.read_text().strip())

    def stop_and_interrupt(self) -> None:
        """Stop the process, and press Ctrl-C."""
        parent, frame = map(int, (self.folder / "pids").read_text().split())
        worker = parent if self.__layer == "Shell" else _parent_of(parent)
        stopped = worker if self.__who == "worker" else _parent_of(worker)
        self.processes = [stopped, worker, frame]
        os.kill(stopped, signal.SIGSTOP)
        os.kill(self.launcher.pid, signal.SIGINT)


def test_a_worker_or_runner_that_is_stopped_does_not_hold_up_the_end_of_a_job(tmp_path: Path) -> None:
    kinds = [(layer, who) for layer in ("Shell", "Python") for who in ("worker", "runner")]
    jobs = {kind: StoppedJob(tmp_path / " ".join(kind), *kind) for kind in kinds}  # together: each takes 3 s to end
    until(lambda: all(job.has_begun() for job in jobs.values()))
    for job in jobs.values():
        job.stop_and_interrupt()

    outputs = {kind: job.launcher.communicate()[0] for kind, job in jobs.items()}

    assert {kind: job.launcher.returncode for kind, job in jobs.items()} == dict.fromkeys(kinds, 130), outputs
    until(lambda: not any(is_running(pid) for job in jobs.values() for pid in job.processes))
    assert [job_in(job.folder / "sessions").counts for job in jobs.values()] == [{"WAITING": 1}] * 4


def test_a_runner_that_is_stopped_does_not_hold_up_the_end_of_a_job_that_is_done(
    tmp_path: Path, session_root: Path
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        import os
        from outline import Layer
        from outline.modules.shell import Shell
        class Own(Layer):
            def _execute(self, frames):
                worker = open(f"/proc/{{os.getppid()}}/stat").read()
                open({str(tmp_path / "runner")!r}, "w").write(worker.rpartition(")")[2].split()[1])
        Own("own")
        Shell("stop", command=["sh", "-c", 'kill -STOP $(cat "$0")', {str(tmp_path / "runner")!r}], require="own:all")
        """,
    )

    launcher = start(script, "1", "--backend", "local", cwd=tmp_path)

    output, _ = launcher.communicate()
    runner = int((tmp_path / "runner").read_text())
    assert launcher.returncode == 0, output
    assert job_in(session_root).counts == {"SUCCEEDED": 2}
    until(lambda: not is_running(runner))


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_frame_that_answers_ctrl_c_with_exit_status_0_runs_again(tmp_path: Path, session_root: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        polite = ["sh", "-c", "trap 'exit 0' TERM; echo half > '%{OUTPUT}'; sleep 1000 & touch begun; wait"]
        Shell("polite", command=polite, outputs="half.#.txt")
        """,
    )
    run = start(script, "1", "--backend", "local", cwd=tmp_path)
    until((tmp_path / "begun").exists)

    run.send_signal(signal.SIGINT)
    run.communicate()

    assert run.returncode == 130
    assert job_in(session_root).counts == {"WAITING": 1}
    assert not list(tmp_path.rglob("half.*"))
