# SPDX-License-Identifier: Apache-2.0
"""Paths and file sequences: what they name, and what counts as being there."""

from __future__ import annotations

import pathlib
import pickle
import tempfile

import pytest

from outline import io
from outline.exception import FileSpecException
from tests.support import write

# -- Path --------------------------------------------------------------------------------------------------------


def test_a_path_is_neither_checked_nor_made_unless_asked() -> None:
    assert io.Path("/x/a.txt").get_attributes() == {"checked": False, "mkdir": False}


def test_a_path_has_the_attributes_it_was_given() -> None:
    path = io.Path("/x/a.txt", checked=True, colour="red")

    path.set_attribute("mkdir", True)

    assert path.get_attributes() == {"checked": True, "mkdir": True, "colour": "red"}
    assert path.get_attribute("colour") == "red"
    assert path.get_attribute("nope") is None
    assert path.get_attribute("nope", 3) == 3


def test_the_attributes_are_a_copy() -> None:
    path = io.Path("/x")

    path.get_attributes()["checked"] = True

    assert path.get_attribute("checked") is False


def test_a_path_knows_its_parts() -> None:
    path = io.Path("/x/y/a.b.txt")

    assert (path.get_path(), str(path)) == ("/x/y/a.b.txt", "/x/y/a.b.txt")
    assert (path.get_basename(), path.get_dirname(), path.get_ext()) == ("a.b.txt", "/x/y", ".txt")


def test_the_folder_of_a_folder_is_itself(folder: pathlib.Path) -> None:
    assert io.Path(folder).get_dirname() == str(folder)


@pytest.mark.parametrize("given", ["a/b", pathlib.Path("a/b"), b"a/b", io.Path("a/b")])
def test_a_path_is_made_from_text_or_any_path_and_stays_relative(given: object) -> None:
    assert io.Path(given).get_path() == "a/b"
    assert io.resolve(given) == "a/b"


def test_row_29_paths_can_be_members_of_a_set() -> None:
    assert len({io.Path("/a"), io.Path("/a", checked=True), io.FileSpec("/b.#.exr"), io.FileSpec("/b.#.exr")}) == 2
    assert hash(io.Path("/a")) == hash("/a")


def test_paths_are_equal_when_their_text_is() -> None:
    assert io.Path("/a") == io.Path("/a", mkdir=True)
    assert io.Path("/a") == "/a"
    assert io.Path("/a") != io.Path("/b")
    assert io.Path("3") != 3


def test_a_path_can_be_opened_and_shown(folder: pathlib.Path) -> None:
    write(folder, "a.txt")
    path = io.Path(folder / "a.txt")

    with open(path) as file:
        assert file.read() == "x"
    assert repr(io.Path("/x")) == "Path('/x')"


@pytest.mark.parametrize(
    "path", [io.Path("/a", checked=True), io.FileSpec("/a.1-3##.exr", mkdir=True), io.Image("/a.#.exr")]
)
def test_paths_survive_pickling(path: io.Path) -> None:
    copy = pickle.loads(pickle.dumps(path))

    assert (type(copy), copy, copy.get_attributes()) == (type(path), path, path.get_attributes())


def test_row_29_a_folder_that_exists_may_be_made_again(folder: pathlib.Path) -> None:
    path = io.Path(folder / "a" / "b")

    path.mkdir()
    path.mkdir()

    assert (folder / "a" / "b").is_dir()


def test_a_file_in_the_place_of_the_folder_is_an_error(folder: pathlib.Path) -> None:
    write(folder, "a")

    with pytest.raises(FileExistsError):
        io.Path(folder / "a").mkdir()


def test_a_path_exists_when_it_is_a_folder_or_a_file_that_is_not_empty(folder: pathlib.Path) -> None:
    write(folder, "full")
    write(folder, "empty", text="")

    assert io.Path(folder).exists()
    assert io.Path(folder / "full").exists([1, 2])
    assert not io.Path(folder / "empty").exists()
    assert not io.Path(folder / "nothing").exists()
    assert not io.Path("a\0b").exists()


def test_a_path_has_a_size(folder: pathlib.Path) -> None:
    write(folder, "a", text="four")

    assert io.Path(folder / "a").get_size() == 4
    with pytest.raises(FileNotFoundError):
        io.Path(folder / "b").get_size()


def test_the_version_in_a_path_has_all_its_digits() -> None:
    match = io.VERSION_REGEX.search("/x/beauty_v123/a.exr")

    assert match is not None
    assert match[1] == "123"


