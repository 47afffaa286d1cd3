# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or not there."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from outline.files import write_atomic


def test_text_and_bytes_are_written(tmp_path: Path) -> None:
    write_atomic(tmp_path / "text", "schön")
    write_atomic(tmp_path / "bytes", b"\0\xff")

    assert (tmp_path / "text").read_text(encoding="utf-8") == "schön"
    assert (tmp_path / "bytes").read_bytes() == b"\0\xff"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").touch()

    with pytest.raises(OSError):
        write_atomic(tmp_path / "folder", "new")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder"]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "data"
    contents = ["a" * 200_000, "b" * 200_000]
    write_atomic(path, contents[0])
    seen: set[str] = set()
    reader = threading.Thread(target=lambda: seen.update(path.read_text() for _ in range(100)))

    reader.start()
    for turn in range(100):
        write_atomic(path, contents[turn % 2])
    reader.join()

    assert seen <= set(contents)


def test_permissions_come_from_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "data", "x")
    finally:
        os.umask(before)

    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o640
