# SPDX-License-Identifier: Apache-2.0
"""The pieces of the PyOutline tutorial run as they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from outline.backend.local.job import LocalJob
from tests.support import outline_file

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = REPOSITORY / "examples" / "tutorial"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pycuerun(run_pycuerun: Run, tmp_path: Path) -> Run:
    """Call pycuerun on a piece, with the tutorial's modules and stand-ins; its ``find`` only says that it ran."""
    stand_ins = tmp_path / "bin"
    stand_ins.mkdir()
    find = stand_ins / "find"
    find.write_text('#!/bin/sh\necho "found by: find $*"\n')
    find.chmod(0o755)
    work = tmp_path / "work here"
    work.mkdir()

    def run(piece: str, *args: str, status: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        path = f"{TUTORIAL / 'bin'}{os.pathsep}{stand_ins}{os.pathsep}{os.environ['PATH']}"
        python_path = f"{REPOSITORY}{os.pathsep}{TUTORIAL}"
        settings = {"PATH": path, "PYTHONPATH": python_path, "PYTHONDONTWRITEBYTECODE": "1", **env}
        done = run_pycuerun(TUTORIAL / piece, *args, "--backend", "local", cwd=work, env=settings)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


def _jobs(root: Path) -> list[LocalJob]:
    sessions = sorted(path.parent for path in root.glob("*/*/session"))
    return [LocalJob(str(path)) for path in sessions]


def _log(root: Path, frame: str) -> str:
    (path,) = root.glob(f"*/*/logs/*.{frame}.rqlog")
    return path.read_text()


def test_c1_layer_of_an_outline_file_registers_itself(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c01_my_module.outline", "1-5")

    assert "MyModule foo bar 5" in _log(session_root, "0005-my_module_test")
    assert [job.counts for job in _jobs(session_root)] == [{"SUCCEEDED": 5}]


def test_c2_versions_are_chosen_before_the_import(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c02_versions.outline")

    assert [job.counts for job in _jobs(session_root)] == [{"SUCCEEDED": 1}]


def test_c3_launch_waits_and_each_launch_is_a_job(pycuerun: Run, session_root: Path) -> None:
    done = pycuerun("c03_launch.outline")

    assert [(job.state, job.counts) for job in _jobs(session_root)] == [("FINISHED", {"SUCCEEDED": 5})] * 2
    assert done.stdout.count("_my_job  FINISHED") == 2


def test_c4_frame_is_one_frame_whatever_the_range(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c04_frame.outline")

    logs = [path.name for path in session_root.glob("*/*/logs/*.rqlog")]
    assert logs == ["testing-default-tester_frame_test.0001-really_long_shell_command.rqlog"]
    assert "found by: find /* -name *.mp3" in _log(session_root, "0001-really_long_shell_command")


def test_c5_each_frame_of_the_range_is_one_call_of_ginsu(pycuerun: Run, tmp_path: Path) -> None:
    pycuerun("c05_ginsu.outline", GINSU_LOG=str(tmp_path / "calls"))

    calls = sorted((tmp_path / "calls").read_text().splitlines())
    assert calls == [
        f"-filein blah.{frame:04d}.exr -fit 100x100 -fileout blah-small.{frame:04d}.exr" for frame in range(1, 101)
    ]


def test_c6_hello_module_of_the_library(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c06_hello.outline", "1-3")

    assert "Hello Frame Number #3" in _log(session_root, "0003-test")


def test_c7_all_hooks_run_in_order_and_the_child_gets_the_frames_of_its_parent(
    pycuerun: Run, session_root: Path
) -> None:
    pycuerun("c07_anatomy.outline", "1-6")

    log = _log(session_root, "0001-parent")
    assert "parent: _after_init c07_anatomy, _setup, _before_execute, _execute [1, 2, 3, 4], _after_execute\n" in log
    assert (
        "parent.child: _after_init c07_anatomy, _after_parented parent, _setup, _before_execute,"
        " _execute [1, 2, 3, 4], _after_execute\n" in log
    )
    assert "parent.child: " in _log(session_root, "0005-parent")
    assert "_execute [5, 6]" in _log(session_root, "0005-parent")


def test_c8_private_attributes_are_there_in_the_frame(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c08_ginsu_module.outline", "7")

    assert "ginsu -filein blah.#.exr -fit 100x100 -fileout blah-small.#.exr -t 7" in _log(session_root, "0007-ginsu")


def test_c9_data_and_files_come_from_the_session(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c09_session.outline", "1")

    log = _log(session_root, "0001-session_test")
    scene = (TUTORIAL / "scene.file").read_text().strip()
    assert f"path /shots/out\nscene.file holds {scene}\nother.file holds {scene}\n" in log


def test_c10_objects_that_cannot_be_saved_are_made_in_the_frame(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c10_pre_execute.outline", "1")

    assert "reads blah.#.exr\ndone, error None\n" in _log(session_root, "0001-image_test")


def test_c11_hello_module_defined_in_the_outline_file(pycuerun: Run, session_root: Path) -> None:
    pycuerun("c11_hello.outline", "1-10")

    assert "Hello Frame Number #7" in _log(session_root, "0007-hello")


def test_c12_paused_job_runs_when_it_is_resumed(pycuerun: Run, run_pycuerun: Run, session_root: Path) -> None:
    pycuerun("c12_pause.outline")
    (job,) = _jobs(session_root)
    assert job.counts == {"WAITING": 10}

    resumed = run_pycuerun("--resume", job.path)

    assert resumed.returncode == 0
    assert _jobs(session_root)[0].counts == {"SUCCEEDED": 10}


def test_pieces_run_with_python_too(tmp_path: Path, session_root: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OUTLINE_OUTLINE_BACKEND": "local"}

    done = subprocess.run(
        [sys.executable, TUTORIAL / "c03_launch.outline"], env=env, cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert [job.counts for job in _jobs(session_root)] == [{"SUCCEEDED": 5}] * 2


# -- scripts that launch by themselves ---------------------------------------------------------------------------

LAUNCHING = """
from outline import Outline, cuerun
from outline.modules.shell import Shell

ol = Outline("own")
ol.add_layer(Shell("x", [{command}]))
cuerun.launch(ol, range="1-2", maxretries=0{flags})
"""


def test_dead_frame_of_a_script_that_launches_gives_exit_code_1(run_pycuerun: Run, tmp_path: Path) -> None:
    script = outline_file(tmp_path, LAUNCHING.format(command="'false'", flags=""))

    done = run_pycuerun(script, "--backend", "local")

    assert done.returncode == 1
    assert "0001-x" in done.stdout


def test_launch_with_test_raises_in_the_script(run_pycuerun: Run, tmp_path: Path) -> None:
    script = outline_file(tmp_path, LAUNCHING.format(command="'false'", flags=", test=True"))

    done = run_pycuerun(script, "--backend", "local")

    assert done.returncode == 1
    assert f"{script}:7: job testing-default-tester_own failed, dead frames: 0001-x, 0002-x" in done.stderr


# -- other checks of the tutorial --------------------------------------------------------------------------------


def test_t3_killed_frame_runs_no_after_execute(run_pycuerun: Run, tmp_path: Path, session_root: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        import os, signal
        from outline import Layer

        class Dies(Layer):
            def _execute(self, frames):
                print("execute", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

            def _after_execute(self):
                print("after execute", flush=True)

        Dies("dies")
        """,
    )

    done = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "0")

    assert done.returncode == 1
    assert "execute\n" in _log(session_root, "0001-dies")
    assert "after execute" not in _log(session_root, "0001-dies")


def test_t3_dead_frame_is_tried_as_often_as_asked_and_holds_its_dependents(
    run_pycuerun: Run, tmp_path: Path, session_root: Path
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer
        from outline.modules.shell import Shell

        class Fails(Layer):
            def _execute(self, frames):
                raise RuntimeError("no licence")

            def _after_execute(self):
                print("seen:", self.get_error(), flush=True)

        Fails("fails")
        Shell("waits", command=["true"], require=["fails"])
        """,
    )

    done = run_pycuerun(script, "1", "--backend", "local", "--max-retries", "2")

    assert done.returncode == 1
    assert _jobs(session_root)[0].counts == {"DEAD": 1, "DEPEND": 1}
    logs = sorted(path.name.rpartition(".rqlog")[2] for path in session_root.glob("*/*/logs/*0001-fails.rqlog*"))
    assert logs == ["", ".1", ".2"]
    assert "seen: no licence" in _log(session_root, "0001-fails")


def test_t5_moved_session_runs_in_another_process_with_another_home(
    run_pycuerun: Run, tmp_path: Path, session_root: Path
) -> None:
    scene = tmp_path / "scene"
    scene.write_text("as launched")
    script = outline_file(
        tmp_path,
        f"""
        from outline import Layer

        class Reads(Layer):
            def _setup(self):
                self.put_data("path", ["/a", 1])
                self.put_file({str(scene)!r})

            def _execute(self, frames):
                print(list(frames), self.get_data("path"), open(self.get_file("scene")).read())

        Reads("reads")
        """,
    )
    run_pycuerun(script, "1-5", "--backend", "local", "--pause")
    scene.write_text("changed")
    script.unlink()
    moved = tmp_path / "moved 'there'"
    next(session_root.glob("*/*/session")).parent.rename(moved)

    done = run_pycuerun(moved / "outline.yaml", "-e", "3-reads", cwd=Path("/"), env={"HOME": str(tmp_path / "no home")})

    assert (done.returncode, done.stdout) == (0, "[3] ['/a', 1] as launched\n")


def test_t6_frame_has_all_variables(run_pycuerun: Run, tmp_path: Path, session_root: Path) -> None:
    script = outline_file(
        tmp_path,
        'from outline.modules.shell import Shell\nShell("env", command=["env"], memory="2g", chunk=2)\n',
    )

    run_pycuerun(script, "5-12", "--backend", "local", "--shot", "sh7")

    (job,) = _jobs(session_root)
    env = dict(line.split("=", 1) for line in _log(session_root, "0007-env").splitlines() if line.startswith("CUE"))
    assert env["CUE_CHUNK"] == "2"
    assert (env["CUE_FRAME"], env["CUE_IFRAME"]) == ("0007-env", "7")
    assert (env["CUE_JOB"], env["CUE_JOB_ID"]) == (job.name, job.data.id)
    assert (env["CUE_LAYER"], env["CUE_RANGE"]) == ("env", "5-12")
    assert env["CUE_LOG_PATH"] == job.data.log_dir
    assert env["CUE_MEMORY"] == str(2 * 1024 * 1024)
    assert (env["CUE_SHOW"], env["CUE_SHOT"]) == ("testing", "sh7")
    assert {"CUE_FRAME_ID", "CUE_LAYER_ID"} <= set(env)


def test_t4_constructors_of_all_shipped_modules_write_nothing(tmp_path: Path) -> None:
    code = """
        from outline import *
        from outline.modules.tutorial import HelloModule
        ol = Outline("x", "1-10", current=True)
        layers = [Shell("a", ["x"]), ShellCommand("b", ["x"]), ShellScript("c", "/no/file"), PyEval("d", "1/0"),
                  ShellSequence("e", [["x"]]), HelloModule("f"), Composite("g"), PostFrame("h"), Frame("i"),
                  OutlinePostCommand("j")]
        PreProcess(layers[0]); PostProcess(layers[0])
        print(len(ol.get_layers()))
    """
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    home.chmod(0o555)
    env = {**os.environ, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    script = "if True:\n" + code

    done = subprocess.run([sys.executable, "-c", script], cwd=work, env=env, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "12\n"), done.stderr
    assert list(work.rglob("*")) + list(home.rglob("*")) == []
