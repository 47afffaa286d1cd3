# SPDX-License-Identifier: Apache-2.0
"""Never lose, never pretend: crashes, full disks, ugly names, processes that misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outline.backend.local.job import LocalJob
from tests.conftest import RunPycuerun
from tests.support import environ_with, is_running, job_in, log_of, only_session, outline_file, start, until

PY = sys.executable


def test_kill_9_of_the_launcher_loses_nothing_that_had_finished(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    ran = tmp_path / "ran"
    ran.mkdir()
    script = outline_file(
        tmp_path,
        f"""
        from outline import Layer
        from outline.modules.shell import Shell
        import time
        class Own(Layer):
            def _execute(self, frames):
                time.sleep(0.02)
                self.system(["sh", "-c", 'mkdir "$0/own-$CUE_IFRAME" && echo $CUE_IFRAME > "$0/own-$CUE_IFRAME/x"',
                             {str(ran)!r}])
        Own("own")
        copy = 'sleep 0.02; until test $CUE_IFRAME -lt 30 -o -e go; do sleep 0.05; done; ' \\
               'mkdir "$0/cmd-$CUE_IFRAME" && cp "$0/own-$CUE_IFRAME/x" "$0/cmd-$CUE_IFRAME/x"'
        Shell("cmd", command=["sh", "-c", copy, {str(ran)!r}], require="own")
        """,
    )
    launcher = start(script, "1-40", "--backend", "local", "--cores", "2", "--max-retries", "0", cwd=tmp_path)
    until(lambda: len(list(ran.glob("*/x"))) >= 20 and len(_ended(session_root)) >= 20)

    os.kill(launcher.pid, signal.SIGKILL)
    launcher.communicate()
    before = _ended(session_root)
    (tmp_path / "go").touch()
    # A frame that was running has perhaps made its folder; clean up what has not succeeded, as its author would.
    job = job_in(session_root).record.job
    names = {job.frames.name(ref) for ref in before}
    for folder in ran.iterdir():
        layer, number = folder.name.split("-")
        if f"{int(number):04d}-{layer}" not in names:
            subprocess.run(["rm", "-r", str(folder)], check=True)

    result = run_pycuerun("--resume", only_session(session_root), "--cores", "2", "--max-retries", "0")

    # mkdir fails where a frame runs twice, so success also proves that nothing succeeded ran again.
    assert result.returncode == 0, result.stdout
    assert job_in(session_root).counts == {"SUCCEEDED": 80}
    assert sorted(int(path.read_text()) for path in ran.glob("cmd-*/x")) == list(range(1, 41))
    assert 20 <= len(before) < 80


def _ended(root: Path) -> set[int]:
    """The frames of a job whose end is written down."""
    return {ref for ref, record in job_in(root).record.frames.items() if record.end is not None}


def test_kill_9_of_the_launcher_ends_its_frames(tmp_path: Path) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("long", command=["sh", "-c", 'echo $$ > "$0"; sleep 1000', {str(tmp_path / "pid")!r}])
        """,
    )
    launcher = start(script, "1", "--backend", "local", cwd=tmp_path)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    frame = int((tmp_path / "pid").read_text())

    os.kill(launcher.pid, signal.SIGKILL)
    launcher.communicate()

    until(lambda: not is_running(frame))


