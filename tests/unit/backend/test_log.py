# SPDX-License-Identifier: Apache-2.0
"""Logs of frames: what is around the output, and what can be read back."""

from __future__ import annotations

from pathlib import Path

from outline.backend.local.log import FrameLog, read_end
from outline.frame_end import FrameEnd


def written(path: Path, output: str, end: FrameEnd | None, attempt: int = 1) -> str:
    log = FrameLog(str(path), attempt)
    log.begin({"frame": "0001-x"}, {"A": "1"})
    log.write(output)
    if end is not None:
        log.end(end)
    return str(path)


def test_the_end_is_read_back(tmp_path: Path) -> None:
    end = FrameEnd(143, 15, seconds=1.5, rss_kb=2000, reason="ran too long")

    path = written(tmp_path / "log", "hello\n", end)

    assert read_end(path) == (1, end)


def test_an_unfinished_log_has_no_end(tmp_path: Path) -> None:
    path = written(tmp_path / "log", "exitStatus  0\n" + "=" * 59 + "\n", None)

    assert read_end(path) is None
    assert read_end(str(tmp_path / "none")) is None


def test_output_after_the_footer_makes_it_no_footer(tmp_path: Path) -> None:
    path = written(tmp_path / "log", "", FrameEnd(0))
    with open(path, "a") as stream:
        stream.write("late words of a process that was left behind\n")

    assert read_end(path) is None


def test_older_attempts_are_numbered_from_the_oldest(tmp_path: Path) -> None:
    for output in ("first", "second", "third"):
        written(tmp_path / "log", output, FrameEnd(1))

    assert [("first" in (tmp_path / name).read_text()) for name in ("log.1", "log.2", "log")] == [True, False, False]
    assert "third" in (tmp_path / "log").read_text()
