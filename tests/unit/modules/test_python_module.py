# SPDX-License-Identifier: Apache-2.0
"""Python functions and scripts that do the work of frames."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

from outline import FrameSet, Outline
from outline.console import OutputReader
from outline.exception import LayerException, ShellCommandFailureException
from outline.items import files
from outline.layer.state import state_of
from outline.modules.python import SCRIPT, Python

MODULE = """
import sys
from pathlib import Path

def main(frames, folder="out", text="picture"):
    Path(folder).mkdir(exist_ok=True)
    for frame in frames:
        Path(folder, f"{frame:04d}.txt").write_text(text)

def fail(frames):
    raise ValueError(f"no {frames}")

class Group:
    nested = main
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a module."""
    (tmp_path / "work.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def launch(**args: object) -> Python:
    """Set up a job of one layer."""
    ol = Outline("shot", frame_range="1-3", current=False)
    layer = Python("p", chunk=3, **args)
    ol.add_layer(layer)
    ol.setup()
    return layer


def run(**args: object) -> None:
    """Launch a layer and run its one chunk in this process."""
    launch(**args).execute(1)


@pytest.mark.parametrize("function", ["work.py:main", "work:main", "work:Group.nested"])
def test_a_function_is_called_with_the_frames_of_the_chunk(here: Path, function: str) -> None:
    run(function=function, kwargs={"text": "a b"}, outputs="out/####.txt", import_paths=".")

    assert [path.read_text() for path in sorted((here / "out").iterdir())] == ["a b"] * 3


def test_a_script_finds_frames_and_arguments_as_variables(here: Path) -> None:
    (here / "plot.py").write_text("import work\nwork.main(frames, text=word)\nassert __name__ == '__main__'\n")

    run(script="plot.py", kwargs={"word": "plotted"}, outputs="out/####.txt")

    assert (here / "out" / "0003.txt").read_text() == "plotted"


def test_another_interpreter_can_be_named(here: Path) -> None:
    (here / "python9").write_text(f'#!/bin/sh\necho "$@" > words\nexec {sys.executable} "$@"\n')
    (here / "python9").chmod(0o755)

    run(function="work.py:main", python=str(here / "python9"), extra_args=["-O"])

    assert (here / "words").read_text().startswith("-O -u ")


def test_the_interpreter_of_the_library_is_taken_otherwise() -> None:
    (command,) = Python("p", function="a:b").list_commands(FrameSet("3,1"))

    assert command.argv[:3] == [sys.executable, "-u", SCRIPT]
    assert json.loads(command.argv[3]) == {"function": "a:b", "script": "", "frames": [3, 1], "kwargs": {}, "paths": []}


def test_folders_of_the_layer_and_of_the_file_are_searched_for_modules(here: Path) -> None:
    layer = launch(script="work.py", import_paths=["lib"], python_path=["/studio"])

    (command,) = layer.list_commands(FrameSet("1"))

    assert json.loads(command.argv[3])["paths"] == [str(here / "lib"), "/studio", str(here)]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("work.py:fail", r"Python said: ValueError: no \[1, 2, 3\]"),
        ("nowhere:f", "No module named 'nowhere'"),
        ("work.py:no", r"Python said: AttributeError: .*work\.py has no function no"),
    ],
)
def test_an_error_fails_the_frame_with_its_own_words(here: Path, function: str, message: str) -> None:
    with pytest.raises(ShellCommandFailureException, match=message):
        run(function=function)


def test_outputs_are_looked_at_when_there_are_some(here: Path) -> None:
    with pytest.raises(LayerException, match="is missing for frames 1-3"):
        run(function="work.py:main", outputs="other/####.txt")


@pytest.mark.parametrize("args", [{"script": "none.py"}, {"function": "none.py:main"}])
def test_a_file_that_is_not_there_is_told(here: Path, args: dict[str, str]) -> None:
    with pytest.raises(LayerException, match=r"layer 'p': there is no file .*none\.py"):
        run(**args)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "needs function= .* or script=, one of them"),
        ({"function": "a:b", "script": "c"}, "one of them"),
        ({"function": "package.module"}, r"function is 'package\.module'; write it as 'package\.module:name'"),
        ({"function": "a:b", "kwargs": {"x": object()}}, "kwargs must be plain data"),
        ({"function": "a:b", "kwargs": 5}, "kwargs must be a dict of values by names, not 5"),
        ({"function": "a:b", "kwargs": {5: 6}}, "kwargs must be a dict of values by names, not {5: 6}"),
    ],
)
def test_what_cannot_be_called_is_refused_at_the_launch(args: dict[str, object], message: str) -> None:
    with pytest.raises(LayerException, match=message):
        launch(**args)


def test_progress_is_read_in_the_words_of_open_job_description() -> None:
    reader = OutputReader(Python.output_rules)

    reader.feed(b"openjd_progress: 25\nopenjd_status: baking\nKeyError: 'x'\n")

    assert (reader.progress.percent, reader.progress.note, reader.errors) == (25, "baking", ["KeyError: 'x'"])


def test_the_script_is_not_in_the_way_of_modules_with_the_name_of_a_neighbour(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = {"function": "work:main", "script": "", "frames": [5], "kwargs": {}, "paths": [str(here)]}
    monkeypatch.setattr(sys, "path", [str(Path(SCRIPT).parent), *sys.path])
    monkeypatch.setattr(sys, "argv", [SCRIPT, json.dumps(work)])
    monkeypatch.delitem(sys.modules, "work", raising=False)

    runpy.run_path(SCRIPT, run_name="__main__")

    assert (here / "out" / "0005.txt").exists()
    assert sys.path[0] == str(here)


def test_a_call_that_is_too_long_for_a_command_goes_by_way_of_a_file(here: Path) -> None:
    text = "ä" * 200_000
    layer = launch(function="work.py:main", kwargs={"text": text}, outputs="out/####.txt")

    layer.execute(1)

    assert [path.read_text() == text for path in sorted((here / "out").iterdir())] == [True] * 3
    assert list(Path(layer.get_path()).glob("call.*")) == []


def test_a_long_call_that_fails_leaves_no_file(here: Path) -> None:
    (here / "long.py").write_text("def fail(frames, text):\n    raise ValueError('too long')\n")
    layer = launch(function="long.py:fail", kwargs={"text": "x" * 200_000})

    with pytest.raises(ShellCommandFailureException, match="too long"):
        layer.execute(1)

    assert list(Path(layer.get_path()).glob("call.*")) == []


# -- items -------------------------------------------------------------------------------------------------------

ITEMS = """
from pathlib import Path

