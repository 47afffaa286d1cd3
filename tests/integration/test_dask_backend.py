# SPDX-License-Identifier: Apache-2.0
"""Jobs on real dask clusters of this machine: a scheduler with workers."""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from outline.backend.local.status import job_attempts, job_status
from tests.conftest import RunPycuerun, coverage_variables
from tests.support import call_here, environ_with, is_running, job_in, log_of, only_session, outline_file, until

pytest.importorskip("distributed")

pytestmark = pytest.mark.measured


Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Cluster:
    """A scheduler and its workers, by name. Their frames find that name in the variable WHERE."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder, self.environ = folder, environ
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        address = folder / "address.json"
        self._start("scheduler", ["scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(address)])
        until(lambda: address.exists() and '"address"' in address.read_text())
        self.address = str(json.loads(address.read_text())["address"])

    def _start(self, name: str, argv: list[str], **variables: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as stream:
            self.children[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *argv, "--host", "127.0.0.1"],
                env=self.environ | {"WHERE": name, **variables},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def start_worker(
        self, name: str, *, cores: int = 1, resources: str = "", wait: bool = True, **variables: str
    ) -> int:
        """Start a worker, without the process that would start it again, and give its process id."""
        declared = f"cores={cores} {resources}".strip()
        options = ["--no-nanny", "--no-dashboard", "--name", name, "--nthreads", str(cores), "--resources", declared]
        self._start(name, ["worker", self.address, *options, "--local-directory", str(self.folder / name)], **variables)
        if wait:
            self.wait_for(name)
        return self.children[name].pid

    def wait_for(self, *workers: str) -> None:
        """Wait until workers are there."""
        for name in workers:
            until(lambda: "Registered to" in self.log_of(name))  # noqa: B023

    def log_of(self, name: str) -> str:
        """What a process has printed."""
        return (self.folder / f"{name}.log").read_text()

    def address_of(self, worker: str) -> str:
        """The host of a worker as jobs name it: the name of the machine, and the address that its log tells."""
        (address,) = re.findall(r"Start worker at: +(\S+)", self.log_of(worker))
        return f"{platform.node()} {address}"

    def end(self, *names: str) -> None:
        """End processes."""
        for name in names:
            child = self.children.pop(name)
            child.kill()
            child.wait()


@pytest.fixture(scope="module")
def make_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cluster]]:
    """A function that makes a scheduler without workers, which lives as long as this module's tests."""
    clusters = []

    def make() -> Cluster:
        folder = tmp_path_factory.mktemp("dask")
        clusters.append(Cluster(folder, environ_with(HOME=str(folder), **coverage_variables())))
        return clusters[-1]

    yield make
    for one in clusters:
        one.end(*one.children)


@pytest.fixture(scope="module")
def cluster(make_cluster: Callable[[], Cluster]) -> Cluster:
    """A scheduler with the workers left and right, of one core each, and large, of two cores and the tag nuke."""
    made = make_cluster()
    made.start_worker("left", wait=False)
    made.start_worker("right", wait=False)
    made.start_worker("large", cores=2, resources="nuke=1", wait=False)
    made.wait_for("left", "right", "large")
    return made


def run_on(cluster: Cluster, folder: Path, *args: object) -> subprocess.CompletedProcess[str]:
    """Call pycuerun for a cluster, in this process, which has loaded dask already."""
    from outline.cli import pycuerun_main

    return call_here(pycuerun_main, [*args, "-b", "dask", "--scheduler", cluster.address], folder, {})


@pytest.fixture
def run(tmp_path: Path, cluster: Cluster) -> Run:
    """Call pycuerun for the cluster of the module."""
    return partial(run_on, cluster, tmp_path)


def test_frames_run_on_the_workers_of_a_cluster(tmp_path: Path, session_root: Path, run: Run) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        from outline.modules.shell import Shell
        class Own(Layer):
            def _execute(self, frames):
                with open(f"own.{frames[0]}", "w") as stream:
                    stream.write(f"{os.environ['WHERE']} {frames}")
        two = "until test $(sort -u first* | wc -l) -gt 1; do sleep 0.05; done"  # of the workers have begun a frame
        first = Shell("first", command=["sh", "-c", 'echo "$WHERE" > "first umlaut ü.#IFRAME#"; ' + two])
        Own("own", require=["first"], chunk=2)
        Shell("tagged", command=["sh", "-c", 'echo "$WHERE" > tagged.#IFRAME#'], tags=["nuke"])
        Shell("wide", command=["sh", "-c", 'echo "$WHERE $CUE_THREADS" > wide.#IFRAME#'], cores=16, threadable=True)
        """,
    )

    result = run(script, "1-6")

    frames = range(1, 7)
    assert (result.returncode, result.stderr) == (0, "")
    assert len({(tmp_path / f"first umlaut ü.{frame}").read_text() for frame in frames}) > 1
    assert (tmp_path / "own.3").read_text().split(" ", 1)[1] == "3-4"
    assert {(tmp_path / f"tagged.{frame}").read_text() for frame in frames} == {"large\n"}
    assert {(tmp_path / f"wide.{frame}").read_text() for frame in frames} == {"large 2\n"}
    assert job_in(session_root).counts == {"SUCCEEDED": 21}
    assert "exitStatus  0" in log_of(session_root, "0003-own")


def test_short_frames_that_travel_together_end_each_for_itself(tmp_path: Path, session_root: Path, run: Run) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        command = ["sh", "-c", "echo says #IFRAME#; [ #IFRAME# != 30 ] || exit 3"]
        Shell("cmd", command, tags=["nuke"], cores=2)
        """,
    )

    result = run(script, "1-60", "--max-retries", "1", "--quiet")

    job = job_in(session_root)
    ends = [json.loads(line) for line in Path(job.paths.journal).read_text().splitlines() if '"e":"end"' in line]
    assert result.returncode == 1
    assert job.counts == {"SUCCEEDED": 59, "DEAD": 1}
    assert [frame.name for frame in job.dead_frames()] == ["0030-cmd"]
    assert "says 45" in log_of(session_root, "0045-cmd")
    assert len([end for end in ends if end.get("told_after")]) > 20
    assert len(ends) == 61
    assert len({round(one.started, 3) for one in job_attempts(job)}) > 50  # each began when the one before had ended


