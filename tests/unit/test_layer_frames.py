# SPDX-License-Identifier: Apache-2.0
"""The frames of layers, their chunks and children, and what they read and write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from outline import (
    Composite,
    Frame,
    Layer,
    LayerException,
    LayerPostProcess,
    LayerPreProcess,
    Outline,
    OutlinePostCommand,
    PostFrame,
    Shell,
)
from outline.constants import LayerType
from outline.frames import FrameRangeError, FrameSet
from outline.io import FileSpec
from outline.io import Path as IoPath
from outline.layer.ranges import frames_of

# -- ranges and chunks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "own", "expected"),
    [
        (None, None, "1000-1000"),
        ("1-10", None, "1-10"),
        (None, "5-8", "5-8"),
        ("1-10", "5-15", "5-10"),
        ("10-1", "5-15", "10-5"),
        ("1-10", "20-30", None),
        ("1-10", 5, "5"),
        ("1-10", [2, 4, 6], "2-6x2"),
        (None, "1-3,2-5", "1-3,2-5"),
    ],
)
def test_frame_range_is_the_layers_own_cut_by_the_jobs(job: Any, own: Any, expected: str | None) -> None:
    ol = Outline("x", frame_range=job)
    layer = Layer("a", range=own)
    ol.add_layer(layer)

    frames = frames_of(own, job)

    assert (frames and list(FrameSet(frames))) == (expected and list(FrameSet(expected)))
    assert layer.get_frame_range() == frames


def test_fault_42_range_with_blanks_is_read_and_a_wrong_one_says_where() -> None:
    layer = Layer("a")

    layer.set_frame_range("1-4, 8")
    assert list(FrameSet(layer.get_frame_range())) == [1, 2, 3, 4, 8]

    with pytest.raises(FrameRangeError) as caught:
        layer.set_frame_range("1-4,5..8")
    assert (caught.value.part, caught.value.column) == ("5..8", 6)


@pytest.mark.parametrize("job", [None, "1-10"])
def test_wrong_range_of_a_layer_is_an_error_before_anything_is_made(job: str | None, session_root: Path) -> None:
    ol = Outline("x", frame_range=job)
    ol.add_layer(Shell("a", ["true"], range="1..4"))

    with pytest.raises(LayerException, match=r"layer 'a' \(test_layer_frames\.py:\d+\): .*1\.\.4"):
        ol.setup()

    assert not session_root.exists()


@pytest.mark.parametrize("chunk", [0, -1, "many", 0.5])
def test_fault_41_chunk_below_one_is_refused_at_setup(chunk: Any) -> None:
    ol = Outline("x", "1-4")
    ol.add_layer(Shell("a", ["true"], chunk=chunk))

    with pytest.raises(LayerException, match=r"layer 'a'.*chunk must be 1 or more"):
        ol.setup()


def test_frame_outside_of_the_range_runs_alone_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    layer = Layer("a", range="1-8", chunk=4)

    frames = layer.get_local_frame_set(9)

    assert frames.getAll() == [9]
    assert re.search(r"layer 'a' \(.*\) has no frame 9, and it runs all the same; the range is 1-8", caplog.text)


@pytest.mark.parametrize(
    ("own", "job", "common"),
    [
        ("1-10:5", "1-10", "1,6,3,5,7,9,2,4,8,10"),
        ("10-1", "3-8", "8,7,6,5,4,3"),
        ("5,1,3", "1-4", "1,3"),
        ("1-100", "4,2,1", "4,2,1"),
        ("1-100", "1-4", "1-4"),
        ("1-2000", "1-3000x8", ",".join(map(str, range(1, 2000, 8)))),
        ("1-100000", "1-100000x3", "1-100000x3"),
    ],
)
def test_order_of_the_layer_is_kept_over_what_the_job_has(own: str, job: str, common: str) -> None:
    ol = Outline("job", job)
    layer = Layer("a", range=own)
    ol.add_layer(layer)

    assert layer.get_frame_range() == common


@pytest.mark.parametrize(
    ("frames", "chunk"),
    [("1-10:5", 3), ("1-20:8", 4), ("5,1,9,3", 2), ("-5-5", 2), ("10,20,1-3", 2), ("1,2,3,4,99", 3), ("1-3,2-5", 2)],
)
def test_fault_06_every_frame_is_in_exactly_one_chunk(frames: str, chunk: int) -> None:
    from outline.backend.local import build_frame_range

    layer = Layer("a", range=frames, chunk=chunk)
    heads = build_frame_range(layer.get_frame_range(), chunk)

    found = [frame for head in heads for frame in layer.get_local_frame_set(head)]

    assert sorted(found) == sorted(set(FrameSet(frames)))


def test_fault_15_range_of_a_million_frames_costs_nothing() -> None:
    ol = Outline("x", "1-1000000")
    layer = Layer("a", range="1-2000000", chunk=10)
    ol.add_layer(layer)

    frames = layer.get_local_frame_set(999_991)

    assert layer.get_frame_range() == "1-1000000"
    assert list(frames) == list(range(999_991, 1_000_001))


# -- frames ---------------------------------------------------------------------------------------------------


def test_frame_has_one_frame_whatever_the_range() -> None:
    ol = Outline("x", "10-1")
    frame = Frame("a", range="5-8")
    ol.add_layer(frame)

    frame.set_frame_range("2-3")

    assert frame.get_frame_range() == "10"


def test_fault_40_frame_without_an_outline_has_the_default_range() -> None:
    assert Frame("a").get_frame_range() == "1000-1000"


def test_post_command_and_post_frame_are_of_type_post() -> None:
    assert PostFrame("a").get_type() is LayerType.POST
    assert OutlinePostCommand("b").get_type() is LayerType.POST
    assert OutlinePostCommand("c").get_service() == "postprocess"


def test_preprocess_follows_its_creator() -> None:
    ol = Outline("x", "1-10", current=True)
    creator = Layer("a", range="5-8")

    preprocess = LayerPreProcess(creator, suffix="cache")

    assert preprocess.get_name() == "a_cache"
    assert preprocess.get_frame_range() == "5"
    assert preprocess.get_creator() is creator
    assert preprocess.get_type() is LayerType.UTIL
    assert creator.get_preprocess_layers() == [preprocess]
    assert [str(d.get_depend_on_layer()) for d in creator.get_depends()] == ["a_cache"]
    assert ol.is_layer("a_cache")


def test_preprocess_of_a_layer_without_frames_has_none() -> None:
    ol = Outline("x", "1-10", current=True)

    preprocess = LayerPreProcess(Layer("a", range="20"))

    assert preprocess.get_outline() is ol
    assert preprocess.get_frame_range() is None


def test_postprocess_waits_for_all_of_its_creator() -> None:
    creator = Layer("a")

    postprocess = LayerPostProcess(creator)

    (depend,) = postprocess.get_depends()
    assert postprocess.get_name() == "a_postprocess"
    assert (depend.get_depend_on_layer(), depend.get_type(), depend.is_propagated()) == (
        creator,
        "LAYER_ON_LAYER",
        True,
    )


# -- children -------------------------------------------------------------------------------------------------


def test_child_is_no_layer_of_the_outline_any_more() -> None:
    ol = Outline("x", current=True)
    parent, child, grandchild = Composite("parent"), Layer("child"), Layer("grandchild")

    parent.add_child(child)
    child.add_child(grandchild)

    assert ol.get_layers() == [parent]
    assert ol.get_layer("parent.child.grandchild") is grandchild
    assert grandchild.get_outline() is ol


def test_children_must_be_layers() -> None:
    with pytest.raises(LayerException, match="children must be Layers"):
        Layer("a").add_child("b")  # type: ignore[arg-type]
    with pytest.raises(LayerException, match="parent must be a Layer"):
        Layer("a").set_parent(None)  # type: ignore[arg-type]


# -- inputs and outputs -----------------------------------------------------------------------------------------


def test_inputs_and_outputs_are_named() -> None:
    layer = Layer("a")

    layer.add_input("plate", "/shots/plate.exr")
    layer.add_input("", FileSpec("/shots/b.#.exr"))
    layer.add_output("out", IoPath("/shots/out"))
    layer.set_output_attribute("checked", False)
    layer.get_inputs().clear()

    assert list(layer.get_inputs()) == ["plate", "input1"]
    assert layer.get_input("plate").get_path() == "/shots/plate.exr"
    assert layer.get_output("out").get_attribute("checked") is False


def test_name_of_an_input_is_unique_and_a_wrong_one_is_told() -> None:
    layer = Layer("a")
    layer.add_input("plate", "/a")

    with pytest.raises(LayerException, match="already has an input named 'plate'"):
        layer.add_input("plate", "/b")
    with pytest.raises(LayerException, match=r"has no input 'x'; it has \['plate'\]"):
        layer.get_input("x")
    with pytest.raises(LayerException, match="has no output 'x'; it has none"):
        layer.get_output("x")


def test_missing_input_names_the_frames(tmp_path: Path) -> None:
    layer = Layer("a")
    layer.add_input("plate", FileSpec(tmp_path / "a.#.exr", checked=True))
    for frame in (1, 3, 5):
        (tmp_path / f"a.{frame:04d}.exr").write_text("x")

    layer.check_input(FrameSet("1-5x2"))

    with pytest.raises(LayerException, match="input 'plate' is missing or empty for frames 2-6x2:"):
        layer.check_input(FrameSet("1-6"))


@pytest.mark.parametrize("kind", [LayerPreProcess, LayerPostProcess])
def test_process_that_is_given_a_name_says_what_it_takes(kind: type) -> None:
    with pytest.raises(
        LayerException, match=rf"{kind.__name__} takes the layer that it belongs to, not 'verify'; make"
    ):
        kind("verify")
