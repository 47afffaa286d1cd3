# SPDX-License-Identifier: Apache-2.0
"""Outputs of a frame: how they are written down, and what is said of those that are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outline import FrameSet
from outline.exception import LayerException
from outline.io import FileSpec
from outline.io.attempt import Attempt, Checks, find_complete
from outline.io.checks import Signature, find_old, find_unusable, may_be_new, signatures, tell_wrong
from outline.io.output import Output, read_outputs
from tests.support import names_in

SECOND = 10**9


def write(folder: Path, *names: str, text: str = "picture") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(text)


# -- reading what a layer was given -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "fifth"),
    [
        ("a.####.exr", "a.0005.exr"),
        ("a.#.exr", "a.0005.exr"),
        ("a.@@@.exr", "a.005.exr"),
        ("a_%04d.exr", "a_0005.exr"),
        ("a.$F4.exr", "a.0005.exr"),
        ("a.$F.exr", "a.5.exr"),
        ("a[####].exr", "a0005.exr"),
        ("a.<frame>.exr", "a.0005.exr"),
        ("a.####.left.exr", "a.0005.left.exr"),
        ("a.exr", "a.exr"),
    ],
)
def test_the_frame_may_be_written_in_any_style(written: str, fifth: str) -> None:
    (output,) = read_outputs(f"/out/{written}")

    assert output.frame_path(5) == f"/out/{fifth}"
    assert output.path == f"/out/{written}"


@pytest.mark.parametrize("path", ["/out/movie.2024.mp4", "/out/still.0001.exr", "/out/v.-3.exr"])
def test_a_number_is_a_part_of_the_name(path: str) -> None:
    (output,) = read_outputs(path)

    assert not output.is_sequence
    assert output.frame_path(5) == path


def test_a_range_is_a_place_for_the_frame() -> None:
    (output,) = read_outputs("/out/a.1-10.exr")

    assert output.frame_path(5) == "/out/a.5.exr"


def test_the_style_can_be_that_of_another_application() -> None:
    output = Output("/50%/a.####.exr")

    assert output.hashes() == "/50%/a.####.exr"
    assert output.printf() == "/50%%/a.%04d.exr"
    assert output.houdini() == "/50%/a.$F4.exr"
    assert output.brackets() == "/50%/a.[####].exr"
    assert Output("/50%/a.$F.exr").printf() == "/50%%/a.%d.exr"
    assert Output("/50%/a.exr").printf() == "/50%%/a.exr"


def test_outputs_are_one_path_a_list_or_a_dict() -> None:
    named = read_outputs({"beauty": "a.#.exr", "depth": "z.#.exr"})

    assert [output.name for output in read_outputs("a.#.exr")] == ["main"]
    assert [output.name for output in read_outputs(["a.#.exr", Path("b.#.exr"), FileSpec("c.#.exr")])] == [
        "main",
        "output2",
        "output3",
    ]
    assert [(output.name, output.path) for output in named] == [("beauty", "a.#.exr"), ("depth", "z.#.exr")]
    assert read_outputs(None) == []


def test_optional_outputs_are_told_by_name_or_by_path() -> None:
    by_name = read_outputs({"beauty": "a.#.exr", "depth": "z.#.exr"}, "depth")
    by_path = read_outputs(["a.#.exr", "z.#.exr"], ["z.#.exr"])

    assert [output.optional for output in by_name] == [False, True]
    assert [output.optional for output in by_path] == [False, True]


@pytest.mark.parametrize(
    ("spec", "optional", "message"),
    [
        (5, None, "outputs are paths such as 'out/a.####.exr', a list or a dict of them, not 5"),
        ({"beauty": None}, None, "not None"),
        ("/", None, "output 'main' is '/', which is not a file name; give a path like 'out/a.####.exr'"),
        ("s3://a/out/", None, "output 'main' is the folder s3://a/out/, and only files can be put into a bucket"),
        ("a.#.exr", ["depth"], r"optional names \['depth'\], but the outputs are \['main'\]"),
        ("a.#.exr", 5, r"optional names \['5'\], but the outputs are \['main'\]"),
    ],
)
def test_outputs_that_cannot_be_meant_are_refused(spec: object, optional: object, message: str) -> None:
    with pytest.raises(LayerException, match=message):
        read_outputs(spec, optional)


# -- what is wrong ----------------------------------------------------------------------------------------------


def test_missing_and_empty_and_small_files_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, "a.0001.exr", "a.0002.exr")
    write(tmp_path, "a.0003.exr", text="")
    write(tmp_path, "a.0004.exr", text="x")
    output = Output(f"{tmp_path}/a.####.exr")

    wrong = find_unusable(output, [1, 2, 3, 4, 5, 7], min_bytes=5)

    assert wrong == {"empty": [3], "not larger than 5 bytes": [4], "missing": [5, 7]}


def test_a_message_names_the_frames_in_short(tmp_path: Path) -> None:
    output = Output("/out/a.####.exr")

    said = tell_wrong(output, {"missing": [1, 2, 3, 5, 7, 9], "empty": [4]})

    assert said == "output 'main' is missing for frames 1-3,5-9x2, empty for frames 4: /out/a.####.exr"


def test_at_least_one_tile_must_be_there(tmp_path: Path) -> None:
    write(tmp_path, "t.0001.1001.exr", "t.0001.1002.exr", "t.0002.1001.exr", "t.0003.100.exr")
    output = Output(f"{tmp_path}/t.####.<UDIM>.exr")

    wrong = find_unusable(output, [1, 2, 3], min_bytes=0)

    assert wrong == {"missing": [3]}
    assert [os.path.basename(path) for path in output.files(1)] == ["t.0001.1001.exr", "t.0001.1002.exr"]


def test_an_item_names_no_tiles(tmp_path: Path) -> None:
    output = Output(f"{tmp_path}/%{{KEY}}.exr", items=lambda frame: {"%{KEY}": "<UDIM>"})

    assert output.files(1) == [f"{tmp_path}/<UDIM>.exr"]


def test_a_tile_that_is_empty_is_told(tmp_path: Path) -> None:
    write(tmp_path, "t.0001.1001.exr")
    write(tmp_path, "t.0001.1002.exr", text="")

    wrong = find_unusable(Output(f"{tmp_path}/t.####.<UDIM>.exr"), [1], min_bytes=0)

    assert wrong == {"empty": [1]}


# -- new or old -------------------------------------------------------------------------------------------------


@pytest.fixture
def sequence(tmp_path: Path) -> Output:
    """Make frames 1 and 2 of a sequence."""
    write(tmp_path, "a.0001.exr", "a.0002.exr")
    return Output(f"{tmp_path}/a.####.exr")


def test_a_file_that_nobody_has_touched_is_old(sequence: Output) -> None:
    before = signatures([sequence.frame_path(1), sequence.frame_path(2)])
    Path(sequence.frame_path(2)).write_text("another picture")

    assert find_old(sequence, [1, 2], before, 0) == {"older than this attempt": [1]}


def test_a_file_that_was_not_there_before_is_new(sequence: Output) -> None:
    assert find_old(sequence, [1, 2], {}, 0) == {}


def test_a_file_of_the_same_size_with_its_time_set_back_is_new(sequence: Output) -> None:
    path = Path(sequence.frame_path(1))
    before = signatures([str(path)])
    moment = path.stat().st_mtime_ns
    path.write_text("PICTURE")
    os.utime(path, ns=(moment, moment))

    assert find_old(sequence, [1], before, 0) == {}


@pytest.mark.parametrize(
    ("modified_ns", "started_ns", "expected"),
    [
        pytest.param(100 * SECOND, 100 * SECOND + 5, True, id="in the second of the start"),
        pytest.param(100 * SECOND, 101 * SECOND, False, id="in the second before"),
        pytest.param(100 * SECOND + 4, 100 * SECOND + 5, False, id="the file system knows parts of a second"),
    ],
)
def test_an_unchanged_time_is_doubted_only_when_it_is_rounded(
    modified_ns: int, started_ns: int, expected: bool
) -> None:
    assert may_be_new(Signature(1, 2, modified_ns, modified_ns), started_ns) == expected


# -- an attempt -------------------------------------------------------------------------------------------------


def attempt_at(folder: Path, *, mark: int | None = 7, name: str = "a.####.exr", **checks: object) -> Attempt:
    return Attempt([Output(f"{folder}/{name}")], Checks(**checks), mark=mark)  # type: ignore[arg-type]


def test_a_picture_is_written_beside_and_moved_to_its_place(tmp_path: Path) -> None:
    attempt = attempt_at(tmp_path / "new")
    attempt.prepare(FrameSet("1-2"))
    target = attempt.targets.main
    write(tmp_path / "new", os.path.basename(target.frame_path(1)), os.path.basename(target.frame_path(2)))
    hidden = names_in(tmp_path / "new")

    attempt.publish(FrameSet("1-2"))

    assert hidden == [".part-7-a.0001.exr", ".part-7-a.0002.exr"]
    assert names_in(tmp_path / "new") == ["a.0001.exr", "a.0002.exr"]


def test_all_tiles_are_moved(tmp_path: Path) -> None:
    attempt = attempt_at(tmp_path, name="t.####.<UDIM>.exr")
    assert attempt.targets.main
    write(tmp_path, ".part-7-t.0001.1001.exr", ".part-7-t.0001.1012.exr")

    attempt.publish(FrameSet("1"))

    assert names_in(tmp_path) == ["t.0001.1001.exr", "t.0001.1012.exr"]


def test_what_is_not_moved_can_be_removed(tmp_path: Path) -> None:
    attempt = attempt_at(tmp_path)
    assert attempt.targets.main
    write(tmp_path, ".part-7-a.0001.exr", ".part-8-a.0001.exr", "a.0001.exr")

    attempt.discard(FrameSet("1-3"))

    assert names_in(tmp_path) == [".part-8-a.0001.exr", "a.0001.exr"]


def test_what_earlier_attempts_at_the_same_frames_left_half_done_is_removed(tmp_path: Path) -> None:
    stale = [".part-123-a.0001.exr", ".part-5-a.0002.exr", ".part-5-a.2.exr", ".part-5-a.0001.exr.pov-state"]
    others = [".part-5-a.0003.exr", ".part-5-b.0001.exr", ".part-x-a.0001.exr", "a.0001.exr", ".part-5-a.0001_l.exr"]
    write(tmp_path, *stale[:3], *others, ".part-6-a.0001.pov-state", ".part-7-a.0002.d4399e84.temp.exr")

    attempt_at(tmp_path).prepare(FrameSet("1-2"))

    assert names_in(tmp_path) == sorted(others)


def test_second_attempt_leaves_what_the_first_one_is_writing(tmp_path: Path) -> None:
    write(tmp_path, ".part-5-a.0001.exr")

    attempt_at(tmp_path).prepare(FrameSet("1"), is_backup=True)

    assert names_in(tmp_path) == [".part-5-a.0001.exr"]


def test_what_an_attempt_has_written_without_a_blank_is_removed_too(tmp_path: Path) -> None:
    write(tmp_path, ".part-1-my_a.0001.exr", ".part-1-my a.0001.exr")

    attempt_at(tmp_path, name="my a.####.exr").prepare(FrameSet("1"))

    assert names_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LayerException, match=r"cannot write outputs to the folder .*file/out: "):
        attempt_at(tmp_path / "file" / "out").prepare(FrameSet("1"))


def test_a_picture_that_cannot_be_moved_to_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.0001.exr").mkdir()
    attempt = attempt_at(tmp_path)
    assert attempt.targets.main
    write(tmp_path, ".part-7-a.0001.exr")

    with pytest.raises(LayerException, match=r"output 'main' cannot be moved to its place: .*: .*/a\.####\.exr"):
        attempt.publish(FrameSet("1"))


def test_an_optional_output_may_be_missing_but_not_empty(tmp_path: Path) -> None:
    outputs = [Output(f"{tmp_path}/a.#.exr"), Output(f"{tmp_path}/z.#.exr", "depth", optional=True)]
    attempt = Attempt(outputs, Checks(), mark=None)
    attempt.prepare(FrameSet("1-2"))
    write(tmp_path, "a.0001.exr", "a.0002.exr")
    write(tmp_path, "z.0002.exr", text="")

    (fault,) = attempt.find_faults(FrameSet("1-2"))

    assert fault == f"output 'depth' is empty for frames 2: {tmp_path}/z.#.exr"


def test_finished_frames_are_moved_while_others_are_being_rendered(tmp_path: Path) -> None:
    attempt = attempt_at(tmp_path)
    assert attempt.targets.main
    write(tmp_path, ".part-7-a.0003.exr", ".part-7-a.0001.exr", ".part-7-a.0002.exr")
    os.utime(tmp_path / ".part-7-a.0003.exr", (100, 100))
    os.utime(tmp_path / ".part-7-a.0001.exr", (101, 101))
    os.utime(tmp_path / ".part-7-a.0002.exr", (102, 102))

    done = attempt.publish_finished(FrameSet("3,1,2"))

    assert done == [3, 1]
    assert names_in(tmp_path) == [".part-7-a.0002.exr", "a.0001.exr", "a.0003.exr"]
    assert attempt.find_faults(FrameSet("3,1,2")) == []


def test_frames_that_have_all_their_outputs_are_found(tmp_path: Path) -> None:
    outputs = read_outputs([f"{tmp_path}/a.#.exr", f"{tmp_path}/b.#.exr", f"{tmp_path}/c.#.exr"], "output3")
    write(tmp_path, "a.0001.exr", "a.0002.exr", "b.0001.exr", "a.0003.exr")
    write(tmp_path, "b.0003.exr", text="")

    assert find_complete(outputs, FrameSet("1-4"), Checks()) == [1]
    assert find_complete([], FrameSet("1-4"), Checks()) == []
