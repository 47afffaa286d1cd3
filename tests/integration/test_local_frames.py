# SPDX-License-Identifier: Apache-2.0
"""Single frames, odd frame numbers, moved sessions, and jobs launched from Python."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from outline.backend.local.job import LocalJob
from tests.conftest import RunPycuerun
from tests.support import job_in, log_of, only_session, outline_file, start


def test_a_negative_frame_and_frame_zero_run(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("neg", command=["echo", "%{FRAME}", "#ZFRAME#"])
        Shell("hash", command=["echo", "x.#.exr"])
        """,
    )

    result = run_pycuerun(script, "-1-0", "--backend", "local")

    assert result.returncode == 0, result.stderr
    assert "\n-1 -001\n" in log_of(session_root, "-001-neg")
    assert "\n0 0000\n" in log_of(session_root, "0000-neg")
    assert "\nx.-001.exr\n" in log_of(session_root, "-001-hash")


def test_one_frame_runs_in_the_callers_own_process(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        class Own(Layer):
            def _execute(self, frames):
                print("parent", os.getppid(), "frames", list(frames))
                raise SystemExit(7)
        Own("own", chunk=2)
        """,
    )
    run_pycuerun(script, "1-4", "--backend", "local", "--pause")

    frame = start(only_session(session_root) / "outline.yaml", "-e", "3-own", cwd=tmp_path)
    output, _ = frame.communicate(timeout=60)

    assert frame.returncode == 7
    assert output == f"parent {os.getpid()} frames [3, 4]\n"


def test_a_moved_session_still_runs(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        class Own(Layer):
            def _setup(self):
                self.put_data("greeting", "hello")
            def _execute(self, frames):
                print(self.get_data("greeting"))
        Own("own")
        """,
    )
    run_pycuerun(script, "1", "--backend", "local", "--pause")
    moved = tmp_path / "somewhere's else"
    only_session(session_root).rename(moved)

    result = run_pycuerun("--resume", moved)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nhello\n" in next(moved.glob("logs/*.rqlog")).read_text()


def test_a_job_can_be_launched_from_python(tmp_path: Path, session_root: Path) -> None:
    from outline import Outline, cuerun
    from outline.modules.shell import Shell

    ol = Outline("from_python", "1-3")
    ol.add_layer(Shell("work", command=["true"]))

    (job,) = cuerun.launch(ol, backend="local", wait=True)

    assert (job.name, job.state, job.counts) == ("testing-default-tester_from_python", "FINISHED", {"SUCCEEDED": 3})
    assert (job.data.name, job.data.id) == (job.name, job.id())


def test_test_mode_raises_when_a_frame_died() -> None:
    from outline import Outline, OutlineException, cuerun
    from outline.modules.shell import Shell

    ol = Outline("fails", "1-3")
    ol.add_layer(Shell("work", command=["false"]))

    with pytest.raises(OutlineException, match="dead frames: 0001-work"):
        cuerun.launch(ol, backend="local", test=True, maxretries=0)


def test_a_post_layer_that_fails_fast_makes_the_job_fail(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("good", command=["true"])
        Shell("post", command=["false"], type="Post")
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0", "--fail-fast")

    assert result.returncode == 1
    assert job_in(session_root).state == "FAILED"


def test_file_name_that_is_not_utf8_reaches_commands_and_python(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("found it\n")
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        from outline.modules.shell import Shell
        (name,) = [one for one in os.listdir() if one.endswith(".txt")]
        Shell("argv", command=["cat", name])
        Shell("env", command=["sh", "-c", 'cat "$NAME"'], env={"NAME": name})
        class Own(Layer):
            def _execute(self, frames):
                self.system(["cat", self.get_arg("file")])
        Own("own", file=name)
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local")

    assert result.returncode == 0, result.stdout + result.stderr
    logs = [log_of(session_root, f"0001-{layer}") for layer in ("argv", "env", "own")]
    assert ["\nfound it\n" in log for log in logs] == [True, True, True]


def test_dry_run_shows_a_file_name_that_is_not_utf8(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path, "from outline.modules.shell import Shell\nShell('a', command=['cat', 'caf\\udce9'])\n"
    )

    result = run_pycuerun(
        script,
        "1",
        "--backend",
        "local",
        "--dry-run",
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8:strict"},
    )

    assert "cat 'caf\\udce9'" in result.stdout, result.stderr


def test_of_two_that_resume_a_job_at_once_one_is_refused(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("a", command=["sh", "-c", "until [ -e refused ]; do sleep 0.01; done"])
        """,
    )
    run_pycuerun(script, "1", "--backend", "local", "--pause")
    session = only_session(session_root)

    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(run_pycuerun, "--resume", session) for _ in range(2)]
        wait(runs, return_when=FIRST_COMPLETED)
        (tmp_path / "refused").touch()
        refused, ran = sorted((run.result() for run in runs), key=lambda result: -result.returncode)

    assert (refused.returncode, ran.returncode) == (2, 0)
    assert "is being run by process" in refused.stderr
    assert (session / "journal").read_text().count('"e":"start"') == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("kind", ["Shell", "Python"])
def test_a_frame_that_finds_a_disk_full_stops_the_job_and_no_frame_is_blamed(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, kind: str
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        from outline import Layer
        from outline.modules.shell import Shell as _Shell
        class Python(Layer):
            def _execute(self, frames):
                with open("/dev/full", "w") as stream:
                    stream.write("x" * 10000)
        def Shell(name):
            return _Shell(name, ["dd", "if=/dev/zero", "of=/dev/full", "bs=1k", "count=1"])
        {kind}("writes")
        _Shell("clean_up", ["true"], type="Post")
        """,
    )

    result = run_pycuerun(script, "1-20", "--backend", "local", "--cores", "1")

    session = only_session(session_root)
    assert result.returncode == 1
    assert "a disk is full, so no more frames start: 0001-writes: " in result.stderr
    assert "stopped  a disk is full: 0001-writes: " in result.stdout
    assert f"go on    pycuerun --resume '{session}'" in result.stdout
    assert LocalJob(str(session)).counts == {"WAITING": 20, "DEPEND": 20}
    assert (LocalJob(str(session)).state, len(list(session.glob("logs/*")))) == ("STOPPED", 1)


def test_variables_of_a_frame_are_not_those_of_the_frame_before(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        class Item(Layer):
            def _execute(self, frames):
                with open(f"seen.{frames[0]}", "w") as stream:
                    item = os.environ.get("OL_ITEM", "")
                    stream.write(f"{os.environ['OL_ITEM_KEY']} {len(item)} {os.environ['OL_LAYER_RANGE']}")
                os.environ["OL_ITEM"] = "changed"
        Item("item", items={"small": 1, "too large for a variable": "x" * 40_000, "last": 22})
        """,
    )

    result = run_pycuerun(script, "--backend", "local", "--cores", "1")

    assert result.returncode == 0, result.stderr
    seen = [(tmp_path / f"seen.{frame}").read_text() for frame in (1, 2, 3)]
    assert seen == ["small 1 1", "too large for a variable 0 2", "last 2 3"]


def test_an_input_that_is_missing_is_told_in_the_log_of_a_frame_of_python(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        from outline.io import FileSpec
        class Read(Layer):
            def _execute(self, frames):
                open("ran", "w").close()
        Read("read").add_input("plate", FileSpec("plate.####.exr", checked=True))
        """,
    )

    result = run_pycuerun(script, "7", "--backend", "local", "--max-retries", "0")

    assert result.returncode == 1
    assert "input 'plate' is missing or empty" in result.stdout
    assert "input 'plate' is missing or empty" in log_of(session_root, "0007-read")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "lack", ["", "del os.pidfd_open", "os.pidfd_open = refuse"], ids=["has", "other-system", "old"]
)
def test_frames_run_and_find_no_handler_where_processes_have_no_descriptors(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun, lack: str
) -> None:
    script = outline_file(
        tmp_path,
        f"""
        import errno, os, signal, subprocess, sys
        from outline import Layer
        from outline.modules.shell import Shell
        def refuse(pid):
            raise OSError(errno.ENOSYS, "no such system call")
        def handled(number, frame):
            pass
        signal.signal(signal.SIGCHLD, handled)
        {lack}
        class Own(Layer):
            def _execute(self, frames):
                subprocess.run(["true"], check=True)
                print(signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, signal.set_wakeup_fd(-1))
        Own("own")
        Shell("cmd", command=["sh", "-c", "sleep 0.1 & exit 0"])
        """,
    )

    result = run_pycuerun(script, "1-20", "--backend", "local", "--cores", "2")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nTrue -1\n" in log_of(session_root, "0020-own")
    assert LocalJob(str(only_session(session_root))).counts == {"SUCCEEDED": 40}
