# SPDX-License-Identifier: Apache-2.0
"""What layers of every kind declare with ``outputs=``: written beside, checked, renamed when all went well."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from outline import Layer, Outline
from outline.exception import LayerException, OutlineException
from outline.frames import FrameSet
from outline.io import FileSpec
from outline.modules.shell import Shell, ShellCommand
from tests.support import job_in, outline_file

WRITE = "import sys; open(sys.argv[1], 'w').write('picture'); print('wrote', sys.argv[1])"
TOUCH = "import sys; open(sys.argv[1], 'w')"


class Writer(Layer):
    """Writes a text for each frame, where the layer says."""

    def _execute(self, frames: FrameSet) -> None:
        for frame in frames:
            path = self.output_path(frame)
            Path(path).write_text(self.get_arg("text", "picture"))
            self.seen = path
        if self.get_arg("fails"):
            raise ValueError("no luck")


class Studio(Layer):
    """Is a module of before layers had outputs, which has an argument of that name."""

    def _execute(self, frames: FrameSet) -> None:
        self.got = self.get_arg("outputs")


class StudioOfNow(Writer):
    """Makes a layer with outputs, and means nothing of its own by them."""

    def _setup(self) -> None:
        Shell("more", ["true"], outputs="b.####.txt", register=False)


class StudioWithParameter(Layer):
    """Takes the argument in its constructor, and keeps it."""

    def __init__(self, name: str, outputs: Any = None) -> None:
        super().__init__(name)
        self.set_arg("outputs", outputs)


class StudioWithAll(Studio):
    """Looks at all arguments at once."""

    def _execute(self, frames: FrameSet) -> None:
        self.got = self.get_args()["outputs"]


def ready(layer: Layer, frames: str = "1-2") -> Layer:
    """Set up an outline of one layer."""
    ol = Outline("shot", frame_range=frames, current=False)
    ol.add_layer(layer)
    ol.setup()
    return layer


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with blanks and quotes in its name."""
    folder = tmp_path / 'shot\'s  (a "b") ä'
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# -- a frame ----------------------------------------------------------------------------------------------------


def test_an_output_is_written_beside_and_renamed(here: Path) -> None:
    layer = ready(Writer("w", outputs="out/a.####.txt", chunk=2))

    layer.execute(1)

    assert names_in(here / "out") == ["a.0001.txt", "a.0002.txt"]
    assert Path(layer.seen).name.startswith(".part-")
    assert layer.output_path(2) == str(here / "out/a.0002.txt")


def test_an_output_is_written_in_its_place_when_a_layer_says_so(here: Path) -> None:
    layer = ready(Writer("w", outputs="out/a.####.txt", beside=False))

    layer.execute(1)

    assert layer.seen == str(here / "out" / "a.0001.txt")
    assert names_in(here / "out") == ["a.0001.txt"]


def test_a_frame_that_fails_keeps_what_was_there_and_leaves_nothing_new(here: Path) -> None:
    layer = ready(Writer("w", outputs="out/a.####.txt", fails=True))
    (here / "out").mkdir()
    (here / "out" / "a.0001.txt").write_text("an older one")

    with pytest.raises(ValueError, match="no luck"):
        layer.execute(1)

    assert names_in(here / "out") == ["a.0001.txt"]
    assert (here / "out" / "a.0001.txt").read_text() == "an older one"


@pytest.mark.parametrize(
    ("name", "text", "args", "reason"),
    [
        ("a.####.txt", "", {}, "is empty for frames 1"),
        ("a.####.txt", "x", {"min_bytes": 3}, "is not larger than 3 bytes for frames 1"),
        ("a.####.ppm", "P6 9 9 255 ", {}, "is cut short for frames 1"),
    ],
)
def test_a_bad_output_fails_the_frame(here: Path, name: str, text: str, args: dict[str, Any], reason: str) -> None:
    layer = ready(Writer("w", outputs=f"out/{name}", text=text, **args))

    with pytest.raises(LayerException, match=rf"layer 'w' \(.*\.py:\d+\): output 'main' {reason}: .*out/a.####"):
        layer.execute(1)

    assert names_in(here / "out") == []


@pytest.mark.parametrize("switch", [{"nocheck": True}, {"check_outputs": False}])
def test_checks_can_be_left_out(here: Path, switch: dict[str, bool]) -> None:
    ready(Writer("w", outputs="out/a.####.txt", text="", **switch)).execute(1)

    assert names_in(here / "out") == ["a.0001.txt"]


def test_an_output_that_nobody_asks_for_is_looked_for_in_its_place(here: Path) -> None:
    outputs = {"main": "out/a.####.txt", "log": "log.####.txt", "extra": "extra.####.txt"}
    layer = ready(Writer("w", outputs=outputs, optional="extra"))
    (here / "log.0001.txt").write_text("of an earlier run, which a command may leave as it is")

    layer.execute(1)

    with pytest.raises(LayerException, match="output 'log' is missing for frames 2"):
        layer.execute(2)


@pytest.mark.parametrize("kind", [Studio, StudioWithAll])
def test_an_argument_that_a_studios_class_reads_by_itself_keeps_its_meaning(here: Path, kind: type[Layer]) -> None:
    layer = ready(kind("s", outputs=["beauty", "depth"]))

    layer.execute(1)

    assert layer.got == ["beauty", "depth"]
    assert layer.get_outputs() == {}


def test_a_parameter_of_a_studios_constructor_keeps_its_meaning(here: Path) -> None:
    assert ready(StudioWithParameter("s", outputs={"beauty": 5})).get_outputs() == {}


