# SPDX-License-Identifier: Apache-2.0
"""Reading the output of applications: lines, progress, warnings, errors, memory."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline import console
from outline.console import PROGRESS_RULES, OutputReader, OutputRules, Progress
from outline.console.lines import LONGEST_LINE, LineSplitter
from outline.console.reader import MOST_LINES
from outline.exception import OutlineException
from outline.frames import FrameSet

RULES = OutputRules(
    percent=(r"Sample (\d+)/(\d+)", r"(\d+)% done"),
    tenths=(r"\.([1-9])",),
    frame=(r"^Fra: ?(-?\d+)\b",),
    frame_done=(r"^Saved: '(.+)'",),
    note=(r"^status: (.+)",),
    memory=(r"Peak (?P<number>[\d.]+)(?P<unit>[KMG])",),
    warning=(r"^Warning: ",),
    error=(r"^Error: ", r"(?i)licen[cs]e"),
)
RENDER = OutputRules(frame=RULES.frame, percent=RULES.percent, frame_done=RULES.frame_done)


def read(rules: OutputRules, *chunks: bytes, frames: str | None = None) -> OutputReader:
    reader = OutputReader(rules, FrameSet(frames) if frames else None)
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def told(reader: OutputReader) -> tuple[Progress, list[str], list[str], int, int]:
    return reader.progress, reader.warnings, reader.errors, reader.warning_count, reader.error_count


# -- bytes and lines ---------------------------------------------------------------------------------------------

_PIECES = [
    b"Fra:1 Mem:1.0M (Peak 10.83M) | Sample 3/8",
    b"Fra:2 | Sample 8/8",
    b"Saved: '/a b/x_0001.png'",
    b"Warning: caf\xc3\xa9 \xff\xfe",
    b"\x1b[31mError: \x1b[0mcannot save",
    b"\x1b]0;title\x07\x1b(B50% done",
    b"No LICENSE could be found",
    b"status: saving",
    b".1.2.3",
    b"\xe2\x9c",
    b"x" * (LONGEST_LINE - 3),
    b"\x1b[",
    b"",
]


@given(
    pieces=st.lists(st.tuples(st.sampled_from(_PIECES), st.sampled_from([b"\n", b"\r", b"\r\n", b"", b" "]))),
    cuts=st.lists(st.integers(0, 40_000)),
)
def test_how_the_output_is_cut_changes_nothing(pieces: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    output = b"".join(part for piece in pieces for part in piece)
    places = sorted({0, len(output), *(cut for cut in cuts if cut < len(output))})
    chunks = [output[start:end] for start, end in itertools.pairwise(places)]

    assert told(read(RULES, *chunks, frames="1-3")) == told(read(RULES, output, frames="1-3"))


@given(st.binary(max_size=300))
def test_any_bytes_byte_by_byte_give_what_they_give_at_once(output: bytes) -> None:
    reader = OutputReader(RULES)
    single = [output[place : place + 1] for place in range(len(output))]

    assert told(read(RULES, *single)) == told(read(RULES, output))
    assert reader.progress == Progress()


def test_carriage_returns_end_lines() -> None:
    reader = read(RULES, b"Warning: low\rWarning: full\r\n")

    assert reader.warnings == ["Warning: low", "Warning: full"]


def test_colours_do_not_hide_a_line() -> None:
    reader = read(RULES, b"\x1b[1m\x1b[31mErr\x1b[0mor: no disk\n")

    assert reader.errors == ["Error: no disk"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    reader = read(RULES, b"Warning: \xff\xfe\n")

    assert reader.warnings == ["Warning: \ufffd\ufffd"]


def test_the_last_line_needs_no_end_and_counts_once() -> None:
    reader = read(RULES, b"Warning: low\nError: no disk")

    reader.close()

    assert (reader.errors, reader.error_count) == (["Error: no disk"], 1)


@pytest.mark.parametrize(
    "before", ["", "short\n", f"{'x' * LONGEST_LINE}\n"], ids=["first", "second", "after a long one"]
)
@pytest.mark.parametrize("length", [LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1, 3 * LONGEST_LINE])
def test_of_a_very_long_line_only_the_beginning_is_kept(before: str, length: int) -> None:
    found = LineSplitter().split(f"{before}{'y' * length}\nend\n".encode())

    assert found == f"{before}{'y' * min(length, LONGEST_LINE)}\nend"


def test_of_a_line_without_end_only_the_beginning_is_kept() -> None:
    reader = OutputReader(RULES)
    for _ in range(100):
        reader.feed(b"x" * 50_000)

    reader.feed(b"Sample 1/2\nSample 1/4\n")

    assert reader.progress.percent == 25.0


def test_of_very_many_warnings_the_first_are_kept_and_all_are_counted() -> None:
    reader = read(RULES, b"".join(b"Warning: %d\n" % number for number in range(500)))

    assert reader.warning_count == 500
    assert reader.warnings == [f"Warning: {number}" for number in range(MOST_LINES)]


def test_a_very_long_error_is_cut() -> None:
    reader = read(RULES, b"Error: " + b"x" * 5000 + b"\n")

    assert len(reader.errors[0]) == 1000


# -- progress ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "line", "percent"),
    [
        ("alf", b"ALF_PROGRESS 37%", 37.0),
        ("alf", b"[karma] ALF_PROGRESS 5.5 %", 5.5),
        ("tractor", b"TR_PROGRESS 042%", 42.0),
        ("openjd", b"openjd_progress: 12.5", 12.5),
        ("openjd", b"not openjd_progress: 12.5", None),
        ("percent", b"rendered 3 of 7 (43%)", 43.0),
        ("percent", b"10% ... 20% ... 30 %", 30.0),
        ("percent", b"nothing", None),
        ("percent", b"250%", 100.0),
    ],
)
def test_the_conventions_of_scripts_are_read(kind: str, line: bytes, percent: float | None) -> None:
    assert read(PROGRESS_RULES[kind], line + b"\n").progress.percent == percent


def test_open_job_description_tells_status_and_failure_too() -> None:
    reader = read(PROGRESS_RULES["openjd"], b"openjd_status: loading the scene \nopenjd_fail: no camera\n")

    assert reader.progress.note == "loading the scene"
    assert reader.errors == ["openjd_fail: no camera"]


def test_a_frame_counts_while_it_is_rendered() -> None:
    reader = read(RENDER, b"Fra:1 Sample 8/8\nSaved: 'x_0001.png'\nFra:3 Sample 2/8\n", frames="1,3,5,7")

    assert reader.progress == Progress(31.25, 3, 1)


def test_without_a_word_about_ends_a_frame_ends_where_the_next_begins() -> None:
    reader = read(OutputRules(frame=(r"frame (\d+)",)), b"frame 5\nframe 6\nframe 7\n", frames="5-8")

    assert reader.progress == Progress(50.0, 7, 2)


def test_frames_can_be_told_by_their_place() -> None:
    rules = OutputRules(frame_index=(r"frame (\d+) of \d+",), percent=(r"\((\d+)%\)",))

    reader = read(rules, b"Rendering frame 3 of 4\r(50%)\r", frames="10-40x10")

    assert reader.progress == Progress(62.5, 30, 2)


def test_a_number_that_is_no_frame_of_the_chunk_means_something_else() -> None:
    reader = read(RENDER, b"Fra:7 Sample 1/2\nFra:99 Sample 1/4\n", frames="7-8")

    assert reader.progress.frame == 7


def test_several_files_of_a_frame_are_one_frame() -> None:
    reader = read(RENDER, b"Saved: 'a.0002.exr'\nSaved: 'b.0002.exr'\nSaved: 'c.0002.exr'\n", frames="1-4")

    assert reader.progress.frames_done == 1


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("x_-0001.png", -1),
        ("shot-0012.exr", 12),
        (r"C:\v2\shot.0012.mp4", 12),
        ("7", 7),
    ],
)
def test_the_frame_of_a_file_is_the_last_number_of_its_name(name: str, frame: int) -> None:
    reader = read(RENDER, f"Saved: '{name}'\nFra:{frame} x\n".encode(), frames="-1,7,12,50")

    assert (reader.progress.frames_done, reader.progress.frame, reader.progress.percent) == (1, frame, 25.0)


def test_a_file_without_a_number_is_that_of_the_frame_at_work() -> None:
    reader = read(RENDER, b"Fra:2 Sample 1/2\nSaved: 'still.png'\nSaved: 'still_matte.png'\n", frames="1-2")

    assert reader.progress == Progress(50.0, 2, 1)


def test_each_command_of_a_chunk_adds_its_frames() -> None:
    reader = OutputReader(PROGRESS_RULES["percent"], FrameSet("1-4"))
    reader.begin(FrameSet([1]))
    reader.feed(b"100%\n")
    reader.begin(FrameSet([2, 3]))

    reader.feed(b"50%\n")

    assert reader.progress == Progress(50.0, None, 1)


def test_several_commands_for_a_frame_share_it() -> None:
    reader = OutputReader(PROGRESS_RULES["percent"], FrameSet("1-2"))
    found = []

    for frame in (1, 1, 2, 2):
        reader.begin(FrameSet([frame]), share=0.25)
        reader.feed(b"40%\n")
        found.append((reader.progress.percent, reader.progress.frames_done))

    assert found == [(10.0, 0), (35.0, 0), (60.0, 1), (85.0, 1)]


def test_commands_of_an_unknown_chunk_add_up() -> None:
    reader = OutputReader(PROGRESS_RULES["percent"])
    reader.begin(FrameSet("1-3"))
    reader.begin(FrameSet([4]))

    reader.feed(b"0%\n")

    assert (reader.progress.percent, reader.progress.frames_done) == (75.0, 3)


def test_a_percentage_of_the_command_before_does_not_count_for_the_next() -> None:
    reader = OutputReader(PROGRESS_RULES["percent"], FrameSet("1-2"))
    reader.begin(FrameSet([1]))
    reader.feed(b"40%")  # its last line has no end

    reader.begin(FrameSet([2]))

    assert reader.progress == Progress(50.0, 2, 1)


@pytest.mark.parametrize(
    ("line", "percent"),
    [
        (b"Writing x.exr .1.2.3", 30.0),
        (b"43%", 43.0),
        (b"Sample 1/2 ", 50.0),
        (b"Sample 1/1", None),  # may become 1/16
    ],
)
def test_progress_shows_before_its_line_ends_but_for_half_a_number(line: bytes, percent: float | None) -> None:
    reader = OutputReader(OutputRules(tenths=RULES.tenths, percent=(r"Sample (\d+)/(\d+)", r"(\d+)%")))

    reader.feed(line)

    assert reader.progress.percent == percent


@pytest.mark.parametrize(
    "line", [b"Sample 3/0", b"Sample " + b"9" * 5000 + b"/1", b"Peak 1.2.3M", b"Fra:" + b"9" * 5000]
)
def test_absurd_numbers_harm_nothing(line: bytes) -> None:
    reader = read(RULES, line + b"\nSample 1/2\n")

    assert reader.progress.percent == 50.0


@pytest.mark.parametrize(
    ("line", "kilobytes"),
    [(b"Peak 512K", 512), (b"Peak 1.5M", 1536), (b"Peak 2G", 2 * 1024 * 1024), (b"Peak 1G Peak", 1024 * 1024)],
)
def test_memory_is_counted_in_kilobytes(line: bytes, kilobytes: int) -> None:
    reader = read(RULES, line + b"\nPeak 1K\n")

    assert reader.progress.peak_memory_kb == kilobytes


@given(st.lists(st.sampled_from([b"Fra:1 Sample 1/4", b"Fra:3", b"Saved: 'x.3.png'", b"70% done", b"Fra:2 9% done"])))
def test_a_percentage_is_one_whatever_comes(lines: list[bytes]) -> None:
    reader = read(RULES, b"\n".join(lines), frames="1-3")
    progress = reader.progress

    assert progress.percent is None or 0.0 <= progress.percent <= 100.0
    assert 0 <= progress.frames_done <= 3


# -- the observer ------------------------------------------------------------------------------------------------


def test_the_observer_hears_of_what_is_of_interest_and_of_nothing_else() -> None:
    heard: list[Progress] = []
    reader = OutputReader(PROGRESS_RULES["percent"], FrameSet([7]), observe=heard.append)

    for chunk in (b"hello\n", b"10%\n", b"world\n", b"2", b"0%\n"):
        reader.feed(chunk)

    assert heard == [Progress(10.0, 7), Progress(20.0, 7)]


def test_the_observer_hears_of_a_new_command_once_something_is_known() -> None:
    heard: list[Progress] = []
    reader = OutputReader(PROGRESS_RULES["percent"], FrameSet("7-8"), observe=heard.append)

    for frame in (7, 8):
        reader.begin(FrameSet([frame]))

    assert heard == [Progress(50.0, 8, 1)]


def test_an_observer_that_has_not_taken_the_progress_is_asked_again() -> None:
    answers = [False, True]
    heard: list[float | None] = []
    reader = OutputReader(
        PROGRESS_RULES["percent"], observe=lambda progress: (heard.append(progress.percent), answers.pop(0))[1]
    )

    reader.feed(b"10%\n")
    reader.look_again()
    reader.look_again()

    assert heard == [10.0, 10.0]


# -- judgements --------------------------------------------------------------------------------------------------


def test_as_many_errors_as_are_allowed_are_too_many() -> None:
    reader = OutputReader(OutputRules(error=("no space",), most_errors=2))
    reader.feed(b"no space\n")

    with pytest.raises(OutlineException, match="which reported 2 errors, the first one: no space"):
        reader.feed(b"no space\n")


def test_an_error_is_not_a_warning_too() -> None:
    rules = OutputRules(error=("disk", "full"), warning=("disk",))

    reader = read(rules, b"disk full\ndisk slow\nfull\n")

    assert (reader.error_count, reader.warning_count) == (3, 0)


# -- rules that cannot work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (OutputRules(percent=("[0-9]%",)), "'[0-9]%' for percent needs a group"),
        (OutputRules(frame_done=("Saved",)), "'Saved' for frame_done needs a group"),
        (OutputRules(memory=(r"(\d+)M",)), "needs a group named 'number'"),
    ],
)
def test_a_rule_without_its_group_is_refused(rules: OutputRules, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        OutputReader(rules)


def test_without_rules_nothing_is_looked_for() -> None:
    assert told(read(OutputRules(), b"50%\nError: x\n")) == (Progress(), [], [], 0, 0)


def test_there_is_no_other_name_in_the_package() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
        console.nosuch  # noqa: B018


def test_an_expression_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(re.error):
        OutputReader(OutputRules(error=("(",)))
