# SPDX-License-Identifier: Apache-2.0
"""What a newcomer to PyOutline stumbled over in the first hour, one by one, with the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from outline.backend.local.job import LocalJob
from outline.io import FileSpec
from outline.io import Path as IoPath
from tests.conftest import REPOSITORY, RunPycuerun
from tests.support import job_in, log_of, outline_file

HELLO = """
from outline.modules.shell import Shell
Shell("hello", command=["echo", "frame %{FRAME} #IFRAME# $CUE_IFRAME"], range="1-4")
"""


def test_fault_01_local_backend_runs_out_of_the_box(
    run_pycuerun: RunPycuerun, tmp_path: Path, session_root: Path
) -> None:
    script = outline_file(tmp_path, HELLO, "hello.outline")

    done = run_pycuerun(script, "1-4", "--backend", "local", env={"PATH": "/usr/bin:/bin"})

    assert done.returncode == 0
    assert "hello          4      4" in done.stdout
    assert "frame 3 3 $CUE_IFRAME" in log_of(session_root, "0003-hello")


def test_fault_04_failed_frame_fails_the_job_and_holds_what_waits_for_it(
    run_pycuerun: RunPycuerun, tmp_path: Path, session_root: Path
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        render = Shell("render", command=["false"], range="101-102")
        Shell("comp", command=["echo", "COMP RAN"], range="1").depend_all(render)
        """,
    )

    done = run_pycuerun(script, "--backend", "local", "--max-retries", "0")

    job: LocalJob = job_in(session_root)
    assert done.returncode == 1
    assert "COMP RAN" not in done.stdout
    assert job.counts == {"DEAD": 2, "DEPEND": 1}


def test_fault_20_layer_without_frames_in_the_job_is_left_out(
    run_pycuerun: RunPycuerun, tmp_path: Path, session_root: Path
) -> None:
    script = outline_file(tmp_path, HELLO + 'Shell("later", ["false"], range="50-60", require=["hello:all"])\n')

    done = run_pycuerun(script, "3-20", "--backend", "local")

    assert (done.returncode, job_in(session_root).counts) == (0, {"SUCCEEDED": 2})


def test_fault_21_both_languages_of_tokens_work_and_the_farms_variables_are_set(
    run_pycuerun: RunPycuerun, tmp_path: Path, session_root: Path
) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        words = ["%{FRAME}", "#IFRAME#", "%{ZFRAME}", "#ZFRAME#", "#LAYER#", "#FRAME#"]
        Shell("tokens", ["sh", "-c", 'echo "$@" $CUE_IFRAME', "sh", *words])
        """,
    )

    run_pycuerun(script, "7", "--backend", "local")

    assert "7 7 0007 0007 tokens 0007-tokens 7\n" in log_of(session_root, "0007-tokens")


@pytest.mark.parametrize("option", ["-D", "-V"])
def test_fault_34_options_for_more_output_give_more_output(
    run_pycuerun: RunPycuerun, tmp_path: Path, option: str
) -> None:
    script = outline_file(tmp_path, HELLO)

    plain, more = (run_pycuerun(script, "1", "--backend", "local", *options) for options in ([], [option]))

    assert "loading outline" not in plain.stderr
    assert "loading outline" in more.stderr


def test_fault_47_version_is_printed(run_pycuerun: RunPycuerun) -> None:
    import outline

    done = run_pycuerun("--version")

    assert done.stdout == f"pycuerun {outline.__version__}\n"


def test_fault_29_file_specs_do_what_they_say(tmp_path: Path) -> None:
    spec = FileSpec(tmp_path / "new" / "a.####.exr", checkExt=["jpg"])
    spec.mkdir()
    spec.mkdir()
    (tmp_path / "new" / "a.0001.jpg").write_text("x")

    assert os.listdir(tmp_path / "new") == ["a.0001.jpg"]
    assert spec.exists([1])
    assert not spec.exists([1, 2, 3, 4, 5])
    assert spec.exists()
    assert spec.get_file_spec().endswith("a.####.exr")
    assert len({IoPath("/a"), IoPath("/a"), IoPath("/b")}) == 2


def test_fault_48_only_one_package_is_installed() -> None:
    text = (REPOSITORY / "setup.cfg").read_text()

    assert "include =\n    outline\n    outline.*\n" in text or "include = outline" in text
    assert (REPOSITORY / "outline" / "py.typed").exists()
    assert "future" not in text


def test_fault_33_wait_and_test_tell_how_the_job_ended(tmp_path: Path) -> None:
    from outline import Outline, OutlineException, Shell, cuerun

    ol = Outline("job", "1")
    ol.add_layer(Shell("dies", ["false"]))

    (job,) = cuerun.launch(ol, backend="local", wait=True, maxretries=0)

    assert (job.state, [dead.name for dead in job.dead_frames()]) == ("FAILED", ["0001-dies"])
    with pytest.raises(OutlineException, match="dead frames: 0001-dies"):
        cuerun.launch(ol, backend="local", test=True, maxretries=0)


def test_import_needs_no_farm_package() -> None:
    import subprocess

    code = (
        "import sys, outline, outline.cuerun, outline.layer, outline.loader, outline.modules.shell\n"
        "print([name for name in ('grpc', 'opencue', 'google.protobuf', 'yaml') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY)

    assert done.stdout == "[]\n", done.stderr