@pytest.mark.parametrize(
    "cut", [slice(1, None), slice(0, 1), slice(0, 0)], ids=["the plan is lost", "all but the plan", "all of it"]
)
def test_what_a_power_cut_left_of_the_journal_goes_on_without_running_finished_frames_again(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, cut: slice
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("once", command=["sh", "-c", 'echo ran >> "$0"', {str(tmp_path / "ran")!r}])
        Shell("fails", command=["sh", "-c", "exit 3"])
        """,
    )
    run_pycuerun(script, "1-3", "--backend", "local", "--max-retries", "0")
    session = only_session(session_root)
    lines = (session / "journal").read_text().splitlines(True)
    whole = "".join(line for line in lines[cut] if '"e":"over"' not in line)
    (session / "journal").write_text(whole + '{"e":"e')
    (session / "runs" / "1").write_text("")
    os.utime(session / "runs" / "1", (0, 0))

    result = run_pycuerun("--resume", session, "--quiet")

    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert (tmp_path / "ran").read_text() == "ran\n" * 3
    assert job_in(session_root).counts == {"SUCCEEDED": 3, "DEAD": 3}
    assert ("it is made again from" in result.stderr) == (cut != slice(0, 1))


def test_kill_9_of_a_frame_is_a_failure_and_after_execute_is_not_called(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        class Own(Layer):
            def _execute(self, frames):
                os.kill(os.getpid(), 9)
            def _after_execute(self):
                print("AFTER")
        Own("own")
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0")

    (dead,) = job_in(session_root).dead_frames()
    assert result.returncode == 1
    assert dead.record.end is not None
    assert (dead.record.end.status, dead.record.end.signal) == (137, 9)
    assert "AFTER" not in log_of(session_root, "0001-own")


def test_a_frame_that_leaves_a_process_behind_does_not_hang(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("forks", command=["sh", "-c", 'sleep 1000 & echo $! > "$0"', {str(tmp_path / "pid")!r}])
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local")

    assert result.returncode == 0
    until(lambda: not is_running(int((tmp_path / "pid").read_text())))


def test_a_hundred_megabytes_of_output_arrive_whole(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("loud", command=["sh", "-c", "yes 0123456789abcde | head -c 104857600; echo; echo the end"])
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local")

    (log,) = only_session(session_root).glob("logs/*.rqlog")
    assert result.returncode == 0
    assert log.stat().st_size > 104857600
    assert b"the end\n" in log.read_bytes()[-1000:]
    log.unlink()


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_leaves_no_orphan(tmp_path: Path, session_root: Path, presses: int) -> None:
    deaf = "trap '' TERM; " if presses == 2 else ""
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("long", command=["sh", "-c", {deaf!r} + 'echo $$ > "$0.$CUE_IFRAME"; sleep 1000; sleep 1000',
                               {str(tmp_path / "pid")!r}])
        """,
    )
    launcher = start(script, "1-9", "--backend", "local", "--cores", "2", cwd=tmp_path)
    until(lambda: len([path for path in tmp_path.glob("pid.*") if path.read_text().strip()]) == 2)
    frames = [int(path.read_text()) for path in tmp_path.glob("pid.*")]

    os.kill(launcher.pid, signal.SIGINT)
    if presses == 2:
        until(lambda: (only_session(session_root) / "journal").exists())
        assert launcher.stdout is not None
        while "stopping" not in launcher.stdout.readline():
            pass
        os.kill(launcher.pid, signal.SIGINT)
    output, _ = launcher.communicate()

    assert launcher.returncode == 130
    assert "--resume" in output
    assert not any(is_running(pid) for pid in frames)
    assert job_in(session_root).counts == {"WAITING": 9}


def test_a_frame_that_ignores_term_is_killed_after_the_grace(tmp_path: Path, session_root: Path) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        Shell("deaf", command=["sh", "-c", 'trap "" TERM; echo $$ > "$0"; while :; do sleep 1; done',
                               {str(tmp_path / "pid")!r}])
        """,
    )
    (tmp_path / "outline.cfg").write_text("[local]\ngrace_seconds = 0.3\n")
    launcher = subprocess.Popen(
        [PY, "-m", "outline", str(script), "1", "--backend", "local"],
        cwd=tmp_path,
        env=environ_with(OUTLINE_CONFIG_FILE=str(tmp_path / "outline.cfg")),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())

    os.kill(launcher.pid, signal.SIGINT)

    assert launcher.wait() == 130
    assert not is_running(int((tmp_path / "pid").read_text()))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 300 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]).returncode:
        pytest.skip("mounting a small file system needs root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_a_clear_error_and_no_corrupt_record(
    tmp_path: Path, small_disk: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("loud", command=["sh", "-c", "head -c 20000 /dev/zero"])
        """,
    )
    full = run_pycuerun(
        script,
        "1-100",
        "--backend",
        "local",
        "--max-retries",
        "0",
        env={"OUTLINE_OUTLINE_SESSION_DIR": str(small_disk)},
    )
    (session,) = small_disk.glob("*/*")
    job = LocalJob(str(session))
    succeeded = job.counts.get("SUCCEEDED", 0)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)

    resumed = run_pycuerun("--resume", session)

    assert full.returncode in (1, 2)
    assert "o space left on device" in full.stdout + full.stderr
    assert f"pycuerun --resume {session}" in full.stdout + full.stderr
    assert "Traceback" not in full.stderr
    assert job.counts == {"SUCCEEDED": succeeded, "WAITING": 100 - succeeded}  # none was blamed
    assert 0 < succeeded < 100
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert LocalJob(str(session)).counts == {"SUCCEEDED": 100}