def test_a_class_that_only_makes_layers_with_outputs_has_none_of_its_own_meaning(here: Path) -> None:
    assert set(ready(StudioOfNow("s", outputs="a.####.txt")).get_outputs()) == {"main"}


def test_other_layers_find_outputs_by_name_beside_those_that_were_added(here: Path) -> None:
    layer = Writer("w", outputs={"beauty": "out/a.####.txt"})
    layer.add_output("more", FileSpec("b.####.txt"))

    found = layer.get_outputs()

    assert {name: path.get_path() for name, path in found.items()} == {
        "beauty": str(here / "out/a.####.txt"),
        "more": "b.####.txt",
    }


# -- commands ---------------------------------------------------------------------------------------------------


def test_a_command_gets_the_paths_of_its_frame(here: Path) -> None:
    outputs = {"main": "out/a.####.txt", "log": "out/b.####.txt"}
    layer = ready(Shell("s", [sys.executable, "-c", WRITE, "%{OUTPUT}"], outputs=outputs, optional="log", chunk=2))

    layer.execute(1)

    assert names_in(here / "out") == ["a.0001.txt", "a.0002.txt"]


def test_a_command_of_a_chunk_gets_the_path_with_a_place_for_the_frame(here: Path) -> None:
    split = "import sys; [open(sys.argv[1].replace('####', f'{n:04d}'), 'w').write('x') for n in (1, 2)]"
    layer = ready(
        Shell(
            "s",
            [sys.executable, "-c", split, "%{OUTPUT:beauty}", "%{RANGE}"],
            outputs={"beauty": "a.####.txt"},
            chunk=2,
        )
    )

    layer.execute(1)

    assert names_in(here) == ["a.0001.txt", "a.0002.txt"]


def test_paths_hold_what_a_frame_works_on(here: Path) -> None:
    command = [sys.executable, "-c", WRITE, "%{OUTPUT}"]
    layer = ready(Shell("s", command, items=["x", "y/z"], outputs="out/%{ITEM}.####.txt"), "")
    (here / "out" / "y").mkdir(parents=True)
    (here / "out" / "y" / ".part-7-z.0002.txt").write_text("half of what a killed attempt wrote")

    layer.execute(1)
    layer.execute(2)

    assert [path.relative_to(here).as_posix() for path in sorted((here / "out").rglob("*.txt"))] == [
        "out/x.0001.txt",
        "out/y/z.0002.txt",
    ]


def test_an_item_cannot_lead_out_of_the_folder(here: Path) -> None:
    layer = ready(Shell("s", ["true", "%{OUTPUT}"], items=["../../x"], outputs="out/%{ITEM}.txt"), "")

    with pytest.raises(OutlineException, match=r"output 'main': %{ITEM} is '../../x', which leads out of its folder"):
        layer.execute(1)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (lambda: Shell("s", ["x", "%{OUTPUT}"]), "its command names the output 'main', but its outputs are none"),
        (
            lambda: Shell("s", ["x", "%{OUTPUT:b}"], outputs={"a": "a.#.exr"}),
            "its command names the output 'b', but its outputs are a",
        ),
        (lambda: Shell("s", ["x"], outputs="a.exr"), "its output 'a.exr' is a single file; put #### into its path"),
        (lambda: Shell("s", ["x"], outputs=5), r"layer 's' \(test_layer_outputs.py:\d+\): outputs are paths"),
        (
            lambda: Shell("s", ["x"], outputs={"a": "a.#.exr", "b": "./a.#.exr"}),
            "its outputs 'a' and 'b' are one file, ./a.#.exr; give each a path of its own",
        ),
    ],
    ids=["no outputs", "another name", "one file of many frames", "no path", "one file twice"],
)
def test_mistakes_are_told_at_launch(here: Path, layer: Any, reason: str) -> None:
    with pytest.raises(LayerException, match=reason):
        ready(layer())


def test_a_single_frame_may_have_a_single_file(here: Path) -> None:
    ready(ShellCommand("s", [sys.executable, "-c", WRITE, "%{OUTPUT}"], outputs="movie.txt")).execute(1)

    assert names_in(here) == ["movie.txt"]


def test_jobs_check_outputs_without_a_python_process_for_each_frame(
    here: Path, session_root: Path, run_pycuerun: Any
) -> None:
    script = outline_file(
        here,
        f"""
        from outline.modules.shell import Shell
        Shell("good", [{sys.executable!r}, "-c", {WRITE!r}, "%{{OUTPUT}}"], outputs="out/good.####.txt", chunk=2)
        Shell("bad", [{sys.executable!r}, "-c", {TOUCH!r}, "%{{OUTPUT}}"], outputs="out/bad.####.txt")
        """,
    )

    result = run_pycuerun(script, "1-3", "--backend", "local", "--max-retries", "0", cwd=here)

    assert result.returncode == 1
    assert job_in(session_root).counts == {"SUCCEEDED": 2, "DEAD": 3}
    assert "layer 'bad': output 'main' is empty for frames 2" in result.stdout
    assert names_in(here / "out") == ["good.0001.txt", "good.0002.txt", "good.0003.txt"]


def test_an_error_in_items_names_the_layer_once(tmp_path: Path):
    layer = Layer("gen", items=7, outputs=str(tmp_path / "a.#.png"), register=False)

    with pytest.raises(LayerException) as caught:
        layer.output_path(1)

    assert str(caught.value).count("'gen'") == 1
