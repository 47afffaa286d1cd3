# SPDX-License-Identifier: Apache-2.0
"""File sequences on disk: which folders they make, what counts as being there, how they are saved."""

from __future__ import annotations

import logging
import os
import pathlib

import pytest
import yaml

from outline import io
from tests.support import write


def test_row_29_mkdir_makes_the_folder_that_the_files_are_in(folder: pathlib.Path) -> None:
    sequence = io.FileSpec(folder / "new" / "a.####.exr")

    sequence.mkdir()
    sequence.mkdir()

    assert os.listdir(folder / "new") == []


def test_mkdir_without_a_folder_has_nothing_to_do(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    io.FileSpec("a.####.exr").mkdir()

    assert os.listdir(folder) == []


ONE, TWO, EMPTY_TWO = {"a.0001.exr": "x"}, {"a.0001.exr": "x", "a.0002.exr": "x"}, {"a.0001.exr": "x", "a.0002.exr": ""}
MIXED = {"a.0001.exr": "x", "a.0002.tif": "x"}


@pytest.mark.parametrize(
    ("files", "pattern", "extensions", "frames", "exists"),
    [
        pytest.param(TWO, "a.####.exr", None, [1, 2], True, id="all frames that are asked for"),
        pytest.param(TWO, "a.####.exr", None, [1, 2, 3], False, id="not all frames that are asked for"),
        pytest.param(EMPTY_TWO, "a.####.exr", None, [1, 2], False, id="an empty file counts as missing"),
        pytest.param(EMPTY_TWO, "a.####.exr", None, None, False, id="an empty file counts as missing, without frames"),
        pytest.param(TWO, "a.1-2####.exr", None, None, True, id="row 29: the range of the pattern"),
        pytest.param(TWO, "a.1-3####.exr", None, None, False, id="row 29: not all of the range of the pattern"),
        pytest.param(ONE, "a.####.exr", None, None, True, id="row 29: any frame without a range"),
        pytest.param(ONE, "b.####.exr", None, None, False, id="row 29: no frame without a range"),
        pytest.param(ONE, "none/a.####.exr", None, None, False, id="row 29: no folder"),
        *(
            pytest.param(MIXED, "a.####.exr", extensions, frames, True, id=f"another extension, {extensions}, {frames}")
            for extensions in ([".tif"], ["tif"], "tif", (".jpg", ".tif"))
            for frames in ([1, 2], None)
        ),
        pytest.param({"a.0001.tif": "x"}, "a.####.exr", [".tif"], [1, 2, 3], False, id="row 29: one for all"),
        pytest.param(
            {"a.0001.exr": "", "a.0001.tif": "x"}, "a.####.exr", ["tif"], None, True, id="beside an empty file"
        ),
        pytest.param({"scene.mb": "x"}, "scene.mb", None, None, True, id="a single file"),
        pytest.param({"scene.mb": "x"}, "scene.mb", None, [1, 2], True, id="a single file is that of every frame"),
        pytest.param({"scene.mb": "x"}, "scene.ma", ["mb"], None, True, id="a single file of another extension"),
        pytest.param({"scene.mb": "x"}, "other.mb", None, [1], False, id="no single file"),
        pytest.param({"a.1001.exr": "x", "a.1002.exr": ""}, "a.<UDIM>.exr", None, None, False, id="an empty tile"),
    ],
)
def test_a_sequence_exists_when_its_frames_are_there(
    folder: pathlib.Path,
    files: dict[str, str],
    pattern: str,
    extensions: object,
    frames: list[int] | None,
    exists: bool,
) -> None:
    for name, text in files.items():
        write(folder, name, text=text)
    sequence = io.FileSpec(folder / pattern, **({"checkExt": extensions} if extensions else {}))

    assert sequence.exists(*([frames] if frames else [])) is exists


def test_a_relative_pattern_is_looked_for_here(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.0007.exr")
    monkeypatch.chdir(folder)

    assert io.FileSpec("a.####.exr").exists()


def test_a_tile_is_any_four_digits(folder: pathlib.Path) -> None:
    write(folder, "a.1001.exr", "a.1012.exr", "a.12.exr", "b.abcd.exr")

    assert io.FileSpec(folder / "a.<UDIM>.exr").exists([1, 2])
    assert io.FileSpec(folder / "a.<udim>.exr").get_size() == 2
    assert not io.FileSpec(folder / "b.<UDIM>.exr").exists()


def test_tiles_and_frames_go_together(folder: pathlib.Path) -> None:
    write(folder, "a_1001.0001.exr", "a_1002.0001.exr", "a_1001.0002.exr")
    sequence = io.FileSpec(folder / "a_<UDIM>.####.exr")

    assert sequence.exists([1, 2])
    assert sequence.exists()
    assert not sequence.exists([3])
    assert sequence.get_frame_set().getAll() == [1, 2]
    assert sequence.get_size([1]) == 2


def test_the_size_is_that_of_all_frames(folder: pathlib.Path) -> None:
    write(folder, "a.0001.exr", "a.0002.exr", text="four")

    assert io.FileSpec(folder / "a.####.exr").get_size() == 8
    assert io.FileSpec(folder / "a.####.exr").get_size([2]) == 4


def test_a_missing_frame_adds_no_size_and_is_logged(folder: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "outline.io")

    assert io.FileSpec(folder / "a.####.exr").get_size([1]) == 0
    assert "a.0001.exr: No such file" in caplog.text


# -- YAML of PyOutline -------------------------------------------------------------------------------------------


class Loader(yaml.SafeLoader):
    pass


class Dumper(yaml.SafeDumper):
    pass


Loader.add_constructor("!FileSpec", io.file_spec_constructor)
Dumper.add_representer(io.FileSpec, io.file_spec_serializer)


def test_the_yaml_form_of_pyoutline_is_read_and_written() -> None:
    text = yaml.dump([io.FileSpec("/x/a.####.exr", checked=True)], Dumper=Dumper)

    (read,) = yaml.load(text, Loader=Loader)

    assert "!FileSpec" in text
    assert (type(read), read, read.get_attribute("checked")) == (io.FileSpec, "/x/a.####.exr", True)


def test_row_12_crafted_yaml_runs_nothing(tmp_path: pathlib.Path) -> None:
    text = f"!FileSpec \"['a.#.exr', !!python/object/apply:os.mkdir ['{tmp_path}/pwned']]\""

    with pytest.raises(yaml.constructor.ConstructorError):
        yaml.load(text, Loader=Loader)
    assert not (tmp_path / "pwned").exists()
