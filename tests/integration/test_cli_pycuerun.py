# SPDX-License-Identifier: Apache-2.0
"""The program pycuerun as people call it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunPycuerun
from tests.support import environ_with, job_in, log_of, only_session, outline_file

pytestmark = pytest.mark.measured

SHOT = """
    from outline.modules.shell import Shell
    Shell("a", command=["sh", "-c", "echo frame $CUE_IFRAME of $K"])
"""


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    return outline_file(tmp_path, SHOT)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch.outline"], "no outline file nosuch.outline"),
        (["nosuch.outline", "--backend", "local"], "no outline file nosuch.outline"),
        (["."], ". is a folder"),
        (["shot.outline", "1-2", "--backend", "nowhere"], "use --backend local"),
        (["shot.outline", "1", "2", "3"], "unexpected extra argument"),
        (["shot.outline", "1-x"], "frame range '1-x', column 3"),
        (["shot.outline", "1-2", "-f", "1-3"], "two frame ranges, '1-3' and '1-2'"),
        (["shot.outline", "--nosuch"], "--nosuch"),
        (["shot.outline", "1", "--env", "K", "--dry-run"], "--env needs NAME=value, not 'K'"),
        (["shot.outline", "-e", "1-nosuch"], "no layer 'nosuch' in this outline"),
        (["shot.outline", "1", "-e", "1-a"], "leave out '1'"),
        (["-e", "1-a"], "outline.yaml"),
        (["shot.outline", "-e", "a"], "name a frame by number and layer, such as 12-beauty"),
        (["-i", "shot.outline", "1-2", "3"], "leave out '3'"),
        (["--resume", "nosuch"], "no session nosuch"),
        (["--resume", "."], "is not a session"),
        (["--resume", ".", "x"], "leave out 'x'"),
        (["shot.outline", "1", "-b", "local", "--cores", "none"], "cores must be a number"),
        (["shot.outline", "1", "-b", "local", "-m", "none"], "maxretries must be a number"),
        (["shot.outline", "1", "-b", "local", "--qc"], "--qc"),
        (["shot.outline", "1", "-b", "local", "--only", "x"], "no layer of this outline has items"),
        (
            ["shot.outline", "1", "-b", "local", "--work", ""],
            "the work folder is empty; name one with --work DIR, or leave it out",
        ),
        (
            ["shot.outline", "1", "-b", "local", "--work", "s3://show/work"],
            "a work folder is on a disk, and s3://show/work is a URL; inputs and outputs may be URLs",
        ),
        (
            ["shot.outline", "1", "-b", "local", "--force", "a"],
            "--force is about a work folder; name one with --work DIR",
        ),
        (
            ["shot.outline", "1", "-b", "local", "--take-over"],
            "--take-over is about a work folder; name one with --work DIR",
        ),
        (["shot.outline", "1", "-b", "cue", "--cores", "2"], "--cores only works with --backend local or dask"),
        (["shot.outline", "1", "--priority", "high"], "--priority"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_is_one_line_and_exits_2(
    words: list[str], message: str, shot: Path, run_pycuerun: RunPycuerun, own_world: Path
) -> None:
    result = run_pycuerun(*words)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("pycuerun: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (own_world / "sessions").exists()


def test_a_call_without_anything_shows_the_help(run_pycuerun: RunPycuerun) -> None:
    result = run_pycuerun()

    assert result.returncode == 2
    assert result.stdout.startswith("Usage: pycuerun")
    assert "name an outline script" in result.stderr


def test_help_and_version_import_nothing_that_they_do_not_need(run_pycuerun: RunPycuerun) -> None:
    code = (
        "import sys; from outline.cli import pycuerun_main; pycuerun_main(sys.argv[1:]);"
        "print(sorted({'yaml', 'rich', 'psutil', 'outline.loader', 'outline.frames', 'outline.layer',"
        " 'outline.scheduler'} & set(sys.modules)))"
    )

    outputs = [
        subprocess.run([sys.executable, "-c", code, word], env=environ_with(), capture_output=True, text=True).stdout
        for word in ("--help", "--version")
    ]

    assert [output.splitlines()[-1] for output in outputs] == ["[]", "[]"]


def test_the_range_of_the_environment_is_used(shot: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    result = run_pycuerun(shot, "--backend", "local", "--quiet", env={"FR": "2-3"})

    assert (result.returncode, result.stdout) == (0, "")
    assert [str(frames) for frames in job_in(session_root).ranges("a").values()] == ["2-3"]


def test_a_bad_range_of_the_environment_is_named(shot: Path, run_pycuerun: RunPycuerun) -> None:
    result = run_pycuerun(shot, "--backend", "local", env={"FR": "2-x"})

    assert result.returncode == 2
    assert "pycuerun: $FR: frame range '2-x'" in result.stderr


def test_options_reach_the_job(shot: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    result = run_pycuerun(
        "-b", "local", "--env", "K=a=b", "-u", "jo", "--shot", "s1", "-j", "base", "-F", "lax", shot, "-1-1"
    )

    assert result.returncode == 0, result.stderr
    assert job_in(session_root).name == "testing-s1-jo_base"
    assert "frame -1 of a=b" in log_of(session_root, "-001-a")
    assert "facility: lax" in (only_session(session_root) / "outline.yaml").read_text() or "lax"


@pytest.mark.parametrize("more", [[], ["-u", "jo"]], ids=["short way", "long way"])
@pytest.mark.parametrize("name", ["1-a", "0001-a", "-1-a"])
def test_one_frame_of_a_session_runs_in_this_process(
    name: str, more: list[str], tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(
        tmp_path,
        """
        import os
        from outline import Layer
        class Own(Layer):
            def _execute(self, frames):
                print("frame", frames, os.getpid() == int(os.environ.get("PARENT", os.getpid())))
                raise SystemExit(7)
        Own("a")
        """,
    )
    run_pycuerun(script, "-1-1", "-b", "local", "--pause")

    result = run_pycuerun(only_session(session_root) / "outline.yaml", "-e", name, *more)

    assert result.returncode == 7
    assert f"frame {int(name.rpartition('-')[0])} True" in result.stdout


def test_an_unknown_frame_of_a_session_is_an_error(shot: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    run_pycuerun(shot, "1-2", "-b", "local", "--pause")

    result = run_pycuerun(only_session(session_root) / "outline.yaml", "-e", "1-b")

    assert result.returncode == 2
    assert "no layer 'b' in this outline" in result.stderr


def test_a_paused_job_runs_when_it_is_resumed(shot: Path, session_root: Path, run_pycuerun: RunPycuerun) -> None:
    paused = run_pycuerun(shot, "1-2", "-b", "local", "--pause")
    before = job_in(session_root).counts

    resumed = run_pycuerun("--resume", only_session(session_root) / "outline.yaml")

    assert (paused.returncode, before) == (0, {"WAITING": 2})
    assert (resumed.returncode, job_in(session_root).counts) == (0, {"SUCCEEDED": 2})


def test_inspect_takes_a_range_behind_the_script(shot: Path, run_pycuerun: RunPycuerun) -> None:
    result = run_pycuerun("-i", shot, "1-7x2")

    assert result.returncode == 0
    assert "1-7x2  (4 frames)" in result.stdout


def test_a_dry_run_works_where_nothing_can_be_written(shot: Path, run_pycuerun: RunPycuerun, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))

    result = run_pycuerun(shot, "1-3", "--dry-run", "--json", env={"OUTLINE_OUTLINE_SESSION_DIR": "/proc/nowhere"})

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["frames"] == 3
    assert sorted(tmp_path.rglob("*")) == before


def test_an_error_in_setup_names_the_line(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        class M(Shell):
            def _setup(self):
                {}["key"]
        M("x", ["ls"])
        """,
    )

    result = run_pycuerun(script, "1-2", "-b", "local")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.rstrip() == f"pycuerun: {script}:5: KeyError: 'key'; --debug shows the traceback"


