# SPDX-License-Identifier: Apache-2.0
"""Output of which nothing but percentages counts: the last line decides, and the rest is passed over."""

from __future__ import annotations

import time
from random import Random

import pytest

from outline.console import PROGRESS_RULES, OutputReader


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