def test_a_worker_that_is_lost_costs_its_frames_no_try(tmp_path: Path, session_root: Path, cluster: Cluster) -> None:
    lost = cluster.start_worker("lost", resources="sim=1")
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        command = ["sh", "-c", 'echo $$ > "pid.$WHERE"; until [ -e go ]; do sleep 0.05; done']
        Shell("cmd", command, tags=["sim"])
        """,
    )
    launcher = _launch(script, "1", "--scheduler", cluster.address, "--max-retries", "0")
    pid = tmp_path / "pid.lost"
    until(lambda: pid.exists() and pid.read_text())
    frame = int(pid.read_text())

    os.kill(lost, signal.SIGKILL)
    cluster.start_worker("good", resources="sim=1")
    address = cluster.address_of("good")
    until(lambda: [one.host for one in job_status(job_in(session_root)).running] == [address])
    (tmp_path / "go").touch()
    output, errors = launcher.communicate()

    cluster.end("lost", "good")
    assert (launcher.returncode, errors) == (0, ""), output
    assert not is_running(frame)
    assert [one.host for one in job_attempts(job_in(session_root))] == [address]
    assert f"host        {address}" in log_of(session_root, "0001-cmd")
    assert job_in(session_root).counts == {"SUCCEEDED": 1}
    assert log_of(session_root, "0001-cmd").count("attempt     1") == 2  # header and footer


def _launch(script: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "outline", str(script), *args, "--backend", "dask", "--quiet"],
        cwd=script.parent,
        env=environ_with(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


_SLEEPS = """
from outline.modules.shell import Shell
Shell("cmd", command=["sh", "-c", 'echo $$ > pid; [ -e quick ] || sleep 1000'])
"""


def test_frames_end_with_the_launcher_that_is_killed_and_the_job_goes_on(
    tmp_path: Path, session_root: Path, cluster: Cluster, run: Run
) -> None:
    pid = tmp_path / "pid"
    launcher = _launch(outline_file(tmp_path, _SLEEPS), "1", "--scheduler", cluster.address)
    until(lambda: pid.exists() and pid.read_text())

    launcher.kill()
    launcher.communicate()
    until(lambda: not is_running(int(pid.read_text())))
    (tmp_path / "quick").touch()
    result = run("--resume", only_session(session_root))

    assert (result.returncode, result.stderr) == (0, "")
    assert job_in(session_root).counts == {"SUCCEEDED": 1}


def test_processes_that_somebody_kills_in_a_dask_worker_are_replaced(
    tmp_path: Path, session_root: Path, cluster: Cluster
) -> None:
    worker = psutil.Process(cluster.children["large"].pid)
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        command = ["sh", "-c", 'echo $$ > pid.#IFRAME#; until [ -e go.#IFRAME# ]; do sleep 0.05; done']
        Shell("cmd", command, tags=["nuke"], cores=2)
        """,
    )
    launcher = _launch(script, "1-3", "--scheduler", cluster.address, "--max-retries", "1")
    order = []
    for turn in (1, 2, 3):
        until(lambda: _frames_that_wait(tmp_path))
        ((frame, pid),) = _frames_that_wait(tmp_path).items()  # dask chooses which comes first
        runner, frames = worker.children()[0], psutil.Process(pid).parent()
        if turn < 3:
            runner.kill()
        if turn == 2:
            frames.kill()
            until(lambda: not is_running(pid))  # noqa: B023
        (tmp_path / f"go.{frame}").touch()
        order.append(frame)
    output, errors = launcher.communicate()

    assert (launcher.returncode, errors) == (0, ""), output
    assert job_in(session_root).counts == {"SUCCEEDED": 3}
    assert "attempt     2" in log_of(session_root, f"{order[1]:04d}-cmd")


