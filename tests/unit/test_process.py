# SPDX-License-Identifier: Apache-2.0
"""Finding programs, and telling processes apart."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from outline.process import find_executable, host_name, process_birth
from tests.support import until


def program(folder: Path, name: str, mode: int = 0o755) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_the_first_folder_wins(tmp_path: Path) -> None:
    first, second = program(tmp_path / "one", "tool"), program(tmp_path / "two", "tool")

    assert find_executable("tool", f"{first.parent}{os.pathsep}{second.parent}") == (str(first), "")


def test_a_path_is_not_looked_for(tmp_path: Path) -> None:
    path = program(tmp_path / "one", "tool")

    assert find_executable(str(path), "") == (str(path), "")


def test_a_missing_program_names_the_path(tmp_path: Path) -> None:
    found, problem = find_executable("nowhere", str(tmp_path))

    assert found == ""
    assert problem == f"cannot run 'nowhere': command not found, on the PATH {tmp_path}"


def test_a_folder_and_a_plain_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()

    assert find_executable(str(tmp_path / "dir"), "")[1].endswith("is a folder")
    assert find_executable("plain", str(program(tmp_path / "bin", "plain", 0o644).parent))[1].endswith(
        "is not executable"
    )


def test_a_process_that_has_ended_is_gone_before_anybody_waits_for_it() -> None:
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    born = process_birth(child.pid)

    assert child.stdin is not None
    child.stdin.close()
    until(lambda: process_birth(child.pid) != born)

    assert born
    assert process_birth(child.pid) == 0.0
    child.wait()


def test_the_host_has_the_name_that_the_standard_library_gives_it() -> None:
    assert host_name() == platform.node()