def test_plug_ins_add_options(shot: Path, tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    (tmp_path / "studio.py").write_text(
        "def init_cuerun_plugin(cuerun):\n"
        "    cuerun.get_parser().add_plugin_option('--bake', action='callback', type='int', callback=show)\n"
        "def show(option, opt, value, parser):\n"
        "    print(opt, value)\n"
    )
    config = tmp_path / "studio.cfg"
    config.write_text("[plugin:studio]\nmodule = studio\n")

    result = run_pycuerun(
        "--bake", 3, shot, "1", "--dry-run", env={"OUTLINE_CONFIG_FILE": str(config), "PYTHONPATH": _path(tmp_path)}
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("--bake 3\njob ")


def _path(folder: Path) -> str:
    return os.pathsep.join([environ_with()["PYTHONPATH"], str(folder)])


def test_the_module_and_the_program_behave_alike(shot: Path) -> None:
    program = Path(__file__).parents[2] / "bin" / "pycuerun"

    results = [
        subprocess.run([*start, str(shot), "1-2", "--dry-run"], env=environ_with(), capture_output=True, text=True)
        for start in ([sys.executable, "-m", "outline"], [sys.executable, str(program)])
    ]

    assert results[0].stdout == results[1].stdout
    assert [result.returncode for result in results] == [0, 0]


def test_a_layer_that_is_left_out_is_one_line_of_warning(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, SHOT + '    Shell("far", command=["true"], range="20-30")\n')

    result = run_pycuerun(script, "1-2", "-b", "local")

    assert (
        result.stderr
        == "layer 'far' (shot.outline:4) is left out: its range 20-30 has no frame of the job's range 1-2\n"
    )


def test_a_layer_of_a_json_description_has_no_line_of_a_script(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    layer = {"name": "a", "module": "outline.modules.shell.Shell", "command": ["true"], "colour": "red"}
    described = tmp_path / "job.json"
    described.write_text(json.dumps({"name": "job", "layers": [layer]}))

    result = run_pycuerun(described, "1", "-b", "local", "--pause")

    assert result.stderr == "layer 'a': no code seems to read the argument 'colour'\n"


def test_on_a_terminal_the_job_is_a_table_and_then_a_summary(shot: Path) -> None:
    master, slave = pty.openpty()

    with subprocess.Popen(
        [sys.executable, "-m", "outline", str(shot), "1-3", "-b", "local"],
        env=environ_with(TERM="xterm", COLUMNS="100", LINES="30"),
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = _read_all(master)

    assert process.returncode == 0
    assert "0/3 done" in shown
    assert "FINISHED in" in shown


def _read_all(fd: int) -> str:
    data = b""
    try:
        while chunk := os.read(fd, 65536):
            data += chunk
    except OSError:  # how a terminal says that its other end is closed
        pass
    os.close(fd)
    return data.decode()


def test_jobs_of_a_script_show_what_happens_and_give_the_exit_code(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Outline, cuerun
        from outline.modules.shell import Shell
        for name in ("false", "true"):
            ol = Outline(name)
            ol.add_layer(Shell("cmd", command=[name]))
            cuerun.launch(ol, range="1", maxretries=0)
        """,
    )

    done = run_pycuerun(script, "--backend", "local")

    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if "_false" in line or "_true" in line or "0001-cmd" in line]
    assert [line.split()[-1] for line in lines if "RUNNING" in line] == ["RUNNING", "RUNNING"]
    assert done.stdout.index("FAILED") < done.stdout.index("FINISHED")


ARGS = """
import click
from outline import Layer

class Say(Layer):
    def _execute(self, frames):
        print("quality", self.get_arg("quality"))

@click.command()
@click.option("--quality", type=int, required=True)
@click.argument("name")
def main(quality, name):
    Say(name, quality=quality)

if __name__ == "__main__":
    main(standalone_mode=False)
"""


def test_what_follows_two_dashes_is_for_the_script(
    tmp_path: Path, session_root: Path, run_pycuerun: RunPycuerun
) -> None:
    script = outline_file(tmp_path, ARGS)

    done = run_pycuerun(script, "1", "--backend", "local", "--", "--quality", "3", "hero")
    looked = run_pycuerun("-i", script, "--", "--quality", "3", "hero")
    without = run_pycuerun(script, "1", "--backend", "local")

    assert done.returncode == 0, done.stderr
    assert "\nquality 3\n" in log_of(session_root, "0001-hero")
    assert "quality = 3" in looked.stdout
    assert (without.returncode, "MissingParameter" in without.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--resume", "x", "--", "a"], "only a script takes what follows --; leave out 'a'"),
        (["x.outline", "--format", "json"], "--format json works only with --dry-run; give both"),
        (["x.outline", "--json"], "--json works only with --dry-run; give both"),
    ],
    ids=["arguments without a script", "format without a dry run", "data without a dry run"],
)
def test_words_without_a_meaning_are_refused(run_pycuerun: RunPycuerun, words: list[str], problem: str) -> None:
    done = run_pycuerun(*words)

    assert (done.returncode, done.stderr) == (2, f"pycuerun: {problem}\n")


@pytest.mark.parametrize("words", [[""], ["-f", ""]], ids=["argument", "option"])
def test_an_empty_range_is_refused(tmp_path: Path, run_pycuerun: RunPycuerun, words: list[str]) -> None:
    script = outline_file(tmp_path, 'from outline.modules.shell import Shell\nShell("a", ["true"])\n')

    result = run_pycuerun(script, *words, "--backend", "local")

    assert result.returncode == 2
    assert "the frame range is empty; name frames such as 1-100, or leave it out" in result.stderr


def test_a_locale_that_knows_no_umlaut_ends_nothing(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    script = outline_file(tmp_path, 'from outline.modules.shell import Shell\nShell("one", ["echo", "sch\u00f6n"])\n')
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    shown = run_pycuerun(script, "1", "--dry-run", env=plain)
    missing = run_pycuerun("n\u00f6.outline", env=plain)

    assert (shown.returncode, missing.returncode) == (0, 2)
    assert "sch" in shown.stdout
    assert "Traceback" not in shown.stderr + missing.stderr
