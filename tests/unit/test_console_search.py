# SPDX-License-Identifier: Apache-2.0
"""Only lines that can matter are read, and none of them is missed."""

from __future__ import annotations

import re
import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outline.console import PROGRESS_RULES, OutputReader, OutputRules
from outline.console.literals import required_texts

PATTERNS = [r"Sample (\d+)/(\d+)", r"\.([1-9])", r"^Fra: ?(-?\d+)\b", r"^Error: ", r"(?i)licen[cs]e"]


def read(rules: OutputRules, output: bytes) -> OutputReader:
    reader = OutputReader(rules)
    reader.feed(output)
    return reader


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"ALF_PROGRESS\s+(\d+)%", ("ALF_PROGRESS",)),
        (r"^Error: |Render error \(", ("Error: ", "Render error (")),
        (r"(?:\d+:)?Fra: ?(-?\d+)\b", ("Fra:",)),
        (r"(?i)No Licen[cs]e", ("no licen",)),
        (r"(?i:error) in", (" in",)),
        (r"a|\d", ()),
        (r"(ab)+c?", ("ab",)),
        (r"(ab)*", ()),
        (r"[ab]\d", ()),
    ],
)
def test_the_text_that_a_match_must_hold_is_found(pattern: str, texts: tuple[str, ...]) -> None:
    assert required_texts(pattern) == texts


@given(
    st.from_regex(
        re.compile(r"(?:Fra: ?-?\d|Error: |50% done|Sample 1/2|\.5|[Ll]iceNSe|[a-zF: ]){0,12}", re.ASCII),
        fullmatch=True,
    )
)
def test_looking_for_the_texts_first_loses_no_line(line: str) -> None:
    found = [pattern for pattern in PATTERNS if re.search(pattern, line, re.ASCII if "(?i)" in pattern else 0)]

    assert all(
        any(text in (line.lower() if "(?i)" in pattern else line) for text in required_texts(pattern) or ("",))
        for pattern in found
    )


@pytest.mark.parametrize(
    "patterns",
    [(r"[ab]\d",), (r"[ab]\d", "nosuch"), (r"(?i)WORDS", "nosuch"), ("nosuch", r"(?i)A1"), ("Words",)],
    ids=["no text", "one without a text", "any case", "any case, second", "a text"],
)
def test_a_line_is_found_by_rules_with_and_without_texts(patterns: tuple[str, ...]) -> None:
    reader = read(OutputRules(warning=patterns), b"nothing\na1 Words\nnothing\n")

    assert reader.warnings == ["a1 Words"]


# -- output of which nothing but percentages counts: the last line decides --------------------------------------


@pytest.mark.parametrize(
    "pattern", [r"^(\d+)$", r"(?i)DONE (\d+)", r"done (\d+)"], ids=["no text", "any case", "a text"]
)
def test_the_last_of_nothing_but_percentages_is_found_with_and_without_texts(pattern: str) -> None:
    reader = read(OutputRules(percent=(pattern, "nosuch (.)")), b"30\ndone 30\n40\ndone 40\nwords\n\n")

    assert reader.progress.percent == 40.0


@pytest.mark.parametrize("preset", ["percent", "alf"])
@pytest.mark.parametrize("seed", range(20))
def test_only_percentages_are_the_same_in_one_block_and_line_by_line(preset: str, seed: int) -> None:
    luck = Random(seed)
    words = ["7%", "ALF_PROGRESS 30%", "41.5 %", "250%", "%", "a%", "words", "", "1.2.3%"]
    lines = [" ".join(luck.choices(words, k=luck.randrange(3))) + luck.choice("\n\r") for _ in range(12)]
    one_by_one, whole = OutputReader(PROGRESS_RULES[preset]), OutputReader(PROGRESS_RULES[preset])

    for line in lines:
        one_by_one.feed(line.encode())
    whole.feed("".join(lines).encode())

    assert whole.progress == one_by_one.progress


@pytest.mark.parametrize("line", [b"42%\n", b"frame 7: 42.5 % done\r", b"words\n"])
def test_short_lines_with_percentages_cost_next_to_nothing(line: bytes) -> None:
    reader, block = OutputReader(PROGRESS_RULES["percent"]), line * (65536 // len(line))

    begun = time.process_time()
    for _ in range(160):
        reader.feed(block)

    assert 160 * len(block) / (time.process_time() - begun) > 100_000_000  # bytes a second