@pytest.mark.parametrize(
    "name", ["with blank", "it's", 'say "x"', "schön", "semi;colon", "5 $", "100%", "#1", "[x]{y}"]
)
def test_ugly_paths_of_session_and_script(tmp_path: Path, run_pycuerun: RunPycuerun, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    script = outline_file(
        folder,
        """
        from outline import Layer
        from outline.modules.shell import Shell, ShellScript
        class Own(Layer):
            def _setup(self):
                self.put_data("x", 1)
            def _execute(self, frames):
                assert self.get_data("x") == 1
                self.system(["test", "-d", self.get_path()])
        Own("own")
        Shell("cmd", command=["sh", "-c", 'test -d "$OL_LAYER_SESSION_PATH"'])
        """,
        name=f"{name}.outline",
    )

    config = tmp_path / "outline.cfg"
    root = str(folder).replace("%", "%%").replace("{", "{{").replace("}", "}}")
    config.write_text(f"[outline]\nsession_dir = {root}\n")
    env = {"OUTLINE_CONFIG_FILE": str(config)}
    del os.environ["OUTLINE_OUTLINE_SESSION_DIR"]
    result = run_pycuerun(script, "1", "--backend", "local", env=env, cwd=folder)

    assert result.returncode == 0, result.stdout + result.stderr
    assert list(folder.glob("*/*/session"))


def test_a_read_only_session_folder_is_one_clear_line(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('cmd', command=['true'])\n")

    result = run_pycuerun(script, "1", "--backend", "local", env={"OUTLINE_OUTLINE_SESSION_DIR": "/proc/nowhere"})

    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "/proc/nowhere" in result.stderr
    assert "session_dir" in result.stderr


def test_two_launches_at_the_same_second_do_not_meet(tmp_path: Path, session_root: Path) -> None:
    script = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('cmd', command=['true'])\n")

    launchers = [start(script, "1-5", "--backend", "local", cwd=tmp_path) for _ in range(3)]
    for launcher in launchers:
        launcher.communicate()

    sessions = list(session_root.glob("*/*/session"))
    assert [launcher.returncode for launcher in launchers] == [0, 0, 0]
    assert [LocalJob(str(path.parent)).counts for path in sessions] == [{"SUCCEEDED": 5}] * 3


def test_a_clock_that_goes_backwards_changes_no_time_limit(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    # Wall clock times are only shown; a log whose time lies in the future must not look silent, or alive for ever.
    # The second frame is looked at each second.
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        log = '"$CUE_LOG_PATH/$logfile"'
        Shell("log_in_future", command=["sh", "-c", f'touch -d "+1 day" {log}; sleep 1000'], timeout_llu=0.3 / 60)
        talk = f'for n in $(seq 25); do echo x; touch -d "-1 day" {log}; sleep 0.1; done'
        Shell("log_in_past", command=["sh", "-c", talk], timeout_llu=1)
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0")

    job = job_in(session_root)
    assert result.returncode == 1
    assert [dead.layer for dead in job.dead_frames()] == ["log_in_future"]


def test_a_worker_that_is_killed_costs_one_attempt(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline.modules.shell import Shell
        rude = 'test -e "$0" || {{ touch "$0"; kill -9 $PPID; sleep 1000; }}'
        Shell("rude", command=["sh", "-c", rude, {str(tmp_path / "x")!r}])
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local")

    assert result.returncode == 0, result.stdout
    assert job_in(session_root).record.frames[0].attempt == 2
