# SPDX-License-Identifier: Apache-2.0
"""Jobs on dask workers that a launch starts by itself: on this machine, by a cluster class, or over ssh."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuebot_stub.up.addresses import free_ports
from outline.backend.local.status import job_attempts
from outline.cli import pycuerun_main
from tests.conftest import REPOSITORY, RunPycuerun
from tests.support import call_here, job_in, log_of, outline_file, until

pytest.importorskip("distributed")

pytestmark = pytest.mark.measured

_TRUE = """
from outline.modules.shell import Shell
Shell("cmd", command=["true"])
"""


def test_a_scheduler_that_is_not_there_is_one_line(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, _TRUE)

    result = run_pycuerun(
        *(script, "1", "-b", "dask", "--scheduler", "tcp://127.0.0.1:1"), env={"OUTLINE_DASK_WAIT_SECONDS": "1"}
    )

    assert result.returncode == 2
    assert "the dask scheduler tcp://127.0.0.1:1 does not answer" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_scheduler_workers_start_on_this_machine(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("bad", command=["sh", "-c", "echo the reason; exit 3"], range="1", autoeat=False)
        Shell("slow", command=["sleep", "1000"], range="1", timeout=0.01)
        both = "until test $(sort -u parent.* | wc -l) = 2; do sleep 0.05; done"
        Shell("good", command=["sh", "-c", "ps -o ppid= $PPID > parent.#IFRAME#; " + both])
        """,
    )

    result = run_pycuerun(script, "1-4", "--backend", "dask", "--workers", "2", "--max-retries", "1")

    assert result.returncode == 1, result.stderr
    assert job_in(session_root).counts == {"SUCCEEDED": 4, "DEAD": 2}
    assert "the reason" in log_of(session_root, "0001-bad", 1)
    assert "timeout" in log_of(session_root, "0001-slow")
    assert len({(tmp_path / f"parent.{frame}").read_text() for frame in range(1, 5)}) == 2  # as the frames wait for it


def test_the_configuration_names_a_cluster_that_grows(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    (tmp_path / "farm_queue.py").write_text(
        "from distributed import LocalCluster\n"
        "class Queue(LocalCluster):\n"
        "    def __init__(self, project, cores):\n"
        "        assert project == 'show x', project\n"
        "        super().__init__(n_workers=0, threads_per_worker=cores, dashboard_address=None, host='127.0.0.1')\n"
        "    def adapt(self, **limits):\n"
        "        print('adapts', sorted(limits.items()))\n"
        "        return super().adapt(interval='200ms', **limits)\n"
    )
    (tmp_path / "outline.cfg").write_text(
        "[dask]\ncluster = farm_queue.Queue\nproject = show x\ncores = 1\nmaximum = 2\n"
    )
    script = outline_file(
        tmp_path, "from outline.modules.shell import Shell\nShell('cmd', command=['sh', '-c', 'sleep 0.3'])\n"
    )

    result = run_pycuerun(
        *(script, "1-6", "--backend", "dask"),
        env={"OUTLINE_CONFIG_FILE": str(tmp_path / "outline.cfg"), "PYTHONPATH": str(tmp_path)},
    )

    assert result.returncode == 0, result.stderr
    assert "adapts [('maximum', 2), ('minimum', 0)]" in result.stdout
    assert "2 cores" in result.stdout
    assert job_in(session_root).counts == {"SUCCEEDED": 6}


# A preload. The cluster is said to be there when its workers have begun; the second one makes itself known later.
_LATE_WORKER = """
import asyncio, os

async def dask_setup(worker):
    register = worker._register_with_scheduler

    async def register_late():
        try:
            os.mkdir({first!r})
        except FileExistsError:
            await asyncio.sleep(3)
        await register()

    worker._register_with_scheduler = register_late
"""


@pytest.fixture
def ssh_port(tmp_path: Path) -> Iterator[int]:
    """Run an ssh server for this user; its keys are in the folder ``ssh``, and ``known_hosts`` there names it."""
    pytest.importorskip("asyncssh", reason="asyncssh is not installed, which dask needs to start workers by ssh")
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if sshd is None:
        pytest.skip("there is no sshd")
    if os.getuid() == 0 and not os.path.isdir("/run/sshd"):
        pytest.skip("there is no folder /run/sshd, without which root cannot run sshd")
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (port,) = free_ports(1)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/client.pub\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\nPidFile none\n"
    )
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "config"], stdin=subprocess.DEVNULL, stderr=log)
    try:
        until(lambda: "Server listening" in (folder / "log").read_text())
        yield port
    finally:
        server.terminate()
        server.wait()


def test_workers_start_over_ssh_on_the_hosts_of_the_configuration(
    tmp_path: Path, session_root: Path, ssh_port: int, run_pycuerun: RunPycuerun
) -> None:
    python = tmp_path / "python"  # sshd passes no variables on
    python.write_text(f'#!/bin/sh\nexport PYTHONPATH="{REPOSITORY}"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "late.py").write_text(_LATE_WORKER.format(first=str(tmp_path / "first")))
    (tmp_path / "outline.cfg").write_text(
        f"""
[dask]
cluster = dask.distributed.SSHCluster
hosts = ["127.0.0.1", "127.0.0.1", "127.0.0.1"]
remote_python = '{python}'
connect_options = {{
    "port": {ssh_port},
    "username": "{pwd.getpwuid(os.getuid()).pw_name}",
    "client_keys": ["{tmp_path}/ssh/client"],
    "known_hosts": "{tmp_path}/ssh/known_hosts",
    }}
scheduler_options = {{"host": "127.0.0.1", "port": 0, "dashboard": False}}
worker_options = {{"host": "127.0.0.1", "nthreads": 1, "preload": "{tmp_path}/late.py"}}
"""
    )
    script = outline_file(
        tmp_path,
        "from outline.modules.shell import Shell\n"
        "both = 'until test $(ls out | wc -l) = 2; do sleep 0.05; done'\n"
        "Shell('cmd', ['sh', '-c', 'test -n \"$SSH_CONNECTION\" && mkdir -p out/$PPID && ' + both])",
    )

    result = run_pycuerun(
        *(script, "1-4", "--backend", "dask", "--quiet"), env={"OUTLINE_CONFIG_FILE": str(tmp_path / "outline.cfg")}
    )

    assert result.returncode == 0, result.stderr
    assert job_in(session_root).counts == {"SUCCEEDED": 4}
    assert len({one.host for one in job_attempts(job_in(session_root))}) == 2
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_list_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "outline.cfg").write_text('[dask]\ncluster = dask.distributed.SSHCluster\nhosts = ["one", "two"\n')

    result = call_here(
        pycuerun_main,
        [outline_file(tmp_path, _TRUE), "1", "-b", "dask"],
        tmp_path,
        {"OUTLINE_CONFIG_FILE": str(tmp_path / "outline.cfg")},
    )

    assert result.returncode == 2
    assert result.stderr == 'pycuerun: [dask] hosts = \'["one", "two"\' is no list in Python\'s syntax\n'
