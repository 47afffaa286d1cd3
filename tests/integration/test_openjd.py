# SPDX-License-Identifier: Apache-2.0
"""Outlines as job bundles, with the programs that the trade checks and runs them with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY, RunOutline, RunPycuerun, unmeasured_environ
from tests.programs import run_program
from tests.support import job_in, log_of, outline_file, pycuerun_program

pytestmark = pytest.mark.measured

MOVIES = REPOSITORY / "examples" / "movies" / "movies.outline"  # its second pass is no job that can be described now
EXAMPLES = sorted({*(REPOSITORY / "examples").glob("*/*.outline")} - {MOVIES})
BIN = Path(sys.executable).parent


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, str]:
    """Make the variables with which ``pycuerun`` of this checkout is on the PATH; the frames there are not measured."""
    folder = tmp_path / "programs of hosts"
    folder.mkdir()
    pycuerun_program(folder)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**unmeasured_environ(), "PYTHONPATH": str(REPOSITORY), "PATH": path, "HOME": str(tmp_path)}


def run(words: list[object], cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def export(script: Path, *args: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = run_program("outline", "export", script, *args, cwd=cwd, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# What their frames come from, which is made before a launch.
DATA_OF_EXAMPLES = {
    "quality": {"pictures/a.jpg": "a picture", "pictures/b.jpg": "another"},
    "tiles": {"tasks.jsonl": '{"task": "a", "module": "fractals", "function": "julia", "arguments": {}}\n'},
}


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_template_that_openjd_accepts(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from openjd.cli import main

    shutil.copytree(script.parent.parent, tmp_path / "examples")
    folder, bundle = tmp_path / "examples" / script.parent.name, tmp_path / "bundle"
    for name, text in DATA_OF_EXAMPLES.get(script.stem, {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    export(folder / script.name, "1-6", "-o", bundle, cwd=folder)
    main(["check", str(bundle / "template.yaml")])

    assert "passes validation" in capsys.readouterr().out


def test_items_that_a_layer_makes_are_refused(tmp_path: Path, run_outline: RunOutline):
    shutil.copytree(MOVIES.parent, tmp_path / "job")
    (tmp_path / "job" / "movies").mkdir()
    (tmp_path / "job" / "movies" / "one.mp4").touch()

    done = run_outline("export", "movies.outline", "-o", "bundle", cwd=tmp_path / "job")

    assert done.returncode == 2
    assert done.stderr.startswith("outline: items of layer 'edges' are made first")


def test_example_makes_the_same_files_with_openjd_as_here(
    tmp_path: Path, tools: dict[str, str], run_pycuerun: RunPycuerun
):
    farm = tmp_path / "a farm"
    shutil.copytree(REPOSITORY / "examples" / "farm", farm)
    here, there = tmp_path / "here", tmp_path / "there"
    local = run_pycuerun(
        "pond.outline",
        "1-6",
        "--backend",
        "local",
        cwd=farm,
        env={"POND_OUT": str(here), "PYTHONPATH": f"{REPOSITORY}:{farm}"},
    )
    environ = {"PYTHONPATH": f"{REPOSITORY}:{farm}", "POND_OUT": str(there)}

    export(farm / "pond.outline", "1-6", "-o", tmp_path / "bundle", cwd=farm, env=environ)
    moved = (tmp_path / "bundle").rename(tmp_path / "a bundle that was moved")
    run([BIN / "openjd", "run", moved / "template.yaml"], tmp_path, tools)

    assert local.returncode == 0
    assert len(files_in(here)) > 12
    assert files_in(there) == files_in(here)


EVERYTHING = """
    import os
    from outline import Frame
    from outline.modules.shell import Shell, ShellCommand

    class Store(Frame):
        def _execute(self, frames):
            self.put_data("word", "kept")

    Store("store")
    line = 'echo "$CUE_THREADS $WORD" $0 > odd.$1'
    Shell("odd", command=["sh", "-c", line, "{{Param.Folder}} $HOME", "%{ZFRAME}"], env={"WORD": "a 'b' {{c}}"},
          cores=2, threadable=True, memory="100m", outputs="odd.####", range="9-1", chunk=2)
    Shell("sim", command=["sh", "-c", "echo %{FRAME} >> sim.txt"], require=["sim:prev"])
    ShellCommand("last", command=["sh", "-c", "cat odd.* sim.txt > last.txt"], require=["odd:all", "sim:all", "store"])
