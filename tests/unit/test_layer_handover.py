# SPDX-License-Identifier: Apache-2.0
"""What layers hand to one another through the session: outputs, arguments, files, data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import Layer, LayerException, LayerPreProcess, Outline, OutlineException, SessionException, load_outline
from outline.io import FileSpec
from outline.io import Path as IoPath

seen: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    """Begin every test with nothing seen."""
    seen.clear()


class Reads(Layer):
    """Notes its outputs and an argument."""

    def _before_execute(self) -> None:
        seen.append({name: path.get_path() for name, path in self.get_outputs().items()})

    def _execute(self, frames: Any) -> None:
        seen.append(self.get_arg("scene"))


class Finds(LayerPreProcess):
    """Finds outputs when it runs."""

    def _execute(self, frames: Any) -> None:
        self.add_output("image", FileSpec("/shots/a.#.exr", checked=False))


def _loaded(ol: Outline) -> Outline:
    ol.setup()
    return load_outline(str(ol.get_path()))


def test_outputs_that_a_preprocess_finds_reach_its_creator() -> None:
    ol = Outline("job", "1-2", current=True)
    Finds(Reads("a"))
    _loaded(ol).get_layer("a_preprocess").execute(1)

    load_outline(str(ol.get_path())).get_layer("a").execute(2)

    assert seen == [{"image": "/shots/a.#.exr"}, None]


def test_retry_of_a_preprocess_hands_over_again() -> None:
    ol = Outline("job", "1-2", current=True)
    Finds(Reads("a"))
    _loaded(ol).get_layer("a_preprocess").execute(1)

    load_outline(str(ol.get_path())).get_layer("a_preprocess").execute(1)

    assert ol.get_layer("a").get_data("ol:outputs")["image"].get_attribute("checked") is False


def test_arguments_are_overridden_in_the_frame() -> None:
    ol = Outline("job", "1", current=True)
    Reads("a", scene="old.mb")  # type: ignore[call-arg]
    loaded = _loaded(ol)
    ol.get_layer("a").put_data("args_override", {"scene": "new.mb", "chunk": 2})

    loaded.get_layer("a").execute(1)

    assert seen == [{}, "new.mb"]


def test_preprocess_overrides_arguments_of_its_creator() -> None:
    ol = Outline("job", "1", current=True)
    creator = Reads("a", scene="old.mb")  # type: ignore[call-arg]
    Finds(creator)
    loaded = _loaded(ol)
    ol.get_layer("a_preprocess").put_data("args_override", {"scene": "new.mb"})

    loaded.get_layer("a_preprocess").execute(1)

    assert loaded.get_layer("a").get_arg("scene") == "new.mb"


@pytest.mark.parametrize(
    ("text", "problem"),
    [("[1]\n", "args_override must be a dict"), ("!!python/name:os.system ''", "does not hold plain data")],
)
def test_fault_07_override_that_cannot_be_read_fails_the_frame(text: str, problem: str) -> None:
    ol = Outline("job", "1", current=True)
    Reads("a")
    loaded = _loaded(ol)
    Path(ol.get_layer("a").get_path(), "args_override").write_text(text)

    with pytest.raises(OutlineException, match=problem):
        loaded.get_layer("a").execute(1)

    assert seen == []


def test_outputs_under_the_name_of_pyoutline_are_read() -> None:
    ol = Outline("job", "1", current=True)
    Reads("a")
    loaded = _loaded(ol)
    ol.get_layer("a").put_data("ol:outputs", {"image": IoPath("/shots/b.#.exr", checked=False)})

    loaded.get_layer("a").execute(1)

    assert seen == [{"image": "/shots/b.#.exr"}, None]


@pytest.mark.parametrize("name", ["ol_outputs", "ol:outputs"])
def test_outputs_that_cannot_be_read_fail_the_frame(name: str) -> None:
    ol = Outline("job", "1", current=True)
    Reads("a")
    loaded = _loaded(ol)
    Path(ol.get_layer("a").get_path(), name).write_text("!!python/name:os.system ''")

    with pytest.raises(SessionException, match="does not hold plain data"):
        loaded.get_layer("a").execute(1)


class Writes(Layer):
    """Writes its output, unless told not to."""

    def _execute(self, frames: Any) -> None:
        for frame in frames:
            if self.get_arg("scene") != "nothing":
                Path(self.get_output("image").get_frame_path(frame)).write_text("x")  # type: ignore[attr-defined]


def test_folder_of_an_output_is_made_before_the_frame(tmp_path: Path) -> None:
    ol = Outline("job", "1-2", current=True)
    Writes("a", chunk=2).add_output("image", FileSpec(tmp_path / "new/deep/a.#.exr", mkdir=True, checked=True))

    _loaded(ol).get_layer("a").execute(1)

    assert sorted(path.name for path in (tmp_path / "new/deep").iterdir()) == ["a.0001.exr", "a.0002.exr"]


def test_fault_30_frame_without_its_output_fails(tmp_path: Path) -> None:
    ol = Outline("job", "1-2", current=True)
    layer = Writes("a", chunk=2, scene="nothing")  # type: ignore[call-arg]
    layer.add_output("image", FileSpec(tmp_path / "a.#.exr", checked=True))

    with pytest.raises(LayerException, match="output 'image' is missing or empty for frames 1-2"):
        _loaded(ol).get_layer("a").execute(1)


def test_nocheck_leaves_the_check_out(tmp_path: Path) -> None:
    ol = Outline("job", "1-2", current=True)
    layer = Writes("a", nocheck=True, scene="nothing")  # type: ignore[call-arg]
    layer.add_output("image", FileSpec(tmp_path / "a.#.exr", checked=True))

    _loaded(ol).get_layer("a").execute(1)


def test_frame_without_its_input_does_not_begin(tmp_path: Path) -> None:
    ol = Outline("job", "1", current=True)
    Reads("a").add_input("plate", IoPath(tmp_path / "none", checked=True))

    with pytest.raises(LayerException, match="input 'plate' is missing"):
        _loaded(ol).get_layer("a").execute(1)

    assert seen == [{}]


def test_data_and_files_of_layer_and_job_are_apart(tmp_path: Path) -> None:
    scene = tmp_path / "scene.ma"
    scene.write_text("as it was")
    ol = Outline("job", "1", current=True)
    layer = Layer("a")
    ol.setup()

    layer.put_data("key", (1, "two"))
    ol.put_data("key", {"three": {4}})
    copies = [layer.put_file(str(scene)), ol.put_file(str(scene), rename="job.ma")]
    scene.write_text("changed")

    loaded = load_outline(str(ol.get_path()))
    assert loaded.get_layer("a").get_data("key") == (1, "two")
    assert loaded.get_data("key") == {"three": {4}}
    assert [loaded.get_layer("a").get_file("scene.ma"), loaded.get_file("job.ma")] == copies
    assert [Path(copy).read_text() for copy in copies] == ["as it was"] * 2


def test_session_is_there_from_setup_on() -> None:
    Outline("job", "1", current=True)
    layer, alone = Layer("a"), Layer("b", register=False)

    with pytest.raises(SessionException, match="outline 'job' has no session before it is set up"):
        layer.put_data("key", 1)
    with pytest.raises(SessionException, match="not part of an outline"):
        alone.get_data("key")


def test_link_into_the_session_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    ol = Outline("job", "1", current=True)
    layer = Layer("a")
    ol.setup()
    layer.sym_file(str(tmp_path / "one"), rename="scene")

    link = layer.sym_file(str(tmp_path / "two"), rename="scene")

    assert Path(link).is_symlink()
    assert Path(layer.get_file("scene")).read_text() == "2"
    assert Path(Layer.get_temp_dir()).is_dir()
