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


def test_all_frames_that_are_asked_for_must_exist(folder: pathlib.Path) -> None:
    write(folder, "a.0001.exr", "a.0002.exr")
    sequence = io.FileSpec(folder / "a.####.exr")

    assert sequence.exists([1, 2])
    assert not sequence.exists([1, 2, 3])


def test_an_empty_file_counts_as_missing(folder: pathlib.Path) -> None:
    write(folder, "a.0001.exr")
    write(folder, "a.0002.exr", text="")
    sequence = io.FileSpec(folder / "a.####.exr")

    assert not sequence.exists([1, 2])
    assert not sequence.exists()


def test_row_29_without_frames_the_range_of_the_pattern_counts(folder: pathlib.Path) -> None:
    write(folder, "a.0001.exr", "a.0002.exr")

    assert io.FileSpec(folder / "a.1-2####.exr").exists()
    assert not io.FileSpec(folder / "a.1-3####.exr").exists()


def test_row_29_without_any_range_one_frame_must_be_there(folder: pathlib.Path) -> None:
    write(folder, "a.0007.exr")

    assert io.FileSpec(folder / "a.####.exr").exists()
    assert not io.FileSpec(folder / "b.####.exr").exists()
    assert not io.FileSpec(folder / "none" / "a.####.exr").exists()


def test_a_relative_pattern_is_looked_for_here(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.0007.exr")
    monkeypatch.chdir(folder)

    assert io.FileSpec("a.####.exr").exists()


@pytest.mark.parametrize("extensions", [[".tif"], ["tif"], "tif", (".jpg", ".tif")])
def test_a_frame_may_have_another_extension(folder: pathlib.Path, extensions: object) -> None:
    write(folder, "a.0001.exr", "a.0002.tif")
    sequence = io.FileSpec(folder / "a.####.exr", checkExt=extensions)

    assert sequence.exists([1, 2])
    assert sequence.exists()


def test_row_29_one_frame_with_another_extension_does_not_stand_for_all(folder: pathlib.Path) -> None:
    write(folder, "a.0001.tif")
    sequence = io.FileSpec(folder / "a.####.exr", checkExt=[".tif"])

    assert not sequence.exists([1, 2, 3, 4, 5])


def test_another_extension_of_an_empty_file_is_looked_for(folder: pathlib.Path) -> None:
    write(folder, "a.0001.exr", text="")
    write(folder, "a.0001.tif")

    assert io.FileSpec(folder / "a.####.exr", checkExt=["tif"]).exists()


def test_a_single_file_is_the_file_of_every_frame(folder: pathlib.Path) -> None:
    write(folder, "scene.mb")

    assert io.FileSpec(folder / "scene.mb").exists()
    assert io.FileSpec(folder / "scene.mb").exists([1, 2])
    assert io.FileSpec(folder / "scene.ma", checkExt=["mb"]).exists()
    assert not io.FileSpec(folder / "other.mb").exists([1])


def test_a_tile_is_any_four_digits(folder: pathlib.Path) -> None:
    write(folder, "a.1001.exr", "a.1012.exr", "a.12.exr", "b.abcd.exr")

    assert io.FileSpec(folder / "a.<UDIM>.exr").exists([1, 2])
    assert io.FileSpec(folder / "a.<udim>.exr").get_size() == 2
    assert not io.FileSpec(folder / "b.<UDIM>.exr").exists()


def test_an_empty_tile_counts_as_missing(folder: pathlib.Path) -> None:
    write(folder, "a.1001.exr")
    write(folder, "a.1002.exr", text="")

    assert not io.FileSpec(folder / "a.<UDIM>.exr").exists()


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
