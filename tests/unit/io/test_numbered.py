# SPDX-License-Identifier: Apache-2.0
"""Names that applications give to files, and arguments as words of a command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from outline.io.numbered import adopt_numbered, unnumbered
from outline.io.output import Output
from outline.modules.render import flags, words_of


@pytest.mark.parametrize(
    "written", ["a.0007.exr", "a0007.exr", "a_0007.exr", "a7.exr", "a-007.exr", "a.00007.exr", "a..0007.exr"]
)
def test_a_file_gets_the_name_that_was_asked_for(tmp_path: Path, written: str) -> None:
    (tmp_path / written).write_text("seven")
    (tmp_path / "ab0007.exr").write_text("another")
    (tmp_path / "a0007.exr.bak").write_text("another")

    adopt_numbered(Output(str(tmp_path / "a.####.exr")), [7])

    assert (tmp_path / "a.0007.exr").read_text() == "seven"


def test_a_negative_frame_and_a_number_in_the_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "v2.shot-0005.exr").write_text("minus five or five")

    adopt_numbered(Output(str(tmp_path / "v2.shot.####.exr")), [5])

    assert (tmp_path / "v2.shot.0005.exr").exists()


@pytest.mark.parametrize(("age", "kept"), [(5, "right"), (15, "other")])
def test_a_file_of_the_right_name_is_replaced_only_by_a_newer_one(tmp_path: Path, age: int, kept: str) -> None:
    (tmp_path / "a.0007.exr").write_text("right")
    (tmp_path / "a7.exr").write_text("other")
    os.utime(tmp_path / "a.0007.exr", (10, 10))
    os.utime(tmp_path / "a7.exr", (age, age))

    adopt_numbered(Output(str(tmp_path / "a.####.exr")), [7])

    assert (tmp_path / "a.0007.exr").read_text() == kept


@pytest.mark.parametrize("path", ["nosuch/a.####.exr", "a.exr"])
def test_where_there_is_nothing_to_rename_nothing_happens(tmp_path: Path, path: str) -> None:
    adopt_numbered(Output(str(tmp_path / path)), [7])

    assert list(tmp_path.iterdir()) == []


def test_the_frame_is_taken_out_of_a_name() -> None:
    assert unnumbered(Output("/a/b.####.exr")) == "/a/b..exr"


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, []), ("", []), ("a b", ["a b"]), (7, ["7"]), (["a", 1], ["a", "1"]), (("x",), ["x"]), (Path("/a"), ["/a"])],
)
def test_one_thing_or_several_become_words(value: Any, words: list[str]) -> None:
    assert words_of(value) == words


def test_flags_without_a_value_are_left_out() -> None:
    assert flags(("-a", 0), ("-b", None), ("-c", ""), ("-d", "x y")) == ["-a", "0", "-d", "x y"]
