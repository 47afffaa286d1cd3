# SPDX-License-Identifier: Apache-2.0
"""Layers whose frames stand for items."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from outline import Frame, FrameSet, Layer, Outline, load_outline
from outline.depend import DependType
from outline.environment import FrameFacts, frame_environment, layer_environment
from outline.exception import ItemException, LaunchException, LayerException, NoItems, OutlineException
from outline.items import Item, ItemTable, files, group, lines, rows
from outline.modules.contact_sheet import ContactSheet
from outline.modules.povray import PovRay
from outline.modules.shell import Shell, ShellSequence, plain_line
from outline.tokens import FrameTokens, expand_command

SEEDS = ["7", "11", "13"]


@pytest.fixture(autouse=True)
def launch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a blank and a quote in its path and a manifest in it."""
    folder = tmp_path / "it's here"
    folder.mkdir()
    (folder / "seeds.txt").write_text("\n".join(SEEDS))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def ol() -> Outline:
    return Outline("data", current=True)


def _frames(*layers: Layer) -> list[str | None]:
    return [layer.get_frame_range() for layer in layers]


def test_a_source_is_not_read_when_the_layer_is_made(ol: Outline):
    layer = Layer("gen", items=lines("none.txt"))

    with pytest.raises(ItemException, match=r"cannot read none.txt: No such file"):
        layer.get_frame_range()


@pytest.mark.parametrize("items", [lines("seeds.txt"), SEEDS, {"a": 1, "b": 2, "c": 3}], ids=["lines", "list", "dict"])
def test_each_item_is_a_frame(ol: Outline, items: Any):
    assert Layer("gen", items=items).get_frame_range() == "1-3"


def test_a_layer_knows_the_items_of_its_frames(ol: Outline):
    layer = Layer("gen", items={"a": {"res": 64}, "b": {"res": 128}})

    assert (layer.item_key(2), layer.item(2)) == ("b", {"res": 128})


def test_layers_share_the_numbers_of_their_keys(ol: Outline):
    first = Layer("first", items=["a", "b"])
    second = Layer("second", items=["b", "c"])
    third = Layer("third", items=first)

    frames = _frames(third, second, first)

    assert frames == ["1-2", "2-3", "1-2"]
    assert third.item_key(2) == second.item_key(2) == "b"


def test_a_child_has_the_items_of_its_parent(ol: Outline):
    parent = Layer("parent", items=SEEDS)
    child = Layer("child", register=False)
    parent.add_child(child)

    assert child.get_frame_range() == "1-3"
    assert child.item_key(3) == "13"


@pytest.mark.parametrize(("job", "expected"), [("2-3", ["2-3", "2-3"]), ("9", [None, None]), (None, ["1-3", "1-3"])])
def test_the_range_of_a_job_with_one_source_chooses_items(ol: Outline, job: str | None, expected: list[str | None]):
    layers = Layer("gen", items=lines("seeds.txt")), Layer("use", items=lines("seeds.txt"))
    Frame("report")
    ol.set_frame_range(job)

    assert _frames(*layers) == expected


def test_the_range_of_a_job_with_frames_of_another_kind_is_theirs(ol: Outline):
    gen, render = Layer("gen", items=SEEDS), Layer("render")
    ol.set_frame_range("100-200")

    assert _frames(gen, render) == ["1-3", "100-200"]


def test_a_range_that_could_mean_items_of_two_sources_is_refused(ol: Outline):
    layer = Layer("gen", items=["a"])
    Layer("use", items=["b"])
    ol.set_frame_range("1")

    with pytest.raises(ItemException, match=r"the range 1 could be items of .*\['a'\] or of .*\['b'\]; choose by key"):
        layer.get_frame_range()


def test_keys_can_be_chosen(ol: Outline):
    layer = Layer("gen", items=["sh010/a", "sh020/a", "sh010/b"])
    ol.set_only(["sh010/*"])

    assert layer.get_frame_range() == "1,3"


