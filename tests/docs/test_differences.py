# SPDX-License-Identifier: Apache-2.0
"""The list of differences from PyOutline: short, and with every anchor that the code points to."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "differences.md"


def test_every_anchor_that_the_code_points_to_is_there() -> None:
    text = "\n".join(path.read_text() for path in (REPOSITORY / "outline").rglob("*.py"))
    anchors = re.findall(r'<a id="([\w-]+)">', PAGE.read_text())

    pointed_to = set(re.findall(r"differences\.md#([\w-]+)", text))

    assert pointed_to
    assert pointed_to - set(anchors) == set()
    assert len(anchors) == len(set(anchors))


def test_every_difference_is_one_line_with_an_anchor() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("-")]

    assert [line for line in lines if not re.match(r'- <a id="[\w-]+"></a>[A-Z`].*[.]$', line)] == []
    assert len(lines) > 60
