# SPDX-License-Identifier: Apache-2.0
"""Frames that get a new interpreter each, because the user wants so or a fork would not be safe."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from outline.backend.local.job import LocalJob
from tests.conftest import RunPycuerun
from tests.support import environ_with, job_in, log_of, only_session, outline_file

PY = sys.executable

SPAWN = {"OUTLINE_LOCAL_FRAME_PROCESS": "spawn"}

ALL_KINDS = """
    import os, sys
    from outline import Layer, current_outline
    from outline.modules.shell import Shell

    class Own(Layer):
        def __init__(self, name, **args):
            Layer.__init__(self, name, **args)
            self.__secret = "kept"
        def _setup(self):
            self.put_data("greeting", "hello")
        def _before_execute(self):
            print("before")
        def _execute(self, frames):
            print("execute", list(frames), self.__secret, self.get_data("greeting"), repr(sys.stdin.read()))
            print("\\u00fc", file=sys.stderr)
            self.system(["sh", "-c", "echo of command %{FRAME}; exit $((CUE_IFRAME / 3 * 7))"])
        def _after_execute(self):
            print("after", type(self.get_error()).__name__)

    class Show(Layer):
        def _execute(self, frames):
            names = ("CUE_", "OL_", "FROM_", "show", "shot", "frame", "zframe", "jobid")
            print("\\n".join(f"{key}={value}" for key, value in sorted(os.environ.items()) if key.startswith(names)))

    class Leave(Layer):
        def _execute(self, frames):
            sys.exit([None, 0, 3, "words"][frames[0]])

    class Kill(Layer):
        def _execute(self, frames):
            print("before the end")
            os.kill(os.getpid(), frames[0])

    class Bug(Layer):
        def _execute(self, frames):
            1 / 0

    current_outline().set_env("FROM_JOB", "post")
    current_outline().set_env("FROM_PRE", "pre", pre=True)
    Own("own", range="1-4", chunk=2)
    Show("show", range="-1-0", chunk=2, cores=0.5, memory="300m", env={"FROM_LAYER": 5})
    Leave("leave", range="0-3")
    Kill("kill", range="9,15")
    Bug("bug", range="1")
    Shell("cmd", range="0-2", command=["sh", "-c", "echo in $CUE_FRAME of $OL_LAYER_RANGE; exit %{FRAME}"])
"""


def what_happened(session: Path) -> dict[str, str]:
    """Return the logs of a job by their names, without what is different in every job."""
    return {path.name: _without_accidents(path.read_text(), session) for path in session.glob("logs/*")}


def _without_accidents(text: str, session: Path) -> str:
    text = text.replace(str(session), "SESSION").replace(session.name, "ID")
    text = re.sub(r"^(started|finished|seconds|maxrss_kb) .*", r"\1", text, flags=re.MULTILINE)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+", "ID", text)


def test_a_new_interpreter_does_what_a_fork_does(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, ALL_KINDS)
    forked, spawned = tmp_path / "forked", tmp_path / "spawned"
    flags = (script, "--backend", "local", "--max-retries", "0")

    run_pycuerun(*flags, env={"OUTLINE_OUTLINE_SESSION_DIR": str(forked)})
    result = run_pycuerun(*flags, env={"OUTLINE_OUTLINE_SESSION_DIR": str(spawned), **SPAWN})

    logs = what_happened(only_session(spawned))
    assert result.returncode == 1
    assert job_in(spawned).counts == {"SUCCEEDED": 5, "DEAD": 8}
    assert len(logs) == 13
    assert logs == what_happened(only_session(forked))


def test_hooks_output_and_exit_status_of_a_new_interpreter(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, ALL_KINDS)

    run_pycuerun(script, "--backend", "local", "--max-retries", "0", env=SPAWN)

    ends = {dead.name: dead.record.end for dead in job_in(session_root).dead_frames()}
    assert {name: (end.status, end.signal) for name, end in ends.items() if end} == {
        "0003-own": (7, 0),
        "0002-leave": (3, 0),
        "0003-leave": (1, 0),
        "0009-kill": (137, 9),
        "0015-kill": (143, 15),
        "0001-bug": (1, 0),
        "0001-cmd": (1, 0),
        "0002-cmd": (2, 0),
    }
    words = "before\nexecute [3, 4] kept hello ''\n\u00fc\nof command 3\nafter ShellCommandFailureException\n"
    assert words in log_of(session_root, "0003-own")
    assert "\nbefore the end\n" in log_of(session_root, "0009-kill")
    assert "ZeroDivisionError" in log_of(session_root, "0001-bug")


# After a fork the module's thread would be gone, and the words of the command line those of the launcher.
THREADED = """
    import os, sys, threading
    from outline import Layer
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    class Own(Layer):
        def _execute(self, frames):
            print("threads", threading.active_count(), "in", *sys.orig_argv[-3:])
