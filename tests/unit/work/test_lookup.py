# SPDX-License-Identifier: Apache-2.0
"""A process finds the records of its frames, and opens no file that holds none of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline.frame_end import FrameEnd
from outline.work.decide import Record
from outline.work.lookup import RecordLookup
from outline.work.records import FOLDED, RecordBook, RecordWriter, begin_line, end_line

_Frames = set[tuple[str, str]]
_FRAMES = st.sets(st.tuples(st.sampled_from(["sim", "s", 'a "b"']), st.text(max_size=6)), max_size=40)


def _record(key: str = "a", launch: int = 1, attempt: int = 1, status: int = 0) -> Record:
    return Record("sim", key, launch, attempt, FrameEnd(status))


def _write(folder: Path, record: Record, frame: str = "") -> None:
    writer = RecordWriter(str(folder), record.launch, frame)
    writer.write(end_line(record))
    writer.close()


def _fold(folder: Path) -> None:
    RecordBook.read(str(folder)).fold(str(folder), [path.name for path in folder.iterdir()])


@given(there=_FRAMES, asked=_FRAMES)
def test_a_folded_record_is_found_exactly_when_it_is_there(tmp_path: Path, there: _Frames, asked: _Frames):
    (tmp_path / FOLDED).unlink(missing_ok=True)
    (tmp_path / "1-x.jsonl").write_bytes(b"".join(end_line(Record(*frame, 1, 1, FrameEnd())) for frame in there))
    _fold(tmp_path)

    book = RecordLookup(str(tmp_path)).find(asked | there, [], is_first=True)

    assert set(book) == there


def test_a_damaged_line_hides_no_other_record(tmp_path: Path):
    lines = [end_line(_record(key)) for key in "abcdefgh"]
    (tmp_path / FOLDED).write_bytes(b"".join([*lines[:4], b"[damaged\n", *lines[4:]]))

    book = RecordLookup(str(tmp_path)).find([("sim", key) for key in "abcdefgh"], [], is_first=True)

    assert len(book) == 8


def test_the_order_of_older_versions_is_read(tmp_path: Path):
    (tmp_path / "base.jsonl").write_bytes(b"".join(end_line(_record(key)) for key in "cab"))

    book = RecordLookup(str(tmp_path)).find([("sim", "a")], [], is_first=True)

    assert book.get(("sim", "a")) == _record()


def test_the_newest_of_all_files_counts(tmp_path: Path):
    _write(tmp_path, _record(status=1))
    _fold(tmp_path)
    _write(tmp_path, _record(launch=2, status=2), "0001-sim")

    book = RecordLookup(str(tmp_path)).find([("sim", "a")], ["0001-sim"], is_first=True)

    assert book[("sim", "a")] == _record(launch=2, status=2)


@pytest.mark.parametrize("is_first", [True, False])
def test_the_files_of_other_frames_are_not_opened(tmp_path: Path, is_first: bool):
    (tmp_path / "1-host-1-ab@0002-sim.jsonl").mkdir()  # to read it would fail
    _write(tmp_path, _record(), "0001-sim")

    book = RecordLookup(str(tmp_path)).find([("sim", "a")], ["0001-sim"], is_first=is_first)

    assert book[("sim", "a")] == _record()


def test_a_later_attempt_sees_what_others_have_written_since(tmp_path: Path):
    (tmp_path / "1-x.jsonl").write_bytes(begin_line(_record("c")))
    lookup = RecordLookup(str(tmp_path))
    with (tmp_path / "1-x.jsonl").open("ab") as stream:
        stream.write(end_line(_record("b")) + end_line(_record()))
    _write(tmp_path, _record(attempt=2), "0001-sim")

    first = lookup.find([("sim", "a"), ("sim", "b")], ["0001-sim"], is_first=True)
    later = lookup.find([("sim", "a"), ("sim", "b")], ["0001-sim"], is_first=False)

    assert len(first) == 0
    assert dict(later) == {("sim", "a"): _record(attempt=2), ("sim", "b"): _record("b")}
