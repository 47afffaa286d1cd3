# SPDX-License-Identifier: Apache-2.0
"""The small file beside a log that tells how far a frame is."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline.console import PROGRESS_RULES, OutputRules
from outline.frames import FrameSet
from outline.names import progress_path
from outline.progress import (
    FrameProgress,
    ProgressFile,
    log_of,
    read_progress,
    take_progress,
    watched_output,
)

RULES = OutputRules(percent=(r"(\d+)%",), warning=(r"^Warning",), memory=(r"Peak (?P<number>\d+)(?P<unit>K)",))


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(tmp_path / "a job.0001-beauty.rqlog")


def environ(log: str, attempt: str = "2") -> dict[str, str]:
    return {"logfile": log, "OL_ATTEMPT": attempt}


def test_what_was_written_is_read(log: str) -> None:
    file = ProgressFile(progress_path(log))

    file.write(FrameProgress(1, 50.0, 3, 1, 2048, "saving", 2, 1))
    file.close()

    assert read_progress(log) == FrameProgress(1, 50.0, 3, 1, 2048, "saving", 2, 1)


def test_a_shorter_text_covers_a_longer_one(log: str) -> None:
    file = ProgressFile(progress_path(log))

    file.write(FrameProgress(note="a long word to people"))
    file.write(FrameProgress(percent=1.0))
    file.close()

    assert read_progress(log) == FrameProgress(percent=1.0)


@pytest.mark.parametrize("content", [b"", b'{"attempt":1,"perc', b"[]", b"7", b'{"other":1}', b"\xff\xfe"])
def test_half_a_file_or_another_one_tells_nothing(log: str, content: bytes) -> None:
    Path(progress_path(log)).write_bytes(content)

    assert read_progress(log) is None


def test_no_file_tells_nothing(log: str) -> None:
    assert read_progress(log) is None
    assert take_progress(log) is None


def test_who_takes_it_removes_it(log: str) -> None:
    file = ProgressFile(progress_path(log))
    file.write(FrameProgress(percent=7.0))
    file.close()

    taken = take_progress(log)

    assert taken == FrameProgress(percent=7.0)
    assert not Path(progress_path(log)).exists()


def test_it_is_written_twice_a_second_at_most(log: str) -> None:
    now = [10.0]
    file = ProgressFile(progress_path(log), clock=lambda: now[0])

    taken = [file.offer(FrameProgress(percent=1.0)), file.offer(FrameProgress(percent=2.0))]
    early = read_progress(log)
    now[0] += 0.6
    taken.append(file.offer(FrameProgress(percent=3.0)))
    file.close()

    assert taken == [True, False, True]
    assert (early, read_progress(log)) == (FrameProgress(percent=1.0), FrameProgress(percent=3.0))


def test_a_folder_that_cannot_be_written_stops_no_frame(tmp_path: Path) -> None:
    file = ProgressFile(str(tmp_path / "missing" / "x.progress"))

    file.write(FrameProgress(percent=1.0))
    file.write(FrameProgress(percent=2.0))
    file.close()

    assert list(tmp_path.iterdir()) == []


def test_the_output_of_a_frame_ends_up_beside_its_log(log: str) -> None:
    with watched_output(RULES, FrameSet("1-2"), environ(log)) as reader:
        reader.begin(FrameSet([1]))
        reader.feed(b"50%\nWarning: x\nPeak 512K\n75%")

    assert read_progress(log) == FrameProgress(2, 37.5, 1, 0, 512, "", 1, 0)


def test_a_frame_that_fails_leaves_its_progress(log: str) -> None:
    def fail() -> None:
        with watched_output(RULES, FrameSet("1-2"), environ(log, "x")) as reader:
            reader.feed(b"10%\n20%\n")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert read_progress(log) == FrameProgress(1, 20.0)


def test_output_without_a_word_about_progress_makes_no_file(log: str) -> None:
    with watched_output(PROGRESS_RULES["alf"], FrameSet("1-2"), environ(log)) as reader:
        reader.feed(b"hello\n")

    assert not Path(progress_path(log)).exists()


@pytest.mark.parametrize(
    ("environ", "log"),
    [
        ({"logfile": "/logs/a.rqlog", "CUE_LOG_PATH": "/other"}, "/logs/a.rqlog"),
        ({"logfile": "a.rqlog", "CUE_LOG_PATH": "/logs"}, "/logs/a.rqlog"),  # what a farm sets
        ({"logfile": "a.rqlog"}, ""),
        ({"CUE_LOG_PATH": "/logs"}, ""),
        ({}, ""),
    ],
)
def test_the_log_of_a_frame_is_found_here_and_on_a_farm(environ: dict[str, str], log: str) -> None:
    assert log_of(environ) == log


def test_without_a_log_there_is_only_a_reader() -> None:
    with watched_output(RULES, FrameSet([5]), {}) as reader:
        reader.feed(b"30%")

    assert reader.progress.percent == 30.0
