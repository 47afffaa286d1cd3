# SPDX-License-Identifier: Apache-2.0
"""Whatever the range: it behaves as the plain list of its frames, and chunks lose and repeat nothing."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from outline.frames import FrameRangeError, FrameSet, chunk_at, chunk_frames, chunk_heads

NUMBERS = st.integers(-40, 40)
STEPS = st.integers(-12, 12)
SIZES = st.integers(1, 90)
LISTS = st.lists(NUMBERS, max_size=60)
POSITIONS = st.none() | st.integers(-70, 70)
ANY_TEXT = st.text(st.sampled_from("0123456789-xy:,by @.;") | st.characters(), max_size=12)


def one_by_one(start: int, end: int, kind: str, step: int) -> list[int]:
    """The server's rules without any thought of speed, written from its description."""
    toward = 1 if step > 0 else -1
    full = list(range(start, end + toward, toward))
    stepped = [frame for frame in full if (frame - start) % step == 0]
    if kind == "x":
        return stepped
    if kind == "y":
        return [frame for frame in full if frame not in stepped]
    seen: list[int] = []
    size = abs(step)
    while size:
        seen += [frame for frame in full if (frame - start) % size == 0 and frame not in seen]
        size //= 2
    return seen


@st.composite
def part_and_frames(draw: st.DrawFn) -> tuple[str, list[int]]:
    start, end = draw(NUMBERS), draw(NUMBERS)
    kind = draw(st.sampled_from(["one", "range", "x", "y", ":"]))
    if kind == "one":
        return str(start), [start]
    toward = 1 if end >= start else -1
    if kind == "range":
        return f"{start}-{end}", list(range(start, end + toward, toward))
    step = toward * draw(st.integers(2 if kind == "y" else 1, 14))
    frames = one_by_one(start, end, kind, step)
    return (f"{start}-{end}{kind}{step}", frames) if frames else (str(start), [start])


@st.composite
def ranges(draw: st.DrawFn) -> tuple[str, list[int]]:
    parts = draw(st.lists(part_and_frames(), min_size=1, max_size=12))
    separator = draw(st.sampled_from([",", ", ", " ", " ,\t"]))
    return separator.join(text for text, _ in parts), [frame for _, frames in parts for frame in frames]


@given(ranges(), NUMBERS)
def test_a_range_is_the_list_of_the_frames_that_its_parts_describe(case, frame):
    text, frames = case

    read = FrameSet(text)

    assert read.getAll() == frames
    assert len(read) == len(frames)
    assert [read[position] for position in range(-len(frames), len(frames))] == frames * 2
    assert list(reversed(read)) == frames[::-1]
    assert (min(read), max(read)) == (min(frames), max(frames))
    assert read.index(frame) == (frames.index(frame) if frame in frames else -1)
    assert (frame in read) == (frame in frames)
    assert read.unique().getAll() == list(dict.fromkeys(frames))
    read.normalize()
    assert read.getAll() == sorted(set(frames))


@given(ranges())
def test_text_reads_back_to_the_same_frames_in_the_same_order(case):
    text, frames = case

    written = str(FrameSet(text))

    assert FrameSet(written).getAll() == frames
    assert str(FrameSet(written)) == written
    assert set(written) <= set("0123456789-xy:,")


@given(LISTS.filter(bool))
def test_compact_text_reads_back_and_has_no_more_parts_than_frames(frames):
    written = str(FrameSet(frames))

    assert FrameSet(written).getAll() == frames
    assert len(written.split(",")) <= len(frames)


@given(ranges(), POSITIONS, POSITIONS, POSITIONS.filter(lambda step: step != 0))
def test_a_slice_is_the_slice_of_the_list(case, start, stop, step):
    text, frames = case

    piece = FrameSet(text)[start:stop:step]

    assert piece.getAll() == frames[start:stop:step]
    assert FrameSet(str(piece) or []).getAll() == frames[start:stop:step]


@given(ranges(), ranges())
def test_sets_are_equal_exactly_when_their_lists_are_and_share_what_both_have(one, other):
    first, second = FrameSet(one[0]), FrameSet(other[0])

    assert (first == second) == (one[1] == other[1])
    assert first == FrameSet(one[1]) == pickle.loads(pickle.dumps(first))
    assert hash(first) == hash(FrameSet(one[1]))
    assert first.intersection(second).getAll() == [frame for frame in dict.fromkeys(one[1]) if frame in other[1]]


@given(ranges(), SIZES)
def test_every_frame_is_in_exactly_one_chunk_in_render_order(case, size):
    text, frames = case

    chunks = chunk_frames(FrameSet(text), size)

    assert [frame for chunk in chunks for frame in chunk] == list(dict.fromkeys(frames))
    assert all(len(chunk) == size for chunk in chunks[:-1])


@given(ranges(), SIZES)
def test_heads_members_and_chunks_agree(case, size):
    read = FrameSet(case[0])

    chunks = chunk_frames(read, size)

    assert chunk_heads(read, size).getAll() == [chunk[0] for chunk in chunks]
    assert [chunk_at(read, chunk[0], size) for chunk in chunks] == chunks


@given(NUMBERS, NUMBERS, st.sampled_from("xy:"), STEPS)
def test_a_stepped_range_is_read_or_refused_as_the_server_does(start, end, kind, step):
    legal = (step > 0 and end >= start) or (step < 0 and end < start)
    expected = one_by_one(start, end, kind, step) if legal else []

    assert frames_or_nothing(f"{start}-{end}{kind}{step}") == expected


@given(ANY_TEXT)
def test_any_text_is_read_or_refused_with_a_column_inside_it(text):
    problem = problem_of(text)

    assert problem is None or 1 <= problem.column <= len(text) + 1


def frames_or_nothing(text: str) -> list[int]:
    try:
        return FrameSet(text).getAll()
    except FrameRangeError:
        return []


def problem_of(text: str) -> FrameRangeError | None:
    try:
        FrameSet(text)
    except FrameRangeError as error:
        return error
    return None