"""


def test_what_steps_cannot_say_runs_right_all_the_same(
    tmp_path: Path, tools: dict[str, str], run_pycuerun: RunPycuerun
):
    here, there = tmp_path / "here it's", tmp_path / "there it's"
    for folder in (here, there):
        folder.mkdir()
        outline_file(folder, EVERYTHING)
    local = run_pycuerun("shot.outline", "1-4", "--backend", "local", "--cores", "4", cwd=here)

    told = export(there / "shot.outline", "1-4", "-o", tmp_path / "bundle", cwd=there)
    run([BIN / "openjd", "run", tmp_path / "bundle" / "template.yaml"], tmp_path, tools)

    assert local.returncode == 0
    assert files_in(there) == files_in(here)
    assert (there / "sim.txt").read_text() == "1\n2\n3\n4\n"
    assert "layer sim waits for its own frames" in told
    assert (tmp_path / "bundle" / "session" / "layers" / "store" / "word").read_text() == "kept\n"


def test_paths_are_those_of_the_farm(tmp_path: Path, tools: dict[str, str]):
    for name in ("mine", "farm's"):
        (tmp_path / name / "in").mkdir(parents=True)
        (tmp_path / name / "in" / "a.txt").write_text(name)
    script = outline_file(
        tmp_path / "mine",
        """
        import os
        from outline.modules.shell import Shell
        copy = ["cp", "%{INPUT}", "%{OUTPUT}"]
        here = os.getcwd()
        a = Shell("a", inputs="in/a.txt", outputs="out/a.####.txt", command=copy)
        b = Shell("b", inputs=a, outputs="out/b.####.txt", command=copy)
        Shell("c", inputs=f"{here}/in/a.txt", outputs=f"{here}/out/c.####.txt", command=copy)
        Shell("d", command=["touch", "d.%{FRAME}"])
        """,
    )
    rule = {"source_path_format": "POSIX", "source_path": f"{tmp_path}/mine", "destination_path": f"{tmp_path}/farm's"}
    (tmp_path / "rules.json").write_text(json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]}))
    export(script, "1-2", "-o", tmp_path / "bundle", cwd=tmp_path / "mine")
    shutil.rmtree(tmp_path / "mine")

    words = ["run", tmp_path / "bundle" / "template.yaml", "--path-mapping-rules", f"file://{tmp_path}/rules.json"]
    run([BIN / "openjd", *words], tmp_path, tools)

    made = files_in(tmp_path / "farm's")
    outputs = {f"out/{layer}.{frame:04d}.txt" for layer in "abc" for frame in (1, 2)}
    assert set(made) == {*outputs, "in/a.txt", "d.1", "d.2"}
    assert {made[name] for name in outputs} == {b"farm's"}
    assert not (tmp_path / "mine").exists()


def test_frame_whose_folder_is_not_there_says_where_it_runs(tmp_path: Path, tools: dict[str, str]):
    script = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('a', command=['pwd'])")
    export(script, "1", "-o", "bundle", cwd=tmp_path)

    words = [BIN / "openjd", "run", tmp_path / "bundle" / "template.yaml", "-p", "Folder=/not/there"]
    said = run(words, tmp_path, tools).stdout

    assert "outline: cannot work in /not/there: No such file or directory; the frame runs in /" in said


def test_deadline_cloud_reads_the_bundle(tmp_path: Path, tools: dict[str, str]):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "plate.0001.txt").write_text("plate")
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        copy = ["cp", "%{INPUT}", "%{OUTPUT}"]
        first = Shell("first", inputs="in/plate.####.txt", outputs="out/a.####.txt", command=copy)
        Shell("second", inputs=first, outputs="end/b.####.txt", command=copy)
        Shell("third", inputs="memory://plates/a.txt", outputs="memory://made/b.####.txt", command=copy)
        """,
    )
    export(script, "1", "-m", "5", "-o", "bundle", cwd=tmp_path)

    read = run([sys.executable, "-c", READ_AS_DEADLINE, tmp_path / "bundle"], tmp_path, tools).stdout

    found: dict[str, Any] = json.loads(read)
    assert found["parameters"] == {
        "Session": str(tmp_path / "bundle" / "session"),
        "Folder": str(tmp_path),
        "Pycuerun": "pycuerun",
        "deadline:maxRetriesPerTask": 5,
    }
    assert found["assets"] == {
        "inputs": {"directories": [], "filenames": [str(tmp_path / "in" / "plate.0001.txt")]},
        "outputs": {"directories": [str(tmp_path / "end"), str(tmp_path / "out")]},
        "referencedPaths": [],
    }


# Of the package that submits bundles: what it does before it needs an account.
READ_AS_DEADLINE = """
import json, sys
from deadline.client.job_bundle.loader import read_yaml_or_json_object, validate_directory_symlink_containment
from deadline.client.job_bundle.parameters import read_job_bundle_parameters
from deadline.client.job_bundle.submission import AssetReferences

folder = sys.argv[1]
validate_directory_symlink_containment(folder)
parameters = {one["name"]: one.get("value", one.get("default")) for one in read_job_bundle_parameters(folder)}
assets = AssetReferences.from_dict(read_yaml_or_json_object(folder, "asset_references", required=True))
print(json.dumps({"parameters": parameters, "assets": assets.to_dict()["assetReferences"]}))
"""


def test_folder_that_holds_something_is_left_alone(tmp_path: Path, run_outline: RunOutline):
    script = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('a', command=['true'])")

    done = run_outline("export", script, "-o", ".")

    assert done.returncode == 2
    assert "is not an empty folder" in done.stderr
    assert not (tmp_path / "template.yaml").exists()
    assert not list(Path(os.environ["OUTLINE_OUTLINE_SESSION_DIR"]).glob("*/*"))