def _frames_that_wait(folder: Path) -> dict[int, int]:
    """The process ids of the frames that may not go on yet."""
    begun = {int(path.suffix[1:]): path.read_text() for path in folder.glob("pid.*")}
    return {frame: int(pid) for frame, pid in begun.items() if pid and not (folder / f"go.{frame}").exists()}


def test_a_job_that_was_interrupted_ends_its_frames(tmp_path: Path, session_root: Path, cluster: Cluster) -> None:
    pid = tmp_path / "pid"
    launcher = _launch(outline_file(tmp_path, _SLEEPS), "1", "--scheduler", cluster.address)
    until(lambda: pid.exists() and pid.read_text())

    os.kill(launcher.pid, signal.SIGINT)
    launcher.communicate()

    assert launcher.returncode == 130
    assert not is_running(int(pid.read_text()))
    assert job_in(session_root).counts == {"WAITING": 1}


def test_a_worker_that_cannot_run_frames_is_named_and_left_out(tmp_path: Path, cluster: Cluster, run: Run) -> None:
    (tmp_path / "old" / "outline").mkdir(parents=True)
    (tmp_path / "old" / "outline" / "__init__.py").write_text("raise ImportError('an old installation')\n")
    cluster.start_worker("broken", PYTHONPATH=str(tmp_path / "old"))
    script = outline_file(
        tmp_path,
        "from outline.modules.shell import Shell\nShell('cmd', command=['sh', '-c', 'echo $WHERE > out.#IFRAME#'])\n",
    )

    result = run(script, "1-8", "--quiet")

    cluster.end("broken")
    assert result.returncode == 0
    assert {(tmp_path / f"out.{frame}").read_text() for frame in range(1, 9)} <= {"left\n", "right\n", "large\n"}
    assert "gets no frames of this job" in result.stderr
    assert "an old installation" in result.stderr


def test_a_frame_that_kills_every_worker_is_dead(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    (tmp_path / "killer.py").write_text(
        "import os, psutil, signal\n"
        "print('kills its worker', flush=True)\n"
        "for parent in psutil.Process().parents():\n"
        "    if 'multiprocessing.spawn' in ' '.join(parent.cmdline()):\n"
        "        parent.kill()\n"
        "        break\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "killer.py"]
    script = outline_file(
        tmp_path, f"from outline.modules.shell import Shell\nShell('cmd', command={command}, range='1')\n"
    )

    result = run_pycuerun(
        *(script, "--backend", "dask", "--workers", "1", "--max-retries", "5"),
        env={"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"},
    )

    assert result.returncode == 1, result.stderr
    assert job_in(session_root).counts == {"DEAD": 1}
    (dead,) = job_in(session_root).dead_frames()
    assert dead.record.end is not None
    assert dead.record.end.reason.startswith("killed every dask worker that ran it")


def test_a_late_frame_runs_a_second_time_and_the_first_success_counts(
    tmp_path: Path, session_root: Path, run: Run
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("cmd", ["sh", "-c", '''
            echo #IFRAME# $$ >> pids
            if [ #IFRAME# = 6 ] && mkdir first; then echo the first; sleep 1000; fi
            sleep 0.1; echo "$WHERE" > "%{OUTPUT}"
            '''], outputs="out.####")
        """,
    )

    result = run(script, "1-6", "--backup", "2", "--quiet")

    assert result.returncode == 0, result.stderr
    assert "0006-cmd is late, and starts a second time" in result.stderr
    assert job_in(session_root).counts == {"SUCCEEDED": 6}
    assert "the first" not in log_of(session_root, "0006-cmd").splitlines()
    assert "exitStatus  0" in log_of(session_root, "0006-cmd")
    begun = [line.split() for line in (tmp_path / "pids").read_text().splitlines()]
    assert [frame for frame, _ in begun].count("6") == 2
    until(lambda: not any(is_running(int(pid)) for _, pid in begun))


def test_a_late_frame_goes_on_where_no_other_worker_is(
    tmp_path: Path, session_root: Path, make_cluster: Callable[[], Cluster]
) -> None:
    cluster = make_cluster()
    cluster.start_worker("only", cores=2)
    command = "[ #IFRAME# != 6 ] || sleep 2; echo $$ >> pids"
    script = outline_file(
        tmp_path, f"from outline.modules.shell import Shell\nShell('cmd', ['sh', '-c', {command!r}])\n"
    )

    result = run_on(cluster, tmp_path, script, "1-6", "--backup", "2", "--quiet")

    assert (result.returncode, result.stderr) == (0, "")
    assert job_in(session_root).counts == {"SUCCEEDED": 6}
    assert len((tmp_path / "pids").read_text().split()) == 6


def test_options_of_dask_are_refused_elsewhere(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, _SLEEPS)

    result = run_pycuerun(script, "1", "--backend", "local", "--workers", "2")

    assert result.returncode == 2
    assert "--workers only works with --backend dask" in result.stderr