"""


def test_a_module_that_starts_a_thread_gets_new_interpreters_by_itself(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    outline_file(tmp_path, THREADED, "threaded.py")
    script = outline_file(tmp_path, "from outline.modules.threaded import Own\nOwn('own', chunk=2)\n")

    result = run_pycuerun(script, "1-4", "--backend", "local", env={"OUTLINE_MODULES_PATHS": str(tmp_path)})

    assert result.returncode == 0, result.stdout + result.stderr
    words = f"threads 2 in {only_session(session_root) / 'outline.yaml'} own 3"
    assert f"\n{words}\n" in log_of(session_root, "0003-own")


def test_a_new_interpreter_ends_as_any_does(tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        import atexit, threading, time
        from outline import Layer
        class Own(Layer):
            def _execute(self, frames):
                def work():
                    time.sleep(0.1)
                    print("thread done")
                atexit.register(print, "exit handler done")
                threading.Thread(target=work).start()
        Own("own")
        """,
    )

    result = run_pycuerun(script, "1", "--backend", "local", env=SPAWN)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nthread done\nexit handler done\n" in log_of(session_root, "0001-own")


def test_nothing_in_the_working_directory_is_taken_for_the_library(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    for name in ("outline.py", "yaml.py", "logging.py"):
        (cwd / name).write_text("raise SystemExit(0)  # pretends that all is well")
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        class Own(Layer):
            def _execute(self, frames):
                print("really ran")
                raise SystemExit(4)
        Own("own")
        """,
    )
    run_pycuerun(script, "1", "--backend", "local", "--pause", "--max-retries", "0")
    go_on = (
        "import sys; sys.path[:] = [path for path in sys.path if path];"
        "from outline.cli import pycuerun_main; sys.exit(pycuerun_main(sys.argv[1:]))"
    )

    subprocess.run(
        [PY, "-c", go_on, "--resume", str(only_session(session_root)), "--quiet"],
        cwd=cwd,
        env=environ_with(**SPAWN),
        check=False,
        capture_output=True,
    )

    assert job_in(session_root).counts == {"DEAD": 1}
    assert "\nreally ran\n" in log_of(session_root, "0001-own")


def test_a_module_that_cannot_be_loaded_any_more_kills_its_frames_and_says_why(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        if "CUE_FRAME" in os.environ:
            raise RuntimeError("no licence here")
        class Own(Layer):
            pass
        """,
        "picky.py",
    )
    script = outline_file(tmp_path, "from outline.modules.picky import Own\nOwn('own')\n")
    env = {"OUTLINE_MODULES_PATHS": str(tmp_path), **SPAWN}

    result = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0", env=env)

    assert result.returncode == 1
    assert "no licence here" in result.stdout
    assert job_in(session_root).counts == {"DEAD": 1}


@pytest.fixture
def busy_threads() -> Iterator[list[threading.Thread]]:
    """Let two threads run while the test does, as a host application has them."""
    stop = threading.Event()
    threads = [threading.Thread(target=lambda: [None for _ in iter(lambda: stop.wait(0.001), True)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield threads
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("busy_threads")
def test_a_job_is_launched_from_python_while_threads_run(session_root: Path) -> None:
    from outline import Outline, cuerun
    from outline.modules.shell import PyEval, Shell

    ol = Outline("busy", "1-2")
    ol.add_layer(PyEval("python", "import threading; print('threads', threading.active_count())"))
    ol.add_layer(Shell("command", command=["echo", "frame", "%{FRAME}"]))

    (job,) = cuerun.launch(ol, backend="local", wait=True)

    assert job.counts == {"SUCCEEDED": 4}
    assert "\nthreads 1\n" in log_of(session_root, "0002-python")
    assert "\nframe 2\n" in log_of(session_root, "0002-command")


def test_a_job_is_launched_from_a_thread(session_root: Path) -> None:
    from outline import Outline, cuerun
    from outline.modules.shell import PyEval

    ol = Outline("threaded", "1-2")
    ol.add_layer(PyEval("python", "self.system(['true'])"))
    jobs: list[LocalJob] = []
    thread = threading.Thread(target=lambda: jobs.extend(cuerun.launch(ol, backend="local", wait=True)))

    thread.start()
    thread.join()

    assert [job.counts for job in jobs] == [{"SUCCEEDED": 2}]