def test_template_is_plain_yaml(tmp_path: Path):
    script = outline_file(tmp_path, "from outline.modules.shell import Shell\nShell('a', command=['true'])")

    export(script, "-o", "bundle", cwd=tmp_path)

    template = yaml.safe_load((tmp_path / "bundle" / "template.yaml").read_text())
    assert template["specificationVersion"] == "jobtemplate-2023-09"
    assert [step["name"] for step in template["steps"]] == ["a"]


# -- import ---------------------------------------------------------------------------------------------------

TEMPLATES = REPOSITORY / "tests" / "data" / "openjd"


@pytest.fixture
def import_template(tmp_path: Path, run_outline: RunOutline) -> Callable[[str], str]:
    """Copy a template into ``tmp_path`` and import it as ``job.outline``; returns what was told."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")

    def make(name: str) -> str:
        done = run_outline("import", tmp_path / "templates" / f"{name}.yaml", "-o", "job.outline")
        assert done.returncode == 0, done.stderr
        return done.stderr

    return make


@pytest.mark.parametrize("name", ["frames", "space", "programs"])
def test_imported_template_makes_the_same_files_here_as_with_openjd(
    name: str, tmp_path: Path, tools: dict[str, str], import_template: Callable[[str], str], run_pycuerun: RunPycuerun
):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    import_template(name)

    run([BIN / "openjd", "run", tmp_path / "templates" / f"{name}.yaml", "-p", f"Out={there}"], tmp_path, tools)
    local = run_pycuerun("job.outline", "--backend", "local", "--max-retries", "0", "--", "--Out", "here")

    made, wanted = files_in(here), files_in(there)
    exits = made.pop("exits", b""), wanted.pop("exits", b"")  # each task enters and exits its environments here
    assert local.returncode == 0, local.stdout
    assert len(wanted) > 6
    assert made == wanted
    assert set(exits[0].splitlines()) == set(exits[1].splitlines())


def test_imported_template_takes_a_range_and_tells_what_it_cannot_say(
    tmp_path: Path, import_template: Callable[[str], str], run_pycuerun: RunPycuerun, session_root: Path
):
    (tmp_path / "out").mkdir()

    told = import_template("frames")
    run_pycuerun("job.outline", "2-10", "--backend", "local", "--", "--Out", "out", "--Scene", "another")

    assert sorted(path.name for path in (tmp_path / "out").glob("render.*")) == [f"render.{n}.txt" for n in (10, 2, 3)]
    assert [line.partition(": ")[2] for line in told.splitlines()] == [
        "step 'Contact Sheet' becomes the layer Contact_Sheet",
        "step Render: the max of amount.worker.vcpu is left out",
        "step Render: the timeout of 90 s becomes 2 min",
    ]
    assert job_in(session_root).name == "testing-default-tester_Render_another"
    assert "SECRET=..." in log_of(session_root, "0002-Render")
    assert "swordfish" not in log_of(session_root, "0002-Render")


def test_task_that_fails_exits_its_environments_and_leaves_no_folder(
    tmp_path: Path, import_template: Callable[[str], str], run_pycuerun: RunPycuerun
):
    (tmp_path / "out").mkdir()
    (tmp_path / "places").mkdir()
    import_template("frames")
    os.remove(tmp_path / "templates" / "notes.txt")

    done = run_pycuerun(
        "job.outline",
        "2",
        "--backend",
        "local",
        "-m",
        "0",
        "--",
        "--Out",
        "out",
        env={"TMPDIR": str(tmp_path / "places")},
    )

    assert done.returncode == 1
    assert "notes.txt" in done.stdout
    assert (tmp_path / "out" / "exits").read_text() == "tools of it's <a> scene:27000\n"
    assert list((tmp_path / "places").glob("openjd-*")) == []


def test_imported_script_can_be_looked_at_without_words_for_it(
    tmp_path: Path, import_template: Callable[[str], str], run_pycuerun: RunPycuerun
):
    import_template("space")

    inspected = run_pycuerun("-i", "job.outline").stdout
    shown = run_pycuerun("job.outline", "--dry-run", "--", "--Last", "3").stdout

    assert "Product" in inspected
    assert "12 frames" in shown  # two cameras, three frames, two gains


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "cannot read"),
        ("specificationVersion: jobtemplate-2023-09\nname: x\nsteps: [{name: a}]", "step 'a' has no script"),
        ("specificationVersion: jobtemplate-2023-09\nname: x", "run openjd check to see what is wrong"),
    ],
    ids=["no yaml", "no script", "no steps"],
)
def test_what_is_no_template_is_told_in_one_line(text: str, told: str, tmp_path: Path, run_outline: RunOutline):
    (tmp_path / "t.yaml").write_text(text)

    done = run_outline("import", "t.yaml", "-o", "job.outline")

    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "job.outline").exists()
