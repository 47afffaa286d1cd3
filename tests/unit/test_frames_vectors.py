# SPDX-License-Identifier: Apache-2.0
"""Ranges and chunks are those of the farm server, line by line of its own table."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline.frames import FrameRangeError, FrameSet, chunk_frames, chunk_heads

VECTORS = Path(__file__).parent.parent / "data" / "frame-range-vectors.tsv"
READ_HERE_ONLY = {" 1-3", "1-4, 8"}  # the server refuses blanks, this library takes them
EMPTY_ON_SERVER = {"10-1x1", "1-10y1"}  # no frame and no error on the server with chunk 1; an error here


def read_vectors() -> list[list[str]]:
    lines = VECTORS.read_text().splitlines()
    return [(line.split("\t") + [""] * 4)[:5] for line in lines if not line.startswith("#")]


def numbers(text: str) -> list[int]:
    return [int(frame) for frame in text.split(",")]


REFUSED = [v for v in read_vectors() if v[2] in ("ERROR", "") and v[0] not in READ_HERE_ONLY]
READ = [v for v in read_vectors() if v[2] not in ("ERROR", "")]
READ_DISTINCT = [v for v in READ if len(set(numbers(v[2]))) == len(numbers(v[2]))]


def test_the_vectors_fall_into_read_and_refused_ones_completely():
    known = len(READ) + len(REFUSED) + sum(v[0] in READ_HERE_ONLY for v in read_vectors())

    assert known == len(read_vectors()) == 285
    assert {v[0] for v in REFUSED if v[2] == ""} == EMPTY_ON_SERVER


def test_frames_come_in_the_order_of_the_server():
    ours = {text: FrameSet(text).getAll() for text, *_ in READ}

    assert ours == {text: numbers(frames) for text, _, frames, *_ in READ}


def test_chunk_heads_are_those_of_the_server():
    ours = {(text, size): chunk_heads(FrameSet(text), int(size)).getAll() for text, size, *_ in READ}

    assert ours == {(text, size): numbers(heads) for text, size, _, heads, _ in READ}


def test_chunk_members_are_those_of_the_server():
    ours = {(text, size): chunk_frames(FrameSet(text), int(size)) for text, size, *_ in READ_DISTINCT}

    assert ours == {
        (text, size): [FrameSet(member) for member in members.split(" ")] for text, size, *_, members in READ_DISTINCT
    }


def test_chunk_members_of_repeated_frames_are_those_of_the_range_without_repeats():
    ours = {(text, size): chunk_frames(FrameSet(text), int(size)) for text, size, *_ in READ}
    distinct = {(text, size): list(dict.fromkeys(numbers(frames))) for text, size, frames, *_ in READ}

    assert ours == {
        (text, size): chunk_frames(FrameSet(frames), int(size)) for (text, size), frames in distinct.items()
    }
    assert {key: [frame for chunk in chunks for frame in chunk] for key, chunks in ours.items()} == distinct


def test_text_of_a_vector_reads_back_the_same():
    sets = [FrameSet(text) for text, *_ in READ]

    assert [FrameSet(str(frames)).getAll() for frames in sets] == [frames.getAll() for frames in sets]


@pytest.mark.parametrize("text", sorted({text for text, *_ in REFUSED}))
def test_what_the_server_refuses_is_an_error(text):
    with pytest.raises(FrameRangeError):
        FrameSet(text)
