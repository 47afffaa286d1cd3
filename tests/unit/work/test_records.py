# SPDX-License-Identifier: Apache-2.0
"""Records survive their writers, and damage costs the damaged ones only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outline.exception import WorkException
from outline.frame_end import EndedBy, FrameEnd
from outline.work.decide import FileState, Record, Signature
from outline.work.records import (
    FOLDED,
    RecordBook,
    RecordWriter,
    begin_line,
    end_line,
    launch_of,
    read_record,
    record_files,
)

_NAMES = st.text(max_size=12)
_STATES = st.builds(
    FileState, _NAMES, _NAMES, st.builds(Signature, st.integers(-1), st.integers(0), st.integers(0)), _NAMES
)
_RECORDS = st.builds(
    Record,
    _NAMES,
    _NAMES,
    st.integers(1, 99),
    st.integers(1, 9),
    st.builds(
        FrameEnd,
        status=st.integers(0, 255),
        seconds=st.just(0.25),
        ended_by=st.sampled_from(EndedBy),
        reason=_NAMES,
        told_after=st.just(0.5),
    ),
    _NAMES,
    st.lists(_STATES, max_size=3).map(tuple),
    st.lists(_STATES, max_size=3).map(tuple),
    st.none() | st.dictionaries(_NAMES, st.integers() | _NAMES, max_size=2),
    st.dictionaries(_NAMES, st.integers(), max_size=2),
)


def _record(key: str = "a", launch: int = 1, attempt: int = 1, status: int | None = 0) -> Record:
    end = None if status is None else FrameEnd(status)
    return Record("sim", key, launch, attempt, end, outputs=(FileState("", f"out/{key}", Signature(1, 2, 3), "d"),))


def _write(folder: Path, launch: int, *records: Record) -> None:
    writer = RecordWriter(str(folder), launch)
    for record in records:
        writer.write(begin_line(record) if record.end is None else end_line(record))
    writer.close()


@given(_RECORDS)
def test_a_record_reads_back(record: Record):
    assert read_record(end_line(record)) == record


@pytest.mark.parametrize("order", [(3, 0), (0, 3)])
def test_of_two_ends_of_one_attempt_the_success_counts(order: tuple[int, int], tmp_path: Path):
    for status in order:
        _write(tmp_path, 1, _record(status=status))

    end = RecordBook.read(str(tmp_path))["sim", "a"].end

    assert end is not None
    assert end.status == 0


def test_a_file_name_that_is_no_text_reads_back():
    record = Record("sim", "b\udcff", 1, 1, FrameEnd(), inputs=(FileState("", "b\udcff", Signature(1, 2, 3), "d"),))

    assert read_record(end_line(record)) == record


@pytest.mark.parametrize(
    ("written", "newest"),
    [
        ([(2, _record(launch=2)), (1, _record(launch=1, status=1))], _record(launch=2)),
        ([(1, _record(status=1)), (1, _record(attempt=2))], _record(attempt=2)),
        ([(1, _record(attempt=2)), (1, _record(status=1))], _record(attempt=2)),
        ([(1, _record()), (2, _record(launch=2, status=None))], Record("sim", "a", 2)),
        ([(1, _record()), (1, _record(status=None))], _record()),
    ],
    ids=["launch", "attempt", "attempt, the other way", "begin of a newer launch", "begin after its end"],
)
def test_the_newest_record_of_a_frame_counts(tmp_path: Path, written: list[tuple[int, Record]], newest: Record):
    for launch, record in written:
        _write(tmp_path, launch, record)

    assert dict(RecordBook.read(str(tmp_path))) == {("sim", "a"): newest}


def test_a_writer_makes_no_file_before_it_has_something_to_say(tmp_path: Path):
    RecordWriter(str(tmp_path), 1).close()

    assert record_files(str(tmp_path)) == []
    assert record_files(str(tmp_path / "none")) == []


def test_folding_keeps_the_newest_records_in_one_file(tmp_path: Path):
    _write(tmp_path, 1, _record("a", status=1), _record("b"))
    _write(tmp_path, 2, _record("a", launch=2))
    before = dict(RecordBook.read(str(tmp_path)))

    RecordBook.read(str(tmp_path)).fold(str(tmp_path), record_files(str(tmp_path)))

    assert record_files(str(tmp_path)) == [FOLDED]
    assert dict(RecordBook.read(str(tmp_path))) == before


def test_many_records_are_read_as_one_by_one(tmp_path: Path):
    _write(tmp_path, 1, *(_record(f"k{number}") for number in range(1500)))
    with (tmp_path / "1-x.jsonl").open("ab") as stream:
        stream.write(end_line(_record("broken"))[:-2] + b"\n")
    book, frames = RecordBook.read(str(tmp_path)), [("sim", f"k{number}") for number in range(1400, -2, -1)]

    found = list(book.in_order([("sim", "broken"), *frames]))

    assert found == [None, *map(dict(book).get, frames)]
    assert book.damaged == ["sim, broken"]


def test_folding_leaves_the_files_of_others(tmp_path: Path):
    _write(tmp_path, 1, _record("a"))
    _write(tmp_path, 2, _record("b", launch=2))
    files = record_files(str(tmp_path))

    RecordBook.read(str(tmp_path)).fold(str(tmp_path), [name for name in files if launch_of(name) < 2])

    assert [launch_of(name) for name in record_files(str(tmp_path))] == [0, 2]
    assert len(RecordBook.read(str(tmp_path))) == 2


@settings(max_examples=200)
@given(cut=st.integers(0, 10_000), flipped=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_damage_costs_the_damaged_records_only(tmp_path: Path, cut: int, flipped: int, bit: int):
    folder = tmp_path / f"{cut}-{flipped}-{bit}"
    folder.mkdir(exist_ok=True)
    records = {("sim", key): _record(key) for key in "abcdefgh"}
    data = bytearray(b"".join(map(end_line, records.values())))
    del data[len(data) - cut % 200 :]
    place = flipped % len(data)
    data[place] ^= 1 << bit
    (folder / "1-x.jsonl").write_bytes(data)

    book = RecordBook.read(str(folder))
    found = {frame: book.get(frame) for frame in list(book)}

    whole = data.count(b"\n")
    assert sum(record == records.get(frame) for frame, record in found.items()) >= whole - 2


def test_a_damaged_record_is_told(tmp_path: Path):
    (tmp_path / "1-x.jsonl").write_bytes(
        end_line(_record("a")) + b"\n[1]\t\n" + end_line(_record("b"))[:-2] + b"\n[1,1,"
    )

    book = RecordBook.read(str(tmp_path))

    assert list(book) == [("sim", "a"), ("sim", "b")]
    assert book.get(("sim", "b")) is None
    assert len(book) == 1
    assert book.damaged == [f"{tmp_path}/1-x.jsonl:3", f"{tmp_path}/1-x.jsonl:5", "sim, b"]


def test_a_full_disk_is_told_and_costs_one_record(tmp_path: Path):
    writer = RecordWriter("/dev", 1)
    writer_fd = os.open("/dev/full", os.O_WRONLY)
    try:
        writer._RecordWriter__fd = writer_fd  # type: ignore[attr-defined]  # no file of a user can be on /dev/full

        with pytest.raises(WorkException, match="No space left"):
            writer.write(b"[1]")
    finally:
        writer.close()