# -- FileSpec: names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "frame_path", "spec"),
    [
        ("/x/a.#.exr", "/x/a.0003.exr", "/x/a.#.exr"),
        ("/x/a.##.exr", "/x/a.03.exr", "/x/a.##.exr"),
        ("/x/a.####.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.########.exr", "/x/a.00000003.exr", "/x/a.########.exr"),
        ("/x/a_####.exr", "/x/a_0003.exr", "/x/a_####.exr"),
        ("/x/a####.exr", "/x/a0003.exr", "/x/a####.exr"),
        ("/x/####.exr", "/x/0003.exr", "/x/####.exr"),
        ("a.####.exr", "a.0003.exr", "a.####.exr"),
        ("/x/a.####", "/x/a.0003", "/x/a.####"),
        ("/x/a.@.exr", "/x/a.3.exr", "/x/a.@.exr"),
        ("/x/a.@@@@.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.%04d.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.%d.exr", "/x/a.3.exr", "/x/a.@.exr"),
        ("/x/a.$F4.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.$F.exr", "/x/a.3.exr", "/x/a.@.exr"),
        ("/x/a.${F5}.exr", "/x/a.00003.exr", "/x/a.#####.exr"),
        ("/x/a.[####].exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.<frame>.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.<FRAME6>.exr", "/x/a.000003.exr", "/x/a.######.exr"),
        ("/x/a.1-10.exr", "/x/a.3.exr", "/x/a.@.exr"),
        ("/x/a.0001-0010.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.0001.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.1-10####.exr", "/x/a.0003.exr", "/x/a.####.exr"),
        ("/x/a.1-10x3,20#.exr", "/x/a.0003.exr", "/x/a.#.exr"),
        ("/x/a_1-10%03d.exr", "/x/a_003.exr", "/x/a_###.exr"),
        ("/x/a_1,5@@.exr", "/x/a_03.exr", "/x/a_##.exr"),
        ("/x/take_2####.exr", "/x/take_20003.exr", "/x/take_2####.exr"),
        ("/x/sh010_v2.####.left.exr", "/x/sh010_v2.0003.left.exr", "/x/sh010_v2.####.left.exr"),
        ("/x/tile_##.####.exr", "/x/tile_##.0003.exr", "/x/tile_##.####.exr"),
        ("/x/a_<UDIM>.####.exr", "/x/a_<UDIM>.0003.exr", "/x/a_<UDIM>.####.exr"),
        ("/C#/v##/a.#.exr", "/C#/v##/a.0003.exr", "/C#/v##/a.#.exr"),
        ("/x/a.exr", "/x/a.exr", "/x/a.exr"),
        ("/x/a", "/x/a", "/x/a"),
        ("/x/C#.txt", "/x/C#.txt", "/x/C#.txt"),
        ("/x/me@home.txt", "/x/me@home.txt", "/x/me@home.txt"),
        ("/x/$Foo.txt", "/x/$Foo.txt", "/x/$Foo.txt"),
        ("/x/img_0001.exr", "/x/img_0001.exr", "/x/img_0001.exr"),
        ("/x/libfoo.so.1.2", "/x/libfoo.so.1.2", "/x/libfoo.so.1.2"),
        ("/x/a.<UDIM>.exr", "/x/a.<UDIM>.exr", "/x/a.<UDIM>.exr"),
    ],
)
def test_row_29_every_way_to_write_the_frame_is_understood_and_keeps_its_padding(
    pattern: str, frame_path: str, spec: str
) -> None:
    sequence = io.FileSpec(pattern)

    assert (sequence.get_frame_path(3), sequence.get_file_spec()) == (frame_path, spec)
    assert io.FileSpec(spec).get_frame_path(3) == frame_path


@pytest.mark.parametrize(("frame", "text"), [(0, "0000"), (-1, "-001"), (12345, "12345")])
def test_frames_are_padded_like_printf_does(frame: int, text: str) -> None:
    assert io.FileSpec("a.####.exr").get_frame_path(frame) == f"a.{text}.exr"


@pytest.mark.parametrize(
    ("pattern", "basename", "dirname", "ext"),
    [
        ("/x/a.b.####.exr", "a.b", "/x", ".exr"),
        ("/x/a_####.exr", "a", "/x", ".exr"),
        ("/x/a.####.left.exr", "a", "/x", ".left.exr"),
        ("/x/a.####_left.exr", "a", "/x", ".exr"),
        ("/x/a.b_####_left", "a.b", "/x", ""),
        ("/a.####.exr", "a", "/", ".exr"),
        ("a.####", "a", "", ""),
        ("/x/a.exr", "a", "/x", ".exr"),
        ("/x/a.<UDIM>.exr", "a", "/x", ".exr"),
        ("/x/a_<UDIM>.####.exr", "a", "/x", ".exr"),
    ],
)
def test_a_sequence_knows_its_parts(pattern: str, basename: str, dirname: str, ext: str) -> None:
    sequence = io.FileSpec(pattern)

    assert (sequence.get_basename(), sequence.get_dirname(), sequence.get_ext()) == (basename, dirname, ext)


