# SPDX-License-Identifier: Apache-2.0
"""The tokens of a command that only its layer knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from outline import Outline
from outline.exception import LayerException
from outline.layer.fill import fill_in
from outline.layer.results import seed_of
from outline.modules.shell import Shell
from outline.tokens import FrameTokens, expand_command


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A layer of two frames that reads a file of its frame, and all files of another layer."""
    monkeypatch.chdir(tmp_path)
    ol = Outline("job", "7-8", current=True)
    plates = Shell("plates", ["x"], outputs="p/a b.####.exr")
    made = Shell(
        "comp", ["x"], inputs={"one": "in/#.exr", "all": plates}, outputs={"main": "o.####.exr", "log": "%04d"}
    )
    made.depend_all(plates)
    ol.setup()
    return made


def _plates() -> list[str]:
    return [f"{Path.cwd()}/p/a b.{frame}.exr" for frame in ("0007", "0008")]


@pytest.mark.parametrize(
    ("command", "filled"),
    [
        pytest.param(["x", "%{OUTPUT}"], lambda: ["x", f"{Path.cwd()}/o.0007.exr"], id="the first output"),
        pytest.param(["-o%{OUTPUT:log}"], lambda: [f"-o{Path.cwd()}/0007"], id="in a word"),
        pytest.param("x '%{INPUT} y'", lambda: ["x", "in/0007.exr y"], id="a text is split once"),
        pytest.param(["x", "%{INPUT:all}", "y"], lambda: ["x", *_plates(), "y"], id="several words"),
        pytest.param(["x=%{INPUT:all}"], lambda: [f"x={' '.join(_plates())}"], id="several in a word"),
        pytest.param(["%{OUTPUT}#FRAMESPEC#"], lambda: [f"{Path.cwd()}/o.####.exr#FRAMESPEC#"], id="of a chunk"),
        pytest.param(["%{SEED:1}", "%{RESULT:a}"], lambda: ["%{SEED:1}", "%{RESULT:a}"], id="no names of ours"),
    ],
)
def test_a_token_becomes_what_the_layer_knows(layer: Shell, command: Any, filled: Any):
    words = fill_in(layer, command, 7)

    assert expand_command(words, FrameTokens()) == filled()


def test_a_list_of_inputs_is_a_file(layer: Shell):
    (word,) = fill_in(layer, ["-l%{INPUTLIST:all}"], 7)

    assert Path(word.removeprefix("-l")).read_text().splitlines() == _plates()


def test_the_seed_and_the_place_for_the_result_are_those_of_the_frame(layer: Shell):
    seed, first, second = fill_in(layer, ["%{SEED}", "%{RESULT}", "%{RESULT}"], 8)

    assert (seed, first) == (str(seed_of(layer, 8)), second)
    assert re.fullmatch(rf"{re.escape(layer.get_path())}/\.result-8-.*\.json", first)


def test_without_a_frame_only_outputs_are_filled_in(layer: Shell):
    words = fill_in(layer, ["%{OUTPUT}", "%{INPUT}", "%{SEED}", "%{RESULT}"], None)

    assert expand_command(words, FrameTokens())[1:] == ["%{INPUT}", "%{SEED}", "%{RESULT}"]
    assert words[0].endswith("/o.####.exr".replace("#", "#\0"))


def test_what_looks_like_a_token_in_a_path_is_none():
    Outline("job", "1", current=True)
    layer = Shell("a", ["x"], inputs="in/#IFRAME#", outputs="out/%{KEY}", items={"%{FRAME}": 1})

    words = fill_in(layer, ["%{OUTPUT}", "%{INPUT}"], 1)

    assert [word.rpartition("/")[2] for word in expand_command(words, FrameTokens(5))] == ["%{FRAME}", "#IFRAME#"]


def test_a_command_without_such_tokens_stays_what_it_is(layer: Shell):
    command = "x '%{FRAME}'"

    assert fill_in(layer, command, 7) is command


@pytest.mark.parametrize(
    ("word", "problem"), [("%{OUTPUT:x}", "no output 'x'"), ("%{INPUT:x}", "no input 'x'; it has one, all")]
)
def test_what_the_layer_has_not_is_told(layer: Shell, word: str, problem: str):
    with pytest.raises(LayerException, match=problem):
        fill_in(layer, [word], 7)
