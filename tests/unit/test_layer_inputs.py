# SPDX-License-Identifier: Apache-2.0
"""What the frames of a layer read, and the paths of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import Outline
from outline.exception import LayerException
from outline.items import files
from outline.layer.inputs import read_inputs
from outline.layer.links import LayerLinks
from outline.modules.shell import Shell


@pytest.fixture
def ol() -> Outline:
    return Outline("data", current=True)


@pytest.fixture
def launch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a blank and a quote in its path."""
    folder = tmp_path / "it's here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"command": ["x", "%{ITEM}", "%{OUTPUT}"]}, ["code", "item"]),
        ({"command": ["x", "%{INPUT:code}"]}, ["code"]),
        ({"command": ["x", "%{ITEM}"], "inputs": {"plate": "%{ITEM}", "code": "x.py"}}, ["plate", "code"]),
        ({"command": ["x", "%{ITEM}"], "inputs": None}, ["item"]),
    ],
    ids=["in the command", "not in it", "under another name", "no inputs"],
)
def test_a_file_item_that_a_command_names_is_an_input_beside_others(ol: Outline, args: Any, expected: list[str]):
    layer = Shell("vol", **{"items": files("*.jpg"), "inputs": {"code": "x.py"}, **args})

    assert [one.name for one in read_inputs(layer)] == expected


@pytest.mark.parametrize("inputs", ["%{ITEM}", "plates/%{KEY}.exr", "$PLATES/%{KEY}.%{ITEM:ext}"])
@pytest.mark.parametrize("name", ["a##b", "a.%04d", "$HOME", "#", "1-5", "it's ü"])
def test_names_of_files_are_no_places_for_frames_and_no_variables(
    ol: Outline, launch_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, inputs: str
):
    monkeypatch.setenv("PLATES", f"{launch_folder}/plates")
    (launch_folder / "plates").mkdir()
    (launch_folder / "plates" / f"{name}.exr").touch()
    layer = Shell("den", ["x"], items=files("plates/{name}.{ext}"), inputs=inputs.replace("%{KEY}", "%{ITEM:name}"))

    paths = LayerLinks(layer, "", str(launch_folder)).input_paths(1)

    assert paths == [("main", [f"{launch_folder}/plates/{name}.exr"])]


def test_an_input_that_a_column_leaves_empty_is_told(ol: Outline):
    layer = Shell("comp", ["x"], items={"../a": {"plate": "a.exr"}, "b": {"plate": ""}}, inputs="%{ITEM:plate}")

    links = LayerLinks(layer, "", "/show")
    assert links.input_paths(1) == [("main", ["/show/a.exr"])]
    with pytest.raises(LayerException, match=r"its input %{ITEM:plate} is empty for the item 'b'"):
        links.input_paths(2)


def test_a_folder_in_a_bucket_is_no_input(ol: Outline):
    layer = Shell("a", ["ls", "%{INPUT}"], range="1", inputs={"plates": "s3://show/plates/"})

    with pytest.raises(
        LayerException, match=r"input 'plates' is the folder s3://show/plates/, and only files are read"
    ):
        read_inputs(layer)
