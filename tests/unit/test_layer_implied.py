# SPDX-License-Identifier: Apache-2.0
"""Which layers a layer waits for because of what it reads, and which paths that gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import Layer, Outline
from outline.depend import DependType
from outline.exception import DependencyCycle, LayerException
from outline.items import files
from outline.layer.inputs import read_inputs
from outline.layer.links import LayerLinks
from outline.modules.shell import Shell, ShellCommand

WORK = "/show/it's w"
FRAME, ALL = DependType.FrameByFrame, DependType.LayerOnLayer


@pytest.fixture
def ol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outline:
    """An outline that is launched from a folder of its own into a work folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRAMES", "frames")
    made = Outline("data", current=True)
    made.number_items({}, WORK)
    return made


def waits(layer: Layer) -> list[tuple[str, str]]:
    """For which layers a layer waits, and how."""
    return [(depend.get_depend_on_layer().get_name(), depend.get_type()) for depend in layer.get_depends()]


def read_by(layer: Layer, frame: int = 1) -> list[tuple[str, list[str]]]:
    """Labels and paths of what a frame reads."""
    return [(label, paths) for _, label, paths in LayerLinks(layer, WORK, "/launch").input_files(frame)]


ITEMS = {"items": ["a", "b c"]}
RANGE = {"range": "1-3"}


