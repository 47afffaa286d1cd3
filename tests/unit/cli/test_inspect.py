# SPDX-License-Identifier: Apache-2.0
"""What ``pycuerun -i`` and ``--dry-run`` show of an outline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outline.cli.check.outline import check_outline
from outline.cli.dry_run import dry_run_data, dry_run_text
from outline.cli.inspect import inspect_text
from outline.cli.reading import read_outline
from outline.exception import LayerNotFound, OutlineException
from outline.frames import FrameRangeError
from tests.support import outline_file

SHOT = """
    from outline import Layer, LayerPreProcess
    from outline.modules.shell import Shell, ShellCommand, ShellScript
    class Scene(LayerPreProcess):
        def _setup(self):
            raise RuntimeError("a dry run must not set up")
        def _execute(self, frames):
            pass
    render = Shell("render", ["mk", "%{FRAME}", "#FRAME_START#", "x.####.exr"], chunk=3, memory="1g", env={"A": "b"})
    Scene(render)
    Shell("comp", ["it's", "%{ZFRAME}"], require="render")
    Layer("own", range="2", require=["comp:all", "render:any"], colour="red")
    ShellScript("script", "/nowhere/x.sh")
    Shell("late", "ls", range="900")
"""


@pytest.fixture
def shot(tmp_path: Path) -> str:
    return str(outline_file(tmp_path, SHOT))


def dry_run(path: str, **flags: Any) -> dict[str, Any]:
    return dry_run_data(read_outline(path).outline, {"backend": "local", "range": "1-10", **flags})


def test_inspect_shows_classes_ranges_chunks_and_dependencies(shot: str) -> None:
    text = inspect_text(shot, "1-10")

    assert "1-10  (10 frames in 4 chunks of 3)" in text
    assert ".Scene\n  type     Util" in text
    assert "comp  LAYER_ON_LAYER" in text
    assert "render  LAYER_ON_LAYER, any frame" in text
    assert "colour = 'red'" in text
    assert "none: 900 has no frame of the job's range" in text
    assert f"{shot}:9" in text


def test_inspect_shows_children(tmp_path: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Composite
        from outline.modules.shell import Shell
        Composite("both").add_child(Shell("part", ["ls"]))
        """,
    )

    text = inspect_text(str(script), "1-2")

    assert "both.part" in text
    assert "those of its parent" in text


def test_inspect_of_json(tmp_path: Path) -> None:
    layer = {"name": "cmd", "module": "outline.modules.shell.Shell", "command": ["ls"]}
    path = tmp_path / "job.json"
    path.write_text(json.dumps({"name": "job", "range": "1-4", "layers": [layer]}))

    assert "frames  1-4  (4 frames)" in inspect_text(str(path))


