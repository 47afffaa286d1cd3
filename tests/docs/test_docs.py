# SPDX-License-Identifier: Apache-2.0
"""The documentation: its examples run, its links lead somewhere, its tables leave nothing out.

``docs/README.md`` says how examples are marked. Each page is followed from top to bottom in an empty folder.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import REPOSITORY
from tests.docs.markdown import Block, blocks_of, broken_links, pages

PAGES = [pytest.param(page, id=str(page.relative_to(REPOSITORY))) for page in pages()]
PAGES_THAT_RUN = [
    pytest.param(page, id=str(page.relative_to(REPOSITORY)))
    for page in pages()
    if any(block.language == "console" and "norun" not in block.options for block in blocks_of(page))
]
PYTHON_BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(REPOSITORY)}:{block.line}")
    for page in pages()
    for block in blocks_of(page)
    if block.language == "python"
]

_EXIT_CODE = re.compile(r"\s+# exit (\d+)\Z")
_SESSION = re.compile(r"\bSESSION\b")


class Step(NamedTuple):
    """One command of a page and what it must print."""

    line: int
    command: str
    exit_code: int
    expected: str


@pytest.fixture
def session_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a folder for sessions without a blank, so that commands are printed as the pages show them."""
    folder = tmp_path_factory.mktemp("sessions")
    monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_DIR", str(folder))
    return folder


@pytest.fixture
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with ``pycuerun``, ``outline``, ``python`` and ``openjd`` of this checkout, for the PATH."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("pycuerun", "outline"):
        code = f"import sys; sys.path[:1] = [sys.argv.pop(1)]; from outline.cli import {name}_main as m; sys.exit(m())"
        words = shlex.join([sys.executable, "-c", code, str(REPOSITORY)])
        _make_tool(folder / name, f"exec {words} " + '"$@"')
    _make_tool(folder / "openjd", f"exec {shlex.quote(str(Path(sys.executable).parent / 'openjd'))} " + '"$@"')
    _make_tool(folder / "python", f"exec {shlex.quote(sys.executable)} " + '"$@"')
    return folder


def _make_tool(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("page", PAGES_THAT_RUN)
def test_the_examples_run_and_print_what_the_page_says(
    page: Path, tmp_path: Path, tools: Path, session_folder: Path
) -> None:
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}

    failures = [failure for block in blocks_of(page) if (failure := _follow(block, tmp_path, environ, session_folder))]

    assert not failures, "\n\n".join(failures)


def _follow(block: Block, folder: Path, environ: dict[str, str], session_folder: Path) -> str:
    """Do what a block asks for; return what went wrong, or an empty text."""
    if "file" in block.options:
        path = folder / block.options["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    if block.language != "console" or "norun" in block.options:
        return ""
    return "\n".join(
        failure for step in _steps(block) if (failure := _run(step, block, folder, environ, session_folder))
    )


def _steps(block: Block) -> list[Step]:
    steps: list[Step] = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            exit_code = _EXIT_CODE.search(line)
            command = _EXIT_CODE.sub("", line[2:])
            steps.append(Step(number, command, int(exit_code[1]) if exit_code else 0, ""))
        else:
            steps[-1] = steps[-1]._replace(expected=f"{steps[-1].expected}{line}\n")
    return steps


def _run(step: Step, block: Block, folder: Path, environ: dict[str, str], session_folder: Path) -> str:
    command = _SESSION.sub(lambda _: shlex.quote(str(_newest_session(session_folder))), step.command)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode == step.exit_code and _matches(step.expected, done.stdout):
        return ""
    where = f"{block.page.relative_to(REPOSITORY)}:{step.line}: $ {step.command}"
    codes = f"exit code {done.returncode}, expected {step.exit_code}"
    return f"{where}\n{codes}\n--- expected\n{step.expected}--- printed\n{done.stdout}"


def _newest_session(root: Path) -> Path:
    return max(root.glob("*/*/outline.yaml"), key=lambda path: path.stat().st_mtime_ns).parent


def _matches(expected: str, printed: str) -> bool:
    """Compare line by line without blanks at the ends; ``...`` stands for any text, alone in a line for any lines."""
    want = "\n".join(line.rstrip() for line in expected.strip("\n").splitlines())
    have = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())
    pattern = "".join(
        r"(?:.*\n)*?" if line == "...\n" else re.escape(line).replace(r"\.\.\.", ".*")
        for line in f"{want}\n".splitlines(keepends=True)
    )
    return not want or re.fullmatch(pattern, f"{have}\n") is not None


@pytest.mark.parametrize("block", PYTHON_BLOCKS)
def test_examples_in_python_can_be_read(block: Block) -> None:
    compile(block.text, f"{block.page.name}:{block.line}", "exec")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize(
    ("expected", "printed", "is_match"),
    [
        pytest.param("a\nb\n", "a\nb\n", True, id="the same"),
        pytest.param("a\n", "a\nb\n", False, id="a line too many"),
        pytest.param("a\n...\n", "a\nb\nc\n", True, id="any lines at the end"),
        pytest.param("...\nc\n", "c\n", True, id="no lines at the begin"),
        pytest.param("a ... c\n", "a b\nb c\n", False, id="any text stays in its line"),
        pytest.param("a ... c\n", "a b b c\n", True, id="any text"),
        pytest.param("", "a\n", True, id="nothing expected"),
    ],
)
def test_output_is_compared_as_the_convention_says(expected: str, printed: str, is_match: bool) -> None:
    assert _matches(expected, printed) is is_match