def test_a_source_without_a_chosen_key_has_no_frames(ol: Outline):
    shots = Layer("shots", items=["sh010", "sh020"])
    seeds = Layer("seeds", items=["7"])
    after = Layer("after", require=["seeds:all"])
    ol.set_only(["sh*"])

    ol.setup()
    saved = load_outline(ol.get_path())

    assert _frames(shots, seeds, after) == ["1-2", None, "1000-1000"]
    assert _frames(*saved.get_layers()) == ["1-2", None, "1000-1000"]


def test_a_key_that_no_item_has_cannot_be_chosen(ol: Outline):
    Layer("shots", items=["sh010"])
    Layer("after", require=["shots:all"])
    ol.set_only(["nosuch*"])

    with pytest.raises(OutlineException, match=r"no item has a key like 'nosuch\*'"):
        ol.check()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Layer("gen", items=["a"], range="1-3"), "give items= or range=, not both"),
        (
            lambda: PovRay("gen", scene="a.pov", outputs="a.####.png", items=["a"]),
            "PovRay renders frames, so each item needs a whole number 'frame'; the item 'a' has none",
        ),
        (
            lambda: PovRay("gen", scene="a.pov", outputs="a.####.png", items=[{"frame": 1}, {"frame": "1.5"}]),
            "the item '2' has '1.5'",
        ),
        (
            lambda: PovRay("gen", scene="a.pov", outputs="a.####.png", items={"a": {"frame": 1}, "b": {"frame": "1"}}),
            "the items 'a' and 'b' both write a.0001.png; put %{KEY} into the path",
        ),
        (
            lambda: ContactSheet("all", source="a.####.png", outputs="a.png", items=[{"frame": 1}]),
            "ContactSheet makes one file of all its frames, so it takes no items=; give it range=",
        ),
        (lambda: Frame("gen", items=["a"]), "Frame has frames of its own, so it takes no items="),
        (lambda: ShellSequence("gen", [["true"]], items=["a"]), "give items= or range=, not both"),
        (lambda: Layer("gen", items=7), r"items=7 must be a source such as lines\('seeds.txt'\)"),
        (lambda: Layer("gen", items=Layer("plain", range="1")), "items='plain' is a layer without items of its own"),
        (
            lambda: Layer("gen", items=["a"]).add_child(Layer("kid", items=["b"], register=False)),
            "a child has the items of its parent",
        ),
    ],
)
def test_items_that_a_layer_cannot_have_are_refused(ol: Outline, make: Any, message: str):
    make()

    with pytest.raises(LayerException, match=message):
        ol.check()


def test_a_layer_without_items_has_no_item(ol: Outline):
    layer = Layer("gen", range="1")

    with pytest.raises(LayerException, match="layer 'gen'.* has no items; give it items="):
        layer.item(1)
    with pytest.raises(OutlineException, match="frame 2 has no item of .*"):
        Layer("two", items=["a"]).item(2)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"items": ["a", "b"]}, {"items": ["a", "b"]}, DependType.FrameByFrame),
        ({"items": ["a", "b", "c"]}, {"items": ["b", "a"]}, DependType.FrameByFrame),
        ({"items": ["a"]}, {"range": "1-9"}, DependType.LayerOnLayer),
        ({"range": "1-9"}, {"items": ["a"]}, DependType.LayerOnLayer),
        ({"items": rows("s.csv")}, {"items": group(rows("s.csv"), "shot")}, DependType.LayerOnLayer),
    ],
    ids=["same keys", "some keys", "frames wait for items", "items wait for frames", "groups wait for members"],
)
def test_frames_wait_for_the_items_of_their_key(
    ol: Outline, launch_folder: Path, first: dict[str, Any], second: dict[str, Any], expected: DependType
):
    (launch_folder / "s.csv").write_text("plate,shot\np1,s1\np2,s1\n")
    Layer("first", **first)
    waiting = Layer("second", require=["first"], **second)

    ol.check()

    assert [depend.get_type() for depend in waiting.get_depends()] == [expected]


