# SPDX-License-Identifier: Apache-2.0
"""What the tests read out of a Markdown page: blocks of code, tables, headings and links.

``python tests/docs/markdown.py`` prints the links of the documentation that lead nowhere.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

__all__ = ["Block", "anchors_of", "blocks_of", "broken_links", "first_cells", "pages", "table_rows"]

REPOSITORY = Path(__file__).resolve().parent.parent.parent

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,})(?P<info>.*)")
_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*\s*")
_OWN_ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")


class Block(NamedTuple):
    """A fenced block of code.

    Attributes:
        page: The page that it is on.
        line: The line of its fence.
        language: The first word behind the fence.
        options: The other words, as a dict; a word without ``=`` has an empty value.
        text: What is inside.
    """

    page: Path
    line: int
    language: str
    options: dict[str, str]
    text: str


def pages() -> list[Path]:
    """Return the Markdown pages that are for people."""
    roots = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")]
    return [*filter(Path.exists, roots), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [block for block in _split(page) if isinstance(block, Block)]


def prose_of(page: Path) -> list[tuple[int, str]]:
    """Return the lines outside of fenced blocks, with their numbers."""
    return [line for line in _split(page) if not isinstance(line, Block)]


def _split(page: Path) -> Iterator[Block | tuple[int, str]]:
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        opening = _FENCE.fullmatch(line)
        if opening is None:
            yield number, line
            continue
        inside = []
        for _, inner in lines:
            if inner.strip() == opening["fence"]:
                break
            inside.append(inner.removeprefix(opening["indent"]))
        language, *options = opening["info"].split() or [""]
        pairs = (option.partition("=") for option in options)
        yield Block(page, number, language, {key: value for key, _, value in pairs}, "\n".join([*inside, ""]))


def table_rows(page: Path, heading: str = "") -> list[list[str]]:
    """Return the rows of all tables of a page, or of the part under one heading, without their head rows."""
    rows: list[list[str]] = []
    inside = not heading
    for _, line in prose_of(page):
        match = _HEADING.fullmatch(line)
        if match and heading:
            inside = match[1].replace("`", "") == heading
        if not inside or not line.startswith("|"):
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            rows.pop()  # what stands above the rule is the head
        else:
            rows.append(cells)
    return rows


def first_cells(page: Path, heading: str = "") -> set[str]:
    """Return all words in backquotes in the first column of the tables of a page, or of the part under a heading."""
    return {word for row in table_rows(page, heading) for word in re.findall(r"`([^`]+)`", row[0])}


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page as the forges make them from headings."""
    found: dict[str, int] = {}
    anchors = set()
    for _, line in prose_of(page):
        anchors.update(_OWN_ANCHOR.findall(line))
        match = _HEADING.fullmatch(line)
        if match:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1]).lower()
            anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            count = found.get(anchor, 0)
            found[anchor] = count + 1
            anchors.add(f"{anchor}-{count}" if count else anchor)
    return anchors


def broken_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead to no file or to no heading, as ``page:line: link``."""
    broken = []
    for number, line in prose_of(page):
        for link in _LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if not re.match(r"[a-z]+:", link) and not _leads_somewhere(page, unquote(link)):
                broken.append(f"{page.relative_to(REPOSITORY)}:{number}: {link}")
    return broken


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors_of(target)


if __name__ == "__main__":
    found = [link for page in pages() for link in broken_links(page)]
    print("\n".join(found))
    sys.exit(bool(found))