@pytest.mark.parametrize("look", [inspect_text, lambda path: dry_run_text(read_outline(path).outline, {})])
def test_looking_writes_nothing(look: Any, tmp_path: Path, own_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "besides.py").write_text("COMMAND = ['ls']\n")
    script = outline_file(
        tmp_path, "import besides\nfrom outline.modules.shell import Shell\nShell('x', besides.COMMAND)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    before = sorted(own_world.rglob("*")) + sorted(tmp_path.rglob("*"))

    look(str(script))

    assert sorted(own_world.rglob("*")) + sorted(tmp_path.rglob("*")) == before


def test_a_script_that_launches_by_itself_is_only_looked_at(tmp_path: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Outline, cuerun
        from outline.modules.shell import Shell
        ol = Outline("mine")
        ol.add_layer(Shell("x", ["ls"]))
        cuerun.launch(ol, range="3-5", backend="nowhere", maxretries=7)
        raise AssertionError("not reached")
        """,
    )

    reading = read_outline(str(script))
    data = dry_run_data(reading.outline, reading.flags)

    assert (data["job"], data["range"], data["max_retries"]) == ("testing-default-tester_mine", "3-5", 7)


def test_a_script_that_exits_is_an_error(tmp_path: Path) -> None:
    script = outline_file(tmp_path, "import sys\nsys.exit('no licence')\n")

    with pytest.raises(OutlineException, match=r"sys\.exit\('no licence'\)"):
        inspect_text(str(script))


def test_dry_run_tells_frames_chunks_and_dependencies(shot: str) -> None:
    data = dry_run(shot)

    layers = {layer["name"]: layer for layer in data["layers"]}
    assert list(layers) == ["render", "render_preprocess", "comp", "own", "script"]
    assert data["left_out"] == ["late"]
    assert data["frames"] == 4 + 1 + 10 + 1 + 1
    assert (layers["render"]["chunks"], layers["render"]["memory_kb"]) == ("1-10x3", 1024**2)
    assert layers["own"]["depends"] == [
        {"layer": "comp", "type": "LAYER_ON_LAYER", "any_frame": False},
        {"layer": "render", "type": "LAYER_ON_LAYER", "any_frame": True},
    ]


def test_dry_run_tells_the_commands_of_the_first_frames(shot: str) -> None:
    layers = {layer["name"]: layer for layer in dry_run(shot)["layers"]}

    assert [run["frame"] for run in layers["comp"]["runs"]] == ["0001-comp", "0002-comp"]
    assert layers["comp"]["runs"][1]["commands"] == [["it's", "0002"]]
    assert layers["render"]["runs"][1]["commands"] == [["mk", "4", "4", "x.####.exr"]]
    assert layers["own"]["note"] == "Python: Layer._execute"
    assert layers["script"]["note"].startswith("the command is not known before _setup has run")


def test_dry_run_tells_the_environment(shot: str) -> None:
    environ = dry_run(shot, env=["K=a=b"])["layers"][0]["environment"]

    assert (environ["K"], environ["A"]) == ("a=b", "b")
    assert (environ["CUE_FRAME"], environ["OL_LAYER_RANGE"], environ["CUE_CHUNK"]) == ("0001-render", "1-3", "3")
    assert environ["CUE_LOG_PATH"] == "<session>/logs"
    assert environ["CUE_LAYER_ID"] == "<id>"


def test_dry_run_as_text(shot: str) -> None:
    text = dry_run_text(read_outline(shot).outline, {"backend": "local", "range": "1-10"})

    assert "each chunk waits for the chunks of render that hold its frames  (FRAME_BY_FRAME)" in text
    assert "every chunk waits for the first chunk of render that succeeds" in text
    assert """0001-comp  'it'"'"'s' 0001""" in text
    assert "left out, no frame in the job's range: late" in text


def test_dry_run_as_json_is_json(shot: str) -> None:
    text = dry_run_text(read_outline(shot).outline, {"range": "1-10"}, "json")

    assert json.loads(text)["range"] == "1-10"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("Shell('x', ['ls'], require='nosuch')", LayerNotFound),
        ("Shell('x')", OutlineException),
        ("Shell('x', ['ls'], range='1-x')", OutlineException),
        ("Shell('x', ['ls'], memory='lots')", OutlineException),
        ("", OutlineException),
    ],
)
def test_dry_run_refuses_what_a_launch_would_refuse(line: str, error: type[Exception], tmp_path: Path) -> None:
    script = outline_file(tmp_path, f"from outline.modules.shell import Shell\n{line}\n")
    ol = read_outline(str(script)).outline

    with pytest.raises(error):
        dry_run_text(ol, {"range": "1-10"})


def test_dry_run_refuses_a_bad_range(shot: str) -> None:
    with pytest.raises(FrameRangeError, match="column"):
        dry_run(shot, range="1-")


def test_a_dry_run_of_large_chunks_can_be_read(tmp_path: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline.modules.shell import Shell
        Shell("many", ["draw", "%{KEY}"], items=list(range(2000)), chunk=500)
        """,
    )

    text = dry_run_text(read_outline(str(script)).outline, {"backend": "local"})

    assert "range    none; each layer has frames of its own" in text
    assert len(text.splitlines()) < 70
    assert "0501-many  draw 500\n" in text
    assert "0501-many  and 490 more commands\n" in text
    assert "and 2 more chunks\n" in text


LATER = """
    from outline.items import files
    from outline.modules.shell import Shell, ShellCommand
    cut = ShellCommand("cut", ["cut", "%{OUTPUT}"], outputs="cut.txt")
    edges = Shell("edges", ["edges", "%{INPUT}", "%{OUTPUT}"], items=files("cut/*.png", after=cut), outputs="e/%{KEY}")
    Shell("sheet", ["sheet", "%{INPUT}"], inputs=edges)
"""


def test_items_that_are_made_first_are_not_left_out(tmp_path: Path) -> None:
    script = outline_file(tmp_path, LATER)

    text = inspect_text(str(script))

    assert text.count("frames   known when the layer that makes its items is through") == 2
    assert "items = files('cut/*.png')" in text
    assert "left out" not in text


def test_a_check_does_not_call_items_that_are_made_first_left_out(tmp_path: Path) -> None:
    report = check_outline(str(outline_file(tmp_path, LATER)))

    assert [finding.message for finding in report.findings if finding.rule == "range"] == []