def test_a_key_that_nobody_makes_is_told_before_the_launch(ol: Outline):
    Layer("first", items=["a"])
    Layer("second", items=[*"abcdefg"], require=["first"])

    with pytest.raises(LayerException) as told:
        ol.check()

    assert "lack 6 of its keys: 'b', 'c', 'd', 'e', 'f' …; wait for all of it with require='first:all'" in str(
        told.value
    )


def test_a_session_holds_the_items(ol: Outline, launch_folder: Path):
    (launch_folder / "b.exr").touch()
    Layer("gen", items=lines("seeds.txt"))
    Layer("use", items=files("*.exr"), require=["gen:all"])
    ol.setup()
    (launch_folder / "seeds.txt").unlink()

    loaded = load_outline(ol.get_path() or "")

    gen, use = loaded.get_layer("gen"), loaded.get_layer("use")
    assert _frames(gen, use) == ["1-3", "4"]
    assert [gen.item(frame) for frame in (1, 2, 3)] == SEEDS
    assert use.item(4) == {"path": "b.exr"}
    assert sorted(os.listdir(os.path.join(loaded.get_session().get_path(), "items"))) == [
        "1.jsonl",
        "1.jsonl.index",
        "2.jsonl",
        "2.jsonl.index",
    ]


def test_a_frame_finds_its_item_in_its_environment(ol: Outline):
    layer = Layer("gen", items={"sh010/a": {"shot": "sh010", "plate": 7}})
    ol.setup()

    env = frame_environment(layer_environment(ol, layer), FrameFacts(1))

    assert (env["OL_ITEM_KEY"], env["OL_ITEM"]) == ("sh010/a", '{"shot": "sh010", "plate": 7}')
    tokens = FrameTokens.from_environment(env)
    assert expand_command(["x", "%{KEY} %{ITEM:plate} %{ITEM:none} %{ITEM}"], tokens) == [
        "x",
        "sh010/a 7 %{ITEM:none} %{ITEM}",
    ]


def test_what_is_too_long_for_an_environment_is_left_out_of_it(ol: Outline):
    layer = Layer("gen", items={str(n): "x" * (40_000 if n == 1 else 1) for n in range(1, 9000)})
    ol.set_only(["1", "*3*", "*7*"])
    ol.setup()

    shared = layer_environment(ol, layer)

    assert "CUE_RANGE" not in shared
    assert "OL_ITEM" not in frame_environment(shared, FrameFacts(1))
    assert frame_environment(shared, FrameFacts(3))["OL_ITEM"] == '"x"'


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ("%{KEY}_small.jpg", ["a b", "c"]),
        ("it's ü/%{KEY}_small.jpg", ["a b", "a b_small", "c"]),
        ("%{ITEM}_small.jpg", ["a b", "c"]),
        ("*_small.jpg", ["a b", "a b_small", "c"]),
    ],
    ids=["beside", "elsewhere", "by path", "no wildcard of outputs"],
)
def test_what_a_job_makes_is_no_item_of_it(ol: Outline, launch_folder: Path, outputs: str, expected: list[str]):
    for name in ("a b", "c", "a b_small"):
        (launch_folder / f"{name}.jpg").write_text(name)
    layer = Shell("small", ["true"], items=files("*.jpg"), outputs=outputs)
    shots = Shell("shots", ["true"], items=group(files("{name}.jpg"), "name"))

    assert [layer.item_key(frame) for frame in FrameSet(layer.get_frame_range())] == sorted(expected)
    assert [shots.item_key(frame) for frame in FrameSet(shots.get_frame_range())] == sorted(expected)


def test_a_source_that_finds_nothing_but_outputs_names_their_layer(ol: Outline, launch_folder: Path):
    (launch_folder / "cut.0001.png").write_text("one")
    Shell("cut", ["true"], range="1-2", outputs="cut.####.png")
    layer = Shell("edges", ["true"], items=files("*.png"))

    with pytest.raises(NoItems) as told:
        layer.get_frame_range()

    assert str(told.value) == (
        "files('*.png') has no items: 1 file that matches is an output of this job, such as cut.0001.png of layer cut;"
        " write these elsewhere, or read them with after='cut'"
    )


