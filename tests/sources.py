# SPDX-License-Identifier: Apache-2.0
"""The Python files of this repository for tests that read them: each is read and parsed once per process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["LIBRARY", "OURS", "REPOSITORY", "named", "statements", "text", "tree"]

REPOSITORY = Path(__file__).resolve().parent.parent
LIBRARY = sorted(path for room in ("outline", "cuebot_stub") for path in (REPOSITORY / room).rglob("*.py"))
OURS = sorted([*LIBRARY, *(REPOSITORY / "tests").rglob("*.py"), *(REPOSITORY / "benchmarks").glob("*.py")])


def named(path: Path) -> str:
    """Return the path of a file in the repository."""
    return str(path.relative_to(REPOSITORY))


@cache
def text(path: Path) -> str:
    """Return what a file holds."""
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    """Return a parsed file."""
    return ast.parse(text(path))


def statements(*roots: ast.AST) -> Iterator[ast.AST]:
    """Yield these and all statements in them. That takes a tenth of the time of ``ast.walk``."""
    waiting = [*roots]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, field, ())
            waiting.extend(inner if isinstance(inner, list) else ())