@pytest.mark.parametrize(
    ("folder_name", "resolution", "colour_space"),
    [
        ("2k_lin", "2k", "lin"),
        ("2k_lin_exr", "2k", "lin"),
        ("oav_2k_lin_exr", "2k", "lin"),
        ("a_b_2k_lin_exr", "2k", "lin"),
    ],
)
def test_the_folder_names_resolution_and_colour_space(folder_name: str, resolution: str, colour_space: str) -> None:
    sequence = io.FileSpec(f"/shots/{folder_name}/a.####.exr")

    assert (sequence.get_res(), sequence.get_colorspace()) == (resolution, colour_space)
    assert (sequence.get_rep(), sequence.get_element_dir()) == (folder_name, "/shots/")


def test_a_folder_that_names_nothing_is_an_error() -> None:
    sequence = io.FileSpec("/shots/plates/a.####.exr")

    with pytest.raises(FileSpecException, match="'plates' names no resolution"):
        sequence.get_res()
    with pytest.raises(FileSpecException, match="'plates' names no colour space"):
        sequence.get_colorspace()


def test_a_sequence_without_a_folder_has_empty_parts() -> None:
    sequence = io.FileSpec("a.####.exr")

    assert (sequence.get_rep(), sequence.get_element_dir()) == ("", "")


def test_temporary_names_lie_in_the_given_or_the_temporary_folder() -> None:
    sequence = io.FileSpec("/x/a.1-10####.exr")

    assert sequence.get_temp_frame_path(3, "/fast") == "/fast/a.0003.exr"
    assert sequence.get_temp_file_spec("/fast") == "/fast/a.####.exr"
    assert sequence.get_temp_frame_path(3) == f"{tempfile.gettempdir()}/a.0003.exr"
    assert sequence.get_temp_file_spec() == f"{tempfile.gettempdir()}/a.####.exr"


def test_a_frame_range_can_be_put_into_the_spec() -> None:
    assert io.FileSpec("/x/a.####.exr").get_file_spec("1-3") == "/x/a.1-3.exr"
    with pytest.raises(FileSpecException, match="single file"):
        io.FileSpec("/x/a.exr").get_file_spec("1-3")


@pytest.mark.parametrize("path", ["", "/x/"])
def test_a_sequence_needs_a_file_name(path: str) -> None:
    with pytest.raises(FileSpecException, match="not a file name"):
        io.FileSpec(path)


@pytest.mark.parametrize(
    ("pattern", "frames"),
    [
        ("a.1-10x3.exr", "1-10x3"),
        ("a.-5-5####.exr", "-5-5"),
        ("a.0001-0003.exr", "1-3"),
        ("a.7.exr", "7"),
        ("a.5,1-2#.exr", "5,1-2"),
    ],
)
def test_the_range_in_a_pattern_is_its_frame_set(pattern: str, frames: str) -> None:
    assert str(io.FileSpec(pattern).get_frame_set()) == frames


def test_the_frame_set_of_a_pattern_without_range_is_what_is_on_disk(folder: pathlib.Path) -> None:
    write(folder, "a.0010.exr", "a.-001.exr", "a.0002.exr", "a.12345.exr", "a.3.exr", "a.00004.exr", "b.0005.exr")

    assert io.FileSpec(folder / "a.####.exr").get_frame_set().getAll() == [-1, 2, 10, 12345]


@pytest.mark.parametrize("name", ["b.####.exr", "single.exr", "none/a.####.exr"])
def test_without_a_file_there_is_no_frame_set(folder: pathlib.Path, name: str) -> None:
    with pytest.raises(FileSpecException, match="has no frames"):
        io.FileSpec(folder / name).get_frame_set()


# -- FileSpec: files ---------------------------------------------------------------------------------------------


def test_files_that_pyoutline_named_without_padding_are_found(tmp_path: pathlib.Path) -> None:
    spec = io.FileSpec(tmp_path / "a.#.exr")
    wide = io.FileSpec(tmp_path / "a.####.exr")
    write(tmp_path, "a.5.exr", "a.7.exr", "a.0007.exr")

    assert [pathlib.Path(spec.get_frame_path(frame)).name for frame in (5, 6, 7)] == [
        "a.5.exr",
        "a.0006.exr",
        "a.0007.exr",
    ]
    assert spec.exists([5, 7])
    assert not wide.exists([5])