def test_what_a_layer_makes_is_an_item_of_those_after_it_and_what_they_make_is_not(ol: Outline, launch_folder: Path):
    for name in ("cut.0001", "cut.0002", "cut.0001_edges"):
        (launch_folder / f"{name}.png").write_text(name)
    cut = Shell("cut", ["true"], range="1-2", outputs="cut.####.png")
    Shell("mend", ["true"], range="1-2", require=["cut"])
    layer = Shell("edges", ["true"], items=files("*.png", after="mend"), outputs="%{KEY}_edges.png")
    ol._ol_state.through = {"mend"}

    ol.check()

    assert cut.get_frame_range() == "1-2"
    assert [layer.item_key(frame) for frame in FrameSet(layer.get_frame_range())] == ["cut.0001", "cut.0002"]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item("a", 7), "a 7"),
        (Item("a", True), "a True"),
        (Item("a", {"path": "x y.exr", "shot": "s"}), "a x y.exr"),
        (Item("a", [1, 2]), "a [1, 2]"),
        (Item("a", "-7"), "a -7"),
        (Item("-a", {"path": "-a.exr"}), "-a ./-a.exr"),
    ],
    ids=["number", "bool", "file", "list", "negative", "file with a dash"],
)
def test_tokens_of_an_item(item: Item, expected: str):
    assert expand_command(["%{KEY} %{ITEM}"], FrameTokens(1, item=item)) == [expected]


def test_hashes_stay_in_a_command_that_names_its_item(ol: Outline):
    layer = Shell("gen", ["x", "%{KEY}", "a.####.exr"], items=["a"])

    assert layer.frame_commands(layer.get_local_frame_set(1)) == [(["x", "%{KEY}", "a.####.exr"], 1)]


def test_items_need_pycuerun_on_the_hosts(ol: Outline):
    layer = Shell("gen", ["x", "%{KEY}"], items=["a"])

    with pytest.raises(LaunchException, match="layer 'gen'.* has items, which a farm does not know"):
        plain_line(layer)


def test_a_value_that_is_no_data_is_told(ol: Outline):
    Layer("gen", items={"a": ItemTable("x")})

    with pytest.raises(ItemException, match="the value of the item 'a' is not plain data"):
        ol.setup()


@pytest.mark.parametrize("is_saved", [False, True], ids=["described", "in its session"])
def test_a_group_reads_what_was_made_of_its_members(ol: Outline, launch_folder: Path, is_saved: bool):
    (launch_folder / "s.csv").write_text("plate,shot\np1,s1\np2,s2\np3,s1\n")
    plates = rows("s.csv")
    clean = Layer("clean", items=plates, outputs="den/%{KEY}.exr")
    Layer("movie", items=group(plates, "shot"), inputs={"plates": clean}, outputs="%{KEY}.mov")
    if is_saved:
        ol.setup()
        ol = load_outline(ol.get_session().get_file("outline.yaml"))
    else:
        ol.check()
    movie = ol.get_layer("movie")
    number = {movie.item_key(frame): frame for frame in FrameSet(movie.get_frame_range() or "")}

    made = {key: [os.path.basename(path) for path in movie.input_paths(frame)] for key, frame in number.items()}

    assert made == {"s1": ["p1.exr", "p3.exr"], "s2": ["p2.exr"]}


def test_a_list_of_members_that_no_other_layer_has_changes_nothing(ol: Outline):
    made = Layer("made", items=["a", "b"], outputs="%{KEY}.txt")
    reads = Layer("reads", items={"x": {"members": ["c"]}}, require=["made:all"], outputs="%{KEY}.out")
    ol.check()

    paths = reads.input_paths(int(reads.get_frame_range() or 0), "made")

    assert [os.path.basename(path) for path in paths] == ["a.txt", "b.txt"]
    assert made.get_frame_range() == "1-2"
