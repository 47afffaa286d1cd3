# SPDX-License-Identifier: Apache-2.0
"""The last lines of a log are those of the frame, not of whoever ran it."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline.backend.local.log import FrameLog
from outline.backend.log_tail import last_lines
from outline.frame_end import FrameEnd

RULE = "=" * 59
HEAD = f"{RULE}\nRenderQ JobSpec      Sat Nov 21 07:39:17 2026 \n\nuid                  0\n{RULE}\n"
TAIL = f"\n{RULE}\nRenderQ Job Complete\n\nexitStatus          7\n{RULE}\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{HEAD}one\ntwo\n\nthree\n{TAIL}", ["two", "three"]),
        (f"{HEAD}one\n", ["one"]),
        ("one\ntwo\nthree\n", ["two", "three"]),
        (HEAD + TAIL, []),
        (f"{HEAD}{'x' * 50}\n" + "y\n" * 100_000 + f"end\n{TAIL}", ["y", "end"]),
        (f"{HEAD}\udcff\udcfe bad\n{'x' * 1_000_000}\none\nend\n", ["one", "end"]),
        ("", []),
        ("\x1b[1m\x1b[31mred\x1b[0m\ttab\n\x1b]0;title\x07bell\x07 \x00\x1b\n", ["red\ttab", "bell "]),
    ],
    ids=["whole", "running", "another host's", "silent", "long", "no text and a long line", "empty", "codes"],
)
def test_header_and_footer_of_the_host_are_left_out(text: str, lines: list[str], tmp_path: Path) -> None:
    (tmp_path / "log").write_text(text, errors="surrogateescape")

    assert last_lines(str(tmp_path / "log"), 2) == lines


def test_header_and_footer_of_a_frame_that_ran_here_are_left_out(tmp_path: Path) -> None:
    log = FrameLog(str(tmp_path / "log"))
    log.begin({"frame": "0001-x"}, {"A": "1"})
    log.write("line 1\nline 2\nline 3\n")
    log.end(FrameEnd(1))

    assert last_lines(log.path, 2) == ["line 2", "line 3"]


def test_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(str(tmp_path / "log"), 2) == []