def write(item, path, key=""):
    if item == "bad":
        raise ValueError(f"no {item}")
    Path(path).write_text(f"{item} {key}")
    return {"length": len(str(item))}

def count(item):
    return 5

def words(item, words):
    Path("words").write_text(str(words))
"""

UGLY = 'it\'s 5% of %{FRAME} "ü"'


@pytest.fixture
def items(here: Path) -> Path:
    """Work in a folder with functions for items."""
    (here / "items.py").write_text(ITEMS)
    return here


def launch_items(source: object, **args: object) -> Python:
    """Set up a job of one layer whose items are all in one chunk."""
    ol = Outline("shot", current=False)
    layer = Python("p", items=source, chunk=9, **args)
    ol.add_layer(layer)
    ol.setup()
    return layer


def test_a_function_is_called_with_each_item_and_may_return_its_result(items: Path) -> None:
    kwargs = {"path": "%{OUTPUT}", "key": "key %{KEY}"}
    layer = launch_items({"a": 1, "b": UGLY}, function="items.py:write", kwargs=kwargs, outputs="out/%{KEY}.txt")

    layer.execute(1)

    assert {path.name: path.read_text() for path in (items / "out").iterdir()} == {
        "a.txt": "1 key a",
        "b.txt": f"{UGLY} key b",
    }
    assert state_of(layer).results == {1: {"length": 1}, 2: {"length": len(UGLY)}}


def test_an_item_that_fails_names_its_own_file_and_the_words_of_the_error(items: Path) -> None:
    kwargs = {"path": "%{OUTPUT}"}
    layer = launch_items(["bad"], function="items.py:write", kwargs=kwargs, outputs="out/%{KEY}.txt")

    with pytest.raises(ShellCommandFailureException, match=r"out/bad\.txt; Python said: ValueError: no bad"):
        layer.execute(1)

    assert list((items / "out").iterdir()) == []


def test_a_function_that_returns_no_dict_for_an_item_is_told(items: Path) -> None:
    layer = launch_items(["a"], function="items.py:count")

    with pytest.raises(ShellCommandFailureException, match="returned a int for the item 'a', and no dict or None"):
        layer.execute(1)


def test_texts_in_lists_and_dicts_hold_tokens_too(items: Path) -> None:
    (items / "in.txt").write_text("in")
    words = ["%{INPUT}", {"name": "%{ITEM:stem}"}, 5, ("%{KEY}",)]
    source = files("{stem}.txt")
    layer = launch_items(source, function="items.py:words", kwargs={"words": words})

    layer.execute(1)

    assert (items / "words").read_text() == str(["in.txt", {"name": "in"}, 5, ["in"]])


def test_a_script_finds_the_item_as_a_variable(items: Path) -> None:
    (items / "plot.py").write_text("import items\nitems.write(item, path)\n")
    layer = launch_items(["a", "b"], script="plot.py", kwargs={"path": "%{OUTPUT}"}, outputs="out/%{KEY}.txt")

    layer.execute(1)

    assert [path.read_text() for path in sorted((items / "out").iterdir())] == ["a ", "b "]