@pytest.mark.parametrize(
    ("maker", "folder", "reader", "path", "expected"),
    [
        ({}, "frames/", RANGE, "frames/0007.png", (ALL, "frames/0007.png")),
        ({}, "frames/", RANGE, "frames/####.png", (ALL, "frames/0001.png")),
        ({}, "frames/", ITEMS, "frames/%{KEY}.png", (ALL, "frames/a.png")),
        ({}, "frames/", RANGE, ".//frames/./sub/x.png", (ALL, "frames/sub/x.png")),
        ({}, "frames/", RANGE, "$FRAMES/x.png", (ALL, "frames/x.png")),
        ({}, "frames/", RANGE, f"{WORK}/frames/x.png", (ALL, "frames/x.png")),
        ({}, f"{WORK}/frames/", RANGE, "frames/x.png", (ALL, "frames/x.png")),
        ({}, "frames/", RANGE, "frames/sub/", (ALL, "frames/sub")),
        ({}, "ü it's/", RANGE, "ü it's/a#b [1].png", (ALL, "ü it's/a#b [1].png")),
        (ITEMS, "frames/%{KEY}/", ITEMS, "frames/%{KEY}/x.png", (FRAME, "frames/a/x.png")),
        (ITEMS, "frames/%{KEY}/", ITEMS, "frames/%{KEY}/%{KEY}.####.png", (FRAME, "frames/a/a.0001.png")),
        (RANGE, "frames/####/", RANGE, "frames/%04d/x.png", (FRAME, "frames/0001/x.png")),
        (RANGE, "frames/f.####.d/", RANGE, "frames/f.%04d.d/x.png", (FRAME, "frames/f.0001.d/x.png")),
        (ITEMS, "frames/%{KEY}/", RANGE, "frames/b c/x.png", (ALL, "frames/b c/x.png")),
        (ITEMS, "frames/%{KEY}/", ITEMS, "frames/a/x.png", (ALL, "frames/a/x.png")),
        (ITEMS, "frames/x%{KEY}/", ITEMS, "frames/x%{ITEM}/1.png", (ALL, "frames/xa/1.png")),
        (RANGE, "frames/####/", RANGE, "frames/0003/x.png", (ALL, "frames/0003/x.png")),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_a_path_in_a_folder_of_another_layer_waits_for_it(
    ol: Outline, maker: Any, folder: str, reader: Any, path: str, expected: tuple[str, str]
):
    (Shell if maker else ShellCommand)("extract", ["x"], outputs=folder, **maker)
    pick = Shell("pick", ["x"], inputs=path, **reader)

    ol.setup_depends()

    how, file = expected
    assert waits(pick) == [("extract", how)]
    assert read_by(pick) == [(file, [f"{WORK}/{file}"])]
    assert list(LayerLinks(pick, WORK).found_paths(1)) == []


@pytest.mark.parametrize(
    ("maker", "folder", "path"),
    [
        (ITEMS, "%{KEY}/", "scripts/vol.py"),
        (ITEMS, "frames/%{KEY}/", "frames/c/x.png"),
        (ITEMS, "frames/%{KEY}/", "frames/%{KEY}/../x.png"),
        ({}, "frames/", "frames/../x.png"),
        ({}, "frames/", "frames2/x.png"),
        ({}, "frames/", "/frames/x.png"),
        (RANGE, "frames/####/", "frames/##/x.png"),
        ({}, "frames", "frames/x.png"),
    ],
)
def test_other_paths_wait_for_nothing(ol: Outline, maker: Any, folder: str, path: str):
    (Shell if maker else ShellCommand)("extract", ["x"], outputs=folder, **maker)
    pick = Shell("pick", ["x"], inputs=path, items=["a", "b c"])

    ol.setup_depends()

    assert waits(pick) == []


def test_the_folder_of_an_output_is_named_with_what_is_inside(ol: Outline):
    extract = Shell("extract", ["x"], outputs={"main": "log.%{KEY}", "frames": "frames/%{KEY}/"}, **ITEMS)
    pick = Shell("pick", ["x"], inputs=extract.output("frames", "%{KEY}.png"), **ITEMS)
    sheet = ShellCommand(
        "sheet", ["x"], inputs={"a": extract.output("frames", "1"), "b": extract.output("frames", "2")}
    )

    ol.setup_depends()

    assert (waits(pick), waits(sheet)) == ([("extract", FRAME)], [("extract", ALL)])
    assert read_by(pick, 2) == [("frames/b c/b c.png", [f"{WORK}/frames/b c/b c.png"])]
    assert read_by(sheet) == [
        ("all of extract, frames, 1", [f"{WORK}/frames/a/1", f"{WORK}/frames/b c/1"]),
        ("all of extract, frames, 2", [f"{WORK}/frames/a/2", f"{WORK}/frames/b c/2"]),
    ]
    assert list(map(str, read_inputs(pick))) == ["frames/%{KEY}/%{KEY}.png"]


@pytest.mark.parametrize("inside", ["/etc/x", "../x", "a/../../x"])
def test_what_is_inside_of_a_folder_does_not_lead_out_of_it(ol: Outline, inside: str):
    extract = ShellCommand("extract", ["x"], outputs="frames/")
    pick = ShellCommand("pick", ["x"], inputs=extract.output("main", inside))

    with pytest.raises(LayerException, match=f"must be a path inside the output 'main' of 'extract', not '{inside}'"):
        read_inputs(pick)


def test_only_a_folder_has_something_inside(ol: Outline):
    extract = ShellCommand("extract", ["x"], outputs="frames.zip")
    pick = ShellCommand("pick", ["x"], inputs=extract.output("main", "1.png"))

    with pytest.raises(
        LayerException, match=r"is '1\.png' in the output 'main' of 'extract', which is no folder: frames"
    ):
        read_inputs(pick)


@pytest.mark.parametrize("path", ["frames/%{KEY}/x.png", "frames/a/x.png"])
def test_a_layer_does_not_read_in_its_own_folder(ol: Outline, path: str):
    Shell("sim", ["x"], inputs=path, outputs="frames/%{KEY}/", **ITEMS)

    with pytest.raises(LayerException, match=r"layer 'sim'.*: its input 'main' is in its own output"):
        ol.setup_depends()


def test_layers_that_read_in_the_folders_of_each_other_are_a_ring(ol: Outline):
    ShellCommand("a", ["x"], inputs="b/1.png", outputs="a/")
    ShellCommand("b", ["x"], inputs="a/1.png", outputs="b/")

    with pytest.raises(DependencyCycle, match=r"a \(.*\) -> b \(.*\) -> a"):
        ol.setup_depends()


def test_items_that_are_not_known_yet_are_not_asked_for(ol: Outline):
    ShellCommand("cut", ["x"], outputs="cut/")
    later = files("cut/*.png", after="cut")
    Shell("edges", ["x"], items=later, outputs="edges/%{KEY}/")
    sheet = ShellCommand("sheet", ["x"], inputs="edges/0001/x.png")

    ol.setup_depends()

    assert waits(sheet) == []
